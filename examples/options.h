/* SPDX-License-Identifier: MIT */
/* The command lines of the examples. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The option --name, or a hyphen with its letter. It sets those of flag, text
   and number that are not NULL. */
typedef struct {
  const char *name;
  const char *value; /* placeholder in the help; NULL: no value */
  const char *help;
  bool *flag;
  const char **text;
  uint64_t *number; /* from min to max */
  uint64_t min;
  uint64_t max;
  int letter; /* 0: the first of its name */
} option_t;

typedef struct {
  const char *operands; /* as shown in the help */
  size_t least;         /* minimum number of operands */
  size_t most;
  const char *about;       /* what the program does */
  const char *status;      /* meaning of the exit status */
  const char *example;     /* example arguments */
  const option_t *options; /* ends with one without a name; or NULL */
} command_line_t;

/* Returns the operands and stores their number in *n. No operand is empty. It
   must be called first. It ends the program after --help or an invalid
   argument. */
char **options_parse(const command_line_t *line, int argc, char *argv[],
                     size_t *n);

/* Reports an invalid argument and ends the program. */
_Noreturn void options_refuse(const char *argument, const char *problem);

/* Returns the text if it is a number from 0 to 65535. Otherwise it ends the
   program. */
const char *options_port(const char *text);

/* Parses a number. Returns false if the text is not a number from `min` to
   `max`. */
bool options_number(const char *text, uint64_t min, uint64_t max,
                    uint64_t *out);

#endif
