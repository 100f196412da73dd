/* SPDX-License-Identifier: MIT */
/* Easy handles as promises: their outcomes, and what their callbacks may do
   meanwhile. */
#include <sys/resource.h>
#include <unistd.h>

#include "curl_test.h"

static void perform_fulfills_when_done(void **state) {
  got_t got = { 0 };
  assert_fulfills_int(get(url_of("/bytes/3000"), &got), 200);
  assert_got(&got, 3000);
}

static void many_transfers_run_at_once(void **state) {
  enum { MANY = 100 };
  static got_t got[MANY];
  avow_promise_t *all[MANY];
  memset(got, 0, sizeof(got));
  for (int i = 0; i < MANY; i++)
    all[i] = get(url_of("/chunked/%d", 10 * i), &got[i]);
  avow_value_t v = avow_run(avow_all(loop, all, MANY));
  assert_int_equal(avow_list_len(&v), MANY);
  avow_value_unref(v);
  for (int i = 0; i < MANY; i++)
    assert_got(&got[i], (size_t) (10 * i));
}

static void handle_is_returned_unchanged(void **state) {
  int mine = 0;
  char *private = NULL;
  CURL *easy = easy_for(url_of("/status/204"), NULL);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &mine);
  avow_value_t v = avow_run(avow_curl_perform(client, easy));
  assert_ptr_equal(avow_to_curl(&v), easy);
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
  assert_ptr_equal(private, &mine);
  assert_int_equal(curl_easy_perform(easy), CURLE_OK); /* without the client */
  avow_value_unref(v);
}

static void other_protocols_are_supported(void **state) {
  got_t got = { 0 };
  avow_value_t v =
      avow_run(avow_curl_perform(client, easy_for("file:///dev/null", &got)));
  assert_false(avow_is_error(&v));
  assert_int_equal(got.len, 0);
  avow_value_unref(v);
}

static void assert_fails(const char *url, int code, CURLcode theirs) {
  avow_value_t v = avow_run(get(url, NULL));
  if (avow_error_code(&v) != code)
    fail_msg("%s: %s", url, avow_error_message(&v));
  assert_int_equal(avow_curl_code(&v), theirs);
  assert_true(strlen(avow_error_message(&v)) > 0);
  avow_value_unref(v);
}

static void libcurl_errors_become_reasons(void **state) {
  assert_fails("nothing://at.all", UV_EINVAL, CURLE_UNSUPPORTED_PROTOCOL);
  assert_fails("http://", UV_EINVAL, CURLE_URL_MALFORMAT);
  assert_fails("file:///no/such/file", UV_EPROTO, CURLE_FILE_COULDNT_READ_FILE);
  assert_fails(url_of("/end/60"), UV_EPROTO, CURLE_PARTIAL_FILE);
  assert_fails(url_of("/end/0"), UV_EPROTO, CURLE_GOT_NOTHING);
}

/* libuv reports UV_EBADF for both. */
static void system_errors_become_reasons(void **state) {
  avow_value_t v = avow_run(get("http://127.0.0.1:1/", NULL));
  assert_int_equal(avow_error_code(&v), UV_ECONNREFUSED);
  assert_int_equal(avow_curl_code(&v), CURLE_COULDNT_CONNECT);
  assert_non_null(strstr(avow_error_message(&v), ": connection refused"));
  avow_value_unref(v);
  assert_fails(url_of("/reset/60"), UV_ECONNRESET, CURLE_RECV_ERROR);
}

/* libcurl does not report the reason. */
static void lack_of_descriptors_is_the_reason(void **state) {
  struct rlimit usual, none;
  const int next = dup(0);
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
  none = usual;
  none.rlim_cur = (rlim_t) next;
  close(next);
  avow_promise_t *p = get(url_of("/status/204"), NULL);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
  avow_value_t v = avow_run(p);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
  assert_int_equal(avow_curl_code(&v), CURLE_COULDNT_CONNECT);
  assert_int_equal(avow_error_code(&v), UV_EMFILE);
  avow_value_unref(v);
}

/* libcurl has read all bytes and has no other event. 200 ms after connecting it
   checks the socket by itself. */
static void late_reset_rejects(void **state) {
  avow_promise_t *p = get(url_of("/late/60"), NULL);
  assert_rejects(p, UV_ECONNRESET);
}

