/* SPDX-License-Identifier: MIT */
/*
 * Time and tasks. Only waiting takes time. An iteration takes a little, so that
 * a program that iterates until an event occurs sees it. The seed alone decides
 * the order of tasks that are due at the same time. A poll takes all of them
 * from the heap and then chooses one after the other. Tasks that they set, even
 * without a delay, wait for the next poll.
 */
#include "sim/world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/container.h"
#include "sim/chance.h"
#include "sim/event_log.h"

/* The next task is chosen among this many of the oldest ones. */
enum { RIVALS = 16 };

_Thread_local sim_world_t sim_world;

uint64_t sim_now(void) {
  return sim_world.now;
}

void sim_time_reach(uint64_t ns) {
  if (ns > sim_world.now)
    sim_world.now = ns;
}

void sim_time_pass(uint64_t ns) {
  sim_world.now += ns;
}

bool sim_is_on(void) {
  return sim_world.on;
}

bool sim_is_ending(void) {
  return sim_world.ending;
}

void sim_stop(void) {
  sim_note("the simulated machine stops here, by AVOW_SIM_CRASH");
  sim_world.stopped = true;
}

void *sim_alloc(size_t size) {
  void *p = calloc(1, size);
  if (p == NULL) {
    (void) fputs("avow_sim: the simulator is out of memory\n", stderr);
    exit(EXIT_FAILURE);
  }
  sim_world.blocks++;
  return p;
}

char *sim_copy(const char *text) {
  const size_t size = strlen(text) + 1;
  return memcpy(sim_alloc(size), text, size);
}

void sim_free(void *p) {
  if (p == NULL)
    return;
  assert(sim_world.blocks > 0);
  sim_world.blocks--;
  free(p);
}

void sim_task_set(sim_task_t *task, uint64_t after_ns,
                  void (*run)(sim_task_t *task)) {
  assert(!sim_task_is_set(task) && run != NULL);
  task->run = run;
  task->node.due = sim_world.now + after_ns;
  task->node.order = sim_world.order++;
  sim_heap_add(&sim_world.tasks, &task->node);
}

static void due_leave(sim_task_t *task) {
  assert(task->is_due);
  task->is_due = false;
  sim_world.n_due--;
  avow__list_remove(&sim_world.due, &task->link);
}

void sim_task_unset(sim_task_t *task) {
  if (task->is_due)
    due_leave(task);
  else if (task->node.place != 0)
    sim_heap_remove(&sim_world.tasks, &task->node);
}

static sim_task_t *task_of(sim_node_t *node) {
  return AVOW__CONTAINER(sim_task_t, node, node);
}

static bool is_for(const sim_task_t *task, const uv_loop_t *loop) {
  return task->loop == NULL || task->loop == loop;
}

/* The first task usually belongs to the loop, because few threads have two
   loops. */
uint64_t sim_tasks_next(const uv_loop_t *loop) {
  const sim_heap_t *heap = &sim_world.tasks;
  if (sim_world.n_due > 0)
    return sim_world.now;
  if (heap->n > 0 && is_for(task_of(heap->nodes[1]), loop))
    return heap->nodes[1]->due;
  uint64_t next = UINT64_MAX;
  for (size_t i = 2; i <= heap->n; i++)
    if (heap->nodes[i]->due < next && is_for(task_of(heap->nodes[i]), loop))
      next = heap->nodes[i]->due;
  return next;
}

/* Tasks of other loops are put back in their order after the search. */
static void gather_due(const uv_loop_t *loop) {
  sim_world_t *w = &sim_world;
  avow__link_t *others = NULL;
  sim_node_t *node = NULL;
  while ((node = sim_heap_first(&w->tasks)) != NULL && node->due <= w->now) {
    sim_task_t *task = task_of(node);
    sim_heap_remove(&w->tasks, node);
    task->is_due = is_for(task, loop);
    w->n_due += task->is_due;
    avow__list_append(task->is_due ? &w->due : &others, &task->link);
  }
  while (others != NULL) {
    avow__link_t *link = avow__list_take_first(&others);
    sim_heap_add(&w->tasks, &AVOW__CONTAINER(sim_task_t, link, link)->node);
  }
}

static sim_task_t *choose_due(void) {
  const size_t n = sim_world.n_due < RIVALS ? sim_world.n_due : RIVALS;
  avow__link_t *link = sim_world.due;
  for (uint64_t i = sim_choose(n, "order"); i > 0; i--)
    link = link->next;
  return AVOW__CONTAINER(sim_task_t, link, link);
}

/* When the run fails, the remaining tasks wait for the polls that end it. */
void sim_tasks_run(const uv_loop_t *loop) {
  const bool was_ending = sim_world.ending;
  gather_due(loop);
  while (sim_world.n_due > 0 && sim_world.ending == was_ending) {
    sim_task_t *task = choose_due();
    due_leave(task);
    sim_world.happened = true;
    task->run(task);
  }
}
