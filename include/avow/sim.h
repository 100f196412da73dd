/* SPDX-License-Identifier: MIT */
/*
 * The simulator: a library of its own, avow_sim, which a program links in place
 * of avow. There a server and its clients run on one thread in virtual time, on
 * a network and a disk that are not there, and a seed decides all that an
 * operating system decides: what is first, how long it takes, where reads are
 * cut, what fails. The same seed is the same history on every machine.
 */
#ifndef AVOW_SIM_H
#define AVOW_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/** What a run may suffer beside what any program has to bear: the order of what
 * is due at one time, delays, and reads that are cut anywhere. */
enum {
  AVOW_SIM_NET = 1,    /* connections refused, reset, and parted */
  AVOW_SIM_FS = 2,     /* operations on files that fail, or do half */
  AVOW_SIM_MEMORY = 4, /* allocations that fail */
  AVOW_SIM_CANCEL = 8, /* awaits that are cancelled */
  AVOW_SIM_CRASH = 16  /* the machine stops, and files lose what was not synced:
                          what then is, recover finds */
};

/**
 * Begins the program: a server and its clients, say. What it returns settles
 * when all is done, with whatever value, or rejects because something went
 * wrong. Global variables are as the run before left them.
 */
typedef avow_promise_t *(*avow_sim_fn)(uv_loop_t *loop, void *data);

/** Zero in a field stands for its default. */
typedef struct avow_sim_options_s {
  unsigned faults;     /* of the above; none */
  unsigned fault_rate; /* of 10,000 chances for one, where a run has some; 20 */
  uint64_t max_events; /* a run that has more, or more turns of its loop, or
                          more jobs at one time, has failed; jobs are counted
                          between turns; 1,000,000 */
  uint64_t max_ms;     /* of virtual time; a day */
  FILE *events;        /* where each event is printed; nowhere */

  /** With AVOW_SIM_CRASH, begins when the machine starts again, on a new loop,
   * with data of the program: it looks at what is on the disk, and without
   * faults. The machine stops between any two calls on files, or after all. */
  avow_sim_fn recover;
  uint64_t reserved[8]; /* zeros: for later versions */
} avow_sim_options_t;

/**
 * What became of a run. why is empty, or the first reason why it failed: the
 * program's promise rejected, a check did not hold, nothing was left to happen
 * while the promise was pending, there were more events or more time than the
 * options allow, handles or memory were left behind, a misuse that debug builds
 * report, a rejection that nobody handled, or a function that is not simulated.
 */
typedef struct avow_sim_result_s {
  bool failed;
  char why[255];
  uint64_t hash; /* of its history */
  uint64_t events;
  uint64_t choices; /* that the seed made */
  uint64_t ms;      /* of virtual time */
} avow_sim_result_t;

/**
 * One run of the program, on a loop of its own, which is closed behind it. NULL
 * options are all defaults. Prints nothing but the events that the options ask
 * for. Within a program that is simulated, and with reserved fields that are
 * not zeros, it fails at once.
 */
AVOW_API avow_sim_result_t avow_sim(uint64_t seed, avow_sim_fn program,
                                    void *data,
                                    const avow_sim_options_t *options);

/**
 * The main() of a simulation: runs the program under one seed after the other,
 * prints why the first that fails does so, with its last events, and how to
 * have it again, under gdb for one; then leaves out of it what that does not
 * take. The command line, of which --help tells, says how many seeds, or which.
 * Its --faults come in place of those of the options. The exit status: 0 if
 * none has failed, 1 if one has, 2 if the command line says nothing that it
 * knows, 3 if all was fine but for choices of --only that never came.
 */
AVOW_API int avow_sim_main(int argc, char **argv, avow_sim_fn program,
                           void *data, const avow_sim_options_t *options);

/**
 * For the program: fails its run, with that reason, where something does not
 * hold that always has to. Outside a run it ends the process.
 */
AVOW_API void avow_sim_check(bool holds, const char *format, ...)
    AVOW_PRINTF(2, 3);

/**
 * For the program's own blocks, as avow's: malloc() and its like that fail with
 * AVOW_SIM_MEMORY, and of which a run may leave none behind. A file that is
 * compiled with -Dmalloc=avow_sim_malloc and so on need not know of them.
 */
AVOW_API void *avow_sim_malloc(size_t size);

/** calloc(), likewise: memory of zeros, NULL where the run wants it to fail. */
AVOW_API void *avow_sim_calloc(size_t n, size_t size);

/** realloc(), likewise: where it fails, p stays as it is. */
AVOW_API void *avow_sim_realloc(void *p, size_t size);

/** free() for these three; p may be NULL. */
AVOW_API void avow_sim_free(void *p);

/** Chance for the program: one of 0 to bound - 1, by the seed. 0 outside. */
AVOW_API uint64_t avow_sim_choose(uint64_t bound);

/**
 * An event of the program's, for the history. The same for a seed on each
 * machine: no addresses of memory.
 */
AVOW_API void avow_sim_note(const char *format, ...) AVOW_PRINTF(1, 2);

AVOW_HEADER_END

#endif
