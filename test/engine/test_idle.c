/* SPDX-License-Identifier: MIT */
/* The report of a checked build when avow_run() has nothing left to run: each
   promise waits for the next one, and the last one needs the program. */
#include <stdio.h>

#include "avow/log.h"
#include "avow/select.h"
#include "harness.h"

enum { LINES = 20 };

static char lines[8192];

static void keep_line(const char *line, void *data) {
  const size_t len = strlen(lines);
  (void) snprintf(lines + len, sizeof(lines) - len, "%s\n", line);
}

static int idle_setup(void **state) {
  lines[0] = '\0';
  avow_set_log(keep_line, NULL);
  return harness_setup(state);
}

static int idle_teardown(void **state) {
  avow_set_log(NULL, NULL);
  return harness_teardown(state);
}

#define HEAD                                                               \
  "avow: avow_run(): nothing is left to run, and the promise is pending; " \
  "settle what it waits for:\n"
#define SETTLE "; settle it with avow_resolve() or avow_reject()"

/* Removes the places that trace builds add. */
static void remove_places(void) {
  char *at;
  while ((at = strstr(lines, ", made in ")) != NULL) {
    const char *end = at + 2 + strcspn(at + 2, ",;\n");
    memmove(at, end, strlen(end) + 1);
  }
}

/* Does not take ownership of `p`. Release builds print nothing. */
static void assert_reports(avow_promise_t *p, const char *text) {
#ifdef NDEBUG
  text = "";
#endif
  assert_rejects(avow_ref(p), AVOW_EIDLE);
  remove_places();
  assert_string_equal(lines, text);
  lines[0] = '\0';
}

static void cancel(avow_promise_t *p) {
  avow_cancel(p);
  avow_value_unref(avow_run(p));
}

static avow_promise_t *named(const char *name, avow_deferred_t **d) {
  avow_promise_t *p = avow_promise_new(loop, d);
  avow_promise_set_name(p, name);
  return p;
}

static void chain_ends_at_a_deferred_of_the_program(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_then(named("answer", &d), note_cb, NULL, "then");
  p = avow_finally(p, note_fn, "finally");

  assert_reports(p, HEAD
                 "avow:   finally\n"
                 "avow:   then\n"
                 "avow:   deferred 'answer'" SETTLE "\n");

  assert_true(avow_resolve(d, avow_int(1)));
  assert_fulfills_int(p, 1);
  assert_string_equal(lines, "");
}

#ifndef AVOW_NO_ASYNC
static avow_value_t await_it(void *p) {
  return avow_await(avow_ref(p));
}

static void async_function_is_reported_with_its_name(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = named("answer", &d);
  avow_promise_t *q = avow_async(loop, await_it, p);
  avow_promise_set_name(q, "asks");

  assert_reports(q, HEAD
                 "avow:   async 'asks'\n"
                 "avow:   deferred 'answer'" SETTLE "\n");

  assert_true(avow_resolve(d, avow_int(1)));
  assert_fulfills_int(q, 1);
  avow_unref(p);
}
#endif

/* The outcomes are complete although the report has looked at the inputs. */
static void first_pending_input_is_followed(void **state) {
  avow_deferred_t *ds[3];
  avow_promise_t *ps[4] = { avow_promise_resolve(loop, avow_int(0)) };
  for (int i = 0; i < 3; i++)
    ps[i + 1] = avow_promise_new(loop, &ds[i]);
  avow_promise_set_name(ps[2], "second");
  avow_promise_t *p = avow_all(loop, ps, 4);
  assert_true(avow_resolve(ds[0], avow_int(1)));

  assert_reports(p, HEAD
                 "avow:   all, and 1 other pending input\n"
                 "avow:   deferred 'second'" SETTLE "\n");
  assert_true(avow_resolve(ds[2], avow_int(3)));
  assert_reports(p, HEAD
                 "avow:   all\n"
                 "avow:   deferred 'second'" SETTLE "\n");

  assert_true(avow_resolve(ds[1], avow_int(2)));
  assert_outcome(p, "is=[0 1 2 3]");
}

static void other_inputs_are_counted(void **state) {
  avow_deferred_t *ds[3];
  avow_promise_t *ps[3];
  for (int i = 0; i < 3; i++)
    ps[i] = avow_promise_new(loop, &ds[i]);
  avow_promise_t *p = avow_race(loop, ps, 3);

  assert_reports(p, HEAD
                 "avow:   race, and 2 other pending inputs\n"
                 "avow:   deferred" SETTLE "\n");

  for (int i = 0; i < 3; i++)
    assert_true(avow_resolve(ds[i], avow_int(i)));
  assert_fulfills_int(p, 0);
}

static avow_promise_t *chain_of(size_t n, avow_deferred_t **d) {
  avow_promise_t *p = named("answer", d);
  for (size_t i = 1; i < n; i++)
    p = avow_then(p, NULL, NULL, NULL);
  return p;
}

static void long_chain_is_cut(void **state) {
  char expected[1024] = HEAD;
  avow_deferred_t *d;
  avow_promise_t *p = chain_of(1000, &d);
  for (int i = 0; i < LINES; i++)
    (void) strcat(expected, "avow:   then\n");
  (void) strcat(expected,
                "avow:   and 980 more\n"
                "avow:   the last is deferred 'answer'" SETTLE "\n");

  assert_reports(p, expected);

  assert_true(avow_resolve(d, avow_int(1)));
  assert_fulfills_int(p, 1);
}

