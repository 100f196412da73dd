/*
 * Loops on threads of their own. A worker takes orders through a queue under a
 * mutex and a uv_async_t; it answers through a remote of the home loop, so all
 * that is of a loop is touched on its own thread. On both sides a run is a
 * parent: at home its child is the remote's promise, at the worker what fn
 * returned. The job that both share is counted atomically, and so are the
 * loops, which stay until the last job has gone. A loop that ends cancels its
 * jobs, so home can wait for the answers.
 */
#include "loops/loops.h"

#include "avow/cancel.h"
#include "avow/remote.h"
#include "base/alloc.h"
#include "base/misuse.h"
#include "engine/child.h"
#include "io/op.h"
#include "value/cross.h"

typedef struct job_s job_t;

enum { START = 1, CANCEL = 2 };

typedef struct {
  uv_thread_t thread;
  uv_loop_t loop;
  uv_async_t async;
  uv_mutex_t mutex;
  job_t *first, **last;  /* under the mutex, as the next one */
  bool stopping;         /* takes no more orders; async may be gone */
  bool gone;             /* has ended, before anybody asked how that went */
  avow_remote_t *ended;  /* resolved by the thread's last deed */
  bool over;             /* the thread's: the last orders are obeyed */
  atomic_size_t running; /* jobs that were not answered */
} worker_t;

struct avow_loops_s {
  atomic_size_t refs;
  int err;            /* why there are none */
  atomic_bool closed; /* somebody waits for that */
  size_t count;
  worker_t workers[];
};

struct job_s {
  atomic_size_t refs;
  job_t *next; /* under the worker's mutex, as the next two */
  bool queued;
  unsigned orders;
  avow_loops_t *loops;
  worker_t *worker;
  avow_loops_fn fn;
  void *data;
  avow_remote_t *remote;  /* the answer */
  avow__parent_t *served; /* the worker's: while it runs */
};

/* The run at the worker: its child is what fn returned. */
typedef struct {
  avow__parent_t parent;
  job_t *job;
} served_t;

/* The run at home: its child is the answer. */
typedef struct {
  avow__parent_t parent;
  job_t *job;
  bool asked; /* home's end waits for the answer */
} run_t;

/* What a program without memory may ask in vain. */
static avow_loops_t nobody = { .err = UV_ENOMEM };

static avow_loops_t *given(const avow_loops_t *loops) {
  if (avow__is_gone(loops))
    avow__misuse("these loops are gone: avow_loops_close() took them before");
  if (loops != NULL)
    return (void *) avow__mutable(loops);
  avow__misuse_of_null("a set of loops");
  return &nobody;
}

avow_loops_t *avow__loops_ref(const avow_loops_t *loops) {
  avow_loops_t *same = given(loops);
  atomic_fetch_add_explicit(&same->refs, 1, memory_order_relaxed);
  return same;
}

int avow__loops_err(const avow_loops_t *loops) {
  return given(loops)->err;
}

void avow__loops_unref(avow_loops_t *loops) {
  if (atomic_fetch_sub_explicit(&loops->refs, 1, memory_order_acq_rel) > 1)
    return;
  for (size_t i = 0; i < loops->count; i++)
    uv_mutex_destroy(&loops->workers[i].mutex);
  avow__note_gone(loops);
  avow__free(loops);
}

static void job_unref(job_t *job) {
  if (atomic_fetch_sub_explicit(&job->refs, 1, memory_order_acq_rel) > 1)
    return;
  avow__loops_unref(job->loops);
  avow__free(job);
}

/* Gives the worker an order; false if it takes no more. A job is in the queue
   at most once. */
static bool post(job_t *job, unsigned order) {
  worker_t *worker = job->worker;
  uv_mutex_lock(&worker->mutex);
  const bool taken = !worker->stopping;
  job->orders |= order;
  if (taken && !job->queued) {
    atomic_fetch_add_explicit(&job->refs, 1, memory_order_relaxed);
    job->queued = true;
    job->next = NULL;
    *worker->last = job;
    worker->last = &job->next;
    (void) uv_async_send(&worker->async); /* fails on other handles only */
  }
  uv_mutex_unlock(&worker->mutex);
  return taken;
}

