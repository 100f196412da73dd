/* SPDX-License-Identifier: MIT */
/* Promises that wait for each other: closing the loop settles all of them. */
#include "harness.h"

#include <stdio.h>

#include "avow/closure.h"

static avow_promise_t *in_then(avow_promise_t *p) {
  return avow_then(p, note_cb, NULL, "then");
}

static avow_promise_t *in_finally(avow_promise_t *p) {
  return avow_finally(p, note_fn, "finally");
}

static avow_promise_t *in_attach(avow_promise_t *p) {
  return avow_attach(p, "attach", note_free);
}

static avow_promise_t *in_until(avow_promise_t *p) {
  avow_promise_t *stop = avow_sleep(loop, 100000);
  p = avow_until(p, stop);
  avow_unref(stop);
  return p;
}

static avow_promise_t *in_timeout(avow_promise_t *p) {
  return avow_timeout(p, 100000);
}

static avow_promise_t *in_deferred(avow_promise_t *p) {
  avow_deferred_t *d;
  avow_promise_t *q = avow_promise_new(loop, &d);
  (void) avow_resolve(d, avow_follow(p));
  return q;
}

static avow_promise_t *in_all(avow_promise_t *p) {
  avow_promise_t *ps[] = { p, avow_sleep(loop, 100000) };
  return avow_join_losers(avow_all(loop, ps, 2));
}

static avow_promise_t *in_group(avow_promise_t *p) {
  avow_group_t *g;
  avow_promise_t *q = avow_group_new(loop, &g);
  avow_group_add(g, p);
  avow_group_unref(g);
  return q;
}

static avow_value_t follow_data(void *p) {
  return avow_follow(p);
}

static avow_promise_t *in_clean_up(avow_promise_t *p) {
  return avow_finally(avow_promise_resolve(loop, avow_none()), follow_data, p);
}

static avow_value_t follow_borrowed(void *p) {
  return avow_follow(avow_ref(p));
}

static void unref_data(void *p) {
  avow_unref(p);
}

static avow_promise_t *in_limiter(avow_promise_t *p) {
  avow_limiter_t *limiter = avow_limiter_new(loop, 1);
  avow_promise_t *q = avow_limiter_run(limiter, follow_borrowed, p);
  avow_limiter_unref(limiter);
  return avow_attach(q, p, unref_data);
}

#ifndef AVOW_NO_ASYNC
static avow_value_t await_data(void *p) {
  return avow_await(p);
}

static avow_promise_t *in_async(avow_promise_t *p) {
  return avow_async(loop, await_data, p);
}
#endif

/* Each way in which one promise can wait for another, once. */
static avow_promise_t *(*const ways[])(avow_promise_t *p) = {
  in_then,     in_finally, in_attach, in_until,    in_timeout,
  in_deferred, in_all,     in_group,  in_clean_up, in_limiter,
#ifndef AVOW_NO_ASYNC
  in_async,
#endif
};

enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

static avow_promise_t *leave_losers(avow_promise_t *p) {
  return p;
}

static avow_promise_t *(*const ends[])(avow_promise_t *p) = {
  leave_losers, avow_cancel_losers, avow_join_losers
};

enum { ENDS = sizeof(ends) / sizeof(ends[0]) };

static size_t settled;

static avow_value_t count(void *data) {
  settled++;
  return avow_none();
}

/* Takes ownership of p. Counts it when it settles or when the finally is
   detached. */
static void watch(avow_promise_t *p) {
  avow_unref(avow_finally(p, count, NULL));
}

static void ignore(uv_loop_t *of, const avow_value_t *reason, const char *where,
                   void *data) {
}

/* Closes the loop and opens it again. The new loop reports no rejections. */
static void assert_closes(void) {
  avow_options_t options = steady;
  options.on_unhandled = ignore;
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
}

/* Stores in `text` what a checked build prints when the loop closes. */
static void closing_says(char *text, size_t size) {
  FILE *file = stderr_of(assert_closes);
  text[fread(text, 1, size - 1, file)] = '\0';
  (void) fclose(file);
}

/* Closes the loop and discards the report, which would appear many times. */
static void close_quietly(void) {
  char text[64];
  closing_says(text, sizeof(text));
}

