/* SPDX-License-Identifier: MIT */
/*
 * Prints the callbacks of random sequences. Linked with libuv and with the
 * simulator, it must print the same lines. The simulator simulates libuv 1.44,
 * from which later versions differ in details.
 *
 *   sequences NAME-OF-A-PIPE FIRST-SEED LAST-SEED
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "sequences.h"

/* Enough iterations for all effects. An iteration of a simulated loop takes a
   microsecond, and a message takes tens of them. */
enum { TURNS = 300, SKIPPED = 77 };

int main(int argc, char **argv) {
  (void) signal(SIGPIPE, SIG_IGN);
  if (argc != 4)
    return EXIT_FAILURE;
  if (uv_version() >> 8 != (1 << 8 | 44)) {
    (void) fputs("skipped: libuv is not 1.44\n", stderr);
    return SKIPPED;
  }
  const sequence_t how = { .pipe = argv[1], .turns = TURNS };
  for (long seed = atol(argv[2]); seed <= atol(argv[3]); seed++) {
    printf("%ld ", seed);
    sequence_run((uint64_t) seed, uv_default_loop(), &how);
    sequence_tell();
  }
  return EXIT_SUCCESS;
}
