/* A server on loops of threads of their own, with sockets of their own where
   the system has that; built with HANDED it has not. All of it is also for
   ThreadSanitizer. cmocka fails a test from the thread that runs it: others
   only record. */
#include "owned.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness.h"

enum { LOOPS = 4, MANY = 20 };

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

static bool shared; /* the loops listen themselves */
static const char shares[] = "loops share a port here";
static avow_loops_t *loops;
static avow_value_t server; /* ours beside what listens */
static struct sockaddr_in address;
static char port[8];
static int descriptors;

/* Of other threads. */
static atomic_int begun, ended;
static uv_mutex_t mutex;
static struct {
  uv_loop_t *loop;
  int count;
} seen[LOOPS];

static int open_descriptors(void) {
  int n = 0;
  for (int fd = 0; fd < 4096; fd++)
    n += fcntl(fd, F_GETFD) >= 0;
  return n;
}

static void bind_server(void) {
  int len = sizeof(address);
  server = avow_run(avow_bind(loop, "127.0.0.1", "0"));
  assert_int_equal(uv_tcp_getsockname((uv_tcp_t *) avow_to_stream(&server),
                                      (struct sockaddr *) &address, &len),
                   0);
  (void) snprintf(port, sizeof(port), "%d", ntohs(address.sin_port)); /* fits */
}

static int set_up(void **state) {
  begun = ended = 0;
  memset(seen, 0, sizeof(seen));
  descriptors = open_descriptors();
  const int err = harness_setup(state);
  loops = avow_loops_new(LOOPS);
  bind_server();
  return err;
}

static int tear_down(void **state) {
  avow_value_unref(server);
  avow_value_unref(avow_run(avow_loops_close(loops, loop)));
  const int err = harness_teardown(state);
  if (open_descriptors() == descriptors)
    return err;
  print_error("descriptors: %d before, %d after\n", descriptors,
              open_descriptors());
  return -1;
}

static avow_promise_t *listen_with(avow_cb fn, size_t limit) {
  const int backlog = limit > 0 ? 0 : 128; /* or the default */
  const avow_loops_listen_options_t options = { .backlog = backlog,
                                                .limit = limit };
  return avow_loops_listen(loops, avow_value_ref(&server), fn, NULL, &options);
}

static avow_promise_t *close_server(void) {
  return avow_close((uv_handle_t *) avow_to_stream(&server));
}

static avow_value_t connected(void) {
  const avow_value_t v = avow_run(avow_connect(loop, "127.0.0.1", port));
  assert_string_equal(avow_error_message(&v), "no error");
  return v;
}

