/*
 * Work for the threads of libuv's pool: jobs, and the program's own functions
 * as jobs. A job's function and its result are the thread's while it runs; what
 * ends it, late or never run, ends it on the loop's thread.
 */
#include "work.h"

#include <limits.h>

#include "avow/cancel.h"
#include "avow/work.h"

static void work(uv_work_t *req) {
  avow__job_t *job = req->data;
  job->result = job->run(job);
}

static void after_work(uv_work_t *req, int status) {
  avow__job_t *job = req->data;
  avow__context_t *c = job->op.context;
  if (status < 0) /* cancelled before its turn: it is rejected already */
    job->result = avow_error(status);
  avow__enter(c);
  if (job->end != NULL)
    job->end(job);
  (void) avow__op_end(&job->op, job->result); /* cancelled: it is released */
  avow__leave(c);
}

static void cancel(void *data) {
  avow__job_t *job = data;
  atomic_store_explicit(&job->unwanted, true, memory_order_relaxed);
  (void) uv_cancel((uv_req_t *) &job->req); /* or it ends unheard */
}

void *avow__job_new(uv_loop_t *loop, size_t size, avow_promise_t **out) {
  avow__job_t *job = avow__op_new(loop, size, out);
  if (job != NULL)
    atomic_init(&job->unwanted, false);
  return job;
}

void avow__job_start(avow__job_t *job) {
  job->req.data = job;
  avow_on_cancel(job->op.deferred, cancel, job);
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

avow_promise_t *avow_work(uv_loop_t *loop, avow_fn fn, void *data,
                          void (*free_fn)(void *)) {
  avow_promise_t *p;
  call_t *call = NULL;
  if (fn != NULL)
    call = avow__job_new(loop, sizeof(*call), &p);
  else
    p = avow__op_refuse(loop, UV_EINVAL, "work", NULL);
  if (call == NULL) {
    if (free_fn != NULL)
      free_fn(data);
    return p;
  }
  call->job.run = run_call;
  call->job.end = end_call;
  call->fn = fn;
  call->data = data;
  call->free_fn = free_fn;
  avow__job_start(&call->job);
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
  return avow__op_error(err, "random", NULL);
}

avow_promise_t *avow_random(uv_loop_t *loop, size_t len) {
  if (len > INT_MAX) /* as uv_random() does, but before the memory is there */
    return avow__op_refuse(loop, UV_E2BIG, "random", NULL);
  avow_promise_t *p;
  random_t *random = avow__job_new(loop, sizeof(*random), &p);
  if (random == NULL)
    return p;
  random->job.run = run_random;
  random->len = len;
  avow__job_start(&random->job);
  return p;
}
