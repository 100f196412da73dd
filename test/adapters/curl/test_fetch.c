/* SPDX-License-Identifier: MIT */
/* HTTP requests: heads, bodies as streams, and errors of servers. */
#include "curl_test.h"

static avow_value_t fetched(const char *url, const avow_fetch_options_t *o) {
  return avow_run(avow_curl_fetch(client, url, o));
}

static void assert_body(const avow_value_t *response, size_t n) {
  avow_value_t v = avow_run(avow_read_all(avow_to_stream(response), 1 << 20));
  size_t len = 0;
  if (avow_is_error(&v))
    fail_msg("%s", avow_error_message(&v));
  const char *bytes = avow_to_bytes(&v, &len);
  assert_int_equal(len, n);
  for (size_t i = 0; i < n; i++)
    assert_int_equal(bytes[i], byte_at((int) i));
  avow_value_unref(v);
}

static void bodies_of_all_sizes_arrive_whole(void **state) {
  static const char *const kinds[] = { "bytes", "chunked", "close" };
  static const int sizes[] = { 0, 1, 100, 16384, 16385, 200000 };
  for (int kind = 0; kind < 3; kind++)
    for (int i = 0; i < 6; i++) {
      if (kind == 1 && sizes[i] > 20000)
        continue; /* chunks have 7 bytes */
      avow_value_t v = fetched(url_of("/%s/%d", kinds[kind], sizes[i]), NULL);
      assert_int_equal(avow_curl_status(&v), 200);
      assert_body(&v, (size_t) sizes[i]);
      avow_value_unref(v);
    }
}

static void body_may_be_read_byte_by_byte(void **state) {
  avow_value_t v = fetched(url_of("/bytes/300"), NULL);
  const avow_stream_t body = avow_to_stream(&v);
  for (int i = 0; i < 300; i++) {
    avow_value_t b = avow_run(avow_read(body, 1));
    assert_int_equal(avow_to_bytes(&b, NULL)[0], byte_at(i));
    avow_value_unref(b);
  }
  assert_fulfills_none(avow_read(body, 1));
  assert_fulfills_none(avow_read(body, 1));
  avow_value_unref(v);
}

static void response_has_its_status_and_headers(void **state) {
  avow_value_t v = fetched(url_of("/bytes/42"), NULL);
  assert_string_equal(avow_curl_header(&v, "content-LENGTH"), "42");
  assert_null(avow_curl_header(&v, "Content"));
  assert_null(avow_curl_header(&v, "Location"));
  avow_value_unref(v);
  v = fetched(url_of("/status/404"), NULL);
  assert_int_equal(avow_curl_status(&v), 404);
  assert_body(&v, 0);
  avow_value_unref(v);
}

/* libcurl passes the header line by line. */
static void folded_header_keeps_all_its_lines(void **state) {
  const avow_value_t said = avow_string(
      "HTTP/1.1 200 OK\r\n"
      "X-Folded: one\r\n\ttwo \r\n \r\n"
      "Content-Length: 0\r\n\r\n");
  const avow_fetch_options_t options = { .body = &said };
  avow_value_t v = fetched(url_of("/say"), &options);
  const char *folded = avow_curl_header(&v, "X-Folded");
  assert_memory_equal(folded, "one ", 4);
  assert_string_equal(folded + strlen(folded) - 3, "two");
  assert_string_equal(avow_curl_header(&v, "Content-Length"), "0");
  avow_value_unref(v);
  avow_value_unref(said);
}

/* The head is available before the rest of the body. */
static void response_fulfills_before_its_body_ends(void **state) {
  avow_value_t v = fetched(url_of("/half/10"), NULL);
  assert_int_equal(avow_curl_status(&v), 200);
  avow_promise_t *p = avow_read_all(avow_to_stream(&v), 100);
  assert_rejects(avow_timeout(p, 20), UV_ETIMEDOUT);
  avow_value_unref(v);
  run();
  assert_no_connection();
}

