/* SPDX-License-Identifier: MIT */
/*
 * Streams of open descriptors, such as standard input, and of files.
 *
 * The caller keeps the descriptor and must not close it too early. It must stay
 * open until the stream is closed and the promise of avow_close() has settled,
 * because that waits for operations in the thread pool.
 */
#ifndef AVOW_DESCRIPTOR_H
#define AVOW_DESCRIPTOR_H

#include "avow/stream.h"

AVOW_HEADER_BEGIN

/**
 * Makes a stream of `file` that begins at `offset`.
 *
 * Reads end after `len` bytes or at the end of the file; with UINT64_MAX, only
 * at the end of the file. Writes begin at `offset`, too, and overwrite what is
 * there. Reads and writes have a position each. The offset -1 stands for the
 * position of the descriptor.
 *
 * avow_shutdown() waits for the writes. To a socket or a pipe, avow_pump() lets
 * the system send more than 64 KiB where it can (sendfile() on Linux). Bytes of
 * the file that change meanwhile may be sent in their old or new state.
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
 * and written from its position on. Pipes and sockets change to non-blocking
 * mode, also in other processes that share them. They change back when a
 * process is started that inherits the descriptor as a standard stream.
 *
 * A terminal is opened again by libuv, so others that share it are not
 * affected. If that fails, writes to the terminal block.
 *
 * avow_shutdown() ends the output of a socket. A peer that reads from a pipe or
 * a terminal gets the end only when the descriptor is closed, too.
 *
 * The master of a pseudo-terminal is a uv_pipe_t. It ends when no process has
 * the other side open, which Linux reports as EIO.
 *
 * @returns OBJECT stream, see avow_to_stream(); or an error
 * @error   UV_EBADF if the descriptor is not open
 * @error   UV_ENOTSUP if the descriptor is no stream
 * @error   UV_ENOMEM if there is no memory for the stream
 * @see     uv_guess_handle()
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_open_stream(uv_loop_t *loop,
                                                     uv_file descriptor);

AVOW_HEADER_END

#endif
