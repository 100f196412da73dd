/* SPDX-License-Identifier: MIT */
/*
 * load CONNECTIONS [SEED]: many connections at the same time. The server and
 * the client are processes of their own, both on avow, over loopback. Half of
 * the connections are canceled at random times. At the end, neither process has
 * a promise, a handle, a descriptor or a byte left.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load.h"

enum { DEADLINE = 300, SKIPPED = 77, OTHER_FILES = 100 };

plan_t plan;

void show_progress(const report_t *report, bool last) {
  static uint64_t shown;
  const uint64_t now = uv_hrtime();
  const uint64_t tenth = 100000000;
  if (!isatty(STDERR_FILENO) || (!last && now - shown < tenth))
    return;
  shown = now;
  (void) fprintf(stderr,
                 "\r%6" PRIu32 " open, %6" PRIu32 " complete, %6" PRIu32
                 " canceled, %6" PRIu64 " MB echoed%s",
                 report->open, report->complete, report->cut,
                 report->bytes / 1000000, last ? "\n" : "");
}

/* Reads `len` bytes. Returns false if fewer arrive. */
static bool read_whole(int fd, void *out, size_t len) {
  char *at = out;
  while (len > 0) {
    const ssize_t n = read(fd, at, len);
    if (n <= 0)
      return false;
    at += n;
    len -= (size_t) n;
  }
  return true;
}

static bool may_open_enough(void) {
  struct rlimit limit;
  CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const rlim_t needed = plan.connections + OTHER_FILES;
  if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < needed)
    return false;
  if (limit.rlim_cur < needed)
    limit.rlim_cur = needed;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static _Noreturn void be_client(int in, int out) {
  addresses_t addresses;
  CHECK(read_whole(in, addresses, sizeof(addresses)));
  const report_t report = talk(addresses);
  CHECK(write(out, &report, sizeof(report)) == sizeof(report));
  _exit(0);
}

static void summarise(const report_t *server, const report_t *client,
                      uint64_t start) {
  printf("%u connections, %" PRIu64 " messages, %" PRIu64
         " MB echoed; server: %" PRIu32 " complete, %" PRIu32
         " canceled, %" PRIu64 " bytes each; client: %" PRIu32
         " complete, %" PRIu32 " cut; %.1f s, seed %" PRIu64 "\n",
         plan.connections, client->messages, server->bytes / 1000000,
         server->complete, server->cut, server->memory, client->complete,
         client->cut, (double) (uv_hrtime() - start) / 1e9, plan.seed);
}

static int be_server(pid_t client, int in, int out) {
  const uint64_t start = uv_hrtime();
  const report_t report = serve(out);
  show_progress(&report, true);
  report_t other;
  int status = 0;
  CHECK(read_whole(in, &other, sizeof(other)));
  CHECK(waitpid(client, &status, 0) == client);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  summarise(&report, &other, start);
  return 0;
}

static bool parse(int argc, char *argv[]) {
  if (argc < 2 || argc > 3)
    return false;
  plan.connections = (unsigned) strtoul(argv[1], NULL, 10);
  plan.seed = argc > 2 ? strtoull(argv[2], NULL, 10) : uv_hrtime() % 1000000;
  return plan.connections > 0;
}

int main(int argc, char *argv[]) {
  int to_client[2];
  int to_server[2];
  if (!parse(argc, argv)) {
    (void) fprintf(stderr, "usage: load CONNECTIONS [SEED]\n");
    return 2;
  }
  if (!may_open_enough()) {
    printf("skipped: the limit is below %u descriptors\n", plan.connections);
    return SKIPPED;
  }
  room_init();
  CHECK(pipe(to_client) == 0 && pipe(to_server) == 0);
  (void) signal(SIGPIPE, SIG_IGN); /* libuv requires this of programs */
  const pid_t pid = fork();
  CHECK(pid >= 0);
  (void) alarm(DEADLINE); /* in each process */
  const bool is_client = pid == 0;
  (void) close(to_client[is_client ? 1 : 0]); /* the other end */
  (void) close(to_server[is_client ? 0 : 1]);
  if (is_client)
    be_client(to_client[0], to_server[1]);
  return be_server(pid, to_server[0], to_client[1]);
}
