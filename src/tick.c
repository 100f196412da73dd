/*
 * When the queue is drained. Each callback of ours that libuv calls drains it
 * on the way out: same iteration, no handle, no system call. What is settled
 * elsewhere (in the program's own callbacks, before uv_run()) starts two
 * handles: an idle one, which keeps the loop alive and from blocking, and a
 * check one, unreferenced, so that what a poll callback settles runs in the
 * same iteration. Both stop when the queue is empty.
 */
#include "alloc.h"
#include "exceptions.h"
#include "promise.h"

struct avow__tick_s {
  uv_idle_t idle;
  uv_check_t check;
};

/* What waits here was settled elsewhere, and libuv may have come here without
   a look at the time: uv_run() does that since 1.45. */
static void on_idle(uv_idle_t *handle) {
  avow__context_t *c = handle->data;
  uv_update_time(c->loop);
  avow__enter(c);
  avow__leave(c);
}

static void on_check(uv_check_t *handle) {
  avow__context_t *c = handle->data;
  avow__enter(c);
  avow__leave(c);
}

bool avow__tick_init(avow__context_t *c) {
  avow__tick_t *tick = avow__malloc(sizeof(*tick));
  if (tick == NULL)
    return false;
  (void) uv_idle_init(c->loop, &tick->idle);   /* cannot fail */
  (void) uv_check_init(c->loop, &tick->check); /* cannot fail */
  tick->idle.data = tick->check.data = c;
  uv_unref((uv_handle_t *) &tick->check);
  c->tick = tick;
  return true;
}

void avow__tick_close(avow__context_t *c) {
  avow__close_own(c, (uv_handle_t *) &c->tick->idle);
  avow__close_own(c, (uv_handle_t *) &c->tick->check);
}

void avow__tick_free(avow__context_t *c) {
  avow__free(c->tick);
}

static void sleep_again(avow__context_t *c) {
  if (!uv_is_active((uv_handle_t *) &c->tick->idle))
    return;
  (void) uv_idle_stop(&c->tick->idle);   /* cannot fail */
  (void) uv_check_stop(&c->tick->check); /* cannot fail */
}

/* A program that closes all handles closes ours: starting them then would
   corrupt the loop. The jobs wait for a callback of ours, or for
   avow_loop_close(). */
void avow__wake(avow__context_t *c) {
  avow__tick_t *tick = c->tick;
  if (c->closed || uv_is_closing((uv_handle_t *) &tick->idle) ||
      uv_is_closing((uv_handle_t *) &tick->check))
    return;
  (void) uv_idle_start(&tick->idle, on_idle);    /* fails on no callback */
  (void) uv_check_start(&tick->check, on_check); /* only, likewise */
  c->awake = true;
}

void avow__enter(avow__context_t *c) {
#if AVOW__DEBUG
  c->thread = uv_thread_self();
  c->has_thread = true;
#endif
  c->depth++;
  c->awake = true;
}

uint64_t avow__now(avow__context_t *c) {
  if (c->depth == 0 || c->late)
    uv_update_time(c->loop);
  c->late = false;
  return uv_now(c->loop);
}

static void stop_if_settled(avow__context_t *c) {
  if (c->run_for != NULL && !avow__is_pending(c->run_for))
    uv_stop(c->loop);
}

void avow__leave_queue(avow__context_t *c) {
  if (--c->depth > 0)
    return;
  stop_if_settled(c);
  c->late = false;
  c->awake = false;
  if (!avow__queue_is_empty(&c->queue))
    avow__wake(c);
  else
    sleep_again(c);
}

void avow__leave(avow__context_t *c) {
  if (c->depth == 1)
    avow__exceptions_stop(avow__run_jobs, c);
  avow__leave_queue(c);
}

static avow_value_t give(avow_promise_t *p) {
  const avow_value_t v = avow_value_ref(avow_result(p));
  avow_unref(p);
  return v;
}

/* Settled by a timer, p would not be noticed before the poll that follows, and
   that may last for ever: avow__leave_queue() stops the loop. */
static bool run_once(avow__context_t *c, const avow_promise_t *p) {
  c->run_for = p;
  const bool alive = uv_run(c->loop, UV_RUN_ONCE) != 0;
  c->run_for = NULL;
  return alive || !avow__queue_is_empty(&c->queue);
}

/* Until p has settled, or nothing is left to do. A callback of the program that
   an outer avow_run() runs may have called us: what that waits for stops its
   own turn of the loop and none of ours, which would never turn again. */
static void run_loop(avow__context_t *c, const avow_promise_t *p) {
  const avow_promise_t *outer = c->run_for;
  c->run_for = NULL;
  bool alive = true;
  while (avow__is_pending(p) && alive) {
    c->late = true;
    avow__enter(c);
    avow__leave(c);
    if (avow__is_pending(p))
      alive = run_once(c, p);
  }
  c->run_for = outer;
  stop_if_settled(c);
}

avow_value_t avow_run(avow_promise_t *p) {
  p = avow__given(p, "a promise");
  avow__check_taken(p);
  avow__context_t *c = avow__context(p);
  avow__check_thread(c);
  if (c->depth > 0) {
    avow__misuse(
        "avow_run() inside a callback: return avow_follow(promise) or "
        "use avow_then(); in an async function, use avow_await()");
    avow_unref(p);
    return avow_error(AVOW_EMISUSE);
  }
  if (avow__is_pending(p))
    run_loop(c, p);
#if AVOW__DEBUG
  c->has_thread = false; /* the loop may go to another thread now */
#endif
  if (!avow__is_pending(p))
    return give(p);
  avow_unref(p);
  return avow_error(AVOW_EIDLE);
}
