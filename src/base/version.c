/* SPDX-License-Identifier: MIT */
/* Returns the library's version to programs that were compiled with another. */
#include "avow/config.h"
#include "base/misuse.h"

const char *avow_version_string(void) {
  return AVOW__DEBUG ? AVOW_VERSION " (checked)" : AVOW_VERSION;
}
