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

static void hear(uv_loop_t *l, const avow_value_t *reason, const char *where,
                 void *data) {
  (void) snprintf(heard, sizeof(heard), "%s", where != NULL ? where : "");
}

/* A slow machine makes other jobs slow, too. They are ignored. */
static void hear_slow(uv_loop_t *l, const avow_job_t *job, void *data) {
  if (job->fn != slow_fn)
    return;
  (void) snprintf(heard, sizeof(heard), "%s %s", job->kind,
                  job->name != NULL ? job->name : "-");
}

static void open_with(avow_options_t options) {
  options.budget_us = UINT_MAX;
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

static void name_of_a_deferred_is_in_dumps(void **state) {
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

static void name_may_be_changed_and_taken_back(void **state) {
  avow_promise_t *p = named("first");

  avow_promise_set_name(p, "second");
  assert_true(is_in(avow_loop_dump, "'second'"));
  avow_promise_set_name(p, NULL);

  assert_false(is_in(avow_loop_dump, "'"));
  assert_true(avow_resolve(d, avow_int(1)));
  avow_unref(p);
}

/* Trace builds also name the call that made the promise. */
static void assert_heard(const char *name) {
#ifdef AVOW_BACKTRACE
  assert_non_null(strstr(heard, "0x"));
#else
  assert_string_equal(heard, name);
#endif
}

static void lost_rejection_says_the_name(void **state) {
  open_with((avow_options_t){ .on_unhandled = hear });
  avow_promise_t *p = named("the answer");

  assert_true(avow_reject(d, avow_error(UV_EIO)));
  avow_unref(p);

  assert_heard("the answer");
}

static void no_room_for_a_name_is_no_mistake(void **state) {
  avow_promise_t *sleep = avow_sleep(loop, 1);
  avow_promise_t *p = avow_then(avow_ref(sleep), NULL, NULL, NULL);
  avow_promise_t *v = avow_promise_resolve(loop, avow_int(1));

  avow_promise_set_name(sleep, "sleep");
  avow_promise_set_name(p, "then");
  avow_promise_set_name(v, "value");

  assert_false(is_in(avow_loop_dump, "'"));
  assert_fulfils_none(p);
  assert_fulfils_none(sleep);
  avow_unref(v);
}

/* avow_all() waits for all inputs, although its promise has no space for a
   name. */
static void gather_has_no_room(void **state) {
  avow_promise_t *const ps[] = { avow_sleep(loop, 1), avow_sleep(loop, 2) };
  avow_promise_t *all = avow_all(loop, ps, 2);

  avow_promise_set_name(all, "all");

  assert_false(is_in(avow_loop_dump, "'"));
  avow_value_unref(avow_run(all));
}

static void who_follows_another_has_no_name_any_more(void **state) {
  open_with((avow_options_t){ .on_unhandled = hear });
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

static void nor_has_who_follows_a_foreign_one(void **state) {
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

static void slow_job_has_the_name_of_what_it_waited_for(void **state) {
  open_with((avow_options_t){ .on_slow = hear_slow, .slow_us = 2000 });
  slow_fn = (void (*)(void)) stall_cb;
  avow_promise_t *p = avow_then(named("the answer"), stall_cb, NULL, NULL);

  assert_true(avow_resolve(d, avow_int(1)));
  assert_fulfils_none(p);
  assert_string_equal(heard, "then the answer");
  assert_fulfils_none(avow_then(avow_sleep(loop, 1), stall_cb, NULL, NULL));

  assert_string_equal(heard, "then -");
}

#ifndef AVOW_NO_ASYNC
static avow_value_t wait_and_stall(void *result) {
  avow_value_unref(avow_await(avow_next_iteration(loop)));
  stall(3);
  return avow_steal(result);
}

static void name_of_an_async_function_is_in_dumps(void **state) {
  avow_value_t result = avow_int(1);
  avow_promise_t *p = avow_async(loop, wait_and_stall, &result);

  avow_promise_set_name(p, "greet");

  assert_true(is_in(avow_loop_dump, " pending async 'greet'"));
  assert_fulfils_int(avow_ref(p), 1);
  assert_true(is_in(avow_loop_dump, " fulfilled running 'greet'"));
  avow_unref(p);
}

static void lost_rejection_of_an_async_function_says_the_name(void **state) {
  open_with((avow_options_t){ .on_unhandled = hear });
  avow_value_t result = avow_error(UV_EIO);
  avow_promise_t *p = avow_async(loop, wait_and_stall, &result);
  avow_promise_set_name(p, "greet");

  avow_unref(p);
  run();

  assert_heard("greet");
}

static void async_function_that_follows_leaves_no_name(void **state) {
  avow_value_t result = avow_object(&foreign, &d);
  avow_promise_t *p = avow_async(loop, wait_and_stall, &result);
  avow_promise_set_name(p, "greet");

  assert_rejects(avow_ref(p), UV_EIO);

  assert_false(is_in(avow_loop_dump, "'"));
  avow_unref(p);
}

/* The next function uses the same stack. */
static void next_function_has_no_name(void **state) {
  avow_value_t one = avow_int(1), two = avow_int(2);
  avow_promise_t *p = avow_async(loop, wait_and_stall, &one);
  avow_promise_set_name(p, "greet");
  assert_fulfils_int(p, 1);

  p = avow_async(loop, wait_and_stall, &two);

  assert_false(is_in(avow_loop_dump, "'"));
  assert_fulfils_int(p, 2);
}

static void slow_part_of_an_async_function_has_its_name(void **state) {
  open_with((avow_options_t){ .on_slow = hear_slow, .slow_us = 2000 });
  slow_fn = (void (*)(void)) wait_and_stall;
  avow_value_t result = avow_int(1);
  avow_promise_t *p = avow_async(loop, wait_and_stall, &result);
  avow_promise_set_name(p, "greet");

  assert_fulfils_int(p, 1);

  assert_string_equal(heard, "async greet");
}
#endif

SUITE(name) {
  const struct CMUnitTest tests[] = {
    CASE(name_of_a_deferred_is_in_dumps),
    CASE(name_in_a_graph_is_escaped),
    CASE(name_may_be_changed_and_taken_back),
    CASE(lost_rejection_says_the_name),
    CASE(no_room_for_a_name_is_no_mistake),
    CASE(gather_has_no_room),
    CASE(who_follows_another_has_no_name_any_more),
    CASE(nor_has_who_follows_a_foreign_one),
    CASE(slow_job_has_the_name_of_what_it_waited_for),
#ifndef AVOW_NO_ASYNC
    CASE(name_of_an_async_function_is_in_dumps),
    CASE(lost_rejection_of_an_async_function_says_the_name),
    CASE(async_function_that_follows_leaves_no_name),
    CASE(next_function_has_no_name),
    CASE(slow_part_of_an_async_function_has_its_name),
#endif
  };
  return RUN(tests);
}
