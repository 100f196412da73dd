/* SPDX-License-Identifier: MIT */
/*
 * A file that is replaced as a whole, by one piece of work for the thread pool:
 * who opens it finds the old file or the new one. A path that is NULL, and what
 * is no BYTES, is UV_EINVAL.
 */
#ifndef AVOW_REPLACE_H
#define AVOW_REPLACE_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

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
