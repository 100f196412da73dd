/* SPDX-License-Identifier: MIT */
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

#include "avow/channel.h"
#include "avow/promise.h"

AVOW_HEADER_BEGIN

/* Open files. */

/**
 * INT: the file (uv_fs_open). A new one gets the mode less the umask. A FIFO
 * keeps a thread until its other end is open, unless flags have
 * UV_FS_O_NONBLOCK: then opening it for writing without a reader rejects with
 * UV_ENXIO.
 */
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
 * BYTES: at least 1 and at most len, fewer when the system gives fewer; NONE at
 * the end, as of a stream (uv_fs_read). A len of 0 gives BYTES, empty ones.
 * Reads at the offset in bytes, or where the file stands if that is -1.
 * UV_ESPIPE for any other offset of a pipe or a socket. UV_EAGAIN if the
 * descriptor does not block and no bytes are there: avow_open_stream() waits.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_read(uv_loop_t *loop,
                                                    uv_file file, size_t len,
                                                    int64_t offset);

/**
 * INT: bytes written, always all of them, in as many uv_fs_write() as the
 * system wants. Takes BYTES, or a LIST of them to be written one after another.
 * At the offset, or where the file stands for -1. Linux writes to the end of a
 * file that was opened with UV_FS_O_APPEND, whatever the offset. Cancelling one
 * that runs stops it after the part that it is writing.
 *
 * UV_EAGAIN if the descriptor does not block and takes no more; UV_ESPIPE for
 * an offset of a pipe or a socket. After a rejection a part may be written. A
 * pipe or a socket without a reader raises SIGPIPE, which ends the program. A
 * program that ignores the signal gets UV_EPIPE.
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
 * at most 2 GiB at a time; to a socket or a pipe go 8 KiB by 8 KiB. It refuses
 * a file that was opened with UV_FS_O_APPEND: UV_EBADF. UV_EINVAL for an offset
 * below 0. A pipe or a socket without a reader raises SIGPIPE, which ends the
 * program unless it ignores the signal.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_sendfile(
    uv_loop_t *loop, uv_file to, uv_file from, int64_t offset, size_t len);

/**
 * NONE, once all that was written to the file is on the disk, and what the
 * system knows of the file as well (uv_fs_fsync). UV_EIO, UV_ENOSPC: a part of
 * it may be lost. The system says so once: a later call may fulfill although
 * that part is lost. UV_EINVAL for what is no file of a disk, such as a socket.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_fsync(uv_loop_t *loop,
                                                     uv_file file);

/**
 * NONE, once all that was written to the file is on the disk, and of what the
 * system knows of it as much as it takes to read that: its length, but no times
 * (uv_fs_fdatasync). Rejects as avow_fs_fsync().
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_fdatasync(uv_loop_t *loop,
                                                         uv_file file);

/**
 * NONE, once the file has len bytes: the rest is cut off, what is missing reads
 * as zeros (uv_fs_ftruncate). UV_EINVAL for a len below 0, and for a file that
 * is open for reading alone.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_ftruncate(uv_loop_t *loop,
                                                         uv_file file,
                                                         int64_t len);

/**
 * NONE, once the open file has that mode, whatever the umask says
 * (uv_fs_fchmod). UV_EPERM for who is neither its owner nor root. Linux leaves
 * out set-gid without an error if the process is not in the group of the file.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_fchmod(uv_loop_t *loop,
                                                      uv_file file, int mode);

/**
 * NONE, once the open file was last read and last changed at these times
 * (uv_fs_futime). UV_EPERM for who is neither its owner nor root. A time may be
 * cut to microseconds, and is cut to the range of the file system, without an
 * error.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_futime(uv_loop_t *loop,
                                                      uv_file file,
                                                      double atime,
                                                      double mtime);

/**
 * NONE, once the open file has that owner and that group, of which -1 stays as
 * it is (uv_fs_fchown). UV_EPERM for who is not root, but for a group that its
 * owner belongs to. Linux takes set-uid and set-gid from an executable file,
 * and its capabilities. Does nothing on Windows.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_fchown(uv_loop_t *loop,
                                                      uv_file file,
                                                      uv_uid_t uid,
                                                      uv_gid_t gid);

/* Paths. */

