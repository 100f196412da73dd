/* SPDX-License-Identifier: MIT */
/*
 * The world that a simulated libuv lives in: virtual time and tasks that are
 * due. chance.h has the choices that the seed makes, and event_log.h the events
 * that happened. A thread has one world. Inside avow_sim() it begins anew with
 * each run; outside, the same functions of libuv work in virtual time with all
 * choices plain.
 */
#ifndef AVOW_SIM_WORLD_H
#define AVOW_SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "avow/sim.h"
#include "base/list.h"
#include "sim/event_queue.h"

#define SIM_US UINT64_C(1000)
#define SIM_MS (1000 * SIM_US)

/* Something that happens by itself, in the poll phase of uv_run(). It lies in
   what waits for it; zeroed, it is not set. Whoever has a loop says so in loop:
   else any loop of the thread that polls runs it. */
typedef struct sim_task_s sim_task_t;

struct sim_task_s {
  sim_node_t node;
  avow__link_t link; /* among what is due in this poll */
  bool is_due;
  const uv_loop_t *loop;
  void (*run)(sim_task_t *task);
};

/* It happens once, so many ns from now. What is due at one time happens in an
   order that the seed chooses: who has an order of his own, as of the bytes of
   a connection, keeps one task for all of it. A task that is set is not set
   again. */
void sim_task_set(sim_task_t *task, uint64_t after_ns,
                  void (*run)(sim_task_t *task));

/* Nothing if it is not set. */
void sim_task_unset(sim_task_t *task);

static inline bool sim_task_is_set(const sim_task_t *task) {
  return task->node.place != 0 || task->is_due;
}

/* Virtual time in ns. */
uint64_t sim_now(void);

/* The program does nothing else for so long. */
void sim_time_pass(uint64_t ns);

/* Lets the tasks happen that are due, of that loop or of none. */
void sim_tasks_run(const uv_loop_t *loop);

/* When the first of these is due; UINT64_MAX if there is none. */
uint64_t sim_tasks_next(const uv_loop_t *loop);

/* Time goes on to then, if that is later. */
void sim_time_reach(uint64_t ns);

/* Inside avow_sim(). */
bool sim_is_on(void);

/* The run has failed, or is over and closes: all choices are plain now. */
bool sim_is_ending(void);

/* The simulator's own memory, which no fault takes away: zeroed, and where the
   system has none the process ends. */
void *sim_alloc(size_t size);
char *sim_copy(const char *text);
void sim_free(void *p);

/* The machine stops: what the program does from here on nobody sees, and the
   run ends with this turn of the loop. */
void sim_stop(void);

/* Each file of functions of libuv has one, and link_anchors.c names them all:
   then a linker that met libuv first takes them none the less, all or none. */
#define SIM_ANCHOR(name)           \
  extern const char sim_at_##name; \
  const char sim_at_##name = 0;

/* Parts of the world beside the loop: what they do when a run begins, and when
   it has ended. There they say by sim_fail() what the program left behind, and
   let go of all that they have. What outlasts that the machine stops and starts
   again, for which all others end and begin, does something else then. All may
   be NULL. run.c has the table. */
typedef struct sim_part_s {
  void (*begin)(void);
  void (*end)(void);
  void (*restart)(void);
} sim_part_t;

enum { SIM_KINDS = 256, SIM_KEPT = 50, SIM_LINE = 120 };

/* How often a kind of choice was made. */
typedef struct sim_kind_s {
  const char *what;
  uint64_t name; /* a hash of it */
  uint64_t n;
} sim_kind_t;

/* All that a world has. Its fields are for the files that it consists of, such
   as chance.c, event_log.c and run.c. */
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

extern _Thread_local sim_world_t sim_world;

#endif
