/* SPDX-License-Identifier: MIT */
/*
 * The time of an echo beside endless promise work. A server echoes 64
 * bytes to a client. The client uses libuv with callbacks and has one pending
 * request on each of n connections. The server uses avow. It runs alone, or
 * beside an endless avow_repeat() of quick steps or of steps that take 10 us to
 * 1 ms. The floor is a libuv server with callbacks that runs alone. The servers
 * take turns. The table shows the median and the 99th percentile of the echoes
 * in a turn, each from the turn with the lowest value.
 *
 * The client has its own loop, which runs whenever the server's loop is about
 * to poll. The client's time is subtracted. The time of an echo is therefore
 * the processor time of the server, independently of other load. An echo that
 * arrives within an iteration of the server's loop counts the whole iteration.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef _WIN32
#  include <sys/resource.h>
#endif

#include "bench.h"

enum { SIZE = 64, ECHOES = 250, LEAST = 5, FEW = 64, MANY = 1000 };
enum { US = 1000, MS = 1000000 };

static void check(bool ok) {
  bench_require(ok, "an echo");
}

/* The time of each echo in a turn. */
typedef struct {
  uint64_t *ns;
  size_t n;
} samples_t;

/* The lowest values of all turns. */
typedef struct {
  uint64_t median, p99;
} latency_t;

/* One end of a connection. */
typedef struct {
  uv_tcp_t tcp;
  uv_write_t write;
  uint64_t sent_at;
  size_t left; /* client: remaining echoes */
  char buf[SIZE];
} end_t;

static struct {
  uv_loop_t loop;
  uv_prepare_t prepare; /* on the server's loop */
  end_t *ends;
  samples_t *samples;
  uint64_t ns;  /* its processor time */
  uint64_t now; /* the server's processor time when the client began to run */
} client;

static char request[SIZE] = "echo";

static void on_sent(uv_write_t *write, int status) {
  check(status == 0);
}

static void send_buffer(end_t *end, char *base) {
  const uv_buf_t buf = uv_buf_init(base, SIZE);
  uv_stream_t *stream = (uv_stream_t *) &end->tcp;
  if (uv_try_write(stream, &buf, 1) != SIZE)
    check(uv_write(&end->write, stream, &buf, 1, on_sent) == 0);
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  end_t *end = handle->data;
  *buf = uv_buf_init(end->buf, SIZE);
}

static void send_request(end_t *end) {
  if (end->left-- == 0) {
    uv_close((uv_handle_t *) &end->tcp, NULL);
    return;
  }
  end->sent_at = client.now;
  send_buffer(end, request);
}

/* 64 bytes arrive as a whole or not at all. */
static void on_echo(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  end_t *end = stream->data;
  if (n == 0)
    return;
  check(n == SIZE);
  client.samples->ns[client.samples->n++] = client.now - end->sent_at;
  send_request(end);
}

static void run_client(uv_prepare_t *handle) {
  const uint64_t start = bench_clock();
  client.now = start - client.ns;
  (void) uv_run(&client.loop, UV_RUN_NOWAIT); /* it may wait for an echo */
  client.ns += bench_clock() - start;
}

/* The servers. */
static end_t *ends;
static size_t still_open;

static void on_closed(uv_handle_t *handle) {
  still_open--;
}

static void raw_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  if (n < 0)
    uv_close((uv_handle_t *) stream, on_closed);
  else if (n > 0)
    send_buffer(stream->data, buf->base);
}

static void serve_raw(end_t *end) {
  check(uv_read_start((uv_stream_t *) &end->tcp, give_room, raw_read) == 0);
}

static avow_value_t written(const avow_value_t *len, void *data) {
  return avow_none();
}

/* As avow_repeat() requires: NONE continues, an INT ends. */
static avow_value_t answer(const avow_value_t *bytes, void *data) {
  end_t *end = data;
  if (avow_is_none(bytes))
    return avow_int(0);
  avow_promise_t *p = avow_write(avow_uv_stream((uv_stream_t *) &end->tcp),
                                 avow_value_ref(bytes));
  return avow_follow(avow_then(p, written, NULL, NULL));
}

static avow_value_t read_and_answer(void *data) {
  end_t *end = data;
  avow_promise_t *p =
      avow_read(avow_uv_stream((uv_stream_t *) &end->tcp), SIZE);
  return avow_follow(avow_then(p, answer, NULL, end));
}

