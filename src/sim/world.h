/* SPDX-License-Identifier: MIT */
/*
 * The world of a simulated libuv: virtual time and the tasks that are due.
 * chance.h has the choices of the seed, and event_log.h has the events. Each
 * thread has one world. Each run of avow_sim() starts a new one. Outside a run,
 * the same functions of libuv work in virtual time, and all choices are plain.
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

/* An event that happens by itself in the poll phase of uv_run(). A task is
   embedded in the object that waits for it. A zeroed task is not set. `loop`
   names its loop; if it is NULL, any loop of the thread runs the task. */
typedef struct sim_task_s sim_task_t;

struct sim_task_s {
  sim_node_t node;
  avow__link_t link; /* in the list of tasks due in this poll */
  bool is_due;
  const uv_loop_t *loop;
  void (*run)(sim_task_t *task);
};

/* Runs the task once, in `after_ns` ns. The seed chooses the order of tasks
   that are due at the same time. Events that must keep their order, such as
   bytes of a connection, therefore share one task. A task must not be set
   twice. */
void sim_task_set(sim_task_t *task, uint64_t after_ns,
                  void (*run)(sim_task_t *task));

/* Has no effect if the task is not set. */
void sim_task_unset(sim_task_t *task);

static inline bool sim_task_is_set(const sim_task_t *task) {
  return task->node.place != 0 || task->is_due;
}

/* Virtual time in ns. */
uint64_t sim_now(void);

/* Advances virtual time while the program does nothing else. */
void sim_time_pass(uint64_t ns);

/* Runs the tasks that are due and belong to this loop or to none. */
void sim_tasks_run(const uv_loop_t *loop);

/* The time of the first such task; UINT64_MAX if there is none. */
uint64_t sim_tasks_next(const uv_loop_t *loop);

/* Advances virtual time to `ns`, if that is later. */
void sim_time_reach(uint64_t ns);

/* True inside avow_sim(). */
bool sim_is_on(void);

/* True if the run has failed or is closing. All choices are plain then. */
bool sim_is_ending(void);

/* The simulator's own memory, which is zeroed and not subject to faults. If the
   system has no memory, the process exits. */
void *sim_alloc(size_t size);
char *sim_copy(const char *text);
void sim_free(void *p);

/* Stops the machine. Later actions of the program have no effect, and the run
   ends with this iteration of the loop. */
void sim_stop(void);

/* Each file that defines functions of libuv has an anchor, and link_anchors.c
   refers to all of them. The linker therefore takes all these functions or
   none, even if it finds libuv first. */
#define SIM_ANCHOR(name)           \
  extern const char sim_at_##name; \
  const char sim_at_##name = 0;

/* A part of the world apart from the loop. `begin` runs when a run begins.
   `end` runs when it has ended: it calls sim_fail() for everything that the
   program has left, and frees the part's own data. `restart` is for parts that
   survive a crash of the machine. All other parts end and begin again then.
   Each function may be NULL. run.c has the table of parts. */
typedef struct sim_part_s {
  void (*begin)(void);
  void (*end)(void);
  void (*restart)(void);
} sim_part_t;

enum { SIM_KINDS = 256, SIM_KEPT = 50, SIM_LINE = 120 };

/* The number of choices of one kind. */
typedef struct sim_kind_s {
  const char *what;
  uint64_t name; /* hash of `what` */
  uint64_t n;
} sim_kind_t;

/* The state of a world. Its fields are private to the files that implement it,
   such as chance.c, event_log.c and run.c. */
typedef struct sim_world_s {
  bool on, ending, closing;
  bool stopped;    /* the machine has stopped */
  char why[256];   /* reason of the failure; "": none */
  unsigned struck; /* kinds of faults that occurred, AVOW_SIM_… */
  uint64_t seed;
  avow_sim_options_t options;

  uint64_t now, order;
  sim_heap_t tasks;
  avow__link_t *due; /* tasks of this poll */
  size_t n_due;
  uint64_t looks; /* reads of the clock in this iteration */
  uint64_t turns, last_turns;
  uint64_t jobs_before; /* job count at the last event; later jobs share one
                           time */
  bool happened;        /* in this iteration: a timer, a task or a wait */

  const uv_loop_t *loop; /* the only loop that the run simulates */

  avow__link_t *jobs; /* of the pool, waiting for a thread */
  unsigned working;   /* threads that have a job */

  sim_kind_t kinds[SIM_KINDS];
  uint64_t choices;

  uint64_t hash, events;
  char last[SIM_KEPT][SIM_LINE];
  size_t blocks; /* allocated by sim_alloc() */

  const char *const *anchors; /* makes the linker keep them */
} sim_world_t;

extern _Thread_local sim_world_t sim_world;

#endif
