/* SPDX-License-Identifier: MIT */
/*
 * Owner, attributes, mode and times are set in this order, because one step can
 * change the result of another. The mode comes after the ACL, whose mask is the
 * group bits of the mode. If the ACL is lost, these bits are not permissions of
 * the group.
 */
/* NOLINTNEXTLINE(readability-identifier-naming): the system's name */
#define _GNU_SOURCE 1 /* O_PATH */
#ifdef __APPLE__
#  define _DARWIN_C_SOURCE 1
#endif

#include "sys/metadata.h"

#include "uv/fs_blocking.h"

enum {
  MODE_BITS = 07777,
  PERMISSION_BITS = 0777,
  OWNER_BITS = 0700,
  GROUP_BITS = 070,
  ANY_BITS = 07
};

#ifdef AVOW__AT_BY_PATH

/* libuv copies files with their attributes. Owners and ACLs come from the
   directory. */

int avow__metadata_replace(avow__place_t place, const uv_stat_t *seen,
                           uv_file file) {
  return avow__disk_fchmod(file, (int) (seen->st_mode & PERMISSION_BITS));
}

static void keep_link_owner(avow__place_t place, const uv_stat_t *stat) {
}

int avow__metadata_copy_dir(const avow__dir_t *from, const avow__dir_t *to,
                            uv_stat_t *stat) {
  return 0;
}

int avow__metadata_end_dir(avow__place_t place, const avow__dir_t *dir,
                           const uv_stat_t *stat, avow_keep_t keep) {
  uv_fs_t req;
  const int mode = (int) (stat->st_mode & MODE_BITS);
  const int err = uv_fs_chmod(NULL, &req, place.path, mode, NULL);
  uv_fs_req_cleanup(&req);
  return err == 0 && keep == AVOW_KEEP_ALL ? avow__place_lutime(place, stat)
                                           : err;
}

#else

#  include <errno.h>
#  include <fcntl.h>
#  include <string.h>
#  include <sys/stat.h>
#  ifdef __linux__
#    include <sys/xattr.h>
#  endif
#  include <unistd.h>

#  include "base/alloc.h"

typedef enum { REPLACEMENT, COPY } metadata_policy_t;

/* Which of owner and group are kept. */
enum { NEITHER, ONLY_GROUP, BOTH };

#  ifdef __linux__

/* The maximum on Linux. */
enum { ATTRIBUTES_MOST = 65536 };

typedef struct {
  int from, to;
  char names[ATTRIBUTES_MOST], value[ATTRIBUTES_MOST], other[ATTRIBUTES_MOST];
} attributes_t;

static const char acl[] = "system.posix_acl_access";

static bool is_none(ssize_t result) {
  return result < 0 && (errno == ENODATA || errno == ENOTSUP);
}

static bool has_none(int file) {
  const ssize_t listed = flistxattr(file, NULL, 0);
  return listed == 0 || is_none(listed);
}

/* Whether the attribute is not copied. A file that replaces another has
   different bytes, so attributes of the bytes do not apply. */
static bool is_passed_over(const char *name, metadata_policy_t policy) {
  static const char *const of_bytes[] = { "security.capability", "security.ima",
                                          "security.evm" };
  for (size_t i = 0; i < sizeof(of_bytes) / sizeof(*of_bytes); i++)
    if (policy == REPLACEMENT && strcmp(name, of_bytes[i]) == 0)
      return true;
  return strcmp(name, acl) == 0;
}

/* Returns true if both files have the same value. An attribute that the system
   has already set is not set again. */
static bool copy_attribute(attributes_t *a, const char *name) {
  const ssize_t len = fgetxattr(a->from, name, a->value, ATTRIBUTES_MOST);
  if (len < 0)
    return is_none(len);
  const ssize_t other = fgetxattr(a->to, name, a->other, ATTRIBUTES_MOST);
  if (other == len && memcmp(a->value, a->other, (size_t) len) == 0)
    return true;
  return fsetxattr(a->to, name, a->value, (size_t) len, 0) == 0;
}

