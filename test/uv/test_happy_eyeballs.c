/* SPDX-License-Identifier: MIT */
/* Connecting by host name: races between addresses. */
#include "uv/happy_eyeballs.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acceptor.h"
#include "famine.h"

enum { LONG = 3600 * 1000 };

/* A race between the test's own addresses. */

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

/* A port of 127.0.0.1 that never answers, because its queue is full. */
static int silent_socket, waiting[3];

static int silent_port(void) {
  struct sockaddr_in address;
  socklen_t len = sizeof(address);
  (void) uv_ip4_addr("127.0.0.1", 0, &address);
  silent_socket = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(silent_socket, (struct sockaddr *) &address, len), 0);
  assert_int_equal(listen(silent_socket, 0), 0);
  assert_int_equal(getsockname(silent_socket, (struct sockaddr *) &address,
                               &len),
                   0);
  for (size_t i = 0; i < 3; i++) {
    waiting[i] = socket(AF_INET, SOCK_STREAM, 0);
    (void) fcntl(waiting[i], F_SETFL, O_NONBLOCK);
    (void) connect(waiting[i], (struct sockaddr *) &address, len);
  }
  return ntohs(address.sin_port);
}

static int set_up_race(void **state) {
  length = 0;
  silent_socket = -1;
  return acceptor_setup(state);
}

static int set_up_timed_race(void **state) {
  clock_of_tests = AVOW_CLOCK_BY_ITSELF;
  const int err = set_up_race(state);
  clock_of_tests = AVOW_CLOCK_REAL;
  return err;
}

static int tear_down_race(void **state) {
  for (size_t i = 0; silent_socket >= 0 && i < 3; i++)
    (void) close(waiting[i]);
  if (silent_socket >= 0)
    (void) close(silent_socket);
  return acceptor_teardown(state);
}

static avow_promise_t *race_with(uint64_t delay) {
  return avow__connect_any(loop, list, avow_none(), delay);
}

static void count_stream(uv_handle_t *handle, void *n) {
  *(int *) n += handle->type == UV_TCP;
}

static int streams(void) {
  int n = 0;
  uv_walk(loop, count_stream, &n);
  return n;
}

static void refusal_starts_the_next_attempt_at_once(void **state) {
  add_address("127.0.0.1", 1);
  add_address("127.0.0.1", atoi(server_port));

  avow_value_t v = avow_run(race_with(LONG));

  assert_int_equal(avow_error_code(&v), 0);
  assert_int_equal(port_of(&server), atoi(server_port));
  drop(&v);
}

static void silence_starts_the_next_attempt_after_the_delay(void **state) {
  add_address("127.0.0.1", silent_port());
  add_address("127.0.0.1", atoi(server_port));

  avow_value_t v = avow_run(race_with(LONG));

  assert_int_equal(avow_error_code(&v), 0);
  assert_int_equal(avow_now(loop), LONG);
  drop(&v);
}

static void fast_address_wins_before_the_delay_ends(void **state) {
  add_address("127.0.0.1", atoi(server_port));
  add_address("127.0.0.1", silent_port());

  avow_value_t v = avow_run(race_with(LONG));

  assert_int_equal(avow_error_code(&v), 0);
  drop(&v);
}

static void failure_during_a_delay_keeps_the_next_delay(void **state) {
  add_address("127.0.0.1", 1); /* fails within the first pause */
  add_address("127.0.0.1", silent_port());
  add_address("127.0.0.1", atoi(server_port));

  avow_value_t v = avow_run(race_with(LONG));

  assert_int_equal(avow_error_code(&v), 0);
  assert_int_equal(avow_now(loop), LONG);
  drop(&v);
}

/* After the second attempt starts, the silent one is never the only one
   again. */
static void refusal_starts_next_attempt_beside_a_silent_one(void **state) {
  add_address("127.0.0.1", silent_port());
  add_address("127.0.0.1", 1);
  add_address("127.0.0.1", atoi(server_port));
  const int before = streams();
  avow_promise_t *p = race_with(20);
  while (streams() < before + 2)
    (void) uv_run(loop, UV_RUN_ONCE); /* the server keeps it alive */

  while (avow_state(p) == AVOW_PENDING) {
    assert_true(streams() >= before + 2);
    (void) uv_run(loop, UV_RUN_ONCE); /* as before */
  }

  avow_value_t v = avow_run(p);
  assert_int_equal(avow_error_code(&v), 0);
  drop(&v);
}

