/*
 * Making things beside those that they replace, under names that nobody has.
 */
#include "beside.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "disk.h"

enum { TRIES = 100 };

void avow__beside_name(char name[AVOW__BESIDE_NAME]) {
  static atomic_uint serial;
  (void) snprintf(name, AVOW__BESIDE_NAME, ".avow-%x-%x-%04x",
                  (unsigned) uv_os_getpid(), atomic_fetch_add(&serial, 1),
                  (unsigned) (uv_hrtime() & 0xffff)); /* it fits */
}

/* What was made in part goes, and so does what was not renamed. */
static int make_and_rename(const char *temp, const char *path,
                           avow__make_fn *make, const void *data) {
  int err = make(temp, data);
  if (err == UV_EEXIST)
    return err;
  if (err == 0)
    err = avow__disk_rename(temp, path);
  if (err < 0)
    (void) avow__disk_unlink(temp); /* the first failure is told */
  return err;
}

int avow__beside(const char *path, avow__make_fn *make, const void *data) {
  const size_t name_at = avow__disk_name_at(path);
  char *temp = avow__malloc(name_at + AVOW__BESIDE_NAME);
  if (temp == NULL)
    return UV_ENOMEM;
  memcpy(temp, path, name_at);
  int err = UV_EEXIST;
  for (int i = 0; i < TRIES && err == UV_EEXIST; i++) {
    avow__beside_name(temp + name_at);
    err = make_and_rename(temp, path, make, data);
  }
  avow__free(temp);
  return err;
}