static bool copy_attributes(attributes_t *a, metadata_policy_t policy) {
  const ssize_t listed = flistxattr(a->from, a->names, ATTRIBUTES_MOST);
  bool kept = listed >= 0 || is_none(listed);
  for (ssize_t at = 0; at < listed;) {
    const char *name = a->names + at;
    if (!is_passed_over(name, policy) && !copy_attribute(a, name))
      kept = false;
    at += (ssize_t) strlen(name) + 1;
  }
  return kept;
}

/* Removes an ACL that came from the directory if the original has none, or has
   one that does not apply. */
static bool copy_acl(attributes_t *a, bool applies) {
  const ssize_t len = fgetxattr(a->from, acl, a->value, ATTRIBUTES_MOST);
  if (len >= 0 && applies)
    return fsetxattr(a->to, acl, a->value, (size_t) len, 0) == 0;
  const bool none = is_none(len);
  return (fremovexattr(a->to, acl) == 0 || is_none(-1)) && none;
}

/* Returns 1 if the attributes are kept, 0 if some are lost or unknown, or
   UV_ENOMEM. For a copy, only the ACL counts. With another group, the ACL would
   have another meaning. Attributes come before the ACL, which may forbid the
   owner to set them. */
static int keep_attributes(int from, int to, int owned,
                           metadata_policy_t policy) {
  if (from < 0)
    return 0;
  if (policy == COPY && has_none(from) && has_none(to))
    return 1; /* as for most files */
  attributes_t *a = avow_malloc(sizeof(*a));
  if (a == NULL)
    return UV_ENOMEM;
  a->from = from;
  a->to = to;
  const bool all = copy_attributes(a, policy) || policy == COPY;
  const bool same_group = owned != NEITHER || policy == COPY;
  const bool kept = copy_acl(a, same_group) && all;
  avow_free(a);
  return kept ? 1 : 0;
}

static void drop_capability(int file) {
  (void) fremovexattr(file, "security.capability"); /* or there is none */
}

#  else

/* Other systems have other calls for attributes. */
static int keep_attributes(int from, int to, int owned,
                           metadata_policy_t policy) {
  return 1;
}

static void drop_capability(int file) {
}

#  endif

/* A user who may not change the owner of a file may still change its group to
   one of their own. */
static int keep_owner(const uv_stat_t *old, int file) {
  const uid_t user = (uid_t) old->st_uid;
  const gid_t group = (gid_t) old->st_gid;
  uv_stat_t now;
  if (fchown(file, user, group) == 0)
    return BOTH;
  const int err = avow__disk_fstat(file, &now);
  if (err < 0)
    return err;
  if (now.st_gid != group && fchown(file, (uid_t) -1, group) != 0)
    return NEITHER;
  return now.st_uid == user ? BOTH : ONLY_GROUP;
}

static uint64_t copy_mode(uint64_t mode, int owned, bool kept) {
  return mode & (owned == BOTH ? MODE_BITS : PERMISSION_BITS) &
         ~(uint64_t) (kept ? 0 : GROUP_BITS);
}

/* Members of the old group are now others, and the other way around. Both
   therefore get the permissions that both had. */
static uint64_t replacement_mode(uint64_t mode, int owned, bool kept) {
  const uint64_t both = mode >> 3 & mode & ANY_BITS;
  if (!kept)
    return mode & OWNER_BITS;
  return owned == NEITHER ? (mode & OWNER_BITS) | both << 3 | both
                          : mode & PERMISSION_BITS;
}

static int keep(int from, const uv_stat_t *old, int to,
                metadata_policy_t policy) {
  const int owned = keep_owner(old, to); /* removes a capability */
  if (owned < 0)
    return owned;
  const int kept = keep_attributes(from, to, owned, policy);
  if (kept < 0)
    return kept;
  if (policy == REPLACEMENT)
    return avow__disk_fchmod(to,
                             (int) replacement_mode(old->st_mode, owned, kept));
  if (owned != BOTH)
    drop_capability(to);
  return avow__disk_fchmod(to, (int) copy_mode(old->st_mode, owned, kept));
}

