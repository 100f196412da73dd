/* SPDX-License-Identifier: MIT */
#include "clocks.h"

static int set_up(avow_clock_t clock) {
  const int err = harness_setup(NULL);
  use_clock(clock);
  return err;
}

int by_hand(void **state) {
  return set_up(AVOW_CLOCK_BY_HAND);
}

int by_itself(void **state) {
  return set_up(AVOW_CLOCK_BY_ITSELF);
}

void note_sleep(uint64_t ms, char *word) {
  note_time_of(avow_sleep(loop, ms), word);
}
