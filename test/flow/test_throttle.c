/* SPDX-License-Identifier: MIT */
/*
 * Items that arrive too soon after another: throttles, and edges of debounces.
 */
#include <stdio.h>

#include "items.h"

enum { MS = 10, ITEMS = 40, ROUNDS = 400 };

static avow_channel_t *from, *to;

static int set_up(void **state) {
  clock_of_tests = AVOW_CLOCK_BY_ITSELF;
  const int err = harness_setup(state);
  clock_of_tests = AVOW_CLOCK_REAL;
  from = avow_channel_new(loop, ITEMS);
  to = NULL;
  return err;
}

static int tear_down(void **state) {
  avow_channel_unref(to);
  avow_channel_unref(from);
  run();
  return harness_teardown(state);
}

static void throttle(avow_edge_t edges) {
  to = avow_channel_throttle(avow_channel_ref(from), MS, edges);
}

static void debounce(avow_edge_t edges) {
  to = avow_channel_debounce(avow_channel_ref(from), MS, edges);
}

static avow_value_t note_come(const avow_value_t *item, void *data) {
  char word[32];
  const int64_t i = avow_to_int(item);
  (void) snprintf(word, sizeof(word), "%d@%d", (int) i, (int) avow_now(loop));
  note(word);
  return avow_none();
}

/* Sends an item every 4 ms from 0 to 20 ms, and one at 60 ms. */
static void send_a_burst_and_one(void) {
  avow_promise_t *p = avow_each(to, note_come, NULL, NULL);
  for (int i = 0; i <= 5; i++) {
    send_int(from, i);
    advance(4);
  }
  advance(60 - 24);
  send_int(from, 6);
  advance(2 * MS);
  avow_channel_end(from);
  assert_fulfills_none(p);
}

static void throttle_gives_the_first_of_each_interval(void **state) {
  throttle(AVOW_EDGE_LEADING);
  send_a_burst_and_one();
  assert_notes("0@0 3@12 6@60");
}

static void throttle_gives_the_last_of_each_interval(void **state) {
  throttle(AVOW_EDGE_TRAILING);
  send_a_burst_and_one();
  assert_notes("2@10 4@20 5@30 6@70");
}

static void throttle_gives_the_first_and_the_last(void **state) {
  throttle(AVOW_EDGE_BOTH);
  send_a_burst_and_one();
  assert_notes("0@0 2@10 4@20 5@30 6@60");
}

static void debounce_gives_the_first_of_a_burst(void **state) {
  debounce(AVOW_EDGE_LEADING);
  send_a_burst_and_one();
  assert_notes("0@0 6@60");
}

static void debounce_gives_the_last_of_a_burst(void **state) {
  debounce(AVOW_EDGE_TRAILING);
  send_a_burst_and_one();
  assert_notes("5@30 6@70");
}

static void debounce_gives_the_first_and_the_last(void **state) {
  debounce(AVOW_EDGE_BOTH);
  send_a_burst_and_one();
  assert_notes("0@0 5@30 6@60");
}

static void pending_item_precedes_the_end(void **state) {
  throttle(AVOW_EDGE_BOTH);
  for (int i = 1; i <= 3; i++)
    send_int(from, i);
  avow_channel_end(from);

  assert_next_int(to, 1);
  assert_next_int(to, 3);
  assert_fulfills_none(avow_channel_next(to));

  assert_int_equal(avow_now(loop), 0);
}

static void pending_item_precedes_an_error(void **state) {
  throttle(AVOW_EDGE_TRAILING);
  send_int(from, 1);
  assert_settled(avow_channel_send(from, avow_error(UV_EIO)), AVOW_FULFILLED);
  send_int(from, 2);
  avow_channel_fail(from, avow_error(UV_EPROTO));

  assert_next_int(to, 1);
  assert_rejects(avow_channel_next(to), UV_EIO);
  assert_next_int(to, 2);
  assert_rejects(avow_channel_next(to), UV_EPROTO);
  assert_int_equal(avow_now(loop), 0);
}

