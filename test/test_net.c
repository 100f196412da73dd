/* Connections by name, and streams that values own. */
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connect.h"
#include "harness.h"

enum { ACCEPTED = 8, LONG = 3600 * 1000 };

static avow_value_t server, accepted[ACCEPTED];
static size_t count; /* of accepted */
static char port[8];

static uv_stream_t *stream_of(const avow_value_t *v) {
  return avow_to_stream(v);
}

static uv_handle_t *handle_of(const avow_value_t *v) {
  return (uv_handle_t *) avow_to_stream(v);
}

static int port_of(const avow_value_t *v) {
  struct sockaddr_in address;
  int len = sizeof(address);
  assert_int_equal(uv_tcp_getsockname((const uv_tcp_t *) stream_of(v),
                                      (struct sockaddr *) &address, &len),
                   0);
  return ntohs(address.sin_port);
}

static void on_connection(uv_stream_t *listener, int status) {
  assert_int_equal(status, 0);
  assert_true(count < ACCEPTED);
  accepted[count++] = avow_accept(listener);
}

static int set_up(void **state) {
  count = 0;
  if (harness_setup(state) != 0)
    return -1;
  server = avow_run(avow_bind(loop, "127.0.0.1", "0"));
  (void) snprintf(port, sizeof(port), "%d", port_of(&server)); /* fits */
  return uv_listen(stream_of(&server), 8, on_connection);
}

static void drop(avow_value_t *v) {
  const avow_value_t gone = *v;
  *v = avow_none();
  avow_value_unref(gone);
}

static int tear_down(void **state) {
  drop(&server);
  for (size_t i = 0; i < count; i++)
    drop(&accepted[i]);
  run();
  return harness_teardown(state);
}

static void turn(void) {
  for (int i = 0; i < 3; i++)
    (void) uv_run(loop, UV_RUN_NOWAIT); /* the server keeps it alive */
}

static avow_promise_t *start(void) {
  return avow_connect(loop, "127.0.0.1", port);
}

static void wait_for(size_t n) {
  while (count < n)
    (void) uv_run(loop, UV_RUN_ONCE); /* the server keeps it alive */
}

static avow_value_t connected(void) {
  const size_t before = count;
  const avow_value_t v = avow_run(start());
  assert_string_equal(avow_error_message(&v), "no error");
  wait_for(before + 1);
  return v;
}

static void assert_hears(const avow_value_t *v, const char *text) {
  const avow_value_t bytes = avow_run(avow_read(stream_of(v), 100));
  assert_string_equal(avow_to_bytes(&bytes, NULL), text);
  avow_value_unref(bytes);
}

static void assert_hears_the_end(const avow_value_t *v) {
  assert_fulfils_none(avow_read(stream_of(v), 100));
}

/* Streams. */

static void connected_streams_talk(void **state) {
  avow_value_t v = connected();

  assert_fulfils_int(avow_write(stream_of(&v), avow_string("hi")), 2);
  assert_hears(&accepted[0], "hi");
  assert_fulfils_int(avow_write(stream_of(&accepted[0]), avow_string("ho")), 2);
  assert_hears(&v, "ho");

  drop(&v);
}

static void stream_closes_with_its_last_reference(void **state) {
  avow_value_t v = connected();
  avow_value_t other = avow_value_ref(&v);

  drop(&v);
  assert_false(uv_is_closing(handle_of(&other)));
  drop(&other);

  assert_hears_the_end(&accepted[0]);
}

static void dropped_stream_rejects_what_is_pending(void **state) {
  avow_value_t v = connected();
  avow_promise_t *read = avow_read(stream_of(&v), 100);

  drop(&v);

  assert_rejects(read, UV_ECANCELED);
}

static avow_value_t drop_cb(const avow_value_t *arg, void *value) {
  drop(value);
  return avow_value_ref(arg);
}

