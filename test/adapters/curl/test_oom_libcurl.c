/* SPDX-License-Identifier: MIT */
/*
 * Out of memory in libcurl: each of its allocations fails in turn, once or from
 * then on. Each request must fulfill or reject soon. If libcurl leaves a client
 * unusable, the client must reject all further requests. Nothing may be left.
 */
#include <stdio.h>

#include "curl_test.h"

enum { MANY = 1000 };

static long calls, nth, live;
static bool all_from_then, failed;

static bool fails(void) {
  const bool now =
      nth > 0 && (++calls == nth || (all_from_then && calls > nth));
  failed = failed || now;
  return now;
}

static void *counted(void *block) {
  live += block != NULL;
  return block;
}

static void *my_malloc(size_t size) {
  return fails() ? NULL : counted(malloc(size));
}

static void *my_calloc(size_t n, size_t size) {
  return fails() ? NULL : counted(calloc(n, size));
}

static void *my_realloc(void *block, size_t size) {
  void *moved = fails() ? NULL : realloc(block, size);
  live += block == NULL && moved != NULL;
  return moved;
}

static char *my_strdup(const char *text) {
  const size_t size = strlen(text) + 1;
  char *copy = my_malloc(size);
  return copy != NULL ? memcpy(copy, text, size) : NULL;
}

static void my_free(void *block) {
  live -= block != NULL;
  free(block);
}

static int lacking_setup(void **state) {
  if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, my_malloc, my_free, my_realloc,
                           my_strdup, my_calloc) != CURLE_OK)
    return -1;
  return curl_group_setup(state);
}

static int lacking_teardown(void **state) {
  curl_global_cleanup();
  return curl_group_teardown(state);
}

static avow_value_t read_cb(const avow_value_t *response, void *kept) {
  *(avow_value_t *) kept = avow_value_ref(response);
  return avow_follow(avow_read_all(avow_to_stream(response), 1 << 20));
}

/* Makes one request after another. The second one pauses. */
static void ask_twice(void) {
  static const char *const paths[] = { "/hello", "/bytes/200000" };
  avow_value_t kept = avow_none();
  const avow_curl_t *own = client;
  for (int i = 0; i < 2; i++) {
    avow_promise_t *p = avow_curl_fetch(own, url_of(paths[i]), NULL);
    p = avow_then(p, read_cb, NULL, &kept);
    avow_value_unref(avow_run(p)); /* hangs if it never settles */
    avow_value_clear(&kept);
  }
}

static void fail_from(long n, bool on) {
  calls = 0;
  nth = n;
  all_from_then = on;
  failed = false;
}

/* Returns true if no allocation failed. */
static bool ask_without(void **state, long n) {
  bool lacked = false;
  for (int on = 0; on < 2; on++) {
    const long before = live;
    assert_int_equal(curl_setup(state), 0);
    fail_from(n, on == 1);
    ask_twice();
    lacked = lacked || failed;
    fail_from(0, false);
    assert_int_equal(curl_teardown(state), 0);
    assert_int_equal(live, before);
  }
  return !lacked;
}

static void requests_settle_at_each_libcurl_allocation_failure(void **state) {
  long n = 1;
  while (n < MANY && !ask_without(state, n))
    n++;
  assert_in_range(n, 50, MANY - 1);
}

SUITE(oom_libcurl) {
  const struct CMUnitTest tests[] = { cmocka_unit_test(
      requests_settle_at_each_libcurl_allocation_failure) };
  harness_init();
  return cmocka_run_group_tests(tests, lacking_setup, lacking_teardown);
}