/* Makes a combinator wait for itself through two other promises. */
static void close_with_a_cycle(avow_gather_kind_t kind, size_t end,
                               size_t inner, size_t outer) {
  avow_gather_t *g;
  avow_promise_t *p = ends[end](avow_gather_new(loop, kind, &g));
  p = ways[outer](ways[inner](p));
  avow_gather_add(g, avow_ref(p));
  avow_gather_unref(g);
  watch(p);
  (void) uv_run(loop, UV_RUN_NOWAIT); /* not 0 if a sleep is pending */
  settled = 0;

  close_quietly();

  assert_int_equal(settled, 1);
}

static void close_settles_each_cycle_of_a_combinator(void **state) {
  for (int kind = AVOW_ALL; kind <= AVOW_ANY; kind++)
    for (size_t end = 0; end < ENDS; end++)
      for (size_t way = 0; way < WAYS * WAYS; way++)
        close_with_a_cycle((avow_gather_kind_t) kind, end, way / WAYS,
                           way % WAYS);
}

/* Small pseudorandom numbers, identical in each run. */
static size_t pick(uint32_t *seed, size_t n) {
  *seed = *seed * 1664525 + 1013904223;
  return (*seed >> 16) % n;
}

enum { NODES = 12, GRAPHS = 500 };

static avow_promise_t *combinator(uint32_t *seed, avow_gather_t **out) {
  const avow_gather_kind_t kind = (avow_gather_kind_t) pick(seed, 4);
  avow_promise_t *p = ends[pick(seed, ENDS)](avow_gather_new(loop, kind, out));
  for (size_t n = pick(seed, 4); n > 0; n--)
    p = ways[pick(seed, WAYS)](p);
  return p;
}

/* Makes combinators whose inputs are chosen from all of them. */
static void close_with_a_graph(uint32_t seed) {
  avow_promise_t *nodes[NODES];
  avow_gather_t *gathers[NODES];
  for (size_t i = 0; i < NODES; i++)
    nodes[i] = combinator(&seed, &gathers[i]);
  for (size_t n = 0; n < 2 * NODES; n++) {
    const avow_promise_t *input = nodes[pick(&seed, NODES)];
    avow_gather_add(gathers[pick(&seed, NODES)], avow_ref(input));
  }
  settled = 0;
  for (size_t i = 0; i < NODES; i++) {
    avow_gather_unref(gathers[i]);
    watch(nodes[i]);
  }
  if (pick(&seed, 2) == 0)
    (void) uv_run(loop, UV_RUN_NOWAIT); /* not 0 if a sleep is pending */

  close_quietly();

  assert_int_equal(settled, NODES);
}

static void close_settles_each_graph_of_combinators(void **state) {
  for (uint32_t seed = 0; seed < GRAPHS; seed++)
    close_with_a_graph(seed);
}

/* Combinators outside the cycle still settle after their losers. */
static void close_breaks_only_the_cycle(void **state) {
  avow_gather_t *g;
  avow_promise_t *p = avow_gather_new(loop, AVOW_RACE, &g);
  p = avow_attach(avow_join_losers(p), "cycle", note_free);
  avow_gather_add(g, avow_attach(avow_ref(p), "loser", note_free));
  avow_gather_unref(g);
  avow_promise_t *tail = avow_attach(p, "tail", note_free);
  avow_promise_t *q = avow_join_losers(avow_race(loop, &tail, 1));
  avow_unref(avow_attach(q, "outside", note_free));

  assert_closes();

  assert_notes("cycle loser tail outside");
}

/* The promise of the gather has no other holder. A cancellation of its loser
   therefore propagates back to it. */
static void loser_waiting_for_its_gather_is_canceled_once(void **state) {
  avow_gather_t *g;
  avow_promise_t *p = avow_join_losers(avow_gather_new(loop, AVOW_RACE, &g));
  avow_gather_add(g, in_deferred(p));
  avow_gather_add(g, avow_promise_resolve(loop, avow_none()));
  avow_gather_unref(g);

  assert_int_equal(uv_run(loop, UV_RUN_NOWAIT), 0);

  assert_closes();
}

