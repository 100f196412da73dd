/* SPDX-License-Identifier: MIT */
/* Names of promises: which promises have space for a name, and where names are
   shown. */
#include "harness.h"

#include <stdio.h>

/* Returns whether a line of the dump contains `words`. */
static bool is_in(void (*dump)(uv_loop_t *l, FILE *out), const char *words) {
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  dump(loop, out);
  assert_int_equal(fclose(out), 0);
  const bool is = strstr(text, words) != NULL;
  free(text);
  return is;
}

static char heard[256];
static void (*slow_fn)(void); /* function of the jobs to record */

static void note_report(uv_loop_t *l, const avow_value_t *reason,
                        const char *where, void *data) {
  (void) snprintf(heard, sizeof(heard), "%s", where != NULL ? where : "");
}

/* A slow machine makes other jobs slow, too. They are ignored. */
static void note_slow_job(uv_loop_t *l, const avow_job_t *job, void *data) {
  if (job->fn != slow_fn)
    return;
  (void) snprintf(heard, sizeof(heard), "%s %s", job->kind,
                  job->name != NULL ? job->name : "-");
}

static void open_with(avow_options_t options) {
  options.budget_us = UINT_MAX;
  if (options.on_slow == NULL)
    options.slow_us = UINT_MAX;
  heard[0] = '\0';
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
}

static avow_deferred_t *d;

static avow_promise_t *named(const char *name) {
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_promise_set_name(p, name);
  return p;
}

static void dump_shows_the_name_of_a_deferred(void **state) {
  avow_promise_t *p = named("the answer");

  assert_true(is_in(avow_loop_dump, " pending deferred 'the answer'"));
  assert_true(is_in(avow_loop_dump_dot, "deferred 'the answer'\\npending"));
  assert_true(avow_resolve(d, avow_int(1)));
  assert_true(is_in(avow_loop_dump, " fulfilled deferred 'the answer'"));
  avow_unref(p);
}

static void name_in_a_graph_is_escaped(void **state) {
  avow_promise_t *p = named("\"q\"");

  assert_true(is_in(avow_loop_dump_dot, "'\\\"q\\\"'"));
  assert_true(avow_resolve(d, avow_int(1)));
  avow_unref(p);
}

static void name_may_be_changed_and_removed(void **state) {
  avow_promise_t *p = named("first");

  avow_promise_set_name(p, "second");
  assert_true(is_in(avow_loop_dump, "'second'"));
  avow_promise_set_name(p, NULL);

  assert_false(is_in(avow_loop_dump, "'"));
  assert_true(avow_resolve(d, avow_int(1)));
  avow_unref(p);
}

/* Trace builds also name the call that made the promise. */
static void assert_reported_name(const char *name) {
#ifdef AVOW_BACKTRACE
  assert_non_null(strstr(heard, "0x"));
#else
  assert_string_equal(heard, name);
#endif
}

static void report_of_a_rejection_shows_the_name(void **state) {
  open_with((avow_options_t){ .on_unhandled = note_report });
  avow_promise_t *p = named("the answer");

  assert_true(avow_reject(d, avow_error(UV_EIO)));
  avow_unref(p);

  assert_reported_name("the answer");
}

static void name_is_ignored_where_it_has_no_space(void **state) {
  avow_promise_t *sleep = avow_sleep(loop, 1);
  avow_promise_t *p = avow_then(avow_ref(sleep), NULL, NULL, NULL);
  avow_promise_t *v = avow_promise_resolve(loop, avow_int(1));

  avow_promise_set_name(sleep, "sleep");
  avow_promise_set_name(p, "then");
  avow_promise_set_name(v, "value");

  assert_false(is_in(avow_loop_dump, "'"));
  assert_fulfills_none(p);
  assert_fulfills_none(sleep);
  avow_unref(v);
}

/* avow_all() waits for all inputs, although its promise has no space for a
   name. */
static void gather_ignores_a_name(void **state) {
  avow_promise_t *const ps[] = { avow_sleep(loop, 1), avow_sleep(loop, 2) };
  avow_promise_t *all = avow_all(loop, ps, 2);

  avow_promise_set_name(all, "all");

  assert_false(is_in(avow_loop_dump, "'"));
  avow_value_unref(avow_run(all));
}

static void promise_that_follows_another_loses_its_name(void **state) {
  open_with((avow_options_t){ .on_unhandled = note_report });
  avow_deferred_t *other;
  avow_promise_t *p = named("first");
  avow_promise_t *q = avow_promise_new(loop, &other);

  assert_true(avow_resolve(d, avow_follow(q)));
  run();
  assert_false(is_in(avow_loop_dump, "'"));
  assert_true(avow_reject(other, avow_error(UV_EIO)));
  run();

  assert_false(is_in(avow_loop_dump, "'"));
  avow_unref(p);
}

