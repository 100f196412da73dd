/* SPDX-License-Identifier: MIT */
/*
 * A run: a world, a loop in it, the program, and the checks afterwards. A run
 * that fails stops iterating. It is then closed like any other run, without
 * faults. If it cannot be closed, because something in it waits forever, it is
 * cut off, and its memory is leaked.
 */
#include "sim/run.h"

#include <inttypes.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/container.h"
#include "base/options_check.h"
#include "engine/origin.h"
#include "engine/settle.h"
#include "sim/allocations.h"
#include "sim/bind_table.h"
#include "sim/cancel_await.h"
#include "sim/chance.h"
#include "sim/disk.h"
#include "sim/event_log.h"
#include "sim/link_anchors.h"
#include "sim/memory.h"
#include "sim/socket_fds.h"
#include "sim/thread_pool.h"
#include "sim/uv_locks.h"
#include "sim/world.h"

/* The number of iterations that a finished run has for closing. */
enum { LAST_TURNS = 100 * 1000 };

static const sim_part_t *const parts[] = { &sim_descriptors, &sim_network,
                                           &sim_files, NULL };

static _Thread_local jmp_buf cut_off;

typedef struct stage_s {
  uv_loop_t loop;
  struct stage_s *next;
} stage_t;

/* The stages of runs that were cut off. */
static _Thread_local stage_t *lost;

static avow_sim_options_t options_of(const avow_sim_options_t *given) {
  const avow_sim_options_t usual = { .fault_rate = 20,
                                     .max_events = UINT64_C(1000) * 1000,
                                     .max_ms = UINT64_C(24) * 60 * 60 * 1000 };
  if (given == NULL)
    return usual;
  avow_sim_options_t all = *given;
  if (all.fault_rate == 0)
    all.fault_rate = usual.fault_rate;
  if (all.max_events == 0)
    all.max_events = usual.max_events;
  if (all.max_ms == 0)
    all.max_ms = usual.max_ms;
  return all;
}

/* Jobs that queue other jobs, without a timer, a task or a wait in between,
   would run forever. If promises record where they were made, the report names
   the next one. */
static void fail_for_jobs(const avow__context_t *c) {
  avow__link_t *first = c->queue.head.next;
  const bool any = !avow__queue_is_empty(&c->queue);
  const char *where =
      any ? avow__where(AVOW__CONTAINER(avow_promise_t, link, first)) : NULL;
  sim_fail("more than %" PRIu64
           " jobs at the same virtual time: an endless chain%s%s",
           sim_world.options.max_events, where != NULL ? ", with " : "",
           where != NULL ? where : "");
}

static void check_jobs(void) {
  sim_world_t *w = &sim_world;
  if (w->loop == NULL)
    return;
  const avow__context_t *c = avow__context_of(w->loop);
  if (w->happened)
    w->jobs_before = c->jobs;
  w->happened = false;
  if (c->jobs - w->jobs_before > w->options.max_events)
    fail_for_jobs(c);
}

static void check_time(void) {
  const sim_world_t *w = &sim_world;
  if (w->now / SIM_MS > w->options.max_ms)
    sim_fail("more than %" PRIu64
             " ms of virtual time; raise max_ms of the options",
             w->options.max_ms);
}

static void check_limits(void) {
  sim_world_t *w = &sim_world;
  check_jobs();
  if (++w->turns > w->options.max_events)
    sim_fail("more than %" PRIu64 " iterations of the loop: " SIM_MORE,
             w->options.max_events);
  else
    check_time();
}

bool sim_run_goes_on(void) {
  sim_world_t *w = &sim_world;
  if (!w->on)
    return true;
  if (!w->ending)
    check_limits();
  if (w->ending && ++w->last_turns > LAST_TURNS)
    longjmp(cut_off, 1);
  return w->closing || !(w->ending || w->stopped);
}

/* Outside a run, a stuck loop is not reported. */
void sim_run_stuck(uv_loop_t *loop) {
  if (sim_world.ending)
    longjmp(cut_off, 1);
  sim_fail("no event is left, but the loop is alive: it would wait forever");
  if (sim_world.options.events != NULL)
    avow_loop_dump(loop, sim_world.options.events);
}