static void redirects_are_followed_up_to_a_limit(void **state) {
  avow_value_t v = fetched(url_of("/redirect/3"), NULL);
  assert_int_equal(avow_curl_status(&v), 200);
  assert_null(avow_curl_header(&v, "Location"));
  assert_fulfills_bytes(avow_read_all(avow_to_stream(&v), 100), "hello, world");
  avow_value_unref(v);
  const avow_fetch_options_t none = { .no_redirects = true };
  v = fetched(url_of("/redirect/3"), &none);
  assert_int_equal(avow_curl_status(&v), 302);
  assert_string_equal(avow_curl_header(&v, "Location"), "/redirect/2");
  assert_fulfills_bytes(avow_read_all(avow_to_stream(&v), 100), "move");
  avow_value_unref(v);
  const avow_fetch_options_t two = { .redirects = 2 };
  v = fetched(url_of("/redirect/3"), &two);
  assert_int_equal(avow_curl_code(&v), CURLE_TOO_MANY_REDIRECTS);
  avow_value_unref(v);
}

static void assert_moved(const char *method, int status, const char *becomes,
                         bool with_body) {
  char line[32];
  const avow_value_t data = avow_string("data");
  const avow_fetch_options_t o = { .method = method, .body = &data };
  (void) snprintf(line, sizeof(line), "%s /request ", becomes); /* fits */
  avow_value_t v = fetched(url_of("/moved/%d", status), &o);
  avow_value_t head = avow_run(avow_read_all(avow_to_stream(&v), 4096));
  const char *text = avow_to_bytes(&head, NULL);
  assert_memory_equal(text, line, strlen(line));
  assert_int_equal(strstr(text, "Content-Length: 4\r\n") != NULL, with_body);
  avow_value_unref(head);
  avow_value_unref(v);
  avow_value_unref(data);
}

/* As the Fetch standard specifies, only POST is changed. Browsers do the
   same. */
static void redirects_change_methods_as_fetch_requires(void **state) {
  for (int status = 301; status <= 302; status++) {
    assert_moved("POST", status, "GET", false);
    assert_moved("PUT", status, "PUT", true);
    assert_moved("GET", status, "GET", true);
  }
  assert_moved("POST", 303, "GET", false);
  assert_moved("PUT", 303, "GET", false);
  assert_moved("DELETE", 303, "GET", false);
  assert_moved("POST", 307, "POST", true);
  assert_moved("PUT", 308, "PUT", true);
}

/* Heads before that of the response, and headers after its body. */
static void interim_heads_and_trailers_are_not_headers(void **state) {
  avow_value_t v = fetched(url_of("/hints"), NULL);
  assert_int_equal(avow_curl_status(&v), 200);
  assert_null(avow_curl_header(&v, "Link"));
  assert_fulfills_bytes(avow_read_all(avow_to_stream(&v), 100), "hello, world");
  avow_value_unref(v);
  v = fetched(url_of("/trailer"), NULL);
  assert_fulfills_bytes(avow_read_all(avow_to_stream(&v), 100), "hello, world");
  assert_null(avow_curl_header(&v, "X-Late"));
  avow_value_unref(v);
}

static avow_value_t text_of(const avow_value_t *response) {
  return avow_run(avow_read_all(avow_to_stream(response), 1 << 16));
}

static void set_agent(CURL *easy, void *data) {
  curl_easy_setopt(easy, CURLOPT_USERAGENT, data);
}

