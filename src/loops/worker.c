/*
 * The worker's side of loops on threads of their own. A worker takes orders
 * through a queue under a mutex and a uv_async_t, and answers through a remote
 * of the home loop, so all that is of a loop is touched on its own thread. An
 * errand is counted atomically, for both sides hold it, and so is the worker,
 * which stays until its last errand has gone.
 */
#include "loops/worker.h"

#include "base/alloc.h"
#include "base/misuse.h"
#include "engine/child.h"
#include "io/op.h"
#include "value/cross.h"

enum { START = 1, CANCEL = 2 };

struct avow__worker_s {
  atomic_size_t refs;
  uv_thread_t thread;
  uv_loop_t loop;
  uv_async_t async;
  uv_mutex_t mutex;
  avow__errand_t *first, **last; /* under the mutex, as the next three */
  bool stopping;                 /* takes no more orders; async may be gone */
  bool gone;            /* has ended, before anybody asked how that went */
  avow_remote_t *ended; /* resolved by the thread's last deed */
  bool over;            /* the thread's: the last orders are obeyed */
  atomic_size_t load;
};

struct avow__errand_s {
  atomic_size_t refs;
  avow__errand_t *next; /* under the worker's mutex, as the next two */
  bool queued;
  unsigned orders;
  avow__worker_t *worker;
  avow_loops_fn fn;
  void *data;
  avow_remote_t *answer;
  avow__parent_t *run; /* the worker's, while it runs */
};

/* The run: its child is what fn returned. */
typedef struct {
  avow__parent_t parent;
  avow__errand_t *errand;
} run_t;

void avow__worker_unref(avow__worker_t *worker) {
  if (atomic_fetch_sub_explicit(&worker->refs, 1, memory_order_acq_rel) > 1)
    return;
  uv_mutex_destroy(&worker->mutex);
  avow__free(worker);
}

static void errand_ref(avow__errand_t *errand) {
  atomic_fetch_add_explicit(&errand->refs, 1, memory_order_relaxed);
}

void avow__errand_unref(avow__errand_t *errand) {
  if (atomic_fetch_sub_explicit(&errand->refs, 1, memory_order_acq_rel) > 1)
    return;
  avow__worker_unref(errand->worker);
  avow__free(errand);
}

/* Gives the worker an order; false if it takes no more. An errand is in the
   queue at most once. */
static bool post(avow__errand_t *errand, unsigned order) {
  avow__worker_t *worker = errand->worker;
  uv_mutex_lock(&worker->mutex);
  const bool taken = !worker->stopping;
  errand->orders |= order;
  if (taken && !errand->queued) {
    errand_ref(errand);
    errand->queued = true;
    errand->next = NULL;
    *worker->last = errand;
    worker->last = &errand->next;
    (void) uv_async_send(&worker->async); /* fails on other handles only */
  }
  uv_mutex_unlock(&worker->mutex);
  return taken;
}

static avow__errand_t *take_errand(avow__worker_t *worker, unsigned *orders) {
  uv_mutex_lock(&worker->mutex);
  avow__errand_t *errand = worker->first;
  if (errand != NULL) {
    worker->first = errand->next;
    if (errand->next == NULL)
      worker->last = &worker->first;
    errand->queued = false;
    *orders = errand->orders | (worker->stopping ? CANCEL : 0);
    errand->orders = 0;
  }
  uv_mutex_unlock(&worker->mutex);
  return errand;
}

/* The worker's reference goes. */
static void errand_answer(avow__errand_t *errand, avow_value_t v) {
  errand->run = NULL;
  atomic_fetch_sub_explicit(&errand->worker->load, 1, memory_order_relaxed);
  v = avow__crossing("loops run", v);
  (void) avow_remote_resolve(errand->answer, v); /* or home is gone */
  avow__errand_unref(errand);
}

void avow__errand_start(avow__errand_t *errand, avow_remote_t *answer) {
  errand_ref(errand);
  errand->answer = answer;
  atomic_fetch_add_explicit(&errand->worker->load, 1, memory_order_relaxed);
  if (!post(errand, START))
    errand_answer(errand, avow_error(UV_ECANCELED));
}

void avow__errand_cancel(avow__errand_t *errand) {
  (void) post(errand, CANCEL); /* or it is cancelled anyway */
}

avow__errand_t *avow__errand_new(avow__worker_t *worker, avow_loops_fn fn,
                                 void *data) {
  avow__errand_t *errand = avow__calloc(1, sizeof(*errand));
  if (errand == NULL)
    return NULL;
  atomic_init(&errand->refs, 1);
  atomic_fetch_add_explicit(&worker->refs, 1, memory_order_relaxed);
  errand->worker = worker;
  errand->fn = fn;
  errand->data = data;
  return errand;
}

/* What follows runs on the worker's thread. */

static void errand_report(avow__parent_t *parent, uint32_t index,
                          avow_value_t outcome) {
  errand_answer(((run_t *) parent)->errand, outcome);
}

