/* SPDX-License-Identifier: MIT */
/*
 * Files, directories, and changes of files.
 *
 * Each avow_fs_*() function that is named like a function of libuv runs that
 * function in libuv's thread pool. Flags, modes, times (in seconds since 1970)
 * and differences between platforms are those of libuv. Paths are copied; a
 * path of NULL rejects with UV_EINVAL. The message of an error names the
 * operation and its objects: "rename '/a' to '/b': no such file or directory".
 *
 * A request that blocks forever, such as a read from a FIFO, occupies a thread
 * of the pool, and avow_loop_close() waits for it.
 *
 * A canceled promise rejects at once. If the request is still queued, it is
 * removed from the queue of the pool. If the request already runs, it still
 * takes effect, and its result is dropped: a file or directory that the request
 * opens is closed again, and a temporary file or directory is removed. With
 * io_uring (see docs/libuv.md) there is no queue, and each request counts as
 * one that runs.
 *
 * avow_read_file(), avow_write_file() and avow_append_file() handle a whole
 * file in one request for the thread pool instead of four or more.
 *
 * avow_fs_events() and avow_fs_polls() return channels that report changes of
 * files. Such a channel stops watching when its last reference is released or
 * when avow_channel_close() closes it. It keeps the loop alive only while a
 * receiver waits. Use avow_channel_first() for one event.
 */
#ifndef AVOW_FS_H
#define AVOW_FS_H

#include "avow/channel.h"
#include "avow/promise.h"

AVOW_HEADER_BEGIN

/* Open files. */

