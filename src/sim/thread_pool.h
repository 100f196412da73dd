/* SPDX-License-Identifier: MIT */
/*
 * The thread pool, without threads. A job waits for one of four threads, as
 * many as libuv has. It then does its work in one step, and its loop learns of
 * that some time later. A job can be canceled while it waits. Its work then
 * never runs.
 */
#ifndef AVOW_SIM_THREAD_POOL_H
#define AVOW_SIM_THREAD_POOL_H

#include "sim/world.h"

typedef enum {
  SIM_QUEUED = 1,
  SIM_READY,
  SIM_WORKING,
  SIM_CANCELED
} sim_stage_t;

typedef struct sim_job_s sim_job_t;

/* A job is embedded in the owner's data for the request. The owner zeroes
   it. */
struct sim_job_s {
  sim_task_t task;
  avow__link_t link;
  uv_loop_t *loop;
  uv_req_t *request;
  const char *what; /* kind for sim_delay() */
  sim_stage_t stage;
  void (*work)(sim_job_t *job);             /* NULL: nothing */
  void (*done)(sim_job_t *job, int status); /* 0 or UV_ECANCELED; may free the
                                               job */
};

/* The request keeps its loop alive from here until `done`, and uv_cancel()
   finds the job through it. The caller fills in loop, request, what, work and
   done. */
void sim_job_start(sim_job_t *job);

/* UV_EBUSY if the work has begun. */
int sim_job_cancel(sim_job_t *job);

/* True if no thread of the pool has a job. */
bool sim_thread_pool_is_idle(void);

#endif
