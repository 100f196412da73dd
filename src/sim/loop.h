/* SPDX-License-Identifier: MIT */
/* What a simulated loop has: for the files of its phases. */
#ifndef AVOW_SIM_LOOP_H
#define AVOW_SIM_LOOP_H

#include "base/queue.h"
#include "sim/uv_handle.h"
#include "sim/world.h"

/* Handles that run once each turn. */
typedef enum { SIM_IDLE, SIM_PREPARE, SIM_CHECK, SIM_PHASES } sim_phase_t;

typedef struct sim_loop_s {
  const sim_world_t *world; /* its thread's */
  uint64_t time;            /* what uv_now() says */
  avow__queue_t handles;
  avow__queue_t phases[SIM_PHASES]; /* those that are active */
  avow__queue_t asyncs;
  sim_task_t async_task; /* some were sent */
  sim_heap_t timers;
  uint64_t timers_made;
  uv_handle_t *closing;
  bool timers_last; /* of the phases */
} sim_loop_t;

static inline sim_loop_t *sim_loop(const uv_loop_t *loop) {
  return loop->internal_fields;
}

/* Time began earlier than any program looks at it. */
enum { SIM_BEGIN_MS = 1000 };

/* The ms that uv_now() would say. */
static inline uint64_t sim_time_ms(void) {
  return sim_now() / SIM_MS + SIM_BEGIN_MS;
}

#endif
