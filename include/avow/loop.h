/* SPDX-License-Identifier: MIT */
/*
 * Loops: what avow keeps for each uv_loop_t. loop->data stays the program's.
 */
#ifndef AVOW_LOOP_H
#define AVOW_LOOP_H

#include <stdio.h>

#include "avow/config.h"
#include "avow/value.h"

AVOW_HEADER_BEGIN

/**
 * Called when the last reference to a rejected promise goes, or the loop is
 * closed while somebody holds it, and nobody ever subscribed to it or read its
 * result: the failure would be lost. UV_ECANCELED, and an aggregate of nothing
 * else, is not reported, since somebody asked for it. In trace builds `where`
 * is the call that made the promise ("get+0x1f (app 0x12a0)"; see
 * docs/traces.md). In others it is the name that avow_promise_set_name() gave
 * the promise, or NULL.
 */
typedef void (*avow_unhandled_cb)(uv_loop_t *loop, const avow_value_t *reason,
                                  const char *where, void *data);

/**
 * For bindings to languages that track rejections as ECMAScript does
 * (HostPromiseRejectionTracker): p, borrowed, was rejected and nobody had
 * subscribed to it; or somebody now subscribed to such a promise. Called inside
 * the function that settles or subscribes; to do bookkeeping, no more.
 */
typedef void (*avow_track_cb)(uv_loop_t *loop, const avow_promise_t *p,
                              void *data);

/**
 * A job that took long: the handler of a promise, or an async function from
 * where it went on to where it awaits.
 */
typedef struct avow_job_s {
  const char *kind;  /* of its promise, as dumps have it: "then", "async" */
  const char *name;  /* that avow_promise_set_name() gave that, or what it has
                        waited for; or NULL */
  const char *where; /* the call that made it: "get+0x1f (app 0x12a0)", in
                        trace builds, else NULL */
  void (*fn)(void);  /* the function of the program's, not to be called, but for
                        its name: as addr2line has it, or dladdr(); or NULL */
  uint64_t us;       /* microseconds that it took, by the clock */
} avow_job_t;

/**
 * A job took longer than avow_options_t.slow_us, and kept all others waiting
 * for as long. job is there until this returns. Called between that job and
 * the next; to note it down, no more.
 */
typedef void (*avow_slow_cb)(uv_loop_t *loop, const avow_job_t *job,
                             void *data);

/** An event of a promise, or of its loop: see avow_event_cb. */
typedef enum avow_event_e {
  AVOW_EVENT_MADE,     /* the promise was made */
  AVOW_EVENT_NAMED,    /* it has a name, or is that of a combinator */
  AVOW_EVENT_QUEUED,   /* its job was queued */
  AVOW_EVENT_JOB,      /* its job begins */
  AVOW_EVENT_JOB_END,  /* the job has ended; the promise is NULL */
  AVOW_EVENT_AWAITS,   /* its function begins to wait */
  AVOW_EVENT_RESUMES,  /* its function goes on */
  AVOW_EVENT_CANCELED, /* it is pending, and is canceled */
  AVOW_EVENT_SETTLED,  /* it was fulfilled or rejected */
  AVOW_EVENT_FREED,    /* its memory may become another promise */
  AVOW_EVENT_TASK,     /* the loop calls avow; the promise is NULL */
  AVOW_EVENT_TASK_END, /* that call, and its jobs, are over; NULL */
  AVOW_EVENT_POLL      /* the loop is about to poll; NULL */
} avow_event_t;

/**
 * Called at each event of a loop, in trace builds.
 *
 * `promise` is borrowed. Some promises are avow's own, such as those for the
 * inputs of a combinator. `data` is avow_options_t.data.
 *
 * @called On the loop's thread, inside the function that causes the event. The
 *         callback may keep the pointer to recognize later events of the same
 *         promise. At AVOW_EVENT_SETTLED it may call avow_state(). It must not
 *         call other functions of avow.
 */
typedef void (*avow_event_cb)(avow_event_t event, const avow_promise_t *promise,
                              void *data);

/**
 * What time it is for sleeps, limits of time, deadlines, retries, ticks,
 * debounced channels and the attempts of a connect. A clock of the loop's own
 * begins at 0 and does not wait for what it counts: see avow_clock_advance().
 */
typedef enum avow_clock_e {
  AVOW_CLOCK_REAL,
  AVOW_CLOCK_BY_HAND,  /* avow_clock_advance() moves it, and nothing else */
  AVOW_CLOCK_BY_ITSELF /* where nothing but time can go on, to what is next */
} avow_clock_t;

/**
 * Zero in a field stands for its default.
 *
 * A turn of the loop ends when as many jobs have run as budget says, or when
 * they took budget_us: what is left waits for the next one, which polls first.
 * The clock is looked at after some jobs, not after each, and a turn in which
 * libuv's callbacks took longer gives jobs as long as these. Limits of time
 * wait for finished work by budget alone: with a huge one, for long.
 *
 * report_overflows is about the process: from the first async function of such
 * a loop on, debug builds handle SIGSEGV and SIGBUS, say on stderr which async
 * function has overflowed its stack, and leave all else to the handler that was
 * there before, with its mask and flags. They give the signals back when avow
 * is unloaded, unless others have taken them since. Release builds, and those
 * of a sanitizer, handle no signal in any case.
 */
