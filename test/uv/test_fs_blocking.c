/* SPDX-License-Identifier: MIT */
/* The blocking calls on files, where no operation tests them for certain. */
#include "uv/fs_blocking.h"

#include "disk.h"

static int stat_of_closed(const char *path, uv_stat_t *out) {
  return avow__disk_fstat(-1, out);
}

/* A failed call leaves its result unchanged, whatever it contained before. */
static void assert_leaves(int (*look)(const char *path, uv_stat_t *out),
                          int code) {
  for (int byte = 0; byte < 2; byte++) {
    uv_stat_t before, stat;
    memset(&before, byte, sizeof(before));
    memcpy(&stat, &before, sizeof(stat));
    assert_int_equal(look(at("absent"), &stat), code);
    assert_memory_equal(&stat, &before, sizeof(stat));
  }
}

static void failed_stat_leaves_its_result_unchanged(void **state) {
  assert_leaves(avow__disk_stat, UV_ENOENT);
  assert_leaves(avow__disk_lstat, UV_ENOENT);
  assert_leaves(stat_of_closed, UV_EBADF);
}

SUITE(fs_blocking) {
  const struct CMUnitTest tests[] = {
    DISK_CASE(failed_stat_leaves_its_result_unchanged),
  };
  disk_init();
  return RUN(tests);
}
