/*
 * Work for the threads of libuv's pool: jobs, and the program's own functions
 * as jobs. A job's function and its result are the thread's while it runs; what
 * ends it, late or never run, ends it on the loop's thread.
 */
#include "io/work.h"

#include <limits.h>

#include "avow/cancel.h"
#include "avow/random.h"
#include "avow/work.h"

/* What this thread runs; NULL elsewhere. */
static _Thread_local const avow__job_t *running;

static void work(uv_work_t *req) {
  avow__job_t *job = req->data;
  running = job;
  job->result = job->run(job);
  running = NULL;
}

bool avow_work_is_wanted(void) {
  return running == NULL || !avow__job_is_unwanted(running);
}

/* What nobody wants to have is released. */
static avow_value_t work_outcome(const avow__job_t *job) {
  if (!avow__job_is_unwanted(job))
    return job->result;
  avow__value_unref(job->result);
  return avow_error(UV_ECANCELED);
}

static void after_work(uv_work_t *req, int status) {
  avow__job_t *job = req->data;
  avow__context_t *c = job->op.context;
  if (status < 0) /* cancelled before its turn: it is rejected already */
    job->result = avow_error(status);
  avow__enter(c);
  if (job->end != NULL)
    job->end(job);
  (void) avow__op_end(&job->op, work_outcome(job)); /* or it is already */
  avow__leave(c);
}

static void work_cancel(void *data) {
  avow__job_t *job = data;
  atomic_store_explicit(&job->unwanted, true, memory_order_relaxed);
  (void) uv_cancel((uv_req_t *) &job->req); /* or it ends unheard */
}

/* Only what no thread has taken is over at once. */
static void cancel_held(void *data) {
  avow__job_t *job = data;
  atomic_store_explicit(&job->unwanted, true, memory_order_relaxed);
  if (uv_cancel((uv_req_t *) &job->req) < 0)
    return;
  avow_deferred_t *d = avow_deferred_ref(job->op.deferred);
  (void) avow_resolve(d, avow_error(UV_ECANCELED)); /* it was pending */
}

void avow__job_hold(avow__job_t *job) {
  avow_deferred_t *d = job->op.deferred;
  avow_on_cancel(d, cancel_held, job);
  avow__hold(d);
}

void *avow__job_new(uv_loop_t *loop, size_t size, avow_promise_t **out) {
  avow__job_t *job = avow__op_new(loop, size, out);
  if (job != NULL)
    atomic_init(&job->unwanted, false);
  return job;
}

void avow__job_start(avow__job_t *job) {
  job->req.data = job;
  avow_on_cancel(job->op.deferred, work_cancel, job);
  (void) uv_queue_work(job->op.context->loop, &job->req, work,
                       after_work); /* fails on no function only */
  avow__op_started(&job->op);
}

typedef struct {
  avow__job_t job;
  avow_fn fn;
  void *data;
  void (*free_fn)(void *data);
} call_t;

static avow_value_t run_call(avow__job_t *job) {
  const call_t *call = (const call_t *) job;
  return call->fn(call->data);
}

static void end_call(avow__job_t *job) {
  const call_t *call = (const call_t *) job;
  if (call->free_fn != NULL)
    call->free_fn(call->data);
  if (job->result.tag != AVOW_PROMISE)
    return;
  avow__misuse(
      "the function of avow_work() returned a promise: promises are the "
      "loop's thread's; begin what is to follow in a handler");
  avow__value_unref(job->result);
  job->result = avow_error(AVOW_EMISUSE);
}

/* Makes the job that calls fn. NULL, with the rejection in *out, if it cannot
   be made. */
static avow__job_t *work_call(uv_loop_t *loop, avow_fn fn, void *data,
                              void (*free_fn)(void *), avow_promise_t **out) {
  call_t *call = NULL;
  if (fn != NULL)
    call = avow__job_new(loop, sizeof(*call), out);
  else
    *out = avow__refuse(loop, UV_EINVAL, "work", NULL);
  if (call == NULL) {
    if (free_fn != NULL)
      free_fn(data);
    return NULL;
  }
  call->job.run = run_call;
  call->job.end = end_call;
  call->fn = fn;
  call->data = data;
  call->free_fn = free_fn;
  avow__job_start(&call->job);
  return &call->job;
}

avow_promise_t *avow_work(uv_loop_t *loop, avow_fn fn, void *data,
                          void (*free_fn)(void *)) {
  avow_promise_t *p;
  avow__job_t *job = work_call(loop, fn, data, free_fn, &p);
  if (job != NULL)
    avow__job_hold(job);
  return p;
}

avow_promise_t *avow_work_detached(uv_loop_t *loop, avow_fn fn, void *data,
                                   void (*free_fn)(void *)) {
  avow_promise_t *p;
  (void) work_call(loop, fn, data, free_fn,
                   &p); /* p says whether it was made */
  return p;
}

typedef struct {
  avow__job_t job;
  size_t len;
} random_t;

static avow_value_t run_random(avow__job_t *job) {
  const size_t len = ((const random_t *) job)->len;
  char *data = NULL;
  const avow_value_t bytes = avow_bytes_new(len, &data);
  if (data == NULL)
    return bytes;
  const int err = uv_random(NULL, NULL, data, len, 0, NULL);
  if (err == 0)
    return bytes;
  avow__value_unref(bytes);
  return avow__error_of(err, "random", NULL);
}

avow_promise_t *avow_random(uv_loop_t *loop, size_t len) {
  if (len > INT_MAX) /* as uv_random() does, but before the memory is there */
    return avow__refuse(loop, UV_E2BIG, "random", NULL);
  avow_promise_t *p;
  random_t *random = avow__job_new(loop, sizeof(*random), &p);
  if (random == NULL)
    return p;
  random->job.run = run_random;
  random->len = len;
  avow__job_start(&random->job);
  return p;
}