/* A program may end with an error after an allocation failure or a
   cancellation. */
static bool is_excused(const avow_value_t *reason) {
  const int code = avow_error_code(reason);
  return (code == UV_ENOMEM && (sim_world.struck & AVOW_SIM_MEMORY) != 0) ||
         (code == UV_ECANCELED && (sim_world.struck & AVOW_SIM_CANCEL) != 0);
}

/* All stack frames above stay as they are. */
void sim_run_hangs(const char *function, const char *waits) {
  sim_fail("%s() %s", function, waits);
  longjmp(cut_off, 1);
}

static void on_unhandled(uv_loop_t *loop, const avow_value_t *reason,
                         const char *where, void *data) {
  if (is_excused(reason))
    return;
  sim_fail("a rejection without a handler: %s%s%s", avow_error_message(reason),
           where != NULL ? ", made in " : "", where != NULL ? where : "");
}

/* Loops outside of runs keep their tasks and blocks. */
static void run_begin(uint64_t seed, const avow_sim_options_t *options) {
  const sim_world_t before = sim_world;
  sim_world = (sim_world_t){ .on = true,
                             .seed = seed,
                             .options = options_of(options),
                             .tasks = before.tasks,
                             .blocks = before.blocks,
                             .anchors = sim_anchors };
  for (size_t i = 0; parts[i] != NULL; i++)
    if (parts[i]->begin != NULL)
      parts[i]->begin();
}

static void judge(avow_promise_t *p) {
  if (avow_state(p) == AVOW_REJECTED && !is_excused(avow_result(p)))
    sim_fail("the program's promise rejected: %s",
             avow_error_message(avow_result(p)));
  else if (avow_state(p) == AVOW_PENDING && !sim_world.ending)
    sim_fail("no event is left, but the program's promise is pending");
  else if (!sim_world.ending)
    check_time(); /* the last jump may have passed the limit */
  avow_unref(p);
}

static void drive(uv_loop_t *loop, avow_promise_t *p) {
  avow__context_t *c = avow__context_of(loop);
  bool alive = true;
  while (alive && !sim_world.ending && !sim_world.stopped &&
         avow_state(p) == AVOW_PENDING) {
    sim_cancel_an_await(loop, p);
    c->run_for = p;
    alive = uv_run(loop, UV_RUN_ONCE) != 0;
    c->run_for = NULL;
  }
  judge(p);
}

static void close_left(uv_handle_t *handle, void *data) {
  if (uv_is_closing(handle))
    return;
  sim_fail("a handle was left open: %s", uv_handle_type_name(handle->type));
  uv_ref(handle);
  uv_close(handle, NULL);
}

/* Handles that the program itself closed finish closing first. */
static void close_loop(uv_loop_t *loop) {
  sim_world.ending = sim_world.closing = true;
  (void) avow_loop_close(loop);       /* the loop has just this one */
  (void) uv_run(loop, UV_RUN_NOWAIT); /* finishes what is closing */
  uv_walk(loop, close_left, NULL);
  while (uv_loop_close(loop) == UV_EBUSY)
    (void) uv_run(loop, UV_RUN_ONCE); /* cut off if it never ends */
}

static void run_program(uv_loop_t *loop, avow_sim_fn program, void *data) {
  (void) uv_loop_init(loop); /* cannot fail */
  sim_world.loop = loop;
  /* Timing jobs would read the clock more often in a checked build. */
  const avow_options_t options = { .on_unhandled = on_unhandled,
                                   .slow_us = UINT_MAX };
  if (avow_loop_init(loop, &options) == 0) /* fails only without memory */
    drive(loop, program(loop, data));
  close_loop(loop);
  sim_world.loop = NULL;
}

/* Returns false if the run was cut off. Its loop and everything on it stay
   reachable then, so that leak checkers do not report them. */
static bool run_on_a_loop(avow_sim_fn program, void *data) {
  stage_t *stage = sim_alloc(sizeof(*stage));
  if (setjmp(cut_off) != 0) {
    stage->next = lost;
    lost = stage;
    return false;
  }
  run_program(&stage->loop, program, data);
  sim_free(stage);
  return true;
}

