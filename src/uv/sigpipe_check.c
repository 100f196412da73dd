/* SPDX-License-Identifier: MIT */
/*
 * libuv writes to sockets without MSG_NOSIGNAL, and to pipes with write(). Such
 * a write to a peer that has hung up raises SIGPIPE. The signal ends a program
 * silently unless the program ignores, blocks or handles it. Signal actions
 * belong to the whole process, so avow does not change them, but gives advice
 * in time.
 */
#include "uv/sigpipe_check.h"

#if AVOW__DEBUG && defined(AVOW_BY_PATHS)

/* The simulated libuv raises no signals. */
void avow__look_at_sigpipe(const uv_stream_t *stream) {
}

#elif AVOW__DEBUG && !defined(_WIN32)

#  include <signal.h>
#  include <stdatomic.h>
#  include <stdbool.h>

static bool sigpipe_ends_us(void) {
  struct sigaction now = { .sa_handler = SIG_IGN };
  sigset_t blocked;
  (void) sigaction(SIGPIPE, NULL, &now); /* only reads, cannot fail */
  (void) pthread_sigmask(SIG_BLOCK, NULL, &blocked); /* likewise */
  return now.sa_handler == SIG_DFL && sigismember(&blocked, SIGPIPE) == 0;
}

void avow__look_at_sigpipe(const uv_stream_t *stream) {
  static atomic_flag looked = ATOMIC_FLAG_INIT;
  if (stream->type == UV_TTY || atomic_flag_test_and_set(&looked))
    return;
  if (sigpipe_ends_us())
    avow__advise(
        "SIGPIPE ends this process if it writes to a closed connection; call "
        "signal(SIGPIPE, SIG_IGN) first");
}

#endif
