/* SPDX-License-Identifier: MIT */
/*
 * Files, directories, and changes of files.
 *
 * Each avow_fs_*() function that is named like a function of libuv runs that
 * function in libuv's thread pool. On Linux, the loop's thread first tries to
 * read what is in memory; see avow_options_t.files_on_pool. Flags, modes, times
 * and differences between platforms are those of libuv. Each function copies
 * its paths. If a path is NULL, the promise rejects with UV_EINVAL. The message
 * of an error names the operation and its objects: "rename '/a' to '/b': no
 * such file or directory".
 *
 * A request that blocks, such as a read from a FIFO, occupies a thread of the
 * pool, and avow_loop_close() waits for the request.
 *
 * A canceled promise rejects at once. Cancellation stops a request that still
 * waits for a thread of the pool. A request that has started takes effect, and
 * avow drops its result. If libuv uses io_uring, a request starts immediately;
 * see docs/libuv.md.
 *
 * A channel of avow_fs_events() or avow_fs_polls() stops watching when it is
 * closed or its last reference is released. It keeps the loop alive only while
 * a receiver waits. Use avow_channel_first() for one event.
 */
#ifndef AVOW_FS_H
#define AVOW_FS_H

#include "avow/channel.h"
#include "avow/promise.h"

AVOW_HEADER_BEGIN

/* Open files. */

