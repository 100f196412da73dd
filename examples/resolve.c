/*
 * Looks up several names at once and shows the addresses of each, or with
 * --first those of the one that answers first: then the others are cancelled.
 */
#include <avow.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

static const char usage[] =
    "usage: resolve [--first] name...\n"
    "Exit status: 0 if all names have addresses (with --first: one), 1 if\n"
    "not, 2 if the arguments are wrong.\n";

typedef struct {
  const char *name;
  uint64_t end;         /* in nanoseconds */
  avow_value_t outcome; /* none: cancelled */
} lookup_t;

static avow_value_t note(const avow_value_t *outcome, void *data) {
  lookup_t *lookup = data;
  if (avow_error_code(outcome) != UV_ECANCELED) {
    lookup->end = uv_hrtime();
    lookup->outcome = avow_value_ref(outcome);
  }
  return avow_value_ref(outcome); /* an addrinfo, or the reason still */
}

static avow_promise_t *look_up(uv_loop_t *loop, lookup_t *lookup) {
  const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
  avow_promise_t *p = avow_getaddrinfo(loop, lookup->name, NULL, &hints);
  return avow_then(p, note, note, lookup);
}

static void print_addresses(const struct addrinfo *at) {
  for (const char *separator = ""; at != NULL; at = at->ai_next) {
    char text[INET6_ADDRSTRLEN] = "?";
    (void) uv_ip_name(at->ai_addr, text, sizeof(text)); /* fits */
    printf("%s%s", separator, text);
    separator = " ";
  }
}

static void print_row(const lookup_t *lookup, int width, uint64_t begin) {
  printf("%-*s  ", width, lookup->name);
  if (lookup->outcome.tag == AVOW_NONE) {
    printf("%8s  cancelled\n", "");
    return;
  }
  printf("%8.1f  ", (double) (lookup->end - begin) / 1e6);
  if (avow_is_error(&lookup->outcome))
    printf("%s", avow_error_message(&lookup->outcome));
  else
    print_addresses(avow_to_addrinfo(&lookup->outcome));
  printf("\n");
}

static void print_table(const lookup_t lookups[], size_t n, uint64_t begin) {
  int width = (int) strlen("name");
  for (size_t i = 0; i < n; i++) {
    const int len = (int) strlen(lookups[i].name);
    width = len > width ? len : width;
  }
  printf("%-*s  %8s  addresses\n", width, "name", "ms");
  for (size_t i = 0; i < n; i++)
    print_row(&lookups[i], width, begin);
}

/* The exit status. */
static int run(uv_loop_t *loop, lookup_t lookups[], size_t n, bool first) {
  const uint64_t begin = uv_hrtime();
  avow_gather_t *race =
      avow_gather_new(loop, first ? AVOW_ANY : AVOW_ALL_SETTLED);
  for (size_t i = 0; i < n; i++)
    avow_gather_add(race, look_up(loop, &lookups[i]));
  const avow_value_t end = avow_run(avow_cancel_losers(avow_gather_end(race)));
  print_table(lookups, n, begin);
  int status = avow_is_error(&end) ? 1 : 0;
  for (size_t i = 0; i < n && !first; i++)
    if (avow_is_error(&lookups[i].outcome))
      status = 1;
  avow_value_unref(end);
  return status;
}

int main(int argc, char *argv[]) {
  const bool first = argc > 1 && strcmp(argv[1], "--first") == 0;
  char **names = argv + 1 + first;
  const size_t n = (size_t) (argv + argc - names);
  if (argc < 2 || n == 0 || names[0][0] == '-') {
    fprintf(stderr, "%s", usage);
    return 2;
  }
  uv_loop_t *loop = program_begin("resolve");
  lookup_t *lookups = calloc(n, sizeof(*lookups));
  if (lookups == NULL)
    program_fail("cannot start", UV_ENOMEM);
  for (size_t i = 0; i < n; i++)
    lookups[i].name = names[i];
  const int status = run(loop, lookups, n, first);
  program_end(loop);
  for (size_t i = 0; i < n; i++)
    avow_value_unref(lookups[i].outcome);
  free(lookups);
  return status;
}
