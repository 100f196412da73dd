/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"
#include "text.h"

enum { MOST = 8 };

static const command_line_t *command;

static void print_usage(FILE *to) {
  fprintf(to, "usage: %s", program_name());
  for (const option_t *o = command->options; o != NULL && o->name != NULL; o++)
    fprintf(to, o->value != NULL ? " [--%s %s]" : " [--%s]", o->name, o->value);
  fprintf(to, "%s%s\n", *command->operands != '\0' ? " " : "",
          command->operands);
}

static int letter_of(const option_t *o) {
  return o->letter != 0 ? o->letter : o->name[0];
}

static void print_option(const option_t *o) {
  char names[64];
  (void) snprintf(names, sizeof(names), "-%c, --%s %s", letter_of(o), o->name,
                  o->value != NULL ? o->value : "");
  printf("  %-20s  %s\n", names, o->help);
}

static _Noreturn void print_help(void) {
  const option_t help = { .name = "help", .help = "print this help" };
  print_usage(stdout);
  printf("\n%s\n\n", command->about);
  for (const option_t *o = command->options; o != NULL && o->name != NULL; o++)
    print_option(o);
  print_option(&help);
  printf("\nExit status: %s,\n2 if the arguments are wrong.\n",
         command->status);
  printf("For example: %s%s%s\n", program_name(),
         *command->example != '\0' ? " " : "", command->example);
  exit(program_flush() ? 0 : 1);
}

_Noreturn void options_refuse(const char *argument, const char *problem) {
  fprintf(stderr, "%s: '", program_name());
  (void) text_print(stderr, argument, TEXT_WHOLE);
  fprintf(stderr, "': %s\n", problem);
  print_usage(stderr);
  exit(2);
}

static _Noreturn void refuse_count(const char *problem) {
  fprintf(stderr, "%s: %s\n", program_name(), problem);
  print_usage(stderr);
  exit(2);
}

bool options_number(const char *text, uint64_t min, uint64_t max,
                    uint64_t *out) {
  const size_t len = strlen(text);
  if (len == 0 || len > 18 || strspn(text, "0123456789") != len)
    return false;
  *out = strtoull(text, NULL, 10);
  return *out >= min && *out <= max;
}

const char *options_port(const char *text) {
  uint64_t port;
  if (!options_number(text, 0, 65535, &port))
    options_refuse(text, "a port is a number from 0 to 65535");
  return text;
}

static void set(const option_t *o, const char *value) {
  char problem[96];
  if (o->flag != NULL)
    *o->flag = true;
  if (o->text != NULL)
    *o->text = value;
  if (o->text != NULL && *value == '\0')
    options_refuse(value, "a value must not be empty");
  if (o->number == NULL || options_number(value, o->min, o->max, o->number))
    return;
  (void) snprintf(problem, sizeof(problem),
                  "--%s is a number from %llu to %llu", o->name,
                  (unsigned long long) o->min, (unsigned long long) o->max);
  options_refuse(value, problem);
}

/* The option with this letter, or NULL. */
static const option_t *find(int letter) {
  for (const option_t *o = command->options; o != NULL && o->name != NULL; o++)
    if (letter_of(o) == letter)
      return o;
  return NULL;
}

/* Reports the option at which getopt_long() stopped. */
static _Noreturn void refuse_option(int c, char *argv[]) {
  const char letter[] = { '-', (char) optopt, '\0' };
  const char *argument = argv[optind - 1];
  if (strncmp(argument, "--", 2) != 0 && optopt != 0)
    argument = letter;
  if (c == ':')
    options_refuse(argument, "the value of the option is missing");
  options_refuse(argument, find(optopt) != NULL || optopt == 'h'
                               ? "the option takes no value"
                               : "there is no such option");
}

static void parse_options(int argc, char *argv[]) {
  struct option known[MOST + 2] = { { "help", no_argument, NULL, 'h' } };
  char letters[2 * MOST + 3] = ":h"; /* the colon suppresses getopt's
                                        messages */
  char *letter = letters + strlen(letters);
  size_t n = 1;
  for (const option_t *o = command->options; o != NULL && o->name != NULL;
       o++) {
    const bool has_value = o->value != NULL;
    *letter++ = (char) letter_of(o);
    if (has_value)
      *letter++ = ':';
    known[n++] =
        (struct option){ o->name, has_value ? required_argument : no_argument,
                         NULL, letter_of(o) };
  }
  for (int c; (c = getopt_long(argc, argv, letters, known, NULL)) != -1;) {
    if (c == 'h')
      print_help();
    if (find(c) == NULL)
      refuse_option(c, argv);
    set(find(c), optarg);
  }
}

char **options_parse(const command_line_t *line, int argc, char *argv[],
                     size_t *n) {
  command = line;
  program_start(argv[0]);
  parse_options(argc, argv);
  *n = optind < argc ? (size_t) (argc - optind) : 0;
  for (int i = optind; i < argc; i++)
    if (argv[i][0] == '\0')
      options_refuse("", "an argument must not be empty");
  if (*n < line->least)
    refuse_count("an argument is missing");
  if (*n > line->most)
    options_refuse(argv[optind + (int) line->most], "one argument too many");
  return argv + optind;
}
