/* SPDX-License-Identifier: MIT */
/*
 * Atomic replacement of a file, in one request of the thread pool.
 *
 * A process that opens the file meanwhile reads either the old contents or the
 * new contents.
 */
#ifndef AVOW_REPLACE_H
#define AVOW_REPLACE_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/**
 * Replaces the file at `path` with a file that contains `bytes`.
 *
 * The call writes the bytes to a new file beside the old one and syncs the new
 * file to the disk. It then renames the new file to `path`. The replacement is
 * atomic, also after a power failure, and also if other programs replace the
 * file at that time. Other names of the old file (hard links), and programs
 * that have it open, keep the old bytes.
 *
 * If there is no old file, the new file gets `mode`. Otherwise it gets the
 * owner, the group and the permissions of the old file, and on Linux its ACL
 * and its attributes. If the process may not set one of these, the new file
 * gets fewer permissions, so that no other user gains access. Set-uid, set-gid
 * and capabilities are removed. The process must be able to write to the
 * directory. The old file may be read-only.
 *
 * If `path` is a symbolic link, the call replaces the file to which it leads.
 * Links in other parts of the path are followed.
 *
 * After a rejection the old file is unchanged and no other file is left. There
 * is one exception: if the message begins with "sync", the new file is in its
 * place, but may be lost after a power failure. A process that is killed may
 * leave a file named .avow-…, which the next call for that path removes.
 *
 * @settles INT bytes: the number written
 * @rejects with the error of the system if the file cannot be written, synced
 *          or renamed
 * @rejects UV_EACCES if another user made the link at the end of `path` in a
 *          sticky directory that all may write, such as /tmp
 * @rejects UV_EBUSY if `path` is a mount point, such as a file that a container
 *          mounts
 * @rejects UV_EINVAL if `path` is a FIFO, a socket or a device, which stays
 * @rejects UV_EINVAL if `path` is NULL
 * @rejects UV_EINVAL if `bytes` is not BYTES
 * @rejects UV_EIO if the directory cannot be synced; the message begins with
 *          "sync"
 * @rejects UV_EISDIR if `path` is a directory
 * @rejects UV_ENOENT if `path` is a link of /proc to a file without a name
 * @cancel  Rejects and leaves either the old file or the new file.
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
