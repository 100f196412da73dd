/* SPDX-License-Identifier: MIT */
/* Two TLS peers: what one writes, the other reads, and how connections end. */
#include "avow/stream_class.h"
#include "pair.h"

static void written_bytes_are_read(void **state) {
  speak();
  assert_fulfills_int(avow_write(client(), avow_string("hello")), 5);
  assert_fulfills_bytes(avow_read(server(), 100), "hello");
  assert_fulfills_int(avow_write(server(), avow_string("hi")), 2);
  assert_fulfills_bytes(avow_read(client(), 1), "h");
  assert_fulfills_bytes(avow_read(client(), 100), "i");
}

static void lists_are_written_as_a_whole(void **state) {
  speak();
  avow_value_t items[] = { avow_string("a"), avow_string(""),
                           avow_string("bc") };
  assert_fulfills_int(avow_write(client(), avow_list(items, 3)), 3);
  assert_fulfills_int(avow_write(client(), avow_string("")), 0);
  assert_fulfills_int(avow_write(client(), avow_list(NULL, 0)), 0);
  assert_fulfills_none(avow_shutdown(client()));
  assert_fulfills_bytes(avow_read_all(server(), 100), "abc");
}

/* The other direction stays open. */
static void shutdown_ends_one_direction(void **state) {
  speak();
  avow_unref(avow_write(client(), avow_string("question")));
  assert_fulfills_none(avow_shutdown(client()));
  assert_fulfills_bytes(avow_read_all(server(), 100), "question");
  assert_fulfills_none(avow_read(server(), 1));

  assert_fulfills_int(avow_write(server(), avow_string("answer")), 6);
  assert_fulfills_none(avow_shutdown(server()));
  assert_fulfills_bytes(avow_read_all(client(), 100), "answer");

  assert_rejects(avow_write(client(), avow_string("more")), UV_EPIPE);
  assert_rejects(avow_shutdown(client()), UV_ENOTCONN);
}

static void shutdown_waits_for_earlier_writes(void **state) {
  open_below(4000, NULL);
  greet_both();
  char *out;
  const avow_value_t more = avow_bytes_new(8000, &out);
  memset(out, 'x', 8000);
  avow_unref(avow_write(client(), more));
  avow_promise_t *p = avow_shutdown(client());
  for (int i = 0; i < 5; i++)
    (void) uv_run(loop, UV_RUN_NOWAIT);
  assert_int_equal(avow_state(p), AVOW_PENDING);
  avow_value_unref(avow_run(avow_read_all(server(), 9000)));
  assert_fulfills_none(p);
}

static void close_sends_close_notify(void **state) {
  speak();
  assert_fulfills_int(avow_write(client(), avow_string("all")), 3);
  assert_fulfills_none(avow_close(client()));
  assert_fulfills_bytes(avow_read_all(server(), 100), "all");
  assert_rejects(avow_close(client()), UV_EALREADY);
  assert_rejects(avow_read(client(), 1), UV_EINVAL);
  assert_rejects(avow_write(client(), avow_string("x")), UV_EINVAL);
  assert_rejects(avow_shutdown(client()), UV_EINVAL);
  assert_rejects(avow_hangup(client()), UV_EINVAL);
}

/* The rest of the write is missing, so that this is no orderly end. */
static void close_during_a_write_is_a_truncation(void **state) {
  open_below(4000, NULL);
  greet_both();
  avow_value_t big;
  char *out;
  big = avow_bytes_new(1000000, &out);
  memset(out, 'x', 1000000);
  avow_promise_t *p = avow_write(client(), big);
  assert_fulfills_none(avow_close(client()));
  assert_rejects(p, UV_ECANCELED);
  assert_rejects(avow_read_all(server(), 1000000), AVOW_TLS_ETRUNCATED);
}

static void releasing_a_stream_is_a_truncation(void **state) {
  speak();
  assert_fulfills_int(avow_write(client(), avow_string("part")), 4);
  drop(&ends[0]);
  assert_fulfills_bytes(avow_read(server(), 100), "part");
  assert_says(avow_read(server(), 100), AVOW_TLS_ETRUNCATED,
              "TLS connection ended without close_notify");
  assert_rejects(avow_read(server(), 100), AVOW_TLS_ETRUNCATED);
  assert_rejects(avow_write(server(), avow_string("x")), AVOW_TLS_ETRUNCATED);
  assert_rejects(avow_shutdown(server()), AVOW_TLS_ETRUNCATED);
}

static void second_read_rejects_while_one_is_pending(void **state) {
  speak();
  avow_promise_t *p = avow_read(server(), 100);
  assert_rejects(avow_read(server(), 100), UV_EALREADY);
  avow_unref(avow_write(client(), avow_string("x")));
  assert_fulfills_bytes(p, "x");
}

