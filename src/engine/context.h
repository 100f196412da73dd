/* SPDX-License-Identifier: MIT */
/*
 * What avow keeps for each loop: a context, which outlives avow_loop_close()
 * for as long as the program holds one of its promises.
 */
#ifndef AVOW_CONTEXT_H
#define AVOW_CONTEXT_H

#include <assert.h>

#include "avow/loop.h"
#include "base/cacheline_pool.h"
#include "base/compiler.h"
#include "base/list.h"
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

/* Tables of a loop, each by an address. */
enum {
  AVOW__CLOSERS,        /* CLOSE promises, by their handle */
  AVOW__CLOSABLE,       /* blocks whose handles the program may close */
  AVOW__FOREIGN_CLOSED, /* blocks of which the program closed a handle */
  AVOW__REASONS,        /* cancel_reason.c: by pending promise */
  AVOW__TABLES
};

/* How many structs the files of higher layers may add: extension.h. */
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
  AVOW__SUBSYSTEM_PORT,          /* mail of other threads: port.c */
  AVOW__SUBSYSTEM_FOREIGN_CLOSE, /* foreign_close.c */
  AVOW__SUBSYSTEMS
};

/* The states of a loop, which only grow. docs/internals.md has their table. */
typedef enum avow__life_e {
  AVOW__OPEN,
  AVOW__UNWINDING,   /* avow_loop_close() cancels, also what handlers begin */
  AVOW__GIVING_UP,   /* makes no more promises, runs handlers of finally only */
  AVOW__NO_HANDLERS, /* runs none at all, takes no finally and attach */
  AVOW__CLOSED       /* freed with the last promise that the program holds */
} avow__life_t;

/* What jobs may take in an iteration of the loop: tick.c. */
typedef struct avow__budget_s {
  uint64_t iteration;   /* the number of the iteration */
  unsigned allowance;   /* jobs that may run before the clock is read again */
  unsigned remaining;   /* jobs that may run in the iteration after those */
  unsigned stride;      /* the size of the next allowance */
  uint64_t time_left;   /* ns that jobs may take in the iteration */
  uint64_t began;       /* uv_hrtime() if jobs were left over, or else 0 */
  uint64_t read_at;     /* uv_hrtime() as read last in this callback, or 0 */
  uint64_t jobs_before; /* c->jobs when the iteration began */
  bool jobs_wait;   /* the budget was spent, and jobs are left in the queue */
  bool tasks_wait;  /* some source has tasks for the next iteration */
  bool sleeps_wait; /* sleeps or time limits are due, and had to wait */
} avow__budget_t;

/* What cancel.c has still to do. */
typedef struct avow__canceling_s {
  avow_value_t reason;     /* of the cancellation that runs, an error; NONE: a
                              plain UV_ECANCELED */
  avow__link_t *condemned; /* UNWANTED and GATHERED: their inputs are to be
                              canceled */
  avow__link_t *gathered;  /* GATHERED ones whose inputs have been canceled */
  avow__link_t *children;  /* children to be canceled, by their siblings */
  avow__link_t *later;     /* UNWANTED ones with a reason of their own */
  bool cancelling;         /* cancel.c works through these lists */
  bool unlisted;           /* CONDEMNED promises are in no list */
  uint32_t cancellations;  /* how many there were */
} avow__canceling_t;

/* What delays the end of the loop, and what is left after it. */
typedef struct avow__closing_s {
  uint32_t shields;      /* that are pending */
  bool unshielded;       /* shields are canceled like other promises */
  bool sparing;          /* some promises are marked as SPARED */
  uint64_t shields_left; /* that may be made while the loop closes */
  uint32_t closing_own;  /* handles of ours that are closing */
  uint64_t left;         /* promises that are held after the close */
} avow__closing_t;

/* What other threads use: port.c. */
typedef struct avow__threads_s {
  avow__port_t *port;            /* NULL before the first use */
  atomic_uintptr_t *loop_thread; /* gets the thread that runs the loop; or
                                    NULL */
  avow__lines_t remotes;         /* remote.c */
  void (*port_go_on)(
      avow__context_t *c); /* delivers mail that had to wait; or NULL */
} avow__threads_t;

/* The functions of a subsystem: a file of the engine or of a layer above that
   keeps something for a loop. extension.h. */
struct avow__subsystem_s {
  /* Starts closing its handles, and ends what waits. Called again as long as
     anything is closing. */
  void (*close)(avow__context_t *c);
  /* The handles are closed, and nothing of the loop is found any more. */
  void (*free)(avow__context_t *c);
  /* Is what it keeps as it should be? For avow__check_loop(). */
  void (*check)(avow__context_t *c);
  /* Fills in its figures, for avow_loop_stats(). */
  void (*figures)(avow__context_t *c, avow_stats_t *out);
  /* The last reference to the context is gone. Of extensions only. */
  void (*at_end)(avow__context_t *c);
};