static void stream_is_dropped_by_its_own_handler(void **state) {
  avow_value_t v = connected();
  avow_promise_t *p = avow_read(stream_of(&v), 100);
  p = avow_then(p, drop_cb, NULL, &v);

  assert_fulfils_int(avow_write(stream_of(&accepted[0]), avow_string("x")), 1);

  avow_value_unref(avow_run(p));
  assert_hears_the_end(&accepted[0]);
}

static void stream_may_be_closed_before(void **state) {
  avow_value_t v = connected();

  assert_fulfils_none(avow_close(handle_of(&v)));

  assert_true(uv_is_closing(handle_of(&v)));
  assert_rejects(avow_read(stream_of(&v), 100), UV_EINVAL);
  drop(&v);
}

static void stream_may_be_dropped_while_it_closes(void **state) {
  avow_value_t v = connected();
  avow_promise_t *p = avow_close(handle_of(&v));

  drop(&v);

  assert_fulfils_none(p);
}

static void handler_of_a_close_drops_the_stream(void **state) {
  avow_value_t v = connected();

  assert_fulfils_none(avow_then(avow_close(handle_of(&v)), drop_cb, NULL, &v));
}

static void loop_close_closes_streams_that_are_held(void **state) {
  avow_value_t v = connected();

  assert_int_equal(avow_loop_close(loop), 0);

  assert_true(uv_is_closing(handle_of(&v)));
  assert_true(uv_is_closing(handle_of(&server)));
  assert_int_equal(uv_loop_alive(loop), 0);
  drop(&v);
  assert_int_equal(avow_loop_init(loop, NULL), 0);
}

static void handler_may_drop_streams_while_the_loop_closes(void **state) {
  avow_value_t v = connected();
  avow_unref(avow_then(avow_sleep(loop, LONG), NULL, drop_cb, &v));

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(v.tag, AVOW_NONE);
  assert_int_equal(avow_loop_init(loop, NULL), 0);
}

static avow_value_t accept_cb(const avow_value_t *arg, void *value) {
  avow_value_t *out = value;
  *out = avow_accept(stream_of(&server));
  return avow_none();
}

static void nothing_is_accepted_while_the_loop_closes(void **state) {
  avow_value_t v = avow_none();
  avow_unref(avow_then(avow_sleep(loop, LONG), NULL, accept_cb, &v));

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_error_code(&v), UV_ECANCELED);
  drop(&v);
  assert_int_equal(avow_loop_init(loop, NULL), 0);
}

static void close_cb(uv_handle_t *handle, void *arg) {
  if (!uv_is_closing(handle))
    uv_close(handle, NULL);
}

static void walk_may_close_streams_that_are_dropped_after(void **state) {
  avow_value_t v = connected();
  avow_promise_t *p = avow_read(stream_of(&v), 100);

  uv_walk(loop, close_cb, NULL);
  drop(&v);
  run();

  assert_int_equal(avow_loop_close(loop), 0);
  avow_unref(p);
  assert_int_equal(avow_loop_init(loop, NULL), 0);
}

static void walk_may_close_streams_that_outlive_the_loop(void **state) {
  avow_value_t v = connected();

  uv_walk(loop, close_cb, NULL);
  assert_int_equal(avow_loop_close(loop), 0);

  drop(&v);
  assert_int_equal(avow_loop_init(loop, NULL), 0);
}

static void read_a_number_as_a_stream(void) {
  const avow_value_t v = avow_int(1);
  assert_null(avow_to_stream(&v));
}

static void stream_is_not_read_from_another_value(void **state) {
  assert_misuse(read_a_number_as_a_stream, "avow_to_object() as stream");
}

static void data_of_the_handle_is_the_program_s(void **state) {
  avow_value_t v = connected();

  handle_of(&v)->data = port;
  drop(&v);

  assert_hears_the_end(&accepted[0]);
}

/* Binding and accepting. */

static void bind_says_which_address_is_in_use(void **state) {
  char message[80];
  (void) snprintf(message, sizeof(message),
                  "bind '127.0.0.1:%s': address already in use", port);

  assert_says(avow_bind(loop, "127.0.0.1", port), UV_EADDRINUSE, message);
}