/* One that the loop has no part in. */
static int connect_by_hand(void) {
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

static avow_value_t echo(const avow_value_t *connection, void *data) {
  uv_stream_t *stream = avow_to_stream(connection);
  see(stream->loop);
  begun++;
  return avow_follow(avow_finally(avow_pump(stream, stream), note_end, NULL));
}

static avow_value_t hang_up(const avow_value_t *connection, void *data) {
  begun++;
  return avow_error(UV_EIO);
}

static avow_value_t fail_later(const avow_value_t *connection, void *data) {
  avow_promise_t *p = avow_sleep(avow_to_stream(connection)->loop, 1);
  return avow_follow(avow_then(p, hang_up, NULL, NULL));
}

static void wait_for(atomic_int *number, int wanted) {
  while (*number < wanted)
    assert_fulfils_none(avow_sleep(loop, 1));
}

static void assert_echoes(const avow_value_t *end) {
  uv_stream_t *stream = avow_to_stream(end);
  assert_fulfils_int(avow_write(stream, avow_string("hello")), 5);
  assert_fulfils_none(avow_shutdown(stream));
  const avow_value_t v = avow_run(avow_read_all(stream, 100));
  assert_string_equal(avow_to_bytes(&v, NULL), "hello");
  avow_value_unref(v);
}

static void assert_hangs_up(const avow_value_t *end) {
  const avow_value_t v = avow_run(avow_read_all(avow_to_stream(end), 100));
  if (!avow_is_error(&v)) /* or it is reset */
    assert_string_equal(avow_to_bytes(&v, NULL), "");
  avow_value_unref(v);
}

static void stop_server(avow_promise_t *p) {
  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
}

static size_t loops_seen(void) {
  size_t n = 0;
  uv_mutex_lock(&mutex);
  while (n < LOOPS && seen[n].loop != NULL)
    n++;
  uv_mutex_unlock(&mutex);
  return n;
}

static void connections_are_served_on_all_loops(void **state) {
  avow_promise_t *p = listen_with(echo, 0);
  avow_value_t ends[MANY] = { { .tag = AVOW_NONE } };

  for (size_t i = 0; loops_seen() < LOOPS; i++) {
    avow_value_unref(ends[i % MANY]);
    ends[i % MANY] = connected();
    wait_for(&begun, (int) i + 1);
  }

  for (size_t i = 0; i < MANY; i++)
    avow_value_unref(ends[i]);
  stop_server(p);
}

static void connections_are_handed_to_all_loops_alike(void **state) {
  if (shared)
    skip_because(shares);
  avow_promise_t *p = listen_with(echo, 0);
  avow_value_t ends[MANY];
  for (int i = 0; i < MANY; i++)
    ends[i] = connected();
  wait_for(&begun, MANY);

  for (int i = 0; i < LOOPS; i++)
    assert_int_equal(seen[i].count, MANY / LOOPS);
  for (int i = 0; i < MANY; i++) {
    assert_echoes(&ends[i]);
    avow_value_unref(ends[i]);
  }

  stop_server(p);
}

static void closing_the_server_lets_connections_end(void **state) {
  avow_promise_t *p = listen_with(echo, 0);
  const avow_value_t end = connected();
  wait_for(&begun, 1);

  assert_fulfils_none(close_server());
  if (!shared) /* others hear of it later */
    assert_rejects(avow_connect(loop, "127.0.0.1", port), UV_ECONNREFUSED);
  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_echoes(&end);

  assert_fulfils_none(p);
  assert_int_equal(ended, 1);
  assert_rejects(avow_connect(loop, "127.0.0.1", port), UV_ECONNREFUSED);
  avow_value_unref(end);
}

static void closing_an_idle_server_ends_it(void **state) {
  avow_promise_t *p = listen_with(echo, 0);

  assert_fulfils_none(close_server());

  assert_fulfils_none(p);
}

static void cancelling_cancels_connections_and_waits_for_them(void **state) {
  avow_promise_t *p = listen_with(echo, 0);
  const avow_value_t end = connected();
  wait_for(&begun, 1);

  avow_cancel(p);
  assert_int_equal(avow_state(p), AVOW_PENDING);

  assert_rejects(p, UV_ECANCELED);
  assert_int_equal(ended, 1);
  assert_hangs_up(&end);
  assert_rejects(avow_connect(loop, "127.0.0.1", port), UV_ECONNREFUSED);
  avow_value_unref(end);
}

static void cancelling_a_closed_server_cancels_its_connections(void **state) {
  avow_promise_t *p = listen_with(echo, 0);
  const avow_value_t end = connected();
  wait_for(&begun, 1);
  assert_fulfils_none(close_server());

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_int_equal(ended, 1);
  assert_hangs_up(&end);
  avow_value_unref(end);
}

static void connections_in_excess_wait(void **state) {
  avow_loops_t *all = loops;
  loops = avow_loops_new(1);
  avow_promise_t *p = listen_with(echo, 2);
  avow_value_t ends[3];
  for (int i = 0; i < 3; i++)
    ends[i] = connected();
  wait_for(&begun, 2);
  assert_fulfils_none(avow_sleep(loop, 5));
  assert_int_equal(begun, 2);

  for (int i = 0; i < 3; i++)
    assert_echoes(&ends[i]);

  for (int i = 0; i < 3; i++)
    avow_value_unref(ends[i]);
  stop_server(p);
  assert_fulfils_none(avow_loops_close(loops, loop));
  loops = all;
}

static void limit_is_for_each_loop(void **state) {
  if (shared)
    skip_because(shares);
  avow_promise_t *p = listen_with(echo, 1);
  avow_value_t ends[LOOPS + 2];
  for (int i = 0; i < LOOPS + 2; i++)
    ends[i] = connected();
  wait_for(&begun, LOOPS);
  assert_fulfils_none(avow_sleep(loop, 5));
  assert_int_equal(begun, LOOPS);

  assert_echoes(&ends[0]);
  wait_for(&begun, LOOPS + 1);
  for (int i = 1; i < LOOPS + 2; i++)
    assert_echoes(&ends[i]);

  for (int i = 0; i < LOOPS + 2; i++)
    avow_value_unref(ends[i]);
  stop_server(p);
}

static void failures_are_passed_over(void **state) {
  static const avow_cb fns[] = { hang_up, fail_later };
  for (size_t i = 0; i < 2; i++) {
    avow_promise_t *p = listen_with(fns[i], SIZE_MAX);
    begun = 0;
    for (int j = 0; j < 3; j++) {
      const avow_value_t end = connected();
      assert_hangs_up(&end);
      avow_value_unref(end);
    }
    assert_int_equal(begun, 3);
    stop_server(p);
    avow_value_unref(server);
    bind_server();
  }
}

static avow_value_t echo_once(size_t i, void *data) {
  return avow_follow(avow_connect(loop, "127.0.0.1", port));
}

static void stopping_under_fire_leaves_nothing(void **state) {
  static const avow_map_options_t options = { .limit = 16,
                                              .kind = AVOW_ALL_SETTLED };
  for (int round = 0; round < 5; round++) {
    begun = 0;
    avow_promise_t *p = listen_with(round % 2 == 0 ? echo : fail_later, 0);
    avow_promise_t *clients = avow_map(loop, 200, echo_once, NULL, &options);
    wait_for(&begun, 20 + 10 * round);

    stop_server(p);

    avow_value_unref(avow_run(clients));
    avow_value_unref(server);
    bind_server();
  }
}

/* At the latest. */
static void closed_loops_end_the_server_at_the_next_connection(void **state) {
  avow_promise_t *p = listen_with(echo, 0);
  const avow_value_t end = connected();
  wait_for(&begun, 1);

  assert_fulfils_none(avow_loops_close(loops, loop));

  assert_hangs_up(&end);
  avow_value_unref(end);
  const avow_value_t late = avow_run(avow_connect(loop, "127.0.0.1", port));
  assert_rejects(p, UV_ECANCELED);
  if (!avow_is_error(&late))
    assert_hangs_up(&late);
  avow_value_unref(late);
  loops = avow_loops_new(1);
}

static void home_that_closes_waits_for_the_connections(void **state) {
  avow_promise_t *p = listen_with(echo, 0);
  const int fd = connect_by_hand();
  wait_for(&begun, 1);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(ended, 1);
  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  avow_unref(p);
  assert_int_equal(avow_loop_init(loop, NULL), 0);
  (void) close(fd);
}

static void without_memory_a_connection_waits(void **state) {
  if (shared)
    skip_because(shares); /* nothing says when the other loop has tried */
  avow_promise_t *p = listen_with(echo, 0);
  avow_value_t end = connected(); /* now nothing else needs memory */
  wait_for(&begun, 1);
  const int fd = connect_by_hand();

  fail_allocation(1, false);
  (void) uv_run(loop, UV_RUN_ONCE);
  assert_true(allocation_failed());
  fail_allocation(0, false);

  wait_for(&begun, 2);
  (void) close(fd);
  assert_echoes(&end);
  avow_value_unref(end);
  stop_server(p);
}

static void closing_without_memory_cuts_connections_short(void **state) {
  if (!shared)
    skip_because("loops do not share a port here");
  avow_promise_t *p = listen_with(echo, 0);
  const avow_value_t end = connected();
  wait_for(&begun, 1);

  fail_allocation(1, true);
  avow_unref(close_server());
  fail_allocation(0, false);

  assert_rejects(p, UV_ENOMEM);
  assert_int_equal(ended, 1);
  assert_hangs_up(&end);
  avow_value_unref(end);
}

static void leave_descriptors(int n, struct rlimit *old) {
  const int next = dup(0);
  (void) close(next);
  assert_int_equal(getrlimit(RLIMIT_NOFILE, old), 0);
  const struct rlimit tight = { .rlim_cur = (rlim_t) (next + n),
                                .rlim_max = old->rlim_max };
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
}

static void without_descriptors_a_connection_is_closed(void **state) {
  if (shared)
    skip_because(shares);
  avow_promise_t *p = listen_with(echo, 0);
  struct rlimit old;
  char byte;
  const int fd = connect_by_hand();

  leave_descriptors(1, &old); /* for the connection, but not for its copy */
  for (int i = 0; i < 3; i++)
    (void) uv_run(loop, UV_RUN_NOWAIT);
  (void) setrlimit(RLIMIT_NOFILE, &old);

  assert_true(read(fd, &byte, 1) <= 0);
  assert_int_equal(begun, 0);
  (void) close(fd);
  const avow_value_t end = connected();
  assert_echoes(&end);
  avow_value_unref(end);
  stop_server(p);
}

/* For the sockets of the loops, that is. */
static void without_descriptors_connections_are_handed_over(void **state) {
  if (!shared)
    skip_because("loops do not share a port here");
  struct rlimit old;
  leave_descriptors(2, &old);
  avow_promise_t *p = listen_with(echo, 0);
  (void) setrlimit(RLIMIT_NOFILE, &old);
  avow_value_t ends[LOOPS];
  for (int i = 0; i < LOOPS; i++)
    ends[i] = connected();
  wait_for(&begun, LOOPS);

  assert_int_equal(loops_seen(), LOOPS);

  for (int i = 0; i < LOOPS; i++)
    avow_value_unref(ends[i]);
  stop_server(p);
}

static void ipv6_is_served_too(void **state) {
  avow_value_unref(server);
  server = avow_run(avow_bind(loop, "::1", "0"));
  if (avow_is_error(&server))
    skip_because("no IPv6 here");
  struct sockaddr_in6 at;
  int len = sizeof(at);
  assert_int_equal(uv_tcp_getsockname((uv_tcp_t *) avow_to_stream(&server),
                                      (struct sockaddr *) &at, &len),
                   0);
  (void) snprintf(port, sizeof(port), "%d", ntohs(at.sin6_port)); /* fits */
  avow_promise_t *p = listen_with(echo, 0);

  const avow_value_t end = avow_run(avow_connect(loop, "::1", port));
  assert_echoes(&end);

  avow_value_unref(end);
  stop_server(p);
}

/* The connection's own is one. */
static void what_is_no_descriptor_is_refused(void **state) {
  const avow_value_t v = avow__owned_open(loop, UV_TCP, -1);

  assert_int_equal(avow_error_code(&v), UV_EBADF);
  avow_value_unref(v);
}

/* Until somebody listens, an address can be bound twice. */
static void an_address_that_another_took_is_refused(void **state) {
  const avow_value_t second = avow_run(avow_bind(loop, "127.0.0.1", port));
  avow_promise_t *p = listen_with(echo, 0);

  const avow_value_t v =
      avow_is_error(&second)
          ? second
          : avow_run(avow_loops_listen(loops, second, echo, NULL, NULL));

  assert_int_equal(avow_error_code(&v), UV_EADDRINUSE);
  avow_value_unref(v);
  stop_server(p);
}

static void serve_a_number(void) {
  avow_unref(avow_loops_listen(loops, avow_int(1), echo, NULL, NULL));
}

static void what_is_no_stream_is_not_served(void **state) {
  assert_misuse(serve_a_number, "avow_to_object() as stream");
}

static void listen_refuses_what_it_cannot_do(void **state) {
  avow_loops_t *none = avow_loops_new(SIZE_MAX);
  avow_promise_t *p = listen_with(echo, 0);

  assert_rejects(listen_with(NULL, 0), UV_EINVAL);
  assert_rejects(listen_with(echo, 0), UV_EALREADY);
  assert_rejects(avow_loops_listen(none, avow_value_ref(&server), echo, NULL,
                                   NULL),
                 UV_ENOMEM);

  assert_fulfils_none(avow_loops_close(none, loop));
  stop_server(p);
  assert_rejects(listen_with(echo, 0), UV_EINVAL); /* it is closed */
}

#define LISTEN_CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

/* libuv opens some for good. */
static void open_what_stays(void) {
  uv_loop_t first;
  (void) uv_loop_init(&first); /* there is memory */
  (void) uv_loop_close(&first);
}

static bool can_share(void) {
  uv_loop_t own;
  uv_tcp_t tcp;
  struct sockaddr_in any;
  (void) uv_loop_init(&own); /* there is memory */
  (void) uv_tcp_init(&own, &tcp);
  (void) uv_ip4_addr("127.0.0.1", 0, &any);
  const int err = uv_tcp_bind(&tcp, (struct sockaddr *) &any, SHARING);
  uv_close((uv_handle_t *) &tcp, NULL);
  (void) uv_run(&own, UV_RUN_DEFAULT);
  (void) uv_loop_close(&own);
  return SHARING != 0 && uv_version() >= 0x013100 && err == 0;
}

int main(void) {
  (void) signal(SIGPIPE, SIG_IGN);
  open_what_stays();
  (void) uv_mutex_init(&mutex); /* there is memory */
  shared = can_share();
  const struct CMUnitTest tests[] = {
    LISTEN_CASE(connections_are_served_on_all_loops),
    LISTEN_CASE(connections_are_handed_to_all_loops_alike),
    LISTEN_CASE(closing_the_server_lets_connections_end),
    LISTEN_CASE(closing_an_idle_server_ends_it),
    LISTEN_CASE(cancelling_cancels_connections_and_waits_for_them),
    LISTEN_CASE(cancelling_a_closed_server_cancels_its_connections),
    LISTEN_CASE(connections_in_excess_wait),
    LISTEN_CASE(limit_is_for_each_loop),
    LISTEN_CASE(failures_are_passed_over),
    LISTEN_CASE(stopping_under_fire_leaves_nothing),
    LISTEN_CASE(closed_loops_end_the_server_at_the_next_connection),
    LISTEN_CASE(home_that_closes_waits_for_the_connections),
    LISTEN_CASE(without_memory_a_connection_waits),
    LISTEN_CASE(closing_without_memory_cuts_connections_short),
    LISTEN_CASE(without_descriptors_a_connection_is_closed),
    LISTEN_CASE(without_descriptors_connections_are_handed_over),
    LISTEN_CASE(ipv6_is_served_too),
    LISTEN_CASE(what_is_no_descriptor_is_refused),
    LISTEN_CASE(an_address_that_another_took_is_refused),
    LISTEN_CASE(what_is_no_stream_is_not_served),
    LISTEN_CASE(listen_refuses_what_it_cannot_do),
  };
  return RUN(tests);
}
