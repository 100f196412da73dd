/* SPDX-License-Identifier: MIT */
/* System calls for processes and for their connections with this process. */
#define _GNU_SOURCE /* pipe2() */

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <unistd.h>

#include "inject.h"

typedef union {
  void *symbol;
  pid_t (*fork)(void);
  int (*posix_spawn)(pid_t *, const char *, const posix_spawn_file_actions_t *,
                     const posix_spawnattr_t *, char *const[], char *const[]);
  int (*pipe2)(int[2], int);
  int (*socketpair)(int, int, int, int[2]);
} next_t;

static next_t next(const char *name) {
  return (next_t){ .symbol = inject_next(name) };
}

/* This process could not observe faults in the child. Therefore calls of the
   child do not fail, and neither do calls that libuv makes after fork(). */
pid_t fork(void) {
  if (inject_fails(CALL_FORK, NULL))
    return -1;
  const next_t system = next("fork");
  inject_pause(true);
  const pid_t pid = system.fork();
  inject_pause(pid == 0);
  return pid;
}

/* Since 1.53, libuv starts most processes with this function. */
int posix_spawn(pid_t *pid, const char *path,
                const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const args[],
                char *const env[]) {
  if (inject_fails(CALL_FORK, NULL))
    return errno;
  return next("posix_spawn")
      .posix_spawn(pid, path, actions, attributes, args, env);
}

/* Non-blocking pipes are internal pipes of a loop. If making one fails, libuv
   before 1.52 leaves files open. */
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
