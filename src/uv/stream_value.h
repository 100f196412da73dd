/* SPDX-License-Identifier: MIT */
/* Streams that values own. */
#ifndef AVOW_STREAM_VALUE_H
#define AVOW_STREAM_VALUE_H

#include "engine/promise.h"
#include "uv/pipe_bind.h"

/* Makes an OBJECT with a new UV_TCP or UV_NAMED_PIPE handle, or an error. */
avow_value_t avow__owned_new(uv_loop_t *loop, uv_handle_type type);

/* Makes an OBJECT with the stream that waits to be accepted, or an error. */
avow_value_t avow__owned_accept(uv_stream_t *from, uv_handle_type type);

/* Makes an OBJECT with a new handle that is opened on a descriptor, or an
   error. */
avow_value_t avow__owned_open(uv_loop_t *loop, uv_handle_type type, int fd);

/* Returns the handle of the value's stream. NULL for other values, which is
   misuse. */
#define avow__owned_handle(v) avow__owned_handle_in(v, AVOW__CALLED)
uv_stream_t *avow__owned_handle_in(const avow_value_t *v, const char *called);

/* Closes the value's handle, even if the value has other references. */
void avow__owned_close_value(const avow_value_t *v);

/* Takes ownership of a name that is removed when the value's handle closes. */
void avow__owned_has_name(const avow_value_t *v, avow__socket_name_t *name);

/* Sets the function that ends the sending side of the value's stream, which is
   not a socket. */
void avow__owned_shuts_by(const avow_value_t *v,
                          void (*shut)(uv_stream_t *stream));

/* Returns the status of uv_shutdown() when all data is written. Pipes and
   terminals cannot be shut down, so this function ends their sending side. */
int avow__shutdown_status(uv_stream_t *stream, int status);

/* Must be called before a handle closes that may belong to a value. */
void avow__owned_about_to_close(avow__context_t *c, const uv_handle_t *handle);

/* Must be called when avow_close_handle() has closed a handle that may belong
   to a value. */
void avow__owned_forget(avow__context_t *c, const uv_handle_t *handle);

#endif
