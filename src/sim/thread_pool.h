/* SPDX-License-Identifier: MIT */
/*
 * The thread pool, without threads. A job waits for one of the four that libuv
 * has; then it does its work, in one go, and some time later its loop hears of
 * it. While it waits it can be cancelled, and then never works.
 */
#ifndef AVOW_SIM_THREAD_POOL_H
#define AVOW_SIM_THREAD_POOL_H

#include "sim/world.h"

typedef enum {
  SIM_QUEUED = 1,
  SIM_READY,
  SIM_WORKING,
  SIM_CANCELLED
} sim_stage_t;

typedef struct sim_job_s sim_job_t;

/* It lies in what its owner has for the request, zeroed before. */
struct sim_job_s {
  sim_task_t task;
  avow__link_t link;
  uv_loop_t *loop;
  uv_req_t *request;
  const char *what; /* for sim_delay() */
  sim_stage_t stage;
  void (*work)(sim_job_t *job);             /* NULL: nothing */
  void (*done)(sim_job_t *job, int status); /* 0 or UV_ECANCELED; may free it */
};

/* The request keeps its loop alive from here to done, and uv_cancel() finds the
   job by it. loop, request, what, work and done are filled in. */
void sim_job_start(sim_job_t *job);

/* UV_EBUSY if it works already, or has. */
int sim_job_cancel(sim_job_t *job);

/* The world's own pool has nothing to do. */
bool sim_thread_pool_is_idle(void);

#endif
