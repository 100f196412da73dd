/* SPDX-License-Identifier: MIT */
/*
 * Owner before mode, for the system takes set-uid bits from what changes hands;
 * times at the end, for all else changes them.
 */
/* NOLINTNEXTLINE(readability-identifier-naming): the system's name */
#define _GNU_SOURCE 1 /* O_PATH */
#ifdef __APPLE__
#  define _DARWIN_C_SOURCE 1
#endif

#include "sys/preserve.h"

#include <fcntl.h>
#include <sys/stat.h>
#ifdef __linux__
#  include <sys/xattr.h>
#endif
#include <unistd.h>

#include "base/alloc.h"
#include "sys/at.h"
#include "sys/xattr.h"
#include "uv/fs_sync.h"

enum { ALL = 07777, PERMISSIONS = 0777, GROUP = 070 };

#ifdef __linux__

/* Keeps what can be kept: not all file systems take all attributes, and not
   from everybody. */
static void keep_others(avow__xattrs_t *x) {
  (void) avow__xattrs_list(x); /* or none of them is */
  const char *name;
  while ((name = avow__xattrs_next(x)) != NULL)
    (void) avow__xattrs_copy(x, name); /* or not */
}

/* Most have none at all. */
static bool has_attributes(int file) {
  return flistxattr(file, NULL, 0) > 0;
}

static bool keep_all(int from, int to) {
  if (!has_attributes(from) && !has_attributes(to))
    return true;
  avow__xattrs_t *x = avow__xattrs_new(from, to);
  if (x == NULL)
    return false;
  keep_others(x);
  const bool kept = avow__xattrs_copy_acl(x);
  avow_free(x);
  return kept;
}

/* Removes what lets a program run with the rights of another, as a set-uid bit
   does. */
static void drop_capability(int file) {
  (void) fremovexattr(file, "security.capability"); /* or there is none */
}

#else

/* There are other ways to them, if there are any. */
static bool keep_all(int from, int to) {
  return true;
}

static void drop_capability(int file) {
}

#endif

void avow__keep_attributes(int from, int to, uv_stat_t *stat) {
  if (!keep_all(from, to))
    stat->st_mode &= ~(uint64_t) GROUP;
}

/* Who may not give a file away still may give it to a group of his. */
static bool keep_owner(const uv_stat_t *stat, int file) {
  if (fchown(file, (uid_t) stat->st_uid, (gid_t) stat->st_gid) == 0)
    return true;
  const int err = fchown(file, (uid_t) -1, (gid_t) stat->st_gid);
  (void) err; /* or not */
  return false;
}

static int keep_mode(const uv_stat_t *stat, int file, mode_t mask) {
  const int err = avow__disk_fchmod(file, (int) (stat->st_mode & mask));
  return err < 0 ? err : avow__at_set_times(file, NULL, stat);
}

int avow__keep_stat(const uv_stat_t *stat, int to) {
  return keep_mode(stat, to, keep_owner(stat, to) ? ALL : PERMISSIONS);
}

int avow__keep_file(int from, const uv_stat_t *stat, int to) {
  uv_stat_t kept = *stat;
  const bool owned = keep_owner(stat, to); /* takes a capability from it */
  avow__keep_attributes(from, to, &kept);
  if (!owned)
    drop_capability(to);
  return keep_mode(&kept, to, owned ? ALL : PERMISSIONS);
}

/* Somebody may have put another thing in its place. */
static void keep_link_owner(avow__place_t place, const uv_stat_t *stat) {
#if defined(O_PATH) && defined(AT_EMPTY_PATH)
  struct stat info;
  const int file = avow__place_open(place, O_PATH, 0);
  if (file < 0)
    return;
  if (avow__at_look(file, NULL, &info) == 0 && S_ISLNK(info.st_mode)) {
    const int err = fchownat(file, "", (uid_t) stat->st_uid,
                             (gid_t) stat->st_gid, AT_EMPTY_PATH);
    (void) err; /* or not */
  }
  (void) close(file); /* it was not opened to be written to */
#endif
}

void avow__keep_link(avow__place_t place, const uv_stat_t *stat) {
  keep_link_owner(place, stat);
  (void) avow__place_lutime(place, stat); /* not all systems have that */
}