static void check_memory(void) {
  sim_piece_t oldest;
  const size_t left = sim_allocations_left(&oldest);
  if (left > 0)
    sim_fail(
        "%zu blocks of memory were not freed: values or promises with "
        "references; the oldest is allocation %" PRIu64 ", at %" PRIu64
        ".%03d ms",
        left, oldest.serial, oldest.made / SIM_MS,
        (int) (oldest.made / SIM_US % (SIM_MS / SIM_US)));
}

static void run_end(void) {
  for (size_t i = 0; parts[i] != NULL; i++)
    if (parts[i]->end != NULL)
      parts[i]->end();
  check_memory();
}

static void restart_part(const sim_part_t *part) {
  if (part->restart != NULL) {
    part->restart();
    return;
  }
  if (part->end != NULL)
    part->end();
  if (part->begin != NULL)
    part->begin();
}

/* The program's memory and its pending operations are lost. */
static void restart(void) {
  sim_world_t *w = &sim_world;
  check_memory(); /* if the program has ended */
  w->ending = w->why[0] != '\0';
  w->closing = false;
  w->last_turns = 0;
  sim_allocations_forget();
  w->tasks.n = 0;
  w->due = NULL;
  w->jobs = NULL;
  w->working = 0;
  w->loop = NULL;
  w->happened = true;
  w->options.faults = 0;
  for (size_t i = 0; parts[i] != NULL; i++)
    restart_part(parts[i]);
  w->stopped = false;
  sim_note("the simulated machine restarts");
}

/* True once the machine has stopped or the program has ended. */
static bool is_to_restart(bool whole) {
  return (sim_world.options.faults & AVOW_SIM_CRASH) != 0 &&
         sim_world.options.recover != NULL && sim_world.why[0] == '\0' &&
         (whole || sim_world.stopped);
}

static avow_sim_result_t run_result(void) {
  const sim_world_t *w = &sim_world;
  avow_sim_result_t result = { .failed = w->why[0] != '\0',
                               .hash = w->hash,
                               .events = w->events,
                               .choices = w->choices,
                               .ms = w->now / SIM_MS };
  memcpy(result.why, w->why, sizeof(result.why) - 1);
  return result;
}

/* The reason why a run is impossible, or NULL if it is possible. */
static const char *obstacle(avow_sim_fn program,
                            const avow_sim_options_t *options) {
  static _Thread_local bool is_linked;
  if (sim_world.on)
    return "avow_sim(): called in a simulated program";
  if (AVOW__RESERVED(options) != 0 || program == NULL)
    return "avow_sim(): program is NULL, or reserved options are not zero";
  is_linked = is_linked || sim_memory_is_avows();
  return is_linked ? NULL
                   : "the program is also linked with avow: link with "
                     "-lavow_sim in place of -lavow";
}

avow_sim_result_t avow_sim(uint64_t seed, avow_sim_fn program, void *data,
                           const avow_sim_options_t *options) {
  const char *why = obstacle(program, options);
  if (why != NULL) {
    avow_sim_result_t none = { .failed = true };
    (void) snprintf(none.why, sizeof(none.why), "%s", why);
    return none;
  }
  run_begin(seed, options);
  bool whole = run_on_a_loop(program, data);
  sim_locks_end(whole && !sim_world.stopped);
  if (is_to_restart(whole)) {
    restart();
    whole = run_on_a_loop(sim_world.options.recover, data);
    sim_locks_end(whole);
  }
  if (whole)
    run_end();
  else
    sim_world.tasks.n = 0; /* they are leaked as well */
  sim_allocations_forget();
  if (sim_world.tasks.n == 0)
    sim_heap_free(&sim_world.tasks);
  sim_world.on = false;
  return run_result();
}

void avow_sim_check(bool holds, const char *format, ...) {
  if (holds)
    return;
  char text[sizeof(sim_world.why)] = "";
  va_list args;
  va_start(args, format);
  if (format != NULL)
    (void) vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  sim_fail("%s", text[0] != '\0' ? text : "a check failed");
}

uint64_t avow_sim_choose(uint64_t bound) {
  return bound > 0 ? sim_choose(bound, "program") : 0;
}

void avow_sim_note(const char *format, ...) {
  char text[SIM_LINE];
  va_list args;
  va_start(args, format);
  (void) vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  sim_note("%s", text);
}