/**
 * NONE, once the name is gone (uv_fs_unlink). The file goes with its last name,
 * when nobody has it open. A symbolic link goes itself. UV_ENOENT; UV_EISDIR or
 * UV_EPERM for a directory, which is avow_fs_rmdir()'s.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_unlink(uv_loop_t *loop,
                                                      const char *path);

/**
 * NONE, once there is a new directory, with the mode less the umask
 * (uv_fs_mkdir). Where the directory above has a default ACL, that takes the
 * place of the umask; where it has set-gid, the new one has its group and
 * set-gid, too. UV_EEXIST whatever has the name; UV_ENOENT without the
 * directory above it, which avow_make_dirs() makes, too.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_mkdir(uv_loop_t *loop,
                                                     const char *path,
                                                     int mode);

/**
 * NONE, once the directory is gone, which has to be empty (uv_fs_rmdir): else
 * UV_ENOTEMPTY. UV_ENOENT, UV_ENOTDIR. avow_remove_tree() removes what is in
 * it, too.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_rmdir(uv_loop_t *loop,
                                                     const char *path);

/**
 * NONE, once what was at from has the name to, in one go: whoever looks finds
 * what was there before or this (uv_fs_rename). Two names of one file both
 * stay: then it does nothing. UV_ENOENT, UV_EXDEV for another
 * file system, UV_ENOTEMPTY or UV_EEXIST for a directory that is not empty,
 * UV_EISDIR and UV_ENOTDIR where only one of them is a directory, UV_EINVAL
 * for a directory that would come to be below itself.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_rename(uv_loop_t *loop,
                                                      const char *from,
                                                      const char *to);

/**
 * NONE, once the file at the path has one more name, link (uv_fs_link). On
 * Linux a symbolic link at the path gets that name itself. UV_EEXIST if that is
 * taken, UV_EXDEV for another file system, UV_EPERM for a directory. Most Linux
 * systems (fs.protected_hardlinks) also reject with UV_EPERM if the process
 * neither owns the file nor may read and write to it.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_link(uv_loop_t *loop,
                                                    const char *path,
                                                    const char *link);

/**
 * NONE, once link is a symbolic link to the target, which need not be there,
 * and is looked for from where the link is (uv_fs_symlink). UV_EEXIST if there
 * is something. flags are for Windows: UV_FS_SYMLINK_DIR,
 * UV_FS_SYMLINK_JUNCTION.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_symlink(uv_loop_t *loop,
                                                       const char *target,
                                                       const char *link,
                                                       int flags);

/**
 * NONE if the path is there (F_OK) and the process may read, write or run it,
 * as mode asks (R_OK, W_OK, X_OK) (uv_fs_access). Else UV_ENOENT, UV_EACCES,
 * UV_EROFS. The system looks at the real user and group of the process, and not
 * at those that set-uid and set-gid gave it. That may change before it is
 * opened: who opens it anyway hears it there.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_access(uv_loop_t *loop,
                                                      const char *path,
                                                      int mode);

/**
 * NONE, once what the path leads to has that mode, whatever the umask says
 * (uv_fs_chmod). UV_ENOENT; UV_EPERM for who is neither its owner nor root.
 * Linux leaves out set-gid as with avow_fs_fchmod().
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_chmod(uv_loop_t *loop,
                                                     const char *path,
                                                     int mode);

/**
 * NONE, once what the path leads to was last read and last changed at these
 * times (uv_fs_utime). UV_ENOENT; UV_EPERM for who is neither its owner nor
 * root. A time may be cut to microseconds, and is cut to the range of the file
 * system, without an error.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_utime(uv_loop_t *loop,
                                                     const char *path,
                                                     double atime,
                                                     double mtime);

/**
 * NONE, once the path itself, a symbolic link that is not followed, was last
 * read and last changed at these times (uv_fs_lutime). Rejects as
 * avow_fs_utime(). A time may be cut to microseconds, and is cut to the range
 * of the file system, without an error.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_lutime(uv_loop_t *loop,
                                                      const char *path,
                                                      double atime,
                                                      double mtime);

/**
 * NONE, once what the path leads to has that owner and that group, of which -1
 * stays as it is (uv_fs_chown). UV_ENOENT; UV_EPERM for who is not root, but
 * for a group that its owner belongs to. Linux takes from an executable file
 * what avow_fs_fchown() says. Does nothing on Windows.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_chown(uv_loop_t *loop,
                                                     const char *path,
                                                     uv_uid_t uid,
                                                     uv_gid_t gid);

/**
 * NONE, once the path itself, a symbolic link that is not followed, has that
 * owner and that group (uv_fs_lchown). Rejects as avow_fs_chown().
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_lchown(uv_loop_t *loop,
                                                      const char *path,
                                                      uv_uid_t uid,
                                                      uv_gid_t gid);

/**
 * NONE (uv_fs_copyfile). The copy has the mode of the original, whatever the
 * umask says. If the process has no CAP_FSETID, as without root, Linux removes
 * set-uid when bytes are written, and set-gid if the group may execute the
 * file. An empty copy keeps both. A file at to is written over. If the copy
 * fails after that file was opened, libuv removes it: a file or a device
 * that was there before is lost, also where from is a directory. Nothing is
 * removed with UV_FS_COPYFILE_EXCL if something was there; avow_copy_tree()
 * leaves the old file until the copy is complete.
 *
 * libuv copies as many bytes as the original has according to fstat(): none of
 * most files in /proc. If the original ends before that, libuv tries forever: a
 * thread of the pool is lost, and avow_loop_close() does not return. Files in
 * /sys end before, and files that another process truncates meanwhile: use
 * avow_copy_tree() for these.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_copyfile(uv_loop_t *loop,
                                                        const char *from,
                                                        const char *to,
                                                        int flags);

/**
 * BYTES: where the symbolic link leads, as it was made (uv_fs_readlink).
 * UV_ENOENT; UV_EINVAL for what is no such link.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_readlink(uv_loop_t *loop,
                                                        const char *path);

/**
 * BYTES: the absolute path of the same, without symbolic links, "." and ".."
 * (uv_fs_realpath). UV_ENOENT unless all of it is there, UV_ELOOP for links in
 * a circle.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_realpath(uv_loop_t *loop,
                                                        const char *path);

/**
 * BYTES: the path of a new directory; pattern ends in XXXXXX (uv_fs_mkdtemp),
 * else UV_EINVAL. The mode of the directory is 0700.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_mkdtemp(uv_loop_t *loop,
                                                       const char *pattern);

/**
 * OBJECT: a new file, see avow_to_temp_file() (uv_fs_mkstemp). It is open for
 * reading and writing, and its mode is 0600. UV_EINVAL unless the pattern ends
 * in XXXXXX.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_mkstemp(uv_loop_t *loop,
                                                       const char *pattern);

/**
 * The program's to close and to remove; the path lives as long as the value.
 */
