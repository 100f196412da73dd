/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL out of memory. Each of its allocations fails in turn, once or from
 * then on, while two peers communicate twice, the second time with a resumed
 * session. Each promise must settle, nothing may be left, and later connections
 * must succeed.
 *
 * OpenSSL accepts another allocator only before its first allocation. All of
 * the 10,000 allocations take a minute. Therefore one in 97 fails, another one
 * in each run. If $THOROUGH is set, all of them fail.
 */
#include <openssl/crypto.h>

#include <stdio.h>

#include "pair.h"

static long calls, fail_at; /* 0: none fails */
static bool fail_later;     /* all later ones fail, too */
static long live_blocks;

static const char *fail_in; /* name of a file in which all fail; NULL: none */
static long failed_there;

static bool fails(const char *file) {
  calls++;
  if (fail_in != NULL && strstr(file, fail_in) != NULL)
    return ++failed_there > 0;
  return fail_at != 0 && (calls == fail_at || (fail_later && calls > fail_at));
}

static void *allocate(size_t n, const char *file, int line) {
  void *p = fails(file) ? NULL : malloc(n);
  live_blocks += p != NULL;
  return p;
}

static void release(void *p, const char *file, int line) {
  live_blocks -= p != NULL;
  free(p);
}

static void *resize(void *p, size_t n, const char *file, int line) {
  if (p == NULL)
    return allocate(n, file, line);
  if (n == 0) {
    release(p, file, line);
    return NULL;
  }
  return fails(file) ? NULL : realloc(p, n);
}

static char why[200]; /* the last error message */

static void keep_why(const avow_value_t *v) {
  if (avow_is_error(v))
    (void) snprintf(why, sizeof(why), "%s", avow_error_message(v)); /* cut */
}

/* Waits until the promise settles. Returns whether it fulfilled. */
static bool settles(avow_promise_t *p) {
  const avow_value_t v = avow_run(p);
  const int code = avow_error_code(&v);
  keep_why(&v);
  avow_value_unref(v);
  if (code == AVOW_EIDLE)
    fail_msg("allocation %ld: a promise stays pending", fail_at);
  return code == 0;
}

static bool meet(void) {
  open_below(100000, NULL);
  avow_promise_t *p = greet_server();
  ends[0] = avow_run(greet_client());
  ends[1] = avow_run(p);
  keep_why(&ends[0]);
  keep_why(&ends[1]);
  const bool met = ends[0].tag == AVOW_OBJECT && ends[1].tag == AVOW_OBJECT;
  if (avow_error_code(&ends[0]) == AVOW_EIDLE ||
      avow_error_code(&ends[1]) == AVOW_EIDLE)
    fail_msg("allocation %ld: a handshake stays pending", fail_at);
  return met;
}

static bool talk(void) {
  avow_promise_t *all[] = {
    avow_write(server(), avow_string("how are you")),
    avow_read(client(), 100),
    avow_write(client(), avow_string("fine")),
    avow_shutdown(client()),
    avow_read_all(server(), 100),
  };
  bool fine = true;
  for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
    if (!settles(all[i])) { /* no other promise must wait longer */
      fine = false;
      drop(&ends[0]);
      drop(&ends[1]);
    }
  return fine && settles(avow_close(server()));
}

/* Returns whether all operations succeeded. */
static bool speaks(void) {
  bool fine = meet();
  if (fine)
    fine = talk();
  drop(&ends[0]);
  drop(&ends[1]);
  return fine;
}

static void make_settings(int version) {
  drop(&settings[0]);
  drop(&settings[1]);
  settings[0] = settings_of(NULL, &authority);
  settings[1] = settings_of(&localhost, &authority);
  SSL_CTX *ctx = avow_tls_ssl_ctx(&settings[0]);
  assert_int_equal(SSL_CTX_set_max_proto_version(ctx, version), 1);
}

/* Memory that OpenSSL keeps for the thread, such as its last errors, is no
   leak. */
static long blocks(void) {
  OPENSSL_thread_stop();
  return live_blocks;
}

/* Two peers communicate while one allocation fails. Returns whether that many
   allocations were made. Adds the number of remaining blocks to *left. */
static bool fail_once(int version, long at, bool later, long *left) {
  const long before = blocks();
  make_settings(version);
  calls = 0;
  fail_at = at;
  fail_later = later;
  const bool once = speaks();
  const bool fine = once && speaks();
  fail_at = 0;
  const bool failed = calls >= at;
  if (!fine && !failed)
    fail_msg("nothing failed at %ld, but: %s", at, why);
  drop(&settings[0]);
  drop(&settings[1]);
  *left += blocks() - before;
  return failed;
}

/* Blocks that remain each time that the same allocation fails are leaked.
   Blocks that OpenSSL caches remain only once. */
static bool fail_one(int version, long at, bool later) {
  long left = 0;
  const bool failed = fail_once(version, at, later, &left);
  for (int i = 0; i < 3 && left != 0; i++) {
    left = 0;
    (void) fail_once(version, at, later, &left);
  }
  if (left != 0)
    fail_msg("allocation %ld%s leaves %ld blocks", at,
             later ? " and later" : "", left);
  return failed;
}

static bool tries_all;

static void speak_twice(int version) {
  make_settings(version);
  assert_true(speaks());
  assert_true(speaks());
}

/* Algorithms are loaded before an allocation fails, because OpenSSL may not
   retry a load that failed. */
static void fail_each(int version) {
  const long step = tries_all ? 1 : 97;
  const long first = 1 + (long) (uv_hrtime() % (uint64_t) step);
  speak_twice(version);
  for (int later = 0; later < 2; later++)
    for (long at = first; fail_one(version, at, later == 1); at += step)
      ;
  speak_twice(version);
}

/* Tickets arrive during a read. Failing to store them does not affect the
   read. */
static void read_survives_a_failed_session_store(void **state) {
  make_settings(TLS1_3_VERSION);
  assert_true(meet());
  fail_in = "sessions.c";
  avow_promise_t *p = avow_read(client(), 100);
  avow_unref(avow_write(server(), avow_string("x")));
  const bool fine = settles(p);
  fail_in = NULL;
  assert_true(fine);
  assert_int_equal(failed_there, 2);
}

static void tls_1_3_survives_allocation_failure(void **state) {
  fail_each(TLS1_3_VERSION);
}

static void tls_1_2_survives_allocation_failure(void **state) {
  fail_each(TLS1_2_VERSION);
}

SUITE(oom_openssl) {
  if (CRYPTO_set_mem_functions(allocate, resize, release) != 1)
    return 1;
  tries_all = getenv("THOROUGH") != NULL;
  const struct CMUnitTest tests[] = {
    PAIR_CASE(read_survives_a_failed_session_store),
    PAIR_CASE(tls_1_3_survives_allocation_failure),
    PAIR_CASE(tls_1_2_survives_allocation_failure),
  };
  harness_init();
  return cmocka_run_group_tests(tests, make_all_papers, free_all_papers);
}
