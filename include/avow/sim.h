/* SPDX-License-Identifier: MIT */
/*
 * The simulator: virtual time, network and disk for tests of programs.
 *
 * avow_sim is a library of its own that a program links in place of avow. A
 * server and its clients run there on one thread, in virtual time, with a
 * simulated network and disk. A seed decides everything that an operating
 * system decides: which event is first, how long it takes, where reads are cut,
 * and which calls fail. A seed gives one history on every machine.
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
 * Each run also has what every program must handle: any order of events that
 * are due at one time, delays, and reads that are cut anywhere.
 */
enum {
  AVOW_SIM_NET = 1,    /* connections are refused, reset or interrupted */
  AVOW_SIM_FS = 2,     /* operations on files fail, or complete in part */
  AVOW_SIM_MEMORY = 4, /* allocations fail */
  AVOW_SIM_CANCEL = 8, /* awaits are canceled */
  AVOW_SIM_CRASH = 16  /* the machine stops, and files lose what was not synced;
                          `recover` then checks them */
};

/**
 * A program to simulate, such as a server and its clients.
 *
 * The promise that it returns settles when the program is done. Any value is a
 * success; a rejection fails the run. Global variables keep the values that the
 * run before left.
 *
 * @called  at the beginning of a run, on its loop
 */
typedef avow_promise_t *(*avow_sim_fn)(uv_loop_t *loop, void *data);

/** Options of a run; 0 or NULL in a field is its default. */
typedef struct avow_sim_options_s {
  unsigned faults;     /* AVOW_SIM_…, combined with |; 0: none */
  unsigned fault_rate; /* faults for 10,000 opportunities; 0: 20 */
  /* Largest number of events, of iterations of the loop, and of jobs at one
     time, which are counted between iterations. A run with more fails. 0:
     1,000,000. */
  uint64_t max_events;
  uint64_t max_ms; /* longest run, in ms of virtual time; 0: a day */
  FILE *events;    /* to print each event to; NULL: none is printed */

  /* With AVOW_SIM_CRASH, runs when the machine starts again, with `data` of the
     program. It has a new loop and no faults, and checks the contents of the
     disk. The machine stops between any two calls on files, or at the end. */
  avow_sim_fn recover;
  uint64_t reserved[8]; /* must be 0; for later versions */
} avow_sim_options_t;

/**
 * The result of a run.
 *
 * A run fails if the promise of the program rejects or a check does not hold.
 * It fails if no event is left while the promise is pending, or if there are
 * more events or more time than the options permit. It also fails if handles or
 * memory are left, a rejection is not handled, or a misuse occurs that a
 * checked build reports. A call of a function that is not simulated fails it,
 * too.
 */
typedef struct avow_sim_result_s {
  bool failed;
  char why[255];    /* first reason of the failure; empty: none */
  uint64_t hash;    /* of the history */
  uint64_t events;  /* number of events */
  uint64_t choices; /* number of choices that the seed made */
  uint64_t ms;      /* length of the run in virtual time */
} avow_sim_result_t;

/**
 * Runs `program` once, on a loop of its own.
 *
 * The loop is closed at the end. `options` may be NULL. Only the events that
 * `options` request are printed.
 *
 * @returns the result; a failure at once if it is called inside a simulated
 *          program, or if a reserved field is not 0
 */
AVOW_API avow_sim_result_t avow_sim(uint64_t seed, avow_sim_fn program,
                                    void *data,
                                    const avow_sim_options_t *options);

/**
 * Serves as main() of a simulation: runs `program` with many seeds.
 *
 * For the first seed that fails it prints the reason, the last events, and how
 * to repeat the run, also in gdb. Then it leaves out the choices that the
 * failure does not need. The command line selects the seeds and their number;
 * --help describes it. Its --faults replaces the `faults` of `options`.
 *
 * @returns the exit status. 0: no seed failed. 1: a seed failed. 2: the command
 *          line is invalid. 3: no seed failed, but choices of --only did not
 *          occur.
 */
AVOW_API int avow_sim_main(int argc, char **argv, avow_sim_fn program,
                           void *data, const avow_sim_options_t *options);

/**
 * Fails the run with the formatted reason if `holds` is false.
 *
 * The program calls it for conditions that must always hold. Outside of a run,
 * it ends the process.
 */
AVOW_API void avow_sim_check(bool holds, const char *format, ...)
    AVOW_PRINTF(2, 3);

/**
 * Allocates memory of the program as malloc() does.
 *
 * With AVOW_SIM_MEMORY it can fail, and a run fails that leaves a block. A file
 * that is compiled with -Dmalloc=avow_sim_malloc and so on needs no changes.
 *
 * @returns the memory; NULL if there is none, or if the run has it fail
 */
AVOW_API void *avow_sim_malloc(size_t size);

/**
 * Allocates zeroed memory of the program as calloc() does.
 *
 * With AVOW_SIM_MEMORY it can fail, and a run fails that leaves a block.
 *
 * @returns the memory; NULL if there is none, or if the run has it fail
 */
AVOW_API void *avow_sim_calloc(size_t n, size_t size);

/**
 * Resizes memory of the program as realloc() does.
 *
 * With AVOW_SIM_MEMORY it can fail, and a run fails that leaves a block.
 *
 * @returns the memory; NULL if there is none, or if the run has it fail, and
 *          then `p` is unchanged
 */
AVOW_API void *avow_sim_realloc(void *p, size_t size);

/** Frees memory that avow_sim_malloc() and so on returned, or NULL. */
AVOW_API void avow_sim_free(void *p);

/**
 * Chooses a number for the program, by the seed.
 *
 * @returns a number from 0 to `bound` - 1; 0 outside of a run
 */
AVOW_API uint64_t avow_sim_choose(uint64_t bound);

/**
 * Adds an event of the program to the history.
 *
 * The text must depend only on the seed, so it must not contain addresses of
 * memory.
 */
AVOW_API void avow_sim_note(const char *format, ...) AVOW_PRINTF(1, 2);

AVOW_HEADER_END

#endif