/**
 * Opens the file `path`.
 *
 * A new file gets the permissions in `mode` that the umask does not remove.
 * Opening a FIFO occupies a thread of the pool until the other end is open,
 * unless `flags` contains UV_FS_O_NONBLOCK.
 *
 * @settles INT, the file; cast it to uv_file
 * @rejects UV_ENXIO if a FIFO without a reader is opened for writing with
 *          UV_FS_O_NONBLOCK
 * @rejects as open(2) fails
 * @cancel  Stops only a request that has not started. avow closes a file that
 *          is opened after the cancellation.
 * @see     uv_fs_open()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_open(uv_loop_t *loop,
                                                    const char *path, int flags,
                                                    int mode);

/**
 * Closes `file`.
 *
 * The file is closed even if the promise rejects. If a canceled request still
 * uses the file, the close waits for that request.
 *
 * @settles NONE
 * @rejects as close(2) fails
 * @cancel  Rejects the promise, but does not prevent the close.
 * @see     uv_fs_close()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_close(uv_loop_t *loop,
                                                     uv_file file);

/**
 * Reads up to `len` bytes of `file` at `offset`.
 *
 * An `offset` of -1 means the current position of the file. If `len` is 0, the
 * promise fulfills with empty BYTES.
 *
 * @settles BYTES, at least 1 and at most `len`; NONE at the end of the file
 * @rejects UV_ESPIPE if `file` is a pipe or a socket and `offset` is not -1
 * @rejects UV_EAGAIN if `file` is nonblocking and no bytes are available;
 *          avow_open_stream() makes a stream that waits for bytes
 * @rejects UV_EINVAL if `offset` is less than -1
 * @rejects as read(2) fails
 * @cancel  Stops only a request that has not started.
 * @see     uv_fs_read()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_read(uv_loop_t *loop,
                                                    uv_file file, size_t len,
                                                    int64_t offset);

/**
 * Writes all of `bytes`, which is BYTES or a LIST of BYTES, to `file`.
 *
 * The bytes are written at `offset`. An `offset` of -1 means the current
 * position of the file. With UV_FS_O_APPEND, Linux ignores `offset` and writes
 * at the end. avow calls uv_fs_write() until all bytes are written. After a
 * rejection some bytes may have been written.
 *
 * If a pipe or a socket has no reader, SIGPIPE ends the program unless SIGPIPE
 * is ignored.
 *
 * @settles INT bytes, always the length of `bytes`
 * @rejects UV_EINVAL if `bytes` has another type or `offset` is less than -1
 * @rejects UV_EAGAIN if `file` is nonblocking and accepts no more bytes
 * @rejects UV_ESPIPE if `file` is a pipe or a socket and `offset` is not -1
 * @rejects UV_EPIPE if a pipe or a socket has no reader and SIGPIPE is ignored
 * @rejects as write(2) fails
 * @cancel  Starts no further uv_fs_write(); a running one completes.
 * @see     uv_fs_write()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_write(uv_loop_t *loop,
                                                     uv_file file,
                                                     avow_value_t bytes,
                                                     int64_t offset);

/**
 * Copies up to `len` bytes of `from`, beginning at `offset`, to `to`.
 *
 * The bytes are written at the current position of `to`. avow calls
 * uv_fs_sendfile() for up to 2 GiB at a time. While `to` is a socket or a pipe
 * that accepts no bytes, a thread of the pool waits, even after a cancellation.
 *
 * If a pipe or a socket has no reader, SIGPIPE ends the program unless SIGPIPE
 * is ignored.
 *
 * @settles INT bytes; fewer than `len` at the end of `from`, or if an error
 *          occurred after some bytes were copied
 * @rejects UV_EINVAL if `offset` is less than 0
 * @rejects UV_EBADF if `to` was opened with UV_FS_O_APPEND, on Linux
 * @rejects as sendfile(2) fails
 * @cancel  Starts no further uv_fs_sendfile(); a running one completes.
 * @see     uv_fs_sendfile()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_sendfile(
    uv_loop_t *loop, uv_file to, uv_file from, int64_t offset, size_t len);

/**
 * Flushes the data and the metadata of `file` to the disk.
 *
 * After UV_EIO or UV_ENOSPC some data may be lost. The system reports such a
 * loss only once: a later call may succeed although the data is lost.
 *
 * @settles NONE when all data is on the disk
 * @rejects UV_EIO or UV_ENOSPC if the disk fails or is full
 * @rejects UV_EINVAL if `file` is a socket or otherwise not on a disk
 * @rejects as fsync(2) fails
 * @cancel  Stops only a request that has not started.
 * @see     uv_fs_fsync()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_fsync(uv_loop_t *loop,
                                                     uv_file file);

/**
 * Flushes the data of `file` to the disk.
 *
 * The call also flushes the metadata that a later read needs, such as the
 * length, but not the times. After UV_EIO or UV_ENOSPC some data may be lost.
 * The system reports such a loss only once: a later call may succeed although
 * the data is lost.
 *
 * @settles NONE when all data is on the disk
 * @rejects UV_EIO or UV_ENOSPC if the disk fails or is full
 * @rejects UV_EINVAL if `file` is a socket or otherwise not on a disk
 * @rejects as fdatasync(2) fails
 * @cancel  Stops only a request that has not started.
 * @see     uv_fs_fdatasync()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_fdatasync(uv_loop_t *loop,
                                                         uv_file file);

/**
 * Sets the length of `file` to `len` bytes.
 *
 * Bytes beyond `len` are removed. If the file is shorter, zeros are appended.
 *
 * @settles NONE
 * @rejects UV_EINVAL if `len` is less than 0 or `file` is open only for reading
 * @rejects as ftruncate(2) fails
 * @cancel  Stops only a request that has not started.
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
 * @rejects UV_EPERM unless the process is root or owns the file
 * @rejects as fchmod(2) fails
 * @cancel  Stops only a request that has not started.
 * @see     uv_fs_fchmod()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_fchmod(uv_loop_t *loop,
                                                      uv_file file, int mode);

/**
 * Sets the access time and the modification time of `file`.
 *
 * Times are in seconds since 1970. The system may truncate them to microseconds
 * or to the range of the file system.
 *
 * @settles NONE
 * @rejects UV_EPERM unless the process is root or owns the file
 * @rejects as futimens(2) fails
 * @cancel  Stops only a request that has not started.
 * @see     uv_fs_futime()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_futime(uv_loop_t *loop,
                                                      uv_file file,
                                                      double atime,
                                                      double mtime);

/**
 * Sets the owner and the group of `file`.
 *
 * A `uid` or `gid` of -1 leaves that ID unchanged. Linux removes set-uid,
 * set-gid and capabilities from an executable file.
 *
 * @settles NONE
 * @rejects UV_EPERM if chown(2) forbids the change
 * @rejects as fchown(2) fails
 * @cancel  Stops only a request that has not started.
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
 * The file is removed when it has no other name and no process has it open. If
 * `path` is a symbolic link, the link is removed, not its target.
 *
 * @settles NONE
 * @rejects UV_ENOENT if `path` does not exist
 * @rejects UV_EISDIR or UV_EPERM if `path` is a directory; use avow_fs_rmdir()
 * @rejects as unlink(2) fails
 * @cancel  Stops only a request that has not started.
 * @see     uv_fs_unlink()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_unlink(uv_loop_t *loop,
                                                      const char *path);

/**
 * Creates the directory `path`.
 *
 * The directory gets the permissions in `mode` that the umask does not remove.
 * A default ACL or set-gid of the parent changes this; see mkdir(2).
 *
 * @settles NONE
 * @rejects UV_EEXIST if `path` exists, even if it is not a directory
 * @rejects UV_ENOENT if the parent directory does not exist; avow_make_dirs()
 *          creates it
 * @rejects as mkdir(2) fails
 * @cancel  Stops only a request that has not started.
 * @see     uv_fs_mkdir()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_mkdir(uv_loop_t *loop,
                                                     const char *path,
                                                     int mode);

/**
 * Removes the empty directory `path`.
 *
 * @settles NONE
 * @rejects UV_ENOTEMPTY if `path` is not empty; avow_remove_tree() also removes
 *          the contents
 * @rejects UV_ENOENT if `path` does not exist
 * @rejects UV_ENOTDIR if `path` is not a directory
 * @rejects as rmdir(2) fails
 * @cancel  Stops only a request that has not started.
 * @see     uv_fs_rmdir()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_rmdir(uv_loop_t *loop,
                                                     const char *path);

/**
 * Renames `from` to `to` atomically.
 *
 * Other programs see either the old `to` or the new one. If `from` and `to` are
 * names of one file, both names stay.
 *
 * @settles NONE
 * @rejects UV_ENOENT if `from` does not exist
 * @rejects UV_EXDEV if `to` is on another file system
 * @rejects UV_ENOTEMPTY or UV_EEXIST if `to` is a directory that is not empty
 * @rejects UV_EISDIR or UV_ENOTDIR if only one of the two is a directory
 * @rejects UV_EINVAL if a directory would be moved into itself
 * @rejects as rename(2) fails
 * @cancel  Stops only a request that has not started.
 * @see     uv_fs_rename()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_rename(uv_loop_t *loop,
                                                      const char *from,
                                                      const char *to);

/**
 * Adds the name `link` to the file `path`, as a hard link.
 *
 * If `path` is a symbolic link, Linux adds the name to the symbolic link
 * itself.
 *
 * @settles NONE
 * @rejects UV_EEXIST if `link` exists
 * @rejects UV_EXDEV if `link` is on another file system
 * @rejects UV_EPERM if `path` is a directory
 * @rejects UV_EPERM if the process neither owns the file nor may read and write
 *          it (fs.protected_hardlinks on Linux)
 * @rejects as link(2) fails
 * @cancel  Stops only a request that has not started.
 * @see     uv_fs_link()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_link(uv_loop_t *loop,
                                                    const char *path,
                                                    const char *link);

/**
 * Creates `link`, a symbolic link to `target`.
 *
 * `target` need not exist. A relative `target` starts from the directory of
 * `link`. `flags` are for Windows: UV_FS_SYMLINK_DIR, UV_FS_SYMLINK_JUNCTION.
 *
 * @settles NONE
 * @rejects UV_EEXIST if `link` exists
 * @rejects as symlink(2) fails
 * @cancel  Stops only a request that has not started.
 * @see     uv_fs_symlink()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_symlink(uv_loop_t *loop,
                                                       const char *target,
                                                       const char *link,
                                                       int flags);

/**
 * Checks that `path` exists and that the process may access it.
 *
 * `mode` is F_OK, or a combination of R_OK, W_OK and X_OK. The check uses the
 * real user and group IDs, not the effective IDs. The result may be outdated
 * when the file is opened. If possible, open the file instead.
 *
 * @settles NONE if the process may access `path`
 * @rejects UV_ENOENT if `path` does not exist
 * @rejects UV_EACCES if the process may not access `path`
 * @rejects UV_EROFS if `mode` contains W_OK and the file system is read-only
 * @rejects as access(2) fails
 * @cancel  Stops only a request that has not started.
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
 * @rejects UV_EPERM unless the process is root or owns the file
 * @rejects as chmod(2) fails
 * @cancel  Stops only a request that has not started.
 * @see     uv_fs_chmod()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_chmod(uv_loop_t *loop,
                                                     const char *path,
                                                     int mode);

/**
 * Sets the access time and the modification time of `path`.
 *
 * Symbolic links are followed. Times are in seconds since 1970. The system may
 * truncate them to microseconds or to the range of the file system.
 *
 * @settles NONE
 * @rejects UV_ENOENT if `path` does not exist
 * @rejects UV_EPERM unless the process is root or owns the file
 * @rejects as utimensat(2) fails
 * @cancel  Stops only a request that has not started.
 * @see     uv_fs_utime()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_utime(uv_loop_t *loop,
                                                     const char *path,
                                                     double atime,
                                                     double mtime);

/**
 * Sets the times of `path`, without following symbolic links.
 *
 * `atime` is the access time and `mtime` the modification time, in seconds
 * since 1970. The system may truncate them to microseconds or to the range of
 * the file system.
 *
 * @settles NONE
 * @rejects UV_ENOENT if `path` does not exist
 * @rejects UV_EPERM unless the process is root or owns the file
 * @rejects as utimensat(2) fails
 * @cancel  Stops only a request that has not started.
 * @see     uv_fs_lutime()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_lutime(uv_loop_t *loop,
                                                      const char *path,
                                                      double atime,
                                                      double mtime);

/**
 * Sets the owner and the group of `path`.
 *
 * Symbolic links are followed. A `uid` or `gid` of -1 leaves that ID unchanged.
 * Linux removes set-uid, set-gid and capabilities from an executable file.
 *
 * @settles NONE
 * @rejects UV_ENOENT if `path` does not exist
 * @rejects UV_EPERM if chown(2) forbids the change
 * @rejects as chown(2) fails
 * @cancel  Stops only a request that has not started.
 * @platform Windows: has no effect.
 * @see     uv_fs_chown()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_chown(uv_loop_t *loop,
                                                     const char *path,
                                                     uv_uid_t uid,
                                                     uv_gid_t gid);

/**
 * Sets owner and group of `path`, without following symbolic links.
 *
 * A `uid` or `gid` of -1 leaves that ID unchanged. Linux removes set-uid,
 * set-gid and capabilities from an executable file.
 *
 * @settles NONE
 * @rejects UV_ENOENT if `path` does not exist
 * @rejects UV_EPERM if chown(2) forbids the change
 * @rejects as lchown(2) fails
 * @cancel  Stops only a request that has not started.
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
 * An existing `to` is overwritten, unless `flags` contains UV_FS_COPYFILE_EXCL.
 * If the copy fails after `to` was opened, libuv removes `to`, even an existing
 * file or device. For example, the copy of a directory fails in this way.
 * avow_copy_tree() keeps the old file until the copy is complete.
 *
 * The copy has the mode of the original, regardless of the umask. If the
 * process lacks CAP_FSETID, which root has, a copy that is not empty loses
 * set-uid on Linux. It also loses set-gid if the group may execute the copy.
 *
 * libuv copies as many bytes as fstat(2) reports: none for most files in /proc.
 * If a file is shorter than reported, libuv never stops: a thread of the pool
 * is lost, and avow_loop_close() does not return. Examples are files in /sys,
 * and files that another process truncates during the copy. Use
 * avow_copy_tree() for these.
 *
 * @settles NONE
 * @rejects UV_EEXIST if `to` exists and `flags` contains UV_FS_COPYFILE_EXCL
 * @rejects as uv_fs_copyfile() fails
 * @cancel  Stops only a request that has not started.
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
 * @cancel  Stops only a request that has not started.
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
 * @cancel  Stops only a request that has not started.
 * @see     uv_fs_realpath()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_realpath(uv_loop_t *loop,
                                                        const char *path);

/**
 * Creates a new directory with a unique name and the mode 0700.
 *
 * `pattern` is a path that ends in XXXXXX. The new path has other characters in
 * their place.
 *
 * @settles BYTES path
 * @rejects UV_EINVAL if `pattern` does not end in XXXXXX
 * @rejects as mkdtemp(3) fails
 * @cancel  Stops only a request that has not started. avow removes a directory
 *          that is created after the cancellation.
 * @see     uv_fs_mkdtemp()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_mkdtemp(uv_loop_t *loop,
                                                       const char *pattern);

/**
 * Creates and opens a new file with a unique name and the mode 0600.
 *
 * `pattern` is a path that ends in XXXXXX. The new path has other characters in
 * their place. The file is open for reading and writing. The caller must close
 * and remove it.
 *
 * @settles OBJECT temporary file; see avow_to_temp_file()
 * @rejects UV_EINVAL if `pattern` does not end in XXXXXX
 * @rejects as mkstemp(3) fails
 * @cancel  Stops only a request that has not started. avow closes and removes a
 *          file that is created after the cancellation.
 * @see     uv_fs_mkstemp()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_mkstemp(uv_loop_t *loop,
                                                       const char *pattern);

/** A temporary file of avow_fs_mkstemp(). */
typedef struct avow_temp_file_s {
  uv_file file;     /* the open file */
  const char *path; /* its path; valid until the value is released */
} avow_temp_file_t;