static void hangup_settles_when_the_peer_closes(void **state) {
  speak();
  avow_promise_t *p = avow_hangup(server());
  drop(&ends[0]);
  assert_fulfills_none(p);
  assert_rejects(avow_write(server(), avow_string("x")), UV_EPIPE);
  assert_rejects(avow_write(server(), avow_string("x")), UV_EPIPE);
}

static void bytes_of_a_closed_peer_are_read(void **state) {
  speak();
  avow_unref(avow_write(client(), avow_string("last")));
  avow_unref(avow_close(client()));
  (void) uv_run(loop, UV_RUN_NOWAIT);
  assert_rejects(avow_write(server(), avow_string("x")), UV_EPIPE);
  assert_fulfills_bytes(avow_read_all(server(), 100), "last");
}

/* Data that arrives together with the end of the handshake is not lost. */
static void bytes_sent_with_the_handshake_are_read(void **state) {
  open_below(100000, NULL);
  avow_promise_t *p = greet_server();
  ends[0] = avow_run(greet_client());
  avow_unref(avow_write(client(), avow_string("at once")));
  avow_unref(avow_shutdown(client()));
  ends[1] = avow_run(p);
  assert_fulfills_bytes(avow_read_all(server(), 100), "at once");
}

static void single_byte_transport_works(void **state) {
  const avow_duplex_options_t options = { .max_bytes = 1 };
  open_below(1, &options);
  greet_both();
  avow_promise_t *p = avow_write(client(), avow_string("slow"));
  assert_fulfills_bytes(avow_read(server(), 100), "slow");
  assert_fulfills_int(p, 4);
}

enum { MUCH = 3 << 20 };

/* Much data passes in both directions at once through a small buffer. Each byte
   encodes its position. */
static void large_data_passes_in_both_directions(void **state) {
  open_below(1000, NULL);
  greet_both();
  avow_promise_t *all[4];
  for (int i = 0; i < 2; i++) {
    char *out;
    const avow_value_t v = avow_bytes_new(MUCH, &out);
    for (int at = 0; at < MUCH; at++)
      out[at] = (char) (at % (251 + i));
    all[i] = avow_write(i == 0 ? client() : server(), v);
  }
  avow_unref(avow_shutdown(client()));
  avow_unref(avow_shutdown(server()));
  all[2] = avow_read_all(server(), MUCH);
  all[3] = avow_read_all(client(), MUCH);
  const avow_value_t v = avow_run(avow_all(loop, all, 4));
  assert_int_equal(v.tag, AVOW_LIST);
  for (size_t i = 0; i < 2; i++) {
    size_t len;
    const char *bytes = avow_to_bytes(avow_list_at(&v, 2 + i), &len);
    assert_int_equal(len, MUCH);
    for (size_t at = 0; at < len; at++)
      if (bytes[at] != (char) (at % (251 + i)))
        fail_msg("byte %zu differs", at);
  }
  avow_value_unref(v);
}

/* A writer is held back by a reader that does not read. */
static void unread_bytes_cause_backpressure(void **state) {
  open_below(1000, NULL);
  greet_both();
  char *out;
  const avow_value_t v = avow_bytes_new(MUCH, &out);
  memset(out, 'x', MUCH);
  avow_promise_t *p = avow_write(client(), v);
  for (int i = 0; i < 10; i++)
    (void) uv_run(loop, UV_RUN_NOWAIT);
  assert_int_equal(avow_state(p), AVOW_PENDING);
  avow_unref(p);
}

/* avow_pump() uses this count to detect progress. */
static void queued_bytes_are_counted(void **state) {
  open_below(4000, NULL);
  greet_both();
  char *out;
  const avow_value_t big = avow_bytes_new(1000000, &out);
  memset(out, 'x', 1000000);
  avow_promise_t *p = avow_write(client(), big);
  assert_in_range(client().klass->queued(client().self), 700000, 1010000);
  avow_value_unref(avow_run(avow_read_all(server(), 300000))); /* too much */
  assert_in_range(client().klass->queued(client().self), 300000, 699999);
  drop(&ends[0]);
  assert_rejects(p, UV_ECANCELED);
}

static void writes_keep_their_order(void **state) {
  speak();
  char text[2001] = "";
  avow_promise_t *last = NULL;
  for (int i = 0; i < 1000; i++) {
    char word[3] = { (char) ('a' + i % 26), (char) ('A' + i % 25), '\0' };
    avow_promise_clear(&last);
    last = avow_write(client(), avow_string(word));
    memcpy(text + 2 * i, word, 3);
  }
  avow_unref(avow_shutdown(client()));
  avow_promise_t *all = avow_read_all(server(), 2000);
  assert_fulfills_int(last, 2);
  assert_fulfills_bytes(all, text);
}