static void libcurl_timeout_rejects(void **state) {
  CURL *easy = easy_for(url_of("/silent"), NULL);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 20L);
  avow_value_t v = avow_run(avow_curl_perform(client, easy));
  assert_int_equal(avow_error_code(&v), UV_ETIMEDOUT);
  assert_false(avow_is_timeout(&v));
  avow_value_unref(v);
}

static void handle_in_use_is_refused(void **state) {
  CURL *easy = easy_for(url_of("/hello"), NULL);
  avow_promise_t *p = avow_curl_perform(client, easy);
  assert_rejects(avow_curl_perform(client, easy), UV_EINVAL);
  avow_value_t v = avow_run(p);
  assert_ptr_equal(avow_to_curl(&v), easy);
  avow_value_unref(v);
  assert_rejects(avow_curl_perform(client, NULL), UV_EINVAL);
}

static avow_value_t again_cb(const avow_value_t *done, void *unused) {
  return avow_follow(avow_curl_perform(client, avow_to_curl(done)));
}

/* The value owns the easy handle. A copy belongs to the program. */
static void handle_owned_by_a_value_is_refused(void **state) {
  got_t got = { 0 };
  CURL *easy = easy_for(url_of("/hello"), &got);
  avow_value_t v = avow_run(avow_curl_perform(client, easy));
  avow_value_t e = avow_run(avow_curl_perform(client, avow_to_curl(&v)));
  assert_int_equal(avow_error_code(&e), UV_EINVAL);
  assert_non_null(strstr(avow_error_message(&e), "curl_easy_duphandle()"));
  avow_value_unref(e);
  CURL *copy = curl_easy_duphandle(avow_to_curl(&v));
  avow_ignore(avow_run(avow_curl_perform(client, copy)));
  avow_value_unref(v);
  assert_int_equal(got.len, 24);
  easy = easy_for(url_of("/hello"), &got);
  avow_promise_t *p = avow_curl_perform(client, easy);
  assert_rejects(avow_then(p, again_cb, NULL, NULL), UV_EINVAL);
}

/* A client that has ended does not take ownership either. */
static void owned_handle_stays_with_its_value_after_loop_close(void **state) {
  avow_value_t v =
      avow_run(avow_curl_perform(client, easy_for(url_of("/hello"), NULL)));
  assert_int_equal(avow_loop_close(loop), 0);
  avow_promise_t *p = avow_curl_perform(client, avow_to_curl(&v));
  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  avow_unref(p);
  avow_value_unref(v);
  begin_anew();
}

static void other_values_have_no_libcurl_code(void **state) {
  const avow_value_t none = avow_none();
  assert_int_equal(avow_curl_code(&none), CURLE_OK);
  avow_value_t e = avow_error_new(UV_EIO, avow_pointer(&client), "x");
  assert_int_equal(avow_curl_code(&e), CURLE_OK);
  avow_value_unref(e);
}

static void without_a_client(void) {
  avow_ignore(avow_run(avow_curl_perform(NULL, NULL)));
}

static void unref_accepts_null_and_perform_does_not(void **state) {
  avow_curl_unref(NULL);
  assert_misuse(without_a_client, "avow");
}

static avow_promise_t *other;

static size_t cancel_itself(char *data, size_t size, size_t n, void *p) {
  avow_cancel(*(avow_promise_t **) p);
  return size * n;
}

static void transfer_may_be_canceled_in_its_callback(void **state) {
  static avow_promise_t *p;
  CURL *easy = easy_for(url_of("/half/100"), NULL);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, cancel_itself);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &p);
  p = avow_curl_perform(client, easy);
  assert_rejects(avow_ref(p), UV_ECANCELED);
  avow_unref(p);
}

static size_t begin_another(char *data, size_t size, size_t n, void *got) {
  other = get(url_of("/bytes/10"), got);
  return size * n;
}

static void transfer_may_start_in_a_callback(void **state) {
  got_t got = { 0 };
  CURL *easy = easy_for(url_of("/hello"), &got);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, begin_another);
  avow_ignore(avow_run(avow_curl_perform(client, easy)));
  assert_fulfills_int(avow_promise_steal(&other), 200);
  assert_got(&got, 10);
}

