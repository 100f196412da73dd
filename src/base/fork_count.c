/* SPDX-License-Identifier: MIT */
#include "base/fork_count.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <uv.h>
#ifndef _WIN32
#  include <pthread.h>
#endif

static unsigned forks; /* changes only while the process has one thread */

#ifdef _WIN32
static int watch(void) {
  return 0; /* there is no fork() */
}
#else
static void count_fork(void) {
  forks++;
}

static int watch(void) {
  return pthread_atfork(NULL, NULL, count_fork) == 0 ? 0 : UV_ENOMEM;
}
#endif

/* uv_once() would make a system call. */
int avow__forks_watch(void) {
  static atomic_bool is_watched;
  if (atomic_exchange(&is_watched, true))
    return 0;
  const int err = watch();
  if (err != 0)
    atomic_store(&is_watched, false);
  return err;
}

unsigned avow__forks(void) {
  return forks;
}
