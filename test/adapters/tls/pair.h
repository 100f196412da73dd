/* SPDX-License-Identifier: MIT */
/*
 * Two that speak TLS over a pair of streams in memory, and who vouches for
 * them.
 */
#ifndef PAIR_H
#define PAIR_H

#include <openssl/ssl.h>

#include "avow/tls.h"
#include "harness.h"
#include "papers.h"

/* For the group: papers of an authority, and of localhost by it. */
extern papers_t authority, localhost;
int make_all_papers(void **state);
int free_all_papers(void **state);

/* Settings, which are there. */
avow_value_t settings_of(const papers_t *own, const papers_t *trusted);

/* Of the running test: what speaks, client first, and what that is over until
   it does. */
extern avow_value_t ends[2], below[2], settings[2];

int pair_setup(void **state);
int pair_teardown(void **state);

/* Makes the pair below; no options: room of 100,000 bytes, and as they come. */
void open_below(size_t room, const avow_duplex_options_t *options);

avow_promise_t *greet_client(void); /* these take what is below */
avow_promise_t *greet_server(void);
void greet_both(void); /* makes ends of them */
void speak(void);      /* all of this */

avow_stream_t client(void);
avow_stream_t server(void);
void drop(avow_value_t *v);

/* A test with settings, and nothing below yet. */
#define PAIR_CASE(f) \
  cmocka_unit_test_setup_teardown(f, pair_setup, pair_teardown)

#endif
