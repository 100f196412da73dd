/* SPDX-License-Identifier: MIT */
/*
 * A letter that is composed of parts. The defect: if memory for a part is
 * missing, the function returns without releasing the earlier part.
 */
#include "programs.h"

enum { LETTERS = 3 };

static avow_value_t letter(const char *to) {
  const avow_value_t greeting =
      avow_error_new(AVOW_EREASON, avow_none(), "Dear %s,", to);
  const avow_value_t body = avow_string("all is well.\n");
  if (avow_is_error(&body)) {
#ifdef MENDED
    avow_value_unref(greeting);
#endif
    return body;
  }
  avow_value_t parts[] = { avow_string(avow_error_message(&greeting)), body };
  avow_value_unref(greeting);
  return avow_list(parts, 2);
}

static avow_value_t run(void *loop) {
  for (int i = 0; i < LETTERS; i++) {
    const avow_value_t v = letter("reader");
    if (avow_is_error(&v))
      return v;
    avow_value_unref(v);
    AVOW_TRY(avow_await(avow_sleep(loop, 1)));
  }
  return avow_none();
}

static avow_promise_t *begin(uv_loop_t *loop, void *data) {
  return avow_async(loop, run, loop);
}

const program_t leaked_value = {
  .name = "leaked value",
  .defect = "an early return without memory leaks a value",
  .begin = begin,
  .bears = BEARS_MEMORY,
};
