/* SPDX-License-Identifier: MIT */
/*
 * Which choices of a run were not plain, and which may be. A choice is known by
 * its kind and by how many of that kind there were before it, "net.cut:3": so
 * it has that name also in a run in which others are plain.
 */
#ifndef AVOW_SIM_PICKS_H
#define AVOW_SIM_PICKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct sim_pick_s {
  const char *what; /* lasts as long as this */
  uint64_t name;    /* a hash of it */
  uint64_t n;       /* of its kind, from 0 on */
} sim_pick_t;

/* Zeroed: none. */
typedef struct sim_picks_s {
  sim_pick_t *at;
  size_t n, room;
} sim_picks_t;

void sim_picks_add(sim_picks_t *picks, sim_pick_t pick);
void sim_picks_free(sim_picks_t *picks);

/* From here on only these may be other than plain, which are sorted; NULL: all
   may. Those that are go to taken, which may be NULL. */
void sim_picks_use(const sim_picks_t *only, sim_picks_t *taken);

/* Whether this one, which is not plain, may be so; it is then. */
bool sim_picks_allow(sim_pick_t pick);

/* In the order in which sim_picks_use() needs them. */
void sim_picks_sort(sim_picks_t *picks);

/* Those of from beside n of them from begin on; sorted as they were. */
sim_picks_t sim_picks_without(const sim_picks_t *from, size_t begin, size_t n);

/* Adds to missing those of only that are not in taken, in any order. */
void sim_picks_miss(const sim_picks_t *only, const sim_picks_t *taken,
                    sim_picks_t *missing);

/* "net.cut:3,fs.sync:0". text is changed, and has to last. False if it is not
   of that form. */
bool sim_picks_parse(sim_picks_t *picks, char *text);
void sim_picks_print(const sim_picks_t *picks, FILE *out);

#endif
