/* SPDX-License-Identifier: MIT */
/* Says with which libuv a test runs, and who does what it asks of files. */
#include <stdio.h>

#include "thread_pool.h"

int main(void) {
  pool_init();
  (void) printf("%s %s\n", uv_version_string(),
                kernel_does_files() ? "io_uring" : "pool");
  return 0;
}
