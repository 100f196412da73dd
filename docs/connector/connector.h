/* SPDX-License-Identifier: MIT */
/*
 * One connector three times: it resolves a host, tries each of its addresses in
 * turn, says hello, waits to be welcomed, gives up after a time, and can be
 * cancelled at any stage. What it gives is a connected uv_tcp_t, made by
 * malloc(), which the program closes and frees.
 */
#ifndef CONNECTOR_H
#define CONNECTOR_H

#include <avow.h>

#define HELLO   "hello\n"
#define WELCOME "welcome\n"

enum { WELCOME_LEN = sizeof(WELCOME) - 1 };

/* With callbacks. Calls back once, later: with a stream, or a status below 0.
   raw_cancel() is allowed until then. */
typedef struct raw_s raw_t;
typedef void (*raw_cb)(uv_tcp_t *tcp, int status, void *data);

int raw_connect(uv_loop_t *loop, const char *host, const char *service,
                uint64_t ms, raw_cb cb, void *data, raw_t **out);
void raw_cancel(raw_t *raw);

/* With promises: settle with a POINTER to the uv_tcp_t. */
avow_promise_t *then_connect(uv_loop_t *loop, const char *host,
                             const char *service, uint64_t ms);

/* With await: the same. */
avow_promise_t *await_connect(uv_loop_t *loop, const char *host,
                              const char *service, uint64_t ms);

#endif