/**
 * Gets the file and its path in a result of avow_fs_mkstemp().
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
 * @cancel  Stops only a request that has not started.
 * @see     uv_fs_stat()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_stat(uv_loop_t *loop,
                                                    const char *path);

/**
 * Gets the metadata of `path`, without following symbolic links.
 *
 * @settles OBJECT stat; see avow_to_stat()
 * @rejects UV_ENOENT if `path` does not exist
 * @rejects as lstat(2) fails
 * @cancel  Stops only a request that has not started.
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
 * @cancel  Stops only a request that has not started.
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
 * @cancel  Stops only a request that has not started.
 * @see     uv_fs_statfs()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_statfs(uv_loop_t *loop,
                                                      const char *path);

/**
 * Gets the metadata in a result of avow_fs_stat().
 *
 * `v` may also be a result of avow_fs_lstat() or avow_fs_fstat().
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
 * @cancel  Stops only a request that has not started.
 * @see     uv_fs_scandir()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_scandir(uv_loop_t *loop,
                                                       const char *path);

/**
 * An entry of a directory.
 *
 * `type` is UV_DIRENT_UNKNOWN if the file system reports no type; use
 * avow_fs_lstat().
 */
typedef struct avow_entry_s {
  const char *name; /* without the directory */
  uv_dirent_type_t type;
} avow_entry_t;

