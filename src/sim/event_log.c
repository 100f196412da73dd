/* SPDX-License-Identifier: MIT */
/*
 * The history of a run: the last events as text, and a hash of all events and
 * choices. For a given seed the hash is the same on each machine.
 */
#include "sim/event_log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/chance.h"
#include "sim/world.h"

void sim_history_mix(uint64_t number) {
  sim_world.hash = sim_scatter(sim_world.hash ^ number);
}

static void mix_text(const char *text) {
  uint64_t hash = sim_world.now;
  for (; *text != '\0'; text++)
    hash = (hash ^ (unsigned char) *text) * UINT64_C(0x100000001b3);
  sim_history_mix(hash);
}

static void add_text(char *line, const char *format, va_list args) {
  const uint64_t us = sim_world.now / SIM_US;
  const int at = snprintf(line, SIM_LINE, "%6" PRIu64 ".%03" PRIu64 " ms  ",
                          us / 1000, us % 1000);
  if (at < 0 || at >= SIM_LINE)
    return;
  (void) vsnprintf(line + at, (size_t) (SIM_LINE - at), format, args);
  mix_text(line + at);
}

void sim_note(const char *format, ...) {
  if (!sim_world.on || sim_world.stopped)
    return;
  char *line = sim_world.last[sim_world.events++ % SIM_KEPT];
  va_list args;
  va_start(args, format);
  add_text(line, format, args);
  va_end(args);
  if (sim_world.events > sim_world.options.max_events && !sim_world.ending)
    sim_fail("more than %" PRIu64 " events: " SIM_MORE,
             sim_world.options.max_events);
  if (sim_world.options.events != NULL)
    (void) fprintf(sim_world.options.events, "%s\n", line);
}

const char *sim_history_line(uint64_t back) {
  if (back >= SIM_KEPT || back >= sim_world.events)
    return NULL;
  return sim_world.last[(sim_world.events - 1 - back) % SIM_KEPT];
}

static void die(const char *format, va_list args) {
  (void) fputs("avow_sim: ", stderr);
  (void) vfprintf(stderr, format, args);
  (void) fputc('\n', stderr);
  abort();
}

void sim_fail(const char *format, ...) {
  va_list args;
  va_start(args, format);
  if (!sim_world.on)
    die(format, args);
  if (sim_world.why[0] == '\0' && !sim_world.stopped)
    (void) vsnprintf(sim_world.why, sizeof(sim_world.why), format, args);
  va_end(args);
  sim_world.ending = true; /* set before the note, because the note may exceed
                              max_events */
  sim_note("failed: %s", sim_world.why);
}

int sim_refuse(const char *function) {
  if (sim_world.on)
    sim_fail("%s() is not simulated", function);
  else
    (void) fprintf(stderr, "avow_sim: %s() is not simulated\n", function);
  return UV_ENOTSUP;
}