static void request_has_its_method_and_headers(void **state) {
  const char *const headers[] = { "X-Mine: 1", "Accept:", NULL };
  const avow_fetch_options_t options = { .method = "DELETE",
                                         .headers = headers,
                                         .set = set_agent,
                                         .data = "mine" };
  avow_value_t v = fetched(url_of("/request"), &options);
  avow_value_t text = text_of(&v);
  assert_non_null(strstr(avow_to_bytes(&text, NULL), "DELETE /request "));
  assert_non_null(strstr(avow_to_bytes(&text, NULL), "\r\nX-Mine: 1\r\n"));
  assert_non_null(strstr(avow_to_bytes(&text, NULL), "User-Agent: mine\r\n"));
  assert_null(strstr(avow_to_bytes(&text, NULL), "Accept"));
  avow_value_unref(text);
  avow_value_unref(v);
}

/* State of a callback that sets options of a client's fetches. */
typedef struct {
  int calls;
  avow_promise_t *canceled; /* by the second call */
} setter_t;

static void set_each(CURL *easy, void *data) {
  setter_t *setter = data;
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "theirs");
  if (++setter->calls == 2 && setter->canceled != NULL)
    avow_cancel(setter->canceled);
}

/* The client has one connection, so that a fetch waits until the previous one
   has ended. */
static avow_curl_t *client_that_sets(setter_t *setter) {
  const avow_curl_options_t options = { .host_connections = 1,
                                        .set = set_each,
                                        .data = setter };
  return avow_curl_new(loop, &options);
}

static void assert_agent(avow_promise_t *p, const char *agent) {
  avow_value_t v = avow_run(p);
  avow_value_t text = text_of(&v);
  assert_non_null(strstr(avow_to_bytes(&text, NULL), agent));
  avow_value_unref(text);
  avow_value_unref(v);
}

static void client_sets_options_when_each_fetch_starts(void **state) {
  setter_t setter = { 0 };
  avow_curl_t *own = client_that_sets(&setter);
  const avow_fetch_options_t options = { .set = set_agent, .data = "mine" };
  avow_promise_t *silent = avow_curl_fetch(own, url_of("/silent"), NULL);
  avow_promise_t *next = avow_curl_fetch(own, url_of("/request"), NULL);
  assert_int_equal(setter.calls, 1);
  avow_cancel(silent);
  avow_unref(silent);

  assert_agent(next, "User-Agent: theirs\r\n");

  assert_int_equal(setter.calls, 2);
  assert_agent(avow_curl_fetch(own, url_of("/request"), &options),
               "User-Agent: mine\r\n");
  avow_curl_unref(own);
}

static void fetch_may_be_canceled_as_it_starts(void **state) {
  setter_t setter = { 0 };
  avow_curl_t *own = client_that_sets(&setter);
  avow_promise_t *first = avow_curl_fetch_all(own, url_of("/hello"), NULL);
  avow_promise_t *next = avow_curl_fetch(own, url_of("/silent"), NULL);
  setter.canceled = next;
  avow_value_unref(avow_run(first));

  assert_rejects(next, UV_ECANCELED);

  assert_int_equal(setter.calls, 2);
  assert_agent(avow_curl_fetch(own, url_of("/request"), NULL), "theirs");
  avow_curl_unref(own);
}

static void assert_sends(const avow_fetch_options_t *options,
                         const char *part) {
  avow_value_t v = fetched(url_of("/request"), options);
  avow_value_t text = text_of(&v);
  if (strstr(avow_to_bytes(&text, NULL), part) == NULL)
    fail_msg("no %s in %s", part, avow_to_bytes(&text, NULL));
  avow_value_unref(text);
  avow_value_unref(v);
}

static void requests_send_their_method(void **state) {
  assert_sends(NULL, "GET /request ");
  assert_sends(&(avow_fetch_options_t){ .method = "GET" }, "GET /request ");
  const avow_fetch_options_t post = { .method = "POST" };
  assert_sends(&post, "POST /request ");
  assert_sends(&post, "Content-Length: 0\r\n");
  avow_value_t v =
      fetched(url_of("/hello"), &(avow_fetch_options_t){ .method = "HEAD" });
  assert_string_equal(avow_curl_header(&v, "Content-Length"), "12");
  avow_value_unref(v);
}

