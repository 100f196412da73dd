/* SPDX-License-Identifier: MIT */
#include "loops_server.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>

#if UV_VERSION_HEX >= 0x013100 && !defined(HANDED)
enum { SHARING = UV_TCP_REUSEPORT };
#else
enum { SHARING = 0 };
#endif

#ifdef HANDED
int __real_uv_tcp_bind(uv_tcp_t *tcp, const struct sockaddr *at,
                       unsigned flags);
int __wrap_uv_tcp_bind(uv_tcp_t *tcp, const struct sockaddr *at,
                       unsigned flags);

int __wrap_uv_tcp_bind(uv_tcp_t *tcp, const struct sockaddr *at,
                       unsigned flags) {
  return flags == 0 ? __real_uv_tcp_bind(tcp, at, flags) : UV_ENOTSUP;
}
#endif

bool shared; /* the loops themselves listen */
const char shares[] = "loops share a port here";
avow_value_t server; /* the test's own listener */
struct sockaddr_in address;
char port[8];
static int descriptors;

/* Counted on other threads. */
atomic_int begun, ended;
static uv_mutex_t mutex;
seen_t seen[LOOPS];

static int open_descriptors(void) {
  int n = 0;
  for (int fd = 0; fd < 4096; fd++)
    n += fcntl(fd, F_GETFD) >= 0;
  return n;
}

void bind_server(void) {
  int len = sizeof(address);
  server = avow_run(avow_bind(loop, "127.0.0.1", "0"));
  assert_int_equal(uv_tcp_getsockname((uv_tcp_t *) avow_stream_handle(
                                          avow_to_stream(&server)),
                                      (struct sockaddr *) &address, &len),
                   0);
  (void) snprintf(port, sizeof(port), "%d", ntohs(address.sin_port)); /* fits */
}

int loops_server_setup(void **state) {
  begun = ended = 0;
  memset(seen, 0, sizeof(seen));
  descriptors = open_descriptors();
  const int err = harness_setup(state);
  loops = avow_loops_new(LOOPS);
  bind_server();
  return err;
}

int loops_server_teardown(void **state) {
  avow_value_unref(server);
  avow_value_unref(avow_run(avow_loops_close(loops, loop)));
  const int err = harness_teardown(state);
  if (open_descriptors() == descriptors)
    return err;
  print_error("descriptors: %d before, %d after\n", descriptors,
              open_descriptors());
  return -1;
}

avow_promise_t *listen_with(avow_cb fn, size_t concurrency) {
  const int backlog = concurrency > 0 ? 0 : 128; /* or the default */
  const avow_loops_listen_options_t options = { .backlog = backlog,
                                                .concurrency = concurrency };
  return avow_loops_listen(loops, avow_value_ref(&server), fn, NULL, &options);
}

avow_promise_t *close_server(void) {
  return avow_close(avow_to_stream(&server));
}

avow_value_t connected(void) {
  const avow_value_t v = avow_run(avow_connect(loop, "127.0.0.1", port));
  assert_string_equal(avow_error_message(&v), "no error");
  return v;
}

/* Connects without the loop. */
int connect_by_hand(void) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(connect(fd, (struct sockaddr *) &address, sizeof(address)),
                   0);
  return fd;
}

static void see(uv_loop_t *own) {
  uv_mutex_lock(&mutex);
  size_t i = 0;
  while (seen[i].loop != NULL && seen[i].loop != own)
    i++;
  seen[i].loop = own;
  seen[i].count++;
  uv_mutex_unlock(&mutex);
}

static avow_value_t note_end(void *data) {
  ended++;
  return avow_none();
}

avow_value_t echo(const avow_value_t *connection, void *data) {
  const avow_stream_t stream = avow_to_stream(connection);
  see(avow_stream_handle(stream)->loop);
  begun++;
  return avow_follow(
      avow_finally(avow_pump(stream, stream, NULL), note_end, NULL));
}

avow_value_t hang_up(const avow_value_t *connection, void *data) {
  begun++;
  return avow_error(UV_EIO);
}

avow_value_t fail_later(const avow_value_t *connection, void *data) {
  avow_promise_t *p =
      avow_sleep(avow_stream_handle(avow_to_stream(connection))->loop, 1);
  return avow_follow(avow_then(p, hang_up, NULL, NULL));
}

void wait_for(atomic_int *number, int wanted) {
  while (*number < wanted)
    assert_fulfills_none(avow_sleep(loop, 1));
}

void assert_echoes(const avow_value_t *end) {
  const avow_stream_t stream = avow_to_stream(end);
  assert_fulfills_int(avow_write(stream, avow_string("hello")), 5);
  assert_fulfills_none(avow_shutdown(stream));
  const avow_value_t v = avow_run(avow_read_all(stream, 100));
  assert_string_equal(avow_to_bytes(&v, NULL), "hello");
  avow_value_unref(v);
}

void assert_hangs_up(const avow_value_t *end) {
  const avow_value_t v = avow_run(avow_read_all(avow_to_stream(end), 100));
  if (!avow_is_error(&v)) /* or the connection is reset */
    assert_string_equal(avow_to_bytes(&v, NULL), "");
  avow_value_unref(v);
}

void stop_server(avow_promise_t *p) {
  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
}

size_t loops_seen(void) {
  size_t n = 0;
  uv_mutex_lock(&mutex);
  while (n < LOOPS && seen[n].loop != NULL)
    n++;
  uv_mutex_unlock(&mutex);
  return n;
}

/* Opens the descriptors that libuv never closes. */
static void open_what_stays(void) {
  uv_loop_t first;
  (void) uv_loop_init(&first); /* memory suffices */
  (void) uv_loop_close(&first);
}

static bool can_share(void) {
  uv_loop_t own;
  uv_tcp_t tcp;
  struct sockaddr_in any;
  (void) uv_loop_init(&own); /* memory suffices */
  (void) uv_tcp_init(&own, &tcp);
  (void) uv_ip4_addr("127.0.0.1", 0, &any);
  const int err = uv_tcp_bind(&tcp, (struct sockaddr *) &any, SHARING);
  uv_close((uv_handle_t *) &tcp, NULL);
  (void) uv_run(&own, UV_RUN_DEFAULT);
  (void) uv_loop_close(&own);
  return SHARING != 0 && uv_version() >= 0x013100 && err == 0;
}

void loops_server_init(void) {
  open_what_stays();
  (void) uv_mutex_init(&mutex); /* memory suffices */
  shared = can_share();
}
