/* SPDX-License-Identifier: MIT */
/*
 * Pairs of streams of every class, for tests of what is true of each: the two
 * ends of a connection, values that own them.
 */
#ifndef WORLDS_H
#define WORLDS_H

#include "acceptor.h"

typedef struct {
  const char *name;
  void (*open)(void); /* fills in ends */
  bool bounded;       /* what is written waits to be read, beyond little */
} world_t;

enum { WORLDS = 6 };
extern const world_t worlds[WORLDS];

/* The pair of the running test. */
extern avow_value_t ends[2];
extern const world_t *world;
avow_stream_t here(void);
avow_stream_t there(void);

/* The two of an avow_duplex(), which is taken. */
void open_ends(avow_value_t pair, avow_value_t out[2]);

/* Runs each of the n tests in each of the worlds. */
int run_in_worlds(const struct CMUnitTest *tests, size_t n);

/* Runs the tests in all worlds, each named after test and world. */
#define RUN_IN_WORLDS(tests) \
  run_in_worlds(tests, sizeof(tests) / sizeof((tests)[0]))

#endif
