/* SPDX-License-Identifier: MIT */
/*
 * Looks up several names at once and shows the addresses of each. With --first
 * it shows only the first result, and the other lookups are canceled.
 */
#include <avow.h>
#include <avow/select.h>
#include <stdio.h>
#include <stdlib.h>

#include "options.h"
#include "program.h"
#include "table.h"

static bool first;

static const option_t options[] = {
  { "first", NULL, "show only the first name that has addresses",
    .flag = &first },
  { .name = NULL },
};

static const command_line_t command_line = {
  .operands = "NAME...",
  .least = 1,
  .most = 10000,
  .about = "Looks up all names at once and shows the addresses of each.",
  .options = options,
  .status = "0 if all names have addresses (with --first: one), 1 if not",
  .example = "localhost example.org",
};

typedef struct {
  const char *name;
  uint64_t end;         /* in nanoseconds */
  avow_value_t outcome; /* NONE: canceled */
} lookup_t;

static avow_promise_t *look_up(uv_loop_t *loop, const char *name) {
  const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
  return avow_getaddrinfo(loop, name, NULL, &hints);
}

/* Joins the addresses and truncates the text to the buffer. */
static void join_addresses(const struct addrinfo *at, char *out, size_t size) {
  size_t len = 0;
  for (const char *separator = ""; at != NULL && len < size; at = at->ai_next) {
    char text[INET6_ADDRSTRLEN] = "?";
    (void) uv_ip_name(at->ai_addr, text, sizeof(text)); /* fits */
    len += (size_t) snprintf(out + len, size - len, "%s%s", separator, text);
    separator = " ";
  }
}

static void print_row(table_t table, const lookup_t *lookup, uint64_t begin) {
  char addresses[4096] = "", ms[32];
  (void) snprintf(ms, sizeof(ms), "%8.1f",
                  (double) (lookup->end - begin) / 1e6);
  const char *last = addresses;
  if (avow_is_none(&lookup->outcome)) {
    ms[0] = '\0';
    last = "canceled";
  } else if (avow_is_error(&lookup->outcome))
    last = avow_error_message(&lookup->outcome);
  else
    join_addresses(avow_to_addrinfo(&lookup->outcome), addresses,
                   sizeof(addresses));
  table_line(table, lookup->name, "", ms[0] != '\0' ? ms : "        ", last);
}

static void print_table(const lookup_t lookups[], size_t n, uint64_t begin) {
  int widest = table_wider(0, "name");
  for (size_t i = 0; i < n; i++)
    widest = table_wider(widest, lookups[i].name);
  const table_t table = table_of(widest, 8);
  table_line(table, "name", "", "      ms", "addresses");
  for (size_t i = 0; i < n; i++)
    print_row(table, &lookups[i], begin);
}

/* Records each result as it arrives, with --first up to the first name that has
   addresses. NONE, or the error that ended the results. */
static avow_value_t hear(lookup_t lookups[], const avow_channel_t *answers) {
  avow_value_t v = avow_run(avow_channel_next(answers));
  while (!avow_is_none(&v) && !avow_is_error(&v)) {
    const avow_outcome_t *answer = avow_to_outcome(&v);
    lookup_t *lookup = &lookups[answer->index];
    lookup->end = uv_hrtime();
    lookup->outcome = avow_value_ref(answer->value);
    const bool enough = first && answer->status == AVOW_FULFILLED;
    avow_value_unref(v);
    v = enough ? avow_none() : avow_run(avow_channel_next(answers));
  }
  return v;
}

static bool is_found(const lookup_t *lookup) {
  return !avow_is_none(&lookup->outcome) && !avow_is_error(&lookup->outcome);
}

/* Returns the exit status. */
static int run(uv_loop_t *loop, lookup_t lookups[], size_t n) {
  const uint64_t begin = uv_hrtime();
  avow_gather_t *all;
  avow_channel_t *answers = avow_outcomes_new(loop, &all);
  for (size_t i = 0; i < n; i++)
    avow_gather_add(all, look_up(loop, lookups[i].name));
  avow_gather_unref(all);
  const avow_value_t end = hear(lookups, answers);
  avow_channel_unref(answers); /* cancels the others */
  if (avow_is_error(&end))
    return program_complain(end);
  print_table(lookups, n, begin);
  size_t found = 0;
  for (size_t i = 0; i < n; i++)
    found += is_found(&lookups[i]);
  return found >= (first ? 1 : n) ? 0 : 1;
}

int main(int argc, char *argv[]) {
  size_t n;
  char **names = options_parse(&command_line, argc, argv, &n);
  uv_loop_t *loop = program_begin();
  lookup_t *lookups = calloc(n, sizeof(*lookups));
  if (lookups == NULL)
    program_fail("cannot start", UV_ENOMEM);
  for (size_t i = 0; i < n; i++)
    lookups[i].name = names[i];
  int status = run(loop, lookups, n);
  status = program_end(loop, status);
  for (size_t i = 0; i < n; i++)
    avow_value_unref(lookups[i].outcome);
  free(lookups);
  return status;
}
