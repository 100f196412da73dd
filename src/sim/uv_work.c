/* SPDX-License-Identifier: MIT */
/* Jobs for the pool, random bytes, and canceling jobs that wait for a
   thread. */
#include <limits.h>

#include "base/container.h"
#include "sim/chance.h"
#include "sim/thread_pool.h"

SIM_ANCHOR(work)

typedef struct {
  sim_job_t job;
  uv_work_t *request;
} chore_t;

static void chore_work(sim_job_t *job) {
  uv_work_t *request = AVOW__CONTAINER(chore_t, job, job)->request;
  request->work_cb(request);
}

static void chore_done(sim_job_t *job, int status) {
  chore_t *chore = AVOW__CONTAINER(chore_t, job, job);
  uv_work_t *request = chore->request;
  sim_free(chore);
  if (request->after_work_cb != NULL)
    request->after_work_cb(request, status);
}

int uv_queue_work(uv_loop_t *loop, uv_work_t *request, uv_work_cb work_cb,
                  uv_after_work_cb after_work_cb) {
  if (work_cb == NULL)
    return UV_EINVAL;
  chore_t *chore = sim_alloc(sizeof(*chore));
  chore->job = (sim_job_t){ .loop = loop,
                            .request = (uv_req_t *) request,
                            .what = "work",
                            .work = chore_work,
                            .done = chore_done };
  chore->request = request;
  request->type = UV_WORK;
  request->loop = loop;
  request->work_cb = work_cb;
  request->after_work_cb = after_work_cb;
  sim_job_start(&chore->job);
  return 0;
}

typedef struct {
  sim_job_t job;
  uv_random_t *request;
  void *at;
  size_t len;
  uv_random_cb cb;
} random_t;

static void random_fill(sim_job_t *job) {
  const random_t *random = AVOW__CONTAINER(random_t, job, job);
  sim_fill(random->at, random->len);
}

static void random_done(sim_job_t *job, int status) {
  random_t *random = AVOW__CONTAINER(random_t, job, job);
  const random_t it = *random;
  sim_free(random);
  it.cb(it.request, status, it.at, it.len);
}

static void random_start(uv_loop_t *loop, uv_random_t *request, void *at,
                         size_t len, uv_random_cb cb) {
  random_t *random = sim_alloc(sizeof(*random));
  *random = (random_t){ .job = { .loop = loop,
                                 .request = (uv_req_t *) request,
                                 .what = "work.random",
                                 .work = random_fill,
                                 .done = random_done },
                        .request = request,
                        .at = at,
                        .len = len,
                        .cb = cb };
  request->type = UV_RANDOM;
  request->loop = loop;
  sim_job_start(&random->job);
}

int uv_random(uv_loop_t *loop, uv_random_t *request, void *buf, size_t buflen,
              unsigned int flags, uv_random_cb cb) {
  if (buflen > INT_MAX)
    return UV_E2BIG;
  if (flags != 0)
    return UV_EINVAL;
  if (loop == NULL || cb == NULL)
    sim_fill(buf, buflen);
  else
    random_start(loop, request, buf, buflen, cb);
  return 0;
}

int uv_cancel(uv_req_t *request) {
  const uv_req_type type = request->type;
  if (type == UV_FS || type == UV_WORK || type == UV_RANDOM ||
      type == UV_GETADDRINFO || type == UV_GETNAMEINFO)
    return sim_job_cancel(request->reserved[0]);
  return UV_EINVAL;
}
