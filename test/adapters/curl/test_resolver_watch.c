/* SPDX-License-Identifier: MIT */
/*
 * Look-ups that end late. The test replaces getaddrinfo(), which the threads of
 * libcurl call, and holds it for some iterations of the loop. If the loop
 * waited for a look-up, it would not reach these iterations, and the test would
 * hang. Nothing may be left of a look-up.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>

#include "curl_test.h"
#include "turns.h"

enum { LATE = 50 /* iterations of the loop */ };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool held;
static int waiting, begun, addresses;

/* Allocates one block, which also holds the address. */
static struct addrinfo *address_of(const char *port) {
  struct addrinfo *info = calloc(1, sizeof(*info) + sizeof(struct sockaddr_in));
  struct sockaddr_in *address = (void *) (info + 1);
  address->sin_family = AF_INET;
  address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address->sin_port = htons((uint16_t) strtoul(port, NULL, 10));
  info->ai_family = AF_INET;
  info->ai_socktype = SOCK_STREAM;
  info->ai_protocol = IPPROTO_TCP;
  info->ai_addr = (void *) address;
  info->ai_addrlen = sizeof(*address);
  return info;
}

int getaddrinfo(const char *node, const char *service,
                const struct addrinfo *hints, struct addrinfo **out) {
  pthread_mutex_lock(&mutex);
  waiting++;
  begun++;
  while (held)
    pthread_cond_wait(&changed, &mutex);
  waiting--;
  const bool found = strcmp(node, "nobody.test") != 0;
  addresses += found ? 1 : 0;
  pthread_mutex_unlock(&mutex);
  if (!found)
    return EAI_NONAME;
  *out = address_of(service);
  return 0;
}

void freeaddrinfo(struct addrinfo *info) {
  pthread_mutex_lock(&mutex);
  addresses--;
  pthread_mutex_unlock(&mutex);
  free(info);
}

static void hold(bool whether) {
  pthread_mutex_lock(&mutex);
  held = whether;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&mutex);
}

static int count_waiting(void) {
  pthread_mutex_lock(&mutex);
  const int n = waiting;
  pthread_mutex_unlock(&mutex);
  return n;
}

static int count_addresses(void) {
  pthread_mutex_lock(&mutex);
  const int n = addresses;
  pthread_mutex_unlock(&mutex);
  return n;
}

/* Returns the server's URL with a host name that was never looked up. */
static const char *named(const char *path) {
  static char url[128];
  static int names;
  const char *plain = url_of(path);
  (void) snprintf(url, sizeof(url), "http://name%d.test%s", names++,
                  strchr(plain + 7, ':'));
  return url;
}

static void begin_look_up(avow_promise_t **out, CURL *easy) {
  hold(true);
  *out = avow_curl_perform(client, easy);
  while (count_waiting() == 0)
    iterate(1);
}

static void release(void) {
  assert_true(count_waiting() > 0); /* more with several families */
  hold(false);
}

static void transfer_waits_for_its_lookup(void **state) {
  got_t got = { 0 };
  avow_promise_t *p;
  begin_look_up(&p, easy_for(named("/bytes/10"), &got));
  iterate(20);
  assert_int_equal(avow_state(p), AVOW_PENDING);
  hold(false);
  avow_value_t v = avow_run(p);
  assert_false(avow_is_error(&v));
  avow_value_unref(v);
  assert_got(&got, 10);
}

static void unknown_name_rejects(void **state) {
  assert_rejects(get("http://nobody.test/", NULL), UV_EAI_NONAME);
}

/* The look-up is still in progress after the promise has settled. It must not
   call the program. */
static int never(void *data, curl_off_t a, curl_off_t b, curl_off_t c,
                 curl_off_t d) {
  if (*(bool *) data)
    fail_msg("called after its end");
  return 0;
}

static curl_socket_t never_open(void *data, curlsocktype purpose,
                                struct curl_sockaddr *address) {
  fail_msg("it connects");
  return CURL_SOCKET_BAD;
}

static void canceled_transfer_does_not_wait_for_its_lookup(void **state) {
  static bool over;
  avow_promise_t *p;
  CURL *easy = easy_for(named("/hello"), NULL);
  over = false;
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, never);
  curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &over);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, never_open);
  begin_look_up(&p, easy);
  avow_cancel(p);
  over = true;
  assert_rejects(p, UV_ECANCELED);
  iterate(LATE);
  assert_true(count_waiting() > 0); /* more with several families */
  hold(false);
  run(); /* until the look-up ends */
  assert_int_equal(count_waiting(), 0);
}

static void loop_close_waits_for_a_lookup(void **state) {
  avow_promise_t *p;
  begin_look_up(&p, easy_for(named("/hello"), NULL));
  behind_iterations(LATE, release);
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(count_waiting(), 0); /* avow_loop_close() waited */
  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  avow_unref(p);
  stop_counting();
  begin_anew();
}

/* The thread ends on its own. */
static void libcurl_timeout_does_not_wait_for_the_lookup(void **state) {
#if LIBCURL_VERSION_NUM >= 0x075700
  avow_promise_t *p;
  CURL *easy = easy_for(named("/hello"), NULL);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 30L);
  begin_look_up(&p, easy);
  while (avow_state(p) == AVOW_PENDING)
    iterate(1);
  assert_true(count_waiting() > 0); /* more with several families */
  assert_rejects(p, UV_ETIMEDOUT);
  hold(false);
  while (count_waiting() > 0 || count_addresses() > 0)
    uv_sleep(1); /* the thread frees the addresses */
#endif
}

/* Canceling one look-up does not affect the other. */
static void canceled_transfer_leaves_another_lookup(void **state) {
  avow_promise_t *p;
  begin_look_up(&p, easy_for(named("/hello"), NULL));
  avow_promise_t *q = get(named("/hello"), NULL);
  iterate(5);
  avow_cancel(p);
  avow_unref(p);
  hold(false);
  assert_fulfills_int(q, 200);
}

/* A look-up that has ended does not keep the loop alive. */
static void finished_lookup_does_not_delay_cancellation(void **state) {
  avow_promise_t *p = get(named("/silent"), NULL);
  while (http_server_open() == 0)
    iterate(1);
  iterate(5);
  avow_cancel(p);
  avow_unref(p);
  assert_no_connection();
}

/* Releases the look-ups if a test fails, because the loop would wait
   forever. */
static int lookup_teardown(void **state) {
  hold(false);
  return curl_teardown(state);
}

#define LOOKUP_CASE(f) \
  cmocka_unit_test_setup_teardown(f, curl_setup, lookup_teardown)

SUITE(resolver_watch) {
  const struct CMUnitTest tests[] = {
    LOOKUP_CASE(transfer_waits_for_its_lookup),
    LOOKUP_CASE(unknown_name_rejects),
    LOOKUP_CASE(canceled_transfer_does_not_wait_for_its_lookup),
    LOOKUP_CASE(loop_close_waits_for_a_lookup),
    LOOKUP_CASE(libcurl_timeout_does_not_wait_for_the_lookup),
    LOOKUP_CASE(canceled_transfer_leaves_another_lookup),
    LOOKUP_CASE(finished_lookup_does_not_delay_cancellation),
  };
  return RUN_CURL(tests);
}