typedef struct avow_temp_file_s {
  uv_file file;
  const char *path;
} avow_temp_file_t;

/** What avow_fs_mkstemp() made; the value keeps it in memory. */
AVOW_API const avow_temp_file_t *avow_to_temp_file(const avow_value_t *v);

/* What the system knows of them. */

/**
 * OBJECT: what the system knows of what the path leads to, see avow_to_stat()
 * (uv_fs_stat). UV_ENOENT, UV_ENOTDIR, UV_EACCES for a directory on the way.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_stat(uv_loop_t *loop,
                                                    const char *path);

/**
 * OBJECT: what the system knows of the path itself: of a symbolic link where
 * it is one, which is not followed, see avow_to_stat() (uv_fs_lstat).
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_lstat(uv_loop_t *loop,
                                                     const char *path);

/**
 * OBJECT: what the system knows of an open file, see avow_to_stat()
 * (uv_fs_fstat). UV_EBADF.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_fstat(uv_loop_t *loop,
                                                     uv_file file);

/** OBJECT: the file system that path is on, see avow_to_statfs(). */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_statfs(uv_loop_t *loop,
                                                      const char *path);

/**
 * What avow_fs_stat(), avow_fs_lstat() and avow_fs_fstat() found; the value
 * keeps it alive.
 */
AVOW_API const uv_stat_t *avow_to_stat(const avow_value_t *v);

/** What avow_fs_statfs() found; the value keeps it alive. */
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

/** How many entries avow_fs_scandir() or avow_fs_readdir() found. */
AVOW_API size_t avow_entries_len(const avow_value_t *entries);

