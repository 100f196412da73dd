/*
 * The system's calls for processes, and for what connects them with this one.
 */
#define _GNU_SOURCE /* pipe2() */

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "inject.h"

typedef union {
  void *symbol;
  pid_t (*fork)(void);
  int (*pipe2)(int[2], int);
  int (*socketpair)(int, int, int, int[2]);
} next_t;

static next_t next(const char *name) {
  return (next_t){ .symbol = inject_next(name) };
}

/* What happens in the child would not be known here: none of its calls fails,
   nor those that libuv makes on the way out of fork(). */
pid_t fork(void) {
  if (inject_fails(CALL_FORK, NULL))
    return -1;
  const next_t system = next("fork");
  inject_pause(true);
  const pid_t pid = system.fork();
  inject_pause(pid == 0);
  return pid;
}

/* Those that do not block are a loop's own: libuv before 1.52 leaves files open
   when it has none. */
int pipe2(int fds[2], int flags) {
  const bool is_own = (flags & O_NONBLOCK) != 0;
  if (inject_fails(is_own ? CALL_NONE : CALL_PIPE, NULL))
    return -1;
  return next("pipe2").pipe2(fds, flags);
}

int socketpair(int domain, int type, int protocol, int fds[2]) {
  if (inject_fails(CALL_PIPE, NULL))
    return -1;
  const int result = next("socketpair").socketpair(domain, type, protocol, fds);
  for (int i = 0; i < 2 && result == 0; i++)
    (void) inject_opened(fds[i], KIND_PAIR); /* returns its argument */
  return result;
}
