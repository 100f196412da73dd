/*
 * Files, through libuv's thread pool. A request that blocks for ever (a read
 * from a FIFO) keeps its thread, and avow_loop_close() waiting.
 *
 * Each function is the one of libuv that has its name: flags, modes, times (in
 * seconds since 1970) and platforms' differences are as there. Paths are
 * copied; NULL is UV_EINVAL. An error's message names the operation and its
 * objects: "rename '/a' to '/b': no such file or directory".
 *
 * Cancelling rejects at once and takes the request off the pool's queue. One
 * that runs has its effect all the same, and what it gives is dropped: files
 * and directories that it opened are closed again, temporary ones removed.
 * Where libuv has the kernel do it (io_uring: see docs/libuv.md) there is no
 * queue, and each request counts as one that runs.
 */
#ifndef AVOW_FS_H
#define AVOW_FS_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/* Open files. */

/** INT: the file (uv_fs_open). */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_open(uv_loop_t *loop,
                                                    const char *path, int flags,
                                                    int mode);

/**
 * NONE (uv_fs_close). The file is gone even if this rejects. Waits for requests
 * on it that were cancelled while they ran. Cancelling does not stop it.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_close(uv_loop_t *loop,
                                                     uv_file file);

/**
 * BYTES: at most len, fewer at the end of the file or when the system gives
 * fewer, none at the end (uv_fs_read). Reads at the offset in bytes, or where
 * the file stands if that is -1.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_read(uv_loop_t *loop,
                                                    uv_file file, size_t len,
                                                    int64_t offset);

/**
 * INT: bytes written, always all of them, in as many uv_fs_write() as the
 * system wants. Takes BYTES, or a LIST of them to be written one after another.
 * At the offset, or where the file stands for -1. Cancelling one that runs
 * stops it after the part that it is writing.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_write(uv_loop_t *loop,
                                                     uv_file file,
                                                     avow_value_t bytes,
                                                     int64_t offset);

/**
 * INT: bytes copied from the offset of one file to where another stands, fewer
 * than len at the end of the first, or where an error came after some
 * (uv_fs_sendfile, again and again). Until all is copied it holds a thread of
 * the pool, which waits for a socket or a pipe that takes no more for as long
 * as that lasts, also when cancelled. On Linux the system copies between files,
 * at most 2 GiB at a time; to a socket or a pipe go 8 KiB by 8 KiB.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_sendfile(
    uv_loop_t *loop, uv_file to, uv_file from, int64_t offset, size_t len);

/** NONE (uv_fs_fsync and so on). */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_fsync(uv_loop_t *loop,
                                                     uv_file file);
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_fdatasync(uv_loop_t *loop,
                                                         uv_file file);
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_ftruncate(uv_loop_t *loop,
                                                         uv_file file,
                                                         int64_t len);
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_fchmod(uv_loop_t *loop,
                                                      uv_file file, int mode);
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_futime(uv_loop_t *loop,
                                                      uv_file file,
                                                      double atime,
                                                      double mtime);
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_fchown(uv_loop_t *loop,
                                                      uv_file file,
                                                      uv_uid_t uid,
                                                      uv_gid_t gid);

/* Paths. */

/** NONE (uv_fs_unlink and so on). */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_unlink(uv_loop_t *loop,
                                                      const char *path);
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_mkdir(uv_loop_t *loop,
                                                     const char *path,
                                                     int mode);
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_rmdir(uv_loop_t *loop,
                                                     const char *path);
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_rename(uv_loop_t *loop,
                                                      const char *from,
                                                      const char *to);
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_link(uv_loop_t *loop,
                                                    const char *path,
                                                    const char *link);
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_symlink(uv_loop_t *loop,
                                                       const char *target,
                                                       const char *link,
                                                       int flags);
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_access(uv_loop_t *loop,
                                                      const char *path,
                                                      int mode);
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_chmod(uv_loop_t *loop,
                                                     const char *path,
                                                     int mode);
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_utime(uv_loop_t *loop,
                                                     const char *path,
                                                     double atime,
                                                     double mtime);
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_lutime(uv_loop_t *loop,
                                                      const char *path,
                                                      double atime,
                                                      double mtime);
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_chown(uv_loop_t *loop,
                                                     const char *path,
                                                     uv_uid_t uid,
                                                     uv_gid_t gid);
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_lchown(uv_loop_t *loop,
                                                      const char *path,
                                                      uv_uid_t uid,
                                                      uv_gid_t gid);

/** NONE (uv_fs_copyfile). A copy that fails is removed. */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_copyfile(uv_loop_t *loop,
                                                        const char *from,
                                                        const char *to,
                                                        int flags);

/** BYTES: a path (uv_fs_readlink, uv_fs_realpath). */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_readlink(uv_loop_t *loop,
                                                        const char *path);
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_realpath(uv_loop_t *loop,
                                                        const char *path);

/**
 * BYTES: the path of a new directory; pattern ends in XXXXXX (uv_fs_mkdtemp).
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_mkdtemp(uv_loop_t *loop,
                                                       const char *pattern);

/** OBJECT: a new file, see avow_to_temp_file(); as above (uv_fs_mkstemp). */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_mkstemp(uv_loop_t *loop,
                                                       const char *pattern);

/**
 * The program's to close and to remove; the path lives as long as the value.
 */
typedef struct avow_temp_file_s {
  uv_file file;
  const char *path;
} avow_temp_file_t;

AVOW_API const avow_temp_file_t *avow_to_temp_file(const avow_value_t *v);

/* What the system knows of them. */

/** OBJECT: see avow_to_stat() (uv_fs_stat and so on). */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_stat(uv_loop_t *loop,
                                                    const char *path);
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_lstat(uv_loop_t *loop,
                                                     const char *path);
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_fstat(uv_loop_t *loop,
                                                     uv_file file);

/** OBJECT: the file system that path is on, see avow_to_statfs(). */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_statfs(uv_loop_t *loop,
                                                      const char *path);

/** What was found; the value keeps it alive. */
AVOW_API const uv_stat_t *avow_to_stat(const avow_value_t *v);
AVOW_API const uv_statfs_t *avow_to_statfs(const avow_value_t *v);

/* Directories. */

/**
 * OBJECT: all entries without "." and "..", see avow_entry_at()
 * (uv_fs_scandir).
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_scandir(uv_loop_t *loop,
                                                       const char *path);

/** The type is UV_DIRENT_UNKNOWN where only avow_fs_lstat() knows. */
typedef struct avow_entry_s {
  const char *name;
  uv_dirent_type_t type;
} avow_entry_t;

/** How many, and the one at i, of which the name lives as long as the value. */
AVOW_API size_t avow_entries_len(const avow_value_t *entries);
AVOW_API avow_entry_t avow_entry_at(const avow_value_t *entries, size_t i);

/**
 * OBJECT: a directory to be read in parts (uv_fs_opendir). Its last reference
 * closes it, if avow_fs_closedir() has not.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_opendir(uv_loop_t *loop,
                                                       const char *path);

/**
 * OBJECT: up to n of the entries that come next, none at the end
 * (uv_fs_readdir). UV_EALREADY while another reads, even if that one was
 * cancelled; UV_EBADF once it is closed.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_readdir(uv_loop_t *loop,
                                                       const avow_value_t *dir,
                                                       size_t n);

/**
 * NONE (uv_fs_closedir). Waits for a read of it that is under way. Cancelling
 * does not stop it.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_closedir(
    uv_loop_t *loop, const avow_value_t *dir);

AVOW_HEADER_END

#endif
