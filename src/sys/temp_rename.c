/* SPDX-License-Identifier: MIT */
/*
 * Creates replacements under unused names in the directory of the target.
 */
#include "sys/temp_rename.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "uv/fs_blocking.h"

enum { RENAME_TRIES = 100, NAME_SIZE = 40 };

static void set_random_name(char name[NAME_SIZE]) {
  uint64_t random = uv_hrtime();
  /* or use this */
  (void) uv_random(NULL, NULL, &random, sizeof(random), 0, NULL);
  (void) snprintf(name, NAME_SIZE, ".avow-%016llx",
                  (unsigned long long) random); /* it fits */
}

/* Removes an incomplete replacement, and one that was not renamed. */
static int make_and_rename(avow__place_t temp, avow__place_t place,
                           avow__make_fn *make, const void *data) {
  int err = make(temp, data);
  if (err == UV_EEXIST)
    return err;
  if (err == 0)
    err = avow__place_rename(temp, place);
  if (err < 0)
    (void) avow__place_unlink(temp); /* the first failure is reported */
  return err;
}

int avow__beside(avow__place_t place, avow__make_fn *make, const void *data) {
  const char *text = avow__place_text(place);
  const size_t name_at = avow__disk_name_at(text);
  char *temp = avow_malloc(name_at + NAME_SIZE);
  if (temp == NULL)
    return UV_ENOMEM;
  memcpy(temp, text, name_at);
  const avow__place_t beside = { place.dir, temp, temp };
  int err = UV_EEXIST;
  for (int i = 0; i < RENAME_TRIES && err == UV_EEXIST; i++) {
    set_random_name(temp + name_at);
    err = make_and_rename(beside, place, make, data);
  }
  avow_free(temp);
  return err;
}
