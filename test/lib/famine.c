/* SPDX-License-Identifier: MIT */
#include "famine.h"

enum { CROWD = 256, RESERVED = 70 }; /* more than a slab and the reserve hold */

static avow_promise_t *crowd[CROWD], *last[RESERVED], *pending;
static avow_deferred_t *end;

void use_up_memory(void) {
  pending = avow_promise_new(loop, &end);
  fail_allocation(1, true);
  for (int i = 0; i < CROWD; i++)
    crowd[i] = avow_promise_resolve(loop, avow_none());
}

static avow_value_t nothing(void *data) {
  return avow_none();
}

void use_up_reserve(void) {
  use_up_memory();
  for (int i = 0; i < RESERVED; i++)
    last[i] = avow_finally(avow_ref(pending), nothing, NULL);
}

static void release_promises(avow_promise_t *promises[], int n) {
  for (int i = 0; i < n; i++) {
    avow_unref(promises[i]);
    promises[i] = NULL;
  }
}

void give_back_memory(void) {
  fail_allocation(0, false);
  release_promises(crowd, CROWD);
  release_promises(last, RESERVED);
  avow_unref(pending);
  assert_true(avow_resolve(end, avow_none()));
}
