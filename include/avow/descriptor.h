/* SPDX-License-Identifier: MIT */
/*
 * Streams of open descriptors, such as standard input, and of files.
 *
 * The stream does not own the descriptor. The caller must keep the descriptor
 * open until the promise of avow_close() has settled, because operations in the
 * thread pool may still use it. The caller closes the descriptor afterwards.
 */
#ifndef AVOW_DESCRIPTOR_H
#define AVOW_DESCRIPTOR_H

#include "avow/stream.h"

AVOW_HEADER_BEGIN

/**
 * Makes a stream of `file` that begins at `offset`.
 *
 * Reads end after `len` bytes or at the end of the file. If `len` is
 * UINT64_MAX, they end only at the end of the file. Writes also begin at
 * `offset`, and overwrite the bytes of the file. Reads and writes have separate
 * positions. If `offset` is -1, both use the position of the descriptor.
 *
 * avow_shutdown() waits for the pending writes. If avow_pump() copies the
 * stream to a socket or a pipe, the system sends the bytes itself where it can
 * (sendfile() on Linux), more than 64 KiB at a time. If the file changes
 * meanwhile, old or new bytes may be sent.
 *
 * @returns OBJECT file stream, see avow_to_stream(); or an error
 * @error   UV_EINVAL if `offset` is below -1
 * @error   UV_ENOMEM if there is no memory for the stream
 * @see     avow_fs_read(), avow_fs_write()
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_file_stream(uv_loop_t *loop,
                                                     uv_file file,
                                                     int64_t offset,
                                                     uint64_t len);

/**
 * Makes a stream of an open descriptor, such as 0 for standard input.
 *
 * The descriptor may be a terminal, a pipe, a socket or a file. A file is read
 * and written from the position of the descriptor on.
 *
 * The call sets a pipe or a socket to non-blocking mode. This affects all
 * processes that share it. If this process starts a process that inherits the
 * descriptor as a standard stream, libuv sets it to blocking mode again.
 *
 * libuv opens a terminal again, so other users of the terminal are not
 * affected. If that fails, writes to the terminal block.
 *
 * avow_shutdown() ends the output of a socket. The reader of a pipe or a
 * terminal gets the end only when the caller closes the descriptor, too.
 *
 * The handle of the master of a pseudo-terminal is a uv_pipe_t. Its stream ends
 * when no process has the other side open, although Linux reports EIO.
 *
 * @returns OBJECT stream, see avow_to_stream(); or an error
 * @error   UV_EBADF if the descriptor is not open
 * @error   UV_ENOTSUP if the descriptor is of another type
 * @error   UV_ENOMEM if there is no memory for the stream
 * @see     uv_guess_handle()
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_open_stream(uv_loop_t *loop,
                                                     uv_file descriptor);

AVOW_HEADER_END

#endif
