/* What avow keeps for each loop, and how a loop's is found. */
#ifndef AVOW_LOOP_PRIVATE_H
#define AVOW_LOOP_PRIVATE_H

#include <assert.h>

#include "avow/loop.h"
#include "compiler.h"
#include "exceptions.h"
#include "fiber.h"
#include "list.h"
#include "pool.h"
#include "queue.h"
#include "registry.h"
#include "table.h"

typedef struct avow__phases_s avow__phases_t;
typedef struct avow__port_s avow__port_t;
typedef struct avow__spare_s avow__spare_t;
typedef struct avow__tick_s avow__tick_t;
typedef struct avow__wheel_s avow__wheel_t;

struct avow__context_s {
  avow__queue_t queue;           /* jobs, first in first out */
  const avow_promise_t *run_for; /* what an avow_run() runs the loop for */
  uint64_t turn;                 /* of the loop, by their number */
  unsigned allowance;            /* jobs that may still run in this one */
  uint32_t depth;                /* callbacks of ours that are on the stack */
  uint32_t pins;                 /* functions of the program's that calls of
                                    its own have called: not to be closed in */
  bool late;                     /* inside, but the cached time may be old */
  bool awake;            /* the queue will be drained without more ado */
  bool overdue;          /* some source has tasks that wait for the next turn */
  bool expired;          /* the wheel has: sleeps or time limits that are due */
  bool closing;          /* avow_loop_close() is at work */
  bool giving_up;        /* and lets handlers other than finally's be */
  bool deaf;             /* and takes no more of those either */
  bool closed;           /* only the program's own references are left */
  bool refusing;         /* makes no more promises: giving up, or closed */
  bool unshielded;       /* closing, and shields hold nothing up any more */
  bool sparing;          /* some promises are marked as SPARED */
  uint32_t shields;      /* that are pending */
  uint64_t shields_left; /* that may be made while it closes */
  avow__pool_t pool;
  uint64_t left; /* promises that are still held after avow_loop_close() */
  uint64_t jobs;
  avow_promise_t *no_memory; /* rejected for ever, with UV_ENOMEM */
  avow_promise_t *canceled;  /* rejected for ever, with UV_ECANCELED */
  avow__link_t *condemned;   /* cancel.c: whose inputs are to be cancelled */
  avow__link_t *orphans; /* cancel.c: children likewise, by their siblings */
  avow__link_t *untold;  /* channel.c: sources that have to hear of a change */
  bool cancelling;       /* cancel.c works through its two lists */
  bool unlisted;         /* and some are condemned who are in neither */
  bool telling;          /* channel.c through this one */
  uv_loop_t *loop;
  avow_options_t options;
  int least_backend;    /* uv_backend_fd() is no less while the loop is open */
  uv_pid_t process;     /* that opened it */
  uint32_t users;       /* calls of avow_loop_init() that are not closed yet */
  uint32_t requests;    /* in flight, that the loop alone completes */
  uint32_t on_handles;  /* in flight, that end with a handle of the program */
  uint32_t closing_own; /* handles of ours that close */
  avow__tick_t *tick;   /* tick.c: the handles that drain the queue */
  avow__wheel_t *wheel; /* timer.c: all sleeps; NULL before the first */
  avow__phases_t *phases; /* phase.c: whoever waits for one; or NULL */
  avow__port_t *port;     /* remote.c: the other threads' way in; or NULL */
  avow__spare_t *spares;  /* op.c: blocks for the next operations */
  uint32_t spare_count;
  avow__table_t readers;    /* reading.c: who reads, by their handle */
  avow__table_t sinks;      /* pump.c: where they write to */
  avow__table_t stragglers; /* fs.c: requests that outlive their promises */
  avow__table_t closers;    /* handle.c: closes by their handle */
  avow__table_t connecting; /* pipe.c: connects by their pipe */
  avow__table_t owned;      /* owned.c: streams that values own */
  avow__table_t watched;    /* stray.c: what may become one */
  avow__table_t strays;     /* stray.c: whose handles the program closed */
  avow__fibers_t fibers;    /* async.c: stacks */
#ifdef AVOW_TRACE
  uint64_t serial; /* of the promise made last */
#endif
#ifndef NDEBUG
  uv_prepare_t owner; /* owner.c: sees whose thread the loop is */
  uv_thread_t thread; /* of the loop, once it was run */
  bool has_thread;
  bool told_closed; /* that the program has closed avow's handles */
#endif
};

