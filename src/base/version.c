/* SPDX-License-Identifier: MIT */
/* Returns the library's version to programs that were compiled with another. */
#include "avow/config.h"

const char *avow_version_string(void) {
  return AVOW_VERSION;
}
