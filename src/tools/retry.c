/* SPDX-License-Identifier: MIT */
/*
 * Retries, made of promises only: the handler of a failed attempt follows the
 * next attempt, and so on. A chain of such promises takes no more memory than
 * one.
 */
#include "avow/retry.h"

#include <string.h>

#include "avow/cancel.h"
#include "avow/timer.h"
#include "base/alloc.h"
#include "base/misuse.h"
#include "base/options_check.h"
#include "engine/chain.h"
#include "engine/check_stack.h"
#include "engine/promise.h"
#include "tools/backoff.h"
#include "tools/tool.h"
#include "value/aggregate_error.h"

enum { ATTEMPTS = 3, DELAY = 100, MAX_DELAY = 30000, REASONS_MAX = 16 };

typedef struct {
  uv_loop_t *loop;
  avow_fn fn;
  void *data;
  avow_retry_options_t options;
  unsigned failures; /* failed attempts so far; a failed sleep counts as one */
  uint64_t random;
  uint64_t delay; /* before the next attempt */
  avow__reasons_t reasons;
  const avow_promise_t *judge; /* settles as the attempt, or starts another */
} retry_t;

static uint64_t next_delay(retry_t *retry, const avow_value_t *error) {
  const avow_retry_options_t *options = &retry->options;
  uint64_t delay =
      avow__backoff(options->delay, options->max_delay, retry->failures);
  if (!options->exact)
    delay = avow__jitter(delay, &retry->random);
  return options->pause != NULL ? options->pause(error, delay, retry->data)
                                : delay;
}

static void forget_oldest(avow__list_t *list) {
  avow__value_unref(list->items[0]);
  list->len--;
  memmove(list->items, list->items + 1, list->len * sizeof(list->items[0]));
}

/* Adds an error; the last one is the main reason. */
static void remember(retry_t *retry, const avow_value_t *error) {
  avow__reasons_t *reasons = &retry->reasons;
  if (reasons->all != NULL && reasons->all->len == REASONS_MAX)
    forget_oldest(reasons->all);
  avow__reasons_add(reasons, avow_value_ref(error));
  avow__value_unref(reasons->main);
  reasons->main = avow_value_ref(error);
}

static bool has_been_canceled(const retry_t *retry) {
  return avow__is_canceled(retry->judge);
}

static bool is_last_attempt(const retry_t *retry) {
  return retry->failures >= retry->options.attempts;
}

static bool may_go_on(const retry_t *retry, const avow_value_t *error) {
  const avow_retry_options_t *options = &retry->options;
  if (options->again != NULL && !options->again(error, retry->data))
    return false;
  return options->budget == NULL || avow_rate_try(options->budget, 1);
}

static avow_value_t attempt(const avow_value_t *arg, void *data) {
  const retry_t *retry = data;
  if (has_been_canceled(retry))
    return avow_error(UV_ECANCELED);
  if (retry->options.attempt != NULL)
    *retry->options.attempt = retry->failures + 1;
  return retry->fn(retry->data);
}

static avow_value_t sleep_for_delay(const avow_value_t *arg, void *data) {
  const retry_t *retry = data;
  if (has_been_canceled(retry))
    return avow_error(UV_ECANCELED);
  return avow_follow(avow_sleep(retry->loop, retry->delay));
}

static avow_value_t after_failure(const avow_value_t *error, void *data);

/* An error passed on here is treated as that of the last attempt. */
static avow_value_t end_all(const avow_value_t *error, void *data) {
  retry_t *retry = data;
  retry->options.attempts = 0;
  return avow_value_ref(error);
}

/* Waits before the next attempt. */
static avow_promise_t *prepare(retry_t *retry, const avow_value_t *error) {
  const avow_cb cb = retry->options.prepare;
  if (cb == NULL)
    return avow_sleep(retry->loop, retry->delay);
  avow_promise_t *p = avow_promise_resolve(retry->loop, cb(error, retry->data));
  return avow_then(p, sleep_for_delay, end_all, retry);
}