/**
 * The entry at i, whose name lives as long as the value. One past the last is a
 * mistake: release builds give one with an empty name.
 */
AVOW_API avow_entry_t avow_entry_at(const avow_value_t *entries, size_t i);

/**
 * OBJECT: a directory to be read in parts (uv_fs_opendir). Its last reference
 * closes it, if avow_fs_closedir() has not.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_fs_opendir(uv_loop_t *loop,
                                                       const char *path);

/**
 * OBJECT: up to n of the entries that come next, or NONE at the end
 * (uv_fs_readdir). UV_EALREADY while another reads, even if that one was
 * cancelled; UV_EBADF once it is closed; UV_EINVAL if `n` is 0.
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

/*
 * Changes of files as channels. A channel stops watching when its last
 * reference goes, or by avow_channel_close(). It keeps the loop alive while
 * somebody waits for an item. Use avow_channel_first() for one event.
 */

/** What happened to a file, or in a folder. */
typedef struct avow_fs_event_s {
  const char *name; /* relative to the folder; the last part of the path if the
                       event is about what the path leads to; NULL if the system
                       does not say */
  int events;       /* UV_RENAME, UV_CHANGE; Linux: of a folder that changes its
                       mode or its times, both */
} avow_fs_event_t;

/**
 * OBJECTs, for avow_to_fs_event(): what happens to the path, from now on. The
 * path leads to a file or a folder, also through symbolic links. When another
 * file replaces it, as avow_replace_file() does, an item has UV_RENAME, and
 * the channel goes on with the new file. When nothing is at the path any more,
 * the channel fails with UV_ENOENT behind the item that says so. An item comes
 * once the new file is watched: what you read then, later items keep up to
 * date.
 *
 * The channel does not hear when a folder further up the path is renamed, or
 * when a symbolic link gets another target. At each change of the file itself
 * the channel looks the path up again, and goes on with the file that is there
 * then. A relative path starts from the current directory of that moment. A
 * program that calls chdir() must pass an absolute path.
 *
 * An item without a name stands for several events, or for events that were
 * lost: look for yourself. It comes where more than 256 items are not taken
 * yet, and on all channels of a loop when one turn of the loop brings 8,192
 * events. Linux then may have dropped some: by default it keeps 16,384 for a
 * loop (fs.inotify.max_queued_events).
 *
 * flags are those of uv_fs_event_start(). UV_ENOTSUP for a flag that libuv
 * ignores: all but UV_FS_EVENT_RECURSIVE on Windows and macOS. UV_ENOENT,
 * UV_ENOSPC where a user may not watch more. On Linux, UV_EACCES if the user
 * may not read the file or the folder. UV_EMFILE if the user has too many
 * inotify instances (fs.inotify.max_user_instances); each loop that watches
 * needs one.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_fs_events(uv_loop_t *loop,
                                                      const char *path,
                                                      unsigned flags);

/** What such an item says; the value keeps it alive. */
AVOW_API const avow_fs_event_t *avow_to_fs_event(const avow_value_t *v);

/**
 * What a file was like before a change, and after it. prev is all zeros if no
 * look has found the file before. A new time of the last read is no change.
 */
typedef struct avow_fs_change_s {
  uv_stat_t prev, curr;
} avow_fs_change_t;

/**
 * OBJECTs, for avow_to_fs_change(): what changed of the path, which is looked
 * at now and then every ms milliseconds (as by uv_fs_poll_start); 0 stands for
 * 1. Changes that are not taken yet become one, from the first's prev to the
 * last's curr. While it cannot be looked at, one item rejects with the reason,
 * such as UV_ENOENT. A relative path starts from the current directory at each
 * look.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_fs_polls(uv_loop_t *loop,
                                                     const char *path,
                                                     uint64_t ms);

/** What such an item says; the value keeps it alive. */
AVOW_API const avow_fs_change_t *avow_to_fs_change(const avow_value_t *v);

/*
 * Whole files, each by one piece of work for the thread pool: one journey there
 * and back instead of four or more. It keeps its thread for as long as the
 * system takes, and avow_loop_close() waits for it: mind FIFOs. A path that is
 * NULL, and what is no BYTES to be written, is UV_EINVAL. An error's message
 * names the operation and the path: "read '/x': no such file or directory".
 */

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

AVOW_HEADER_END

#endif
