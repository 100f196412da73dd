/* SPDX-License-Identifier: MIT */
/* What test/proof/nulls.c needs to know of avow-nats. There is no server, so no
   connection: what is given for one is none. */
#include "avow/nats.h"

static int set_up(void) {
  return 0;
}

static void tear_down(void) {
}
