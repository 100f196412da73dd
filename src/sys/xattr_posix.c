/* SPDX-License-Identifier: MIT */
/* Extended attributes by descriptor. A system that has none, or not this one,
   has nothing that could be lost. */
#include "sys/xattr.h"

#ifdef __linux__

#  include <errno.h>
#  include <string.h>
#  include <sys/xattr.h>

#  include "base/alloc.h"

/* The most that Linux has. */
enum { MOST = 65536 };

struct avow__xattrs_s {
  int from, to;
  ssize_t listed, at; /* of names */
  char names[MOST], value[MOST], other[MOST];
};

static const char acl[] = "system.posix_acl_access";

static bool is_none(ssize_t result) {
  return result < 0 && (errno == ENODATA || errno == ENOTSUP);
}

avow__xattrs_t *avow__xattrs_new(int from, int to) {
  avow__xattrs_t *x = avow_malloc(sizeof(*x));
  if (x == NULL)
    return NULL;
  x->from = from;
  x->to = to;
  x->listed = x->at = 0;
  return x;
}

bool avow__xattrs_list(avow__xattrs_t *x) {
  x->at = 0;
  x->listed = flistxattr(x->from, x->names, MOST);
  return x->listed >= 0 || is_none(x->listed);
}

const char *avow__xattrs_next(avow__xattrs_t *x) {
  while (x->at < x->listed) {
    const char *name = x->names + x->at;
    x->at += (ssize_t) strlen(name) + 1;
    if (strcmp(name, acl) != 0)
      return name;
  }
  return NULL;
}

/* Also what is not there; and not what the file has by itself. */
bool avow__xattrs_copy(avow__xattrs_t *x, const char *name) {
  const ssize_t len = fgetxattr(x->from, name, x->value, MOST);
  if (len < 0)
    return is_none(len);
  const ssize_t other = fgetxattr(x->to, name, x->other, MOST);
  if (other == len && memcmp(x->value, x->other, (size_t) len) == 0)
    return true;
  return fsetxattr(x->to, name, x->value, (size_t) len, 0) == 0;
}

bool avow__xattrs_copy_acl(avow__xattrs_t *x) {
  const ssize_t len = fgetxattr(x->from, acl, x->value, MOST);
  if (len >= 0)
    return fsetxattr(x->to, acl, x->value, (size_t) len, 0) == 0;
  const bool none = is_none(len);
  return avow__xattrs_drop_acl(x) && none;
}

bool avow__xattrs_lack_acl(const avow__xattrs_t *x) {
  return is_none(fgetxattr(x->from, acl, NULL, 0));
}

bool avow__xattrs_drop_acl(const avow__xattrs_t *x) {
  return fremovexattr(x->to, acl) == 0 || is_none(-1);
}

#endif
