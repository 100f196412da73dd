/* SPDX-License-Identifier: MIT */
/*
 * A worker and its errands. An errand is mail: it goes to the worker's loop
 * with what to call, and comes back home with the answer. Whoever has it may
 * touch it, so it needs neither lock nor count. To be cancelled it sends a
 * second piece of mail after it, which comes back too: only then is the errand
 * over. All that is of a loop is so touched on its own thread.
 */
#include "loops/worker.h"

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

typedef struct errand_s errand_t;

/* The worker's side of an errand that waits there: its child is what fn
   returned. It may be used again. */
typedef struct run_s {
  avow__parent_t parent;
  errand_t *errand;
  struct run_s *next; /* of the spare ones */
} run_t;

enum { SPARES_MAX = 1024 };

struct avow__worker_s {
  uv_thread_t thread;
  avow__port_t *port;
  avow__mail_t stop;
  atomic_bool stopping;           /* begins nothing more */
  _Atomic(avow_remote_t *) ended; /* resolved by the thread's last deed; the
                                     worker itself: that was done before */
  bool over;                      /* the thread's, as what follows */
  run_t *spares;
  unsigned spare_count;
  uv_loop_t loop;
  atomic_size_t refs; /* the set's, and those of errands. Theirs change often:
                         apart from what the thread reads as often */
};

/* What goes there and back: all that both sides touch of one that does not
   wait is in one cache line. */
struct errand_s {
  avow__line_t line; /* home's */
  avow__mail_t call;
  avow__port_t *home;
  union {
    struct {
      avow_loops_fn fn;
      void *data;
    };
    avow_value_t answer;
  };
  atomic_bool cancelled; /* home's to set */
};

/* Lines for the errands of a loop, two each. */
typedef struct {
  avow__extension_t extension;
  avow__lines_t lines;
} errands_t;

enum { LOOPS_EXTENSION = 8 };

static avow__lines_t *errand_lines(const avow__context_t *c) {
  return &((errands_t *) c->extensions[LOOPS_EXTENSION])->lines;
}

/* The rest of it, in a second line. */
typedef struct rest_s {
  avow_deferred_t *deferred; /* home's */
  avow__worker_t *worker;
  errand_t *errand;
  avow__mail_t cancel;
  run_t *run;    /* the worker's: while it waits */
  uint32_t away; /* home's: how much of its mail is */
} rest_t;

_Static_assert(sizeof(errand_t) <= AVOW__LINE, "an errand fits its line");
_Static_assert(sizeof(rest_t) <= AVOW__LINE, "and the rest another");

