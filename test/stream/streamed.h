/* SPDX-License-Identifier: MIT */
/*
 * Fixture: a file, and the value that owns a stream of it after it is opened.
 */
#ifndef STREAMED_H
#define STREAMED_H

#include "harness.h"

extern int file;
extern avow_value_t opened;

int streamed_setup(void **state);
int streamed_teardown(void **state);

#define IN_FILE(f) \
  cmocka_unit_test_setup_teardown(f, streamed_setup, streamed_teardown)

avow_stream_t opened_stream(void);

/* Writes that text to the beginning of the file. */
void fill(const char *text);

#endif
