/* SPDX-License-Identifier: MIT */
/* Fixture: a server on 127.0.0.1 that accepts connections. */
#ifndef ACCEPTOR_H
#define ACCEPTOR_H

#include "harness.h"

enum { ACCEPTED = 8 };

extern avow_value_t server, accepted[ACCEPTED];
extern size_t accepted_count;
extern char server_port[8];

int acceptor_setup(void **state);
int acceptor_teardown(void **state);

uv_stream_t *stream_of(const avow_value_t *v);
uv_handle_t *handle_of(const avow_value_t *v);
int port_of(const avow_value_t *v);

/* Connection callback that accepts; also used for further servers. */
void on_connection(uv_stream_t *listener, int status);

/* Releases the value and stores NONE in its place. */
void drop(avow_value_t *v);

/* Callback for uv_walk() that closes each handle. */
void close_cb(uv_handle_t *handle, void *arg);

void turn_thrice(void);

avow_promise_t *connect_to_server(void);

/* Runs the loop until `n` connections are accepted. */
void wait_for(size_t n);

/* Returns a connection that the server has accepted. */
avow_value_t connected(void);

void assert_hears(const avow_value_t *v, const char *text);
void assert_hears_the_end(const avow_value_t *v);

#endif
