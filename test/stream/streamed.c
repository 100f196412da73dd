/* SPDX-License-Identifier: MIT */
#include "streamed.h"

#include <stdlib.h>
#include <unistd.h>

int file;
avow_value_t opened;

int streamed_setup(void **state) {
  char name[] = "/tmp/avow-streamed-XXXXXX";
  if (harness_setup(state) != 0)
    return -1;
  file = mkstemp(name);
  return file >= 0 ? unlink(name) : -1;
}

int streamed_teardown(void **state) {
  avow_value_clear(&opened);
  avow_ignore(avow_run(avow_next_iteration(loop)));
  const int left = harness_teardown(state);
  (void) close(file); /* no thread reads it any longer */
  return left;
}

avow_stream_t opened_stream(void) {
  return avow_to_stream(&opened);
}

void fill(const char *text) {
  assert_int_equal(pwrite(file, text, strlen(text), 0), strlen(text));
}