/* The home of what a program asked of a loop without avow_loop_init(). */
avow__context_t *avow__nowhere(void);

/* The slow half of avow__context_of(). */
avow__context_t *avow__context_find(const uv_loop_t *loop);

/* Of the loop, or nowhere's. Never NULL. */
static inline avow__context_t *avow__context_of(const uv_loop_t *loop) {
  const avow__entry_t *entry = avow__entry_of(loop);
  if (AVOW__LIKELY(avow__entry_is_of(entry, loop)))
    return entry->context;
  return avow__context_find(loop);
}

/* Those that are NULL or 0 are the default. UV_EINVAL for what is out of range.
   options.c. */
int avow__options_set(avow__context_t *c, const avow_options_t *options);

/* Debug builds: something is asked in vain of handles that the program closed,
   or of a loop that has none left. Once each loop hears what to do. */
#ifndef NDEBUG
void avow__check_handles(avow__context_t *c);
void avow__check_reuse(avow__context_t *c);
#else
#  define avow__check_handles(c) ((void) (c))
#  define avow__check_reuse(c)   ((void) (c))
#endif

/* Frees the context when nothing refers to it any more. */
void avow__context_release(avow__context_t *c);

/* Around each callback of ours: the outermost leave drains the queue. */
void avow__enter(avow__context_t *c);

/* The same in a call of the program's, which may be on any thread as long as
   the loop does not run. */
static inline void avow__enter_call(avow__context_t *c) {
  c->depth++;
  c->awake = true;
}

void avow__leave(avow__context_t *c);

/* Runs the jobs in the queue, to its end or until the turn's budget is spent.
   chain.c. */
void avow__run_jobs(avow__context_t *c);

/* Between two tasks of one callback: what is queued runs, unless another
   callback of ours is on the stack. */
static inline void avow__end_task(avow__context_t *c) {
  if (c->depth == 1 && !avow__queue_is_empty(&c->queue))
    avow__exceptions_stop(avow__run_jobs, c);
}

/* Whether a source may deliver one more task: as long as the turn's budget
   lasts, and one in any case. It keeps the number of the turn of its last. */
static inline bool avow__may_deliver(const avow__context_t *c, uint64_t *turn) {
  if (c->allowance == 0 && *turn == c->turn)
    return false;
  *turn = c->turn;
  return true;
}

/* The present, unless a callback of libuv's is on the stack, which has it. */
uint64_t avow__now(avow__context_t *c);

/* The same inside a call of the program: what is queued has to wait. */
void avow__leave_queue(avow__context_t *c);

/* Stops the loop if an avow_run() runs it for what has settled. */
void avow__stop_if_settled(const avow__context_t *c);

/* Sees to it that the queue will be drained: tick.c. */
void avow__wake(avow__context_t *c);

/* Starts closing a handle of ours, unless the program has done so. */
void avow__close_own(avow__context_t *c, uv_handle_t *handle);

/* The rooms that have such handles: each closes them and later frees them, and
   goes on with what it has left over for another turn. */
bool avow__tick_init(avow__context_t *c);
void avow__tick_close(avow__context_t *c);
void avow__tick_free(avow__context_t *c);
/* Whether they are on its loop. */
bool avow__tick_is_there(const avow__context_t *c);
void avow__owner_init(avow__context_t *c);
void avow__owner_close(avow__context_t *c);
void avow__wheel_go_on(avow__context_t *c);
void avow__wheel_close(avow__context_t *c);
void avow__wheel_free(avow__context_t *c);
void avow__phases_close(avow__context_t *c);
void avow__phases_free(avow__context_t *c);
void avow__port_go_on(avow__context_t *c);
void avow__port_wait(avow__context_t *c);
void avow__port_close(avow__context_t *c);
void avow__port_free(avow__context_t *c);
void avow__spares_free(avow__context_t *c);

/* Marks what shields wait for: shield.c. */
void avow__shields_mark(avow__context_t *c);

/* Ends all channels and releases what is inside: channel.c. */
void avow__channels_close(avow__context_t *c);
/* Finds handles of ours that the program has closed: stray.c. */
void avow__strays_seek(avow__context_t *c);
/* Whether such handles are still closing. */
bool avow__strays_close(avow__context_t *c);
void avow__strays_free(avow__context_t *c);

#endif
