/* SPDX-License-Identifier: MIT */
/*
 * Random programs, compared with arrays of buffered items, waiting sends and
 * the position of each subscriber.
 */
#include "harness.h"

enum { CHANNELS = 4, STEPS = 300, NOTHING = -1, MISSED = -2 };

typedef struct {
  avow_channel_t *channel;
  avow_promise_t *waits; /* for an item; NULL: no receive is pending */
  size_t next;
  int64_t given; /* the expected item; NOTHING: not known yet */
} listener_t;

typedef struct {
  int64_t item;
  avow_promise_t *promise;
} pending_t;

typedef struct {
  uint64_t state;
  avow_broadcast_t *broadcast; /* NULL: it has ended */
  bool drops;
  size_t room;
  int64_t items[STEPS]; /* buffered items */
  size_t count, dropped;
  pending_t pending[STEPS]; /* sends that wait for capacity */
  size_t waiting;
  listener_t at[CHANNELS];
} model_t;

static unsigned pick(model_t *m, unsigned n) {
  m->state = m->state * UINT64_C(6364136223846793005) + 1442695040888963407U;
  return (unsigned) (m->state >> 33) % n;
}

static size_t subscribers(const model_t *m) {
  size_t n = 0;
  for (size_t i = 0; i < CHANNELS; i++)
    n += m->at[i].channel != NULL;
  return n;
}

static size_t oldest(const model_t *m) {
  size_t first = m->count;
  for (size_t i = 0; i < CHANNELS; i++)
    if (m->at[i].channel != NULL && m->at[i].next < first)
      first = m->at[i].next;
  return first > m->dropped ? first : m->dropped;
}

/* Returns a listener's next item. An error reports missed items. */
static int64_t model_next(model_t *m, listener_t *l, int64_t *missed) {
  const size_t first = oldest(m);
  *missed = 0;
  if (l->next < first) {
    *missed = (int64_t) (first - l->next);
    l->next = first;
    return MISSED;
  }
  return l->next < m->count ? m->items[l->next++] : NOTHING;
}

static void place(model_t *m, int64_t item) {
  if (subscribers(m) == 0)
    return;
  if (m->count - oldest(m) == m->room)
    m->dropped = oldest(m) + 1;
  m->items[m->count++] = item;
  for (size_t i = 0; i < CHANNELS; i++)
    if (m->at[i].waits != NULL && m->at[i].given == NOTHING) {
      m->at[i].given = item;
      m->at[i].next = m->count;
    }
}

/* Waiting sends get capacity as soon as some is free. */
static void move(model_t *m) {
  while (m->waiting > 0 && (m->drops || m->count - oldest(m) < m->room)) {
    const pending_t first = m->pending[0];
    m->waiting--;
    memmove(m->pending, m->pending + 1, m->waiting * sizeof(first));
    assert_int_equal(avow_state(first.promise), AVOW_FULFILLED);
    avow_unref(first.promise);
    place(m, first.item);
  }
  for (size_t i = 0; i < m->waiting; i++)
    assert_int_equal(avow_state(m->pending[i].promise), AVOW_PENDING);
}

static void model_send(model_t *m, int64_t item) {
  avow_promise_t *p = avow_broadcast_send(m->broadcast, avow_int(item));
  m->pending[m->waiting++] = (pending_t){ item, p };
  move(m);
}

static void model_cancel(model_t *m) {
  if (m->waiting == 0)
    return;
  const size_t i = pick(m, (unsigned) m->waiting);
  avow_cancel(m->pending[i].promise);
  assert_rejects(m->pending[i].promise, UV_ECANCELED);
  m->waiting--;
  memmove(m->pending + i, m->pending + i + 1,
          (m->waiting - i) * sizeof(m->pending[0]));
}

static bool is_over(const model_t *m) {
  return m->broadcast == NULL && m->waiting == 0;
}

static void model_try(model_t *m, listener_t *l) {
  avow_value_t v;
  int64_t missed;
  const int err = avow_channel_try_next(l->channel, &v);
  const int64_t expected = model_next(m, l, &missed);
  assert_int_equal(err, expected != NOTHING || is_over(m) ? 0 : UV_EAGAIN);
  if (expected == MISSED)
    assert_int_equal(avow_to_int(avow_error_cause(&v)), missed);
  else if (expected == NOTHING)
    assert_true(avow_is_none(&v));
  else
    assert_int_equal(avow_to_int(&v), expected);
  avow_value_unref(v);
  move(m);
}

