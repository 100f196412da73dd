/* SPDX-License-Identifier: MIT */
/* The end of handles of any kind; that of a stream is avow_close(), too. */
#ifndef AVOW_HANDLE_H
#define AVOW_HANDLE_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/**
 * NONE when the handle, of any kind, is closed and its memory may be reused
 * (uv_close). All that is pending on it settles before, reads and writes with
 * UV_ECANCELED. UV_EALREADY if it is closing. Cannot be cancelled: whoever
 * frees the handle when this settles does so in time. Should even the reserve
 * of memory be used up, this rejects with UV_ENOMEM and the handle still
 * closes.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_close_handle(uv_handle_t *handle);

/**
 * NONE when the handle is closed, as by avow_close_handle(), but with a reset,
 * so that the peer's reads and writes fail and what was not sent is discarded
 * (uv_tcp_close_reset). Rejects while an avow_shutdown() is pending or without
 * a socket; the handle then stays open.
 *
 * UV_EINVAL while a shutdown is pending, UV_EBADF without a socket, UV_EALREADY
 * if the handle is closing.
 *
 * If an avow_shutdown() is done, the peer's reads end without an error. While
 * another descriptor leads to the socket, for example in a child process, the
 * system sends no reset.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_close_reset(uv_tcp_t *tcp);

AVOW_HEADER_END

#endif
