/* SPDX-License-Identifier: MIT */
/*
 * Prints what one more loop, promise, function or connection takes, for
 * docs/memory.md. The columns are bytes of malloc that are in use, including
 * those of libuv and OpenSSL, bytes that became resident, descriptors, handles
 * of libuv and threads. Each figure is the growth while the program makes many
 * of a kind, divided by their number.
 *
 *   footprint [CERTIFICATE KEY]   PEM for localhost, for the rows of TLS
 *
 * Nothing is released: a later kind then cannot use what an earlier one left.
 */
#include <dirent.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "avow/all.h"
#ifdef FOOTPRINT_TLS
#  include "avow/tls.h"
#endif

/* The pool takes 1 MiB at a time: the error is divided by the promises. */
enum {
  LOOPS = 20,
  MANY = 400000,
  SOME = 20000,
  FEW = 2000,
  PAIRS = 200,
  READ = 100
};

typedef struct {
  double malloced, resident, descriptors, handles, threads;
} taken_t;

static uv_loop_t loops[2 * LOOPS + 1];
static uv_loop_t *const loop = &loops[0];
static size_t loops_made;

static void check(bool ok, const char *what) {
  if (ok)
    return;
  (void) fprintf(stderr, "footprint: %s\n", what);
  exit(1);
}

static double entries(const char *path) {
  int n = -2; /* "." and ".." */
  DIR *dir = opendir(path);
  check(dir != NULL, "needs Linux's /proc");
  while (readdir(dir) != NULL)
    n++;
  (void) closedir(dir); /* opened for reading only */
  return n;
}

static double resident(void) {
  unsigned long size, pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  check(file != NULL && fscanf(file, "%lu %lu", &size, &pages) == 2,
        "needs Linux's /proc");
  (void) fclose(file); /* opened for reading only */
  return (double) pages * (double) sysconf(_SC_PAGESIZE);
}

static void count_handle(uv_handle_t *handle, void *n) {
  (*(double *) n)++;
}

static taken_t take_stock(void) {
  const struct mallinfo2 heap = mallinfo2();
  taken_t now = {
    .malloced = (double) heap.uordblks + (double) heap.hblkhd,
    .resident = resident(),
    .descriptors = entries("/proc/self/fd"),
    .threads = entries("/proc/self/task"),
  };
  for (size_t i = 0; i < loops_made; i++)
    uv_walk(&loops[i], count_handle, &now.handles);
  return now;
}

/* Makes n things by `make` and prints the share of each. */
static void row(const char *name, void (*make)(void), int n, int share) {
  const taken_t before = take_stock();
  for (int i = 0; i < n; i++)
    make();
  const taken_t after = take_stock();
  const double all = (double) n * share;
  printf("%s\t%.0f\t%.0f\t%.2f\t%.2f\t%.2f\n", name,
         (after.malloced - before.malloced) / all,
         (after.resident - before.resident) / all,
         (after.descriptors - before.descriptors) / all,
         (after.handles - before.handles) / all,
         (after.threads - before.threads) / all);
}

static void raw_loop(void) {
  check(uv_loop_init(&loops[loops_made++]) == 0, "uv_loop_init()");
}

static void avow_loop(void) {
  raw_loop();
  check(avow_loop_init(&loops[loops_made - 1], NULL) == 0, "avow_loop_init()");
}

/* Nothing is released, but the results must be used. */
static void keep(const void *thing) {
  check(thing != NULL, "a thing");
}

static avow_promise_t *pending(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  keep(d);
  return p;
}

static void promise(void) {
  keep(pending());
}

static avow_value_t handler(const avow_value_t *v, void *data) {
  return avow_none();
}

static void then(void) {
  keep(avow_then(pending(), handler, NULL, NULL));
}

static void sleeping(void) {
  keep(avow_sleep(loop, 3600000));
}

static void channel(void) {
  keep(avow_channel_new(loop, 16));
}

static void full_channel(void) {
  avow_channel_t *c = avow_channel_new(loop, 16);
  for (int i = 0; i < 16; i++)
    avow_unref(avow_channel_send(c, avow_int(i)));
  keep(c);
}

static avow_value_t wait_for_it(void *data) {
  return avow_await(pending());
}

static void async_function(void) {
  keep(avow_async(loop, wait_for_it, NULL));
}

