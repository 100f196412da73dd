/* SPDX-License-Identifier: MIT */
/*
 * Handles that libnats' callbacks get instead of pointers. The end of a
 * connection may close a subscription before it has a completion callback.
 * libnats may then call once more with a message. It never reports that no call
 * follows. Such a call gets a number, which needs no memory. A number is never
 * used again. After the handle is closed, avow__nats_handle_enter() returns
 * NULL for its number.
 */
#ifndef AVOW_NATS_HANDLE_TABLE_H
#define AVOW_NATS_HANDLE_TABLE_H

#include <stdint.h>

/* Part of the object `of`, which callbacks get by the handle. */
typedef struct handle_s handle_t;
struct handle_s {
  handle_t *next; /* in the same list */
  uintptr_t number;
  unsigned inside; /* number of running calls */
  void *of;
};

/* Opens the handle. Returns its number as an argument for libnats. */
void *avow__nats_handle_open(handle_t *handle, void *of);

/* On any thread. Returns the open handle of the number, which the caller must
   leave. Returns NULL if the handle is closed. */
handle_t *avow__nats_handle_enter(void *number);
void avow__nats_handle_leave(handle_t *handle);

/* Closes the handle and waits for running calls. Accepts a handle that is
   closed or was never opened. */
void avow__nats_handle_close(handle_t *handle);

#endif