static void request_sends_a_body(void **state) {
  static char bytes[100000];
  for (int i = 0; i < (int) sizeof(bytes); i++)
    bytes[i] = byte_at(i);
  avow_value_t body = avow_bytes(bytes, sizeof(bytes));
  const avow_fetch_options_t options = { .body = &body };
  avow_promise_t *p = avow_curl_fetch(client, url_of("/echo"), &options);
  avow_value_unref(body);
  avow_value_t v = avow_run(p);
  assert_body(&v, sizeof(bytes));
  avow_value_unref(v);
}

static void assert_refused(const avow_fetch_options_t *options,
                           const char *why) {
  assert_says(avow_curl_fetch(client, url_of("/hello"), options), UV_EINVAL,
              why);
}

static void invalid_requests_are_refused(void **state) {
  static const char header[] =
      "a header has no colon, or it contains a line break";
  static const char method[] =
      "the method has characters that are not capital letters";
  static const char length[] =
      "the body length is invalid, or the body is not a stream";
  const char *const split[] = { "X: 1\r\nY: 2", NULL };
  const char *const plain[] = { "nothing", NULL };
  const avow_value_t number = avow_int(1), bytes = avow_string("x");
  assert_refused(&(avow_fetch_options_t){ .method = "GET /" }, method);
  assert_refused(&(avow_fetch_options_t){ .method = "" }, method);
  assert_refused(&(avow_fetch_options_t){ .headers = split }, header);
  assert_refused(&(avow_fetch_options_t){ .headers = plain }, header);
  assert_refused(&(avow_fetch_options_t){ .body = &number },
                 "the body is neither bytes nor a stream");
  assert_refused(&(avow_fetch_options_t){ .body_length = 1 }, length);
  assert_refused(&(avow_fetch_options_t){ .body = &bytes, .body_length = 1 },
                 length);
  assert_refused(&(avow_fetch_options_t){ .reserved = { 1 } },
                 "the options have fields that this avow-curl does not know");
  const avow_value_t none = avow_error(UV_ENOMEM); /* of avow_string() */
  assert_rejects(avow_curl_fetch(client, url_of("/hello"),
                                 &(avow_fetch_options_t){ .body = &none }),
                 UV_ENOMEM);
  assert_says(avow_curl_fetch(client, NULL, NULL), UV_EINVAL,
              "the URL is NULL");
  assert_says(avow_curl_perform(client, NULL), UV_EINVAL,
              "the easy handle is NULL");
  assert_rejects(avow_curl_fetch(client, "file:///etc/passwd", NULL),
                 UV_EINVAL);
  avow_value_unref(bytes);
}

/* If the body is not read, the server cannot send the rest. */
static void unread_body_causes_backpressure(void **state) {
  enum { HUGE_BODY = 200 * 1000 * 1000 };
  avow_value_t v = fetched(url_of("/bytes/%d", HUGE_BODY), NULL);
  const long before = live_allocations();
  for (int i = 0; i < 20; i++) {
    (void) uv_run(loop, UV_RUN_NOWAIT);
    uv_sleep(1);
  }
  assert_in_range(live_allocations() - before, 0, 5);
  assert_rejects(avow_read_all(avow_to_stream(&v), 1000000), UV_EMSGSIZE);
  avow_value_unref(v);
  run();
}

/* The fetch may fulfill or reject. A body may only end without error if it is
   whole. */
static void assert_cut(const char *url, bool whole) {
  avow_value_t v = fetched(url, NULL);
  if (!avow_is_error(&v)) {
    avow_value_t b = text_of(&v);
    if (whole != !avow_is_error(&b))
      fail_msg("%s: %s", url, avow_error_message(&b));
    avow_value_unref(b);
  } else if (whole) {
    fail_msg("%s: %s", url, avow_error_message(&v));
  }
  avow_value_unref(v);
}

