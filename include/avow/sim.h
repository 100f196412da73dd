/* SPDX-License-Identifier: MIT */
/*
 * The simulator: virtual time, network and disk for tests of programs.
 *
 * These functions belong to the library avow-sim. Link the program with
 * avow-sim instead of avow. A run executes a server and its clients on one
 * thread, in virtual time, with a simulated network and disk. A seed determines
 * everything that an operating system decides, such as the order of events, the
 * length of reads, and which calls fail. The same seed gives the same run on
 * every machine. docs/simulator.md explains how to write a test.
 */
#ifndef AVOW_SIM_H
#define AVOW_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/**
 * Kinds of faults that a run may have.
 *
 * Runs without faults also vary: events that are due at one time occur in any
 * order, operations take a random time, and reads and writes may transfer only
 * a part.
 */
enum {
  AVOW_SIM_NET = 1,    /* connections are refused, reset or interrupted */
  AVOW_SIM_FS = 2,     /* operations on files fail, or complete in part */
  AVOW_SIM_MEMORY = 4, /* allocations fail */
  AVOW_SIM_CANCEL = 8, /* async functions are canceled while they wait */
  AVOW_SIM_CRASH = 16  /* the machine stops, and files may lose data that was
                          not synced; then `recover` checks the disk */
};

/**
 * A program to simulate, such as a server and its clients.
 *
 * The program returns a promise that settles when the program has ended. Global
 * variables keep their values from one run to the next.
 *
 * @called  at the beginning of a run, on the thread that called avow_sim()
 */
typedef avow_promise_t *(*avow_sim_fn)(uv_loop_t *loop, void *data);

/** Options of a run; 0 or NULL in a field is its default. */
typedef struct avow_sim_options_s {
  unsigned faults; /* AVOW_SIM_…, combined with |; 0: none */
  /* Faults in 10,000 operations that can fail. 0: 20. For each kind of fault,
     the seed multiplies this rate by 0, 1, 4 or 16. */
  unsigned fault_rate;
  /* Limit of the events of a run, of the iterations of its loop, and of the
     jobs between two events. 0: 1,000,000. */
  uint64_t max_events;
  uint64_t max_ms; /* longest run, in ms of virtual time; 0: 24 hours */
  FILE *events;    /* file to which each event is printed; NULL: none */

  /* With AVOW_SIM_CRASH, the machine stops between two calls on files, or after
     the program has ended. Then it starts again and calls `recover`, which
     checks the contents of the disk. `recover` gets a new loop and the `data`
     of the program, and runs without faults. NULL: the machine does not start
     again. */
  avow_sim_fn recover;
  uint64_t reserved[8]; /* must be 0; for later versions */
} avow_sim_options_t;

/**
 * The result of a run.
 *
 * A run fails if the promise of the program rejects, if a check does not hold,
 * or if a rejection is not handled. It fails if the promise is pending and no
 * event can happen any more, and if it exceeds `max_events` or `max_ms`. It
 * fails if a handle, a file, a lock or a block of memory is left at the end. It
 * also fails if the program misuses avow, or calls a function that is not
 * simulated.
 *
 * A rejection with UV_ENOMEM after a failed allocation, or with UV_ECANCELED
 * after a canceled await, does not fail the run.
 */
typedef struct avow_sim_result_s {
  bool failed;
  char why[255];    /* reason of the first failure; empty: none */
  uint64_t hash;    /* hash of all events and choices */
  uint64_t events;  /* number of events */
  uint64_t choices; /* number of choices that the seed made */
  uint64_t ms;      /* length of the run in virtual time */
} avow_sim_result_t;

/**
 * Runs `program` once under `seed`, on a new loop.
 *
 * The loop is closed at the end. `options` may be NULL. The function prints
 * nothing, except the events if `options` has a file for them.
 *
 * The result is a failure, without a run, if `program` is NULL or a reserved
 * field of `options` is not 0. A call inside a simulated program also fails in
 * this way, and so does any call if avow is linked in addition to avow-sim.
 *
 * @returns the result
 */
AVOW_API avow_sim_result_t avow_sim(uint64_t seed, avow_sim_fn program,
                                    void *data,
                                    const avow_sim_options_t *options);

/**
 * Runs `program` under many seeds, as the command line selects.
 *
 * Call it from main(). It runs one seed after another until a run fails. Then
 * it prints the reason, the last events, and the commands that repeat the run,
 * also in gdb. It also finds and prints the choices of the seed without which
 * the run does not fail. The option --help prints all options. --faults
 * replaces the `faults` of `options`.
 *
 * @returns the exit status: 0 if no run failed, 1 if a run failed, 2 if the
 *          command line is invalid, 3 if a choice of --only did not occur
 */
AVOW_API int avow_sim_main(int argc, char **argv, avow_sim_fn program,
                           void *data, const avow_sim_options_t *options);

/**
 * Fails the run with the formatted reason if `holds` is false.
 *
 * The function returns, and the run ends after the current iteration. Outside
 * of a run, the function aborts the process if `holds` is false.
 */
AVOW_API void avow_sim_check(bool holds, const char *format, ...)
    AVOW_PRINTF(2, 3);

/**
 * Allocates memory of the program as malloc() does.
 *
 * With AVOW_SIM_MEMORY the seed lets some calls fail. A run fails if a block is
 * left at its end. To use the function without changes of the code, compile
 * with -Dmalloc=avow_sim_malloc.
 *
 * @returns the memory; NULL if the call fails
 */
AVOW_API void *avow_sim_malloc(size_t size);

/**
 * Allocates zeroed memory of the program as calloc() does.
 *
 * With AVOW_SIM_MEMORY the seed lets some calls fail. A run fails if a block is
 * left at its end.
 *
 * @returns the memory; NULL if the call fails
 */
AVOW_API void *avow_sim_calloc(size_t n, size_t size);

/**
 * Resizes memory of the program as realloc() does.
 *
 * With AVOW_SIM_MEMORY the seed lets some calls fail. A run fails if a block is
 * left at its end.
 *
 * @returns the memory; NULL if the call fails, and `p` is then unchanged
 */
AVOW_API void *avow_sim_realloc(void *p, size_t size);

/**
 * Frees memory of the program as free() does.
 *
 * `p` is NULL, or a block that avow_sim_malloc(), avow_sim_calloc() or
 * avow_sim_realloc() returned.
 */
AVOW_API void avow_sim_free(void *p);

/**
 * Chooses a random number that depends on the seed.
 *
 * Use it for random decisions of a test, instead of rand() or the time.
 *
 * @returns a number from 0 to `bound` - 1; 0 outside of a run
 */
AVOW_API uint64_t avow_sim_choose(uint64_t bound);

/**
 * Adds an event with the formatted text to the run.
 *
 * The text must depend only on the seed, so it must not contain addresses of
 * memory.
 */
AVOW_API void avow_sim_note(const char *format, ...) AVOW_PRINTF(1, 2);

AVOW_HEADER_END

#endif
