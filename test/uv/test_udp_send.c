/* SPDX-License-Identifier: MIT */
/* Datagrams. */
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "value/value.h"

#ifndef _WIN32
#  define closesocket close
#endif

enum { LARGE = 60000, MANY = 200 };

static uv_udp_t ours;
static uv_os_sock_t peer;
static struct sockaddr_in there;

static const struct sockaddr *to_peer(void) {
  return (const struct sockaddr *) &there;
}

static int set_up(void **state) {
  socklen_t len = sizeof(there);
  if (harness_setup(state) != 0)
    return -1;
  peer = socket(AF_INET, SOCK_DGRAM, 0);
  (void) uv_ip4_addr("127.0.0.1", 0, &there);
  if (bind(peer, to_peer(), len) != 0 ||
      getsockname(peer, (struct sockaddr *) &there, &len) != 0)
    return -1;
  return uv_udp_init(loop, &ours);
}

static int tear_down(void **state) {
  (void) closesocket(peer);
  if (!uv_is_closing((uv_handle_t *) &ours))
    uv_close((uv_handle_t *) &ours, NULL);
  (void) uv_run(loop, UV_RUN_DEFAULT); /* the socket is closed */
  return harness_teardown(state);
}

static avow_promise_t *start(void) {
  return avow_udp_send(&ours, avow_string("hello"), to_peer());
}

static void assert_peer_receives(const char *text) {
  char data[64] = "";
  assert_int_equal(recv(peer, data, sizeof(data), 0), (ssize_t) strlen(text));
  assert_string_equal(data, text);
}

static void sent_datagram_arrives(void **state) {
  assert_fulfills_int(start(), 5);

  assert_peer_receives("hello");
}

static void empty_datagram_arrives(void **state) {
  assert_fulfills_int(avow_udp_send(&ours, avow_string(""), to_peer()), 0);

  assert_peer_receives("");
}

static void connected_socket_needs_no_address(void **state) {
  assert_int_equal(uv_udp_connect(&ours, to_peer()), 0);

  assert_fulfills_int(avow_udp_send(&ours, avow_string("hello"), NULL), 5);

  assert_peer_receives("hello");
}

static void send_rejects_without_an_address(void **state) {
  const avow_value_t v =
      avow_run(avow_udp_send(&ours, avow_string("hello"), NULL));

  assert_int_equal(avow_error_code(&v), UV_EDESTADDRREQ);
  assert_string_equal(avow_error_message(&v),
                      "send: destination address required");
  avow_value_unref(v);
}

/* libuv would abort if the handle has no socket yet. */
static void send_rejects_an_unknown_address_family(void **state) {
  const struct sockaddr local = { .sa_family = AF_UNIX };
  uv_udp_t fresh;
  assert_int_equal(uv_udp_init(loop, &fresh), 0);

  assert_says(avow_udp_send(&fresh, avow_string("x"), &local), UV_EINVAL,
              "send '?:0': invalid argument");

  assert_fulfills_none(avow_close_handle((uv_handle_t *) &fresh));
}

static void datagram_that_is_too_long_is_refused(void **state) {
  char *data;
  const avow_value_t bytes = avow_bytes_new(70000, &data);
  memset(data, 'x', 70000);
  there.sin_port = htons(9);

  const avow_value_t v = avow_run(avow_udp_send(&ours, bytes, to_peer()));

  assert_int_equal(avow_error_code(&v), UV_EMSGSIZE);
  assert_string_equal(avow_error_message(&v),
                      "send '127.0.0.1:9': message too long");
  avow_value_unref(v);
}

static void datagram_above_the_libuv_limit_is_refused(void **state) {
  const avow_value_t v = avow_string("x");
  ((avow__bytes_t *) v.u.p)->len = SIZE_MAX / 2 + 2;

  assert_rejects(avow_udp_send(&ours, v, to_peer()), UV_EMSGSIZE);
}

static void send_rejects_values_other_than_bytes(void **state) {
  assert_rejects(avow_udp_send(&ours, avow_int(1), to_peer()), UV_EINVAL);
  assert_rejects(avow_udp_send(&ours, avow_error(UV_ENOMEM), to_peer()),
                 UV_ENOMEM);
}

static void send_rejects_on_a_closing_handle(void **state) {
  uv_close((uv_handle_t *) &ours, NULL);

  assert_rejects(start(), UV_EINVAL);
}