int avow__metadata_replace(avow__place_t place, const uv_stat_t *seen,
                           uv_file file) {
  /* replaced by a newer stat, which matches the attributes */
  uv_stat_t old = *seen;
  const int from = avow__place_open_file(place, &old);
  const int err = keep(from, &old, file, REPLACEMENT);
  if (from >= 0)
    (void) avow__disk_close(from); /* it was only read */
  return err;
}

static int set_times(int file, const uv_stat_t *stat) {
  const struct timespec times[2] = {
    { .tv_sec = stat->st_atim.tv_sec, .tv_nsec = stat->st_atim.tv_nsec },
    { .tv_sec = stat->st_mtim.tv_sec, .tv_nsec = stat->st_mtim.tv_nsec }
  };
  return futimens(file, times) < 0 ? uv_translate_sys_error(errno) : 0;
}

int avow__metadata_copy(uv_file from, const uv_stat_t *stat, uv_file to) {
  const int err = keep(from, stat, to, COPY);
  return err < 0 ? err : set_times(to, stat);
}

/* Checks the type, because another process may have replaced the link. */
static void keep_link_owner(avow__place_t place, const uv_stat_t *stat) {
#  if defined(O_PATH) && defined(AT_EMPTY_PATH)
  uv_stat_t now;
  const int file = avow__place_open(place, O_PATH, 0);
  if (file < 0)
    return;
  if (avow__disk_fstat(file, &now) == 0 &&
      avow__disk_type(&now) == UV_DIRENT_LINK) {
    const int err = fchownat(file, "", (uid_t) stat->st_uid,
                             (gid_t) stat->st_gid, AT_EMPTY_PATH);
    (void) err; /* owners are kept only if the system allows it */
  }
  (void) avow__disk_close(file); /* it was not opened for writing */
#  endif
}

/* The ACL could give others access before the directory is complete, so the
   mode is narrowed. */
int avow__metadata_copy_dir(const avow__dir_t *from, const avow__dir_t *to,
                            uv_stat_t *stat) {
  const int kept = keep_attributes(from->fd, to->fd, BOTH, COPY);
  if (kept < 0)
    return kept;
  if (kept == 0)
    stat->st_mode &= ~(uint64_t) GROUP_BITS;
  return avow__disk_fchmod(to->fd, OWNER_BITS);
}

/* mkdir has applied the umask to the permissions. Only the owner's bits were
   added. */
static int take_back_owner_bits(const avow__dir_t *dir, uint64_t mode) {
  uv_stat_t made;
  if ((mode & OWNER_BITS) == OWNER_BITS)
    return 0;
  const int err = avow__dir_stat(dir, &made);
  if (err < 0)
    return err;
  const uint64_t left = made.st_mode & (mode | ~(uint64_t) OWNER_BITS);
  return avow__disk_fchmod(dir->fd, (int) (left & MODE_BITS));
}

int avow__metadata_end_dir(avow__place_t place, const avow__dir_t *dir,
                           const uv_stat_t *stat, avow_keep_t keep) {
  if (keep != AVOW_KEEP_ALL)
    return take_back_owner_bits(dir, stat->st_mode);
  const int owned = keep_owner(stat, dir->fd);
  if (owned < 0)
    return owned;
  const int err =
      avow__disk_fchmod(dir->fd, (int) copy_mode(stat->st_mode, owned, true));
  return err < 0 ? err : set_times(dir->fd, stat);
}

#endif

void avow__metadata_copy_link(avow__place_t place, const uv_stat_t *stat) {
  keep_link_owner(place, stat);
  (void) avow__place_lutime(place, stat); /* not all systems support this */
}