static void all_failures_are_reported(void **state) {
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

static void address_families_alternate(void **state) {
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

static void address_of_an_unknown_family_is_skipped(void **state) {
  add_address("127.0.0.1", 1);
  places[0].ss_family = AF_UNIX;
  add_address("127.0.0.1", atoi(server_port));

  avow_value_t v = avow_run(race_with(LONG));

  assert_int_equal(avow_error_code(&v), 0);
  drop(&v);
}

static void canceled_race_closes_all_attempts(void **state) {
  const int silent = silent_port();
  for (int i = 0; i < 3; i++)
    add_address("127.0.0.1", silent);
  avow_promise_t *p = race_with(0);
  turn_thrice();
  turn_thrice();

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
}

static void race_canceled_at_its_start_rejects(void **state) {
  add_address("127.0.0.1", silent_port());
  add_address("127.0.0.1", atoi(server_port));
  avow_promise_t *p = race_with(1);

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
}

static void race_canceled_when_its_delay_ends_rejects(void **state) {
  add_address("127.0.0.1", silent_port());
  add_address("127.0.0.1", atoi(server_port));
  avow_promise_t *sleep = avow_sleep(loop, 5);
  avow_promise_t *p = race_with(5);

  assert_fulfills_none(avow_then(sleep, cancel_cb, NULL, p));

  assert_rejects(p, UV_ECANCELED);
}

static void race_canceled_when_won_closes_the_winner(void **state) {
  add_address("127.0.0.1", atoi(server_port));
  avow_promise_t *other = connect_to_server();
  avow_promise_t *p = race_with(5);

  avow_value_unref(avow_run(avow_then(other, cancel_cb, NULL, p)));
  turn_thrice();

  avow_value_t v = avow_run(p);
  assert_true(v.tag == AVOW_OBJECT || avow_error_code(&v) == UV_ECANCELED);
  drop(&v);
}

static void race_with_closed_handles_starts_no_attempt(void **state) {
  add_address("127.0.0.1", silent_port());
  add_address("127.0.0.1", atoi(server_port));
  avow_promise_t *p = race_with(LONG);

  uv_walk(loop, close_cb, NULL);
  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_result(p)->code, UV_ECANCELED);
  avow_unref(p);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void closing_an_attempt_rejects_the_race(void **state) {
  add_address("127.0.0.1", silent_port());
  add_address("127.0.0.1", atoi(server_port));
  avow_promise_t *p = race_with(LONG);
  uv_walk(loop, close_cb, NULL);
  uv_run(loop, UV_RUN_NOWAIT);

  assert_int_equal(avow_state(p), AVOW_REJECTED);
  avow_unref(p);
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void loop_close_ends_a_race(void **state) {
  add_address("127.0.0.1", silent_port());
  add_address("127.0.0.1", atoi(server_port));
  avow_promise_t *p = race_with(LONG);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_result(p)->code, UV_ECANCELED);
  avow_unref(p);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

/* The program connects by name. */

static void refusal_names_the_address(void **state) {
  assert_says(avow_connect(loop, "127.0.0.1", "1"), UV_ECONNREFUSED,
              "connect '127.0.0.1:1': connection refused");
}

/* Without memory, even in the reserve, a started attempt continues. */
static void race_wins_without_memory_for_its_delay(void **state) {
  bool wins = false;
  add_address("127.0.0.1", atoi(server_port));
  add_address("127.0.0.1", silent_port());
  for (long nth = 1; !wins; nth++) {
    assert_true(nth < 20);
    use_up_reserve();
    fail_allocation(nth, true);
    avow_promise_t *p = race_with(LONG);
    give_back_memory();
    avow_value_t v = avow_run(p);
    wins = !avow_is_error(&v);
    drop(&v);
  }
}

static void connect_error_names_the_unknown_host(void **state) {
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

static void connect_canceled_before_it_starts_rejects(void **state) {
  avow_promise_t *p = connect_to_server();

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  turn_thrice();
  assert_int_equal(accepted_count, 0);
}

static void connect_canceled_while_connecting_rejects(void **state) {
  char silent[8];
  (void) snprintf(silent, sizeof(silent), "%d", silent_port());
  const int before = streams();
  avow_promise_t *p = avow_connect(loop, "127.0.0.1", silent);
  while (streams() == before)
    (void) uv_run(loop, UV_RUN_ONCE); /* its jobs keep it alive */

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
}

static void connection_of_a_released_promise_is_closed(void **state) {
  avow_unref(connect_to_server());

  wait_for(1);

  assert_hears_the_end(&accepted[0]);
}

static void connect_path_connects_to_a_pipe(void **state) {
  char path[64];
  size_t size = sizeof(path) - 20;
  uv_pipe_t listener;
  assert_int_equal(uv_os_tmpdir(path, &size), 0);
  (void) snprintf(path + size, 20, "/avow-net-%d", (int) getpid()); /* fits */
  (void) unlink(path);
  assert_int_equal(uv_pipe_init(loop, &listener, 0), 0);
  assert_int_equal(uv_pipe_bind(&listener, path), 0);
  assert_int_equal(uv_listen((uv_stream_t *) &listener, 1, on_connection), 0);

  avow_value_t v = avow_run(avow_connect_path(loop, path));
  turn_thrice();

  assert_int_equal(stream_of(&accepted[0])->type, UV_NAMED_PIPE);
  assert_fulfills_int(avow_write(avow_to_stream(&v), avow_string("hi")), 2);
  assert_hears(&accepted[0], "hi");
  drop(&v);
  assert_fulfills_none(avow_close_handle((uv_handle_t *) &listener));
}

static void connect_path_error_names_the_missing_pipe(void **state) {
  assert_says(avow_connect_path(loop, "/nowhere/at/all"), UV_ENOENT,
              "connect '/nowhere/at/all': no such file or directory");
  assert_rejects(avow_connect_path(loop, NULL), UV_EINVAL);
}

static void canceled_connect_path_rejects(void **state) {
  avow_promise_t *p = avow_connect_path(loop, "/nowhere/at/all");

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
}

#define NET(f) \
  cmocka_unit_test_setup_teardown(f, acceptor_setup, acceptor_teardown)
#define RACE(f) cmocka_unit_test_setup_teardown(f, set_up_race, tear_down_race)
#define TIMED_RACE(f) \
  cmocka_unit_test_setup_teardown(f, set_up_timed_race, tear_down_race)

SUITE(happy_eyeballs) {
  (void) signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
    RACE(refusal_starts_the_next_attempt_at_once),
    TIMED_RACE(silence_starts_the_next_attempt_after_the_delay),
    RACE(fast_address_wins_before_the_delay_ends),
    TIMED_RACE(failure_during_a_delay_keeps_the_next_delay),
    RACE(refusal_starts_next_attempt_beside_a_silent_one),
    RACE(all_failures_are_reported),
    RACE(address_families_alternate),
    RACE(address_of_an_unknown_family_is_skipped),
    RACE(canceled_race_closes_all_attempts),
    RACE(race_canceled_at_its_start_rejects),
    RACE(race_canceled_when_its_delay_ends_rejects),
    RACE(race_canceled_when_won_closes_the_winner),
    RACE(race_with_closed_handles_starts_no_attempt),
    RACE(closing_an_attempt_rejects_the_race),
    RACE(loop_close_ends_a_race),
    NET(refusal_names_the_address),
    NET(connect_error_names_the_unknown_host),
    NET(connect_rejects_without_host_or_service),
    NET(connect_canceled_before_it_starts_rejects),
    RACE(connect_canceled_while_connecting_rejects),
    NET(connection_of_a_released_promise_is_closed),
    NET(connect_path_connects_to_a_pipe),
    NET(connect_path_error_names_the_missing_pipe),
    NET(canceled_connect_path_rejects),
    RACE(race_wins_without_memory_for_its_delay),
  };
  return RUN(tests);
}