static size_t close_loop(char *data, size_t size, size_t n, void *err) {
  *(int *) err = avow_loop_close(loop);
  return size * n;
}

static void loop_close_in_a_callback_fails(void **state) {
  int err = 0;
  CURL *easy = easy_for(url_of("/hello"), NULL);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, close_loop);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &err);
  avow_value_t v = avow_run(avow_curl_perform(client, easy));
  assert_false(avow_is_error(&v));
  assert_int_equal(err, UV_EBUSY);
  avow_value_unref(v);
}

static size_t run_loop(char *data, size_t size, size_t n, void *err) {
  avow_value_t v = avow_run(get(url_of("/hello"), NULL));
  *(int *) err = avow_error_code(&v);
  avow_value_unref(v);
  return size * n;
}

/* No function of libcurl can make progress in there. */
static void run_in_a_callback_is_misuse(void **state) {
  int err = 0;
  CURL *easy = easy_for(url_of("/hello"), NULL);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, run_loop);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &err);
  assert_rejects(avow_curl_perform(client, easy), AVOW_EMISUSE);
  assert_int_equal(err, AVOW_EMISUSE);
  assert_fulfills_int(get(url_of("/hello"), NULL), 200);
}

static size_t release_client(char *data, size_t size, size_t n, void *got) {
  avow_curl_unref(client);
  client = NULL;
  return size * n;
}

static void client_may_be_released_in_a_callback(void **state) {
  CURL *easy = easy_for(url_of("/bytes/100"), NULL);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, release_client);
  avow_value_t v = avow_run(avow_curl_perform(client, easy));
  assert_false(avow_is_error(&v));
  avow_value_unref(v);
  run();
  assert_no_connection();
}

/* avow does not poll an idle connection, and its descriptor is an ordinary one.
   A program that closes and opens descriptors gets the same numbers again. */
static void reused_descriptors_may_be_polled_again(void **state) {
  for (int i = 0; i < 30; i++) {
    int fds[2];
    uv_pipe_t mine;
    avow_promise_t *p = get(url_of("/close/%d", 10 * i), NULL);
    avow_promise_t *q = get(url_of("/silent"), NULL);
    avow_ignore(avow_run(p));
    avow_cancel(q);
    avow_unref(q);
    assert_int_equal(uv_pipe(fds, UV_NONBLOCK_PIPE, UV_NONBLOCK_PIPE), 0);
    assert_int_equal(uv_pipe_init(loop, &mine, 0), 0);
    assert_int_equal(uv_pipe_open(&mine, fds[0]), 0);
    p = avow_read(avow_uv_stream((uv_stream_t *) &mine), 8);
    q = get(url_of("/hello"), NULL);
    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_fulfills_bytes(p, "x");
    assert_fulfills_int(q, 200);
    assert_fulfills_none(avow_close_handle((uv_handle_t *) &mine));
    (void) close(fds[1]);
  }
}

SUITE(perform) {
  const struct CMUnitTest tests[] = {
    CURL_CASE(perform_fulfills_when_done),
    CURL_CASE(many_transfers_run_at_once),
    CURL_CASE(handle_is_returned_unchanged),
    CURL_CASE(other_protocols_are_supported),
    CURL_CASE(libcurl_errors_become_reasons),
    CURL_CASE(system_errors_become_reasons),
    CURL_CASE(lack_of_descriptors_is_the_reason),
    CURL_CASE(late_reset_rejects),
    CURL_CASE(libcurl_timeout_rejects),
    CURL_CASE(handle_in_use_is_refused),
    CURL_CASE(handle_owned_by_a_value_is_refused),
    CURL_CASE(owned_handle_stays_with_its_value_after_loop_close),
    CURL_CASE(other_values_have_no_libcurl_code),
    CURL_CASE(unref_accepts_null_and_perform_does_not),
    CURL_CASE(transfer_may_be_canceled_in_its_callback),
    CURL_CASE(transfer_may_start_in_a_callback),
    CURL_CASE(loop_close_in_a_callback_fails),
    CURL_CASE(run_in_a_callback_is_misuse),
    CURL_CASE(client_may_be_released_in_a_callback),
    CURL_CASE(reused_descriptors_may_be_polled_again),
  };
  return RUN_CURL(tests);
}