static rest_t *rest_of(errand_t *errand) {
  return avow__line_second(errand);
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

/* At home, when mail is back. */

/* Over there it may have come to another end by then. */
static avow_value_t errand_outcome(const errand_t *errand) {
  if (!atomic_load_explicit(&errand->cancelled, memory_order_relaxed))
    return errand->answer;
  avow__value_unref(errand->answer);
  return avow_error(UV_ECANCELED);
}

static void errand_back(avow__context_t *c, errand_t *errand) {
  rest_t *rest = rest_of(errand);
  if (--rest->away > 0)
    return;
  avow_deferred_t *d = rest->deferred;
  const avow_value_t outcome = errand_outcome(errand);
  avow__worker_unref(rest->worker);
  avow__line_give(errand_lines(c), errand);
  avow__port_dismiss(c->threads.port);
  c->requests--;
  (void) avow_resolve(d, outcome); /* it was pending */
}

static void call_back(avow__context_t *c, avow__mail_t *mail) {
  errand_back(c, AVOW__CONTAINER(errand_t, call, mail));
}

static void cancel_back(avow__context_t *c, avow__mail_t *mail) {
  errand_back(c, AVOW__CONTAINER(rest_t, cancel, mail)->errand);
}

/* A home that closes waits for its errands. */
static void send_back(const errand_t *errand, avow__mail_t *mail,
                      const avow__mail_class_t *klass) {
  mail->klass = klass;
  const bool is_there = avow__port_post(errand->home, mail);
  assert(is_there);
  (void) is_there;
}

/* What follows runs on the worker's thread. */

static void errand_answer(errand_t *errand, avow_value_t v) {
  static const avow__mail_class_t klass = { .deliver = call_back };
  errand->answer = avow__crossing("loops run", v);
  send_back(errand, &errand->call, &klass);
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

/* The child that reports holds the parent as well. */
static void run_report(avow__parent_t *parent, uint32_t index,
                       avow_value_t outcome) {
  run_t *run = (run_t *) parent;
  errand_t *errand = run->errand;
  rest_t *rest = rest_of(errand);
  rest->run = NULL;
  run_keep(rest->worker, run);
  errand_answer(errand, outcome);
}

/* That what fn returns can be waited for must be certain before it is
   called. */
static bool have_spare(avow__worker_t *worker) {
  static const avow__parent_class_t klass = { .report = run_report };
  if (worker->spares != NULL)
    return true;
  run_t *run = avow__parent_alloc(&worker->loop, &klass, sizeof(*run));
  if (run != NULL)
    run_keep(worker, run);
  return run != NULL;
}

static void errand_wait(avow__worker_t *worker, errand_t *errand,
                        avow_value_t v) {
  run_t *run = run_reuse(worker);
  run->errand = errand;
  rest_of(errand)->run = run;
  avow__child_add(&run->parent, v, 0);
}

static bool errand_is_wanted(const avow__worker_t *worker,
                             const errand_t *errand) {
  return !atomic_load_explicit(&errand->cancelled, memory_order_relaxed) &&
         !atomic_load_explicit(&worker->stopping, memory_order_relaxed);
}

static void call(avow__context_t *c, avow__mail_t *mail) {
  errand_t *errand = AVOW__CONTAINER(errand_t, call, mail);
  avow__worker_t *worker = AVOW__CONTAINER(avow__worker_t, loop, c->loop);
  avow_value_t v = avow_error(UV_ENOMEM);
  if (!errand_is_wanted(worker, errand))
    v = avow_error(UV_ECANCELED);
  else if (have_spare(worker))
    v = errand->fn(c->loop, errand->data);
  if (v.tag >= AVOW_PROMISE)
    errand_wait(worker, errand, v);
  else
    errand_answer(errand, v);
}

static void call_forget(avow__mail_t *mail) {
  errand_answer(AVOW__CONTAINER(errand_t, call, mail),
                avow_error(UV_ECANCELED));
}

static void cancel_forget(avow__mail_t *mail) {
  static const avow__mail_class_t klass = { .deliver = cancel_back };
  send_back(AVOW__CONTAINER(rest_t, cancel, mail)->errand, mail, &klass);
}

static void cancel(avow__context_t *c, avow__mail_t *mail) {
  const rest_t *rest = AVOW__CONTAINER(rest_t, cancel, mail);
  if (rest->run != NULL)
    avow__children_cancel(&rest->run->parent);
  cancel_forget(mail);
}

/* At home, when mail is sent. */

static void errand_cancel(void *data) {
  static const avow__mail_class_t klass = { .deliver = cancel,
                                            .forget = cancel_forget };
  errand_t *errand = data;
  rest_t *rest = rest_of(errand);
  if (atomic_exchange_explicit(&errand->cancelled, true, memory_order_relaxed))
    return;
  avow__delay_close(rest->deferred); /* the end is under way */
  rest->errand = errand;
  rest->cancel.klass = &klass;
  rest->away++;
  if (!avow__port_post(rest->worker->port, &rest->cancel))
    rest->away--; /* it has ended, and answered */
}

/* Whatever its mail needs is there. */
static void errand_send(avow__context_t *c, errand_t *errand,
                        avow__worker_t *worker) {
  static const avow__mail_class_t klass = { .deliver = call,
                                            .forget = call_forget };
  rest_t *rest = rest_of(errand);
  rest->worker = worker;
  rest->run = NULL;
  rest->away = 1;
  errand->home = c->threads.port;
  errand->call.klass = &klass;
  atomic_init(&errand->cancelled, false);
  atomic_fetch_add_explicit(&worker->refs, 1, memory_order_relaxed);
  avow__port_expect(c->threads.port);
  c->requests++;
  if (avow__port_post(worker->port, &errand->call))
    return;
  errand->answer = avow_error(UV_ECANCELED);
  errand_back(c, errand);
}

static void errands_free(avow__context_t *c) {
  const avow__batch_t *left = avow__lines_leave(errand_lines(c));
  assert(left == NULL); /* the loop has waited for them */
  (void) left;
}

static avow__lines_t *errand_lines_open(avow__context_t *c) {
  static const avow__subsystem_t subsystem = { .free = errands_free };
  errands_t *errands =
      avow__extension_open(c, LOOPS_EXTENSION, &subsystem, sizeof(errands_t));
  return errands != NULL ? &errands->lines : NULL;
}

avow_promise_t *avow__worker_run(avow__worker_t *worker, uv_loop_t *home,
                                 avow_loops_fn fn, void *data) {
  avow__context_t *c = avow__context_of(home);
  avow__check_thread(c);
  const int err = avow__port_open(c);
  if (err != 0)
    return avow_promise_reject(home, avow_error(err));
  avow__lines_t *lines = errand_lines_open(c);
  errand_t *errand = lines != NULL ? avow__line_take_two(lines) : NULL;
  if (errand == NULL)
    return avow__no_promise(c);
  avow_promise_t *p = avow__promise_new_outlasting(c, errand_cancel, errand,
                                                   &rest_of(errand)->deferred);
  if (rest_of(errand)->deferred == NULL) {
    avow__line_give(lines, errand);
    return p;
  }
  errand->fn = fn;
  errand->data = data;
  errand_send(c, errand, worker);
  return p;
}

/* The thread. */

static void obey_stop(avow__context_t *c, avow__mail_t *mail) {
  AVOW__CONTAINER(avow__worker_t, stop, mail)->over = true;
  uv_stop(c->loop);
}

/* What stops a worker that is closing already. */
static void pass_over(avow__mail_t *mail) {
}

static void worker_close_handle(uv_handle_t *handle, void *data) {
  if (!uv_is_closing(handle))
    uv_close(handle, NULL);
}

static void worker_end_loop(avow__worker_t *worker) {
  (void) avow_loop_close(&worker->loop); /* it is open, and this is outside */
  while (worker->spares != NULL)
    avow__parent_unref(&run_reuse(worker)->parent);
  uv_walk(&worker->loop, worker_close_handle, NULL);
  (void) uv_run(&worker->loop, UV_RUN_DEFAULT); /* until all are closed */
  (void) uv_loop_close(&worker->loop);          /* and 0 for that */
}

/* A uv_stop() of the program's is no end: others may run there, too. */
static void run_until_over(avow__worker_t *worker) {
  while (!worker->over && !avow__port_is_closing(worker->port))
    (void) uv_run(&worker->loop, UV_RUN_ONCE); /* over says more */
  if (!worker->over)
    avow__advise(
        "all handles of a loop of avow_loops_new() were closed, which ends it; "
        "close only your own handles");
}

/* Of those who stop it and the thread itself, the later says that it has
   ended. */
static void worker_leave(avow__worker_t *worker) {
  avow_remote_t *ended =
      atomic_exchange(&worker->ended, (avow_remote_t *) (void *) worker);
  if (ended != NULL)
    (void) avow_remote_resolve(ended, avow_none()); /* or home is gone */
}

static void worker_main(void *data) {
  avow__worker_t *worker = data;
  run_until_over(worker);
  atomic_store(&worker->stopping, true);
  avow__port_dismiss(worker->port);
  worker_end_loop(worker);
  worker_leave(worker);
}

/* Its beginning and its end. */

static int open_port(avow__worker_t *worker) {
  avow__context_t *c = avow__context_of(&worker->loop);
  const int err = avow__port_open(c);
  if (err != 0)
    return err;
  worker->port = c->threads.port;
  avow__port_ref(worker->port);
  avow__port_expect(worker->port); /* errands, until it is told to stop */
  return 0;
}

static int open_loop(avow__worker_t *worker) {
  int err = uv_loop_init(&worker->loop);
  if (err != 0)
    return err;
  err = avow_loop_init(&worker->loop, NULL);
  if (err != 0) {
    (void) uv_loop_close(&worker->loop); /* nothing is open */
    return err;
  }
  err = open_port(worker);
  if (err == 0)
    err = uv_thread_create(&worker->thread, worker_main, worker);
  if (err != 0)
    worker_end_loop(worker); /* as at the end of a thread */
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
    (void) avow_remote_resolve(ended, avow_none()); /* nobody else does */
  else
    (void) avow__port_post(worker->port, &worker->stop); /* or it is closing */
  return p;
}

void avow__worker_join(avow__worker_t *worker) {
  (void) uv_thread_join(&worker->thread); /* it is joinable */
}
