/* SPDX-License-Identifier: MIT */
/*
 * Directory trees: making, removing, walking, matching and copying them.
 *
 * Long operations run on the thread pool in slices of a millisecond, so other
 * requests can run in between. The message of an error names the operation and
 * the entry that failed: "remove '/a/b/c': permission denied".
 *
 * Below the given path, the operations follow no symbolic link, not even a link
 * that another process puts in place of a directory meanwhile. avow_glob() is
 * an exception. It follows a link to a directory if a name of the pattern other
 * than ** matches the link. The operations keep directories open and refer to
 * the entries by their names in the directory. So a tree may be deeper than the
 * longest path that the system permits. This also applies to the target of a
 * copy. On Windows, the operations refer to all entries by their paths.
 *
 * The given path itself is resolved once, when a thread begins the operation.
 * It may lead to another directory if another process changes it before that,
 * or if the program changes its working directory.
 */
#ifndef AVOW_TREE_H
#define AVOW_TREE_H

#include "avow/channel.h"

AVOW_HEADER_BEGIN

/**
 * Makes the directory `path` and its missing parents.
 *
 * Each new directory gets `mode` without the bits of the umask. The owner of a
 * new parent may also write to it and search it. One request of the thread pool
 * makes all directories, and resolves the path again for each of them.
 *
 * @settles INT directories: the number made, 0 if `path` existed
 * @rejects as mkdir(2) fails
 * @rejects UV_EEXIST if `path` exists and is not a directory
 * @rejects UV_EINVAL if `path` is NULL or empty
 * @rejects UV_ENOTDIR if a parent of `path` exists and is not a directory
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
 * `path` may also be a link or a file. If the removal of an entry fails with
 * UV_EBUSY, UV_EMFILE, UV_ENFILE, UV_ENOTEMPTY or UV_EPERM, it is repeated for
 * about half a second. If another directory replaces `path` meanwhile, the
 * contents of that directory stay.
 *
 * The contents of a file system that is mounted below `path` are removed, too,
 * but its mount point stays. After a rejection or a cancellation, a part of the
 * tree is left.
 *
 * @settles INT entries: the number removed, 0 if `path` did not exist
 * @rejects with the error of the system if an entry cannot be removed
 * @rejects UV_EBUSY if a file system is mounted below `path`
 * @rejects UV_EINVAL if `path` is NULL, empty or "/"
 * @rejects UV_EINVAL if the last name of `path` is "." or ".."
 * @rejects UV_ENOTDIR if `path` ends with a slash and is a file
 * @cancel  Stops before the next entry.
 * @see     rm -rf
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_remove_tree(uv_loop_t *loop,
                                                        const char *path);

/** An entry that avow_tree_entries() found. */
typedef struct avow_tree_entry_s {
  const char *path; /* begins with the argument of avow_tree_entries() */
  uv_dirent_type_t type;
  unsigned depth; /* 0 for the entries of the given directory itself */
  int error;      /* code if it is a directory that cannot be opened; else 0 */
} avow_tree_entry_t;

/**
 * Makes a channel of the entries of the tree below `path`.
 *
 * A directory precedes its contents. Otherwise the order is that of the system.
 * Links are entries and are not followed, except for `path` itself. To stop,
 * close the channel.
 *
 * avow reads a few entries ahead, and stops while the channel is full. At most
 * 33 directories are open. For directories further up, avow keeps the names of
 * the remaining entries in memory.
 *
 * @items   OBJECT tree entry, see avow_to_tree_entry()
 * @fails   with the error of the system if `path` cannot be read
 * @fails   UV_EINVAL if `path` is NULL or empty
 * @fails   UV_ENOENT if `path` does not exist
 * @fails   UV_ENOTDIR if `path` is not a directory
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
 *   *       any characters of a name, or none
 *   ?       one character of UTF-8
 *   [a-z]   one character of the set; [!a-z] one that is not in it
 *   \       the next character, literally
 *   **      as a whole name, any number of directories, without following links
 *
 * A dot at the beginning of a name matches only a dot in the pattern. The names
 * "." and ".." match only themselves, and have their usual meaning. A pattern
 * that ends with a slash matches only directories. Directories that the process
 * may not read are skipped. The time to match a name is at most proportional to
 * the length of the name times the length of the pattern.
 *
 * @settles LIST of BYTES, the paths, in the order of their bytes; empty if
 *          there are none
 * @rejects UV_EINVAL if `pattern` is NULL or empty
 * @rejects UV_EINVAL if `pattern` has more than 62 names, counted from the
 *          first name with a special part
 * @rejects UV_ENAMETOOLONG if `pattern` has more than 4,096 bytes
 * @rejects UV_EMSGSIZE if the paths found, plus 64 bytes for each path, exceed
 *          128 MiB
 * @cancel  Stops at the current entry; avow_loop_close() does so, too.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_glob(uv_loop_t *loop,
                                                 const char *pattern);

/** The treatment of files and links that exist at the target of a copy. */
typedef enum avow_existing_e {
  AVOW_EXISTING_REFUSE,  /* the entry fails with UV_EEXIST */
  AVOW_EXISTING_REPLACE, /* the complete copy replaces the file atomically */
  AVOW_EXISTING_KEEP     /* the file stays, and counts as copied */
} avow_existing_t;

