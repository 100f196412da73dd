/* SPDX-License-Identifier: MIT */
/*
 * A program that keeps its state in a file and overwrites the file for each
 * change. The defect: if the machine stops meanwhile, the file holds neither
 * the old state nor the new one.
 */
#include <string.h>

#include "programs.h"

enum { SIZE = 20000, STATES = 3, MOST = 1 << 20 };

static const char path[] = "state";

static avow_promise_t *save(uv_loop_t *loop, avow_value_t state) {
#ifdef MENDED
  return avow_replace_file(loop, path, state, 0600);
#else
  return avow_write_file(loop, path, state, 0600);
#endif
}

static avow_value_t run(void *loop) {
  for (int i = 0; i < STATES; i++) {
    char *bytes;
    const avow_value_t state = avow_bytes_new(SIZE, &bytes);
    if (avow_is_error(&state))
      return state;
    memset(bytes, 'a' + i, SIZE);
    AVOW_TRY(avow_await(save(loop, state)));
  }
  return avow_none();
}

static avow_promise_t *begin(uv_loop_t *loop, void *data) {
  return avow_async(loop, run, loop);
}

static bool is_whole(const avow_value_t *state) {
  size_t len;
  const char *bytes = avow_to_bytes(state, &len);
  if (len != SIZE || bytes[0] < 'a' || bytes[0] >= 'a' + STATES)
    return false;
  return memcmp(bytes, bytes + 1, SIZE - 1) == 0;
}

static avow_value_t look(const avow_value_t *state, void *data) {
  if (is_whole(state))
    return avow_none();
  return avow_error_new(UV_EINVAL, avow_none(), "the state is incomplete");
}

/* The machine may have stopped before the file existed. */
static avow_value_t look_why_not(const avow_value_t *error, void *data) {
  return avow_error_code(error) == UV_ENOENT ? avow_none()
                                             : avow_value_ref(error);
}

static avow_promise_t *recover(uv_loop_t *loop, void *data) {
  return avow_then(avow_read_file(loop, path, MOST), look, look_why_not, NULL);
}

const program_t half_written = {
  .name = "half written",
  .defect = "avow_write_file() instead of avow_replace_file()",
  .begin = begin,
  .recover = recover,
  .bears = BEARS_CRASH,
};
