/* SPDX-License-Identifier: MIT */
/*
 * System calls on sockets except read() and write(). They are separate from
 * calls on files, because connect() has another type with GNU extensions.
 */
#undef _FORTIFY_SOURCE /* its headers define some of these */

#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>

#include "inject.h"

int accept4(int fd, struct sockaddr *address, socklen_t *len, int flags);

typedef union {
  void *symbol;
  int (*socket)(int, int, int);
  int (*connect)(int, const struct sockaddr *, socklen_t);
  int (*getsockopt)(int, int, int, void *, socklen_t *);
  int (*accept4)(int, struct sockaddr *, socklen_t *, int);
  int (*shutdown)(int, int);
  ssize_t (*sendmsg)(int, const struct msghdr *, int);
  ssize_t (*recvmsg)(int, struct msghdr *, int);
  int (*getaddrinfo)(const char *, const char *, const struct addrinfo *,
                     struct addrinfo **);
} next_t;

static next_t next(const char *name) {
  return (next_t){ .symbol = inject_next(name) };
}

int socket(int domain, int type, int protocol) {
  if (inject_fails(CALL_SOCKET, NULL))
    return -1;
  return inject_opened(next("socket").socket(domain, type, protocol),
                       KIND_SOCKET);
}

int connect(int fd, const struct sockaddr *address, socklen_t len) {
  if (inject_fails(CALL_CONNECT, NULL))
    return -1;
  return next("connect").connect(fd, address, len);
}

/* The call succeeds and stores the error in *value. */
int getsockopt(int fd, int level, int option, void *value, socklen_t *len) {
  const int saved = errno;
  const bool asked = level == SOL_SOCKET && option == SO_ERROR;
  const int result =
      next("getsockopt").getsockopt(fd, level, option, value, len);
  if (result == 0 && inject_fails(asked ? CALL_CONNECTED : CALL_NONE, NULL)) {
    *(int *) value = errno;
    errno = saved;
  }
  return result;
}

int accept4(int fd, struct sockaddr *address, socklen_t *len, int flags) {
  if (inject_fails(CALL_ACCEPT, NULL))
    return -1;
  return inject_opened(next("accept4").accept4(fd, address, len, flags),
                       KIND_SOCKET);
}

int shutdown(int fd, int how) {
  if (inject_fails(CALL_SHUTDOWN, NULL))
    return -1;
  return next("shutdown").shutdown(fd, how);
}

/* Datagrams are sent and received whole. */

static call_t call_on(int fd, call_t call) {
  return inject_kind(fd) == KIND_SOCKET ? call : CALL_NONE;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  if (inject_fails(call_on(fd, CALL_SEND), NULL))
    return -1;
  return next("sendmsg").sendmsg(fd, message, flags);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
  if (inject_fails(call_on(fd, CALL_RECEIVE), NULL))
    return -1;
  return next("recvmsg").recvmsg(fd, message, flags);
}

int getaddrinfo(const char *node, const char *service,
                const struct addrinfo *hints, struct addrinfo **out) {
  if (inject_fails(CALL_LOOKUP, NULL))
    return EAI_SYSTEM;
  return next("getaddrinfo").getaddrinfo(node, service, hints, out);
}