static void bind_takes_all_addresses_of_this_machine(void **state) {
  avow_value_t v = avow_run(avow_bind(loop, NULL, "0"));

  assert_true(port_of(&v) > 0);
  drop(&v);
}

/* Of both families, one after the other. */
static void bind_tries_all_addresses(void **state) {
  const avow_value_t v = avow_run(avow_bind(loop, NULL, port));

  assert_int_equal(avow_error_code(&v), UV_EADDRINUSE);
  avow_value_unref(v);
}

static void bind_rejects_without_a_service(void **state) {
  assert_says(avow_bind(loop, "127.0.0.1", NULL), UV_EINVAL,
              "bind '127.0.0.1': invalid argument");
}

static void accept_gives_none_when_nobody_waits(void **state) {
  assert_int_equal(avow_accept(stream_of(&server)).tag, AVOW_NONE);
}

static void accept_fails_on_a_closing_handle(void **state) {
  avow_unref(avow_close(handle_of(&server)));

  const avow_value_t v = avow_accept(stream_of(&server));

  assert_string_equal(avow_error_message(&v), "accept: invalid argument");
  avow_value_unref(v);
}

/* Handles over pipes. */

static uv_pipe_t ipc[2];

static void open_pipes(void) {
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(uv_pipe_init(loop, &ipc[i], 1), 0);
    assert_int_equal(uv_pipe_open(&ipc[i], fds[i]), 0);
  }
}

static void close_pipes(void) {
  for (int i = 0; i < 2; i++)
    avow_unref(avow_close((uv_handle_t *) &ipc[i]));
  turn();
}

static avow_promise_t *hand_over(avow_value_t handle) {
  return avow_write_handle((uv_stream_t *) &ipc[0], avow_string("take this"),
                           handle);
}

static void read_message(void) {
  const avow_value_t v = avow_run(avow_read((uv_stream_t *) &ipc[1], 100));
  assert_string_equal(avow_to_bytes(&v, NULL), "take this");
  avow_value_unref(v);
}

static avow_value_t received(void) {
  return avow_accept((uv_stream_t *) &ipc[1]);
}

static void owned_stream_is_handed_over(void **state) {
  open_pipes();
  avow_value_t v = connected();

  assert_fulfils_int(hand_over(v), 9); /* and let go */
  read_message();
  avow_value_t again = received();

  assert_int_equal(received().tag, AVOW_NONE);
  assert_fulfils_int(avow_write(stream_of(&again), avow_string("hi")), 2);
  assert_hears(&accepted[0], "hi");
  drop(&again);
  assert_hears_the_end(&accepted[0]);
  close_pipes();
}

static void several_handles_are_received_one_by_one(void **state) {
  open_pipes();
  avow_value_t v = connected();
  assert_fulfils_int(hand_over(avow_value_ref(&v)), 9);
  read_message();
  assert_fulfils_int(hand_over(avow_pointer(stream_of(&v))), 9);
  read_message();
  drop(&v);

  avow_value_t one = received();
  avow_value_t two = received();

  assert_int_equal(received().tag, AVOW_NONE);
  drop(&one);
  assert_fulfils_int(avow_write(stream_of(&two), avow_string("hi")), 2);
  assert_hears(&accepted[0], "hi");
  drop(&two);
  close_pipes();
}

static void handle_that_nobody_takes_goes_with_its_pipe(void **state) {
  open_pipes();
  assert_fulfils_int(hand_over(connected()), 9);
  read_message();

  close_pipes();

  assert_hears_the_end(&accepted[0]);
}

