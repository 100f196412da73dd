/* SPDX-License-Identifier: MIT */
/*
 * A plug-in for test_hosted.c that contains an avow of its own. Each function
 * returns 0, or a description of the failure.
 */
#include <limits.h>

#include <avow/all.h>

AVOW_API int hosted_open(uv_loop_t *loop);
AVOW_API int hosted_work(uv_loop_t *loop);
AVOW_API int hosted_close(uv_loop_t *loop);

int hosted_open(uv_loop_t *loop) {
  return avow_loop_init(loop, &(avow_options_t){ .slow_us = UINT_MAX });
}

static avow_value_t count(const avow_value_t *arg, void *data) {
  ++*(int *) data;
  return avow_none();
}

static avow_value_t answer(void *data) {
  return avow_int(42);
}

#ifdef AVOW_NO_ASYNC
static avow_promise_t *wait(uv_loop_t *loop) {
  return avow_sleep(loop, 0);
}
#else
static avow_value_t wait_fn(void *loop) {
  return avow_await(avow_sleep(loop, 0));
}

static avow_promise_t *wait(uv_loop_t *loop) {
  return avow_async(loop, wait_fn, loop);
}
#endif

/* Runs code on the loop, on a thread of the pool, and on a stack of avow. */
int hosted_work(uv_loop_t *loop) {
  int calls = 0;
  avow_promise_t *const all[] = {
    avow_then(avow_sleep(loop, 0), count, NULL, &calls),
    avow_then(avow_work(loop, answer, NULL, NULL), count, NULL, &calls),
    avow_then(wait(loop), count, NULL, &calls),
  };
  avow_value_t v = avow_run(avow_all(loop, all, 3));
  const int err = avow_error_code(&v);
  avow_value_unref(v);
  return err != 0 ? err : calls - 3;
}

int hosted_close(uv_loop_t *loop) {
  return avow_loop_close(loop);
}
