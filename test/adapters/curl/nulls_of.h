/* SPDX-License-Identifier: MIT */
/* Definitions for test/proof/nulls.c about avow-curl. */
#include "avow/curl.h"

static int set_up(void) {
  return 0;
}

/* The holders of handles close them. */
static void tear_down(void) {
}
