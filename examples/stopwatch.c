/* SPDX-License-Identifier: MIT */
/* Shows the time and laps. Select takes one of several events and leaves the
   others unchanged. See stopwatch --help. */
#include <avow.h>
#include <avow/select.h>
#include <avow/stages.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include "options.h"
#include "program.h"

static uint64_t every = 1000;

static const option_t options[] = {
  { "every", "MS", "time between two displays (1000)", .number = &every,
    .min = 1, .max = 9999999 },
  { .name = NULL },
};

static const command_line_t command_line = {
  .operands = "",
  .about =
      "Shows the elapsed time. SIGUSR1 starts a new lap. SIGINT ends the\n"
      "last lap and the program.",
  .options = options,
  .status = "0 after a signal, 1 if it cannot receive signals",
  .example = "--every 100",
};

enum { TICK, LAP, END };

typedef struct {
  uint64_t begin, lap; /* ms */
  unsigned laps;
} watch_t;

static void print_lap(watch_t *watch, uint64_t now) {
  printf("lap %u: %" PRIu64 " ms\n", ++watch->laps, now - watch->lap);
  watch->lap = now;
}

/* Returns false at the end. */
static bool show(watch_t *watch, size_t happened, uint64_t now) {
  if (happened == TICK)
    printf("%" PRIu64 " ms\n", now - watch->begin);
  else
    print_lap(watch, now);
  return program_flush() && happened != END;
}

/* Returns the exit status. */
static int run(uv_loop_t *loop, const avow_case_t cases[]) {
  const uint64_t begin = avow_now(loop);
  watch_t watch = { .begin = begin, .lap = begin };
  bool goes_on = show(&watch, TICK, begin); /* signals may arrive from now on */
  while (goes_on) {
    const avow_value_t v = avow_run(avow_select(cases, END + 1));
    if (avow_is_error(&v))
      return program_complain(v);
    const avow_outcome_t *outcome = avow_to_outcome(&v);
    if (outcome->status == AVOW_REJECTED) {
      const avow_value_t reason = avow_value_ref(outcome->reason);
      avow_value_unref(v);
      return program_complain(reason);
    }
    goes_on = show(&watch, outcome->index, avow_now(loop));
    avow_value_unref(v);
  }
  return 0;
}

int main(int argc, char *argv[]) {
  size_t n;
  (void) options_parse(&command_line, argc, argv, &n); /* there are none */
  uv_loop_t *loop = program_begin();
  avow_promise_t *interrupted = program_interrupted(loop);
  avow_channel_t *ticks = avow_ticks(loop, every);
  avow_channel_t *laps = avow_signals(loop, SIGUSR1);
  const avow_case_t cases[] = { [TICK] = avow_case_next(ticks),
                                [LAP] = avow_case_next(laps),
                                [END] = avow_case_settled(interrupted) };
  const int status = run(loop, cases);
  program_forget(interrupted);
  avow_channel_unref(ticks);
  avow_channel_unref(laps);
  return program_end(loop, status);
}