static job_t *loops_take(worker_t *worker, unsigned *orders) {
  uv_mutex_lock(&worker->mutex);
  job_t *job = worker->first;
  if (job != NULL) {
    worker->first = job->next;
    if (job->next == NULL)
      worker->last = &worker->first;
    job->queued = false;
    *orders = job->orders | (worker->stopping ? CANCEL : 0);
    job->orders = 0;
  }
  uv_mutex_unlock(&worker->mutex);
  return job;
}

/* What follows runs at the worker. */

static void loops_answer(job_t *job, avow_value_t v) {
  job->served = NULL;
  atomic_fetch_sub_explicit(&job->worker->running, 1, memory_order_relaxed);
  v = avow__crossing("loops run", v);
  (void) avow_remote_resolve(job->remote, v); /* or home is gone */
  job_unref(job);
}

static void served_report(avow__parent_t *parent, uint32_t index,
                          avow_value_t outcome) {
  loops_answer(((served_t *) parent)->job, outcome);
}

static void served_destroy(avow__parent_t *parent) {
}

static const avow__parent_class_t served_class = { .report = served_report,
                                                   .destroy = served_destroy };

static void loops_start(job_t *job) {
  uv_loop_t *loop = &job->worker->loop;
  served_t *served = avow__parent_alloc(loop, &served_class, sizeof(*served));
  if (served == NULL) {
    loops_answer(job, avow_error(UV_ENOMEM));
    return;
  }
  served->job = job;
  job->served = &served->parent;
  const avow_value_t v = job->fn(loop, job->data);
  if (v.tag >= AVOW_PROMISE)
    avow__child_add(&served->parent, v, 0);
  else
    loops_answer(job, v);
  avow__parent_unref(&served->parent);
}

static void obey(job_t *job, unsigned orders) {
  if (orders == START)
    loops_start(job);
  else if ((orders & START) != 0)
    loops_answer(job, avow_error(UV_ECANCELED));
  else if (job->served != NULL)
    avow__children_cancel(job->served);
}

/* Nobody posts to one that is stopping: after that this leaves nothing. */
static void obey_all(worker_t *worker) {
  avow__context_t *c = avow__context_of(&worker->loop);
  unsigned orders;
  job_t *job;
  avow__enter(c);
  while ((job = loops_take(worker, &orders)) != NULL) {
    obey(job, orders);
    job_unref(job);
    avow__end_task(c);
  }
  avow__leave(c);
}

static void on_orders(uv_async_t *async) {
  worker_t *worker = async->data;
  uv_mutex_lock(&worker->mutex);
  const bool stopping = worker->stopping;
  uv_mutex_unlock(&worker->mutex);
  obey_all(worker);
  worker->over = stopping;
  if (stopping)
    uv_stop(&worker->loop);
}

static void loops_close_handle(uv_handle_t *handle, void *data) {
  if (!uv_is_closing(handle))
    uv_close(handle, NULL);
}

static void end_loop(worker_t *worker) {
  uv_walk(&worker->loop, loops_close_handle, NULL);
  (void) uv_run(&worker->loop, UV_RUN_DEFAULT); /* until all are closed */
  (void) uv_loop_close(&worker->loop);          /* and 0 for that */
}

/* A uv_stop() of the program's is no end: others may run there, too. */
static void run_until_over(worker_t *worker) {
  const uv_handle_t *async = (const uv_handle_t *) &worker->async;
  while (!worker->over && !uv_is_closing(async))
    (void) uv_run(&worker->loop, UV_RUN_ONCE); /* over says more */
}

/* Who closed all handles there has closed the one that orders come by. */
static void refuse_orders(worker_t *worker) {
  avow__advise(
      "all handles of a loop of avow_loops_new() were closed, which ends it: "
      "close none there but your own");
  uv_mutex_lock(&worker->mutex);
  worker->stopping = true;
  uv_mutex_unlock(&worker->mutex);
  obey_all(worker);
}

