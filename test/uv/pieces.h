/* SPDX-License-Identifier: MIT */
/* Fixture: a reader of the data that the test's peer sends. */
#ifndef PIECES_H
#define PIECES_H

#include "peer.h"

extern avow_reader_t *reader;

int reader_setup(void **state);
int reader_teardown(void **state);

#define READER(f) \
  cmocka_unit_test_setup_teardown(f, reader_setup, reader_teardown)

/* Requests to the reader. */
avow_promise_t *line(void);
avow_promise_t *exactly(size_t n);

#endif
