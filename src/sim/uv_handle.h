/* SPDX-License-Identifier: MIT */
/*
 * The parts that all handles and requests of a simulated loop share. A private
 * field of libuv's handle points to the block. The block is freed when the
 * handle has closed. The flags have libuv's values and are in libuv's field.
 */
#ifndef AVOW_SIM_UV_HANDLE_H
#define AVOW_SIM_UV_HANDLE_H

#include "sim/world.h"

enum { SIM_CLOSING = 1, SIM_CLOSED = 2, SIM_ACTIVE = 4, SIM_REF = 8 };

/* Actions of a handle type at its end. Either may be NULL. */
typedef struct sim_class_s {
  void (*close)(uv_handle_t *handle);  /* in uv_close(), which then stops it */
  void (*closed)(uv_handle_t *handle); /* before close_cb: ends pending requests
                                          with UV_ECANCELED */
} sim_class_t;

/* The first part of each type's own block. */
typedef struct sim_handle_s {
  avow__link_t link; /* in the list of the loop */
  uv_handle_t *handle, *next_closing;
  const sim_class_t *class;
} sim_handle_t;

/* Initializes the handle. Returns its zeroed block of `size` bytes, which
   begins with a sim_handle_t. */
void *sim_handle_init(uv_loop_t *loop, uv_handle_t *handle, uv_handle_type type,
                      size_t size, const sim_class_t *class);

/* NULL after the handle has closed. */
static inline void *sim_handle_block(const uv_handle_t *handle) {
  return handle->u.reserved[0];
}

void sim_handle_start(uv_handle_t *handle);
void sim_handle_stop(uv_handle_t *handle);

static inline bool sim_handle_is_active(const uv_handle_t *handle) {
  return (handle->flags & SIM_ACTIVE) != 0;
}

static inline bool sim_handle_is_closing(const uv_handle_t *handle) {
  return (handle->flags & (SIM_CLOSING | SIM_CLOSED)) != 0;
}

/* The closing phase: finishes a handle for which uv_close() was called. */
void sim_handle_end(uv_handle_t *handle);

/* A request keeps its loop alive from its start to its callback. */
void sim_request_begin(uv_loop_t *loop);
void sim_request_end(uv_loop_t *loop);

#endif
