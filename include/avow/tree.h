/* SPDX-License-Identifier: MIT */
/*
 * Directory trees: making, removing, walking, matching and copying them.
 *
 * Long operations run on the thread pool in slices of a millisecond, so that
 * other work has its turn. When they are canceled, they stop between two
 * entries. The message of an error names the operation and the entry that
 * failed: "remove '/a/b/c': permission denied".
 *
 * Below the given path, no symbolic link is followed, not even one that another
 * process puts in place of a directory during the operation. Each directory is
 * held open, and its entries are used by their names in it. So a tree may be
 * deeper than the longest path that the system permits. The directories that
 * copies are made in are used in that way, too.
 *
 * The given path itself is looked up once, when a thread begins the operation.
 * It leads elsewhere if another process changes it before, or if the program
 * changes its working directory. On Windows, all entries are used by their
 * paths.
 */
#ifndef AVOW_TREE_H
#define AVOW_TREE_H

#include "avow/channel.h"

AVOW_HEADER_BEGIN

/**
 * Makes the directory `path` and those above it that are missing.
 *
 * Each new directory gets `mode` less the umask. Those above `path` also let
 * their owner write and search. The path is looked up for each of them, in one
 * request of the thread pool.
 *
 * @settles INT directories: the number made, 0 if `path` was there
 * @rejects as mkdir(2) fails
 * @rejects UV_EEXIST if `path` is there and is no directory
 * @rejects UV_EINVAL if `path` is NULL or empty
 * @rejects UV_ENOTDIR if a part of `path` is there and is no directory
 * @cancel  Queued: removed from the queue of the thread pool. Running: finishes
 *          in the background.
 * @see     mkdir -p
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_make_dirs(uv_loop_t *loop,
                                                      const char *path,
                                                      int mode);

/**
 * Removes `path` and everything below it.
 *
 * `path` may also be a link or a file. Entries that are busy are tried again
 * for about half a second. These are the entries that fail with UV_EBUSY,
 * UV_EMFILE, UV_ENFILE, UV_ENOTEMPTY or UV_EPERM. If another directory takes
 * the name meanwhile, its contents stay. A file system that is mounted below
 * `path` is emptied, too, but its mount point stays. After a rejection or a
 * cancellation, a part of the tree is left.
 *
 * @settles INT entries: the number removed, 0 if nothing was there
 * @rejects as the system fails to remove an entry
 * @rejects UV_EBUSY if a file system is mounted below `path`
 * @rejects UV_EINVAL if `path` is NULL, empty or "/"
 * @rejects UV_EINVAL if the last name of `path` is "." or ".."
 * @rejects UV_ENOTDIR if `path` ends with a slash and is a file
 * @cancel  Stops between two entries.
 * @see     rm -rf
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_remove_tree(uv_loop_t *loop,
                                                        const char *path);

/** An entry that avow_tree_entries() found. */
typedef struct avow_tree_entry_s {
  const char *path; /* the path that is walked, a slash, and the path below */
  uv_dirent_type_t type;
  unsigned depth; /* 0 for the entries of the directory that is walked */
  int error;      /* code if it is a directory that cannot be opened; else 0 */
} avow_tree_entry_t;

/**
 * Walks the tree below `path`.
 *
 * A directory comes before its contents; there is no other order. A few entries
 * are read ahead, and none while the channel is full, so memory is in
 * proportion to the depth. At most 33 directories are open. For those further
 * up, the remaining names are kept in memory. Links are entries and are not
 * followed, except for `path` itself. To stop, close the channel.
 *
 * @items   OBJECT tree entry, see avow_to_tree_entry()
 * @fails   as the system fails to read `path`
 * @fails   UV_EINVAL if `path` is NULL or empty
 * @fails   UV_ENOENT if `path` is not there
 * @fails   UV_ENOTDIR if `path` is no directory
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_tree_entries(uv_loop_t *loop,
                                                         const char *path);

/**
 * Reads an item of avow_tree_entries().
 *
 * @returns the entry, valid until `v` is released; NULL for any other value,
 *          which is misuse
 */
AVOW_API const avow_tree_entry_t *avow_to_tree_entry(const avow_value_t *v);

