#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: fanout [--timeout MS] [--retries N]\n"
    "              [--mode all|all-settled|race|any] [host:port[/path]]...\n";

static const char help[] =
    "\n"
    "Asks all targets over HTTP at once and shows how each request ended.\n"
    "Without targets it asks five servers of its own.\n"
    "\n"
    "  --timeout MS  how long one attempt may take (10000; own servers: 1000)\n"
    "  --retries N   how often to try again after a failure (0)\n"
    "  --mode MODE   which promise to wait for (all-settled):\n"
    "     all          all answers, or the first failure\n"
    "     all-settled  an outcome for each target\n"
    "     race         the first outcome, be it an answer or a failure\n"
    "     any          the first answer, or all failures\n"
    "  --help        this text\n"
    "\n"
    "What is not wanted any more is cancelled. Exit status: 0 if the promise\n"
    "was fulfilled, 1 if it was rejected, 2 if the arguments are wrong.\n";

static const struct {
  const char *name;
  combinator_t combine;
} modes[] = {
  { "all", avow_all },
  { "all-settled", avow_all_settled },
  { "race", avow_race },
  { "any", avow_any },
};

_Noreturn void options_refuse(const char *argument, const char *problem) {
  fprintf(stderr, "fanout: '%s': %s\n%s", argument, problem, usage);
  exit(2);
}

static void set_mode(options_t *options, const char *name) {
  for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
    if (strcmp(modes[i].name, name) == 0) {
      options->mode = modes[i].name;
      options->combine = modes[i].combine;
      return;
    }
  }
  options_refuse(name, "a mode is all, all-settled, race or any");
}

/* At most seven digits. */
static uint64_t number(const char *text, const char *problem) {
  const size_t len = strlen(text);
  if (len == 0 || len > 7 || strspn(text, "0123456789") != len)
    options_refuse(text, problem);
  return strtoull(text, NULL, 10);
}

static uint64_t milliseconds(const char *text) {
  static const char problem[] = "a timeout is 1 to 9999999 milliseconds";
  const uint64_t ms = number(text, problem);
  if (ms == 0)
    options_refuse(text, problem);
  return ms;
}

options_t options_parse(int argc, char *argv[]) {
  static const struct option known[] = {
    { "timeout", required_argument, NULL, 't' },
    { "retries", required_argument, NULL, 'r' },
    { "mode", required_argument, NULL, 'm' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
  };
  options_t options = { .mode = "all-settled", .combine = avow_all_settled };
  for (int c; (c = getopt_long(argc, argv, "t:r:m:h", known, NULL)) != -1;) {
    switch (c) {
    case 't':
      options.timeout = milliseconds(optarg);
      break;
    case 'r':
      options.retries = number(optarg, "retries are a number from 0");
      break;
    case 'm':
      set_mode(&options, optarg);
      break;
    case 'h':
      printf("%s%s", usage, help);
      exit(0);
    default: /* getopt_long() has said what is wrong */
      fprintf(stderr, "%s", usage);
      exit(2);
    }
  }
  options.targets = argv + optind;
  options.n = (size_t) (argc - optind);
  return options;
}
