/* SPDX-License-Identifier: MIT */
/*
 * Two TLS peers over a pair of streams in memory, and the certificates for
 * them.
 */
#ifndef PAIR_H
#define PAIR_H

#include <openssl/ssl.h>

#include "avow/tls.h"
#include "harness.h"
#include "papers.h"

/* For the group: the certificates of an authority, and of localhost, signed by
   that authority. */
extern papers_t authority, localhost;
int make_all_papers(void **state);
int free_all_papers(void **state);

/* Returns settings, which must be valid. */
avow_value_t settings_of(const papers_t *own, const papers_t *trusted);

/* Of the running test, client first: the TLS streams, the streams below them
   until the handshake takes these, and the settings. */
extern avow_value_t ends[2], below[2], settings[2];

int pair_setup(void **state);
int pair_teardown(void **state);

/* Makes the pair of streams below, with the capacity `room`. If `options` is
   NULL, bytes arrive as they were written. */
void open_below(size_t room, const avow_duplex_options_t *options);

avow_promise_t *greet_client(void); /* these take the streams below */
avow_promise_t *greet_server(void);
void greet_both(void); /* sets ends */
void speak(void);      /* does all of this */

avow_stream_t client(void);
avow_stream_t server(void);
void drop(avow_value_t *v);

/* A test with settings and without streams. */
#define PAIR_CASE(f) \
  cmocka_unit_test_setup_teardown(f, pair_setup, pair_teardown)

#endif