/** Counts the entries from avow_fs_scandir() or avow_fs_readdir(). */
AVOW_API size_t avow_entries_len(const avow_value_t *entries);

/**
 * Gets the entry with the index `i`, which must be in range.
 *
 * `entries` is a result of avow_fs_scandir() or avow_fs_readdir(). An index out
 * of range is misuse; a release build then returns an entry with an empty name.
 *
 * @returns the entry; its name is valid until the last reference to `entries`
 *          is released
 */
AVOW_API avow_entry_t avow_entry_at(const avow_value_t *entries, size_t i);

/**
 * Opens the directory `path` to read it in parts.
 *
 * The release of the last reference to the OBJECT also closes the directory.
 *
 * @settles OBJECT directory; see avow_fs_readdir()
 * @rejects UV_ENOENT if `path` does not exist
 * @rejects UV_ENOTDIR if `path` is not a directory
 * @rejects as opendir(3) fails
 * @cancel  Stops only a request that has not started. avow closes a directory
 *          that is opened after the cancellation.
 * @see     uv_fs_opendir()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_opendir(uv_loop_t *loop,
                                                       const char *path);

/**
 * Reads up to `n` of the next entries of `dir`.
 *
 * `dir` is a result of avow_fs_opendir().
 *
 * @settles OBJECT entries, see avow_entry_at(); NONE at the end
 * @rejects UV_EALREADY if another read of `dir` runs, even if it was canceled
 * @rejects UV_EBADF if `dir` is closed
 * @rejects UV_EINVAL if `n` is 0 or `dir` is not a directory
 * @rejects as readdir(3) fails
 * @cancel  Stops only a request that has not started.
 * @see     uv_fs_readdir()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_readdir(uv_loop_t *loop,
                                                       const avow_value_t *dir,
                                                       size_t n);

/**
 * Closes `dir`, a result of avow_fs_opendir().
 *
 * If a read of `dir` still runs, the close waits for that read.
 *
 * @settles NONE
 * @rejects UV_EBADF if `dir` is closed
 * @rejects UV_EINVAL if `dir` is not a directory
 * @cancel  Rejects the promise, but does not prevent the close.
 * @see     uv_fs_closedir()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_closedir(
    uv_loop_t *loop, const avow_value_t *dir);

/* Changes of files. */

