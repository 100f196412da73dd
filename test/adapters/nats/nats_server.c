/* SPDX-License-Identifier: MIT */
#include "nats_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#  include <sys/prctl.h>
#endif

typedef struct {
  int fd, port;
  char url[64];
} place_t;

static place_t server, silent, nobody;
static pid_t process;
static char config[32]; /* path of its file, or "" */
static char store[32];  /* folder of JetStream, or "" */

static struct sockaddr_in address_of(int port) {
  return (struct sockaddr_in){ .sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                               .sin_port = htons((uint16_t) port) };
}

static void give_up(const char *what) {
  perror(what);
  exit(1);
}

/* Binds a free port. On Linux the server can also bind it, because both sockets
   have SO_REUSEADDR and this one does not listen. Other programs do not get the
   port, neither before the server listens nor between its restarts. */
static void take_place(place_t *place) {
  struct sockaddr_in at = address_of(0);
  socklen_t len = sizeof(at);
  const int on = 1;
  place->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fcntl(place->fd, F_SETFD, FD_CLOEXEC) != 0 ||
      setsockopt(place->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
      bind(place->fd, (struct sockaddr *) &at, len) != 0 ||
      getsockname(place->fd, (struct sockaddr *) &at, &len) != 0)
    give_up("bind");
  place->port = ntohs(at.sin_port);
  (void) snprintf(place->url, sizeof(place->url), "nats://127.0.0.1:%d",
                  place->port);
}

const char *nats_url(void) {
  return server.url;
}

const char *silent_url(void) {
  if (silent.fd == 0) {
    take_place(&silent);
    (void) listen(silent.fd, 100);
  }
  return silent.url;
}

void silent_wait(void) {
  struct pollfd poll_fd = { .fd = silent.fd, .events = POLLIN };
  while (poll(&poll_fd, 1, -1) < 0)
    continue;
}

void silent_leave(void) {
  close(silent.fd); /* closes its connections, which were not accepted */
  silent.fd = 0;
}

const char *refusing_url(void) {
  if (nobody.fd == 0)
    take_place(&nobody);
  return nobody.url;
}

static void be_server(void) {
  char port[16];
  char *args[16] = { "nats-server", "-a", "127.0.0.1", "-p", port };
  int n = 5;
  (void) snprintf(port, sizeof(port), "%d", server.port);
  if (config[0] != '\0') {
    args[n++] = "-c";
    args[n++] = config;
  }
  if (store[0] != '\0') {
    args[n++] = "-js";
    args[n++] = "-sd";
    args[n++] = store;
  }
#ifdef __linux__
  (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  (void) freopen("/dev/null", "w", stderr);
  (void) setenv("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin", 1);
  execvp(args[0], args);
  _exit(127);
}

static int remove_one(const char *path, const struct stat *unused, int type,
                      struct FTW *ftw) {
  return remove(path);
}

void nats_server_set_jetstream(bool has) {
  if (store[0] != '\0')
    (void) nftw(store, remove_one, 16, FTW_DEPTH | FTW_PHYS);
  store[0] = '\0';
  if (!has)
    return;
  (void) snprintf(store, sizeof(store), "/tmp/avow-nats-XXXXXX");
  if (mkdtemp(store) == NULL)
    give_up("store");
}

void nats_server_set_config(const char *text) {
  if (config[0] != '\0')
    (void) unlink(config);
  config[0] = '\0';
  if (text == NULL)
    return;
  (void) snprintf(config, sizeof(config), "/tmp/avow-nats-XXXXXX");
  const int fd = mkstemp(config);
  const size_t len = strlen(text);
  if (fd < 0 || write(fd, text, len) != (ssize_t) len)
    give_up("config");
  close(fd);
}

/* Returns whether the server has sent its greeting. */
static bool greets(void) {
  char c;
  struct sockaddr_in at = address_of(server.port);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const bool does = connect(fd, (struct sockaddr *) &at, sizeof(at)) == 0 &&
                    recv(fd, &c, 1, 0) == 1;
  close(fd);
  return does;
}

static void choose_port(void) {
  take_place(&server);
#ifndef __linux__
  close(server.fd); /* allows the server to bind it */
#endif
}

static void wait_for_server(void) {
  while (!greets()) {
    if (waitpid(process, NULL, WNOHANG) != 0) {
      (void) fprintf(stderr, "nats-server ended before it listened\n");
      exit(1);
    }
    usleep(5000);
  }
}

void nats_server_start(void) {
  if (server.port == 0)
    choose_port();
  process = fork();
  if (process < 0)
    give_up("fork");
  if (process == 0)
    be_server();
  wait_for_server();
}

void nats_server_stop(void) {
  kill(process, SIGKILL);
  waitpid(process, NULL, 0);
}

void nats_server_pause(void) {
  kill(process, SIGSTOP);
  waitpid(process, NULL, WUNTRACED); /* until it has stopped */
}

void nats_server_go_on(void) {
  kill(process, SIGCONT);
}
