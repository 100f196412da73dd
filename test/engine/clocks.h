/* SPDX-License-Identifier: MIT */
/* Loops with virtual clocks. */
#ifndef CLOCKS_H
#define CLOCKS_H

#include "harness.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

int by_hand(void **state);
int by_itself(void **state);

#define BY_HAND(f) cmocka_unit_test_setup_teardown(f, by_hand, harness_teardown)
#define BY_ITSELF(f) \
  cmocka_unit_test_setup_teardown(f, by_itself, harness_teardown)
#define BOTH(f) BY_HAND(f), BY_ITSELF(f)

/* Records the word and the time when a sleep of `ms` ends. */
void note_sleep(uint64_t ms, char *word);

#endif
