/* SPDX-License-Identifier: MIT */
/*
 * Owner, group, attributes, mode: in this order, for each takes something from
 * what is before it. A mode's group bits are the mask where there is an ACL, so
 * they say nothing of the group once that is lost.
 */
/* NOLINTNEXTLINE(readability-identifier-naming): the system's name */
#define _DEFAULT_SOURCE 1 /* fchown() */
#ifdef __APPLE__
#  define _DARWIN_C_SOURCE 1
#endif

#include "sys/inherit.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "sys/at.h"
#include "sys/xattr.h"

enum { ALL = 0777, OWNER = 0700, ANY = 07 };

#ifdef __linux__

/* Whether the attribute is about the file's bytes, which are others now. */
static bool is_passed_over(const char *name) {
  static const char *const passed_over[] = { "security.capability",
                                             "security.ima", "security.evm" };
  for (size_t i = 0; i < sizeof(passed_over) / sizeof(*passed_over); i++)
    if (strcmp(name, passed_over[i]) == 0)
      return true;
  return false;
}

static bool copy_attributes(avow__xattrs_t *x) {
  bool kept = avow__xattrs_list(x);
  const char *name;
  while ((name = avow__xattrs_next(x)) != NULL)
    if (!is_passed_over(name) && !avow__xattrs_copy(x, name))
      kept = false;
  return kept;
}

/* Keeps the ACL, unless it would be about another group now. */
static bool copy_acl(avow__xattrs_t *x, bool same_group) {
  if (same_group)
    return avow__xattrs_copy_acl(x);
  const bool none = avow__xattrs_lack_acl(x);
  return avow__xattrs_drop_acl(x) && none;
}

/* 1: they are kept, 0: not all are, or nobody knows. UV_ENOMEM. */
static int keep_attributes(int from, int to, bool same_group) {
  if (from < 0)
    return 0;
  avow__xattrs_t *x = avow__xattrs_new(from, to);
  if (x == NULL)
    return UV_ENOMEM;
  const bool acl_kept = copy_acl(x, same_group);
  const bool kept = copy_attributes(x) && acl_kept;
  avow_free(x);
  return kept ? 1 : 0;
}

#else

/* There are other ways to them, if there are any. */
static int keep_attributes(int from, int to, bool same_group) {
  return 1;
}

#endif

/* 1 if the file has the old one's group, 0 if it has another. Who may not give
   files away still may give them to a group of his. */
static int inherit_keep_owner(const struct stat *old, int file) {
  struct stat info;
  const int err = avow__at_look(file, NULL, &info);
  if (err < 0 || (info.st_uid == old->st_uid && info.st_gid == old->st_gid))
    return err < 0 ? err : 1;
  return fchown(file, old->st_uid, old->st_gid) == 0 ||
         info.st_gid == old->st_gid ||
         fchown(file, (uid_t) -1, old->st_gid) == 0;
}

/* Who was in the group is one of the others now, and the other way round: both
   get what both had. */
static mode_t narrow(mode_t mode) {
  const mode_t both = mode >> 3 & mode & ANY;
  return (mode & OWNER) | both << 3 | both;
}

/* To read attributes from; its stat is newer, and of the same time as these. -1
   if it may not be read, or is something else by now. */
static int open_old(int dir, const char *name, struct stat *old) {
  struct stat info;
  const int file =
      openat(dir, name,
             O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (file < 0)
    return file;
  if (avow__at_look(file, NULL, &info) == 0 && S_ISREG(info.st_mode)) {
    *old = info;
    return file;
  }
  (void) close(file); /* nothing was read from it */
  return -1;
}

int avow__inherit(int dir, const char *name, const struct stat *seen,
                  int file) {
  struct stat old = *seen;
  const int from = open_old(dir, name, &old);
  const int same_group = inherit_keep_owner(&old, file);
  const int kept =
      same_group < 0 ? same_group : keep_attributes(from, file, same_group);
  if (from >= 0)
    (void) close(from); /* it was only read from */
  if (kept < 0)
    return kept;
  mode_t mode = old.st_mode & ALL;
  if (same_group == 0)
    mode = narrow(mode);
  if (kept == 0)
    mode &= OWNER;
  return avow__at_code(fchmod(file, mode));
}