/* Functions on streams also work on TLS streams: here the data goes from one
   pair to another. */
static void tls_stream_may_be_pumped(void **state) {
  speak();
  avow_unref(avow_write(client(), avow_string("pumped")));
  avow_unref(avow_shutdown(client()));
  avow_promise_t *p = avow_pump(server(), server(), NULL);
  assert_fulfills_bytes(avow_read_all(client(), 100), "pumped");
  assert_fulfills_int(p, 6);
}

static void readers_read_lines(void **state) {
  speak();
  avow_unref(avow_write(client(), avow_string("one\ntwo\n")));
  avow_reader_t *reader = avow_reader_new(server());
  assert_fulfills_bytes(avow_reader_line(reader, 100), "one");
  assert_fulfills_bytes(avow_reader_line(reader, 100), "two");
  avow_reader_unref(reader);
}

static void key_update_is_transparent(void **state) {
  speak();
  assert_int_equal(SSL_key_update(avow_tls_ssl(&ends[0]),
                                  SSL_KEY_UPDATE_REQUESTED),
                   1);
  avow_unref(avow_write(client(), avow_string("new keys")));
  assert_fulfills_bytes(avow_read(server(), 100), "new keys");
  avow_unref(avow_write(server(), avow_string("here, too")));
  assert_fulfills_bytes(avow_read(client(), 100), "here, too");
}

static void garbage_breaks_the_connection(void **state) {
  open_below(100000, NULL);
  const avow_value_t raw = avow_value_ref(&below[0]);
  greet_both();
  assert_fulfills_int(avow_write(avow_to_stream(&raw), avow_string("garbage")),
                      7);
  assert_rejects(avow_read(server(), 100), AVOW_TLS_EPROTOCOL);
  assert_rejects(avow_write(server(), avow_string("x")), AVOW_TLS_EPROTOCOL);
  assert_rejects(avow_read(client(), 100), AVOW_TLS_EALERT);
  avow_value_unref(raw);
}

#ifndef AVOW_NO_ASYNC
static avow_value_t converse(void *unused) {
  open_below(100000, NULL);
  avow_promise_t *p = greet_server();
  ends[0] = avow_await(greet_client());
  ends[1] = avow_await(p);
  avow_unref(avow_write(client(), avow_string("from afar")));
  return avow_await(avow_read(server(), 100));
}

static void tls_works_on_a_small_stack(void **state) {
  assert_fulfills_bytes(avow_async(loop, converse, NULL), "from afar");
}
#endif

static void openssl_objects_are_accessible(void **state) {
  speak();
  assert_string_equal(SSL_get_version(avow_tls_ssl(&ends[0])), "TLSv1.3");
  assert_ptr_equal(SSL_get_SSL_CTX(avow_tls_ssl(&ends[1])),
                   avow_tls_ssl_ctx(&settings[1]));
  const avow_value_t none = avow_none();
  assert_null(avow_tls_ssl(&none));
  assert_null(avow_tls_ssl(NULL));
  assert_null(avow_tls_ssl_ctx(&ends[0]));
  assert_null(avow_tls_ssl_ctx(NULL));
}

SUITE(tls) {
  const struct CMUnitTest tests[] = {
    PAIR_CASE(written_bytes_are_read),
    PAIR_CASE(lists_are_written_as_a_whole),
    PAIR_CASE(shutdown_ends_one_direction),
    PAIR_CASE(shutdown_waits_for_earlier_writes),
    PAIR_CASE(close_sends_close_notify),
    PAIR_CASE(close_during_a_write_is_a_truncation),
    PAIR_CASE(releasing_a_stream_is_a_truncation),
    PAIR_CASE(second_read_rejects_while_one_is_pending),
    PAIR_CASE(hangup_settles_when_the_peer_closes),
    PAIR_CASE(bytes_of_a_closed_peer_are_read),
    PAIR_CASE(bytes_sent_with_the_handshake_are_read),
    PAIR_CASE(single_byte_transport_works),
    PAIR_CASE(large_data_passes_in_both_directions),
    PAIR_CASE(unread_bytes_cause_backpressure),
    PAIR_CASE(queued_bytes_are_counted),
    PAIR_CASE(writes_keep_their_order),
    PAIR_CASE(tls_stream_may_be_pumped),
    PAIR_CASE(readers_read_lines),
    PAIR_CASE(key_update_is_transparent),
    PAIR_CASE(garbage_breaks_the_connection),
#ifndef AVOW_NO_ASYNC
    PAIR_CASE(tls_works_on_a_small_stack),
#endif
    PAIR_CASE(openssl_objects_are_accessible),
  };
  harness_init();
  return cmocka_run_group_tests(tests, make_all_papers, free_all_papers);
}
