/* SPDX-License-Identifier: MIT */
/* What test/proof/nulls.c needs to know of avow-curl. */
#include "avow/curl.h"

static int set_up(void) {
  return 0;
}

/* Whose handles there are closes them. */
static void tear_down(void) {
}