typedef struct avow_options_s {
  avow_unhandled_cb on_unhandled; /* default: one line on stderr */
  avow_track_cb on_reject;        /* default: none */
  avow_track_cb on_handle;        /* default: none */
  avow_slow_cb on_slow;           /* default: none */
  avow_event_cb on_event;         /* default: none. Builds without -Dtrace=true
                                     refuse it: UV_ENOTSUP */
  void *data;                     /* for these */
  unsigned budget;                /* jobs in a turn of the loop; 10,000 */
  unsigned budget_us;    /* and microseconds that they may take; 1,000 */
  size_t stack_size;     /* of an async function; 64 KiB; see docs/stacks.md */
  unsigned idle_stacks;  /* kept for the next async functions; 1,024 */
  unsigned max_stacks;   /* async functions at a time; no limit */
  size_t guard_size;     /* below each; 256 KiB, 64 KiB on 32-bit machines */
  bool wipe_stacks;      /* filled with zeros when their function is over */
  bool report_overflows; /* of stacks; default: a signal, as of any fault */
  unsigned slow_us;      /* jobs that take longer are told of, and counted;
                            10,000 with on_slow, else jobs are not timed */
  avow_clock_t clock;    /* default: the real one */
  unsigned clock_quiet_ms; /* nothing from peers for so long lets a clock move
                              by itself; 5 */
  unsigned clock_guard_ms; /* what holds it for so long is named on stderr;
                              5,000. In checked builds, also what holds up
                              avow_loop_close() */
  uint64_t reserved[4];    /* zeros, else UV_EINVAL: for later versions */
} avow_options_t;

/**
 * Makes avow ready on the loop, which it serves until as many calls of
 * avow_loop_close(). The first call's options count; NULL is all defaults.
 * UV_EINVAL for options out of range, as is a stack_size of less than 16 KiB
 * (or what docs/stacks.md says) or, like a guard_size, of more than 1 TiB;
 * 1 GiB on 32-bit machines. UV_ENOTSUP for on_event in a build without
 * -Dtrace=true. UV_EBUSY while the loop closes. UV_ENOMEM.
 *
 * In a child of fork() loops that it makes itself are as any, whatever other
 * threads were doing. Of those that it inherits, the loop of the thread that
 * called fork() can go on, after uv_loop_fork(): but what was in flight, on the
 * thread pool or in another thread, is the parent's, and while such remains
 * neither uv_run() nor avow_loop_close() comes to its end. Loops of other
 * threads, avow_loops_new()'s among them, and remotes that these may have been
 * settling are to be left alone. Before libuv 1.45 a call from another thread,
 * or by a sender, a mailbox or a remote, that the loop had not answered when
 * fork() was called keeps all later ones from the child's.
 *
 * libuv ends the process if a thread of its pool cannot be created: for lack of
 * memory, or at a limit on the number of threads. The pool starts with the
 * first work, lookup or operation on a file. A program that must outlive that
 * queues some work at its start, before it accepts input.
 */
AVOW_API int avow_loop_init(uv_loop_t *loop, const avow_options_t *options);

/**
 * The handles that avow keeps on a loop (a few of each type, of which
 * uv_prepare_t are always active, unreferenced) are visible to uv_walk(). A
 * program that closes all handles there may close them too, once it starts
 * nothing new; avow_loop_close() has to follow, before uv_loop_close(): only
 * that settles what waits, a sleep or a limit of time, and new ones are
 * cancelled. To use the loop again takes avow_loop_init() behind it; debug
 * builds advise who does without.
 *
 * Ends what the matching avow_loop_init() began. The last call rejects all that
 * is pending with UV_ECANCELED, runs the handlers that this wakes, waits for
 * requests in flight on the thread pool and closes our handles, running the
 * loop for all of this; afterwards nothing of ours keeps uv_loop_close() from
 * returning 0. What the program still holds stays valid: promises are settled,
 * and what is asked of channels and tools rejects with UV_ECANCELED; debug
 * builds say on stderr what and how many these are. Handlers that begin new
 * work each time they hear of the end are refused it after a while.
 *
 * Call nothing on a stream with a handle of libuv after the last call: that is
 * misuse. A checked build aborts, and a release rejects with AVOW_EMISUSE.
 *
 * It waits for requests of avow, not for those of the program. If some of these
 * are in flight, or the program has open handles, call uv_run() before
 * uv_loop_close(). A deferred that their callback settles stays valid until
 * then, and is not dropped.
 *
 * It ends for every graph of promises that has no shields. It does not end
 * while a shield waits for a promise that is never settled and something keeps
 * the loop alive, such as a mailbox, a sender, a remote or a handle of the
 * program. It does not end before functions on the thread pool have returned.
 * Checked builds print what it waits for if that takes clock_guard_ms, and the
 * promises of a cycle that it had to cancel.
 *
 * Call it where uv_run() may be called; UV_EBUSY from inside a callback of
 * ours, a hook, the function of an avow_try() or the destroy function of any
 * value, UV_EINVAL if the loop was not initialised, or closed.
 */