/**
 * Opens a file.
 *
 * A new file has the permissions of `mode` that the umask does not remove.
 * Opening a FIFO occupies a thread of the pool until the other end is open,
 * unless `flags` contains UV_FS_O_NONBLOCK.
 *
 * @settles INT file; convert it to uv_file
 * @rejects UV_ENXIO if a FIFO is opened for writing with UV_FS_O_NONBLOCK and
 *          has no reader
 * @rejects as open(2) fails
 * @cancel  Removes a queued request. If the request already runs, the file that
 *          it opens is closed again.
 * @see     uv_fs_open()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_open(uv_loop_t *loop,
                                                    const char *path, int flags,
                                                    int mode);

/**
 * Closes `file`.
 *
 * The file is closed even if the promise rejects. The close waits for canceled
 * requests on the file that still run.
 *
 * @settles NONE
 * @rejects as close(2) fails
 * @cancel  Rejects the promise; the file is still closed.
 * @see     uv_fs_close()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_close(uv_loop_t *loop,
                                                     uv_file file);

/**
 * Reads up to `len` bytes of `file` at `offset`.
 *
 * An `offset` of -1 reads at the current position of the file. A `len` of 0
 * gives empty BYTES.
 *
 * @settles BYTES, at least 1 and at most `len`, fewer if the system gives
 *          fewer; NONE at the end of the file
 * @rejects UV_ESPIPE if `file` is a pipe or a socket and `offset` is not -1
 * @rejects UV_EAGAIN if `file` is nonblocking and no bytes are available; a
 *          stream of avow_open_stream() waits for bytes
 * @rejects UV_EINVAL if `offset` is less than -1
 * @rejects as read(2) fails
 * @cancel  Removes a queued request. The result of a running request is
 *          dropped.
 * @see     uv_fs_read()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_read(uv_loop_t *loop,
                                                    uv_file file, size_t len,
                                                    int64_t offset);

/**
 * Writes all of `bytes`, which is BYTES or a LIST of BYTES, to `file`.
 *
 * The bytes are written at `offset`. With an `offset` of -1, they are written
 * at the current position of the file. If the file was opened with
 * UV_FS_O_APPEND, Linux ignores `offset` and writes at the end. avow calls
 * uv_fs_write() until all bytes are written. After a rejection some bytes may
 * have been written.
 *
 * A pipe or a socket without a reader raises SIGPIPE, which ends the program
 * unless it ignores the signal.
 *
 * @settles INT bytes, always the length of `bytes`
 * @rejects UV_EINVAL if `bytes` is another value or `offset` is less than -1
 * @rejects UV_EAGAIN if `file` is nonblocking and accepts no more bytes
 * @rejects UV_ESPIPE if `file` is a pipe or a socket and `offset` is not -1
 * @rejects UV_EPIPE if a pipe or a socket has no reader and SIGPIPE is ignored
 * @rejects as write(2) fails
 * @cancel  Removes a queued request. A running request stops after the part
 *          that it writes.
 * @see     uv_fs_write()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_write(uv_loop_t *loop,
                                                     uv_file file,
                                                     avow_value_t bytes,
                                                     int64_t offset);

/**
 * Copies up to `len` bytes of `from`, beginning at `offset`, to `to`.
 *
 * Writes at the current position of `to`. The copy occupies a thread of the
 * pool until it ends. If `to` is a socket or a pipe that accepts no more bytes,
 * the thread waits, even after a cancellation. Linux copies up to 2 GiB at a
 * time between files, and 8 KiB at a time to a socket or a pipe.
 *
 * A pipe or a socket without a reader raises SIGPIPE, which ends the program
 * unless it ignores the signal.
 *
 * @settles INT bytes; fewer than `len` at the end of `from`, or if an error
 *          occurred after some bytes were copied
 * @rejects UV_EINVAL if `offset` is less than 0
 * @rejects UV_EBADF if `to` was opened with UV_FS_O_APPEND, on Linux
 * @rejects as sendfile(2) fails
 * @cancel  Removes a queued request. A running request stops after the part
 *          that it copies.
 * @see     uv_fs_sendfile()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_sendfile(
    uv_loop_t *loop, uv_file to, uv_file from, int64_t offset, size_t len);

/**
 * Flushes the data and the metadata of `file` to the disk.
 *
 * After UV_EIO or UV_ENOSPC a part of the data may be lost. The system reports
 * such a loss only once: a later call may fulfill although that part is lost.
 *
 * @settles NONE when all data is on the disk
 * @rejects UV_EIO or UV_ENOSPC if the disk fails or is full
 * @rejects UV_EINVAL if `file` is not on a disk, such as a socket
 * @rejects as fsync(2) fails
 * @cancel  Removes a queued request. A running request still takes effect.
 * @see     uv_fs_fsync()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_fsync(uv_loop_t *loop,
                                                     uv_file file);

/**
 * Flushes the data of `file` to the disk.
 *
 * The call flushes only the metadata that is needed to read the data: the
 * length, but not the times. After UV_EIO or UV_ENOSPC a part of the data may
 * be lost. The system reports such a loss only once: a later call may fulfill
 * although that part is lost.
 *
 * @settles NONE when all data is on the disk
 * @rejects UV_EIO or UV_ENOSPC if the disk fails or is full
 * @rejects UV_EINVAL if `file` is not on a disk, such as a socket
 * @rejects as fdatasync(2) fails
 * @cancel  Removes a queued request. A running request still takes effect.
 * @see     uv_fs_fdatasync()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_fdatasync(uv_loop_t *loop,
                                                         uv_file file);

/**
 * Sets the length of `file` to `len` bytes.
 *
 * Bytes beyond `len` are removed. If the file is shorter than `len`, it is
 * extended with zeros.
 *
 * @settles NONE
 * @rejects UV_EINVAL if `len` is less than 0 or `file` is open only for reading
 * @rejects as ftruncate(2) fails
 * @cancel  Removes a queued request. A running request still takes effect.
 * @see     uv_fs_ftruncate()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_ftruncate(uv_loop_t *loop,
                                                         uv_file file,
                                                         int64_t len);

/**
 * Sets the mode of `file`, regardless of the umask.
 *
 * Linux omits set-gid without an error if the process is not in the group of
 * the file.
 *
 * @settles NONE
 * @rejects UV_EPERM if the process is neither root nor owns the file
 * @rejects as fchmod(2) fails
 * @cancel  Removes a queued request. A running request still takes effect.
 * @see     uv_fs_fchmod()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_fchmod(uv_loop_t *loop,
                                                      uv_file file, int mode);

/**
 * Sets the times of the last access and the last change of `file`.
 *
 * Times are in seconds since 1970. They may be truncated to microseconds, and
 * are limited to the range of the file system, without an error.
 *
 * @settles NONE
 * @rejects UV_EPERM if the process is neither root nor owns the file
 * @rejects as futimens(2) fails
 * @cancel  Removes a queued request. A running request still takes effect.
 * @see     uv_fs_futime()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_futime(uv_loop_t *loop,
                                                      uv_file file,
                                                      double atime,
                                                      double mtime);

/**
 * Sets the owner and the group of `file`; -1 leaves one unchanged.
 *
 * The owner of a file may set the group to one of the owner's groups; every
 * other change needs root. Linux removes set-uid, set-gid and capabilities from
 * an executable file.
 *
 * @settles NONE
 * @rejects UV_EPERM if the process may not do so
 * @rejects as fchown(2) fails
 * @cancel  Removes a queued request. A running request still takes effect.
 * @platform Windows: has no effect.
 * @see     uv_fs_fchown()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_fchown(uv_loop_t *loop,
                                                      uv_file file,
                                                      uv_uid_t uid,
                                                      uv_gid_t gid);

/* Paths. */

