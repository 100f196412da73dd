/* SPDX-License-Identifier: MIT */
/*
 * Directory trees. What takes long runs on the thread pool in shifts of a
 * millisecond, so that others have theirs, and stops between two entries when
 * it is cancelled. An error's message names the operation and the very entry
 * that failed: "remove '/a/b/c': permission denied". A path that is NULL or
 * empty is UV_EINVAL. Below the path that is given, no symbolic link is
 * followed, nor one that others put in the place of a directory meanwhile: what
 * is in a directory goes by its name there, and the directory is held open. So
 * a tree may be deeper than the system lets a path be long. The same is true of
 * what copies are made in. The path that is given is one all the same, looked
 * up once, when a thread begins with it: it leads elsewhere when others change
 * it, or the program its directory, before that. On Windows all of them are
 * paths.
 */
#ifndef AVOW_TREE_H
#define AVOW_TREE_H

#include "avow/channel.h"

AVOW_HEADER_BEGIN

/**
 * INT: how many directories were made, 0 if it was there: the path's and those
 * above it, as mkdir -p: each new one gets the mode less the umask, and those
 * above also let their owner write and search. The path is looked up for each,
 * in one piece of work for the thread pool. UV_EEXIST or UV_ENOTDIR if
 * something else has the name. Cancelling takes it off the pool's queue; one
 * that runs ends unheard.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_make_dirs(uv_loop_t *loop,
                                                      const char *path,
                                                      int mode);

/**
 * INT: how many entries were removed, 0 if nothing was there: the path, which
 * may be a link or a file, and all below it, as rm -rf. What is busy (UV_EBUSY,
 * UV_EMFILE, UV_ENFILE, UV_ENOTEMPTY, UV_EPERM) is tried again for about half a
 * second. UV_EINVAL for "/", "." and "..", UV_ENOTDIR for a file with a slash
 * behind its name. After a rejection or a cancelling a part is left. What is in
 * another directory that took the name meanwhile stays. A file system that is
 * mounted below is emptied, too. Its mount point stays, and the call rejects
 * with UV_EBUSY.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_remove_tree(uv_loop_t *loop,
                                                        const char *path);

/** An entry of a tree. */
typedef struct avow_tree_entry_s {
  const char
      *path; /* the path that is walked, a slash, and where it is there */
  uv_dirent_type_t type;
  unsigned depth; /* 0 in the directory that is walked */
  int error;      /* of a directory that cannot be opened: the code; else 0 */
} avow_tree_entry_t;

/**
 * A channel of OBJECTs, see avow_to_tree_entry(): all that is below the path,
 * each directory before what is in it, in no other order. A few entries are
 * read ahead, and no more while the channel is full: memory is in proportion to
 * the depth. No more than 33 directories are open: of those further up from
 * there the names that are left are kept in memory. Links are entries, not
 * followed, but for the path itself. Fails if that cannot be read (UV_ENOENT,
 * UV_ENOTDIR, …). To stop, close the channel.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_tree_entries(uv_loop_t *loop,
                                                         const char *path);

/** What avow_tree_entries() found; the value keeps it alive. */
AVOW_API const avow_tree_entry_t *avow_to_tree_entry(const avow_value_t *v);

/**
 * LIST of BYTES: the paths that match, in the order of their bytes; empty if
 * there are none. * is any part of a name, ? one character of UTF-8, [a-z] and
 * [!a-z] a set, \ takes what follows as it is; ** as a whole name is any number
 * of directories, links not followed. A dot that begins a name has to be
 * written out; only "." and ".." match themselves, and lead where they do in
 * any path. A slash at the end: directories only. What may not be read is
 * passed over. UV_EINVAL for more than 62 names from the first with one of
 * these on, UV_ENAMETOOLONG for more than 4096 bytes; UV_EMSGSIZE when what it
 * found, with 64 bytes for each path, exceeds 128 MiB. Matching a name takes
 * time in proportion to both lengths at most. Cancelling and avow_loop_close()
 * stop it at the entry that it is at.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_glob(uv_loop_t *loop,
                                                 const char *pattern);

/** What becomes of files and links that are at the target already. */
typedef enum avow_existing_e {
  AVOW_EXISTING_REFUSE,  /* UV_EEXIST */
  AVOW_EXISTING_REPLACE, /* in one go, by the copy that is made beside them */
  AVOW_EXISTING_KEEP
} avow_existing_t;

/** What a copy has of its original beside the bytes. */
typedef enum avow_keep_e {
  /* As cp -r: who may read, write and run it, less the umask; nothing that lets
     a program run as its owner or group. */
  AVOW_KEEP_PERMISSIONS,
  /* As cp -a: owner, group, mode, times, extended attributes and ACLs, as far
     as the system lets one. What lets a program run as its owner or group goes
     if these could not be kept. Windows: times. */
  AVOW_KEEP_ALL
} avow_keep_t;

/** An entry that was copied, or could not be. */
typedef struct avow_copied_s {
  const char *path; /* in the source */
  uv_dirent_type_t type;
  uint64_t size;             /* of a file, in bytes */
  const avow_value_t *error; /* NULL: it was copied, or kept */
} avow_copied_t;

/** Zero in a field stands for its default; UV_EINVAL for what is not here. */
typedef struct avow_copy_options_s {
  avow_existing_t existing;
  avow_keep_t keep;
  unsigned concurrency; /* files that are copied at a time; 4, at most 64 */
  /* On the loop's thread, for each entry; false to stop. Default: stop at the
     first that could not be copied. Not called any more once cancelled. */
  bool (*on_entry)(const avow_copied_t *entry, void *data);
  void *data;
  uint64_t reserved[4]; /* zeros, else UV_EINVAL: for later versions */
} avow_copy_options_t;

/**
 * INT: how many entries were copied. Kept entries, and directories that were
 * there, count as copied. Copies the path from, which may be a file or a link,
 * and all below it, to the path to; links as links, and the holes of files as
 * holes. Each name of a file gets a copy of its own (hard links). Mounted file
 * systems are copied, too. Directories that are there are filled, and stay as
 * they are. A file is copied up to the length that it had at first, which is 0
 * for most files in /proc. Slashes at the end of `from` change nothing: a link
 * is copied as a link. Rejects with the error that it stopped at, once nothing
 * is copied any more: UV_EEXIST, UV_EINVAL for a directory in itself and for a
 * concurrency of more than 64, UV_ENOTSUP for a FIFO, socket or device, … What
 * was copied stays, also after cancelling. A copy of a directory into itself
 * rejects when it reaches `to`, so other entries may have been copied before.
 * NULL is all defaults.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_copy_tree(
    uv_loop_t *loop, const char *from, const char *to,
    const avow_copy_options_t *options);

/**
 * OBJECT, see avow_to_temp_dir(): a new directory where the system keeps such
 * (uv_os_tmpdir; /tmp if TMPDIR is empty), its name the prefix and six
 * characters, its mode 0700, its path absolute. It goes with the value: the
 * last reference, which has to go on the loop's thread, removes it and all in
 * it in the background, if what has its name is that directory still; what
 * avow_loop_close() finds of that unfinished it finishes. A failure to remove
 * is a lost rejection. Cancelling removes one that was made all the same.
 * UV_EINVAL for a prefix that is NULL or contains a slash, UV_ENOENT if there
 * is no such place, UV_EACCES if the process may not write there.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_temp_dir(uv_loop_t *loop,
                                                     const char *prefix);

/** Its path; the value keeps it alive. */
AVOW_API const char *avow_to_temp_dir(const avow_value_t *v);

AVOW_HEADER_END

#endif
