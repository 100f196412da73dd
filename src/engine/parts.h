/* SPDX-License-Identifier: MIT */
/*
 * What the files of the engine that keep something for a loop do when it ends.
 * Each has a row in parts.c; the layers above come after them.
 */
#ifndef AVOW_PARTS_H
#define AVOW_PARTS_H

#include "engine/layer.h"

/* All parts: what their members of that name do. */
void avow__parts_close(avow__context_t *c);
void avow__parts_free(avow__context_t *c);
void avow__parts_check(avow__context_t *c);

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
