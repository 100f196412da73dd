/* SPDX-License-Identifier: MIT */
#include "watch.h"

#include <stdlib.h>

enum { SECOND = 1000, MINUTE = 60 * SECOND };

typedef struct {
  uv_loop_t *loop;
  avow_fn ask;
  void *service;
  avow_retry_options_t retry;
} watch_t;

static avow_value_t ask_in_time(void *data) {
  const watch_t *watch = data;
  avow_promise_t *p = avow_try(watch->loop, watch->ask, watch->service);
  return avow_follow(avow_timeout(p, 10 * SECOND));
}

static avow_value_t rest(const avow_value_t *answer, void *data) {
  const watch_t *watch = data;
  return avow_follow(avow_sleep(watch->loop, MINUTE));
}

static avow_value_t ask_and_rest(void *data) {
  watch_t *watch = data;
  avow_promise_t *p =
      avow_retry(watch->loop, ask_in_time, watch, &watch->retry);
  return avow_follow(avow_then(p, rest, NULL, watch));
}

avow_promise_t *watch_service(uv_loop_t *loop, avow_fn ask, void *service,
                              uint64_t seed) {
  watch_t *watch = malloc(sizeof(*watch));
  if (watch == NULL)
    return avow_promise_reject(loop, avow_error(UV_ENOMEM));
  *watch = (watch_t){
    .loop = loop,
    .ask = ask,
    .service = service,
    .retry = { .attempts = 3, .delay = SECOND, .seed = seed },
  };
  return avow_attach(avow_repeat(loop, ask_and_rest, watch), watch, free);
}