#ifndef NDEBUG
static size_t lines_in(const char *text) {
  size_t n = 0;
  for (; *text != '\0'; text++)
    n += *text == '\n';
  return n;
}
#endif

/* The report names each promise by its kind, and the named one by its name,
   too. */
static void close_reports_the_promises_of_a_cycle(void **state) {
  char text[4096];
  avow_gather_t *g;
  avow_promise_t *p = avow_join_losers(avow_gather_new(loop, AVOW_RACE, &g));
  p = ways[WAYS - 1](in_attach(p));
  avow_promise_set_name(p, "reader");
  avow_gather_add(g, p);
  avow_gather_unref(g);

  closing_says(text, sizeof(text));

#ifdef NDEBUG
  assert_string_equal(text, "");
#else
  const char *first =
      "avow: avow_loop_close(): 3 promises wait for each other "
      "and never settle; cancel one of them first:\n";
  assert_non_null(strstr(text, first));
  assert_non_null(strstr(text, "avow:   race"));
  assert_non_null(strstr(text, "avow:   attach"));
#  ifndef AVOW_NO_ASYNC
  assert_non_null(strstr(text, "avow:   async 'reader'"));
#  endif
  assert_int_equal(lines_in(text), 4);
#endif
  assert_notes("attach");
}

/* The report of a long cycle is shortened. */
static void close_reports_part_of_a_long_cycle(void **state) {
  char text[4096];
  avow_deferred_t *d;
  avow_promise_t *q = avow_promise_new(loop, &d);
  avow_promise_t *p = avow_ref(q);
  for (int i = 0; i < 29; i++)
    p = avow_then(p, note_cb, NULL, "then");
  (void) avow_resolve(d, avow_follow(p));
  avow_unref(q);
  run();

  closing_says(text, sizeof(text));

#ifndef NDEBUG
  assert_non_null(strstr(text, "30 promises wait for each other"));
  assert_non_null(strstr(text, "avow:   and 10 more\n"));
  assert_int_equal(lines_in(text), 22);
#endif
}

typedef struct {
  bool freed, late; /* used after it was freed */
} used_t;

static avow_value_t use_cb(const avow_value_t *error, void *data) {
  used_t *used = data;
  used->late = used->late || used->freed;
  return avow_value_ref(error);
}

static void free_used(void *data) {
  ((used_t *) data)->freed = true;
}

/* The loop cancels the until first because it has the lowest block. */
static void data_in_a_cycle_stays_valid_for_its_handlers(void **state) {
  used_t used = { false, false };
  avow_deferred_t *d;
  avow_promise_t *lowest = avow_promise_resolve(loop, avow_none());
  avow_promise_t *p = avow_promise_new(loop, &d);
  p = avow_catch(p, use_cb, &used);
  avow_unref(lowest);
  p = avow_catch(avow_timeout(p, 100000), use_cb, &used);
  p = avow_attach(p, &used, free_used);
  (void) avow_resolve(d, avow_follow(p));
  avow_ignore(avow_run(avow_next_iteration(loop)));

  assert_closes();

  assert_true(used.freed);
  assert_false(used.late);
}

static avow_value_t unexpected_step(const avow_value_t *arg, void *frame) {
  note("step");
  return avow_none();
}

static void close_settles_an_unstarted_coroutine(void **state) {
  avow_frame_t frame;
  avow_promise_t *p = avow_coroutine_new(loop, unexpected_step, &frame);

  assert_closes();

  assert_int_equal(avow_state(p), AVOW_REJECTED);
  assert_false(avow_coroutine_start(p));
  avow_unref(p);
  assert_notes("");
}

SUITE(cycle) {
  const struct CMUnitTest tests[] = {
    CASE(close_settles_each_cycle_of_a_combinator),
    CASE(close_settles_each_graph_of_combinators),
    CASE(close_breaks_only_the_cycle),
    CASE(loser_waiting_for_its_gather_is_canceled_once),
    CASE(close_reports_the_promises_of_a_cycle),
    CASE(close_reports_part_of_a_long_cycle),
    CASE(data_in_a_cycle_stays_valid_for_its_handlers),
    CASE(close_settles_an_unstarted_coroutine),
  };
  return RUN(tests);
}
