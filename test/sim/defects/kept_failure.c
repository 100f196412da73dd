/* SPDX-License-Identifier: MIT */
/*
 * A memo of the contents of a file. The program keeps the promise of the first
 * read, and later callers receive its outcome. The defect: if the first read
 * fails, the memo keeps the error forever.
 */
#include "programs.h"

enum { ASKED = 4, ATTEMPTS = 200, PAUSE = 1000, MOST = 100 };

static const char path[] = "motto";

typedef struct {
  uv_loop_t *loop;
#ifdef MENDED
  avow_once_t *once;
#else
  avow_promise_t *kept;
#endif
} memo_t;

static avow_value_t read_motto(void *data) {
  const memo_t *memo = data;
  return avow_follow(avow_read_file(memo->loop, path, MOST));
}

#ifdef MENDED
static avow_promise_t *motto_of(memo_t *memo) {
  if (memo->once == NULL)
    memo->once = avow_once_new(memo->loop, read_motto, memo, NULL);
  return avow_once_get(memo->once);
}

static void forget(memo_t *memo) {
  avow_once_unref(memo->once);
}
#else
static avow_promise_t *motto_of(memo_t *memo) {
  if (memo->kept == NULL)
    memo->kept = avow_try(memo->loop, read_motto, memo);
  return avow_ref(memo->kept);
}

static void forget(memo_t *memo) {
  avow_unref(memo->kept);
}
#endif

/* Callers retry a few times. */
static avow_value_t ask(memo_t *memo) {
  avow_value_t v = avow_await(motto_of(memo));
  for (int i = 1; i < ATTEMPTS && avow_is_error(&v); i++) {
    avow_value_unref(v);
    AVOW_TRY(avow_await(avow_sleep(memo->loop, PAUSE)));
    v = avow_await(motto_of(memo));
  }
  return v;
}

static avow_value_t ask_again_and_again(memo_t *memo) {
  for (int i = 0; i < ASKED; i++)
    AVOW_TRY(ask(memo));
  return avow_none();
}

static avow_value_t run(void *loop) {
  memo_t memo = { .loop = loop };
  for (int i = 0; i < ATTEMPTS; i++) {
    const avow_value_t v = avow_await(
        avow_write_file(loop, path, avow_string("per aspera"), 0600));
    const bool there = !avow_is_error(&v);
    avow_value_unref(v);
    if (there)
      break;
  }
  const avow_value_t v = ask_again_and_again(&memo);
  forget(&memo);
  return v;
}

static avow_promise_t *begin(uv_loop_t *loop, void *data) {
  return avow_async(loop, run, loop);
}

const program_t kept_failure = {
  .name = "kept failure",
  .defect = "a cache keeps a rejected promise",
  .begin = begin,
  .bears = BEARS_FS,
};
