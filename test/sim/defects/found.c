/* SPDX-License-Identifier: MIT */
/*
 * Finds the planted defects and prints how many seeds that took:
 *
 *   found [SEEDS]             each program with at most so many (10,000)
 *   found NAME [OPTION...]    one program, by avow_sim_main()
 *
 * Each program must fail. If the programs are built with -DMENDED, none may
 * fail.
 */
#include <avow/sim.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "programs.h"

#ifdef MENDED
enum { DEFECTIVE = false };
#else
enum { DEFECTIVE = true };
#endif

_Static_assert((int) BEARS_NET == (int) AVOW_SIM_NET &&
                   (int) BEARS_FS == (int) AVOW_SIM_FS &&
                   (int) BEARS_MEMORY == (int) AVOW_SIM_MEMORY &&
                   (int) BEARS_CANCEL == (int) AVOW_SIM_CANCEL &&
                   (int) BEARS_CRASH == (int) AVOW_SIM_CRASH,
               "what a program bears is what the simulator does to it");

static double seconds(void) {
  return (double) clock() / CLOCKS_PER_SEC;
}

static avow_sim_options_t options_of(const program_t *program) {
  return (avow_sim_options_t){ .faults = program->bears,
                               .recover = program->recover };
}

/* Returns whether the program failed if it has a defect, and passed
   otherwise. */
static bool look_for(const program_t *program, uint64_t seeds) {
  const avow_sim_options_t options = options_of(program);
  const double begin = seconds();
  avow_sim_result_t result = { .failed = false };
  uint64_t seed = 0;
  while (!result.failed && seed < seeds)
    result = avow_sim(seed++, program->begin, NULL, &options);
  printf("%-14s %8" PRIu64 " %8.2f  %s\n", program->name, seed,
         seconds() - begin, result.failed ? result.why : "");
  return result.failed == DEFECTIVE;
}

static bool look_for_all(uint64_t seeds) {
  bool fine = true;
  printf("program           seeds  seconds  failure\n");
  for (int i = 0; programs[i] != NULL; i++)
    fine = look_for(programs[i], seeds) && fine;
  return fine;
}

static const program_t *named(const char *name) {
  for (int i = 0; programs[i] != NULL; i++)
    if (strcmp(name, programs[i]->name) == 0)
      return programs[i];
  return NULL;
}

int main(int argc, char *argv[]) {
  const program_t *program = argc > 1 ? named(argv[1]) : NULL;
  if (program == NULL)
    return look_for_all(argc > 1 ? strtoull(argv[1], NULL, 10) : 10000) ? 0 : 1;
  const avow_sim_options_t options = options_of(program);
  char name[200]; /* command that repeats a failure */
  (void) snprintf(name, sizeof(name), "%s '%s'", argv[0], argv[1]);
  argv[1] = name;
  return avow_sim_main(argc - 1, argv + 1, program->begin, NULL, &options);
}
