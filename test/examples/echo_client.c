/* SPDX-License-Identifier: MIT */
/*
 * Usage: echo_client PORT|PATH
 *
 * Sends its input to the port of loopback or to the socket of the path, and
 * then shuts down its side. Prints the answer until the other side closes.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int connect_path(const char *path) {
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd >= 0 &&
      connect(fd, (const struct sockaddr *) &address, sizeof(address)) != 0)
    return -1;
  return fd;
}

static int connect_port(long port) {
  struct sockaddr_in address = { .sin_family = AF_INET };
  address.sin_port = htons((uint16_t) port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd >= 0 &&
      connect(fd, (const struct sockaddr *) &address, sizeof(address)) != 0)
    return -1;
  return fd;
}

static int connect_to(const char *text) {
  return strchr(text, '/') != NULL ? connect_path(text)
                                   : connect_port(strtol(text, NULL, 10));
}

/* Moves the available bytes. Returns false if reading or writing failed. */
static int pump(int from, int to) {
  char data[16384];
  ssize_t n;
  while ((n = read(from, data, sizeof(data))) > 0)
    for (ssize_t done = 0, m; done < n; done += m)
      if ((m = write(to, data + done, (size_t) (n - done))) < 0)
        return 0;
  return n == 0;
}

int main(int argc, char *argv[]) {
  const int fd = argc == 2 ? connect_to(argv[1]) : -1;
  if (fd < 0)
    return 1;
  const pid_t pid = fork(); /* both directions at once */
  if (pid == 0) {
    (void) pump(STDIN_FILENO, fd);
    (void) shutdown(fd, SHUT_WR);
    _exit(0);
  }
  const int status = pump(fd, STDOUT_FILENO) ? 0 : 1;
  if (pid > 0 && kill(pid, SIGTERM) == 0) /* the peer has closed */
    (void) waitpid(pid, NULL, 0);
  return status;
}
