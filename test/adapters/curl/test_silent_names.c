/* SPDX-License-Identifier: MIT */
/*
 * The resolver of the system queries a name server that answers only when the
 * test tells it to. The test mounts a file over /etc/resolv.conf, for this
 * process only. While a query waits, the loop must iterate, cancel and close.
 * This covers a transfer, a request, and avow_connect(), which avow-tls uses.
 * If the loop waited for the name server, it would not reach the iteration that
 * lets it answer, and the test would hang.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "curl_test.h"
#include "turns.h"

enum { QUESTIONS = 64, LATE = 50 /* iterations of the loop */ };

typedef struct {
  struct sockaddr_in from;
  char text[512];
  ssize_t len;
} question_t;

static int server = -1;
static char server_address[32];

/* The queries that the name server has received. The mutex protects them. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static question_t questions[QUESTIONS];
static int waiting; /* questions without an answer */
static bool asked, answers;

/* Answers with SERVFAIL. */
static void answer(question_t *q) {
  q->text[2] = (char) (q->text[2] | 0x80);
  q->text[3] = 2;
  (void) sendto(server, q->text, (size_t) q->len, 0,
                (struct sockaddr *) &q->from, sizeof(q->from));
}

static void answer_all(void) {
  while (waiting > 0)
    answer(&questions[--waiting]);
}

static void hear(const question_t *q) {
  pthread_mutex_lock(&mutex);
  asked = true;
  if (q->len > 4 && waiting < QUESTIONS)
    questions[waiting++] = *q;
  if (answers)
    answer_all();
  pthread_mutex_unlock(&mutex);
}

static void *serve_names(void *unused) {
  question_t q;
  socklen_t len = sizeof(q.from);
  while ((q.len = recvfrom(server, q.text, sizeof(q.text), 0,
                           (struct sockaddr *) &q.from, &len)) >= 0)
    hear(&q);
  return NULL;
}

static void let_it_answer(bool whether) {
  pthread_mutex_lock(&mutex);
  answers = whether;
  if (answers)
    answer_all();
  pthread_mutex_unlock(&mutex);
}

static void answer_from_here_on(void) {
  let_it_answer(true);
}

/* Returns whether a query has arrived since the last call. */
static bool was_asked(void) {
  pthread_mutex_lock(&mutex);
  const bool was = asked;
  asked = false;
  pthread_mutex_unlock(&mutex);
  return was;
}

/* Binds an address of its own, because several copies of the test may run at
   once. */
static bool bind_server(int fd) {
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(53) };
  for (unsigned id = 1; id < 60000; id++) {
    (void) snprintf(server_address, sizeof(server_address), "127.%u.%u.53",
                    id / 250 + 1, id % 250 + 1);
    (void) inet_pton(AF_INET, server_address, &address.sin_addr);
    if (bind(fd, (struct sockaddr *) &address, sizeof(address)) == 0)
      return true;
    if (errno != EADDRINUSE)
      return false;
  }
  return false;
}

/* Makes the resolver wait as long as possible. */
static bool write_configuration(int fd) {
  char text[100];
  const int len = snprintf(text, sizeof(text),
                           "nameserver %s\noptions timeout:30 attempts:5\n",
                           server_address);
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

static bool open_server(void) {
  server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (server >= 0 && bind_server(server) && cover_configuration())
    return true;
  (void) close(server);
  server = -1;
  return false;
}

static int silent_setup(void **state) {
  pthread_t thread;
  if (!open_server())
    return 0;
  if (pthread_create(&thread, NULL, serve_names, NULL) != 0)
    return -1;
  return pthread_detach(thread);
}

static int silent_teardown(void **state) {
  curl_global_cleanup();
  return 0;
}

static void need_server(void) {
  if (server < 0)
    skip_because("a name server of its own requires root");
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

/* Starts a query, which waits for the answer. */
static avow_promise_t *begin(ask_fn ask) {
  let_it_answer(false);
  (void) was_asked();
  avow_promise_t *p = ask("http://nobody.avow.test");
  while (!was_asked()) {
    assert_int_equal(avow_state(p), AVOW_PENDING);
    iterate(1);
  }
  iterate(LATE);
  assert_int_equal(avow_state(p), AVOW_PENDING);
  return p;
}

static void lookup_may_be_canceled(void **state) {
  need_server();
  for (int i = 0; i < ASKS; i++) {
    avow_promise_t *p = begin(asks[i]);
    avow_cancel(p);
    assert_rejects(p, UV_ECANCELED); /* and not after the look-up */
    iterate(LATE);
    let_it_answer(true);
  }
}

static void loop_may_close_during_a_lookup(void **state) {
  need_server();
  for (int i = 0; i < ASKS; i++) {
    avow_promise_t *p = begin(asks[i]);
    behind_iterations(LATE, answer_from_here_on);
    assert_int_equal(avow_loop_close(loop), 0);
    assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
    avow_unref(p);
    stop_counting();
    begin_anew();
    let_it_answer(true);
  }
}

static void timeout_does_not_wait_for_a_lookup(void **state) {
  need_server();
  for (int i = 0; i < ASKS; i++) {
    avow_promise_t *p = avow_timeout(begin(asks[i]), 50);
    while (avow_state(p) == AVOW_PENDING)
      iterate(1);
    assert_rejects(p, UV_ETIMEDOUT);
    let_it_answer(true);
  }
}

/* The program does not cancel, but the resolver gives up. */
static void failed_lookup_rejects(void **state) {
  need_server();
  avow_promise_t *all[ASKS];
  for (int i = 0; i < ASKS; i++)
    all[i] = begin(asks[i]);
  behind_iterations(LATE, answer_from_here_on);
  const avow_value_t v = avow_run(avow_all_settled(loop, all, ASKS));
  for (size_t i = 0; i < ASKS; i++) {
    const avow_value_t *reason = avow_outcome_at(&v, i).value;
    assert_int_equal(avow_error_code(reason),
                     asks[i] == connect_to ? UV_EAI_AGAIN : UV_EAI_NONAME);
  }
  avow_value_unref(v);
  stop_counting();
}

/* Answers if a test fails, because the loop would not close. */
static int names_teardown(void **state) {
  let_it_answer(true);
  return curl_teardown(state);
}

#define NAMES_CASE(f) \
  cmocka_unit_test_setup_teardown(f, curl_setup, names_teardown)

SUITE(silent_names) {
  const struct CMUnitTest tests[] = {
    NAMES_CASE(lookup_may_be_canceled),
    NAMES_CASE(loop_may_close_during_a_lookup),
    NAMES_CASE(timeout_does_not_wait_for_a_lookup),
    NAMES_CASE(failed_lookup_rejects),
  };
  harness_init();
  return cmocka_run_group_tests(tests, silent_setup, silent_teardown);
}
