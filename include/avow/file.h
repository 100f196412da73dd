/* SPDX-License-Identifier: MIT */
/*
 * Whole files, each by one piece of work for the thread pool: one journey there
 * and back instead of four or more. It keeps its thread for as long as the
 * system takes, and avow_loop_close() waits for it: mind FIFOs. A path that is
 * NULL, and what is no BYTES to be written, is UV_EINVAL. An error's message
 * names the operation and the path: "read '/x': no such file or directory".
 */
#ifndef AVOW_FILE_H
#define AVOW_FILE_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/**
 * BYTES: all of the file, up to its end: also of one that says that it has no
 * length, as those in /proc. UV_EFBIG if that is more than max_bytes;
 * UV_EISDIR for a directory. Cancelling takes it off the pool's queue, or stops
 * it after the part that it reads.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_read_file(uv_loop_t *loop,
                                                      const char *path,
                                                      size_t max_bytes);

/**
 * INT: bytes written, always all of them. Takes BYTES. A FIFO or a device gets
 * them as they are. A FIFO that loses its reader raises SIGPIPE, which ends the
 * program; if the program ignores the signal, this rejects with UV_EPIPE. They
 * go over what a file held before, and what that had beyond them is cut off; a
 * new one gets the mode. Cancelling takes it off the
 * pool's queue, or stops it after the part that it writes: like a rejection,
 * that leaves a part of the new bytes alone, or the file as it was if none was
 * written. avow_replace_file() leaves that always, also to those who read
 * meanwhile.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_write_file(uv_loop_t *loop,
                                                       const char *path,
                                                       avow_value_t bytes,
                                                       int mode);

/**
 * INT: bytes written behind what the file holds (O_APPEND), always all of them.
 * Takes BYTES. A new file gets the mode. Cancelling takes it off the pool's
 * queue, or stops it after the part that it writes. After a rejection or a
 * cancellation a part of the bytes may stay in the file. Bytes that
 * other processes append meanwhile can come between two parts of 1 MiB.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_append_file(uv_loop_t *loop,
                                                        const char *path,
                                                        avow_value_t bytes,
                                                        int mode);

/**
 * INT: bytes written. Takes BYTES. Who opens the path finds the file as it was
 * or as it is to be, whoever else replaces it, and even after a power failure:
 * the bytes go to a new file in the same directory, reach the disk (fsync), and
 * the new file takes the name (rename). Where there was none it gets the mode;
 * else owner, group, permissions and, on Linux, ACL and attributes of the old
 * one. What the system does not let it keep narrows its permissions: nobody is
 * let in who was not before. Set-uid, set-gid and capabilities go. A path that
 * ends at a symbolic link is where that leads, unless others laid the link in a
 * directory like /tmp (sticky, and all may write): UV_EACCES. Links on the way
 * to the last name are followed, whoever laid them. UV_EISDIR for a directory,
 * UV_EINVAL for a FIFO, a socket or a device, which stay. UV_ENOENT for a link
 * of /proc to what has lost its name. UV_EBUSY for a mount point, such
 * as a file that a container mounts.
 *
 * The process must be able to write to the directory; the old file may be
 * read-only. Other names of the old file (hard links), and programs that have
 * it open, keep the old bytes.
 *
 * A rejection leaves the old file, and nothing else, unless its message begins
 * with "sync": then the new one is in its place, but the disk may not know of
 * that (UV_EIO). Cancelling leaves the one or the other. A process that is
 * killed may leave a file named .avow-…, which the next call for that path
 * removes. On Windows only permissions are kept, and nobody removes that.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_replace_file(uv_loop_t *loop,
                                                         const char *path,
                                                         avow_value_t bytes,
                                                         int mode);

AVOW_HEADER_END

#endif
