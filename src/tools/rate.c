/* SPDX-License-Identifier: MIT */
/*
 * Rates. The level of the bucket is counted in parts of a token: `ms` parts are
 * one token, and `tokens` parts arrive each millisecond, so nothing is ever
 * rounded. The level is updated when a caller asks. The loop has a timer only
 * while callers wait, until the first of them can be served. That sleep is a
 * child. A sleep that is too late for a new first caller is canceled, and its
 * number becomes stale.
 */
#include "avow/limiter.h"

#include <inttypes.h>

#include "avow/timer.h"
#include "base/container.h"
#include "base/options_check.h"
#include "engine/child.h"
#include "engine/virtual_clock.h"
#include "tools/tool.h"
#include "tools/waiters.h"

typedef struct {
  avow__parent_t parent;
  avow__callers_t callers;
  uint64_t tokens, ms;
  uint64_t room;   /* capacity in parts of a token */
  uint64_t level;  /* parts available at `looked` */
  uint64_t looked; /* time of the last update, in the loop's clock */
  uint64_t wakes;  /* end of the sleep, if `asleep` */
  bool asleep;
  uint32_t number; /* number of that sleep */
} rate_t;

/* Adds the parts that arrived since the last update. A waiting caller is served
   up to a millisecond late. A full bucket must lose nothing in that time. */
static void rate_look(rate_t *rate) {
  const uint64_t now = avow__present(rate->parent.context);
  const uint64_t more = rate->callers.first != NULL ? rate->tokens - 1 : 0;
  const uint64_t missing = rate->room + more - rate->level;
  const uint64_t elapsed = now - rate->looked;
  rate->level +=
      elapsed <= missing / rate->tokens ? elapsed * rate->tokens : missing;
  rate->looked = now;
}

static bool rate_take(rate_t *rate, uint64_t tokens) {
  const uint64_t parts = tokens * rate->ms;
  if (rate->level < parts)
    return false;
  rate->level -= parts;
  return true;
}

static void rate_wake(rate_t *rate) {
  rate->asleep = false;
  rate->number++;
  avow__children_cancel(&rate->parent);
}

/* Sleeps until the first caller can be served, unless a sleep already ends by
   then. */
static void rate_sleep(rate_t *rate, uint64_t tokens) {
  const uint64_t missing = tokens * rate->ms - rate->level;
  const uint64_t ms = (missing - 1) / rate->tokens + 1;
  if (rate->asleep && rate->wakes - rate->looked <= ms)
    return;
  rate_wake(rate);
  rate->asleep = true;
  rate->wakes = rate->looked + ms;
  avow_promise_t *p = avow_sleep(rate->parent.context->loop, ms);
  avow__child_add(&rate->parent, avow_follow(p), rate->number);
}

static void rate_serve(rate_t *rate) {
  rate_look(rate);
  const avow__caller_t *first;
  while ((first = (avow__caller_t *) rate->callers.first) != NULL &&
         rate_take(rate, first->wants))
    avow__callers_answer_first(&rate->callers, avow_none());
  if (first != NULL) {
    rate_sleep(rate, first->wants);
    return;
  }
  if (rate->level > rate->room)
    rate->level = rate->room;
  if (rate->asleep)
    rate_wake(rate);
}

static void rate_left(avow__callers_t *callers) {
  rate_serve(AVOW__CONTAINER(rate_t, callers, callers));
}

/* If the sleep fails because memory is short or the loop closes, all callers
   are rejected. */
static void rate_report(avow__parent_t *parent, uint32_t index,
                        avow_value_t outcome) {
  rate_t *rate = (rate_t *) parent;
  if (index == rate->number) {
    rate->asleep = false;
    if (avow_is_error(&outcome))
      avow__callers_answer(&rate->callers, &outcome);
    rate_serve(rate);
  }
  avow__value_unref(outcome);
}

static void rate_let_go(void *self) {
  avow__parent_unref(self);
}

static const avow_class_t rate_class = { .name = "rate",
                                         .destroy = rate_let_go };

static rate_t *rate_new(uv_loop_t *loop, uint64_t tokens, uint64_t ms,
                        uint64_t burst) {
  static const avow__parent_class_t parent_class = { .report = rate_report };
  rate_t *rate = avow__parent_alloc(loop, &parent_class, sizeof(*rate));
  if (rate == NULL)
    return NULL;
  rate->callers.left = rate_left;
  rate->tokens = tokens;
  rate->ms = ms;
  rate->room = rate->level = burst * ms;
  return rate;
}

/* Returns a description of the first invalid argument, or NULL. The limits
   ensure that no product of two arguments exceeds 64 bits. */
static const char *rate_fault(uint64_t tokens, uint64_t ms, uint64_t burst) {
  if (tokens == 0)
    return "0 tokens";
  if (ms == 0)
    return "0 ms";
  return tokens > UINT32_MAX || ms > UINT32_MAX || burst > UINT32_MAX
             ? "more than 4294967295"
             : NULL;
}

avow_rate_t *avow_rate_new(uv_loop_t *loop, uint64_t tokens, uint64_t ms,
                           const avow_rate_options_t *options) {
  avow__check_ready(loop);
  const uint64_t burst =
      options != NULL && options->burst > 0 ? options->burst : tokens;
  if (AVOW__RESERVED(options) != 0)
    return avow__tool_refuse(loop, AVOW__ERESERVED, "rate");
  const char *fault = rate_fault(tokens, ms, burst);
  if (fault != NULL)
    return avow__tool_of(avow__refuse(loop, UV_EINVAL, "rate", fault));
  return avow__tool_wrap(loop, &rate_class, rate_new(loop, tokens, ms, burst));
}

/* NULL if the rate was refused, is not a rate, or its loop is closed. */
static rate_t *rate_behind(const avow_rate_t *r, const char *called) {
  if (r == NULL)
    avow__misuse_of_null_in("rate", called);
  rate_t *rate = avow__tool_self_in(r, &rate_class, called);
  return rate == NULL || rate->parent.context->life == AVOW__CLOSED ? NULL
                                                                    : rate;
}

static avow_promise_t *rate_refuse(const rate_t *rate, uint64_t tokens) {
  return avow_promise_reject(rate->parent.context->loop,
                             avow_error_new(UV_EINVAL, avow_none(),
                                            "rate: %" PRIu64
                                            " tokens of at most %" PRIu64,
                                            tokens, rate->room / rate->ms));
}

avow_promise_t *avow_rate_acquire(const avow_rate_t *r, uint64_t tokens) {
  rate_t *rate = avow__tool_self(r, &rate_class);
  if (rate == NULL)
    return avow__tool_ref(r, "rate");
  avow_promise_t *p = avow__refuse_closed(r);
  if (p != NULL)
    return p;
  uv_loop_t *loop = avow__tool_loop(r);
  if (tokens > rate->room / rate->ms)
    return rate_refuse(rate, tokens);
  if (avow_rate_try(r, tokens))
    return avow_promise_resolve(loop, avow_none());
  avow__caller_t *caller;
  p = avow__callers_add(&rate->callers, loop, &caller);
  if (caller == NULL)
    return p;
  caller->wants = tokens;
  rate_serve(rate);
  return p;
}

bool avow_rate_try(const avow_rate_t *r, uint64_t tokens) {
  rate_t *rate = rate_behind(r, AVOW__CALLED);
  if (rate == NULL || rate->callers.first != NULL ||
      tokens > rate->room / rate->ms)
    return false;
  rate_look(rate);
  return rate_take(rate, tokens);
}

void avow_rate_unref(avow_rate_t *r) {
  avow__tool_unref(r, &rate_class);
}