static void loops_leave(worker_t *worker) {
  uv_mutex_lock(&worker->mutex);
  worker->gone = true;
  avow_remote_t *ended = worker->ended; /* NULL if nobody has asked yet */
  uv_mutex_unlock(&worker->mutex);
  if (ended != NULL)
    (void) avow_remote_resolve(ended, avow_none()); /* or home is gone */
}

static void worker_main(void *data) {
  worker_t *worker = data;
  run_until_over(worker);
  if (!worker->over)
    refuse_orders(worker);
  (void) avow_loop_close(&worker->loop); /* it is open, and this is outside */
  end_loop(worker);
  loops_leave(worker);
}

/* What follows runs at home. */

static void run_report(avow__parent_t *parent, uint32_t index,
                       avow_value_t outcome) {
  if (((run_t *) parent)->asked)
    parent->context->requests--;
  avow__parent_settle(parent, outcome);
}

/* The answer will come all the same, unless there was no memory to ask. */
static void run_cancel(avow__parent_t *parent) {
  job_t *job = ((run_t *) parent)->job;
  if (job != NULL)
    (void) post(job, CANCEL); /* or it is cancelled anyway */
}

static void run_destroy(avow__parent_t *parent) {
  job_t *job = ((run_t *) parent)->job;
  if (job != NULL)
    job_unref(job);
}

static const avow__parent_class_t run_class = { .report = run_report,
                                                .cancel = run_cancel,
                                                .destroy = run_destroy };

static worker_t *least_busy(avow_loops_t *loops) {
  worker_t *least = &loops->workers[0];
  for (size_t i = 1; i < loops->count; i++) {
    worker_t *one = &loops->workers[i];
    if (atomic_load_explicit(&one->running, memory_order_relaxed) <
        atomic_load_explicit(&least->running, memory_order_relaxed))
      least = one;
  }
  return least;
}

/* Makes a job with two references, home's and the worker's. NULL without
   memory. */
static job_t *job_new(avow_loops_t *loops, size_t index, avow_loops_fn fn,
                      void *data) {
  job_t *job = avow__calloc(1, sizeof(*job));
  if (job == NULL)
    return NULL;
  const bool any = index == AVOW_LEAST_BUSY;
  job->worker = any ? least_busy(loops) : &loops->workers[index];
  job->loops = avow__loops_ref(loops);
  atomic_init(&job->refs, 2);
  job->fn = fn;
  job->data = data;
  return job;
}

static void loops_begin(run_t *run, job_t *job) {
  avow__context_t *c = run->parent.context;
  avow_promise_t *p = avow_remote_new(c->loop, &job->remote);
  const bool waits = avow_state(p) == AVOW_PENDING;
  avow__child_add(&run->parent, avow_follow(p), 0);
  if (!waits || run->parent.running == 0) { /* there is no memory to wait */
    avow_remote_drop(job->remote);
    job_unref(job);
    return;
  }
  avow__await_to_the_end(p); /* its child and its remote keep it */
  run->asked = true;
  c->requests++;
  atomic_fetch_add_explicit(&job->worker->running, 1, memory_order_relaxed);
  if (!post(job, START))
    loops_answer(job, avow_error(UV_ECANCELED));
}

avow_promise_t *avow_loops_run(const avow_loops_t *loops, size_t index,
                               uv_loop_t *home, avow_loops_fn fn, void *data) {
  loops = given(loops);
  int err = loops->err;
  if (err == 0 &&
      (fn == NULL || (index >= loops->count && index != AVOW_LEAST_BUSY)))
    err = UV_EINVAL;
  if (err != 0)
    return avow__refuse(home, err, "loops run", NULL);
  avow_promise_t *p;
  run_t *run = avow__parent_new(home, &run_class, sizeof(*run), &p);
  if (run == NULL)
    return p;
  run->job = job_new(given(loops), index, fn, data);
  if (run->job != NULL)
    loops_begin(run, run->job);
  else
    avow__parent_settle(&run->parent, avow_error(UV_ENOMEM));
  avow__parent_unref(&run->parent);
  return p;
}

