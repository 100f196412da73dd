/* SPDX-License-Identifier: MIT */
/*
 * The choices of a run that were not plain, and those that may be. A choice is
 * identified by its kind and by the number of earlier choices of that kind,
 * such as "net.cut:3". This name stays valid in a run in which other choices
 * are plain.
 */
#ifndef AVOW_SIM_PICKS_H
#define AVOW_SIM_PICKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct sim_pick_s {
  const char *what; /* must live as long as this pick */
  uint64_t name;    /* hash of `what` */
  uint64_t n;       /* number within its kind, from 0 */
} sim_pick_t;

/* All zeros is an empty list. */
typedef struct sim_picks_s {
  sim_pick_t *at;
  size_t n, room;
} sim_picks_t;

void sim_picks_add(sim_picks_t *picks, sim_pick_t pick);
void sim_picks_free(sim_picks_t *picks);

/* From now on, only the choices in `only` may differ from the plain choice.
   `only` must be sorted, and NULL allows all. Each choice that differs is added
   to `taken`, which may be NULL. */
void sim_picks_use(const sim_picks_t *only, sim_picks_t *taken);

/* True if this choice may differ from the plain one. It is then added to
   `taken`. */
bool sim_picks_allow(sim_pick_t pick);

/* Sorts the list as sim_picks_use() requires. */
void sim_picks_sort(sim_picks_t *picks);

/* A copy of `from` without the `n` picks from index `begin` on. The order is
   kept. */
sim_picks_t sim_picks_without(const sim_picks_t *from, size_t begin, size_t n);

/* Adds the picks of `only` that are not in `taken` to `missing`. `taken` may
   have any order. */
void sim_picks_miss(const sim_picks_t *only, const sim_picks_t *taken,
                    sim_picks_t *missing);

/* Parses a list such as "net.cut:3,fs.sync:0". The function modifies `text`,
   which must outlive the picks. Returns false for any other format. */
bool sim_picks_parse(sim_picks_t *picks, char *text);
void sim_picks_print(const sim_picks_t *picks, FILE *out);

#endif
