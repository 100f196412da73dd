/* SPDX-License-Identifier: MIT */
/*
 * Streams of descriptors that are open: standard input and output, whatever
 * they are, and files, from an offset on. The descriptor stays the program's,
 * and open; it has to be until the stream is closed and avow_close() of it has
 * settled, which waits for what the thread pool does there.
 */
#ifndef AVOW_DESCRIPTOR_H
#define AVOW_DESCRIPTOR_H

#include "avow/stream.h"

AVOW_HEADER_BEGIN

/**
 * OBJECT: a stream that reads the file from the offset on, len bytes or to its
 * end, and writes from there on, over what there is (avow_fs_read,
 * avow_fs_write). The offset -1 is where the file stands, and UINT64_MAX bytes
 * are all. An error, UV_EINVAL, for an offset below -1. Reading and writing go
 * on by themselves, each where it is.
 * avow_shutdown() waits for what is written. avow_pump() of more than 64 KiB to
 * a socket or a pipe leaves it to the system where that can (sendfile, on
 * Linux): bytes that change meanwhile may arrive either way.
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_file_stream(uv_loop_t *loop,
                                                     uv_file file,
                                                     int64_t offset,
                                                     uint64_t len);

/**
 * OBJECT: the stream of a descriptor, such as 0, standard input: of a terminal,
 * a pipe, a socket, or of a file from where it stands (uv_guess_handle). Else
 * an error: UV_EBADF, UV_ENOTSUP for what is no stream.
 * Pipes and sockets no longer block then, for whoever shares them, until a
 * process is started that inherits it as a standard stream. libuv opens a
 * terminal anew, which changes nothing for others that share the terminal;
 * where that fails, writes to the terminal block. A socket can be shut down;
 * who reads from a pipe or a terminal reads the end when the descriptor is
 * closed, too, avow_shutdown() or not. The master of a pseudo-terminal ends
 * when nobody has its other side open any more, which Linux tells by EIO; its
 * handle is a uv_pipe_t.
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_open_stream(uv_loop_t *loop,
                                                     uv_file descriptor);

AVOW_HEADER_END

#endif
