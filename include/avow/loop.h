/* SPDX-License-Identifier: MIT */
/*
 * The state of avow on a uv_loop_t: options, memory and statistics.
 *
 * The field `data` of the uv_loop_t remains free for the program.
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
 * A rejection is unhandled if no handler, combinator or await ever waited for
 * the promise, and the program never read its result. `reason` is borrowed.
 * UV_ECANCELED is not reported, nor is an error of avow_any() (AVOW_EAGGREGATE)
 * that contains only UV_ECANCELED.
 *
 * In trace builds (-Dtrace=true), `where` is the call that made the promise,
 * such as "get+0x1f (addr2line -fpe app 0x12a0)"; see docs/traces.md. In other
 * builds `where` is the name from avow_promise_set_name(), or NULL.
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
 * The hooks are for bindings to other languages. `on_reject` is called when `p`
 * rejects while no handler, combinator or await waits for `p`. `on_handle` is
 * called when later the first handler, combinator or await is added to `p`. `p`
 * is borrowed.
 *
 * @called on the loop's thread, inside the function that settles or uses `p`.
 *         The hook may store its arguments, read `p` and call avow_ref(). It
 *         must not change a promise or run the loop.
 * @see    ECMA-262, HostPromiseRejectionTracker
 */
typedef void (*avow_track_cb)(uv_loop_t *loop, const avow_promise_t *p,
                              void *data);

/** A job that took long, for avow_slow_cb. */
typedef struct avow_job_s {
  /** The kind of its promise: "then", "async". */
  const char *kind;
  /** The name of the job's promise, from avow_promise_set_name(). If that
      promise has no name, this is the name of the promise for which the job
      waited. NULL: there is no name. */
  const char *name;
  /** The call that made the promise: "get+0x1f (addr2line -fpe app 0x12a0)".
      NULL except in trace builds. */
  const char *where;
  /** The function of the program that the job called. Find its name with
      addr2line or dladdr(), and do not call it. NULL: there is none. */
  void (*fn)(void);
  /** The time that the job took, in microseconds. */
  uint64_t us;
} avow_job_t;

/**
 * Type of the hook that reports a job longer than avow_options_t.slow_us.
 *
 * `job` is valid until the hook returns.
 *
 * @called on the loop's thread, between this job and the next. The hook must
 *         not use a promise or run the loop.
 */
typedef void (*avow_slow_cb)(uv_loop_t *loop, const avow_job_t *job,
                             void *data);

/** An event of a promise or of its loop, for avow_event_cb. */
typedef enum avow_event_e {
  AVOW_EVENT_MADE,     /* the promise was made */
  AVOW_EVENT_NAMED,    /* the promise got a name; see docs/traces.md */
  AVOW_EVENT_QUEUED,   /* the job of the promise was queued */
  AVOW_EVENT_JOB,      /* the job of the promise begins */
  AVOW_EVENT_JOB_END,  /* the job has ended; the promise is NULL */
  AVOW_EVENT_AWAITS,   /* the async function begins to wait */
  AVOW_EVENT_RESUMES,  /* the async function continues */
  AVOW_EVENT_CANCELED, /* the pending promise is canceled */
  AVOW_EVENT_SETTLED,  /* the promise was fulfilled or rejected */
  AVOW_EVENT_FREED,    /* the promise was freed; its address may be reused */
  AVOW_EVENT_TASK,     /* the loop calls avow; the promise is NULL */
  AVOW_EVENT_TASK_END, /* the call and its jobs ended; the promise is NULL */
  AVOW_EVENT_POLL      /* the loop is about to poll; the promise is NULL */
} avow_event_t;

/**
 * Type of the hook for each event of a loop, in trace builds.
 *
 * `promise` is borrowed. Some promises are internal, such as those for the
 * inputs of a combinator. `data` is avow_options_t.data.
 *
 * @called on the loop's thread, inside the function that causes the event. The
 *         hook may keep the pointer to recognize later events of that promise.
 *         At AVOW_EVENT_SETTLED it may call avow_state(). It must not call
 *         other functions of avow.
 */
typedef void (*avow_event_cb)(avow_event_t event, const avow_promise_t *promise,
                              void *data);