/** A change of a file, or in a directory. */
typedef struct avow_fs_event_s {
  /* Name of the entry in the watched directory, or the last part of `path` if
     `path` itself changed. NULL if the name is unknown, if the item stands for
     several events, or if events were lost. */
  const char *name;
  /* UV_RENAME, UV_CHANGE, or both. Linux: both if the mode or the times of a
     directory change. */
  int events;
} avow_fs_event_t;

/**
 * Watches the file or directory `path` for changes.
 *
 * Symbolic links are followed. When another file replaces the watched file, as
 * avow_replace_file() does, the channel watches the new file and then sends an
 * item with UV_RENAME. Each later change of the new file gives an item, too.
 *
 * The channel looks up `path` again after each change of the watched file
 * itself. Therefore a program that calls chdir() must pass an absolute path.
 * The channel reports neither a rename of a directory further up the path nor a
 * new target of a symbolic link.
 *
 * If an item has no name, it can stand for several events, or events were lost:
 * check the file. The channel sends such an item when it buffers more than 256
 * items. Linux drops events without notice when its queue is full
 * (fs.inotify.max_queued_events, by default 16,384). So when one iteration
 * delivers 8,192 events, each channel of avow_fs_events() on the loop sends
 * such an item.
 *
 * @items   OBJECT fs_event; see avow_to_fs_event()
 * @fails   UV_ENOENT if `path` does not exist, or when it is removed; an item
 *          reports the removal first
 * @fails   UV_ENOTSUP if `flags` is not 0; Windows and macOS also accept
 *          UV_FS_EVENT_RECURSIVE
 * @fails   UV_ENOSPC if the user may not watch more files
 * @fails   UV_EACCES if the user may not read the file or the directory, on
 *          Linux
 * @fails   UV_EMFILE if the user has too many inotify instances, one for each
 *          loop that watches (fs.inotify.max_user_instances)
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
 * A new access time does not count as a change.
 */
