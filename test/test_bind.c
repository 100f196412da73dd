/* Binding by name, and accepting. */
#include <signal.h>
#include <stdio.h>

#include "acceptor.h"

static void bind_says_which_address_is_in_use(void **state) {
  char message[80];
  (void) snprintf(message, sizeof(message),
                  "bind '127.0.0.1:%s': address already in use", server_port);

  assert_says(avow_bind(loop, "127.0.0.1", server_port), UV_EADDRINUSE,
              message);
}

static void bind_takes_all_addresses_of_this_machine(void **state) {
  avow_value_t v = avow_run(avow_bind(loop, NULL, "0"));

  assert_true(port_of(&v) > 0);
  drop(&v);
}

/* Of both families, one after the other. */
static void bind_tries_all_addresses(void **state) {
  const avow_value_t v = avow_run(avow_bind(loop, NULL, server_port));

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

#define NET(f) \
  cmocka_unit_test_setup_teardown(f, acceptor_setup, acceptor_teardown)

int main(void) {
  (void) signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
    NET(bind_says_which_address_is_in_use),
    NET(bind_takes_all_addresses_of_this_machine),
    NET(bind_tries_all_addresses),
    NET(bind_rejects_without_a_service),
    NET(accept_gives_none_when_nobody_waits),
    NET(accept_fails_on_a_closing_handle),
  };
  return RUN(tests);
}
