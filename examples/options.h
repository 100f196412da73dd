/* SPDX-License-Identifier: MIT */
/* The command lines of the examples. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --name, or - and its letter. It sets what of the rest is not NULL. */
typedef struct {
  const char *name;
  const char *value; /* what the help calls it; NULL: it takes none */
  const char *help;
  bool *flag;
  const char **text;
  uint64_t *number; /* from min to max */
  uint64_t min;
  uint64_t max;
  int letter; /* 0: the first of its name */
} option_t;

typedef struct {
  const char *operands; /* as the help names them */
  size_t least;         /* so many of them */
  size_t most;
  const char *about;       /* what the program does */
  const char *status;      /* what its exit status means */
  const char *example;     /* what to call it with */
  const option_t *options; /* up to one without a name; or NULL */
} command_line_t;

/* The operands, *n of them, none of which is empty. To be called first. Ends
   the program after --help, and where something is wrong with an argument. */
char **options_parse(const command_line_t *line, int argc, char *argv[],
                     size_t *n);

/* Says what is wrong with an argument, and ends the program. */
_Noreturn void options_refuse(const char *argument, const char *problem);

/* Refuses what is no number from 0 to 65535, and gives the text. */
const char *options_port(const char *text);

/* The number that the text is; false if that is none from min to max. */
bool options_number(const char *text, uint64_t min, uint64_t max,
                    uint64_t *out);

#endif