typedef struct avow_fs_change_s {
  /* `prev` is all zeros if no earlier check found the file. */
  uv_stat_t prev, curr;
} avow_fs_change_t;

/**
 * Checks the metadata of `path` now, and then every `ms` milliseconds.
 *
 * An `ms` of 0 means 1. Changes that were not received are combined into one
 * item, with the `prev` of the first change and the `curr` of the last. If the
 * checks begin to fail, for example with UV_ENOENT, one avow_channel_next()
 * rejects with that error, and the checks continue. A relative path starts from
 * the current directory at each check.
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
 * The request reads the file in parts of at most 1 MiB. It also reads files
 * with a reported length of 0, such as those in /proc. Reading a FIFO occupies
 * a thread of the pool until all writers have closed the FIFO, and
 * avow_loop_close() waits for that thread.
 *
 * @settles BYTES
 * @rejects UV_EFBIG if the file has more than `max_bytes`
 * @rejects UV_EISDIR if `path` is a directory
 * @rejects UV_EINVAL if `path` is NULL
 * @rejects as open(2) or read(2) fails
 * @cancel  The request stops after the current part.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_read_file(uv_loop_t *loop,
                                                      const char *path,
                                                      size_t max_bytes);

/**
 * Writes `bytes`, which is BYTES, to the file `path`.
 *
 * A new file gets the permissions in `mode` that the umask does not remove. The
 * request writes in parts of at most 1 MiB. It overwrites an existing file in
 * place, and then removes the old bytes after the new ones. Until then other
 * processes can see old bytes after new bytes. If the program crashes, these
 * old bytes stay. After a rejection the file is unchanged or contains only a
 * part of the new bytes. avow_replace_file() writes all or nothing.
 *
 * A FIFO or a device that accepts no bytes occupies a thread of the pool, and
 * avow_loop_close() waits for that thread. If a FIFO loses its reader, SIGPIPE
 * ends the program unless SIGPIPE is ignored.
 *
 * @settles INT bytes, always the length of `bytes`
 * @rejects UV_EINVAL if `bytes` has another type or `path` is NULL
 * @rejects UV_EPIPE if a FIFO loses its reader and SIGPIPE is ignored
 * @rejects as open(2) or write(2) fails
 * @cancel  The request stops after the current part.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_write_file(uv_loop_t *loop,
                                                       const char *path,
                                                       avow_value_t bytes,
                                                       int mode);

/**
 * Appends `bytes`, which is BYTES, to the file `path`.
 *
 * A new file gets the permissions in `mode` that the umask does not remove. The
 * request appends in parts of at most 1 MiB. Other processes can append bytes
 * between two of these parts. After a rejection some of the bytes can stay in
 * the file.
 *
 * @settles INT bytes, always the length of `bytes`
 * @rejects UV_EINVAL if `bytes` has another type or `path` is NULL
 * @rejects as open(2) or write(2) fails
 * @cancel  The request stops after the current part.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_append_file(uv_loop_t *loop,
                                                        const char *path,
                                                        avow_value_t bytes,
                                                        int mode);

AVOW_HEADER_END

#endif
