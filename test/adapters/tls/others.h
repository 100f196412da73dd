/* SPDX-License-Identifier: MIT */
/*
 * Third-party programs that speak TLS over loopback: a folder with certificates
 * in which they run, and connections from them and to them.
 */
#ifndef OTHERS_H
#define OTHERS_H

#include "pair.h"

/* A test with this folder and with settings of avow. */
#define OTHERS_CASE(f) \
  cmocka_unit_test_setup_teardown(f, others_setup, others_teardown)
int others_setup(void **state);
int others_teardown(void **state);

/* Skips the test if the program is not installed. */
void need_program(const char *name);

/* Runs a program with the input and returns its output. The program must
   succeed. `args` ends with NULL. */
avow_value_t output_of(const char *const *args, const char *input);

/* A listener for third-party programs. */
typedef struct {
  avow_value_t bound;
  avow_channel_t *connections;
  char port[8];
} place_t;

place_t open_place(void);
void close_place(place_t *place);

/* Accepts the next connection as a TLS server and stores it in ends[1]. Call
   this in an async function. Returns NONE or an error. */
avow_value_t welcome(const place_t *place);

/* Starts a server, which prints a line with its address: "127.0.0.1:4433". */
avow_value_t start_others(const char *const *args, char port[8]);

/* Connects to the server and stores the connection in ends[0]. */
void meet_others(const char *port);

#endif
