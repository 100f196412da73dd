/* SPDX-License-Identifier: MIT */
/*
 * Searches for a failing seed and reports it: the reason, the last events, the
 * choices that the failure needs, and the command that replays it.
 */
#include "sim/seed_search.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "sim/event_log.h"
#include "sim/fatal_signal.h"
#include "sim/replay_command.h"
#include "sim/shrink.h"
#include "sim/world.h"

enum { SHRINKING_RUNS = 2000, PROGRESS = 256 };

typedef struct {
  const sim_search_t *search;
  uint64_t seed;
  const char *why; /* reason of the complete run */
} failure_t;

/* Runs without an event log, because a search makes thousands of runs. */
static avow_sim_result_t run_quietly(const sim_search_t *search, uint64_t seed,
                                     const sim_picks_t *only,
                                     sim_picks_t *taken) {
  avow_sim_options_t options = search->options;
  options.events = NULL;
  sim_fatal_signal_tell(sim_replay_command(search, seed, only));
  sim_picks_use(only, taken);
  const avow_sim_result_t result =
      avow_sim(seed, search->program, search->data, &options);
  sim_picks_use(NULL, NULL);
  return result;
}

/* Digits are ignored, because two failures of one kind may differ in
   numbers. */
static bool is_same_reason(const char *a, const char *b) {
  for (;; a++, b++) {
    while (isdigit((unsigned char) *a))
      a++;
    while (isdigit((unsigned char) *b))
      b++;
    if (*a != *b || *a == '\0')
      return *a == *b;
  }
}

static bool fails_alike(const sim_picks_t *only, sim_picks_t *taken,
                        void *data) {
  const failure_t *failure = data;
  const avow_sim_result_t result =
      run_quietly(failure->search, failure->seed, only, taken);
  return result.failed && is_same_reason(result.why, failure->why);
}

static void print_last_events(void) {
  printf("\nthe last events:\n");
  for (uint64_t back = SIM_KEPT; back > 0; back--)
    if (sim_history_line(back - 1) != NULL)
      printf("%s\n", sim_history_line(back - 1));
}

static void print_again(const sim_search_t *search, uint64_t seed,
                        const sim_picks_t *only) {
  char *command = sim_replay_command(search, seed, only);
  printf("%s\n", command);
  free(command);
}

static void print_how(const sim_search_t *search, uint64_t seed,
                      const sim_picks_t *only) {
  printf("\nto repeat it, and to stop where it fails:\n\n  ");
  print_again(search, seed, only);
  printf("  gdb -ex 'break sim_fail' -ex run --args ");
  print_again(search, seed, only);
}

static void print_result(uint64_t seed, const avow_sim_result_t *result) {
  printf("seed %" PRIu64 " %s%s\n", seed,
         result->failed ? "fails: " : "is fine", result->why);
  printf("%" PRIu64 " events, %" PRIu64 " choices, %" PRIu64
         " ms, history %016" PRIx64 "\n",
         result->events, result->choices, result->ms, result->hash);
}

static void print_choices(const sim_picks_t *picks, size_t before) {
  if (picks->n == 0) {
    printf("\nNo choice is needed: the program fails under every seed.\n");
    return;
  }
  printf("\n%zu choices were not plain. Needed to fail: %zu\n\n", before,
         picks->n);
  for (size_t i = 0; i < picks->n; i++)
    printf("  choice %" PRIu64 ": %s\n", picks->at[i].n, picks->at[i].what);
}

void sim_reduce(const sim_search_t *search, uint64_t seed,
                const sim_picks_t *only) {
  sim_picks_t picks = { .at = NULL };
  const avow_sim_result_t whole = run_quietly(search, seed, only, &picks);
  failure_t failure = { search, seed, whole.why };
  const size_t before = picks.n;
  if (whole.failed) {
    sim_shrink(&picks, fails_alike, &failure, SHRINKING_RUNS);
    print_choices(&picks, before);
    const avow_sim_result_t least = run_quietly(search, seed, &picks, NULL);
    printf("\nwith only these choices ");
    print_result(seed, &least);
    print_last_events();
    print_how(search, seed, &picks);
  }
  sim_picks_free(&picks);
}

/* A listed name may be misspelled, or may belong to another seed or another
   version of the program. Such a name excludes nothing. */
static bool all_came(const sim_picks_t *only, const sim_picks_t *taken) {
  sim_picks_t missing = { .at = NULL };
  sim_picks_miss(only, taken, &missing);
  const bool all = missing.n == 0;
  if (!all) {
    printf(
        "choices of --only that never occurred, or are plain with this seed: ");
    sim_picks_print(&missing, stdout);
    printf("\n");
  }
  sim_picks_free(&missing);
  return all;
}

int sim_replay(const sim_search_t *search, uint64_t seed,
               const sim_picks_t *only) {
  avow_sim_options_t options = search->options;
  sim_picks_t taken = { .at = NULL };
  options.events = stdout;
  sim_fatal_signal_tell(sim_replay_command(search, seed, only));
  sim_picks_use(only, &taken);
  const avow_sim_result_t result =
      avow_sim(seed, search->program, search->data, &options);
  sim_picks_use(NULL, NULL);
  print_result(seed, &result);
  const bool came = only == NULL || all_came(only, &taken);
  sim_picks_free(&taken);
  if (result.failed)
    return SIM_FAILS;
  return came ? SIM_IS_FINE : SIM_NEVER_CAME;
}

static void show_progress(uint64_t done, uint64_t seeds) {
  if (done % PROGRESS == 0 && isatty(STDERR_FILENO))
    (void) fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " ", done, seeds);
}

static void end_progress(void) {
  if (isatty(STDERR_FILENO))
    (void) fputc('\r', stderr);
}

int sim_search_seeds(const sim_search_t *search, uint64_t from,
                     uint64_t seeds) {
  for (uint64_t i = 0; i < seeds; i++) {
    const avow_sim_result_t result = run_quietly(search, from + i, NULL, NULL);
    if (result.failed) {
      end_progress();
      print_result(from + i, &result);
      print_last_events();
      print_how(search, from + i, NULL);
      sim_reduce(search, from + i, NULL);
      return SIM_FAILS;
    }
    show_progress(i + 1, seeds);
  }
  end_progress();
  printf("%" PRIu64 " seeds, none fails\n", seeds);
  return SIM_IS_FINE;
}
