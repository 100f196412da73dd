/* SPDX-License-Identifier: MIT */
/*
 * The world that a simulated libuv lives in: virtual time, tasks that are due,
 * choices that the seed makes, and the history of all that happened. A thread
 * has one. Inside avow_sim() it begins anew with each run; outside, the same
 * functions of libuv work in virtual time with all choices plain.
 */
#ifndef AVOW_SIM_WORLD_H
#define AVOW_SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "avow/config.h"
#include "base/list.h"
#include "sim/event_queue.h"

/* Time. */

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

/* Chance. what names the kind of a choice, "net.cut", as a literal: the part
   before the dot says which options apply. The nth choice of a kind is the same
   for a seed, whatever other kinds chose. */

/* One of 0…bound-1 as the seed says. 0 is the plain choice: no fault, no delay,
   whole reads, first in line. */
uint64_t sim_choose(uint64_t bound, const char *what);

/* True with the chance that the options give to such a fault; plain: false. */
bool sim_strikes(const char *what);

/* How many ns such a thing takes; plain: the least. */
uint64_t sim_delay(const char *what);

/* Bytes of the seed's. */
void sim_fill(void *at, size_t len);

/* History. */

/* An event. It goes into the hash, and the last ones are kept as text, so it
   has to be the same on each machine: no addresses of memory, no sizes of
   structs. */
void sim_note(const char *format, ...) AVOW_PRINTF(1, 2);

/* Fails the run, which ends with this turn of the loop. The first reason is the
   one that is told. Outside of a run it says so and ends the process. */
void sim_fail(const char *format, ...) AVOW_PRINTF(1, 2);

/* For a function that is not simulated: UV_ENOTSUP, and it fails the run. */
int sim_refuse(const char *function);

/* Inside avow_sim(). */
bool sim_is_on(void);

/* The run has failed, or is over and closes: all choices are plain now. */
bool sim_is_ending(void);

/* The simulator's own memory, which no fault takes away: zeroed, and where the
   system has none the process ends. */
void *sim_alloc(size_t size);
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

#endif