/**
 * Removes the name `path` of a file.
 *
 * The file itself is removed with its last name, when no process has it open. A
 * symbolic link is removed, not its target.
 *
 * @settles NONE
 * @rejects UV_ENOENT if there is no such name
 * @rejects UV_EISDIR or UV_EPERM if it is a directory; see avow_fs_rmdir()
 * @rejects as unlink(2) fails
 * @cancel  Removes a queued request. A running request still takes effect.
 * @see     uv_fs_unlink()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_unlink(uv_loop_t *loop,
                                                      const char *path);

/**
 * Creates the directory `path`.
 *
 * It has the permissions of `mode` that the umask does not remove. A default
 * ACL of the parent directory takes the place of the umask. If the parent has
 * set-gid, the directory gets the parent's group, and set-gid.
 *
 * @settles NONE
 * @rejects UV_EEXIST if `path` exists, of any type
 * @rejects UV_ENOENT if the parent directory does not exist; avow_make_dirs()
 *          creates it
 * @rejects as mkdir(2) fails
 * @cancel  Removes a queued request. A running request still takes effect.
 * @see     uv_fs_mkdir()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_mkdir(uv_loop_t *loop,
                                                     const char *path,
                                                     int mode);

/**
 * Removes the empty directory `path`.
 *
 * @settles NONE
 * @rejects UV_ENOTEMPTY if it is not empty; avow_remove_tree() removes its
 *          contents, too
 * @rejects UV_ENOENT if it does not exist
 * @rejects UV_ENOTDIR if it is not a directory
 * @rejects as rmdir(2) fails
 * @cancel  Removes a queued request. A running request still takes effect.
 * @see     uv_fs_rmdir()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_rmdir(uv_loop_t *loop,
                                                     const char *path);

/**
 * Renames `from` to `to` atomically.
 *
 * An existing `to` is replaced: other programs see either the old or the new
 * file. If both are names of one file, both stay.
 *
 * @settles NONE
 * @rejects UV_ENOENT if `from` does not exist
 * @rejects UV_EXDEV if `to` is on another file system
 * @rejects UV_ENOTEMPTY or UV_EEXIST if `to` is a directory that is not empty
 * @rejects UV_EISDIR or UV_ENOTDIR if only one of them is a directory
 * @rejects UV_EINVAL if a directory would be moved into itself
 * @rejects as rename(2) fails
 * @cancel  Removes a queued request. A running request still takes effect.
 * @see     uv_fs_rename()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_rename(uv_loop_t *loop,
                                                      const char *from,
                                                      const char *to);

/**
 * Gives the file `path` one more name, `link`.
 *
 * On Linux, if `path` is a symbolic link, `link` becomes a name of the symbolic
 * link itself.
 *
 * @settles NONE
 * @rejects UV_EEXIST if `link` exists
 * @rejects UV_EXDEV if `link` is on another file system
 * @rejects UV_EPERM if `path` is a directory
 * @rejects UV_EPERM if the process neither owns the file nor may read and write
 *          to it, on most Linux systems (fs.protected_hardlinks)
 * @rejects as link(2) fails
 * @cancel  Removes a queued request. A running request still takes effect.
 * @see     uv_fs_link()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_link(uv_loop_t *loop,
                                                    const char *path,
                                                    const char *link);

/**
 * Creates `link`, a symbolic link to `target`.
 *
 * `target` need not exist. A relative `target` starts from the directory of the
 * link. `flags` are for Windows: UV_FS_SYMLINK_DIR, UV_FS_SYMLINK_JUNCTION.
 *
 * @settles NONE
 * @rejects UV_EEXIST if `link` exists
 * @rejects as symlink(2) fails
 * @cancel  Removes a queued request. A running request still takes effect.
 * @see     uv_fs_symlink()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_symlink(uv_loop_t *loop,
                                                       const char *target,
                                                       const char *link,
                                                       int flags);

/**
 * Checks that `path` exists and that the process may access it.
 *
 * `mode` is F_OK, or a combination of R_OK, W_OK and X_OK. The system checks
 * the real user and group of the process, not those from set-uid and set-gid.
 * The answer may change before the file is opened, so prefer to open the file
 * and handle the error.
 *
 * @settles NONE if the process may access `path`
 * @rejects UV_ENOENT if `path` does not exist
 * @rejects UV_EACCES if the process may not access `path`
 * @rejects UV_EROFS if `mode` contains W_OK and the file system is read-only
 * @rejects as access(2) fails
 * @cancel  Removes a queued request. The result of a running request is
 *          dropped.
 * @see     uv_fs_access()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_access(uv_loop_t *loop,
                                                      const char *path,
                                                      int mode);

/**
 * Sets the mode of the file `path`, regardless of the umask.
 *
 * Symbolic links are followed. Linux omits set-gid without an error if the
 * process is not in the group of the file.
 *
 * @settles NONE
 * @rejects UV_ENOENT if `path` does not exist
 * @rejects UV_EPERM if the process is neither root nor owns the file
 * @rejects as chmod(2) fails
 * @cancel  Removes a queued request. A running request still takes effect.
 * @see     uv_fs_chmod()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_chmod(uv_loop_t *loop,
                                                     const char *path,
                                                     int mode);

/**
 * Sets the times of the last access and the last change of `path`.
 *
 * Symbolic links are followed. Times are in seconds since 1970. They may be
 * truncated to microseconds, and are limited to the range of the file system,
 * without an error.
 *
 * @settles NONE
 * @rejects UV_ENOENT if `path` does not exist
 * @rejects UV_EPERM if the process is neither root nor owns the file
 * @rejects as utimensat(2) fails
 * @cancel  Removes a queued request. A running request still takes effect.
 * @see     uv_fs_utime()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_utime(uv_loop_t *loop,
                                                     const char *path,
                                                     double atime,
                                                     double mtime);

/**
 * Sets the times of `path`, even if it is a symbolic link.
 *
 * A symbolic link is not followed. Times are in seconds since 1970. They may be
 * truncated to microseconds, and are limited to the range of the file system,
 * without an error.
 *
 * @settles NONE
 * @rejects UV_ENOENT if `path` does not exist
 * @rejects UV_EPERM if the process is neither root nor owns the file
 * @rejects as utimensat(2) fails
 * @cancel  Removes a queued request. A running request still takes effect.
 * @see     uv_fs_lutime()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_lutime(uv_loop_t *loop,
                                                      const char *path,
                                                      double atime,
                                                      double mtime);

/**
 * Sets the owner and the group of `path`; -1 leaves one unchanged.
 *
 * Symbolic links are followed. The owner of a file may set the group to one of
 * the owner's groups; every other change needs root. Linux removes set-uid,
 * set-gid and capabilities from an executable file.
 *
 * @settles NONE
 * @rejects UV_ENOENT if `path` does not exist
 * @rejects UV_EPERM if the process may not do so
 * @rejects as chown(2) fails
 * @cancel  Removes a queued request. A running request still takes effect.
 * @platform Windows: has no effect.
 * @see     uv_fs_chown()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_chown(uv_loop_t *loop,
                                                     const char *path,
                                                     uv_uid_t uid,
                                                     uv_gid_t gid);

/**
 * Sets the owner and the group of `path`, even of a symbolic link.
 *
 * A symbolic link is not followed. -1 leaves the owner or the group unchanged.
 * The owner of a file may set the group to one of the owner's groups; every
 * other change needs root. Linux removes set-uid, set-gid and capabilities from
 * an executable file.
 *
 * @settles NONE
 * @rejects UV_ENOENT if `path` does not exist
 * @rejects UV_EPERM if the process may not do so
 * @rejects as lchown(2) fails
 * @cancel  Removes a queued request. A running request still takes effect.
 * @platform Windows: has no effect.
 * @see     uv_fs_lchown()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_lchown(uv_loop_t *loop,
                                                      const char *path,
                                                      uv_uid_t uid,
                                                      uv_gid_t gid);

/**
 * Copies the file `from` to `to`; prefer avow_copy_tree().
 *
 * An existing `to` is overwritten. If the copy fails after `to` was opened,
 * libuv removes `to`: an existing file or device is lost, even if `from` is a
 * directory. With UV_FS_COPYFILE_EXCL an existing `to` stays. avow_copy_tree()
 * leaves the old file until the copy is complete.
 *
 * The copy has the mode of the original, regardless of the umask. If the
 * process lacks CAP_FSETID, as without root, Linux removes set-uid when bytes
 * are written. It removes set-gid, too, if the group may execute the file. An
 * empty copy keeps both.
 *
 * libuv copies as many bytes as fstat(2) reports, which is 0 for most files in
 * /proc. If the file ends earlier, libuv tries forever: a thread of the pool is
 * lost, and avow_loop_close() does not return. This happens with files in /sys,
 * and with files that another process truncates during the copy. Use
 * avow_copy_tree() for such files.
 *
 * @settles NONE
 * @rejects UV_EEXIST if `to` exists and `flags` contains UV_FS_COPYFILE_EXCL
 * @rejects as uv_fs_copyfile() fails
 * @cancel  Removes a queued request. A running request still takes effect.
 * @see     uv_fs_copyfile()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_copyfile(uv_loop_t *loop,
                                                        const char *from,
                                                        const char *to,
                                                        int flags);

/**
 * Reads the target of the symbolic link `path`.
 *
 * @settles BYTES, the target as it was given when the link was created
 * @rejects UV_ENOENT if `path` does not exist
 * @rejects UV_EINVAL if `path` is not a symbolic link
 * @rejects as readlink(2) fails
 * @cancel  Removes a queued request. The result of a running request is
 *          dropped.
 * @see     uv_fs_readlink()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_readlink(uv_loop_t *loop,
                                                        const char *path);

/**
 * Resolves `path` to an absolute path.
 *
 * The result has no symbolic links, no "." and no "..".
 *
 * @settles BYTES path
 * @rejects UV_ENOENT if a part of `path` does not exist
 * @rejects UV_ELOOP if symbolic links form a cycle
 * @rejects as realpath(3) fails
 * @cancel  Removes a queued request. The result of a running request is
 *          dropped.
 * @see     uv_fs_realpath()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_realpath(uv_loop_t *loop,
                                                        const char *path);

/**
 * Creates a new directory with a unique name and the mode 0700.
 *
 * `pattern` is a path that ends in XXXXXX. The call replaces these six
 * characters.
 *
 * @settles BYTES path
 * @rejects UV_EINVAL if `pattern` does not end in XXXXXX
 * @rejects as mkdtemp(3) fails
 * @cancel  Removes a queued request. If the request already runs, the directory
 *          that it creates is removed.
 * @see     uv_fs_mkdtemp()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_mkdtemp(uv_loop_t *loop,
                                                       const char *pattern);

/**
 * Creates and opens a new file with a unique name and the mode 0600.
 *
 * `pattern` is a path that ends in XXXXXX. The call replaces these six
 * characters. The file is open for reading and writing. The caller must close
 * and remove it.
 *
 * @settles OBJECT temporary file; see avow_to_temp_file()
 * @rejects UV_EINVAL if `pattern` does not end in XXXXXX
 * @rejects as mkstemp(3) fails
 * @cancel  Removes a queued request. If the request already runs, the file that
 *          it creates is closed and removed.
 * @see     uv_fs_mkstemp()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_mkstemp(uv_loop_t *loop,
                                                       const char *pattern);

/** A temporary file, which the program must close and remove. */
typedef struct avow_temp_file_s {
  uv_file file;     /* the open file */
  const char *path; /* its path; valid as long as the value */
} avow_temp_file_t;