/**
 * Finds the paths that match `pattern`.
 *
 * These parts of a pattern are special:
 *
 *   *       any part of a name
 *   ?       one character of UTF-8
 *   [a-z]   one character of the set; [!a-z] one that is not in it
 *   \       the next character, literally
 *   **      as a whole name, any number of directories, without following links
 *
 * A dot that begins a name must be written literally. "." and ".." match only
 * themselves and lead where they do in any path. A slash at the end matches
 * only directories. Directories that the process may not read are passed over.
 * Matching a name takes at most time in proportion to both lengths.
 *
 * @settles LIST of BYTES, the paths, in the order of their bytes; empty if
 *          there are none
 * @rejects UV_EINVAL if `pattern` is NULL or empty
 * @rejects UV_EINVAL if `pattern` has more than 62 names, counted from the
 *          first special one
 * @rejects UV_ENAMETOOLONG if `pattern` has more than 4,096 bytes
 * @rejects UV_EMSGSIZE if the paths found, with 64 bytes for each, exceed 128
 *          MiB
 * @cancel  Stops at the entry that it looks at; avow_loop_close() does so, too.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_glob(uv_loop_t *loop,
                                                 const char *pattern);

/** The treatment of files and links that exist at the target of a copy. */
typedef enum avow_existing_e {
  AVOW_EXISTING_REFUSE,  /* the entry fails with UV_EEXIST */
  AVOW_EXISTING_REPLACE, /* a copy that is made beside it replaces it at once */
  AVOW_EXISTING_KEEP     /* it stays, and counts as copied */
} avow_existing_t;

/** The metadata of the original that a copy keeps. */
typedef enum avow_keep_e {
  /* As cp -r: permissions to read, write and execute, less the umask; no
     set-uid and set-gid. */
  AVOW_KEEP_PERMISSIONS,
  /* As cp -a: owner, group, mode, times, extended attributes and ACLs, as far
     as the system permits. Set-uid and set-gid are removed if owner or group
     could not be kept. Windows: times. */
  AVOW_KEEP_ALL
} avow_keep_t;

/** An entry that was copied, or that could not be copied. */
typedef struct avow_copied_s {
  const char *path; /* in the source */
  uv_dirent_type_t type;
  uint64_t size;             /* bytes of a file; 0 for directories */
  const avow_value_t *error; /* reason of the failure; NULL: copied, or kept */
} avow_copied_t;

/** Options of a copy; 0 in a field is its default. */
typedef struct avow_copy_options_s {
  avow_existing_t existing; /* default: refuse */
  avow_keep_t keep;         /* default: permissions */
  unsigned concurrency;     /* files at a time, at most 64; 0: 4 */
  /* Called on the loop's thread for each entry; returns false to stop. Not
     called after a cancellation. NULL: stop at the first failure. */
  bool (*on_entry)(const avow_copied_t *entry, void *data);
  void *data;           /* for `on_entry` */
  uint64_t reserved[4]; /* must be 0; for later versions */
} avow_copy_options_t;

/**
 * Copies `from` and everything below it to `to`.
 *
 * `from` may also be a file or a link; slashes at its end make no difference.
 * Links are copied as links, and holes of files as holes. Each name of a file
 * gets its own copy, also if it is a hard link. Mounted file systems are
 * copied, too. Directories that exist at the target are filled, and are not
 * changed otherwise. A file is copied up to its length at the beginning, which
 * is 0 for most files in /proc.
 *
 * `options` may be NULL. Entries that were copied stay after a rejection or a
 * cancellation. If `to` is inside the directory `from`, the copy rejects only
 * when it reaches `to`, so other entries may have been copied.
 *
 * @settles INT entries: the number copied; entries that were kept and
 *          directories that were there count as copied
 * @rejects with the error that it stopped at, when nothing is being copied
 * @rejects UV_ECANCELED if `on_entry` stopped it at an entry without an error
 * @rejects UV_EEXIST if a file exists at the target and `existing` is
 *          AVOW_EXISTING_REFUSE
 * @rejects UV_EINVAL if `from` or `to` is NULL or empty
 * @rejects UV_EINVAL if `to` is inside the directory `from`
 * @rejects UV_EINVAL if `concurrency` is above 64, or another option is unknown
 * @rejects UV_ENOTSUP if an entry is a FIFO, a socket or a device
 * @cancel  Stops between two entries.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_copy_tree(
    uv_loop_t *loop, const char *from, const char *to,
    const avow_copy_options_t *options);

/**
 * Makes a temporary directory that is removed with its value.
 *
 * The directory is in the system's place for temporary files (uv_os_tmpdir();
 * /tmp if TMPDIR is empty). Its name is `prefix` and six characters, its mode
 * 0700, its path absolute.
 *
 * The release of the last reference removes the directory and all its contents
 * in the background, if its name still leads to that directory. It must happen
 * on the loop's thread. avow_loop_close() finishes removals that are under way.
 * A removal that fails is an unhandled rejection.
 *
 * @settles OBJECT temporary directory, see avow_to_temp_dir()
 * @rejects as mkdtemp(3) fails
 * @rejects UV_EINVAL if `prefix` is NULL or contains a slash
 * @rejects UV_ENOENT if there is no place for temporary files
 * @rejects UV_EACCES if the process may not write there
 * @cancel  Removes the directory if it is made nevertheless.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_temp_dir(uv_loop_t *loop,
                                                     const char *prefix);

/**
 * Reads the path of a temporary directory.
 *
 * @returns the path, valid until `v` is released; NULL for any other value,
 *          which is misuse
 */
AVOW_API const char *avow_to_temp_dir(const avow_value_t *v);

AVOW_HEADER_END

#endif
