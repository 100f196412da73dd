/* SPDX-License-Identifier: MIT */
#include "items.h"

static const avow_class_t thing_class = { .name = "thing",
                                          .destroy = note_free };

avow_value_t thing(char *word) {
  return avow_object(&thing_class, word);
}

void assert_settled(avow_promise_t *p, avow_state_t expected) {
  assert_int_equal(avow_state(p), expected);
  avow_unref(p);
}

void send_int(const avow_channel_t *c, int64_t i) {
  assert_settled(avow_channel_send(c, avow_int(i)), AVOW_FULFILLED);
}

void assert_next_int(const avow_channel_t *c, int64_t expected) {
  assert_fulfills_int(avow_channel_next(c), expected);
}
