/* SPDX-License-Identifier: MIT */
#include "line.h"

void send_ints(const avow_sender_t *sender, int64_t from, int64_t to) {
  for (int64_t i = from; i <= to; i++)
    assert_int_equal(avow_sender_blocking_send(sender, avow_int(i)), 0);
}

static const avow_class_t parcel_class = { .name = "parcel",
                                           .destroy = note_free,
                                           .sendable = true };

avow_value_t parcel(char *word) {
  return avow_object(&parcel_class, word);
}

line_t line_new(size_t own_room, size_t room) {
  line_t line = { .c = avow_channel_new(loop, own_room) };
  line.sender = avow_sender_new(line.c, room);
  return line;
}

void line_end(line_t line) {
  avow_sender_unref(line.sender);
  avow_channel_unref(line.c);
}

void turn(void) {
  assert_fulfills_none(avow_sleep(loop, 1));
}

void assert_all_refuse(const avow_sender_t *sender, int code) {
  assert_int_equal(avow_sender_try_send(sender, parcel("a")), code);
  assert_int_equal(avow_sender_blocking_send(sender, parcel("b")), code);
  assert_int_equal(avow_sender_replace(sender, parcel("c")), code);
  assert_notes("a b c");
}
