/* SPDX-License-Identifier: MIT */
/*
 * Prints the libuv version of a test run, and whether the pool or the kernel
 * serves its file requests.
 */
#include <stdio.h>

#include "thread_pool.h"

int main(void) {
  pool_init();
  (void) printf("%s %s\n", uv_version_string(),
                kernel_does_files() ? "io_uring" : "pool");
  return 0;
}
