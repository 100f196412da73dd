/* SPDX-License-Identifier: MIT */
/*
 * Programs that speak TLS, over loopback: a folder with papers for them, where
 * they run, and connections from them and to them.
 */
#ifndef OTHERS_H
#define OTHERS_H

#include "pair.h"

/* A test with that folder, and settings of ours. */
#define OTHERS_CASE(f) \
  cmocka_unit_test_setup_teardown(f, others_setup, others_teardown)
int others_setup(void **state);
int others_teardown(void **state);

/* Skips the test where there is no such program. */
void need_program(const char *name);

/* Its output, where it succeeds; it hears the input. args ends with NULL. */
avow_value_t output_of(const char *const *args, const char *input);

/* Where others can connect to. */
typedef struct {
  avow_value_t bound;
  avow_channel_t *connections;
  char port[8];
} place_t;

place_t open_place(void);
void close_place(place_t *place);

/* The next that comes speaks TLS: the connection is ends[1]. For an async
   function; NONE, or an error. */
avow_value_t welcome(const place_t *place);

/* A server runs, which prints a line with its address: "127.0.0.1:4433". */
avow_value_t start_others(const char *const *args, char port[8]);

/* Connects to it: ends[0]. */
void meet_others(const char *port);

#endif