static void sockets_of_datagrams_are_left_to_the_program(void **state) {
  uv_udp_t sent, got;
  struct sockaddr_in any;
  open_pipes();
  (void) uv_ip4_addr("127.0.0.1", 0, &any);
  assert_int_equal(uv_udp_init(loop, &sent), 0);
  assert_int_equal(uv_udp_bind(&sent, (struct sockaddr *) &any, 0), 0);
  assert_int_equal(uv_udp_init(loop, &got), 0);
  assert_fulfils_int(hand_over(avow_pointer(&sent)), 9);
  read_message();

  const avow_value_t v = received();

  assert_string_equal(avow_error_message(&v),
                      "accept: operation not supported on socket");
  avow_value_unref(v);
  assert_int_equal(uv_accept((uv_stream_t *) &ipc[1], (uv_stream_t *) &got), 0);
  avow_unref(avow_close((uv_handle_t *) &sent));
  avow_unref(avow_close((uv_handle_t *) &got));
  close_pipes();
}

static void handle_is_not_sent_without_bytes_or_handle(void **state) {
  open_pipes();
  uv_stream_t *to = (uv_stream_t *) &ipc[0];

  assert_rejects(avow_write_handle(to, avow_string(""), avow_pointer(&ipc[1])),
                 UV_EINVAL);
  assert_rejects(avow_write_handle(to, avow_string("x"), avow_none()),
                 UV_EINVAL);
  assert_rejects(avow_write_handle(to, avow_int(1), connected()), UV_EINVAL);
  assert_rejects(hand_over(avow_error(UV_ENOMEM)), UV_ENOMEM);
  close_pipes();
}

static void handle_is_not_sent_over_any_stream(void **state) {
  avow_value_t v = connected();

  assert_says(avow_write_handle(stream_of(&v), avow_string("x"),
                                avow_pointer(stream_of(&server))),
              UV_EINVAL, "write: invalid argument");

  drop(&v);
}

static void closed_handle_is_not_sent(void **state) {
  open_pipes();
  avow_value_t v = connected();
  assert_fulfils_none(avow_close(handle_of(&v)));

  assert_rejects(hand_over(v), UV_EINVAL);

  close_pipes();
}

/* Racing: addresses of a test's own. */

enum { PLACES = 6 };

static struct sockaddr_storage places[PLACES];
static struct addrinfo list[PLACES];
static size_t length;

static void add_address(const char *ip, int at_port) {
  struct addrinfo *info = &list[length];
  struct sockaddr *address = (struct sockaddr *) &places[length];
  const bool v6 = strchr(ip, ':') != NULL;
  if (v6)
    (void) uv_ip6_addr(ip, at_port, (struct sockaddr_in6 *) address);
  else
    (void) uv_ip4_addr(ip, at_port, (struct sockaddr_in *) address);
  *info = (struct addrinfo){ .ai_family = v6 ? AF_INET6 : AF_INET,
                             .ai_addr = address };
  if (length++ > 0)
    list[length - 2].ai_next = info;
}

/* A port of 127.0.0.1 that never answers: its queue is full. */
static int deaf, waiting[3];

static int deaf_port(void) {
  struct sockaddr_in address;
  socklen_t len = sizeof(address);
  (void) uv_ip4_addr("127.0.0.1", 0, &address);
  deaf = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(deaf, (struct sockaddr *) &address, len), 0);
  assert_int_equal(listen(deaf, 0), 0);
  assert_int_equal(getsockname(deaf, (struct sockaddr *) &address, &len), 0);
  for (size_t i = 0; i < 3; i++) {
    waiting[i] = socket(AF_INET, SOCK_STREAM, 0);
    (void) fcntl(waiting[i], F_SETFL, O_NONBLOCK);
    (void) connect(waiting[i], (struct sockaddr *) &address, len);
  }
  return ntohs(address.sin_port);
}

static int set_up_race(void **state) {
  length = 0;
  deaf = -1;
  return set_up(state);
}

static int tear_down_race(void **state) {
  for (size_t i = 0; deaf >= 0 && i < 3; i++)
    (void) close(waiting[i]);
  if (deaf >= 0)
    (void) close(deaf);
  return tear_down(state);
}

static avow_promise_t *race_with(uint64_t delay) {
  return avow__connect_any(loop, list, avow_none(), delay);
}