/**
 * Gets the file in a result of avow_fs_mkstemp().
 *
 * @returns the file; valid until the last reference to `v` is released
 */
AVOW_API const avow_temp_file_t *avow_to_temp_file(const avow_value_t *v);

/* Metadata. */

/**
 * Gets the metadata of `path`.
 *
 * Symbolic links are followed.
 *
 * @settles OBJECT stat; see avow_to_stat()
 * @rejects UV_ENOENT if `path` does not exist
 * @rejects UV_ENOTDIR if a part of `path` is not a directory
 * @rejects UV_EACCES if a directory of `path` denies access
 * @rejects as stat(2) fails
 * @cancel  Removes a queued request. The result of a running request is
 *          dropped.
 * @see     uv_fs_stat()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_stat(uv_loop_t *loop,
                                                    const char *path);

/**
 * Gets the metadata of `path`, even if it is a symbolic link.
 *
 * A symbolic link is not followed.
 *
 * @settles OBJECT stat; see avow_to_stat()
 * @rejects UV_ENOENT if `path` does not exist
 * @rejects as lstat(2) fails
 * @cancel  Removes a queued request. The result of a running request is
 *          dropped.
 * @see     uv_fs_lstat()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_lstat(uv_loop_t *loop,
                                                     const char *path);

/**
 * Gets the metadata of the open `file`.
 *
 * @settles OBJECT stat; see avow_to_stat()
 * @rejects UV_EBADF if `file` is not open
 * @rejects as fstat(2) fails
 * @cancel  Removes a queued request. The result of a running request is
 *          dropped.
 * @see     uv_fs_fstat()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_fstat(uv_loop_t *loop,
                                                     uv_file file);

/**
 * Gets information about the file system that contains `path`.
 *
 * @settles OBJECT statfs; see avow_to_statfs()
 * @rejects UV_ENOENT if `path` does not exist
 * @rejects as statfs(2) fails
 * @cancel  Removes a queued request. The result of a running request is
 *          dropped.
 * @see     uv_fs_statfs()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_statfs(uv_loop_t *loop,
                                                      const char *path);

/**
 * Gets the metadata in a result of avow_fs_stat() and its variants.
 *
 * The variants are avow_fs_lstat() and avow_fs_fstat().
 *
 * @returns the metadata; valid until the last reference to `v` is released
 */
