/* SPDX-License-Identifier: MIT */
/*
 * Loops: what avow keeps for each uv_loop_t, its options, memory and figures.
 *
 * The field `data` of a uv_loop_t remains the program's.
 */
#ifndef AVOW_LOOP_H
#define AVOW_LOOP_H

#include <stdio.h>

#include "avow/config.h"
#include "avow/value.h"

AVOW_HEADER_BEGIN

/**
 * Type of the hook that reports an unhandled rejection.
 *
 * A rejection is unhandled if nothing ever subscribed to the promise or read
 * its result. `reason` is borrowed. UV_ECANCELED is not reported, nor an
 * AVOW_EAGGREGATE of UV_ECANCELED only, because the program asked for it.
 *
 * In trace builds `where` is the call that made the promise, such as "get+0x1f
 * (app 0x12a0)"; see docs/traces.md. In other builds it is the name from
 * avow_promise_set_name(), or NULL.
 *
 * @called on the loop's thread, inside the function that releases the last
 *         reference to the promise, or in avow_loop_close() if the program
 *         still holds it
 */
typedef void (*avow_unhandled_cb)(uv_loop_t *loop, const avow_value_t *reason,
                                  const char *where, void *data);

/**
 * Type of the hooks that track rejections as ECMAScript does.
 *
 * The hooks are for bindings to other languages. `on_reject` tells that `p`,
 * which is borrowed, rejected without a subscriber. `on_handle` tells that such
 * a promise now has a subscriber.
 *
 * @called on the loop's thread, inside the function that settles `p` or
 *         subscribes to it. The hook must only record what it gets.
 * @see    ECMA-262, HostPromiseRejectionTracker
 */
typedef void (*avow_track_cb)(uv_loop_t *loop, const avow_promise_t *p,
                              void *data);

/**
 * A job that took long, which avow_slow_cb gets.
 *
 * A job calls the handler of a promise, or continues an async function until
 * its next await.
 */
typedef struct avow_job_s {
  /** The kind of its promise, as dumps print it: "then", "async". */
  const char *kind;
  /** The name from avow_promise_set_name(), of the promise or of the one that
      it waited for. NULL: there is none. */
  const char *name;
  /** The call that made the promise: "get+0x1f (app 0x12a0)". NULL except in
      trace builds. */
  const char *where;
  /** The program's function. Use it only to find its name, with addr2line or
      dladdr(), and do not call it. NULL: the job has none. */
  void (*fn)(void);
  /** The time that the job took, in microseconds. */
  uint64_t us;
} avow_job_t;

/**
 * Type of the hook that reports a job longer than avow_options_t.slow_us.
 *
 * All other jobs waited for that time. `job` is valid until the hook returns.
 *
 * @called on the loop's thread, between this job and the next. The hook must
 *         only record what it gets.
 */
typedef void (*avow_slow_cb)(uv_loop_t *loop, const avow_job_t *job,
                             void *data);

/** An event of a promise or of its loop; see avow_event_cb. */
typedef enum avow_event_e {
  AVOW_EVENT_MADE,     /* the promise was made */
  AVOW_EVENT_NAMED,    /* it got a name, or is the promise of a combinator */
  AVOW_EVENT_QUEUED,   /* its job was queued */
  AVOW_EVENT_JOB,      /* its job begins */
  AVOW_EVENT_JOB_END,  /* the job has ended; the promise is NULL */
  AVOW_EVENT_AWAITS,   /* its function begins to wait */
  AVOW_EVENT_RESUMES,  /* its function continues */
  AVOW_EVENT_CANCELED, /* it is pending and is canceled */
  AVOW_EVENT_SETTLED,  /* it was fulfilled or rejected */
  AVOW_EVENT_FREED,    /* its memory may become another promise */
  AVOW_EVENT_TASK,     /* the loop calls avow; the promise is NULL */
  AVOW_EVENT_TASK_END, /* that call and its jobs have ended; it is NULL */
  AVOW_EVENT_POLL      /* the loop is about to poll; the promise is NULL */
} avow_event_t;

/**
 * Type of the hook for each event of a loop, in trace builds.
 *
 * `promise` is borrowed. Some promises are avow's own, such as those for the
 * inputs of a combinator. `data` is avow_options_t.data.
 *
 * @called on the loop's thread, inside the function that causes the event. The
 *         callback may keep the pointer to recognize later events of that
 *         promise. At AVOW_EVENT_SETTLED it may call avow_state(). It must not
 *         call other functions of avow.
 */
typedef void (*avow_event_cb)(avow_event_t event, const avow_promise_t *promise,
                              void *data);

/**
 * The clock of a loop, which avow_options_t.clock selects.
 *
 * The clock gives the time for sleeps, time limits, deadlines, retries, ticks,
 * debounced channels and connection attempts. A clock that moves by hand or by
 * itself begins at 0 and does not wait in real time; see timer.h.
 */