static void refused_address_gives_way_at_once(void **state) {
  add_address("127.0.0.1", 1);
  add_address("127.0.0.1", atoi(port));

  avow_value_t v = avow_run(race_with(LONG));

  assert_int_equal(avow_error_code(&v), 0);
  assert_int_equal(port_of(&server), atoi(port));
  drop(&v);
}

static void silent_address_gives_way_after_a_pause(void **state) {
  add_address("127.0.0.1", deaf_port());
  add_address("127.0.0.1", atoi(port));
  const uint64_t before = uv_hrtime();

  avow_value_t v = avow_run(race_with(30));

  assert_int_equal(avow_error_code(&v), 0);
  assert_true(uv_hrtime() - before >= 29 * 1000000);
  drop(&v);
}

static void quick_address_wins_before_the_pause(void **state) {
  add_address("127.0.0.1", atoi(port));
  add_address("127.0.0.1", deaf_port());

  avow_value_t v = avow_run(race_with(LONG));

  assert_int_equal(avow_error_code(&v), 0);
  drop(&v);
}

static void failure_during_a_pause_does_not_shorten_the_next(void **state) {
  add_address("127.0.0.1", 1); /* fails within the first pause */
  add_address("127.0.0.1", deaf_port());
  add_address("127.0.0.1", atoi(port));
  const uint64_t before = uv_hrtime();

  avow_value_t v = avow_run(race_with(40));

  assert_int_equal(avow_error_code(&v), 0);
  assert_true(uv_hrtime() - before >= 39 * 1000000);
  drop(&v);
}

static void all_failures_are_told(void **state) {
  add_address("127.0.0.1", 1);
  add_address("127.0.0.2", 2);

  const avow_value_t v = avow_run(race_with(LONG));

  assert_int_equal(avow_error_code(&v), UV_ECONNREFUSED);
  assert_string_equal(avow_error_message(&v),
                      "connect '127.0.0.1:1': connection refused; "
                      "connect '127.0.0.2:2': connection refused");
  const avow_value_t *all = avow_error_cause(&v);
  assert_int_equal(avow_list_len(all), 2);
  assert_string_equal(avow_error_message(avow_list_at(all, 1)),
                      "connect '127.0.0.2:2': connection refused");
  avow_value_unref(v);
}

static void families_take_turns(void **state) {
  char order[32] = "";
  add_address("::1", 1);
  add_address("::1", 2);
  add_address("::1", 3);
  add_address("127.0.0.1", 4);
  add_address("127.0.0.1", 5);

  const avow_value_t v = avow_run(race_with(LONG));

  const avow_value_t *all = avow_error_cause(&v);
  for (size_t i = 0; i < avow_list_len(all); i++) {
    const char *text = avow_error_message(avow_list_at(all, i));
    (void) strncat(order, strstr(text, "':") - 1, 1);
  }
  assert_string_equal(order, "14253");
  avow_value_unref(v);
}

static void address_of_no_family_fails_alone(void **state) {
  add_address("127.0.0.1", 1);
  places[0].ss_family = AF_UNIX;
  add_address("127.0.0.1", atoi(port));

  avow_value_t v = avow_run(race_with(LONG));

  assert_int_equal(avow_error_code(&v), 0);
  drop(&v);
}

static void cancelled_race_closes_all_attempts(void **state) {
  const int silent = deaf_port();
  for (int i = 0; i < 3; i++)
    add_address("127.0.0.1", silent);
  avow_promise_t *p = race_with(0);
  turn();
  turn();

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
}

static void race_cancelled_at_its_start_ends(void **state) {
  add_address("127.0.0.1", deaf_port());
  add_address("127.0.0.1", atoi(port));
  avow_promise_t *p = race_with(1);

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
}

static avow_value_t cancel_cb(const avow_value_t *arg, void *p) {
  avow_cancel(p);
  return avow_none();
}

static void race_cancelled_when_its_pause_is_over_ends(void **state) {
  add_address("127.0.0.1", deaf_port());
  add_address("127.0.0.1", atoi(port));
  avow_promise_t *sleep = avow_sleep(loop, 5);
  avow_promise_t *p = race_with(5);

  assert_fulfils_none(avow_then(sleep, cancel_cb, NULL, p));

  assert_rejects(p, UV_ECANCELED);
}