AVOW_API const uv_stat_t *avow_to_stat(const avow_value_t *v);

/**
 * Gets the information in a result of avow_fs_statfs().
 *
 * @returns the information; valid until the last reference to `v` is released
 */
AVOW_API const uv_statfs_t *avow_to_statfs(const avow_value_t *v);

/* Directories. */

/**
 * Lists the entries of the directory `path`, except "." and "..".
 *
 * @settles OBJECT entries; see avow_entry_at()
 * @rejects UV_ENOENT if `path` does not exist
 * @rejects UV_ENOTDIR if `path` is not a directory
 * @rejects as scandir(3) fails
 * @cancel  Removes a queued request. The result of a running request is
 *          dropped.
 * @see     uv_fs_scandir()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_scandir(uv_loop_t *loop,
                                                       const char *path);

/**
 * An entry of a directory.
 *
 * `type` is UV_DIRENT_UNKNOWN if only avow_fs_lstat() knows the type.
 */
typedef struct avow_entry_s {
  const char *name; /* without the directory */
  uv_dirent_type_t type;
} avow_entry_t;

/** Counts the entries of avow_fs_scandir() or avow_fs_readdir(). */
AVOW_API size_t avow_entries_len(const avow_value_t *entries);

/**
 * Gets the entry with the index `i`, which must be in range.
 *
 * Another index is misuse; a release build then returns an entry with an empty
 * name.
 *
 * @returns the entry; its name is valid until the last reference to `entries`
 *          is released
 */
