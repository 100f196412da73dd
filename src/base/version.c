/* SPDX-License-Identifier: MIT */
/* Which version this is, for programs that were compiled with another. */
#include "avow/config.h"

const char *avow_version_string(void) {
  return AVOW_VERSION;
}