static void race_cancelled_when_it_is_won_closes_the_winner(void **state) {
  add_address("127.0.0.1", atoi(port));
  avow_promise_t *other = start();
  avow_promise_t *p = race_with(5);

  avow_value_unref(avow_run(avow_then(other, cancel_cb, NULL, p)));
  turn();

  avow_value_t v = avow_run(p);
  assert_true(v.tag == AVOW_OBJECT || v.code == UV_ECANCELED);
  drop(&v);
}

static void race_whose_handles_are_closed_begins_nothing_new(void **state) {
  add_address("127.0.0.1", deaf_port());
  add_address("127.0.0.1", atoi(port));
  avow_promise_t *p = race_with(LONG);

  uv_walk(loop, close_cb, NULL);
  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_result(p)->code, UV_ECANCELED);
  avow_unref(p);
  assert_int_equal(avow_loop_init(loop, NULL), 0);
}

static void foreign_close_of_an_attempt_rejects(void **state) {
  add_address("127.0.0.1", deaf_port());
  add_address("127.0.0.1", atoi(port));
  avow_promise_t *p = race_with(LONG);
  uv_walk(loop, close_cb, NULL);
  uv_run(loop, UV_RUN_NOWAIT);

  assert_int_equal(avow_state(p), AVOW_REJECTED);
  avow_unref(p);
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, NULL), 0);
}

static void loop_close_ends_a_race(void **state) {
  add_address("127.0.0.1", deaf_port());
  add_address("127.0.0.1", atoi(port));
  avow_promise_t *p = race_with(LONG);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_result(p)->code, UV_ECANCELED);
  avow_unref(p);
  assert_int_equal(avow_loop_init(loop, NULL), 0);
}

/* By name. */

static void refusal_names_the_address(void **state) {
  assert_says(avow_connect(loop, "127.0.0.1", "1"), UV_ECONNREFUSED,
              "connect '127.0.0.1:1': connection refused");
}

static void unknown_host_is_named(void **state) {
  const avow_value_t v = avow_run(avow_connect(loop, "no.number.", "1"));

  assert_true(avow_is_error(&v));
  assert_non_null(strstr(avow_error_message(&v), "getaddrinfo 'no.number.'"));
  avow_value_unref(v);
}

static void connect_rejects_without_host_or_service(void **state) {
  assert_says(avow_connect(loop, NULL, "1"), UV_EINVAL,
              "connect: invalid argument");
  assert_says(avow_connect(loop, "127.0.0.1", NULL), UV_EINVAL,
              "connect '127.0.0.1': invalid argument");
}

static void connect_cancelled_while_it_looks_up_ends(void **state) {
  avow_promise_t *p = start();

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  turn();
  assert_int_equal(count, 0);
}

static void count_stream(uv_handle_t *handle, void *n) {
  *(int *) n += handle->type == UV_TCP;
}

static int streams(void) {
  int n = 0;
  uv_walk(loop, count_stream, &n);
  return n;
}

static void connect_cancelled_while_it_connects_ends(void **state) {
  char silent[8];
  (void) snprintf(silent, sizeof(silent), "%d", deaf_port());
  const int before = streams();
  avow_promise_t *p = avow_connect(loop, "127.0.0.1", silent);
  while (streams() == before)
    (void) uv_run(loop, UV_RUN_ONCE); /* the lookup keeps it alive */

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
}

static void result_nobody_takes_is_closed(void **state) {
  avow_unref(start());

  wait_for(1);

  assert_hears_the_end(&accepted[0]);
}

