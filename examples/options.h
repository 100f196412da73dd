/* The command line of fanout. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <avow.h>

typedef avow_promise_t *(*combinator_t)(uv_loop_t *loop,
                                        avow_promise_t *const ps[], size_t n);

typedef struct {
  uint64_t timeout; /* of one attempt, in milliseconds; 0: not given */
  uint64_t retries;
  const char *mode;
  combinator_t combine;
  char **targets;
  size_t n;
} options_t;

/* Ends the program if there is nothing more to do or a mistake to report. */
options_t options_parse(int argc, char *argv[]);

/* Says what is wrong with an argument, and ends the program. */
_Noreturn void options_refuse(const char *argument, const char *problem);

#endif