/* Connections. Both ends are in this process. */

static avow_channel_t *connections;
static char port[8];
static avow_value_t ends[4 * PAIRS + 2];
static size_t n_ends, n_read;

static void listen_here(void) {
  static avow_value_t listener;
  listener = avow_run(avow_bind(loop, "127.0.0.1", "0"));
  check(!avow_is_error(&listener), "a listening socket");
  uv_stream_t *at = avow_stream_handle(avow_to_stream(&listener));
  (void) snprintf(port, sizeof(port), "%d",
                  avow_local_address((uv_handle_t *) at).port);
  connections = avow_connections(at, NULL);
}

static void connect_pair(void) {
  avow_promise_t *both[] = { avow_channel_next(connections),
                             avow_connect(loop, "127.0.0.1", port) };
  const avow_value_t pair = avow_run(avow_all(loop, both, 2));
  check(!avow_is_error(&pair), "two ends of a connection");
  ends[n_ends++] = avow_value_ref(avow_list_at(&pair, 0));
  ends[n_ends++] = avow_value_ref(avow_list_at(&pair, 1));
  avow_value_unref(pair);
}

static void read_end(void) {
  keep(avow_read(avow_to_stream(&ends[n_read++]), READ));
}

static avow_value_t nothing(void *data) {
  return avow_none();
}

static void thread_pool(void) {
  avow_value_unref(avow_run(avow_work(loop, nothing, NULL, NULL)));
}

#ifdef FOOTPRINT_TLS
static const char *certificate_path, *key_path;
static avow_value_t of_server, of_client;

static void set_up_tls(void) {
  const avow_value_t certificate =
      avow_run(avow_read_file(loop, certificate_path, 10000));
  const avow_value_t key = avow_run(avow_read_file(loop, key_path, 10000));
  check(!avow_is_error(&certificate) && !avow_is_error(&key), "PEM files");
  const char *text = avow_to_bytes(&certificate, NULL);
  const avow_tls_options_t server = { .certificate = text,
                                      .key = avow_to_bytes(&key, NULL) };
  const avow_tls_options_t client = { .authorities = text };
  of_server = avow_tls_settings(&server);
  of_client = avow_tls_settings(&client);
  avow_value_unref(certificate);
  avow_value_unref(key);
}

/* TLS over the connections in `ends`, on which no read is pending. */
static void tls_pair(void) {
  const avow_value_t here = ends[--n_ends], there = ends[--n_ends];
  avow_promise_t *both[] = { avow_tls_server(&of_server, there),
                             avow_tls_client(&of_client, here, "localhost") };
  const avow_value_t pair = avow_run(avow_all(loop, both, 2));
  check(!avow_is_error(&pair),
        avow_is_error(&pair) ? avow_error_message(&pair) : "");
  keep(avow_promise_resolve(loop, pair));
}

static void tls_rows(void) {
  set_up_tls();
  for (int i = 0; i < PAIRS; i++)
    connect_pair();
  tls_pair(); /* the first also loads the algorithms */
  row("TLS over a connection, after the handshake", tls_pair, PAIRS - 1, 2);
}
#endif

int main(int argc, char **argv) {
  check(argc == 1 || argc == 3, "usage: footprint [CERTIFICATE KEY]");
  (void) signal(SIGPIPE, SIG_IGN);
  avow_loop();
  row("a loop of libuv", raw_loop, LOOPS, 1);
  row("a loop of libuv, with avow", avow_loop, LOOPS, 1);
  row("a pending promise", promise, MANY, 1);
  row("a pending promise with a handler", then, MANY, 1);
  row("a sleep", sleeping, MANY, 1);
  row("a channel", channel, SOME, 1);
  row("a channel with 16 buffered numbers", full_channel, SOME, 1);
  row("an async function that waits", async_function, FEW, 1);
  listen_here();
  connect_pair();
  row("one end of a TCP connection", connect_pair, PAIRS, 2);
  row("a read that waits for such an end", read_end, PAIRS, 1);
  row("the thread pool, after its first use", thread_pool, 1, 1);
#ifdef FOOTPRINT_TLS
  if (argc == 3) {
    certificate_path = argv[1];
    key_path = argv[2];
    tls_rows();
  }
#endif
  return 0;
}
