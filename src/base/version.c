/* SPDX-License-Identifier: MIT */
/* Which version this is, for programs that were compiled with another. */
#include "avow/config.h"

unsigned avow_version(void) {
  return AVOW_VERSION_MAJOR << 16 | AVOW_VERSION_MINOR << 8 |
         AVOW_VERSION_PATCH;
}

const char *avow_version_string(void) {
  return AVOW_VERSION;
}
