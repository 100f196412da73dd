/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes, and the ACL among them, on Linux: what those who copy a
 * file and those who replace one do alike. Which are to be kept, and what comes
 * of one that is not, is for each of the two to say.
 */
#ifndef AVOW_XATTR_H
#define AVOW_XATTR_H

#include <stdbool.h>

/* The attributes that go from one file to another, both open. */
typedef struct avow__xattrs_s avow__xattrs_t;

/* Begins with two files. NULL without memory; ends with avow_free(). */
avow__xattrs_t *avow__xattrs_new(int from, int to);

/* Reads which there are; false if the system does not tell. */
bool avow__xattrs_list(avow__xattrs_t *x);

/* The next of the list but the ACL, or NULL. */
const char *avow__xattrs_next(avow__xattrs_t *x);

/* Copies one; false if it is not now in both files what it is in the one. */
bool avow__xattrs_copy(avow__xattrs_t *x, const char *name);
bool avow__xattrs_copy_acl(avow__xattrs_t *x);

/* Whether there is no ACL; false also if the system does not tell. */
bool avow__xattrs_lack_acl(const avow__xattrs_t *x);

/* Removes the ACL of the file copied to: its directory may have given one. */
bool avow__xattrs_drop_acl(const avow__xattrs_t *x);

#endif