/* A report that took quadratic time would not end within the time limit. */
static void chain_of_a_million_is_reported(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = chain_of(1000000, &d);

  assert_rejects(avow_ref(p), AVOW_EIDLE);
#ifndef NDEBUG
  assert_non_null(strstr(lines, "avow:   and 999980 more\n"));
#endif

  assert_true(avow_resolve(d, avow_int(1)));
  assert_fulfills_int(p, 1);
}

static void promises_that_wait_for_each_other_are_reported_once(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_then(avow_promise_new(loop, &d), NULL, NULL, NULL);
  avow_promise_t *q = avow_finally(avow_ref(p), note_fn, "end");
  assert_true(avow_resolve(d, avow_follow(avow_ref(p))));

  assert_reports(q, HEAD
                 "avow:   finally\n"
                 "avow:   then\n"
                 "avow:   follow; cancel it, because it waits for one "
                 "of these\n");

  cancel(q);
  cancel(p);
}

static void promise_without_an_input_is_reported(void **state) {
  avow_gather_t *gather;
  avow_group_t *group;
  avow_promise_t *p = avow_race(loop, NULL, 0);
  avow_promise_t *all = avow_gather_new(loop, AVOW_ALL, &gather);
  avow_promise_t *done = avow_group_new(loop, &group);

  assert_reports(p, HEAD "avow:   race; give it an input\n");
  assert_reports(all, HEAD "avow:   all; call avow_gather_end()\n");
  assert_reports(done, HEAD
                 "avow:   finally\n"
                 "avow:   deferred; if it is a group, call avow_group_end()\n");

  avow_gather_unref(gather);
  avow_group_unref(group);
  avow_unref(done);
  cancel(all);
  cancel(p);
}

static void missing_action_of_a_channel_is_reported(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  avow_promise_t *next = avow_channel_next(c);
  const avow_case_t one = avow_case_next(c);
  avow_promise_t *selected = avow_select(&one, 1);

  assert_reports(next, HEAD
                 "avow:   next; send an item to its channel, or end "
                 "the channel\n");
  assert_reports(selected,
                 HEAD "avow:   select; make one of its cases ready\n");
  cancel(next);
  cancel(selected);

  avow_promise_t *sent = avow_channel_send(c, avow_int(1));
  assert_reports(sent, HEAD
                 "avow:   send; receive its item with avow_channel_next()\n");
  cancel(sent);
  avow_channel_unref(c);
}

static void missing_permit_is_reported(void **state) {
  avow_limiter_t *limiter = avow_limiter_new(loop, 1);
  const avow_value_t permit = avow_run(avow_limiter_acquire(limiter));
  avow_promise_t *p = avow_limiter_acquire(limiter);

  assert_reports(p, HEAD "avow:   limiter; release a permit of its limiter\n");

  avow_value_unref(permit);
  avow_value_unref(avow_run(p));
  avow_limiter_unref(limiter);
}

static void sleep_that_does_not_end_is_reported(void **state) {
  avow_promise_t *weak = avow_sleep_weak(loop, 1000000);
  assert_reports(weak, HEAD
                 "avow:   sleep; call avow_sleep(), because a weak "
                 "sleep does not keep the loop alive\n");
  cancel(weak);

  use_clock(AVOW_CLOCK_BY_ITSELF);
  avow_promise_t *endless = avow_sleep(loop, UINT64_MAX);
  assert_reports(endless, HEAD "avow:   sleep\n");
  cancel(endless);

  use_clock(AVOW_CLOCK_BY_HAND);
  avow_promise_t *p = avow_sleep(loop, 1);
  assert_reports(p, HEAD "avow:   sleep; call avow_clock_advance()\n");
  cancel(p);
}

static void operation_on_an_unreferenced_handle_is_reported(void **state) {
  uv_pipe_t ends[2];
  uv_os_sock_t sockets[2];
  assert_int_equal(uv_socketpair(SOCK_STREAM, 0, sockets, 0, 0), 0);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(uv_pipe_init(loop, &ends[i], 0), 0);
    assert_int_equal(uv_pipe_open(&ends[i], sockets[i]), 0);
    uv_unref((uv_handle_t *) &ends[i]);
  }
  avow_promise_t *p = avow_read(avow_uv_stream((uv_stream_t *) &ends[0]), 10);

  assert_reports(p, HEAD
                 "avow:   deferred; settle it with avow_resolve() or "
                 "avow_reject(), or keep its handle referenced\n");

  cancel(p);
  for (int i = 0; i < 2; i++)
    uv_close((uv_handle_t *) &ends[i], NULL);
  run();
}

#define IDLE(f) cmocka_unit_test_setup_teardown(f, idle_setup, idle_teardown)

SUITE(idle) {
  const struct CMUnitTest tests[] = {
    IDLE(chain_ends_at_a_deferred_of_the_program),
#ifndef AVOW_NO_ASYNC
    IDLE(async_function_is_reported_with_its_name),
#endif
    IDLE(first_pending_input_is_followed),
    IDLE(other_inputs_are_counted),
    IDLE(long_chain_is_cut),
    IDLE(chain_of_a_million_is_reported),
    IDLE(promises_that_wait_for_each_other_are_reported_once),
    IDLE(promise_without_an_input_is_reported),
    IDLE(missing_action_of_a_channel_is_reported),
    IDLE(missing_permit_is_reported),
    IDLE(sleep_that_does_not_end_is_reported),
    IDLE(operation_on_an_unreferenced_handle_is_reported),
  };
  return RUN(tests);
}