/* The functions of a layer that times the iterations of a loop. */
struct avow__iteration_hooks_s {
  /* The loop is about to poll. */
  void (*before_poll)(avow__context_t *c);
  /* A callback of ours begins, and c->wants_enter is set. */
  void (*on_enter)(avow__context_t *c);
  /* An avow_run() stops the loop. */
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
      *run_for; /* the promise of the avow_run() that runs; or NULL */
  avow__budget_t budget;
  uint64_t time;    /* the last avow__time(), which never goes back */
  uint64_t present; /* the last avow__present(), likewise */
  uint32_t depth;   /* callbacks of ours that are on the stack */
  uint32_t pins;    /* functions of the program that avow calls inside calls of
                       the program: avow_loop_close() is refused there */
  bool time_is_old; /* the cached time may be old although depth > 0 */
  bool awake;       /* the queue will be drained: no avow__wake() needed */
  uint8_t life;     /* an avow__life_t */
  avow__pool_t pool;
  uint64_t jobs;
  avow_promise_t *no_memory; /* rejected for ever, with UV_ENOMEM */
  avow_promise_t *canceled;  /* rejected for ever, with UV_ECANCELED */
  avow__canceling_t cancel;
  avow__closing_t close;
  avow__threads_t threads;
  uint32_t spread; /* changes with each avow_select() and each retry */
  uv_loop_t *loop;
  avow_options_t options;
  int least_backend; /* of uv_backend_fd() until uv_loop_close() */
  uv_pid_t process;  /* that opened it */
  uint32_t users;    /* calls of avow_loop_init() that are not closed yet */
  uint32_t requests; /* in flight, on no handle of the program */
  uint32_t peer_requests; /* of these, those that a peer completes */
  uint32_t pool_requests; /* of these, those for the thread pool */
  uint32_t groups;        /* of tools/group.c that the program has to release */
  uint32_t handle_requests; /* in flight, on handles of the program */
  avow__tick_t *tick;       /* tick.c: the handles that drain the queue */
  avow__clock_t *clock; /* virtual_clock.c; NULL: the loop has the real clock */
  avow__timers_t *timers; /* timer.c: all sleeps; NULL before the first */
  avow__phases_t *phases; /* uv_phase.c; NULL before the first use */
  void (*run_jobs)(avow__context_t *c); /* avow__run_jobs() */
  void (*timers_go_on)(
      avow__context_t *c); /* delivers sleeps that had to wait */
  void (*before_poll)(avow__context_t *c);        /* a layer's, or NULL */
  const avow__iteration_hooks_t *iteration_hooks; /* likewise */
  bool wants_enter;     /* on_enter() is called at the next callback of ours */
  uint64_t slow_jobs;   /* that took longer than the options say */
  uint64_t longest_job; /* us; 0: jobs are not timed */
  avow__table_t tables[AVOW__TABLES];
  /* extension.h; NULL: not in use */
  const avow__subsystem_t *subsystems[AVOW__SUBSYSTEMS];
  avow__extension_t *extensions[AVOW__EXTENSIONS]; /* likewise */
  avow__fibers_t fibers;                           /* async.c: stacks */
#ifdef AVOW_TRACE
  uint64_t serial;        /* of the promise made last */
  avow_event_cb on_event; /* the program's, or a layer's before it; or NULL */
  void *event_data;
#endif
#ifndef NDEBUG
  uv_prepare_t thread_check; /* check_thread.c: sees whose thread the loop is */
  uv_timer_t close_guard;    /* close_report.c: tells what the end waits for */
  uv_thread_t thread;        /* of the loop, once it was run */
  bool has_thread;
  bool told_closed;     /* that the program has closed avow's handles */
  bool told_cycle;      /* which promises wait for each other */
  bool has_close_guard; /* it closes, and the guard is there */
#endif
};

/* A borrowed promise or deferred is const to its borrower, not to us: its count
   and its flags change. */
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

/* The slow half of avow__context_of(). */
avow__context_t *avow__context_find(const uv_loop_t *loop);

/* The context of the loop, or else the unbound one. Never NULL. */
static inline avow__context_t *avow__context_of(const uv_loop_t *loop) {
  const avow__entry_t *entry = avow__entry_of(loop);
  if (AVOW__LIKELY(avow__entry_is_of(entry, loop)))
    return entry->context;
  return avow__context_find(loop);
}

/* Frees the context when nothing refers to it any more. */
void avow__context_release(avow__context_t *c);

/* Frees it in any case. */
void avow__context_free(avow__context_t *c);

/* Starts closing a handle of ours, unless the program has done so. */
void avow__close_own(avow__context_t *c, uv_handle_t *handle);

#endif
