/* SPDX-License-Identifier: MIT */
/* A reader of a test's, of what its peer says. */
#ifndef PIECES_H
#define PIECES_H

#include "peer.h"

extern avow_reader_t *reader;

int reader_setup(void **state);
int reader_teardown(void **state);

#define READER(f) \
  cmocka_unit_test_setup_teardown(f, reader_setup, reader_teardown)

/* What it is asked for. */
avow_promise_t *line(void);
avow_promise_t *exactly(size_t n);

#endif