static avow_value_t end_connection(const avow_value_t *outcome, void *data) {
  check(!avow_is_error(outcome));
  uv_close((uv_handle_t *) data, on_closed);
  return avow_none();
}

static void serve_avow(end_t *end) {
  avow_promise_t *p = avow_repeat(bench_loop, read_and_answer, end);
  avow_unref(avow_then(p, end_connection, end_connection, &end->tcp));
}

/* The repeat lasts as long as a connection is open. */
static avow_value_t quick_step(void *kind) {
  return still_open > 0 ? avow_none() : avow_int(0);
}

typedef struct {
  const char *name;
  void (*serve)(end_t *end);
  avow_fn step; /* of the concurrent work; NULL: none */
  uint64_t ns;  /* duration of a slow step */
} kind_t;

static avow_value_t slow_step(void *data) {
  kind_t *kind = data;
  const uint64_t start = bench_clock();
  while (bench_clock() - start < kind->ns)
    continue;
  return quick_step(kind);
}

enum { RAW, ALONE, KINDS = 6 };

static latency_t latencies[KINDS];

static kind_t kinds[KINDS] = {
  { "libuv", serve_raw, NULL, 0 },
  { "avow", serve_avow, NULL, 0 },
  { "avow, beside quick steps", serve_avow, quick_step, 0 },
  { "avow, beside steps of 10 us", serve_avow, slow_step, 10 * US },
  { "avow, beside steps of 100 us", serve_avow, slow_step, 100 * US },
  { "avow, beside steps of 1 ms", serve_avow, slow_step, MS },
};

static void open_end(uv_loop_t *loop, end_t *end, uv_os_sock_t fd) {
  check(uv_tcp_init(loop, &end->tcp) == 0);
  check(uv_tcp_open(&end->tcp, fd) == 0);
  end->tcp.data = end;
}

static void open_connection(const kind_t *kind, size_t i, size_t echoes) {
  uv_os_sock_t fds[2];
  end_t *end = &client.ends[i];
  check(uv_socketpair(SOCK_STREAM, 0, fds, UV_NONBLOCK_PIPE,
                      UV_NONBLOCK_PIPE) == 0);
  open_end(bench_loop, &ends[i], fds[0]);
  kind->serve(&ends[i]);
  open_end(&client.loop, end, fds[1]);
  check(uv_read_start((uv_stream_t *) &end->tcp, give_room, on_echo) == 0);
  end->left = echoes;
}

static void run_echoes(kind_t *kind) {
  check(uv_prepare_init(bench_loop, &client.prepare) == 0);
  check(uv_prepare_start(&client.prepare, run_client) == 0);
  uv_unref((uv_handle_t *) &client.prepare);
  if (kind->step != NULL)
    avow_unref(avow_repeat(bench_loop, kind->step, kind));
  bench_drain();
  uv_close((uv_handle_t *) &client.prepare, NULL);
  bench_drain();
}

static size_t echoes_each(size_t n) {
  return n * LEAST < ECHOES ? ECHOES / n : LEAST;
}

static void take_turn(kind_t *kind, samples_t *samples, size_t n) {
  client.samples = samples;
  client.now = bench_clock() - client.ns;
  check(uv_loop_init(&client.loop) == 0);
  for (still_open = 0; still_open < n; still_open++)
    open_connection(kind, still_open, echoes_each(n));
  for (size_t i = 0; i < n; i++)
    send_request(&client.ends[i]);
  run_echoes(kind);
  check(uv_run(&client.loop, UV_RUN_DEFAULT) == 0);
  check(uv_loop_close(&client.loop) == 0);
}

static int compare(const void *a, const void *b) {
  const uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;
  return (x > y) - (x < y);
}

static uint64_t percentile(const samples_t *samples, size_t percent) {
  return samples->ns[(samples->n - 1) * percent / 100];
}

