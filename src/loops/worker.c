/* SPDX-License-Identifier: MIT */
/*
 * A worker and the calls that it runs (remote_call_t). A call is mail: it goes
 * to the worker's loop with the function, and returns to the home loop with the
 * answer. Only the side that has the mail touches it, so a call needs neither a
 * lock nor a count. Canceling sends a second piece of mail to the worker, which
 * sends it back. The call ends only when both pieces have returned. All objects
 * of a loop are therefore touched only on that loop's thread.
 */
#include "loops/worker.h"

#include <limits.h>

#include "avow/cancel.h"
#include "avow/post.h"
#include "base/alloc.h"
#include "base/cacheline_pool.h"
#include "base/container.h"
#include "base/misuse.h"
#include "engine/child.h"
#include "engine/extension.h"
#include "engine/port.h"
#include "engine/promise.h"
#include "value/sendable.h"

typedef struct remote_call_s remote_call_t;

/* The worker's side of a call that waits there. Its child is the promise that
   `fn` returned. A run can be used again. */
typedef struct run_s {
  avow__parent_t parent;
  remote_call_t *remote_call;
  struct run_s *next; /* in the list of spares */
} run_t;

enum { SPARES_MAX = 1024 };

struct avow__worker_s {
  uv_thread_t thread;
  avow__port_t *port;
  avow__mail_t stop;
  atomic_bool stopping;           /* the worker starts no more calls */
  _Atomic(avow_remote_t *) ended; /* the thread resolves this last; the worker
                                     itself: the thread has already ended */
  bool over; /* this and the next fields belong to the worker's thread */
  run_t *spares;
  unsigned spare_count;
  uv_loop_t loop;
  atomic_size_t refs; /* one of the set, and one for each call. Each call
                         changes it, so it is apart from the fields that the
                         thread reads */
};

/* The mail of a call. All fields that both sides touch are in one cache line,
   unless the call waits. */
struct remote_call_s {
  avow__line_t line; /* belongs to home */
  avow__mail_t call;
  avow__port_t *home;
  union {
    struct {
      avow_loops_fn fn;
      void *data;
    };
    avow_value_t answer;
  };
  atomic_bool canceled; /* set by home */
};

/* Cache lines for the calls of a loop, two for each call. */
typedef struct {
  avow__extension_t extension;
  avow__lines_t lines;
} remote_calls_t;

enum { LOOPS_EXTENSION = 8 };

static avow__lines_t *remote_call_lines(const avow__context_t *c) {
  return &((remote_calls_t *) c->extensions[LOOPS_EXTENSION])->lines;
}

/* The other fields of a call, in a second line. */
typedef struct rest_s {
  avow_deferred_t *deferred; /* belongs to home */
  avow__worker_t *worker;
  remote_call_t *remote_call;
  avow__mail_t cancel;
  run_t *run;    /* belongs to the worker, set while the call waits */
  uint32_t away; /* belongs to home: pieces of mail that have not returned */
} rest_t;

_Static_assert(sizeof(remote_call_t) <= AVOW__LINE, "a call fits its line");
_Static_assert(sizeof(rest_t) <= AVOW__LINE, "and the rest another");

static rest_t *rest_of(remote_call_t *remote_call) {
  return avow__line_second(remote_call);
}

void avow__worker_unref(avow__worker_t *worker) {
  if (atomic_fetch_sub_explicit(&worker->refs, 1, memory_order_acq_rel) > 1)
    return;
  if (worker->port != NULL)
    avow__port_unref(worker->port);
  avow_free(worker);
}

size_t avow__worker_load(const avow__worker_t *worker) {
  return atomic_load_explicit(&worker->refs, memory_order_relaxed) - 1;
}

/* On the home loop, when mail returns. */

/* Cancellation takes precedence over another answer from the worker. */
static avow_value_t remote_call_outcome(const remote_call_t *remote_call) {
  if (!atomic_load_explicit(&remote_call->canceled, memory_order_relaxed))
    return remote_call->answer;
  avow__value_unref(remote_call->answer);
  return avow_error(UV_ECANCELED);
}

