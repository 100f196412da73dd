/* SPDX-License-Identifier: MIT */
/*
 * The same connector in three styles. It resolves a host, tries each address in
 * turn, sends a greeting and waits for the answer. It has a time limit and can
 * be canceled at each stage. Its result is a connected uv_tcp_t, which is
 * allocated with malloc(). The program closes and frees it.
 */
#ifndef CONNECTOR_H
#define CONNECTOR_H

#include <avow.h>

#define HELLO   "hello\n"
#define WELCOME "welcome\n"

enum { WELCOME_LEN = sizeof(WELCOME) - 1 };

/* With callbacks. Calls back once, after the call has returned, with a stream
   or with a negative status. raw_cancel() is allowed until then. */
typedef struct raw_s raw_t;
typedef void (*raw_cb)(uv_tcp_t *tcp, int status, void *data);

int raw_connect(uv_loop_t *loop, const char *host, const char *service,
                uint64_t ms, raw_cb cb, void *data, raw_t **out);
void raw_cancel(raw_t *raw);

/* With promises: settles as POINTER, the uv_tcp_t. */
avow_promise_t *then_connect(uv_loop_t *loop, const char *host,
                             const char *service, uint64_t ms);

/* With await: settles as POINTER, the uv_tcp_t. */
avow_promise_t *await_connect(uv_loop_t *loop, const char *host,
                              const char *service, uint64_t ms);

#endif
