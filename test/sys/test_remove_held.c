/* SPDX-License-Identifier: MIT */
/*
 * A removal that is canceled while a thread of the pool removes. The thread
 * waits at its first entry until the test has canceled the removal.
 */
#include <stdatomic.h>
#include <unistd.h>

#include "disk.h"

static atomic_bool holds;

int __real_unlinkat(int dir, const char *name, int flags);
int __wrap_unlinkat(int dir, const char *name, int flags);
int __wrap_unlinkat(int dir, const char *name, int flags) {
  if (atomic_exchange(&holds, false))
    wait_in_pool();
  return __real_unlinkat(dir, name, flags);
}

static void make_two(void) {
  make_dir("a");
  make_file("a/one", "");
  make_file("a/two", "");
}

static void remove_tree_stops_when_canceled(void **state) {
  const int before = open_files();
  make_two();
  atomic_store(&holds, true);
  avow_promise_t *p = avow_remove_tree(loop, at("a"));
  run_until_met();

  avow_cancel(p);
  release_pool_threads();

  assert_rejects(p, UV_ECANCELED);
  run();
  assert_true(is_there("a"));
  assert_int_equal(open_files(), before);
}

SUITE(remove_held) {
  const struct CMUnitTest tests[] = {
    DISK_CASE(remove_tree_stops_when_canceled),
  };
  disk_init();
  return RUN(tests);
}
