/* SPDX-License-Identifier: MIT */
/*
 * A name server that never answers, which the system itself asks: a file of
 * ours lies over /etc/resolv.conf, for this process alone. Whoever is cancelled
 * hears so at once, no turn of the loop is long, and the loop closes: of a
 * transfer, of a request, and of avow_connect(), by which the streams are
 * opened that avow-tls goes over.
 */
#include <arpa/inet.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "curl_test.h"
#include "turns.h"

static int server = -1;

/* Of our own, for several of us may run at once. */
static const char *server_address(void) {
  static char address[32];
  const unsigned id = (unsigned) getpid();
  (void) snprintf(address, sizeof(address), "127.%u.%u.53", id / 250 % 250 + 1,
                  id % 250 + 1);
  return address;
}

/* The resolver gives up after a second. */
static bool write_configuration(int fd) {
  char text[100];
  const int len = snprintf(text, sizeof(text),
                           "nameserver %s\noptions timeout:1 attempts:1\n",
                           server_address());
  return write(fd, text, (size_t) len) == len && fchmod(fd, 0644) == 0;
}

static bool cover_configuration(void) {
  char path[] = "/tmp/avow-resolv-XXXXXX";
  const int fd = mkstemp(path);
  const bool done = fd >= 0 && write_configuration(fd) &&
                    unshare(CLONE_NEWNS) == 0 &&
                    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
                    mount(path, "/etc/resolv.conf", NULL, MS_BIND, NULL) == 0;
  if (fd >= 0) {
    (void) close(fd);
    (void) unlink(path);
  }
  return done;
}

static int open_server(void) {
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(53) };
  (void) inet_pton(AF_INET, server_address(), &address.sin_addr);
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (bind(fd, (struct sockaddr *) &address, sizeof(address)) == 0)
    return fd;
  (void) close(fd);
  return -1;
}

static int silent_setup(void **state) {
  if (cover_configuration())
    server = open_server();
  return 0;
}

static int silent_teardown(void **state) {
  (void) close(server);
  curl_global_cleanup();
  return 0;
}

static void need_server(void) {
  if (server < 0)
    skip_because("only root may have a name server of its own");
}

/* Whether somebody has asked it, since it was asked that last. */
static bool was_asked(void) {
  char question[512];
  bool asked = false;
  while (recv(server, question, sizeof(question), MSG_DONTWAIT) > 0)
    asked = true;
  return asked;
}

static avow_promise_t *perform(const char *url) {
  return avow_curl_perform(client, easy_for(url, NULL));
}

static avow_promise_t *fetch(const char *url) {
  return avow_curl_fetch(client, url, NULL);
}

static avow_promise_t *connect_to(const char *url) {
  return avow_connect(loop, url + strlen("http://"), "80");
}

typedef avow_promise_t *(*ask_fn)(const char *url);
static const ask_fn asks[] = { perform, fetch, connect_to };

enum { ASKS = sizeof(asks) / sizeof(asks[0]) };

/* It waits for the answer. */
static avow_promise_t *begin(ask_fn ask) {
  avow_promise_t *p = ask("http://nobody.avow.test");
  while (!was_asked()) {
    assert_int_equal(avow_state(p), AVOW_PENDING);
    turn_for(1);
  }
  return p;
}

static void cancelled(void **state) {
  need_server();
  for (int i = 0; i < ASKS; i++) {
    avow_promise_t *p = begin(asks[i]);
    turn_for(100);
    const uint64_t before = own_time();
    avow_cancel(p);
    assert_short(own_time_since(before));
    assert_rejects(p, UV_ECANCELED); /* and not when the look-up is over */
    assert_short(own_time_since(before));
    turn_for(100);
  }
}

static void closed(void **state) {
  need_server();
  for (int i = 0; i < ASKS; i++) {
    avow_promise_t *p = begin(asks[i]);
    measure_turns();
    assert_int_equal(avow_loop_close(loop), 0);
    assert_short(longest_turn());
    assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
    avow_unref(p);
    stop_measuring();
    begin_anew();
  }
}

static void limit_passes(void **state) {
  need_server();
  for (int i = 0; i < ASKS; i++) {
    avow_promise_t *p = avow_timeout(begin(asks[i]), 50);
    turn_for(100);
    assert_int_equal(avow_state(p), AVOW_REJECTED);
    assert_rejects(p, UV_ETIMEDOUT);
  }
}

/* Nobody gives up: the resolver does. */
static void gives_up(void **state) {
  need_server();
  avow_promise_t *all[ASKS];
  for (int i = 0; i < ASKS; i++)
    all[i] = begin(asks[i]);
  measure_turns();
  const avow_value_t v = avow_run(avow_all_settled(loop, all, ASKS));
  assert_short(longest_turn());
  for (size_t i = 0; i < ASKS; i++) {
    const avow_value_t *reason = avow_settled_at(&v, i).value;
    assert_int_equal(avow_error_code(reason),
                     asks[i] == connect_to ? UV_EAI_AGAIN : UV_EAI_NONAME);
  }
  avow_value_unref(v);
  stop_measuring();
}

SUITE(silent_names) {
  const struct CMUnitTest tests[] = {
    CURL_CASE(cancelled),
    CURL_CASE(closed),
    CURL_CASE(limit_passes),
    CURL_CASE(gives_up),
  };
  harness_init();
  return cmocka_run_group_tests(tests, silent_setup, silent_teardown);
}