static avow_promise_t *attempt_after(retry_t *retry, avow_promise_t *p) {
  p = avow__then_begin(p, attempt, retry);
  p = avow__catch_keeping(p, after_failure, retry);
  retry->judge = p;
  return p;
}

/* If the retry was canceled meanwhile, no function of the program is called. */
static avow_value_t after_failure(const avow_value_t *error, void *data) {
  retry_t *retry = data;
  if (avow_error_code(error) == UV_ECANCELED)
    return avow_value_ref(error);
  retry->failures++;
  remember(retry, error);
  if (!is_last_attempt(retry) && has_been_canceled(retry))
    return avow_error(UV_ECANCELED);
  if (is_last_attempt(retry) || !may_go_on(retry, error))
    return avow__reasons_take(&retry->reasons);
  retry->delay = next_delay(retry, error);
  if (has_been_canceled(retry))
    return avow_error(UV_ECANCELED);
  return avow_follow(attempt_after(retry, prepare(retry, error)));
}

/* Adds the errors of the attempts to the timeout's. If the last attempt ended
   with that error, after_failure() has taken the errors. */
static avow_value_t after_limit(const avow_value_t *error, void *data) {
  retry_t *retry = data;
  if (retry->reasons.main.tag == AVOW_NONE ||
      avow_error_code(error) != UV_ETIMEDOUT)
    return avow_value_ref(error);
  remember(retry, error);
  return avow__reasons_take(&retry->reasons);
}

static void retry_free(void *data) {
  retry_t *retry = data;
  avow__value_unref(avow__reasons_take(&retry->reasons));
  avow_rate_unref(retry->options.budget);
  avow_free(retry);
}

/* The seed: the time, combined with a counter of the loop for retries that
   start at the same moment. An address would differ in each run, and the
   simulator's results would depend on more than its seed. */
static uint64_t random_of(const uv_loop_t *loop) {
  const uint64_t n = avow__context_of(loop)->spread++;
  return uv_hrtime() ^ n << 32;
}

static void retry_set_options(retry_t *retry,
                              const avow_retry_options_t *options) {
  if (options != NULL)
    retry->options = *options;
  if (retry->options.attempts == 0)
    retry->options.attempts = ATTEMPTS;
  if (retry->options.delay == 0)
    retry->options.delay = DELAY;
  if (retry->options.max_delay == 0)
    retry->options.max_delay = MAX_DELAY;
  if (retry->options.budget != NULL)
    (void) avow__tool_ref(retry->options.budget, "rate"); /* it is a rate */
  retry->random = retry->options.seed;
  if (retry->random == 0)
    retry->random = random_of(retry->loop);
}

/* 0, or an error code. */
static int retry_check(const uv_loop_t *loop,
                       const avow_retry_options_t *options) {
  const int err = AVOW__RESERVED(options);
  if (err != 0 || options == NULL || options->budget == NULL ||
      avow__tool_loop(options->budget) == loop)
    return err;
  avow__misuse(
      "avow_retry(): budget belongs to another loop; create one with "
      "avow_rate_new() on this loop");
  return AVOW_EMISUSE;
}

avow_promise_t *avow_retry(uv_loop_t *loop, avow_fn fn, void *data,
                           const avow_retry_options_t *options) {
  avow__check_data(avow__context_of(loop), data);
  const int err = fn != NULL ? retry_check(loop, options) : UV_EINVAL;
  if (err != 0)
    return avow__refuse(loop, err, "retry", NULL);
  retry_t *retry = avow_calloc(1, sizeof(*retry));
  if (retry == NULL)
    return avow_promise_reject(loop, avow_error(UV_ENOMEM));
  retry->loop = loop;
  retry->fn = fn;
  retry->data = data;
  retry_set_options(retry, options);
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  p = attempt_after(retry, p);
  if (retry->options.timeout > 0)
    p = avow_catch(avow_timeout(p, retry->options.timeout), after_limit, retry);
  return avow_attach(p, retry, retry_free);
}