/** The metadata of the original that a copy keeps. */
typedef enum avow_keep_e {
  /* As cp -r: permissions to read, write and execute, without the bits of the
     umask; no set-uid and set-gid. */
  AVOW_KEEP_PERMISSIONS,
  /* As cp -a: owner, group, mode, times, extended attributes and ACLs, as far
     as the system permits. If the owner or the group cannot be kept, set-uid
     and set-gid are removed. Windows: only times. */
  AVOW_KEEP_ALL
} avow_keep_t;

/** An entry that was copied, or that could not be copied. */
typedef struct avow_copied_s {
  const char *path; /* in the source */
  uv_dirent_type_t type;
  uint64_t size;             /* bytes of a file; 0 for directories */
  const avow_value_t *error; /* why it was not copied; NULL: copied, or kept */
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
 * `from` may also be a file or a link. Slashes at its end make no difference.
 * Links are copied as links, and holes of files as holes. If a file has several
 * names (hard links), each name gets its own copy. Mounted file systems are
 * copied, too. If a directory exists at the target, the copies are added to it,
 * and its metadata stays. A file is copied up to the length that it has at the
 * beginning, which is 0 for most files in /proc.
 *
 * `options` may be NULL. After a rejection or a cancellation, entries that were
 * copied stay. If `to` is inside the directory `from`, the copy rejects only
 * when it reaches `to`, so other entries may have been copied.
 *
 * @settles INT entries: the number copied; entries that were kept and
 *          directories that existed count as copied
 * @rejects with the error that stopped the copy, after the files that are being
 *          copied are complete
 * @rejects UV_ECANCELED if `on_entry` stopped it at an entry without an error
 * @rejects UV_EEXIST if a file exists at the target and `existing` is
 *          AVOW_EXISTING_REFUSE
 * @rejects UV_EINVAL if `from` or `to` is NULL or empty
 * @rejects UV_EINVAL if `to` is inside the directory `from`
 * @rejects UV_EINVAL if `concurrency` is above 64, `existing` or `keep` is
 *          unknown, or a reserved field is not 0
 * @rejects UV_ENOTSUP if an entry is a FIFO, a socket or a device
 * @cancel  Stops before the next entry.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_copy_tree(
    uv_loop_t *loop, const char *from, const char *to,
    const avow_copy_options_t *options);

/**
 * Makes a temporary directory that is removed with its value.
 *
 * The directory is in the system's directory for temporary files
 * (uv_os_tmpdir(); /tmp if TMPDIR is empty). Its name is `prefix` and six
 * characters. Its mode is 0700, and its path is absolute.
 *
 * Release the last reference to the value on the loop's thread. The release
 * removes the directory and all its contents in the background, if the path
 * still leads to that directory. avow_loop_close() finishes removals that have
 * begun. A removal that fails is an unhandled rejection.
 *
 * @settles OBJECT temporary directory, see avow_to_temp_dir()
 * @rejects as mkdtemp(3) fails
 * @rejects UV_EINVAL if `prefix` is NULL or contains a slash
 * @rejects UV_ENOENT if the directory for temporary files does not exist
 * @rejects UV_EACCES if the process may not write to that directory
 * @cancel  Removes the directory if the system has made it.
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
