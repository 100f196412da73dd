/* SPDX-License-Identifier: MIT */
/* The state of a simulated loop, which the files of its phases share. */
#ifndef AVOW_SIM_LOOP_H
#define AVOW_SIM_LOOP_H

#include "base/queue.h"
#include "sim/uv_handle.h"
#include "sim/world.h"

/* Handles that run once in each iteration. */
typedef enum { SIM_IDLE, SIM_PREPARE, SIM_CHECK, SIM_PHASES } sim_phase_t;

typedef struct sim_loop_s {
  const sim_world_t *world; /* the world of its thread */
  uint64_t time;            /* result of uv_now() */
  avow__queue_t handles;
  avow__queue_t phases[SIM_PHASES]; /* active handles */
  avow__queue_t asyncs;
  sim_task_t async_task; /* set while sent asyncs wait */
  sim_heap_t timers;
  uint64_t timers_made;
  uv_handle_t *closing;
  bool timers_last; /* timers run after the other phases */
} sim_loop_t;

static inline sim_loop_t *sim_loop(const uv_loop_t *loop) {
  return loop->internal_fields;
}

/* Time starts above zero, because a program never sees a clock at zero. */
enum { SIM_BEGIN_MS = 1000 };

/* The ms that uv_now() would return. */
static inline uint64_t sim_time_ms(void) {
  return sim_now() / SIM_MS + SIM_BEGIN_MS;
}

#endif