static uint64_t least(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

static void measure_turn(int kind, samples_t *samples, size_t n) {
  latency_t *latency = &latencies[kind];
  samples->n = 0;
  take_turn(&kinds[kind], samples, n);
  qsort(samples->ns, samples->n, sizeof(uint64_t), compare);
  latency->median = least(latency->median, percentile(samples, 50));
  latency->p99 = least(latency->p99, percentile(samples, 99));
}

static bool quick, csv;

static const char *mark(uint64_t ns, uint64_t target) {
#ifndef NDEBUG
  return "debug build";
#endif
  if (quick || target == 0)
    return quick ? "not measured" : "";
  return ns <= target ? "met" : "MISSED";
}

/* The target for an echo beside endless work; 0: none. An echo takes two
   iterations, and each may be late by one step. */
static uint64_t target_of(int kind, size_t n) {
  if (kinds[kind].step == NULL)
    return 0;
  const uint64_t ms = MS, late = 2 * kinds[kind].ns;
  return late + (n <= FEW ? 3 * ms : latencies[ALONE].median + 2 * ms);
}

static void print_line(const char *name, size_t n, const char *part,
                       uint64_t ns, uint64_t lowest, uint64_t target) {
  char label[80];
  (void) snprintf(label, sizeof(label), "%s, %s", name, part); /* fits */
  (void) printf(csv ? "\"%s\",%zu,ns,%.0f,%.0f,%.2f,0,%.0f,0,%s\n"
                    : "%-36s %9zu %12.0f %12.0f %6.2f %12.0f  %s\n",
                label, n, (double) ns, (double) lowest,
                (double) ns / (double) lowest, (double) target,
                mark(ns, target));
}

static void print_kinds(size_t n) {
  const latency_t *raw = &latencies[RAW];
  for (int kind = ALONE; kind < KINDS; kind++) {
    const latency_t *latency = &latencies[kind];
    const char *name = kinds[kind].name;
    print_line(name, n, "median", latency->median, raw->median,
               target_of(kind, n));
    print_line(name, n, "99 %", latency->p99, raw->p99, 0);
  }
  (void) fflush(stdout); /* shows each line at once */
}

static void *room_for(size_t n, size_t size) {
  void *room = calloc(n, size);
  bench_require(room != NULL, "memory for connections");
  return room;
}

/* More turns make it more likely that one is undisturbed. */
static int turns_of(size_t n) {
  if (quick)
    return 1;
  return n <= MANY ? 25 : 5;
}

static void measure(size_t n) {
  samples_t samples = { room_for(n * echoes_each(n), sizeof(uint64_t)), 0 };
  ends = room_for(n, sizeof(*ends));
  client.ends = room_for(n, sizeof(*client.ends));
  for (int kind = RAW; kind < KINDS; kind++)
    latencies[kind] = (latency_t){ UINT64_MAX, UINT64_MAX };
  for (int turn = 0; turn < turns_of(n); turn++)
    for (int kind = RAW; kind < KINDS; kind++)
      measure_turn(kind, &samples, n);
  print_kinds(n);
  free(samples.ns);
  free(ends);
  free(client.ends);
}

#ifndef _WIN32

/* The number of connections, limited by the descriptors that the process may
   have. Each connection has two. */
static size_t at_most(size_t n) {
  enum { OTHERS = 100 };
  struct rlimit limit;
  check(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = limit.rlim_max;
  check(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  const rlim_t most = limit.rlim_max;
  return 2 * n + OTHERS <= most ? n : (size_t) (most - OTHERS) / 2;
}

#else

static size_t at_most(size_t n) {
  return n;
}

#endif

static void measure_all(void) {
  const size_t sizes[] = { 1, 64, 1000, 10000 };
  const size_t count = quick ? 2 : sizeof(sizes) / sizeof(*sizes);
  for (size_t i = 0; i < count; i++)
    measure(at_most(sizes[i]));
}

int main(int argc, char **argv) {
  static uv_loop_t loop;
  for (int i = 1; i < argc; i++) {
    quick |= strcmp(argv[i], "--quick") == 0;
    csv |= strcmp(argv[i], "--csv") == 0;
  }
  bench_loop = &loop;
  bench_require(uv_loop_init(&loop) == 0, "uv_loop_init()");
  bench_require(avow_loop_init(&loop, NULL) == 0, "avow_loop_init()");
  if (!csv)
    (void) printf("%-36s %9s %12s %12s %6s %12s\n", "echo by", "n", "ns",
                  "floor", "ratio", "target");
  measure_all();
  bench_require(avow_loop_close(&loop) == 0, "avow_loop_close()");
  bench_require(uv_loop_close(&loop) == 0, "uv_loop_close()");
  return EXIT_SUCCESS;
}
