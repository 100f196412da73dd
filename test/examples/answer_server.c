/* SPDX-License-Identifier: MIT */
/*
 * Usage: answer_server [6]
 *
 * Listens on loopback (with 6: on IPv6) and prints its port. Answers each
 * request with the text that it read from its input, until it is killed.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 16 };

typedef union {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} address_t;

static char answer[1 << 16];

static size_t read_answer(void) {
  size_t len = 0;
  ssize_t n;
  while ((n = read(STDIN_FILENO, answer + len, sizeof(answer) - len)) > 0)
    len += (size_t) n;
  return len;
}

static int listen_on(int family) {
  address_t address = { .any = { .sa_family = (sa_family_t) family } };
  socklen_t len = sizeof(address);
  if (family == AF_INET6)
    address.v6.sin6_addr = in6addr_loopback;
  else
    address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = socket(family, SOCK_STREAM, 0);
  if (fd < 0 || bind(fd, &address.any, sizeof(address)) != 0 ||
      listen(fd, BACKLOG) != 0 || getsockname(fd, &address.any, &len) != 0)
    return -1;
  printf("%d\n", ntohs(family == AF_INET6 ? address.v6.sin6_port
                                          : address.v4.sin_port));
  (void) fflush(stdout);
  return fd;
}

/* Closing with unread data would reset the connection. */
static void read_request(int fd) {
  char text[4096];
  size_t len = 0;
  ssize_t n;
  while (len < sizeof(text) - 1 &&
         (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0) {
    len += (size_t) n;
    text[len] = '\0';
    if (strstr(text, "\r\n\r\n") != NULL)
      return;
  }
}

int main(int argc, char *argv[]) {
  (void) signal(SIGPIPE, SIG_IGN);
  const size_t len = read_answer();
  const int listener = listen_on(argc > 1 ? AF_INET6 : AF_INET);
  if (listener < 0)
    return 1;
  for (;;) {
    const int fd = accept(listener, NULL, NULL);
    read_request(fd);
    if (write(fd, answer, len) < 0)
      perror("answer_server");
    (void) close(fd);
  }
}
