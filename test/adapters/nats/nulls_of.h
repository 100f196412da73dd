/* SPDX-License-Identifier: MIT */
/* Definitions for test/proof/nulls.c about avow-nats. No server runs, so that
   no connection exists. Functions receive values that are not connections. */
#include "avow/nats.h"

static int set_up(void) {
  return 0;
}

static void tear_down(void) {
}
