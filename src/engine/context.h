/* SPDX-License-Identifier: MIT */
/*
 * The state that avow keeps for each loop. A context outlives avow_loop_close()
 * as long as the program holds one of its promises.
 */
#ifndef AVOW_CONTEXT_H
#define AVOW_CONTEXT_H

#include <assert.h>

#include "avow/loop.h"
#include "base/cacheline_pool.h"
#include "base/compiler.h"
#include "base/list.h"
#include "base/misuse.h"
#include "base/queue.h"
#include "base/table.h"
#include "engine/loop_table.h"
#include "engine/pool.h"
#include "fiber/fiber.h"

typedef struct avow__clock_s avow__clock_t;
typedef struct avow__extension_s avow__extension_t;
typedef struct avow__subsystem_s avow__subsystem_t;
typedef struct avow__phases_s avow__phases_t;
typedef struct avow__port_s avow__port_t;
typedef struct avow__tick_s avow__tick_t;
typedef struct avow__iteration_hooks_s avow__iteration_hooks_t;
typedef struct avow__timers_s avow__timers_t;

/* Tables of a loop, each keyed by an address. */
enum {
  AVOW__CLOSERS,        /* CLOSE promises, by their handle */
  AVOW__CLOSABLE,       /* blocks whose handles the program may close */
  AVOW__FOREIGN_CLOSED, /* blocks with a handle that the program has closed */
  AVOW__REASONS,        /* cancel_reason.c: by pending promise */
  AVOW__TABLES
};

/* The number of structs of higher layers: extension.h. */
enum { AVOW__EXTENSIONS = 9 };

/* The subsystems of the engine, in the order in which they close and are
   freed. */
enum {
  AVOW__SUBSYSTEM_TICK,          /* drains the queue: tick.c */
  AVOW__SUBSYSTEM_CHECK_THREAD,  /* check_thread.c */
  AVOW__SUBSYSTEM_CLOSE_GUARD,   /* close_report.c */
  AVOW__SUBSYSTEM_CLOCK,         /* a virtual clock */
  AVOW__SUBSYSTEM_TIMERS,        /* sleeps: timer.c */
  AVOW__SUBSYSTEM_PHASES,        /* uv_phase.c */
  AVOW__SUBSYSTEM_REMOTES,       /* remote.c: before the port, which they use */
  AVOW__SUBSYSTEM_PORT,          /* mail from other threads: port.c */
  AVOW__SUBSYSTEM_FOREIGN_CLOSE, /* foreign_close.c */
  AVOW__SUBSYSTEMS
};

/* The states of a loop, which only grow. docs/internals.md has their table. */
typedef enum avow__life_e {
  AVOW__OPEN,
  AVOW__UNWINDING,   /* avow_loop_close() cancels, also new promises */
  AVOW__GIVING_UP,   /* makes no more promises, runs handlers of finally only */
  AVOW__NO_HANDLERS, /* runs no handlers, accepts no finally and attach */
  AVOW__CLOSED       /* freed with the last promise that the program holds */
} avow__life_t;

/* The budget of an iteration of the loop: tick.c. */
typedef struct avow__budget_s {
  uint64_t iteration;   /* the number of the iteration */
  unsigned allowance;   /* jobs that may run before the clock is read again */
  unsigned remaining;   /* jobs that may run in the iteration after those */
  unsigned stride;      /* the size of the next allowance */
  uint64_t time_left;   /* ns that jobs may take in the iteration */
  uint64_t began;       /* uv_hrtime() if jobs were left over, or else 0 */
  uint64_t read_at;     /* uv_hrtime() as read last in this callback, or 0 */
  uint64_t jobs_before; /* c->jobs when the iteration began */
  bool jobs_wait;     /* the budget was spent, and jobs are left in the queue */
  bool tasks_wait;    /* a source has tasks for the next iteration */
  bool sleeps_wait;   /* sleeps or timeouts are due, but had to wait */
  bool attempts_wait; /* operations on files are to be tried */
} avow__budget_t;

