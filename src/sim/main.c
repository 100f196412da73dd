/* SPDX-License-Identifier: MIT */
/* The main() of a program that exists to be simulated. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/options_check.h"
#include "sim/fatal_signal.h"
#include "sim/seed_search.h"

static const char usage[] =
    "usage: %s [--seeds N] [--from SEED] [OPTION...]\n"
    "       %s --seed SEED [--only LIST] [--shrink] [OPTION...]\n"
    "\n"
    "Runs a simulation with one seed after another, and reports the first "
    "seed\n"
    "that fails. With --seed, runs that seed and prints all its events.\n"
    "\n"
    "  --seeds N       number of seeds (1000)\n"
    "  --from SEED     first seed (0)\n"
    "  --seed SEED     run only this seed\n"
    "  --only LIST     keep only these choices of the seed, such as\n"
    "                  \"net.cut:3,…\"; all others are plain\n"
    "  --shrink        remove the choices that are not needed to fail\n"
    "  --faults LIST   net, fs, memory, cancel, crash; or all, or none\n"
    "  --max-events N  limit of events, and of loop iterations, in a run "
    "(1000000)\n"
    "\n"
    "Exit status: 0 if no seed failed, 1 if one failed, 2 if the arguments "
    "are\n"
    "invalid, 3 if no seed failed but choices of --only never occurred.\n";

/* The parsed command line. */
typedef struct {
  sim_search_t search;
  uint64_t seeds, from, seed;
  bool one, shrinks, has_only;
  sim_picks_t only;
  char *list; /* the text that the names in `only` point into */
  char faults[64], events[64], more[128];
  const char *wrong, *value; /* the rejected argument */
} words_t;

static const struct {
  const char *name;
  unsigned bits;
} faults[] = { { "net", AVOW_SIM_NET },
               { "fs", AVOW_SIM_FS },
               { "memory", AVOW_SIM_MEMORY },
               { "cancel", AVOW_SIM_CANCEL },
               { "crash", AVOW_SIM_CRASH },
               { "none", 0 },
               { "all", AVOW_SIM_NET | AVOW_SIM_FS | AVOW_SIM_MEMORY |
                            AVOW_SIM_CANCEL | AVOW_SIM_CRASH } };

enum { FAULTS = sizeof(faults) / sizeof(faults[0]) };

static bool take_number(const char *text, uint64_t *out) {
  char *end;
  if (text == NULL || *text < '0' || *text > '9')
    return false;
  errno = 0;
  *out = strtoull(text, &end, 10);
  return *end == '\0' && errno == 0;
}

static bool take_fault(const char *name, size_t len, unsigned *bits) {
  for (int i = 0; i < FAULTS; i++) {
    if (strlen(faults[i].name) != len || memcmp(faults[i].name, name, len) != 0)
      continue;
    *bits |= faults[i].bits;
    return true;
  }
  return false;
}

/* The option goes into `faults` because the command for a replay needs it. */
static bool take_faults(const char *list, words_t *words) {
  unsigned bits = 0;
  if (list == NULL || strlen(list) >= sizeof(words->faults) - 10)
    return false;
  for (const char *name = list;; name++) {
    const size_t len = strcspn(name, ",");
    if (!take_fault(name, len, &bits))
      return false;
    name += len;
    if (*name == '\0')
      break;
  }
  words->search.options.faults = bits;
  (void) snprintf(words->faults, sizeof(words->faults), " --faults %s", list);
  return true;
}

static bool take_events(const char *text, words_t *words) {
  uint64_t *most = &words->search.options.max_events;
  if (!take_number(text, most) || *most == 0)
    return false;
  (void) snprintf(words->events, sizeof(words->events),
                  " --max-events %" PRIu64, *most);
  return true;
}

/* Parses a copy, because an error message quotes the argument as it was
   given. */
static bool take_only(const char *list, words_t *words) {
  words->has_only = true;
  if (list == NULL || words->list != NULL)
    return false;
  words->list = strdup(list);
  return words->list != NULL &&
         (*list == '\0' || sim_picks_parse(&words->only, words->list));
}

/* Takes an option and its value, which is NULL if there is none. */
static bool take_pair(const char *option, const char *value, words_t *words) {
  if (strcmp(option, "--seeds") == 0)
    return take_number(value, &words->seeds);
  if (strcmp(option, "--from") == 0)
    return take_number(value, &words->from);
  if (strcmp(option, "--faults") == 0)
    return take_faults(value, words);
  if (strcmp(option, "--only") == 0)
    return take_only(value, words);
  if (strcmp(option, "--max-events") == 0)
    return take_events(value, words);
  words->one = strcmp(option, "--seed") == 0;
  return words->one && take_number(value, &words->seed);
}

static bool take_words(int argc, char **argv, words_t *words) {
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--shrink") == 0) {
      words->shrinks = true;
      continue;
    }
    const char *option = argv[i++];
    words->value = i < argc ? argv[i] : "without a value";
    words->wrong = option;
    if (!take_pair(option, i < argc ? argv[i] : NULL, words))
      return false;
  }
  words->wrong = words->shrinks ? "--shrink" : "--only";
  words->value = "without --seed";
  return words->one || !(words->shrinks || words->has_only);
}

static bool wants_help(int argc, char **argv) {
  return argc == 2 && strcmp(argv[1], "--help") == 0;
}

static int run_as_told(words_t *words) {
  (void) snprintf(words->more, sizeof(words->more), "%s%s", words->faults,
                  words->events);
  const sim_picks_t *only = words->has_only ? &words->only : NULL;
  if (!words->one)
    return sim_search_seeds(&words->search, words->from, words->seeds);
  const int status = sim_replay(&words->search, words->seed, only);
  if (status == SIM_FAILS && words->shrinks)
    sim_reduce(&words->search, words->seed, only);
  return status;
}

static int explain(int argc, char **argv, const words_t *words) {
  const bool asked = wants_help(argc, argv);
  FILE *out = asked ? stdout : stderr;
  if (!asked)
    (void) fprintf(out, "%s: %s %s is not understood\n\n", words->search.name,
                   words->wrong, words->value);
  (void) fprintf(out, usage, words->search.name, words->search.name);
  return asked ? SIM_IS_FINE : SIM_WHAT;
}

int avow_sim_main(int argc, char **argv, avow_sim_fn program, void *data,
                  const avow_sim_options_t *options) {
  words_t words = { .seeds = 1000,
                    .search = { .name = argc > 0 ? argv[0] : "simulation",
                                .program = program,
                                .data = data } };
  if (options != NULL)
    words.search.options = *options;
  words.search.more = words.more;
  const int status = take_words(argc, argv, &words)
                         ? run_as_told(&words)
                         : explain(argc, argv, &words);
  sim_picks_free(&words.only);
  free(words.list);
  sim_fatal_signal_tell(NULL);
  return status;
}