/* The head has 40 bytes and the body 100. */
static void response_cut_at_each_byte_fails(void **state) {
  for (int n = 0; n <= 140; n++) {
    assert_cut(url_of("/end/%d", n), n == 140);
    if (n < 140) /* both may arrive first */
      assert_cut(url_of("/reset/%d", n), false);
  }
}

static void oversized_responses_do_not_break_the_client(void **state) {
  avow_value_t v = fetched(url_of("/long/5"), NULL);
  assert_body(&v, 5); /* the announced bytes */
  avow_value_unref(v);
  v = fetched(url_of("/headers"), NULL);
  assert_true(avow_is_error(&v));
  avow_value_unref(v);
  v = fetched(url_of("/hello"), NULL); /* on another connection */
  assert_fulfills_bytes(avow_read_all(avow_to_stream(&v), 100), "hello, world");
  avow_value_unref(v);
}

/* After a pause, the next read gets the first bytes that libcurl has buffered.
   Further ones are available at once. */
static void buffered_body_is_read_at_once(void **state) {
  avow_value_t answer = compressed_answer();
  const avow_fetch_options_t options = { .body = &answer, .set = accept_gzip };
  avow_value_t v = fetched(url_of("/say"), &options);
  size_t len = 0;
  for (int i = 0; len < MANY_AS; i++) {
    avow_promise_t *p = avow_read(avow_to_stream(&v), 1 << 16);
    if (i > 1)
      assert_int_equal(avow_state(p), AVOW_FULFILLED);
    const avow_value_t piece = avow_run(p);
    size_t n;
    assert_int_equal(piece.tag, AVOW_BYTES);
    const char *bytes = avow_to_bytes(&piece, &n);
    for (size_t at = 0; at < n; at++)
      assert_int_equal(bytes[at], 'a');
    len += n;
    avow_value_unref(piece);
  }
  assert_int_equal(len, MANY_AS);
  assert_fulfills_none(avow_read(avow_to_stream(&v), 1));
  avow_value_unref(v);
  avow_value_unref(answer);
}

static void body_has_one_reader_at_a_time(void **state) {
  avow_value_t v = fetched(url_of("/half/10"), NULL);
  const avow_stream_t body = avow_to_stream(&v);
  avow_promise_t *p = avow_read(body, 100);
  assert_fulfills_bytes(p, "abcdefghij");
  p = avow_read(body, 10);
  assert_rejects(avow_read(body, 10), UV_EALREADY);
  avow_cancel(p);
  avow_unref(p);
  p = avow_read(body, 10);
  avow_value_unref(v);
  assert_rejects(p, UV_ECANCELED);
}

SUITE(fetch) {
  const struct CMUnitTest tests[] = {
    CURL_CASE(bodies_of_all_sizes_arrive_whole),
    CURL_CASE(body_may_be_read_byte_by_byte),
    CURL_CASE(response_has_its_status_and_headers),
    CURL_CASE(response_fulfills_before_its_body_ends),
    CURL_CASE(folded_header_keeps_all_its_lines),
    CURL_CASE(redirects_are_followed_up_to_a_limit),
    CURL_CASE(redirects_change_methods_as_fetch_requires),
    CURL_CASE(interim_heads_and_trailers_are_not_headers),
    CURL_CASE(request_has_its_method_and_headers),
    CURL_CASE(client_sets_options_when_each_fetch_starts),
    CURL_CASE(fetch_may_be_canceled_as_it_starts),
    CURL_CASE(requests_send_their_method),
    CURL_CASE(request_sends_a_body),
    CURL_CASE(invalid_requests_are_refused),
    CURL_CASE(response_cut_at_each_byte_fails),
    CURL_CASE(oversized_responses_do_not_break_the_client),
    CURL_CASE(buffered_body_is_read_at_once),
    CURL_CASE(body_has_one_reader_at_a_time),
    CURL_CASE(unread_body_causes_backpressure),
  };
  return RUN_CURL(tests);
}