static void omitted_items_are_released(void **state) {
  static char first[] = "first", second[] = "second", third[] = "third";
  throttle(AVOW_EDGE_TRAILING);
  avow_promise_t *p = avow_channel_next(to);
  assert_settled(avow_channel_send(from, thing(first)), AVOW_FULFILLED);
  assert_settled(avow_channel_send(from, thing(second)), AVOW_FULFILLED);
  advance(0);
  assert_notes("first");
  assert_settled(avow_channel_send(from, thing(third)), AVOW_FULFILLED);
  advance(0);
  assert_notes("second");

  avow_channel_clear(&to);

  assert_notes("third");
  assert_fulfills_none(p);
}

static void invalid_edges_are_refused(void **state) {
  throttle((avow_edge_t) 0);
  assert_says(avow_channel_next(to), UV_EINVAL, "throttle: invalid argument");
  avow_channel_unref(to);
  debounce((avow_edge_t) 4);
  assert_says(avow_channel_next(to), UV_EINVAL, "debounce: invalid argument");
}

static uint32_t seed;

static int up_to(int n) {
  seed ^= seed << 13;
  seed ^= seed >> 17;
  seed ^= seed << 5;
  return (int) (seed % (uint32_t) n);
}

/* The model: the end of the open window, and a pending item. */
typedef struct {
  avow_edge_t edges;
  bool debounces, closed;
  uint64_t until;
  int item; /* -1: none */
  char notes[1000];
} model_t;

static void model_note(model_t *m, int item, uint64_t at) {
  const size_t len = strlen(m->notes);
  (void) snprintf(m->notes + len, sizeof(m->notes) - len, "%s%d@%d",
                  len > 0 ? " " : "", item, (int) at);
}

/* Processes timeouts until that time. */
static void model_pass(model_t *m, uint64_t now) {
  while (m->closed && m->until <= now) {
    m->closed = m->item >= 0 && !m->debounces;
    if (m->item >= 0)
      model_note(m, m->item, m->until);
    m->item = -1;
    m->until += MS;
  }
}

static void model_take(model_t *m, int item, uint64_t now) {
  const bool first = !m->closed;
  model_pass(m, now);
  if (first || m->debounces)
    m->until = now + MS;
  m->closed = true;
  if (first && (m->edges & AVOW_EDGE_LEADING) != 0)
    model_note(m, item, now);
  else if ((m->edges & AVOW_EDGE_TRAILING) != 0)
    m->item = item;
}

static void check_against_model(model_t *m) {
  to = m->debounces
           ? avow_channel_debounce(avow_channel_ref(from), MS, m->edges)
           : avow_channel_throttle(avow_channel_ref(from), MS, m->edges);
  const uint64_t begin = avow_now(loop);
  avow_promise_t *p = avow_each(to, note_come, NULL, NULL);
  for (int i = 0; i < 12; i++) {
    model_pass(m, avow_now(loop));
    model_take(m, i, avow_now(loop));
    send_int(from, i);
    advance((uint64_t) up_to(2 * MS));
  }
  advance(3 * MS);
  model_pass(m, avow_now(loop));
  assert_notes(m->notes);
  assert_true(avow_now(loop) > begin);
  avow_cancel(p);
  avow_unref(p);
  avow_channel_clear(&to);
}

static void output_matches_the_model(void **state) {
  for (uint32_t i = 1; i <= ROUNDS; i++) {
    seed = i * UINT32_C(2654435761);
    model_t m = { .edges = (avow_edge_t) (1 + up_to(3)),
                  .debounces = up_to(2) != 0,
                  .item = -1 };
    check_against_model(&m);
  }
}

#define THROTTLE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

SUITE(throttle) {
  const struct CMUnitTest tests[] = {
    THROTTLE(throttle_gives_the_first_of_each_interval),
    THROTTLE(throttle_gives_the_last_of_each_interval),
    THROTTLE(throttle_gives_the_first_and_the_last),
    THROTTLE(debounce_gives_the_first_of_a_burst),
    THROTTLE(debounce_gives_the_last_of_a_burst),
    THROTTLE(debounce_gives_the_first_and_the_last),
    THROTTLE(pending_item_precedes_the_end),
    THROTTLE(pending_item_precedes_an_error),
    THROTTLE(omitted_items_are_released),
    THROTTLE(invalid_edges_are_refused),
    THROTTLE(output_matches_the_model),
  };
  return RUN(tests);
}