/* A pending receive has its item, or stays pending. */
static void model_look(listener_t *l) {
  assert_int_equal(avow_state(l->waits),
                   l->given != NOTHING ? AVOW_FULFILLED : AVOW_PENDING);
  if (l->given == NOTHING)
    return;
  assert_int_equal(avow_to_int(avow_result(l->waits)), l->given);
  avow_unref(l->waits);
  l->waits = NULL;
}

static void model_wait(model_t *m, listener_t *l) {
  if (oldest(m) > l->next || l->next < m->count || is_over(m)) {
    model_try(m, l);
    return;
  }
  l->waits = avow_channel_next(l->channel);
  l->given = NOTHING;
}

static void model_leave(model_t *m, listener_t *l) {
  avow_unref(l->waits);
  avow_channel_unref(l->channel);
  *l = (listener_t){ .channel = NULL };
  move(m);
}

static void model_listen(model_t *m, listener_t *l) {
  if (m->broadcast == NULL)
    return;
  l->channel = avow_broadcast_subscribe(m->broadcast);
  l->next = m->count;
}

static void model_stop_waiting(listener_t *l) {
  if (l->given == NOTHING) {
    avow_cancel(l->waits);
    assert_rejects(l->waits, UV_ECANCELED);
    l->waits = NULL;
  }
}

static void model_step(model_t *m, int64_t number) {
  listener_t *l = &m->at[pick(m, CHANNELS)];
  const unsigned what = pick(m, 16);
  if (what < 5 && m->broadcast != NULL)
    model_send(m, number);
  else if (what == 5)
    model_cancel(m);
  else if (l->channel == NULL)
    model_listen(m, l);
  else if (what == 6)
    model_leave(m, l);
  else if (l->waits != NULL && what < 9)
    model_stop_waiting(l);
  else if (l->waits != NULL)
    model_look(l);
  else if (what < 12)
    model_wait(m, l);
  else
    model_try(m, l);
}

/* Each listener receives the rest and the end. */
static void model_end(model_t *m) {
  avow_broadcast_unref(m->broadcast);
  m->broadcast = NULL;
  for (size_t i = 0; i < CHANNELS; i++)
    if (m->at[i].waits != NULL && m->at[i].given != NOTHING)
      model_look(&m->at[i]);
  for (bool more = true; more;) {
    more = false;
    for (size_t i = 0; i < CHANNELS; i++) {
      listener_t *l = &m->at[i];
      if (l->channel == NULL || l->waits != NULL)
        continue;
      const bool last = is_over(m) && l->next == m->count;
      more = more || !last;
      model_try(m, l);
    }
    for (size_t i = 0; i < CHANNELS; i++)
      if (m->at[i].waits != NULL && m->at[i].given != NOTHING) {
        model_look(&m->at[i]);
        more = true;
      }
  }
  for (size_t i = 0; i < CHANNELS; i++) {
    if (m->at[i].waits != NULL)
      assert_true(avow_is_none(avow_result(m->at[i].waits)));
    model_leave(m, &m->at[i]);
  }
}

static void play(bool drops) {
  for (uint64_t seed = 1; seed <= 400; seed++) {
    model_t m = { .state = seed, .drops = drops, .room = 1 + seed % 4 };
    const avow_broadcast_options_t options = { .drops = drops };
    m.broadcast = avow_broadcast_new(loop, m.room, &options);
    for (int64_t i = 1; i <= STEPS; i++)
      model_step(&m, i);
    model_end(&m);
    run();
  }
}

static void sends_wait_as_in_the_model(void **state) {
  play(false);
}

static void items_are_dropped_as_in_the_model(void **state) {
  play(true);
}

SUITE(broadcast_model) {
  const struct CMUnitTest tests[] = {
    CASE(sends_wait_as_in_the_model),
    CASE(items_are_dropped_as_in_the_model),
  };
  return RUN(tests);
}
