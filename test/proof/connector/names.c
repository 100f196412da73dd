/* SPDX-License-Identifier: MIT */
/*
 * getaddrinfo(), connect() and write() with behavior that a test chooses. The
 * linker of ELF systems gives the program's functions priority over the
 * system's.
 */
#define _DEFAULT_SOURCE /* syscall() */
#undef _FORTIFY_SOURCE

#include "names.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <uv.h>

enum { HELLO_LEN = 6 };

typedef struct {
  struct addrinfo info;
  struct sockaddr_in address;
} entry_t;

int names_live, names_dead, names_stuck;
uv_sem_t names_slow;
atomic_bool names_break_write;
atomic_int names_attempts;

static struct addrinfo *entry(int port, struct addrinfo *next) {
  entry_t *e = calloc(1, sizeof(*e));
  if (e == NULL)
    abort();
  e->address.sin_family = AF_INET;
  e->address.sin_port = htons((uint16_t) port);
  e->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  e->info.ai_family = AF_INET;
  e->info.ai_socktype = SOCK_STREAM;
  e->info.ai_addrlen = sizeof(e->address);
  e->info.ai_addr = (struct sockaddr *) &e->address;
  e->info.ai_next = next;
  return &e->info;
}

int getaddrinfo(const char *name, const char *service,
                const struct addrinfo *hints, struct addrinfo **out) {
  if (strcmp(name, "nowhere") == 0)
    return EAI_NONAME;
  if (strcmp(name, "slow") == 0)
    uv_sem_wait(&names_slow);
  if (strcmp(name, "both-dead") == 0)
    *out = entry(names_dead, entry(names_dead, NULL));
  else if (strcmp(name, "first-dead") == 0)
    *out = entry(names_dead, entry(names_live, NULL));
  else if (strcmp(name, "stuck") == 0)
    *out = entry(names_stuck, NULL);
  else
    *out = entry(names_live, NULL);
  return 0;
}

void freeaddrinfo(struct addrinfo *list) {
  while (list != NULL) {
    struct addrinfo *next = list->ai_next;
    free(list);
    list = next;
  }
}

int connect(int fd, const struct sockaddr *address, socklen_t len) {
  atomic_fetch_add(&names_attempts, 1);
  return (int) syscall(SYS_connect, fd, address, len);
}

ssize_t write(int fd, const void *data, size_t len) {
  const bool hello = len == HELLO_LEN && memcmp(data, "hello\n", len) == 0;
  if (hello && atomic_exchange(&names_break_write, false)) {
    errno = EPIPE;
    return -1;
  }
  return syscall(SYS_write, fd, data, len);
}