/* Beginning and end. */

static int open_loop(worker_t *worker) {
  int err = uv_loop_init(&worker->loop);
  if (err != 0)
    return err;
  err = avow_loop_init(&worker->loop, NULL);
  if (err != 0) {
    (void) uv_loop_close(&worker->loop); /* nothing is open */
    return err;
  }
  err = uv_async_init(&worker->loop, &worker->async, on_orders);
  worker->async.data = worker;
  if (err == 0)
    err = uv_thread_create(&worker->thread, worker_main, worker);
  if (err != 0) {
    (void) avow_loop_close(&worker->loop); /* as at the end of a thread */
    end_loop(worker);
  }
  return err;
}

static int worker_init(worker_t *worker) {
  int err = uv_mutex_init(&worker->mutex);
  if (err != 0)
    return err;
  worker->last = &worker->first;
  err = open_loop(worker);
  if (err != 0)
    uv_mutex_destroy(&worker->mutex);
  return err;
}

/* Makes fewer loops than were wanted if need be. */
avow_loops_t *avow_loops_new(size_t count) {
  const size_t wanted = count > 0 ? count : uv_available_parallelism();
  const size_t most = (SIZE_MAX - sizeof(avow_loops_t)) / sizeof(worker_t);
  avow_loops_t *loops = NULL;
  if (wanted <= most)
    loops = avow__calloc(1, sizeof(*loops) + wanted * sizeof(worker_t));
  if (loops == NULL)
    return &nobody;
  avow__note_there(loops);
  atomic_init(&loops->refs, 1);
  while (loops->count < wanted && loops->err == 0) {
    loops->err = worker_init(&loops->workers[loops->count]);
    loops->count += loops->err == 0;
  }
  if (loops->count > 0)
    loops->err = 0;
  return loops;
}

size_t avow_loops_count(const avow_loops_t *loops) {
  return given(loops)->count;
}

static avow_promise_t *loops_stop(worker_t *worker, uv_loop_t *home) {
  avow_remote_t *ended;
  avow_promise_t *p = avow_remote_new(home, &ended);
  uv_mutex_lock(&worker->mutex);
  worker->ended = ended;
  const bool gone = worker->gone;
  if (!worker->stopping)
    (void) uv_async_send(&worker->async); /* fails on other handles only */
  worker->stopping = true;
  uv_mutex_unlock(&worker->mutex);
  if (gone)
    (void) avow_remote_resolve(ended, avow_none()); /* nobody else does */
  return p;
}

/* What waits while the loops are being closed: its children are the ends of
   threads. */
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

/* The threads have ended, or home can wait no longer. */
static void join(avow_loops_t *loops) {
  for (size_t i = 0; i < loops->count; i++)
    (void) uv_thread_join(&loops->workers[i].thread); /* it is joinable */
  avow__loops_unref(loops);
}

static void closing_destroy(avow__parent_t *parent) {
  join(((closing_t *) parent)->loops);
}

/* None, if they may be: a thread cannot wait for itself. */
static avow_value_t not_to_be_closed(avow_loops_t *loops) {
  const uv_thread_t self = uv_thread_self();
  for (size_t i = 0; i < loops->count; i++)
    if (uv_thread_equal(&self, &loops->workers[i].thread) != 0)
      return avow_error_new(UV_EINVAL, avow_none(),
                            "loops close: on a thread of these loops");
  if (!atomic_exchange(&loops->closed, true))
    return avow_none();
  avow__misuse("these loops were closed already, by avow_loops_close()");
  return avow_error(AVOW_EMISUSE);
}

avow_promise_t *avow_loops_close(avow_loops_t *loops, uv_loop_t *home) {
  static const avow__parent_class_t closing_class = {
    .report = closing_report,
    .cancel = closing_cancel,
    .destroy = closing_destroy,
  };
  loops = loops != NULL ? given(loops) : &nobody;
  if (loops->count == 0) {
    if (loops != &nobody)
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
    avow_promise_t *ended = loops_stop(&loops->workers[i], home);
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