AVOW_API avow_entry_t avow_entry_at(const avow_value_t *entries, size_t i);

/**
 * Opens the directory `path` to read it in parts.
 *
 * If the caller does not call avow_fs_closedir(), the directory is closed when
 * the last reference to the OBJECT is released.
 *
 * @settles OBJECT directory; see avow_fs_readdir()
 * @rejects UV_ENOENT if `path` does not exist
 * @rejects UV_ENOTDIR if `path` is not a directory
 * @rejects as opendir(3) fails
 * @cancel  Removes a queued request. If the request already runs, the directory
 *          that it opens is closed again.
 * @see     uv_fs_opendir()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_opendir(uv_loop_t *loop,
                                                       const char *path);

/**
 * Reads up to `n` of the next entries of `dir`.
 *
 * @settles OBJECT entries, see avow_entry_at(); NONE at the end
 * @rejects UV_EALREADY if another read of `dir` runs, even a canceled one
 * @rejects UV_EBADF if `dir` is closed
 * @rejects UV_EINVAL if `n` is 0 or `dir` is no directory
 * @rejects as readdir(3) fails
 * @cancel  Removes a queued request. The result of a running request is
 *          dropped.
 * @see     uv_fs_readdir()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_readdir(uv_loop_t *loop,
                                                       const avow_value_t *dir,
                                                       size_t n);

/**
 * Closes `dir`, after the end of a read that runs.
 *
 * @settles NONE
 * @rejects UV_EBADF if `dir` is closed
 * @rejects UV_EINVAL if `dir` is no directory
 * @cancel  Rejects the promise; the directory is still closed.
 * @see     uv_fs_closedir()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_closedir(
    uv_loop_t *loop, const avow_value_t *dir);

/* Changes of files. */

