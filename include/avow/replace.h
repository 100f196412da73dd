/* SPDX-License-Identifier: MIT */
/*
 * Atomic replacement of a file, in one request of the thread pool.
 *
 * A process that opens the file finds the old contents or the new contents.
 */
#ifndef AVOW_REPLACE_H
#define AVOW_REPLACE_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/**
 * Replaces the file at `path` with a file that contains `bytes`.
 *
 * The replacement is atomic, also if others replace the file and after a power
 * failure. The bytes are written to a new file beside the old one and synced to
 * the disk. Then the new file is renamed to `path`. Other names of the old file
 * (hard links), and programs that have it open, keep the old bytes.
 *
 * If there is no old file, the new one gets `mode`. Otherwise it gets the
 * owner, the group, the permissions and, on Linux, the ACL and the attributes
 * of the old one. If the system does not let the process keep one of these, the
 * permissions become narrower, so access is never granted to more users.
 * Set-uid, set-gid and capabilities are removed. The process must be able to
 * write to the directory; the old file may be read-only.
 *
 * If `path` ends at a symbolic link, the file that it leads to is replaced.
 * Links in other parts of the path are followed.
 *
 * After a rejection the old file is unchanged and no other file is left, unless
 * the message begins with "sync". Then the new file is in its place, but the
 * disk may not have recorded that. A process that is killed may leave a file
 * named .avow-…, which the next call for that path removes.
 *
 * @settles INT bytes: the number written
 * @rejects as the system fails to write, sync or rename the file
 * @rejects UV_EACCES if another user made the link at the end of `path` in a
 *          sticky directory that all may write, such as /tmp
 * @rejects UV_EBUSY if `path` is a mount point, such as a file that a container
 *          mounts
 * @rejects UV_EINVAL if `path` is a FIFO, a socket or a device, which stays
 * @rejects UV_EINVAL if `path` is NULL
 * @rejects UV_EINVAL if `bytes` is no BYTES
 * @rejects UV_EIO if the directory cannot be synced; the message begins with
 *          "sync"
 * @rejects UV_EISDIR if `path` is a directory
 * @rejects UV_ENOENT if `path` is a link of /proc to a file without a name
 * @cancel  Leaves the old file or the new file.
 * @platform Windows: only permissions are kept, and a .avow-… file is not
 *          removed.
 * @see     fsync(2), rename(2)
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_replace_file(uv_loop_t *loop,
                                                         const char *path,
                                                         avow_value_t bytes,
                                                         int mode);

AVOW_HEADER_END

#endif