static const avow__parent_class_t run_class = { .report = errand_report };

static void errand_run(avow__errand_t *errand) {
  uv_loop_t *loop = &errand->worker->loop;
  run_t *run = avow__parent_alloc(loop, &run_class, sizeof(*run));
  if (run == NULL) {
    errand_answer(errand, avow_error(UV_ENOMEM));
    return;
  }
  run->errand = errand;
  errand->run = &run->parent;
  const avow_value_t v = errand->fn(loop, errand->data);
  if (v.tag >= AVOW_PROMISE)
    avow__child_add(&run->parent, v, 0);
  else
    errand_answer(errand, v);
  avow__parent_unref(&run->parent);
}

static void obey(avow__errand_t *errand, unsigned orders) {
  if (orders == START)
    errand_run(errand);
  else if ((orders & START) != 0)
    errand_answer(errand, avow_error(UV_ECANCELED));
  else if (errand->run != NULL)
    avow__children_cancel(errand->run);
}

/* Nobody posts to one that is stopping: after that this leaves nothing. */
static void obey_all(avow__worker_t *worker) {
  avow__context_t *c = avow__context_of(&worker->loop);
  unsigned orders;
  avow__errand_t *errand;
  avow__enter(c);
  while ((errand = take_errand(worker, &orders)) != NULL) {
    obey(errand, orders);
    avow__errand_unref(errand);
    avow__end_task(c);
  }
  avow__leave(c);
}

static void on_orders(uv_async_t *async) {
  avow__worker_t *worker = async->data;
  uv_mutex_lock(&worker->mutex);
  const bool stopping = worker->stopping;
  uv_mutex_unlock(&worker->mutex);
  obey_all(worker);
  worker->over = stopping;
  if (stopping)
    uv_stop(&worker->loop);
}

static void worker_close_handle(uv_handle_t *handle, void *data) {
  if (!uv_is_closing(handle))
    uv_close(handle, NULL);
}

static void end_loop(avow__worker_t *worker) {
  (void) avow_loop_close(&worker->loop); /* it is open, and this is outside */
  uv_walk(&worker->loop, worker_close_handle, NULL);
  (void) uv_run(&worker->loop, UV_RUN_DEFAULT); /* until all are closed */
  (void) uv_loop_close(&worker->loop);          /* and 0 for that */
}

/* A uv_stop() of the program's is no end: others may run there, too. */
static void run_until_over(avow__worker_t *worker) {
  const uv_handle_t *async = (const uv_handle_t *) &worker->async;
  while (!worker->over && !uv_is_closing(async))
    (void) uv_run(&worker->loop, UV_RUN_ONCE); /* over says more */
}

/* Who closed all handles there has closed the one that orders come by. */
static void refuse_orders(avow__worker_t *worker) {
  avow__advise(
      "all handles of a loop of avow_loops_new() were closed, which ends it: "
      "close none there but your own");
  uv_mutex_lock(&worker->mutex);
  worker->stopping = true;
  uv_mutex_unlock(&worker->mutex);
  obey_all(worker);
}

static void worker_leave(avow__worker_t *worker) {
  uv_mutex_lock(&worker->mutex);
  worker->gone = true;
  avow_remote_t *ended = worker->ended; /* NULL if nobody has asked yet */
  uv_mutex_unlock(&worker->mutex);
  if (ended != NULL)
    (void) avow_remote_resolve(ended, avow_none()); /* or home is gone */
}

static void worker_main(void *data) {
  avow__worker_t *worker = data;
  run_until_over(worker);
  if (!worker->over)
    refuse_orders(worker);
  end_loop(worker);
  worker_leave(worker);
}

/* Its beginning and its end. */

static int open_loop(avow__worker_t *worker) {
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
  if (err != 0)
    end_loop(worker); /* as at the end of a thread */
  return err;
}

avow__worker_t *avow__worker_new(int *err) {
  avow__worker_t *worker = avow__calloc(1, sizeof(*worker));
  *err = worker != NULL ? uv_mutex_init(&worker->mutex) : UV_ENOMEM;
  if (*err != 0) {
    avow__free(worker);
    return NULL;
  }
  atomic_init(&worker->refs, 1);
  worker->last = &worker->first;
  *err = open_loop(worker);
  if (*err == 0)
    return worker;
  avow__worker_unref(worker);
  return NULL;
}

size_t avow__worker_load(const avow__worker_t *worker) {
  return atomic_load_explicit(&worker->load, memory_order_relaxed);
}

bool avow__worker_is_here(const avow__worker_t *worker) {
  const uv_thread_t self = uv_thread_self();
  return uv_thread_equal(&self, &worker->thread) != 0;
}

avow_promise_t *avow__worker_stop(avow__worker_t *worker, uv_loop_t *home) {
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

void avow__worker_join(avow__worker_t *worker) {
  (void) uv_thread_join(&worker->thread); /* it is joinable */
}
