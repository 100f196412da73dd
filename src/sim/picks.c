/* SPDX-License-Identifier: MIT */
#include "sim/picks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/chance.h"
#include "sim/event_log.h"
#include "sim/world.h"

static _Thread_local struct {
  const sim_picks_t *only;
  sim_picks_t *taken;
} replay;

/* Picks outlive a run. They therefore use realloc(), not the memory of the
   run. */
static void picks_grow(sim_picks_t *picks) {
  const size_t room = picks->room > 0 ? 2 * picks->room : 16;
  sim_pick_t *at = realloc(picks->at, room * sizeof(*at));
  if (at == NULL) {
    (void) fputs("avow_sim: the simulator is out of memory\n", stderr);
    exit(EXIT_FAILURE);
  }
  picks->at = at;
  picks->room = room;
}

void sim_picks_add(sim_picks_t *picks, sim_pick_t pick) {
  if (picks->n == picks->room)
    picks_grow(picks);
  picks->at[picks->n++] = pick;
}

void sim_picks_free(sim_picks_t *picks) {
  free(picks->at);
  *picks = (sim_picks_t){ .at = NULL };
}

static int pick_compare(const void *a, const void *b) {
  const sim_pick_t *p = a, *q = b;
  if (p->name != q->name)
    return p->name < q->name ? -1 : 1;
  return (p->n > q->n) - (p->n < q->n);
}

void sim_picks_sort(sim_picks_t *picks) {
  if (picks->n > 0)
    qsort(picks->at, picks->n, sizeof(*picks->at), pick_compare);
}

void sim_picks_use(const sim_picks_t *only, sim_picks_t *taken) {
  replay.only = only;
  replay.taken = taken;
}

static bool picks_have(const sim_picks_t *picks, const sim_pick_t *pick) {
  return picks->n > 0 && bsearch(pick, picks->at, picks->n, sizeof(*pick),
                                 pick_compare) != NULL;
}

/* A replay with `only` logs each choice, because few remain. */
bool sim_picks_allow(sim_pick_t pick) {
  if (replay.only != NULL && !picks_have(replay.only, &pick))
    return false;
  if (replay.only != NULL)
    sim_note("choice %" PRIu64 ": %s", pick.n, pick.what);
  if (replay.taken != NULL)
    sim_picks_add(replay.taken, pick);
  return true;
}

sim_picks_t sim_picks_without(const sim_picks_t *from, size_t begin, size_t n) {
  sim_picks_t rest = { .at = NULL };
  for (size_t i = 0; i < from->n; i++)
    if (i < begin || i - begin >= n)
      sim_picks_add(&rest, from->at[i]);
  return rest;
}

void sim_picks_miss(const sim_picks_t *only, const sim_picks_t *taken,
                    sim_picks_t *missing) {
  sim_picks_t there = sim_picks_without(taken, 0, 0);
  sim_picks_sort(&there);
  for (size_t i = 0; i < only->n; i++)
    if (!picks_have(&there, &only->at[i]))
      sim_picks_add(missing, only->at[i]);
  sim_picks_free(&there);
}

/* Parses one pick, "kind:number". */
static bool pick_parse(sim_picks_t *picks, char *text) {
  char *colon = strrchr(text, ':');
  if (colon == NULL || colon == text || colon[1] < '0' || colon[1] > '9')
    return false;
  char *end;
  const uint64_t n = strtoull(colon + 1, &end, 10);
  *colon = '\0';
  sim_picks_add(picks, (sim_pick_t){ text, sim_name_of(text), n });
  return *end == '\0';
}

bool sim_picks_parse(sim_picks_t *picks, char *text) {
  for (char *one = text; one != NULL;) {
    char *comma = strchr(one, ',');
    if (comma != NULL)
      *comma = '\0';
    if (!pick_parse(picks, one))
      return false;
    one = comma != NULL ? comma + 1 : NULL;
  }
  sim_picks_sort(picks);
  return true;
}

void sim_picks_print(const sim_picks_t *picks, FILE *out) {
  for (size_t i = 0; i < picks->n; i++)
    (void) fprintf(out, "%s%s:%" PRIu64, i > 0 ? "," : "", picks->at[i].what,
                   picks->at[i].n);
}
