/* SPDX-License-Identifier: MIT */
/*
 * The set of loops on threads of their own. worker.c has the code for one loop
 * and for calls to it.
 */
#include "loops/loops.h"

#include "base/alloc.h"
#include "base/misuse.h"
#include "engine/child.h"
#include "loops/worker.h"

struct avow_loops_s {
  atomic_size_t refs;
  int err; /* why a worker could not start; if set, all calls are refused */
  atomic_bool closed; /* the program has called avow_loops_close() */
  size_t count;
  avow__worker_t *workers[];
};

/* Substitutes: for a set that could not be allocated, and for NULL. */
static avow_loops_t no_loops = { .err = UV_ENOMEM };
static avow_loops_t nothing = { .err = AVOW_EMISUSE };

static avow_loops_t *given(const avow_loops_t *loops, const char *called) {
  if (avow__is_gone(loops))
    avow__misuse_in(called,
                    "loops used after avow_loops_close(); close them last");
  if (loops != NULL)
    return (void *) avow__mutable(loops);
  avow__misuse_of_null_in("set of loops", called);
  return &nothing;
}

avow_loops_t *avow__loops_ref(const avow_loops_t *loops) {
  avow_loops_t *same = given(loops, AVOW__CALLED);
  atomic_fetch_add_explicit(&same->refs, 1, memory_order_relaxed);
  return same;
}

int avow__loops_err(const avow_loops_t *loops) {
  return given(loops, AVOW__CALLED)->err;
}

void avow__loops_unref(avow_loops_t *loops) {
  if (atomic_fetch_sub_explicit(&loops->refs, 1, memory_order_acq_rel) > 1)
    return;
  for (size_t i = 0; i < loops->count; i++)
    avow__worker_unref(loops->workers[i]);
  avow__note_gone(loops);
  avow_free(loops);
}

static AVOW__APART avow__worker_t *least_busy(const avow_loops_t *loops) {
  avow__worker_t *least = loops->workers[0];
  for (size_t i = 1; i < loops->count; i++)
    if (avow__worker_load(loops->workers[i]) < avow__worker_load(least))
      least = loops->workers[i];
  return least;
}

/* Returns the worker for an index, which may be AVOW_LEAST_BUSY. Returns NULL
   if there is none. Sets *err if the set has no loops. */
static avow__worker_t *worker_at(const avow_loops_t *loops, size_t index,
                                 int *err) {
  if (AVOW__UNLIKELY(loops->err != 0)) {
    *err = loops->err;
    return NULL;
  }
  if (AVOW__LIKELY(index < loops->count))
    return loops->workers[index];
  return index == AVOW_LEAST_BUSY ? least_busy(loops) : NULL;
}

avow_promise_t *avow_loops_run(const avow_loops_t *loops, size_t index,
                               uv_loop_t *home, avow_loops_fn fn, void *data) {
  avow__check_ready(home);
  int err = UV_EINVAL;
  avow__worker_t *worker = worker_at(given(loops, AVOW__CALLED), index, &err);
  if (worker == NULL || fn == NULL)
    return avow__refuse(home, err, "loops run", NULL);
  return avow__worker_run(worker, home, fn, data);
}

/* If a worker cannot start, those that did start run until
   avow_loops_close(). */
avow_loops_t *avow_loops_new(size_t count) {
  const size_t wanted = count > 0 ? count : uv_available_parallelism();
  const size_t size = avow__times(wanted, sizeof(avow__worker_t *));
  avow_loops_t *loops = avow_calloc(1, avow__plus(sizeof(*loops), size));
  if (loops == NULL)
    return &no_loops;
  avow__note_there(loops);
  atomic_init(&loops->refs, 1);
  while (loops->count < wanted && loops->err == 0) {
    loops->workers[loops->count] = avow__worker_new(&loops->err);
    loops->count += loops->err == 0;
  }
  return loops;
}

size_t avow_loops_count(const avow_loops_t *loops) {
  const avow_loops_t *some = given(loops, AVOW__CALLED);
  return some->err == 0 ? some->count : 0;
}

/* Parent of a close. Each child settles when a thread has ended. */
typedef struct {
  avow__parent_t parent;
  avow_loops_t *loops;
} closing_t;

static void closing_report(avow__parent_t *parent, uint32_t index,
                           avow_value_t outcome) {
  avow__value_unref(outcome);
  if (parent->running == 0)
    avow__parent_settle(parent, avow_none());
}

static void closing_cancel(avow__parent_t *parent) {
}

/* Called when the threads have ended, or when `home` cannot wait any longer. */
static void join(avow_loops_t *loops) {
  for (size_t i = 0; i < loops->count; i++)
    avow__worker_join(loops->workers[i]);
  avow__loops_unref(loops);
}

static void closing_destroy(avow__parent_t *parent) {
  join(((closing_t *) parent)->loops);
}

/* Returns NONE if the loops may be closed. A thread cannot wait for itself. */
static avow_value_t not_to_be_closed(avow_loops_t *loops) {
  for (size_t i = 0; i < loops->count; i++)
    if (avow__worker_is_here(loops->workers[i]))
      return avow_error_new(UV_EINVAL, avow_none(),
                            "loops close: called on a thread of these loops");
  if (!atomic_exchange(&loops->closed, true))
    return avow_none();
  avow__misuse("avow_loops_close(): loops are closed already; call it once");
  return avow_error(AVOW_EMISUSE);
}

avow_promise_t *avow_loops_close(avow_loops_t *loops, uv_loop_t *home) {
  avow__check_ready(home);
  static const avow__parent_class_t closing_class = {
    .report = closing_report,
    .cancel = closing_cancel,
    .destroy = closing_destroy,
  };
  loops = loops != NULL ? given(loops, AVOW__CALLED) : &no_loops;
  if (loops->count == 0) {
    if (loops != &no_loops)
      avow__loops_unref(loops);
    return avow_promise_resolve(home, avow_none());
  }
  const avow_value_t why = not_to_be_closed(loops);
  if (avow_is_error(&why))
    return avow_promise_reject(home, why);
  avow_promise_t *p;
  closing_t *closing =
      avow__parent_new(home, &closing_class, sizeof(*closing), &p);
  if (closing != NULL)
    closing->loops = loops;
  for (size_t i = 0; i < loops->count; i++) {
    avow_promise_t *ended = avow__worker_stop(loops->workers[i], home);
    if (closing != NULL)
      avow__child_add(&closing->parent, avow_follow(ended), 0);
    else
      avow_unref(ended);
  }
  if (closing != NULL)
    avow__parent_unref(&closing->parent);
  else
    join(loops);
  return p;
}