/* Work that is left for cancel.c. */
typedef struct avow__canceling_s {
  avow_value_t reason;     /* the error of the running cancellation; NONE: a
                              plain UV_ECANCELED */
  avow__link_t *to_cancel; /* UNWANTED and GATHERED, whose inputs must be
                              canceled */
  avow__link_t *gathered;  /* GATHERED, whose inputs have been canceled */
  avow__link_t *children;  /* children to be canceled, by their siblings */
  avow__link_t *later;     /* UNWANTED with a reason of their own */
  bool canceling;          /* cancel.c works through these lists */
  bool unlisted;           /* some promises are CONDEMNED, and in no list */
  uint32_t cancellations;  /* the number of cancellations so far */
} avow__canceling_t;

/* Reasons that delay the end of the loop, and promises left after it. */
typedef struct avow__closing_s {
  uint32_t shields;      /* the number of pending shields */
  bool unshielded;       /* shields are canceled like other promises */
  bool sparing;          /* some promises are marked as SPARED */
  uint64_t shields_left; /* may still be made while the loop closes */
  uint32_t closing_own;  /* handles of avow that are closing */
  uint64_t left;         /* promises that are left after the close */
} avow__closing_t;

/* State for other threads: port.c. */
typedef struct avow__threads_s {
  avow__port_t *port;            /* NULL before the first use */
  atomic_uintptr_t *loop_thread; /* gets the thread that runs the loop; or
                                    NULL */
  avow__lines_t remotes;         /* remote.c */
  void (*port_go_on)(
      avow__context_t *c); /* delivers mail that had to wait; or NULL */
} avow__threads_t;

/* The functions of a subsystem, which is a file of the engine or of a higher
   layer that keeps something for a loop. See extension.h. */
struct avow__subsystem_s {
  /* Starts closing its handles, and ends operations that wait. It is called
     again as long as any handle is closing. */
  void (*close)(avow__context_t *c);
  /* Frees its state. The handles are closed, and the table of loops no longer
     has the loop. */
  void (*free)(avow__context_t *c);
  /* Checks its invariants when avow__check_loop() runs. */
  void (*check)(avow__context_t *c);
  /* Adds its figures for avow_loop_stats(). */
  void (*figures)(avow__context_t *c, avow_stats_t *out);
  /* For extensions only: the last reference to the context was released. */
  void (*at_end)(avow__context_t *c);
};

/* The functions of a layer that times the iterations of a loop. */
struct avow__iteration_hooks_s {
  /* Called before the loop polls. */
  void (*before_poll)(avow__context_t *c);
  /* Called when a callback of avow begins and c->wants_enter is set. */
  void (*on_enter)(avow__context_t *c);
  /* Called when an avow_run() stops the loop. */
  void (*on_stop)(avow__context_t *c);
};

/* The first member of the struct that a subsystem of a higher layer keeps for a
   loop. The context frees that struct last. */
struct avow__extension_s {
  const avow__subsystem_t *subsystem;
};

