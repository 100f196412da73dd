/* SPDX-License-Identifier: MIT */
#include "keeper.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOCKETS = 5, PROGRAMS = 4, TEXTS = 8, TEXT = 128, FIRST = 3 };

static char folder[] = "/tmp/avow-curl-XXXXXX";
static int ends[2];
static int sockets[SOCKETS], how_many;
static pid_t guards[PROGRAMS];
static int guarded;

static char *text(void) {
  static char texts[TEXTS][TEXT];
  static int next;
  return texts[next++ % TEXTS];
}

const char *in_folder(const char *name) {
  char *path = text();
  (void) snprintf(path, TEXT, "%s/%s", folder, name); /* fits */
  return path;
}

const char *port_text(int port) {
  char *digits = text();
  (void) snprintf(digits, TEXT, "%d", port); /* fits */
  return digits;
}

/* Turns this process into another program, in the folder. Its output goes to a
   file and not to readers of the tests' output. */
static void become(const char *const *args) {
  const int said = open(in_folder("said"), O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (said < 0 || dup2(said, STDOUT_FILENO) < 0 ||
      dup2(said, STDERR_FILENO) < 0 || chdir(folder) != 0)
    _exit(126);
  (void) execvp(args[0], (char *const *) (const void *) args);
  _exit(127);
}

void keeper_finish(const char *const *args) {
  int status = 1;
  const pid_t pid = fork();
  if (pid == 0)
    become(args);
  if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
    (void) fprintf(stderr, "%s failed: %d\n", args[1], status);
    abort();
  }
}

int keeper_setup(void **state) {
  const char *const papers[] = { "sh", HERE "/papers.sh", NULL };
  if (mkdtemp(folder) == NULL || pipe(ends) != 0)
    return -1;
  (void) fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  (void) fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  keeper_finish(papers);
  return 0;
}

int keeper_listen(void) {
  struct sockaddr_in address = { .sin_family = AF_INET };
  socklen_t len = sizeof(address);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (how_many == SOCKETS || bind(fd, (struct sockaddr *) &address, len) != 0 ||
      listen(fd, 1024) != 0 ||
      getsockname(fd, (struct sockaddr *) &address, &len) != 0 ||
      fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
    abort();
  sockets[how_many++] = fd;
  return ntohs(address.sin_port);
}

/* The program gets sockets from descriptor FIRST on. $NGINX tells nginx about
   them. */
static void hand_sockets_over(void) {
  char list[4 * SOCKETS] = "";
  int copies[SOCKETS], len = 0;
  for (int i = 0; i < how_many; i++)
    copies[i] = fcntl(sockets[i], F_DUPFD_CLOEXEC, FIRST + SOCKETS);
  for (int i = 0; i < how_many; i++) {
    (void) dup2(copies[i], FIRST + i);
    len += snprintf(list + len, sizeof(list) - (size_t) len, "%d;", FIRST + i);
  }
  (void) setenv("NGINX", list, 1);
}

static void forget_sockets(void) {
  while (how_many > 0)
    (void) close(sockets[--how_many]);
}

/* Ends the program when the process of the tests has ended or closes the
   pipe. */
static void guard(const char *const *args) {
  char c;
  (void) close(ends[1]);
  const pid_t pid = fork();
  if (pid == 0) {
    hand_sockets_over();
    become(args);
  }
  forget_sockets();
  (void) dup2(ends[0], STDOUT_FILENO); /* readers of our output wait for us */
  (void) dup2(ends[0], STDERR_FILENO);
  while (read(ends[0], &c, 1) > 0)
    continue;
  (void) kill(pid, SIGTERM);
  (void) waitpid(pid, NULL, 0);
  _exit(0);
}

void keeper_run(const char *const *args) {
  const pid_t pid = guarded < PROGRAMS ? fork() : -1;
  if (pid == 0)
    guard(args);
  if (pid < 0)
    abort();
  guards[guarded++] = pid;
  forget_sockets();
}

int keeper_teardown(void **state) {
  const char *const remove[] = { "rm", "-rf", folder, NULL };
  (void) close(ends[1]);
  for (int i = 0; i < guarded; i++)
    (void) waitpid(guards[i], NULL, 0);
  (void) close(ends[0]);
  keeper_finish(remove);
  return 0;
}
