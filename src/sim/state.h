/* SPDX-License-Identifier: MIT */
/* What a world is made of, for its own files: world.c, chance.c, history.c and
   run.c. */
#ifndef AVOW_SIM_STATE_H
#define AVOW_SIM_STATE_H

#include "avow/sim.h"
#include "sim/world.h"

enum { SIM_KINDS = 256, SIM_KEPT = 50, SIM_LINE = 120 };

/* How often a kind of choice was made. */
typedef struct sim_kind_s {
  const char *what;
  uint64_t name; /* a hash of it */
  uint64_t n;
} sim_kind_t;

typedef struct sim_world_s {
  bool on, ending, closing;
  bool stopped;    /* the machine is */
  char why[256];   /* it failed; empty: it has not */
  unsigned struck; /* the kinds of faults there were, AVOW_SIM_… */
  uint64_t seed;
  avow_sim_options_t options;

  uint64_t now, order;
  sim_heap_t tasks;
  avow__link_t *due; /* tasks of this poll */
  size_t n_due;
  uint64_t looks; /* at the clock, in this turn */
  uint64_t turns, last_turns;
  uint64_t jobs_before; /* those that ran since are all of one time */
  bool happened;        /* in this turn: a timer, a task, or a wait */

  const uv_loop_t *loop; /* the program's, of which all is to be */

  avow__link_t *jobs; /* of the pool, that wait for a thread */
  unsigned working;   /* threads that have a job */

  sim_kind_t kinds[SIM_KINDS];
  uint64_t choices;

  uint64_t hash, events;
  char last[SIM_KEPT][SIM_LINE];
  size_t blocks; /* of sim_alloc() */

  const char *const *anchors; /* so that they are needed */
} sim_world_t;

/* Of a run that has more than the options allow. */
#define SIM_MORE                                                            \
  "if it does come to an end, allow for more by max_events of the options," \
  " or --max-events"

extern _Thread_local sim_world_t sim_world;

/* Mixes a number into the hash of the history. */
void sim_history_mix(uint64_t number);

/* The event that many back from the last one; NULL if none is kept there. */
const char *sim_history_line(uint64_t back);

/* A hash of the name of a kind of choices. */
uint64_t sim_name_of(const char *what);

/* Scatters the bits of x, the same on each machine. */
uint64_t sim_scatter(uint64_t x);

/* Lets the tasks happen that are due, of that loop or of none. */
void sim_tasks_run(const uv_loop_t *loop);

/* When the first of these is due; UINT64_MAX if there is none. */
uint64_t sim_tasks_next(const uv_loop_t *loop);

/* Time goes on to then, if that is later. */
void sim_time_reach(uint64_t ns);

#endif
