/* SPDX-License-Identifier: MIT */
#include "refusing.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

const refusal_t never;

static atomic_bool has_come, waits;

refusal_t once(int err) {
  return (refusal_t){ .err = err, .times = 1 };
}

refusal_t always(int err) {
  return (refusal_t){ .err = err, .times = 10000 };
}

bool refuses(refusal_t *refusal) {
  const int call = atomic_fetch_add(&refusal->calls, 1) - refusal->after;
  return call >= 0 && call < refusal->times;
}

int refused(const refusal_t *refusal) {
  errno = -refusal->err;
  return -1;
}

uint64_t __wrap_uv_hrtime(void);
uint64_t __real_uv_hrtime(void);
uint64_t __wrap_uv_hrtime(void) {
  return atomic_load(&waits) ? 1 : __real_uv_hrtime();
}

void start_holding_up(void) {
  atomic_store(&has_come, false);
  atomic_store(&waits, true);
}

void stop_holding_up(void) {
  atomic_store(&waits, false);
}

void run_until_held_up(void) {
  while (!atomic_load(&has_come))
    (void) uv_run(loop, UV_RUN_NOWAIT); /* the loop has more to wait for */
}

void hold_up(void) {
  atomic_store(&has_come, true);
  while (atomic_load(&waits) && avow_work_is_wanted())
    uv_sleep(1);
}

void make_tree(void) {
  make_dir("a");
  make_dir("a/b");
  make_file("a/b/file", "");
}

void go_to(const char **name) {
  if (*name != NULL)
    assert_int_equal(chdir(at(*name)), 0);
  *name = NULL;
}

int refusing_setup(void **state) {
  static int home = -1;
  if (home < 0)
    home = open(".", O_RDONLY | O_DIRECTORY);
  assert_int_equal(fchdir(home), 0);
  stop_holding_up();
  return disk_setup(state);
}