struct avow__context_s {
  avow__queue_t queue; /* jobs, first in first out */
  const avow_promise_t
      *run_for; /* the promise of the running avow_run(); or NULL */
  avow__budget_t budget;
  uint64_t time;    /* the last avow__time(), which never goes back */
  uint64_t present; /* the last avow__present(), which never goes back */
  uint32_t depth;   /* callbacks of avow on the stack */
  uint32_t pins;    /* running avow_try() and hooks: loop close is refused */
  bool time_is_old; /* the cached time may be old although depth > 0 */
  bool awake;       /* the queue will be drained; no avow__wake() needed */
  uint8_t life;     /* an avow__life_t */
  avow__pool_t pool;
  uint64_t jobs;
  avow_promise_t *no_memory; /* always rejected, with UV_ENOMEM */
  avow_promise_t *canceled;  /* always rejected, with UV_ECANCELED */
  avow__canceling_t cancel;
  avow__closing_t close;
  avow__threads_t threads;
  uint32_t spread; /* changes with each avow_select() and each retry */
  uv_loop_t *loop;
  avow_options_t options;
  int least_backend;      /* uv_backend_fd() is smaller after uv_loop_close() */
  unsigned forks;         /* avow__forks() when it was opened */
  uint32_t users;         /* calls of avow_loop_init() without their close */
  uint32_t requests;      /* requests on no handle of the program */
  uint32_t peer_requests; /* of these, those that a peer completes */
  uint32_t pool_requests; /* of these, those for the thread pool */
  uint32_t groups;        /* groups that the program must release: group.c */
  uint32_t handle_requests; /* requests on handles of the program */
  avow__tick_t *tick;       /* the handles that drain the queue: tick.c */
  avow__clock_t *clock; /* virtual_clock.c; NULL: the loop has the real clock */
  avow__timers_t *timers; /* all sleeps: timer.c; NULL before the first */
  avow__phases_t *phases; /* uv_phase.c; NULL before the first use */
  void (*run_jobs)(avow__context_t *c); /* avow__run_jobs() */
  void (*timers_go_on)(
      avow__context_t *c); /* delivers sleeps that had to wait */
  void (*attempts_go_on)(avow__context_t *c);     /* of attempt.c */
  void (*before_poll)(avow__context_t *c);        /* of a layer; or NULL */
  const avow__iteration_hooks_t *iteration_hooks; /* of a layer; or NULL */
  bool wants_enter;     /* the next callback of avow calls on_enter() */
  uint64_t slow_jobs;   /* jobs that took longer than options.slow_us */
  uint64_t longest_job; /* in us; 0: jobs are not timed */
  avow__table_t tables[AVOW__TABLES];
  /* extension.h; NULL: not in use */
  const avow__subsystem_t *subsystems[AVOW__SUBSYSTEMS];
  avow__extension_t *extensions[AVOW__EXTENSIONS]; /* NULL: not in use */
  avow__fibers_t fibers;                           /* async.c: stacks */
#ifdef AVOW_TRACE
  uint64_t serial;        /* of the promise that was made last */
  avow_event_cb on_event; /* of the program, or of `trace`; or NULL */
  void *event_data;
#endif
#ifndef NDEBUG
  uv_prepare_t thread_check;  /* check_thread.c: finds the loop's thread */
  uv_timer_t close_guard;     /* close_report.c: reports a long close */
  const void *stack_top;      /* check_stack.c: the frame that runs the loop */
  uintptr_t thread;           /* avow__here() on the loop's thread, or 0 */
  bool was_run;               /* check_exit.c: the loop was run */
  bool entered;               /* avow__enter() has set stack_top */
  uint32_t runs;              /* calls of avow_run() that have not returned */
  bool reported_closed;       /* reported: the program closed avow's handles */
  bool reported_cycle;        /* reported: promises wait for each other */
  bool has_close_guard;       /* close_guard is initialized */
  void (*slow_told[8])(void); /* reported: functions with slow jobs */
  uint8_t slow_count;         /* of these */
#endif
};

/* A borrowed promise or deferred is const for the borrower, but avow changes
   its count and its flags. */
static inline avow_promise_t *avow__mutable(const void *borrowed) {
  const union {
    const void *from;
    avow_promise_t *to;
  } same = { .from = borrowed };
  return same.to;
}

/* The context of loops without avow_loop_init(). It is closed, and its
   no_memory and canceled are rejected with AVOW_EMISUSE. */
avow__context_t *avow__unbound_context(void);

/* A promise that is rejected with UV_ECANCELED and bound to no loop. For
   objects that may outlive their loop and hold none of its promises. */
avow_promise_t *avow__closed_promise(void);

/* The slow path of avow__context_of(). */
#if !AVOW__DEBUG
#  define avow__context_find(loop, called) avow__context_find_in(loop)
#endif
avow__context_t *avow__context_find(const uv_loop_t *loop, const char *called);

/* The context of the loop, or else the unbound one. Never NULL. */
#define avow__context_of(loop) avow__context_of_in(loop, AVOW__CALLED)
static inline avow__context_t *avow__context_of_in(const uv_loop_t *loop,
                                                   const char *called) {
  const avow__entry_t *entry = avow__entry_of(loop);
  if (AVOW__LIKELY(avow__entry_is_of(entry, loop)))
    return entry->context;
  return avow__context_find(loop, called);
}

/* In checked builds, reports a loop that is not initialized, with the name of
   the public function that calls this. */
#if AVOW__DEBUG
#  define avow__check_ready(loop) ((void) avow__context_of(loop))
#else
#  define avow__check_ready(loop) ((void) (loop))
#endif

/* Frees the context when nothing refers to it any more. */
void avow__context_release(avow__context_t *c);

/* Frees the context in any case. */
void avow__context_free(avow__context_t *c);

/* Starts closing a handle of avow, unless the program has done so. */
void avow__close_own(avow__context_t *c, uv_handle_t *handle);

#endif
