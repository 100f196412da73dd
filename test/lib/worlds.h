/* SPDX-License-Identifier: MIT */
/*
 * Pairs of streams of every class. They test properties that hold for each
 * class. A pair is the two ends of a connection, as values that own them.
 */
#ifndef WORLDS_H
#define WORLDS_H

#include "acceptor.h"

typedef struct {
  const char *name;
  void (*open)(void); /* stores the pair in `ends` */
  bool bounded;       /* after a small buffer is full, a write waits for a
                         reader */
} world_t;

enum { WORLDS = 6 };
extern const world_t worlds[WORLDS];

/* Pair of the running test. */
extern avow_value_t ends[2];
extern const world_t *world;
avow_stream_t here(void);
avow_stream_t there(void);

/* Stores both ends of an avow_duplex(). Takes ownership of `pair`. */
void open_ends(avow_value_t pair, avow_value_t out[2]);

/* Runs each of the n tests in each of the worlds. */
int run_in_worlds(const struct CMUnitTest *tests, size_t n);

/* Runs the tests in all worlds. Each has the name of its test and world. */
#define RUN_IN_WORLDS(tests) \
  run_in_worlds(tests, sizeof(tests) / sizeof((tests)[0]))

#endif
