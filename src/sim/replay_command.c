/* SPDX-License-Identifier: MIT */
#include "sim/replay_command.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Characters that no shell interprets. */
static const char plain[] =
    "abcdefghijklmnopqrstuvwxyz"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "0123456789_-./,:+@%";

static bool needs_no_quotes(const char *word) {
  return *word != '\0' && word[strspn(word, plain)] == '\0';
}

/* Inside single quotes, only a single quote is special. */
static void print_quoted(const char *word, FILE *out) {
  (void) fputc('\'', out);
  for (; *word != '\0'; word++)
    if (*word == '\'')
      (void) fputs("'\\''", out);
    else
      (void) fputc(*word, out);
  (void) fputc('\'', out);
}

static void print_word(const char *word, FILE *out) {
  if (needs_no_quotes(word))
    (void) fputs(word, out);
  else
    print_quoted(word, out);
}

static void print_command(const sim_search_t *search, uint64_t seed,
                          const sim_picks_t *only, FILE *out) {
  print_word(search->name, out);
  (void) fprintf(out, " --seed %" PRIu64 "%s", seed, search->more);
  if (only == NULL)
    return;
  (void) fprintf(out, " --only %s", only->n == 0 ? "''" : "");
  sim_picks_print(only, out);
}

char *sim_replay_command(const sim_search_t *search, uint64_t seed,
                         const sim_picks_t *only) {
  char *text = NULL;
  size_t len = 0;
  FILE *out = open_memstream(&text, &len);
  if (out != NULL) {
    print_command(search, seed, only, out);
    if (fclose(out) == 0)
      return text;
  }
  (void) fputs("avow_sim: the simulator is out of memory\n", stderr);
  exit(EXIT_FAILURE);
}