/**
 * The clock of a loop, which avow_options_t.clock selects.
 *
 * Sleeps, time limits, deadlines, retries, connection attempts and the timed
 * channels of stages.h use the clock. AVOW_CLOCK_BY_HAND and
 * AVOW_CLOCK_BY_ITSELF are for tests: they begin at 0 and do not wait in real
 * time; see timer.h.
 */
typedef enum avow_clock_e {
  AVOW_CLOCK_REAL,     /* the clock of the system */
  AVOW_CLOCK_BY_HAND,  /* only avow_clock_advance() moves the clock */
  AVOW_CLOCK_BY_ITSELF /* the clock moves when all work waits for it */
} avow_clock_t;

/**
 * The options of avow_loop_init(); 0 in a field means its default.
 *
 * Initialize the struct by field names.
 *
 * `budget` and `budget_us` limit the jobs of one iteration of the loop. The
 * other jobs wait for the next iteration, which polls first. If the callbacks
 * of libuv took longer than `budget_us` in an iteration, the jobs may take as
 * long as these callbacks. Before a time limit takes effect, avow handles
 * earlier events and runs their jobs. It runs at most twice as many jobs as
 * `budget` permits.
 */
typedef struct avow_options_s {
  /** Reports unhandled rejections. Default: prints one line to stderr. */
  avow_unhandled_cb on_unhandled;
  /** Gets promises that reject without a handler. Default: none. */
  avow_track_cb on_reject;
  /** Gets promises that `on_reject` got, when their first handler is added.
      Default: none. */
  avow_track_cb on_handle;
  /** Reports jobs longer than `slow_us`. Default: see `slow_us`. */
  avow_slow_cb on_slow;
  /** Gets each event. Default: none. UV_ENOTSUP without -Dtrace=true. */
  avow_event_cb on_event;
  /** The `data` of all these hooks. */
  void *data;
  /** The largest number of jobs in one iteration. Default: 10,000. */
  unsigned budget;
  /** The limit for the time of the jobs in one iteration, in microseconds.
      Default: 1,000. */
  unsigned budget_us;
  /** The stack of an async function, in bytes, at least 16 KiB. If a function
      overflows its stack, the process ends. A checked build then prints the
      function. To do so, it handles SIGSEGV and SIGBUS, unless the program has
      handlers; see docs/stacks.md. Default: 256 KiB. */
  size_t stack_size;
  /** The number of unused stacks that are kept. Others are kept for a second,
      because a peak often comes again. Default: 1,024. */
  unsigned idle_stacks;
  /** The largest number of async functions at a time. Default: no limit. */
  unsigned max_stacks;
  /** The guard below each stack, in bytes. Default: 256 KiB, or 64 KiB on
      32-bit systems. */
  size_t guard_size;
  /** Whether a stack is filled with zeros when its function ends. Default:
      false. */
  bool wipe_stacks;
  /**
   * Whether several threads take turns in using the loop.
   *
   * Default: false. Checked builds then report a call on another thread than
   * the one that called avow_loop_init() or that last ran the loop. If this is
   * true, they report such calls only in avow_run() and in callbacks of avow.
   */
  bool changes_threads;
  /**
   * Whether the process may end while the loop is open.
   *
   * Default: false. Checked builds then report an open loop when the process
   * ends. Set it to true in a plug-in if the program can end the process
   * without a call of the plug-in.
   */
  bool may_stay_open;
  /**
   * Whether all operations on files run on the thread pool.
   *
   * Default: false. On Linux, the loop's thread then tries first to read files
   * and their attributes, with calls that do not wait for a disk; see
   * docs/libuv.md. Set it to true if a filter of system calls ends the process
   * at such a call (openat2(), statx(), preadv2()). Also set it to true if a
   * library replaces functions for files, as fakeroot does.
   */
  bool files_on_pool;
  /**
   * The duration, in microseconds, above which a job is reported and counted.
   *
   * Default: 10,000 with `on_slow`. Without `on_slow`, the default is 50,000 in
   * checked builds and UINT_MAX in release builds. UINT_MAX: jobs are not
   * timed.
   *
   * Without `on_slow`, checked builds print a slow job and the function that
   * it called. They print one line for each function, and at most eight lines
   * for each loop. If `slow_us` is 20,000 or more, they read a clock that may
   * advance only every 10 ms. The loops of avow_loops_new() do not time jobs.
   */
  unsigned slow_us;
  /** The clock of the loop. Default: AVOW_CLOCK_REAL. */
  avow_clock_t clock;
  /** The real milliseconds that AVOW_CLOCK_BY_ITSELF waits for events from
      peers, before it moves. Default: 5. */
  unsigned clock_quiet_ms;
  /** A limit in real milliseconds. If AVOW_CLOCK_BY_ITSELF does not move for
      this time, avow prints the cause to stderr. In checked builds, avow also
      prints the cause if avow_loop_close() takes longer. Default: 5,000. */
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
 * A child of fork() may use loops that it creates itself. Of the loops of its
 * parent, it may use only the loop of the thread that called fork(), after
 * uv_loop_fork(). It must not use loops of other threads, including those of
 * avow_loops_new(), nor remotes that other threads may be settling. Operations
 * on the thread pool or on another thread stay in the parent. If one was in
 * flight, neither uv_run() nor avow_loop_close() returns in the child. libuv
 * before 1.45 has a bug. If the loop has not yet handled a wake-up by another
 * thread at the time of fork(), the child loses all later wake-ups.
 *
 * The first work, name lookup or file operation starts the thread pool. If the
 * system then refuses a thread, libuv aborts the process. To make this happen
 * early, queue some work when the program starts.
 *
 * @returns 0 if the loop is ready
 * @error   UV_EINVAL if `loop` is NULL
 * @error   UV_EINVAL if `stack_size` is below 16 KiB, or below the size in
 *          docs/stacks.md
 * @error   UV_EINVAL if `stack_size` or `guard_size` is above 1 TiB, or above 1
 *          GiB on 32-bit systems
 * @error   UV_EINVAL if `clock` is none of the constants, or `reserved` is not
 *          zero
 * @error   UV_ENOTSUP if `on_event` is set in a build without -Dtrace=true
 * @error   UV_EBUSY while the loop closes
 * @error   UV_ENOMEM if out of memory
 */
AVOW_API int avow_loop_init(uv_loop_t *loop, const avow_options_t *options);

/**
 * Cancels everything that is pending and closes avow on `loop`.
 *
 * If avow_loop_init() was called several times, only the last matching call
 * does this. The call cancels pending promises and runs their handlers, waits
 * for the requests of avow on the thread pool, and closes the handles of avow.
 * To do this, the call runs the loop. After that, nothing of avow makes
 * uv_loop_close() fail.
 *
 * Objects that the program still holds stay valid. Their promises are settled,
 * and operations on them reject with UV_ECANCELED. Exception: it is misuse to
 * use a stream after the call if avow_stream_handle() returned a handle for
 * this stream. In a release build, such an operation rejects with AVOW_EMISUSE.
 *
 * Checked builds print to stderr how many promises, deferreds, channels,
 * gathers, groups, readers, limiters and similar objects the program still
 * holds, and the function that releases them. Values that hold a process of
 * avow_spawn() are counted, too. Checked builds report other values, such as
 * BYTES and lists, when the process ends. They do not report remotes, mailboxes
 * and senders.
 *
 * The call waits until functions on the thread pool have returned, and until
 * shielded promises have settled. If a shielded promise never settles, the call
 * waits until nothing keeps the loop alive, and then cancels the promise. A
 * mailbox, a sender, a remote or a handle of the program keeps the loop alive.
 * If handlers continue to create promises, avow limits the number of their
 * jobs. After that, new promises are rejected with UV_ECANCELED at once. If the
 * call takes longer than avow_options_t.clock_guard_ms, a checked build prints
 * what the call waits for. It also prints promises that wait for each other in
 * a cycle.
 *
 * The call does not wait for requests of the program. If such requests are in
 * flight, or the program has open handles, call uv_run() before
 * uv_loop_close(). The callbacks of these requests may still settle deferreds.
 *
 * uv_walk() also visits the handles of avow. A program that closes all handles
 * may close these, too, if it starts no operation after that. The program must
 * still call avow_loop_close() before uv_loop_close(), because only
 * avow_loop_close() settles pending sleeps and time limits. To use the loop
 * again, the program calls avow_loop_init() after that. Checked builds print a
 * message if the program uses avow on the loop without these calls.
 *
 * The call runs the loop, so the caller must not be in a callback of libuv.
 *
 * @returns 0 if avow is closed on `loop`, or if another call of
 *          avow_loop_init() still has no matching call
 * @error   UV_EBUSY inside a callback of avow, a hook, the function that is
 *          passed to avow_try(), or the `destroy` function of a value, or while
 *          the loop closes
 * @error   UV_EINVAL if the loop was not initialized, or is closed
 * @blocks  until all promises have settled and the handles of avow are closed
 */
AVOW_API int avow_loop_close(uv_loop_t *loop);

/**
 * Sets the four functions that provide the memory of avow.
 *
 * The caller must call this function before any other function of avow. The
 * defaults are those of the C library. avow calls the functions on any thread.
 * Two kinds of memory come from other places: uv_replace_allocator() sets the
 * allocator of libuv, and the system maps the stacks of async functions.
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
 * The bytes are not initialized. If `size` is 0, the function allocates 1 byte.
 * The caller releases the memory with avow_free().
 *
 * @returns the memory, aligned for every type; NULL if out of memory
 * @thread  any
 * @see     avow_replace_allocator()
 */
AVOW_API AVOW_MUST_USE void *avow_malloc(size_t size);

/**
 * Allocates an array of `n` elements of `size` bytes, all zero.
 *
 * If `n` or `size` is 0, it counts as 1. The caller releases the memory with
 * avow_free().
 *
 * @returns the memory, aligned for every type; NULL if out of memory, or if the
 *          product is too large for size_t
 * @thread  any
 * @see     avow_replace_allocator()
 */
AVOW_API AVOW_MUST_USE void *avow_calloc(size_t n, size_t size);

/**
 * Changes the size of the memory at `p` to `size` bytes.
 *
 * `p` is NULL or comes from avow_malloc(), avow_calloc() or avow_realloc(). The
 * call does what realloc() does, but a `size` of 0 counts as 1.
 *
 * @returns the memory, which may have moved; NULL if out of memory, and then
 *          `p` remains valid
 * @thread  any
 */
AVOW_API AVOW_MUST_USE void *avow_realloc(void *p, size_t size);

/**
 * Releases memory of avow_malloc(), avow_calloc() or avow_realloc().
 *
 * `p` may be NULL.
 *
 * @thread any
 */
AVOW_API void avow_free(void *p);

/** The statistics of a loop, which avow_loop_stats() stores. */
typedef struct avow_stats_s {
  uint64_t live;        /* promises, handlers and channels in memory */
  uint64_t pending;     /* those of `live` that have not settled */
  uint64_t queued;      /* jobs that wait to run */
  uint64_t jobs;        /* jobs that ran since avow_loop_init() */
  uint64_t allocations; /* allocations of memory for promises */
  uint64_t requests;    /* requests of avow that are in flight */
  uint64_t on_pool;     /* those of `requests` that are on the thread pool */
  uint64_t waiting;     /* those of `on_pool` that wait for a thread */
  uint64_t slow_jobs;   /* jobs longer than avow_options_t.slow_us */
  uint64_t longest_job; /* the longest job, in us; 0 if jobs are not timed */
  uint64_t iterations;  /* iterations since avow_loop_measure() */
  uint64_t lag_median;  /* the median of their durations, in us */
  uint64_t lag_p99;     /* the duration that 1 % of them exceeded, in us */
  uint64_t lag_max;     /* the longest duration, in us */
} avow_stats_t;

/**
 * Stores the statistics of the loop in `*out`.
 *
 * `size` is sizeof(*out), which differs between versions. The library fills in
 * at most `size` bytes. It sets fields of a later version to 0. A wrong
 * `size`, such as 0 or the size of a pointer, is misuse. A release build then
 * leaves `*out` unchanged.
 *
 * `waiting` is `on_pool` minus the number of threads, but at least 0.
 * UV_THREADPOOL_SIZE in the environment sets the number of threads. More
 * requests wait if other loops or the program itself use the pool. libuv also
 * gives name lookups at most half of the threads.
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
