/* SPDX-License-Identifier: MIT */
#include "exchange.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { A_FEW = 10, NAME = 32, EXCHANGE = 2 };

int rounds(void) {
  const char *text = getenv("ROUNDS");
  return text != NULL ? (int) strtol(text, NULL, 10) : A_FEW;
}

static void exchange(int dir, const char *a, const char *b) {
#ifdef SYS_renameat2
  (void) syscall(SYS_renameat2, dir, a, dir, b, EXCHANGE); /* may be missing */
#else
  (void) renameat(dir, a, dir, "aside");
  (void) renameat(dir, b, dir, a);
  (void) renameat(dir, "aside", dir, b);
#endif
}

/* Runs while the test's process lives. It allocates nothing, because other
   threads may have held a lock during fork(). */
static void exchange_all(const char *path, int pairs, pid_t test) {
  char names[2][NAME];
  while (getppid() == test) {
    const int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; dir >= 0 && i < pairs; i++) {
      (void) snprintf(names[0], NAME, "%d", i); /* the text fits */
      (void) snprintf(names[1], NAME, "%d-link", i);
      exchange(dir, names[0], names[1]);
    }
    (void) close(dir); /* `dir` is -1 if it does not exist */
  }
}

uv_pid_t start_exchanging(const char *name, int pairs) {
  const char *path = at(name);
  const pid_t test = getpid();
  const pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    exchange_all(path, pairs, test);
    _exit(0);
  }
  return pid;
}

void stop_exchanging(uv_pid_t pid) {
  assert_int_equal(kill(pid, SIGKILL), 0);
  assert_int_equal(waitpid(pid, NULL, 0), pid);
}

void make_pairs(const char *name, int pairs, const char *outside) {
  char path[2 * NAME];
  make_dir(name);
  for (int i = 0; i < pairs; i++) {
    (void) snprintf(path, sizeof(path), "%s/%d-link", name, i); /* it fits */
    make_link(path, outside);
    (void) snprintf(path, sizeof(path), "%s/%d", name, i);
    make_dir(path);
    (void) snprintf(path, sizeof(path), "%s/%d/inside", name, i);
    make_file(path, "");
  }
}
