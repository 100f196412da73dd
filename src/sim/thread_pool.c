/* SPDX-License-Identifier: MIT */
#include "sim/thread_pool.h"

#include <assert.h>

#include "base/container.h"
#include "sim/chance.h"
#include "sim/event_log.h"
#include "sim/uv_handle.h"
#include "sim/world.h"

enum { THREADS = 4 };

static void work_begins(sim_task_t *task);
static void work_ends(sim_task_t *task);

static sim_job_t *job_of(sim_task_t *task) {
  return AVOW__CONTAINER(sim_job_t, task, task);
}

static void job_take(sim_job_t *job) {
  sim_world.working++;
  job->stage = SIM_READY;
  sim_task_set(&job->task, sim_delay("pool"), work_begins);
}

/* A thread is free and takes the next job. */
static void thread_leave(void) {
  sim_world.working--;
  if (sim_world.jobs == NULL)
    return;
  avow__link_t *link = avow__list_take_first(&sim_world.jobs);
  job_take(AVOW__CONTAINER(sim_job_t, link, link));
}

static void job_is_done(sim_job_t *job, int status) {
  sim_request_end(job->loop);
  job->request->reserved[0] = NULL;
  sim_note("%s ends%s", job->what, status == 0 ? "" : ", canceled");
  job->done(job, status);
}

static void work_begins(sim_task_t *task) {
  sim_job_t *job = job_of(task);
  job->stage = SIM_WORKING;
  sim_note("%s begins", job->what);
  if (job->work != NULL)
    job->work(job);
  sim_task_set(task, sim_delay(job->what), work_ends);
}

static void work_ends(sim_task_t *task) {
  thread_leave();
  job_is_done(job_of(task), 0);
}

static void cancel_is_heard(sim_task_t *task) {
  job_is_done(job_of(task), UV_ECANCELED);
}

void sim_job_start(sim_job_t *job) {
  assert(job->stage == 0 && job->done != NULL);
  job->task.loop = job->loop;
  job->request->reserved[0] = job;
  sim_request_begin(job->loop);
  if (sim_world.working < THREADS) {
    job_take(job);
    return;
  }
  job->stage = SIM_QUEUED;
  avow__list_append(&sim_world.jobs, &job->link);
}

int sim_job_cancel(sim_job_t *job) {
  if (job == NULL || job->stage > SIM_READY)
    return UV_EBUSY;
  if (job->stage == SIM_QUEUED)
    avow__list_remove(&sim_world.jobs, &job->link);
  sim_task_unset(&job->task);
  if (job->stage == SIM_READY)
    thread_leave();
  job->stage = SIM_CANCELED;
  sim_task_set(&job->task, 0, cancel_is_heard);
  return 0;
}

bool sim_thread_pool_is_idle(void) {
  return sim_world.working == 0;
}