static void remote_call_back(avow__context_t *c, remote_call_t *remote_call) {
  rest_t *rest = rest_of(remote_call);
  if (--rest->away > 0)
    return;
  avow_deferred_t *d = rest->deferred;
  const avow_value_t outcome = remote_call_outcome(remote_call);
  avow__worker_unref(rest->worker);
  avow__line_give(remote_call_lines(c), remote_call);
  avow__port_dismiss(c->threads.port);
  c->requests--;
  (void) avow_resolve(d, outcome); /* it was pending */
}

static void call_back(avow__context_t *c, avow__mail_t *mail) {
  remote_call_back(c, AVOW__CONTAINER(remote_call_t, call, mail));
}

static void cancel_back(avow__context_t *c, avow__mail_t *mail) {
  remote_call_back(c, AVOW__CONTAINER(rest_t, cancel, mail)->remote_call);
}

/* A home loop that closes waits for its calls, so its port is open. */
static void send_back(const remote_call_t *remote_call, avow__mail_t *mail,
                      const avow__mail_class_t *klass) {
  mail->klass = klass;
  const bool is_there = avow__port_post(remote_call->home, mail);
  assert(is_there);
  (void) is_there;
}

/* The following functions run on the worker's thread. */

static void remote_call_answer(remote_call_t *remote_call, avow_value_t v) {
  static const avow__mail_class_t klass = { .deliver = call_back };
  remote_call->answer = avow__crossing("loops run", v);
  send_back(remote_call, &remote_call->call, &klass);
}

static void run_keep(avow__worker_t *worker, run_t *run) {
  if (worker->spare_count == SPARES_MAX) {
    avow__parent_unref(&run->parent);
    return;
  }
  run->next = worker->spares;
  worker->spares = run;
  worker->spare_count++;
}

static run_t *run_reuse(avow__worker_t *worker) {
  run_t *run = worker->spares;
  worker->spares = run->next;
  worker->spare_count--;
  return run;
}

/* The child that reports also has a reference to the parent. */
static void run_report(avow__parent_t *parent, uint32_t index,
                       avow_value_t outcome) {
  run_t *run = (run_t *) parent;
  remote_call_t *remote_call = run->remote_call;
  rest_t *rest = rest_of(remote_call);
  rest->run = NULL;
  run_keep(rest->worker, run);
  remote_call_answer(remote_call, outcome);
}

/* Ensures, before `fn` is called, that its promise can be awaited. */
static bool have_spare(avow__worker_t *worker) {
  static const avow__parent_class_t klass = { .report = run_report };
  if (worker->spares != NULL)
    return true;
  run_t *run = avow__parent_alloc(&worker->loop, &klass, sizeof(*run));
  if (run != NULL)
    run_keep(worker, run);
  return run != NULL;
}

static void remote_call_wait(avow__worker_t *worker, remote_call_t *remote_call,
                             avow_value_t v) {
  run_t *run = run_reuse(worker);
  run->remote_call = remote_call;
  rest_of(remote_call)->run = run;
  avow__child_add(&run->parent, v, 0);
}

static bool remote_call_is_wanted(const avow__worker_t *worker,
                                  const remote_call_t *remote_call) {
  return !atomic_load_explicit(&remote_call->canceled, memory_order_relaxed) &&
         !atomic_load_explicit(&worker->stopping, memory_order_relaxed);
}

static void call(avow__context_t *c, avow__mail_t *mail) {
  remote_call_t *remote_call = AVOW__CONTAINER(remote_call_t, call, mail);
  avow__worker_t *worker = AVOW__CONTAINER(avow__worker_t, loop, c->loop);
  avow_value_t v = avow_error(UV_ENOMEM);
  if (!remote_call_is_wanted(worker, remote_call))
    v = avow_error(UV_ECANCELED);
  else if (have_spare(worker))
    v = remote_call->fn(c->loop, remote_call->data);
  if (v.tag >= AVOW_PROMISE)
    remote_call_wait(worker, remote_call, v);
  else
    remote_call_answer(remote_call, v);
}

static void call_forget(avow__mail_t *mail) {
  remote_call_answer(AVOW__CONTAINER(remote_call_t, call, mail),
                     avow_error(UV_ECANCELED));
}

