/* SPDX-License-Identifier: MIT */
/*
 * Fixture: two streams, pumped from one to the other, and plain descriptors for
 * their other ends.
 */
#ifndef PUMPED_H
#define PUMPED_H

#include "harness.h"

enum { LARGE = 4 << 20, PART = 1 << 16 };

extern uv_pipe_t ours[2]; /* from, to */
extern uv_stream_t *const from, *const to;
extern int peers[2]; /* their other ends; -1 after they closed */

int pump_setup(void **state);
int pump_teardown(void **state);

#define PUMP(f) cmocka_unit_test_setup_teardown(f, pump_setup, pump_teardown)

avow_promise_t *start_pump(void);

/* Runs one iteration. The streams keep the loop alive. */
void turn_once(void);

/* Actions of the peers. */
void leave(int i);
void tell(const char *text);
void assert_told(const char *text);
void assert_told_at(int i, const char *text);

/* Sends as much of a pattern as the system takes. */
size_t say_pattern(size_t at, size_t end);

/* Receives and checks all available data. Returns its length. */
size_t hear_pattern(size_t at);

/* Sends until no stream takes more. Returns the number of bytes. */
size_t stuff(void);

#endif
