/* SPDX-License-Identifier: MIT */
/* Calls for tools, and for objects that other threads use. */
#include "pool.h"

static uv_loop_t *loop(void) {
  return &program.loop;
}

static void new_limiter(void) {
  const size_t permits = any(4) > 0 ? 1 + any(3) : any_size() % 100;
  put(LIMITERS, avow_limiter_new(loop(), permits));
}

static void acquire(avow_limiter_t *l) {
  switch (any(4)) {
  case 0:
    put(PROMISES, avow_limiter_acquire(l));
    break;
  case 1:
    put(PROMISES, avow_limiter_acquire_many(l, any_size()));
    break;
  case 2:
    put_value(avow_limiter_try(l, any_size()));
    break;
  default:
    put(PROMISES, avow_limiter_run(l, step, NULL));
    break;
  }
}

static void change(avow_limiter_t *l) {
  switch (any(4)) {
  case 0:
    avow_limiter_resize(l, any_size() % 1000);
    break;
  case 1:
    avow_limiter_bound(l, any_size());
    break;
  case 2:
    avow_limiter_cancel(l);
    break;
  default:
    put(PROMISES, avow_limiter_idle(l));
    break;
  }
}

static void use_limiter(void) {
  avow_limiter_t *l = take(LIMITERS);
  if (l == NULL)
    return;
  if (any(3) > 0)
    acquire(l);
  else
    change(l);
  put(LIMITERS, l);
}

static void release_limiter(void) {
  avow_limiter_unref(take(LIMITERS));
}

static void new_rate(void) {
  const avow_rate_options_t o = { .burst = any_size() };
  const uint64_t tokens = 1 + any_size() % 100000;
  const uint64_t ms = 1 + any_ms() % 1000;
  put(RATES, avow_rate_new(loop(), tokens, ms, any(2) > 0 ? &o : NULL));
}

static void use_rate(void) {
  avow_rate_t *r = take(RATES);
  if (r == NULL)
    return;
  if (any(3) > 0)
    put(PROMISES, avow_rate_acquire(r, any_size()));
  else
    (void) avow_rate_try(r, any_size());
  put(RATES, r);
}

static void release_rate(void) {
  avow_rate_unref(take(RATES));
}

static void new_once(void) {
  put(ONCES, avow_once_new(loop(), step, some_data(), freed));
}

static void use_once(void) {
  avow_once_t *o = take(ONCES);
  if (o == NULL)
    return;
  put(PROMISES, avow_once_get(o));
  put(ONCES, o);
}

static void release_once(void) {
  avow_once_unref(take(ONCES));
}

static void new_cache(void) {
  const avow_cache_options_t o = { .ttl = any_ms(), .most = any(4) };
  put(CACHES, avow_cache_new(loop(), handler, some_data(), freed,
                             any(2) > 0 ? &o : NULL));
}

static void use_cache(void) {
  avow_cache_t *c = take(CACHES);
  if (c == NULL)
    return;
  const avow_value_t key =
      any(4) > 0 ? avow_int((int64_t) any(4)) : avow_string("key");
  switch (any(5)) {
  case 0:
    avow_cache_forget(c, key);
    break;
  case 1:
    put(PROMISES, avow_cache_refresh(c, key));
    break;
  default:
    put(PROMISES, avow_cache_get(c, key));
    break;
  }
  put(CACHES, c);
}

static void release_cache(void) {
  avow_cache_unref(take(CACHES));
}

static bool again(const avow_value_t *error, void *data) {
  some_calls(2);
  return any(2) > 0;
}

static uint64_t pause_ms(const avow_value_t *error, uint64_t ms, void *data) {
  some_calls(2);
  return any(4);
}

static void retry(void) {
  avow_rate_t *budget = take(RATES);
  const avow_retry_options_t o = { .attempts = any(5),
                                   .delay = 1 + any(3),
                                   .max_delay = any(2) > 0 ? 3 : any_ms(),
                                   .timeout = any(2) > 0 ? any(9) : any_ms(),
                                   .again = any(2) > 0 ? again : NULL,
                                   .exact = true,
                                   .pause = any(2) > 0 ? pause_ms : NULL,
                                   .prepare = any(2) > 0 ? handler : NULL,
                                   .budget = budget };
  put(PROMISES, avow_retry(loop(), step, NULL, &o));
  if (budget != NULL)
    put(RATES, budget);
}

static void new_remote(void) {
  avow_remote_t *r;
  if (program.closing)
    return;
  put(PROMISES, avow_remote_new(loop(), &r));
  put(REMOTES, r);
}

static void settle_remote(void) {
  avow_remote_t *r = take(REMOTES);
  if (r == NULL)
    return;
  if (any(2) > 0)
    (void) avow_remote_resolve(r, any_item());
  else
    (void) avow_remote_reject(r, any_error());
}

static void new_mailbox(void) {
  if (program.closing)
    return;
  avow_mailbox_t *m = avow_mailbox_new(loop());
  if (m != NULL) /* out of memory */
    put(MAILBOXES, m);
}

static void post(void) {
  avow_mailbox_t *m = take(MAILBOXES);
  if (m == NULL)
    return;
  (void) avow_post(m, made, some_data(), freed);
  if (any(3) > 0)
    put(MAILBOXES, m);
  else
    avow_mailbox_unref(m);
}

/* Runs on another thread and makes no random calls. */
static avow_value_t work_cb(void *data) {
  return avow_int(avow_work_is_wanted());
}

static void work(void) {
  if (!program.threads)
    return;
  put(PROMISES, any(4) > 0
                    ? avow_work(loop(), work_cb, some_data(), freed)
                    : avow_work_detached(loop(), work_cb, some_data(), freed));
}

static const call_t calls[] = {
  new_limiter,   use_limiter,  use_limiter,  release_limiter,
  new_rate,      use_rate,     release_rate, new_once,
  use_once,      release_once, new_cache,    use_cache,
  release_cache, retry,        new_remote,   settle_remote,
  new_mailbox,   post,         work,
};

const calls_t tool_calls = { calls, sizeof(calls) / sizeof(calls[0]) };