static void cancel_forget(avow__mail_t *mail) {
  static const avow__mail_class_t klass = { .deliver = cancel_back };
  send_back(AVOW__CONTAINER(rest_t, cancel, mail)->remote_call, mail, &klass);
}

static void cancel(avow__context_t *c, avow__mail_t *mail) {
  const rest_t *rest = AVOW__CONTAINER(rest_t, cancel, mail);
  if (rest->run != NULL)
    avow__children_cancel(&rest->run->parent);
  cancel_forget(mail);
}

/* On the home loop, when mail is sent. */

static void remote_call_cancel(void *data) {
  static const avow__mail_class_t klass = { .deliver = cancel,
                                            .forget = cancel_forget };
  remote_call_t *remote_call = data;
  rest_t *rest = rest_of(remote_call);
  if (atomic_exchange_explicit(&remote_call->canceled, true,
                               memory_order_relaxed))
    return;
  avow__delay_close(rest->deferred); /* the end will follow */
  rest->remote_call = remote_call;
  rest->cancel.klass = &klass;
  rest->away++;
  if (!avow__port_post(rest->worker->port, &rest->cancel))
    rest->away--; /* the worker has ended and answered */
}

/* All resources that the mail needs are allocated. */
static void remote_call_send(avow__context_t *c, remote_call_t *remote_call,
                             avow__worker_t *worker) {
  static const avow__mail_class_t klass = { .deliver = call,
                                            .forget = call_forget };
  rest_t *rest = rest_of(remote_call);
  rest->worker = worker;
  rest->run = NULL;
  rest->away = 1;
  remote_call->home = c->threads.port;
  remote_call->call.klass = &klass;
  atomic_init(&remote_call->canceled, false);
  atomic_fetch_add_explicit(&worker->refs, 1, memory_order_relaxed);
  avow__port_expect(c->threads.port);
  c->requests++;
  if (avow__port_post(worker->port, &remote_call->call))
    return;
  remote_call->answer = avow_error(UV_ECANCELED);
  remote_call_back(c, remote_call);
}

static void remote_calls_free(avow__context_t *c) {
  const avow__batch_t *left = avow__lines_leave(remote_call_lines(c));
  assert(left == NULL); /* the loop has waited for them */
  (void) left;
}

static avow__lines_t *remote_call_lines_open(avow__context_t *c) {
  static const avow__subsystem_t subsystem = { .free = remote_calls_free };
  remote_calls_t *remote_calls =
      avow__extension_open(c, LOOPS_EXTENSION, &subsystem,
                           sizeof(remote_calls_t));
  return remote_calls != NULL ? &remote_calls->lines : NULL;
}

avow_promise_t *avow__worker_run(avow__worker_t *worker, uv_loop_t *home,
                                 avow_loops_fn fn, void *data) {
  avow__context_t *c = avow__context_of(home);
  avow__check_thread(c);
  const int err = avow__port_open(c);
  if (err != 0)
    return avow_promise_reject(home, avow_error(err));
  avow__lines_t *lines = remote_call_lines_open(c);
  remote_call_t *remote_call =
      lines != NULL ? avow__line_take_two(lines) : NULL;
  if (remote_call == NULL)
    return avow__no_promise(c);
  avow_promise_t *p =
      avow__promise_new_outlasting(c, remote_call_cancel, remote_call,
                                   &rest_of(remote_call)->deferred);
  if (rest_of(remote_call)->deferred == NULL) {
    avow__line_give(lines, remote_call);
    return p;
  }
  remote_call->fn = fn;
  remote_call->data = data;
  remote_call_send(c, remote_call, worker);
  return p;
}

/* The thread. */

static void obey_stop(avow__context_t *c, avow__mail_t *mail) {
  AVOW__CONTAINER(avow__worker_t, stop, mail)->over = true;
  uv_stop(c->loop);
}

/* Called if the worker is already closing when it is told to stop. */
static void pass_over(avow__mail_t *mail) {
}

static void worker_close_handle(uv_handle_t *handle, void *data) {
  if (!uv_is_closing(handle))
    uv_close(handle, NULL);
}