AVOW_API int avow_loop_close(uv_loop_t *loop);

/**
 * Sets the four functions that provide all memory of avow.
 *
 * The defaults are those of the C library. avow calls the functions on any
 * thread. libuv has an allocator of its own, which uv_replace_allocator() sets,
 * and the system maps the stacks of async functions.
 * The caller must call this function before any other function of avow.
 *
 * @returns 0 if the functions are set
 * @error   UV_EBUSY if avow has already allocated memory
 * @error   UV_EINVAL if a function is NULL
 */
AVOW_API int avow_replace_allocator(void *(*malloc_fn)(size_t),
                                    void *(*realloc_fn)(void *, size_t),
                                    void *(*calloc_fn)(size_t, size_t),
                                    void (*free_fn)(void *));

/**
 * Allocates `size` bytes with the allocator of avow.
 *
 * avow_replace_allocator() sets the allocator. The bytes are not initialized.
 * If `size` is 0, the function allocates 1 byte. The caller releases the memory
 * with avow_free().
 *
 * @returns the memory, aligned for every type; NULL if out of memory
 * @thread  any
 */
AVOW_API AVOW_MUST_USE void *avow_malloc(size_t size);

/**
 * Allocates an array of `n` elements of `size` bytes, all zero.
 *
 * The memory comes from the allocator that avow_replace_allocator() sets. If
 * `n` or `size` is 0, the function uses 1 in its place. If the product of both
 * is too large for size_t, there is no memory. The caller releases the memory
 * with avow_free().
 *
 * @returns the memory, aligned for every type; NULL if out of memory
 * @thread  any
 */
AVOW_API AVOW_MUST_USE void *avow_calloc(size_t n, size_t size);

/**
 * Changes the size of the memory at `p` to `size` bytes.
 *
 * `p` comes from avow_malloc(), avow_calloc() or avow_realloc(). If `p` is
 * NULL, the function allocates memory. The content stays the same up to the
 * smaller of both sizes. Further bytes are not initialized. If `size` is 0, the
 * memory has 1 byte afterwards. If there is no memory, `p` remains valid.
 *
 * @returns the memory, which may have moved; NULL if out of memory
 * @thread  any
 */
AVOW_API AVOW_MUST_USE void *avow_realloc(void *p, size_t size);

/**
 * Releases memory of avow_malloc(), avow_calloc() or avow_realloc().
 *
 * If `p` is NULL, the function does nothing.
 *
 * @thread any
 */
AVOW_API void avow_free(void *p);

/** What there is on a loop, and how it does: see avow_loop_stats(). */
typedef struct avow_stats_s {
  uint64_t live;        /* promises, reactions and channels in memory */
  uint64_t pending;     /* of these, not settled */
  uint64_t queued;      /* jobs that wait for their turn */
  uint64_t jobs;        /* jobs run since the loop was initialised */
  uint64_t allocations; /* times promises were given memory from the system */
  uint64_t requests;    /* libuv requests in flight that are ours */
  uint64_t on_pool;     /* of these, those for libuv's thread pool */
  uint64_t waiting;     /* of these, so many at least wait for a thread */
  uint64_t slow_jobs;   /* that took longer than slow_us */
  uint64_t longest_job; /* us; 0 unless slow_us has them timed */
  uint64_t iterations;  /* of the loop, since avow_loop_measure() */
  uint64_t lag_median;  /* us that these took; half of them took more */
  uint64_t lag_p99;     /* us; 1 % of them took more */
  uint64_t lag_max;     /* us */
} avow_stats_t;

/**
 * libuv does not say how many requests wait for a thread: waiting is what is
 * there beyond its threads, of which UV_THREADPOOL_SIZE in the environment says
 * how many there are. More wait where other loops use the pool, or the program
 * itself; libuv also gives lookups of names no more than half of the threads.
 *
 * Counts what is there now; takes time in proportion. size is sizeof(*out): a
 * program that knows fewer figures than the library gets these, and zeros for
 * those that the library does not know. Debug builds say so of what is no such
 * size: 0, that of a pointer, a part of a figure, more than 128 figures;
 * release builds leave *out alone then.
 */
AVOW_API void avow_loop_stats(uv_loop_t *loop, avow_stats_t *out, size_t size);

/**
 * Prints every live promise, and what it waits for, as lines of text.
 *
 * Trace builds (-Dtrace=true) also print which call made each promise, and how
 * long ago.
 *
 * @see avow_loop_dump_dot()
 */
AVOW_API void avow_loop_dump(uv_loop_t *loop, FILE *out);

AVOW_HEADER_END

#endif
