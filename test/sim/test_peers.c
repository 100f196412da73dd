/* SPDX-License-Identifier: MIT */
/* Peers that send much, and peers that disconnect. */
#include "avow/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "avow/all.h"
#include "runs.h"
#include "suite.h"

enum { SEEDS = 200, HOUR = 60 * 60 * 1000 };

static const char port[] = "7001";

/* Returns the first connection, or an error. */
static avow_value_t first_guest(const avow_value_t *listener) {
  avow_channel_t *guests =
      avow_connections(avow_stream_handle(avow_to_stream(listener)), NULL);
  const avow_value_t guest = avow_await(avow_channel_next(guests));
  avow_channel_unref(guests);
  return guest;
}

/* One connection transfers much data in no more events than a run may have. */

enum { MUCH = 10 * 1000 * 1000 };

static avow_value_t echo(void *data) {
  const avow_value_t guest = first_guest(data);
  if (avow_is_error(&guest))
    return guest;
  const avow_stream_t stream = avow_to_stream(&guest);
  const avow_value_t v = avow_await(avow_pump(stream, stream, NULL));
  avow_value_unref(guest);
  return v;
}

static avow_value_t say_much(avow_stream_t stream) {
  char *at;
  avow_promise_t *heard = avow_read_all(stream, MUCH);
  const avow_value_t all = avow_bytes_new(MUCH, &at);
  if (!avow_is_error(&all))
    memset(at, 'x', MUCH);
  AVOW_TRY(avow_await(avow_write(stream, all)));
  AVOW_TRY(avow_await(avow_shutdown(stream)));
  return avow_await(heard);
}

static avow_value_t live_loudly(void *loop) {
  avow_value_t listener = avow_await(avow_bind(loop, "127.0.0.1", port));
  avow_promise_t *echoed = avow_async(loop, echo, &listener);
  const avow_value_t end = avow_await(avow_connect(loop, "127.0.0.1", port));
  const avow_value_t heard = say_much(avow_to_stream(&end));
  size_t len = 0;
  (void) avow_to_bytes(&heard, &len);
  avow_sim_check(len == MUCH, "%zu bytes came back", len);
  avow_value_unref(heard);
  avow_value_unref(end);
  avow_value_unref(listener);
  return avow_await(echoed);
}

static avow_promise_t *loud(uv_loop_t *loop, void *data) {
  return avow_async(loop, live_loudly, loop);
}

static void ten_megabytes_are_echoed(void **state) {
  for (uint64_t seed = 0; seed < 12; seed++)
    (void) assert_passes(seed, loud, NULL);
}

/* If the peer closes after this side has shut down, avow_hangup() settles. The
   end is no error. */

static avow_value_t end_with_it(void *data) {
  const avow_value_t guest = first_guest(data);
  if (avow_is_error(&guest))
    return guest;
  const avow_stream_t stream = avow_to_stream(&guest);
  AVOW_TRY(avow_await(avow_shutdown(stream)));
  const avow_value_t v = avow_await(avow_timeout(avow_hangup(stream), HOUR));
  avow_value_unref(guest);
  return v;
}

static avow_value_t live_briefly(void *loop) {
  avow_value_t listener = avow_await(avow_bind(loop, "127.0.0.1", port));
  avow_promise_t *ended = avow_async(loop, end_with_it, &listener);
  const avow_value_t end = avow_await(avow_connect(loop, "127.0.0.1", port));
  avow_value_unref(avow_await(avow_read_all(avow_to_stream(&end), 1)));
  avow_value_unref(end);
  const avow_value_t v = avow_await(ended);
  avow_value_unref(listener);
  return v;
}

static avow_promise_t *brief(uv_loop_t *loop, void *data) {
  return avow_async(loop, live_briefly, loop);
}

static void hangup_settles_when_both_directions_are_closed(void **state) {
  for (uint64_t seed = 0; seed < SEEDS; seed++)
    (void) assert_passes(seed, brief, NULL);
}

/* A server that waits for the end of a client learns of it. */

typedef struct {
  uv_loop_t *loop;
  avow_value_t listener;
  bool has_left;  /* the client has closed */
  bool was_heard; /* the server learned of it */
} town_t;

/* The server detects a silent loss with keepalive probes. */
static avow_value_t wait_for_its_end(town_t *town, avow_stream_t stream) {
  uv_tcp_t *tcp = (uv_tcp_t *) avow_stream_handle(stream);
  avow_promise_t *gone = avow_hangup(stream);
  (void) uv_tcp_keepalive(tcp, 1, 1); /* cannot fail */
  avow_value_unref(avow_await(avow_write(stream, avow_string("hello"))));
  const avow_value_t v = avow_await(avow_timeout(gone, HOUR));
  avow_sim_check(!avow_is_timeout(&v), "no report that the peer has closed");
  town->was_heard = !avow_is_error(&v);
  return v;
}

static avow_value_t work_for_a_peer(void *data) {
  town_t *town = data;
  const avow_value_t guest = first_guest(&town->listener);
  if (avow_is_error(&guest))
    return guest;
  const avow_value_t v = wait_for_its_end(town, avow_to_stream(&guest));
  avow_value_unref(guest);
  return v;
}

/* The client closes with unread bytes, which resets the connection in some
   runs. */