static void worker_end_loop(avow__worker_t *worker) {
  /* it is open, and this is not inside a callback */
  (void) avow_loop_close(&worker->loop);
  while (worker->spares != NULL)
    avow__parent_unref(&run_reuse(worker)->parent);
  uv_walk(&worker->loop, worker_close_handle, NULL);
  /* until all handles are closed */
  (void) uv_run(&worker->loop, UV_RUN_DEFAULT);
  (void) uv_loop_close(&worker->loop); /* 0, because all handles are closed */
}

/* A uv_stop() by the program does not end the worker, because other code may
   run there too. */
static void run_until_over(avow__worker_t *worker) {
  while (!worker->over && !avow__port_is_closing(worker->port))
    (void) uv_run(&worker->loop, UV_RUN_ONCE); /* the loop condition decides */
  if (!worker->over)
    avow__advise(
        "all handles of a loop of avow_loops_new() were closed, which ends it; "
        "close only your own handles");
}

/* Both the thread and avow__worker_stop() swap `ended`. The later of the two
   resolves the remote. */
static void worker_leave(avow__worker_t *worker) {
  avow_remote_t *ended =
      atomic_exchange(&worker->ended, (avow_remote_t *) (void *) worker);
  if (ended != NULL)
    (void) avow_remote_resolve(ended, avow_none()); /* or home has closed */
}

static void worker_main(void *data) {
  avow__worker_t *worker = data;
  run_until_over(worker);
  atomic_store(&worker->stopping, true);
  avow__port_dismiss(worker->port);
  worker_end_loop(worker);
  worker_leave(worker);
}

/* Start and end of a worker. */

static int open_port(avow__worker_t *worker) {
  avow__context_t *c = avow__context_of(&worker->loop);
  const int err = avow__port_open(c);
  if (err != 0)
    return err;
  worker->port = c->threads.port;
  avow__port_ref(worker->port);
  avow__port_expect(worker->port); /* for calls, until it is told to stop */
  return 0;
}

static int open_loop(avow__worker_t *worker) {
  /* A function may compute on a thread of its own. */
  static const avow_options_t options = { .slow_us = UINT_MAX };
  int err = uv_loop_init(&worker->loop);
  if (err != 0)
    return err;
  err = avow_loop_init(&worker->loop, &options);
  if (err != 0) {
    (void) uv_loop_close(&worker->loop); /* nothing is open */
    return err;
  }
  err = open_port(worker);
  if (err == 0)
    err = uv_thread_create(&worker->thread, worker_main, worker);
  if (err != 0)
    worker_end_loop(worker); /* as at the end of the thread */
  return err;
}

avow__worker_t *avow__worker_new(int *err) {
  avow__worker_t *worker = avow_calloc(1, sizeof(*worker));
  *err = UV_ENOMEM;
  if (worker == NULL)
    return NULL;
  atomic_init(&worker->refs, 1);
  atomic_init(&worker->stopping, false);
  atomic_init(&worker->ended, NULL);
  *err = open_loop(worker);
  if (*err == 0)
    return worker;
  avow__worker_unref(worker);
  return NULL;
}

bool avow__worker_is_here(const avow__worker_t *worker) {
  const uv_thread_t self = uv_thread_self();
  return uv_thread_equal(&self, &worker->thread) != 0;
}

avow_promise_t *avow__worker_stop(avow__worker_t *worker, uv_loop_t *home) {
  static const avow__mail_class_t klass = { .deliver = obey_stop,
                                            .forget = pass_over };
  avow_remote_t *ended;
  avow_promise_t *p = avow_remote_new(home, &ended);
  atomic_store(&worker->stopping, true);
  worker->stop.klass = &klass;
  if (atomic_exchange(&worker->ended, ended) != NULL)
    (void) avow_remote_resolve(ended, avow_none()); /* the thread has ended */
  else
    (void) avow__port_post(worker->port, &worker->stop); /* or it is closing */
  return p;
}

void avow__worker_join(avow__worker_t *worker) {
  (void) uv_thread_join(&worker->thread); /* it is joinable */
}