static void names_of_pipes_connect(void **state) {
  char path[64];
  size_t size = sizeof(path) - 20;
  uv_pipe_t listener;
  assert_int_equal(uv_os_tmpdir(path, &size), 0);
  (void) snprintf(path + size, 20, "/avow-net-%d", (int) getpid()); /* fits */
  (void) unlink(path);
  assert_int_equal(uv_pipe_init(loop, &listener, 0), 0);
  assert_int_equal(uv_pipe_bind(&listener, path), 0);
  assert_int_equal(uv_listen((uv_stream_t *) &listener, 1, on_connection), 0);

  avow_value_t v = avow_run(avow_connect_pipe(loop, path));
  turn();

  assert_int_equal(stream_of(&accepted[0])->type, UV_NAMED_PIPE);
  assert_fulfils_int(avow_write(stream_of(&v), avow_string("hi")), 2);
  assert_hears(&accepted[0], "hi");
  drop(&v);
  assert_fulfils_none(avow_close((uv_handle_t *) &listener));
}

static void pipe_that_is_not_there_is_named(void **state) {
  assert_says(avow_connect_pipe(loop, "/nowhere/at/all"), UV_ENOENT,
              "connect '/nowhere/at/all': no such file or directory");
  assert_rejects(avow_connect_pipe(loop, NULL), UV_EINVAL);
}

static void cancelled_pipe_closes(void **state) {
  avow_promise_t *p = avow_connect_pipe(loop, "/nowhere/at/all");

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
}

#define NET(f)  cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define RACE(f) cmocka_unit_test_setup_teardown(f, set_up_race, tear_down_race)

int main(void) {
  (void) signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
    NET(connected_streams_talk),
    NET(stream_closes_with_its_last_reference),
    NET(dropped_stream_rejects_what_is_pending),
    NET(stream_is_dropped_by_its_own_handler),
    NET(stream_may_be_closed_before),
    NET(stream_may_be_dropped_while_it_closes),
    NET(handler_of_a_close_drops_the_stream),
    NET(loop_close_closes_streams_that_are_held),
    NET(handler_may_drop_streams_while_the_loop_closes),
    NET(nothing_is_accepted_while_the_loop_closes),
    NET(walk_may_close_streams_that_are_dropped_after),
    NET(walk_may_close_streams_that_outlive_the_loop),
    NET(stream_is_not_read_from_another_value),
    NET(data_of_the_handle_is_the_program_s),
    NET(bind_says_which_address_is_in_use),
    NET(bind_takes_all_addresses_of_this_machine),
    NET(bind_tries_all_addresses),
    NET(bind_rejects_without_a_service),
    NET(accept_gives_none_when_nobody_waits),
    NET(accept_fails_on_a_closing_handle),
    NET(owned_stream_is_handed_over),
    NET(several_handles_are_received_one_by_one),
    NET(handle_that_nobody_takes_goes_with_its_pipe),
    NET(sockets_of_datagrams_are_left_to_the_program),
    NET(handle_is_not_sent_without_bytes_or_handle),
    NET(handle_is_not_sent_over_any_stream),
    NET(closed_handle_is_not_sent),
    RACE(refused_address_gives_way_at_once),
    RACE(silent_address_gives_way_after_a_pause),
    RACE(quick_address_wins_before_the_pause),
    RACE(failure_during_a_pause_does_not_shorten_the_next),
    RACE(all_failures_are_told),
    RACE(families_take_turns),
    RACE(address_of_no_family_fails_alone),
    RACE(cancelled_race_closes_all_attempts),
    RACE(race_cancelled_at_its_start_ends),
    RACE(race_cancelled_when_its_pause_is_over_ends),
    RACE(race_cancelled_when_it_is_won_closes_the_winner),
    RACE(race_whose_handles_are_closed_begins_nothing_new),
    RACE(foreign_close_of_an_attempt_rejects),
    RACE(loop_close_ends_a_race),
    NET(refusal_names_the_address),
    NET(unknown_host_is_named),
    NET(connect_rejects_without_host_or_service),
    NET(connect_cancelled_while_it_looks_up_ends),
    RACE(connect_cancelled_while_it_connects_ends),
    NET(result_nobody_takes_is_closed),
    NET(names_of_pipes_connect),
    NET(pipe_that_is_not_there_is_named),
    NET(cancelled_pipe_closes),
  };
  return RUN(tests);
}