static avow_value_t come_and_go(void *data) {
  town_t *town = data;
  const avow_value_t end =
      avow_await(avow_connect(town->loop, "127.0.0.1", port));
  const avow_value_t v = avow_await(avow_sleep(town->loop, 50));
  town->has_left = true;
  avow_value_unref(end);
  return v;
}

static avow_value_t live(void *data) {
  town_t *town = data;
  town->listener = avow_await(avow_bind(town->loop, "127.0.0.1", port));
  avow_promise_t *worked = avow_async(town->loop, work_for_a_peer, town);
  avow_value_unref(avow_await(avow_async(town->loop, come_and_go, town)));
  const avow_value_t v = avow_await(avow_timeout(worked, 2 * HOUR));
  avow_value_unref(town->listener);
  return v;
}

static avow_promise_t *works_for_a_closing_peer(uv_loop_t *loop, void *data) {
  town_t *town = data;
  *town = (town_t){ .loop = loop };
  return avow_async(loop, live, town);
}

static void hangup_settles_when_the_peer_closes(void **state) {
  town_t town;
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    const avow_sim_result_t result =
        assert_passes(seed, works_for_a_closing_peer, &town);
    assert_in_range(result.ms, 50, HOUR - 1);
    assert_true(town.was_heard && town.has_left);
  }
}

/* A connection that was never accepted does not count here. */
static void hangup_usually_settles_under_network_faults(void **state) {
  const avow_sim_options_t bad = { .faults = AVOW_SIM_NET, .fault_rate = 200 };
  int heard = 0;
  town_t town;
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    const avow_sim_result_t result =
        avow_sim(seed, works_for_a_closing_peer, &town, &bad);
    if (result.failed)
      assert_non_null(strstr(result.why, "the program's promise rejected"));
    heard += town.was_heard;
  }
  assert_in_range(heard, SEEDS / 2, SEEDS - 1);
}

/* If a connection breaks during a text, the receiver does not see an end. */

static const char text[] = "one\ntransfer 1000\ntwo\nthree\nfour\n";

typedef struct {
  uv_loop_t *loop;
  avow_value_t listener;
  bool all; /* received completely */
} reading_t;

/* Sends the text in pieces that do not end where lines end. */
static avow_value_t tell_text(void *data) {
  const reading_t *reading = data;
  const avow_value_t guest = first_guest(&reading->listener);
  if (avow_is_error(&guest))
    return guest;
  const avow_stream_t stream = avow_to_stream(&guest);
  for (size_t at = 0; at < sizeof(text) - 1; at += 6) {
    const size_t left = sizeof(text) - 1 - at;
    const avow_value_t piece = avow_bytes(text + at, left < 6 ? left : 6);
    avow_value_unref(avow_await(avow_write(stream, piece)));
    avow_value_unref(avow_await(avow_sleep(reading->loop, 10)));
  }
  avow_value_unref(avow_await(avow_shutdown(stream)));
  avow_value_unref(guest);
  return avow_none();
}

/* If no descriptor is left for the connection, the client receives only the
   end. */
static bool is_whole(const char *heard) {
  const bool whole = strcmp(heard, text) == 0;
  avow_sim_check(whole || heard[0] == '\0', "this is incomplete: '%s'", heard);
  return whole;
}

static avow_value_t hear_text(void *data) {
  reading_t *reading = data;
  uv_loop_t *loop = reading->loop;
  reading->listener = avow_await(avow_bind(loop, "127.0.0.1", port));
  avow_promise_t *told = avow_async(loop, tell_text, reading);
  const avow_value_t end = avow_await(avow_connect(loop, "127.0.0.1", port));
  if (!avow_is_error(&end)) {
    avow_promise_t *all = avow_read_all(avow_to_stream(&end), 100);
    const avow_value_t v = avow_await(avow_timeout(all, HOUR));
    reading->all = v.tag == AVOW_BYTES && is_whole(avow_to_bytes(&v, NULL));
    avow_value_unref(v);
  }
  avow_value_unref(end);
  avow_cancel(told);
  avow_value_unref(avow_await(told));
  avow_value_unref(reading->listener);
  return avow_none();
}

static avow_promise_t *hears_a_text(uv_loop_t *loop, void *data) {
  reading_t *reading = data;
  *reading = (reading_t){ .loop = loop };
  return avow_async(loop, hear_text, reading);
}

static void broken_connection_is_not_an_end(void **state) {
  const avow_sim_options_t bad = { .faults = AVOW_SIM_NET, .fault_rate = 200 };
  int heard = 0;
  reading_t reading;
  for (uint64_t seed = 0; seed < 10 * SEEDS; seed++) {
    const avow_sim_result_t result =
        avow_sim(seed, hears_a_text, &reading, &bad);
    assert_string_equal(result.why, "");
    heard += reading.all;
  }
  assert_in_range(heard, SEEDS, 10 * SEEDS - 1);
}

SUITE(peers) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(ten_megabytes_are_echoed),
    cmocka_unit_test(hangup_settles_when_both_directions_are_closed),
    cmocka_unit_test(hangup_settles_when_the_peer_closes),
    cmocka_unit_test(hangup_usually_settles_under_network_faults),
    cmocka_unit_test(broken_connection_is_not_an_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