typedef enum avow_clock_e {
  AVOW_CLOCK_REAL,     /* the clock of the system */
  AVOW_CLOCK_BY_HAND,  /* only avow_clock_advance() moves the clock */
  AVOW_CLOCK_BY_ITSELF /* the clock moves when everything waits for time */
} avow_clock_t;

/**
 * The options of avow_loop_init(); 0 in a field stands for its default.
 *
 * Initialize it by the names of its fields.
 *
 * The fields `budget` and `budget_us` limit the jobs of one iteration of the
 * loop. The jobs that are left wait for the next iteration, which polls first.
 * avow reads the clock after some jobs, not after each. In an iteration in
 * which libuv's callbacks took longer than `budget_us`, jobs may take as long
 * as they did. A time limit waits for finished work within the budget of jobs
 * only, so a very large `budget` can delay it for long.
 */
typedef struct avow_options_s {
  /** Reports unhandled rejections. Default: prints one line to stderr. */
  avow_unhandled_cb on_unhandled;
  /** Gets promises that reject without a subscriber. Default: none. */
  avow_track_cb on_reject;
  /** Gets such promises when they are subscribed to. Default: none. */
  avow_track_cb on_handle;
  /** Reports jobs longer than `slow_us`. Default: none. */
  avow_slow_cb on_slow;
  /** Gets each event. Default: none. UV_ENOTSUP without -Dtrace=true. */
  avow_event_cb on_event;
  /** The argument of these hooks. */
  void *data;
  /** The most jobs of one iteration of the loop. Default: 10,000. */
  unsigned budget;
  /** The most microseconds of jobs in one iteration. Default: 1,000. */
  unsigned budget_us;
  /** The stack of an async function, in bytes, at least 16 KiB. Default:
      64 KiB. See docs/stacks.md. */
  size_t stack_size;
  /** The most stacks that are kept for later async functions. Default:
      1,024. */
  unsigned idle_stacks;
  /** The most async functions at a time. Default: no limit. */
  unsigned max_stacks;
  /** The guard below each stack, in bytes. Default: 256 KiB, or 64 KiB on
      machines with 32 bits. */
  size_t guard_size;
  /** Whether a stack is filled with zeros when its function ends. Default:
      false. */
  bool wipe_stacks;
  /**
   * Whether checked builds report an async function that overflows its stack.
   * Default: false, the signal of any fault.
   *
   * The option is for the whole process. From the first async function of such
   * a loop on, avow handles SIGSEGV and SIGBUS and prints the function to
   * stderr. It leaves every other fault to the handler that was there before,
   * with its mask and flags. When avow is unloaded, it restores that handler,
   * unless another one was set since. Release builds and builds with a
   * sanitizer handle no signal.
   */
  bool report_overflows;
  /** Jobs that take more microseconds are reported and counted. Default: 10,000
      with `on_slow`, otherwise jobs are not timed. */
  unsigned slow_us;
  /** The clock of the loop. Default: AVOW_CLOCK_REAL. */
  avow_clock_t clock;
  /** The real milliseconds without an event of a peer after which a clock moves
      by itself. Default: 5. */
  unsigned clock_quiet_ms;
  /** The milliseconds after which avow reports to stderr what holds up a clock
      that moves by itself. In checked builds, also what holds up
      avow_loop_close(). Default: 5,000. */
  unsigned clock_guard_ms;
  /** For later versions. Must be zero, otherwise UV_EINVAL. */
  uint64_t reserved[4];
} avow_options_t;

/**
 * Prepares `loop` for avow.
 *
 * Each call needs a call of avow_loop_close(). Only the options of the first
 * call count. If `options` is NULL, every option has its default.
 *
 * A child of fork() may use loops that it creates itself. Of the inherited
 * loops it may use only that of the thread that called fork(), after
 * uv_loop_fork(). Operations that were in flight on the thread pool or on
 * another thread remain the parent's. While such operations are pending in the
 * child, neither uv_run() nor avow_loop_close() returns. The child must not use
 * the loops of other threads, including those of avow_loops_new(), nor the
 * remotes that other threads may be settling. Before libuv 1.45, a wake-up that
 * the loop had not received before fork() blocks all later ones in the child.
 * Other threads, senders, mailboxes and remotes send such wake-ups.
 *
 * libuv aborts the process if a thread of its pool cannot be created, because
 * memory is short or a limit on threads is reached. The first work, name lookup
 * or file operation starts the pool. A program that must survive such a
 * shortage queues some work at its start, before it accepts input.
 *
 * @returns 0 if the loop is ready
 * @error   UV_EINVAL if an option is out of range: `stack_size` below 16 KiB,
 *          or below the size in docs/stacks.md; `stack_size` or `guard_size`
 *          above 1 TiB, or above 1 GiB on a machine with 32 bits
 * @error   UV_EINVAL if `loop` is NULL or `options->reserved` is not zero
 * @error   UV_ENOTSUP if `on_event` is set in a build without -Dtrace=true
 * @error   UV_EBUSY while the loop closes
 * @error   UV_ENOMEM if out of memory
 */