#ifndef _WIN32 /* pairs of sockets */

/* Fills the socket of a peer that does not read, so that sends must wait. */
static void fill_queue(int fds[2], avow_promise_t *out[], size_t n) {
  assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
  assert_int_equal(uv_udp_open(&ours, fds[0]), 0);
  for (size_t i = 0; i < n; i++) {
    char *data;
    const avow_value_t bytes = avow_bytes_new(LARGE, &data);
    memset(data, (int) i, LARGE);
    out[i] = avow_udp_send(&ours, bytes, NULL);
  }
  assert_int_equal(avow_state(out[n - 1]), AVOW_PENDING);
}

static void drain(int fd, size_t n) {
  static unsigned char data[LARGE + 1];
  assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
  for (size_t i = 0; i < n; (void) uv_run(loop, UV_RUN_NOWAIT)) {
    const ssize_t len = recv(fd, data, sizeof(data), 0);
    if (len < 0)
      continue;
    assert_int_equal(len, LARGE);
    assert_int_equal(data[LARGE - 1], (unsigned char) i);
    i++;
  }
}

static void queued_sends_keep_their_order(void **state) {
  avow_promise_t *all[MANY];
  int fds[2];
  fill_queue(fds, all, MANY);

  drain(fds[1], MANY);

  for (size_t i = 0; i < MANY; i++)
    assert_fulfills_int(all[i], LARGE);
  (void) close(fds[1]);
}

static void canceled_send_is_still_sent(void **state) {
  avow_promise_t *all[MANY];
  int fds[2];
  fill_queue(fds, all, MANY);

  avow_cancel(all[MANY - 1]);
  assert_int_equal(avow_result(all[MANY - 1])->code, UV_ECANCELED);
  drain(fds[1], MANY);

  for (size_t i = 0; i < MANY; i++)
    avow_unref(all[i]);
  (void) close(fds[1]);
}

static void close_rejects_queued_sends(void **state) {
  avow_promise_t *all[MANY];
  int fds[2];
  fill_queue(fds, all, MANY);

  assert_fulfills_none(avow_close_handle((uv_handle_t *) &ours));

  for (size_t i = 0; i + 1 < MANY; i++)
    avow_unref(all[i]);
  assert_rejects(all[MANY - 1], UV_ECANCELED);
  (void) close(fds[1]);
}

static bool fails_well(void **state, long nth, bool from_then_on) {
  avow_promise_t *all[MANY];
  int fds[2];
  assert_int_equal(tear_down(state), 0);
  assert_int_equal(set_up(state), 0);
  fill_queue(fds, all, MANY);
  fail_allocation(nth, from_then_on);
  avow_promise_t *p = avow_udp_send(&ours, avow_string("hello"), NULL);
  const bool failed = allocation_failed();
  fail_allocation(0, false);
  assert_int_equal(avow_state(p), failed ? AVOW_REJECTED : AVOW_PENDING);
  avow_unref(avow_close_handle((uv_handle_t *) &ours));
  assert_rejects(p, failed ? UV_ENOMEM : UV_ECANCELED);
  for (size_t i = 0; i < MANY; i++)
    avow_unref(all[i]);
  (void) close(fds[1]);
  return failed;
}

static void send_survives_failing_memory(void **state) {
  for (int on = 0; on < 2; on++)
    for (long nth = 1; fails_well(state, nth, on != 0); nth++)
      assert_true(nth < 100);
}

#endif

#define UDP(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

SUITE(udp_send) {
  const struct CMUnitTest tests[] = {
    UDP(sent_datagram_arrives),
    UDP(empty_datagram_arrives),
    UDP(connected_socket_needs_no_address),
    UDP(send_rejects_without_an_address),
    UDP(send_rejects_an_unknown_address_family),
    UDP(datagram_that_is_too_long_is_refused),
    UDP(datagram_above_the_libuv_limit_is_refused),
    UDP(send_rejects_values_other_than_bytes),
    UDP(send_rejects_on_a_closing_handle),
#ifndef _WIN32
    UDP(queued_sends_keep_their_order),
    UDP(canceled_send_is_still_sent),
    UDP(close_rejects_queued_sends),
    UDP(send_survives_failing_memory),
#endif
  };
  return RUN(tests);
}