/** A change of a file, or in a directory. */
typedef struct avow_fs_event_s {
  /* Name relative to the directory, or the last part of the path if the event
     is about the path itself; NULL if the system does not tell. */
  const char *name;
  /* UV_RENAME, UV_CHANGE, or both. Linux: both for a directory whose mode or
     times change. */
  int events;
} avow_fs_event_t;

/**
 * Watches the file or directory `path` for changes.
 *
 * Symbolic links are followed. When another file replaces the file, as
 * avow_replace_file() does, an item has UV_RENAME and the channel watches the
 * new file. The item arrives after the new watch has begun, so later items
 * report all changes to the bytes that the caller then reads.
 *
 * A rename of a directory further up the path is not reported, nor is a new
 * target of a symbolic link. At each change of the file itself the channel
 * resolves the path again and watches the file that is found. A relative path
 * starts from the current directory at that time. A program that calls chdir()
 * must pass an absolute path.
 *
 * An item without a name stands for several events, or for events that were
 * lost: check the file. It is sent when more than 256 items are buffered. All
 * channels of a loop send it when one iteration of the loop brings 8,192
 * events, because Linux may have dropped some. By default Linux keeps 16,384
 * for a loop (fs.inotify.max_queued_events).
 *
 * `flags` are those of uv_fs_event_start().
 *
 * @items   OBJECT fs_event; see avow_to_fs_event()
 * @fails   UV_ENOENT if nothing is at `path`, or no longer; an item reports the
 *          removal first
 * @fails   UV_ENOTSUP for a flag that libuv ignores: all but
 *          UV_FS_EVENT_RECURSIVE on Windows and macOS
 * @fails   UV_ENOSPC if the user may not watch more files
 * @fails   UV_EACCES if the user may not read the file or the directory, on
 *          Linux
 * @fails   UV_EMFILE if the user has too many inotify instances
 *          (fs.inotify.max_user_instances); each loop that watches needs one
 * @fails   UV_EINVAL if `path` is NULL
 * @see     uv_fs_event_start()
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_fs_events(uv_loop_t *loop,
                                                      const char *path,
                                                      unsigned flags);

/**
 * Gets the event in an item of avow_fs_events().
 *
 * @returns the event; valid until the last reference to `v` is released
 */
