/* SPDX-License-Identifier: MIT */
/* Streams that values own. */
#ifndef AVOW_STREAM_VALUE_H
#define AVOW_STREAM_VALUE_H

#include "engine/promise.h"
#include "uv/pipe_bind.h"

/* An OBJECT with a new UV_TCP or UV_NAMED_PIPE handle, or an error. */
avow_value_t avow__owned_new(uv_loop_t *loop, uv_handle_type type);

/* An OBJECT with the stream that waits to be accepted, or an error. */
avow_value_t avow__owned_accept(uv_stream_t *from, uv_handle_type type);

/* An OBJECT with a new handle that is opened on a descriptor, or an error. */
avow_value_t avow__owned_open(uv_loop_t *loop, uv_handle_type type, int fd);

/* The handle of its stream; NULL of what is none, which is misuse. */
uv_stream_t *avow__owned_handle(const avow_value_t *v);

/* Closes the value's handle, although others may hold the value. */
void avow__owned_close_value(const avow_value_t *v);

/* The name goes when the value's handle closes. Takes it. */
void avow__owned_has_name(const avow_value_t *v, avow__socket_name_t *name);

/* What ends the sending side of the value's stream, which is no socket. */
void avow__owned_shuts_by(const avow_value_t *v,
                          void (*shut)(uv_stream_t *stream));

/* What came of uv_shutdown(), when all that was written is out: pipes and
   terminals have no side to close by themselves, and it is done for them. */
int avow__shutdown_status(uv_stream_t *stream, int status);

/* This handle, which may be one of these, is about to be closed. */
void avow__owned_about_to_close(avow__context_t *c, const uv_handle_t *handle);

/* avow_close_handle() has closed this handle, which may be one of these. */
void avow__owned_forget(avow__context_t *c, const uv_handle_t *handle);

#endif
