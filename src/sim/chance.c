/* SPDX-License-Identifier: MIT */
/*
 * The choices of the seed. A choice depends on the seed, on the name of its
 * kind, and on the number of earlier choices of that kind. Removing choices to
 * shorten a run therefore leaves the choices of other kinds unchanged.
 *
 * Each run also gives each kind a mood, from never to often. Some bugs need
 * much of one fault and none of another. Moods find them; an even mixture of
 * all faults does not.
 */
#include "sim/chance.h"

#include <assert.h>
#include <string.h>

#include "sim/event_log.h"
#include "sim/picks.h"
#include "sim/world.h"

enum { PARTS = 10000, STEPS = 1024, LONGEST = 1000, MOODS = 4 };

/* The properties of a kind. They are found by the prefix of its name. */
typedef struct {
  const char *prefix;
  unsigned fault;
  uint64_t least, most; /* delay in ns */
} nature_t;

static const nature_t natures[] = {
  { "net.", AVOW_SIM_NET, 20 * SIM_US, 5 * SIM_MS },
  { "fs.", AVOW_SIM_FS, 10 * SIM_US, 2 * SIM_MS },
  { "memory", AVOW_SIM_MEMORY, 0, 0 },
  { "cancel", AVOW_SIM_CANCEL, 0, 0 },
  { "crash", AVOW_SIM_CRASH, 0, 0 },
  { "work", 0, 20 * SIM_US, 10 * SIM_MS },
  { "", 0, 0, 1 * SIM_MS },
};

static const nature_t *nature_of(const char *what) {
  const nature_t *nature = natures;
  while (strncmp(what, nature->prefix, strlen(nature->prefix)) != 0)
    nature++;
  return nature;
}

/* The finalizer of splitmix64 (Steele, Lea and Flood 2014). */
uint64_t sim_scatter(uint64_t x) {
  x += UINT64_C(0x9e3779b97f4a7c15);
  x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
  return x ^ (x >> 31);
}

/* FNV-1a. */
uint64_t sim_name_of(const char *what) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (; *what != '\0'; what++)
    hash = (hash ^ (unsigned char) *what) * UINT64_C(0x100000001b3);
  return hash;
}

/* Kinds are compared by text, because a linker may or may not merge two equal
   literals. */
static sim_kind_t *kind_of(const char *what) {
  const uint64_t name = sim_name_of(what);
  size_t i = (size_t) (name % SIM_KINDS);
  while (sim_world.kinds[i].what != NULL && sim_world.kinds[i].name != name)
    i = (i + 1) % SIM_KINDS;
  sim_kind_t *kind = &sim_world.kinds[i];
  if (kind->what == NULL)
    *kind = (sim_kind_t){ .what = what, .name = name };
  return kind;
}

static bool is_plain(void) {
  return !sim_world.on || sim_world.ending;
}

static uint64_t draw(sim_kind_t *kind) {
  return sim_scatter(sim_scatter(sim_world.seed ^ kind->name) + kind->n++);
}

/* Returns the drawn value, or 0 if a replay excludes this choice. */
static uint64_t settle_on(const sim_kind_t *kind, uint64_t drawn) {
  const sim_pick_t pick = { kind->what, kind->name, kind->n - 1 };
  const uint64_t chosen = drawn != 0 && sim_picks_allow(pick) ? drawn : 0;
  sim_world.choices++;
  sim_history_mix(kind->name ^ chosen);
  return chosen;
}

uint64_t sim_choose(uint64_t bound, const char *what) {
  assert(bound > 0);
  if (bound == 1 || is_plain())
    return 0;
  sim_kind_t *kind = kind_of(what);
  return settle_on(kind, draw(kind) % bound);
}

/* All choices of a kind have one mood in a run: never, seldom, usual or
   often. */
static uint64_t mood_of(const char *what) {
  return sim_scatter(sim_world.seed + sim_name_of(what)) % MOODS;
}

bool sim_strikes(const char *what) {
  static const uint64_t factors[MOODS] = { 0, 1, 4, 16 };
  if (is_plain() || (nature_of(what)->fault & sim_world.options.faults) == 0)
    return false;
  const uint64_t rate = sim_world.options.fault_rate * factors[mood_of(what)];
  if (rate == 0)
    return false;
  sim_kind_t *kind = kind_of(what);
  if (settle_on(kind, draw(kind) % PARTS < rate) == 0)
    return false;
  sim_world.struck |= nature_of(what)->fault;
  return true;
}

/* Usually within the kind's range, and sometimes eight times as long. */
uint64_t sim_delay(const char *what) {
  static const uint64_t factors[MOODS] = { 0, 1, 1, 8 };
  const nature_t *nature = nature_of(what);
  if (is_plain())
    return nature->least;
  const uint64_t step = sim_choose(STEPS, what);
  const uint64_t factor = factors[mood_of(what)] * (step > LONGEST ? 8 : 1);
  return nature->least + (nature->most - nature->least) / STEPS * step * factor;
}

void sim_fill(void *at, size_t len) {
  sim_kind_t *kind = kind_of("bytes");
  unsigned char *bytes = at;
  uint64_t word = 0;
  for (size_t i = 0; i < len; i++, word >>= 8) {
    if (i % sizeof(word) == 0)
      word = draw(kind);
    bytes[i] = (unsigned char) word;
  }
}
