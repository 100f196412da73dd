/* SPDX-License-Identifier: MIT */
#include "pieces.h"

avow_reader_t *reader;

int reader_setup(void **state) {
  const int err = peer_setup_pipe(state);
  reader = avow_reader_new(avow_uv_stream(stream));
  return err;
}

int reader_teardown(void **state) {
  avow_reader_unref(reader);
  return peer_teardown(state);
}

avow_promise_t *line(void) {
  return avow_reader_line(reader, 100);
}

avow_promise_t *exactly(size_t n) {
  return avow_reader_exactly(reader, n);
}