AVOW_API const avow_fs_event_t *avow_to_fs_event(const avow_value_t *v);

/**
 * The metadata of a file before and after a change.
 *
 * A new time of the last access is no change.
 */
typedef struct avow_fs_change_s {
  /* Metadata before and after the change. `prev` is all zeros if no earlier
     check found the file. */
  uv_stat_t prev, curr;
} avow_fs_change_t;

/**
 * Checks `path` for changes at once, then every `ms` milliseconds.
 *
 * An `ms` of 0 stands for 1. Changes that were not received are combined into
 * one, with the `prev` of the first and the `curr` of the last. While the file
 * cannot be examined, one avow_channel_next() rejects with the reason, such as
 * UV_ENOENT. A relative path starts from the current directory at each check.
 *
 * @items   OBJECT fs_change; see avow_to_fs_change()
 * @fails   UV_EINVAL if `path` is NULL
 * @see     uv_fs_poll_start()
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_fs_polls(uv_loop_t *loop,
                                                     const char *path,
                                                     uint64_t ms);

/**
 * Gets the change in an item of avow_fs_polls().
 *
 * @returns the change; valid until the last reference to `v` is released
 */
AVOW_API const avow_fs_change_t *avow_to_fs_change(const avow_value_t *v);

/* Whole files. */

/**
 * Reads the file `path` to its end.
 *
 * This includes files whose length is reported as 0, such as those in /proc. A
 * FIFO occupies a thread of the pool until it ends, and avow_loop_close() waits
 * for it.
 *
 * @settles BYTES
 * @rejects UV_EFBIG if the file has more than `max_bytes`
 * @rejects UV_EISDIR if `path` is a directory
 * @rejects UV_EINVAL if `path` is NULL
 * @rejects as open(2) or read(2) fails
 * @cancel  Removes a queued request. A running request stops after the part
 *          that it reads.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_read_file(uv_loop_t *loop,
                                                      const char *path,
                                                      size_t max_bytes);

/**
 * Writes `bytes`, which is BYTES, to the file `path`.
 *
 * The bytes replace what the file contained; a new file has `mode`. avow
 * overwrites the file in place, and then removes the old bytes beyond the end.
 * After a rejection the file contains only a part of the new bytes. If none was
 * written, it is unchanged. With avow_replace_file(), a file never contains a
 * part, not even for other processes.
 *
 * A FIFO or a device gets the bytes as they are. It occupies a thread of the
 * pool while it accepts none, and avow_loop_close() waits for it. A FIFO that
 * loses its reader raises SIGPIPE, which ends the program unless it ignores the
 * signal.
 *
 * @settles INT bytes, always the length of `bytes`
 * @rejects UV_EINVAL if `bytes` is another value or `path` is NULL
 * @rejects UV_EPIPE if a FIFO loses its reader and SIGPIPE is ignored
 * @rejects as open(2) or write(2) fails
 * @cancel  Removes a queued request. A running request stops after the part
 *          that it writes. The file is then unchanged or contains a part of the
 *          new bytes.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_write_file(uv_loop_t *loop,
                                                       const char *path,
                                                       avow_value_t bytes,
                                                       int mode);

/**
 * Appends `bytes`, which is BYTES, to the file `path`.
 *
 * A new file has `mode`. After a rejection some of the bytes may stay in the
 * file. Meanwhile other processes can append bytes between two parts of 1 MiB.
 *
 * @settles INT bytes, always the length of `bytes`
 * @rejects UV_EINVAL if `bytes` is another value or `path` is NULL
 * @rejects as open(2) or write(2) fails
 * @cancel  Removes a queued request. A running request stops after the part
 *          that it writes. Bytes that were written stay.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_append_file(uv_loop_t *loop,
                                                        const char *path,
                                                        avow_value_t bytes,
                                                        int mode);

AVOW_HEADER_END

#endif