AVOW_API int avow_loop_init(uv_loop_t *loop, const avow_options_t *options);

/**
 * Ends what the matching avow_loop_init() began.
 *
 * The last call cancels everything that is pending, and runs the handlers that
 * this wakes. The call waits for the requests of avow on the thread pool,
 * closes avow's handles and runs the loop for all of this. After that nothing
 * of avow makes uv_loop_close() fail.
 *
 * Objects that the program still holds stay valid. Their promises are settled,
 * and operations on channels and tools reject with UV_ECANCELED. Checked builds
 * print their number and kind to stderr. If handlers create new promises each
 * time they are canceled, avow refuses them new ones after a while.
 *
 * After the last call, a function on a stream with a handle of libuv is misuse.
 * A release build rejects with AVOW_EMISUSE.
 *
 * The handles that avow keeps on a loop are visible to uv_walk(). There are a
 * few of each type. Some uv_prepare_t handles are always active, but
 * unreferenced. A program that closes all handles may close these, too, when it
 * starts nothing new. The program must then call avow_loop_close() before
 * uv_loop_close(), because only that call settles pending sleeps and time
 * limits. New ones are canceled. To use the loop again, the program must then
 * call avow_loop_init(). Checked builds print a reminder.
 *
 * The call does not wait for requests of the program. If such requests are in
 * flight, or the program has open handles, call uv_run() before
 * uv_loop_close(). A deferred that their callbacks settle stays valid until
 * then.
 *
 * The call always ends if no promise is shielded. The call does not end while a
 * shield waits for a promise that never settles and something keeps the loop
 * alive. A mailbox, a sender, a remote or a handle of the program keeps the
 * loop alive. The call does not end before functions on the thread pool have
 * returned. Checked builds print what it waits for after
 * avow_options_t.clock_guard_ms, and the promises of a cycle that it had to
 * cancel.
 *
 * The caller must be where uv_run() is permitted.
 *
 * @returns 0 if avow has ended, or if another call of avow_loop_init() still
 *          has no matching call
 * @error   UV_EBUSY inside a callback of avow, a hook, the function of
 *          avow_try() or the `destroy` function of a value, or while the loop
 *          closes
 * @error   UV_EINVAL if the loop was not initialized, or is closed
 * @blocks  until everything has ended
 */
AVOW_API int avow_loop_close(uv_loop_t *loop);

/**
 * Sets the four functions that provide all memory of avow.
 *
 * The defaults are those of the C library. avow calls the functions on any
 * thread. libuv has an allocator of its own, which uv_replace_allocator() sets.
 * The system maps the stacks of async functions. The caller must call this
 * function before any other function of avow.
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
 * NULL, the function allocates memory. The content is kept up to the smaller of
 * both sizes. Further bytes are not initialized. If `size` is 0, the memory has
 * 1 byte afterwards. If there is no memory, `p` remains valid.
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

/** The figures of a loop, which avow_loop_stats() counts. */
typedef struct avow_stats_s {
  uint64_t live;        /* promises, reactions and channels in memory */
  uint64_t pending;     /* those of `live` that are not settled */
  uint64_t queued;      /* jobs that wait to run */
  uint64_t jobs;        /* jobs that ran since avow_loop_init() */
  uint64_t allocations; /* times that the system gave memory for promises */
  uint64_t requests;    /* requests of avow that are in flight */
  uint64_t on_pool;     /* those of `requests` that are on the thread pool */
  uint64_t waiting;     /* those of `on_pool` without a thread, at least */
  uint64_t slow_jobs;   /* jobs longer than avow_options_t.slow_us */
  uint64_t longest_job; /* the longest job, in us; 0 without slow_us */
  uint64_t iterations;  /* iterations since avow_loop_measure() */
  uint64_t lag_median;  /* the median of their lag, in us */
  uint64_t lag_p99;     /* the lag that 1 % of them exceeded, in us */
  uint64_t lag_max;     /* the largest lag, in us */
} avow_stats_t;

/**
 * Counts what is on the loop now and stores the figures in `*out`.
 *
 * `size` is sizeof(*out). A program that knows fewer figures than the library
 * gets those. Figures that the library does not know are 0. A `size` that is
 * not a size of figures is misuse: 0, the size of a pointer, a part of a
 * figure, or more than 128 figures. A release build then leaves `*out`
 * unchanged.
 *
 * libuv does not tell how many requests wait for a thread. So `waiting` is the
 * number of requests beyond the threads of the pool, which UV_THREADPOOL_SIZE
 * in the environment sets. More requests wait if other loops or the program
 * itself use the pool. libuv also gives name lookups at most half of the
 * threads.
 *
 * The time of the call is proportional to the number of promises.
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
