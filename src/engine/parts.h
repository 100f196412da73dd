/* SPDX-License-Identifier: MIT */
/*
 * The parts of a context: what files that keep something of their own for a
 * loop do when it ends. Those of the engine are named in parts.c, and each loop
 * has them. Who stands above it puts a part of its own in the context when it
 * keeps something there: so the engine need not know who that is, and a program
 * that never uses it has nothing of it.
 */
#ifndef AVOW_PARTS_H
#define AVOW_PARTS_H

#include "engine/context.h"

struct avow__part_s {
  /* Starts closing its handles, and ends what waits. Called again as long as
     anything is closing. */
  void (*close)(avow__context_t *c);
  /* The handles are closed, and nothing of the loop is found any more. */
  void (*free)(avow__context_t *c);
  /* Is what it keeps as it should be? For avow__check_loop(). */
  void (*check)(avow__context_t *c);
};

/* Gives a new context those of the engine. */
void avow__parts_begin(avow__context_t *c);

/* tick.c */
void avow__tick_close(avow__context_t *c);
void avow__tick_free(avow__context_t *c);
void avow__tick_check(avow__context_t *c);
/* dump_signal.c */
void avow__dumpers_close(avow__context_t *c);
void avow__dumpers_free(avow__context_t *c);
/* lag.c */
void avow__lag_close(avow__context_t *c);
/* owner.c */
void avow__owner_close(avow__context_t *c);
/* tell.c */
void avow__guard_close(avow__context_t *c);
/* clock.c */
void avow__clock_close(avow__context_t *c);
void avow__clock_free(avow__context_t *c);
void avow__clock_check(avow__context_t *c);
/* timer.c */
void avow__wheel_close(avow__context_t *c);
void avow__wheel_free(avow__context_t *c);
void avow__wheel_check(avow__context_t *c);
/* phase.c */
void avow__phases_close(avow__context_t *c);
void avow__phases_free(avow__context_t *c);
void avow__phases_check(avow__context_t *c);
/* remote.c */
void avow__remotes_close(avow__context_t *c);
/* port.c */
void avow__port_close(avow__context_t *c);
void avow__port_free(avow__context_t *c);
/* stray.c */
void avow__strays_free(avow__context_t *c);

#endif
