/* SPDX-License-Identifier: MIT */
/* Two streams of a test's, to be pumped from one to the other, and the other
   ends of both, plain descriptors. */
#ifndef PUMPED_H
#define PUMPED_H

#include "harness.h"

enum { LARGE = 4 << 20, PART = 1 << 16 };

extern uv_pipe_t ours[2]; /* from, to */
extern uv_stream_t *const from, *const to;
extern int peers[2]; /* of these; -1 when they have left */

int pump_setup(void **state);
int pump_teardown(void **state);

#define PUMP(f) cmocka_unit_test_setup_teardown(f, pump_setup, pump_teardown)

avow_promise_t *start_pump(void);

/* One turn of the loop, which the streams keep alive. */
void turn_once(void);

/* What the peers do. */
void leave(int i);
void tell(const char *text);
void assert_told(const char *text);
void assert_told_at(int i, const char *text);

/* Tells so much of a pattern as the system takes. */
size_t say_pattern(size_t at, size_t end);

/* How much there is to be heard; it is as it should be. */
size_t hear_pattern(size_t at);

/* Tells until nothing more is taken by anybody; how much that was. */
size_t stuff(void);

#endif
