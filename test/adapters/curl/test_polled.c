/* SPDX-License-Identifier: MIT */
/* Descriptors for which Linux reports errors that are no errors of libcurl, or
   that the program polls itself. */
#include <linux/net_tstamp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "curl_test.h"

static int stamp(void *data, curl_socket_t fd, curlsocktype purpose) {
  const int flags = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
  return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)) == 0
             ? CURL_SOCKOPT_OK
             : CURL_SOCKOPT_ERROR;
}

/* The kernel offers the time stamps of sent packets as an error of the socket
   until the program reads them. The answer arrives nevertheless. */
static void socket_timestamp_is_not_an_error(void **state) {
  got_t got = { 0 };
  CURL *easy = easy_for(url_of("/drip/200"), &got);
  curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, stamp);
  avow_value_t v = avow_run(avow_curl_perform(client, easy));
  if (avow_is_error(&v))
    fail_msg("%s", avow_error_message(&v));
  avow_value_unref(v);
  assert_got(&got, 200);
}

static uv_poll_t mine;

static void nothing(uv_poll_t *handle, int status, int events) {
}

static curl_socket_t open_and_poll(void *data, curlsocktype purpose,
                                   struct curl_sockaddr *to) {
  const int fd = socket(to->family, to->socktype, to->protocol);
  assert_int_equal(uv_poll_init_socket(loop, &mine, fd), 0);
  assert_int_equal(uv_poll_start(&mine, UV_READABLE, nothing), 0);
  return fd;
}

/* Stops before the loop polls. The descriptor is closed by then. */
static void end_polling(uv_prepare_t *handle) {
  (void) uv_poll_stop(&mine);
}

static void descriptor_polled_by_the_program_is_refused(void **state) {
  uv_prepare_t before;
  avow_promise_t *other =
      avow_curl_perform(client, easy_for(url_of("/hello"), NULL));
  CURL *easy = easy_for(url_of("/hello"), NULL);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_and_poll);
  avow_promise_t *p = avow_curl_perform(client, easy);
  assert_int_equal(uv_prepare_init(loop, &before), 0);
  assert_int_equal(uv_prepare_start(&before, end_polling), 0);
  assert_rejects(p, UV_EEXIST);
  assert_fulfills_none(avow_close_handle((uv_handle_t *) &before));
  assert_fulfills_none(avow_close_handle((uv_handle_t *) &mine));
  avow_value_t v = avow_run(other); /* the other transfer is unaffected */
  assert_false(avow_is_error(&v));
  avow_value_unref(v);
}

SUITE(polled) {
  const struct CMUnitTest tests[] = {
    CURL_CASE(socket_timestamp_is_not_an_error),
    CURL_CASE(descriptor_polled_by_the_program_is_refused),
  };
  return RUN_CURL(tests);
}