static avow_value_t answer(void *self, avow_deferred_t *deferred) {
  (void) avow_reject(deferred, avow_error(UV_EIO)); /* true: the first call */
  return avow_none();
}

static const avow_class_t foreign = { .name = "foreign", .then = answer };

static void promise_that_follows_a_thenable_loses_its_name(void **state) {
  avow_promise_t *p = named("first");

  assert_true(avow_resolve(d, avow_object(&foreign, &d)));
  run();

  assert_false(is_in(avow_loop_dump, "'"));
  assert_rejects(p, UV_EIO);
}

static avow_value_t stall_cb(const avow_value_t *arg, void *data) {
  stall(3);
  return avow_none();
}

static void slow_job_has_the_name_of_its_source(void **state) {
  open_with((avow_options_t){ .on_slow = note_slow_job, .slow_us = 2000 });
  slow_fn = (void (*)(void)) stall_cb;
  avow_promise_t *p = avow_then(named("the answer"), stall_cb, NULL, NULL);

  assert_true(avow_resolve(d, avow_int(1)));
  assert_fulfills_none(p);
  assert_string_equal(heard, "then the answer");
  assert_fulfills_none(avow_then(avow_sleep(loop, 1), stall_cb, NULL, NULL));

  assert_string_equal(heard, "then -");
}

#ifndef AVOW_NO_ASYNC
static avow_value_t wait_and_stall(void *result) {
  avow_value_unref(avow_await(avow_next_iteration(loop)));
  stall(3);
  return avow_steal(result);
}

static void dump_shows_the_name_of_an_async_function(void **state) {
  avow_value_t result = avow_int(1);
  avow_promise_t *p = avow_async(loop, wait_and_stall, &result);

  avow_promise_set_name(p, "greet");

  assert_true(is_in(avow_loop_dump, " pending async 'greet'"));
  assert_fulfills_int(avow_ref(p), 1);
  assert_true(is_in(avow_loop_dump, " fulfilled running 'greet'"));
  avow_unref(p);
}

static void rejected_async_function_is_reported_with_its_name(void **state) {
  open_with((avow_options_t){ .on_unhandled = note_report });
  avow_value_t result = avow_error(UV_EIO);
  avow_promise_t *p = avow_async(loop, wait_and_stall, &result);
  avow_promise_set_name(p, "greet");

  avow_unref(p);
  run();

  assert_reported_name("greet");
}

static void async_function_that_follows_loses_its_name(void **state) {
  avow_value_t result = avow_object(&foreign, &d);
  avow_promise_t *p = avow_async(loop, wait_and_stall, &result);
  avow_promise_set_name(p, "greet");

  assert_rejects(avow_ref(p), UV_EIO);

  assert_false(is_in(avow_loop_dump, "'"));
  avow_unref(p);
}

/* The next function uses the same stack. */
static void next_function_on_a_stack_has_no_name(void **state) {
  avow_value_t one = avow_int(1), two = avow_int(2);
  avow_promise_t *p = avow_async(loop, wait_and_stall, &one);
  avow_promise_set_name(p, "greet");
  assert_fulfills_int(p, 1);

  p = avow_async(loop, wait_and_stall, &two);

  assert_false(is_in(avow_loop_dump, "'"));
  assert_fulfills_int(p, 2);
}

static void slow_job_has_the_name_of_an_async_function(void **state) {
  open_with((avow_options_t){ .on_slow = note_slow_job, .slow_us = 2000 });
  slow_fn = (void (*)(void)) wait_and_stall;
  avow_value_t result = avow_int(1);
  avow_promise_t *p = avow_async(loop, wait_and_stall, &result);
  avow_promise_set_name(p, "greet");

  assert_fulfills_int(p, 1);

  assert_string_equal(heard, "async greet");
}
#endif

SUITE(name) {
  const struct CMUnitTest tests[] = {
    CASE(dump_shows_the_name_of_a_deferred),
    CASE(name_in_a_graph_is_escaped),
    CASE(name_may_be_changed_and_removed),
    CASE(report_of_a_rejection_shows_the_name),
    CASE(name_is_ignored_where_it_has_no_space),
    CASE(gather_ignores_a_name),
    CASE(promise_that_follows_another_loses_its_name),
    CASE(promise_that_follows_a_thenable_loses_its_name),
    CASE(slow_job_has_the_name_of_its_source),
#ifndef AVOW_NO_ASYNC
    CASE(dump_shows_the_name_of_an_async_function),
    CASE(rejected_async_function_is_reported_with_its_name),
    CASE(async_function_that_follows_loses_its_name),
    CASE(next_function_on_a_stack_has_no_name),
    CASE(slow_job_has_the_name_of_an_async_function),
#endif
  };
  return RUN(tests);
}
