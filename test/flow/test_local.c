/* SPDX-License-Identifier: MIT */
/* Locals of async functions: which functions see them, and for how long. */
#include "awaiting.h"
#include "elsewhere.h"
#include "watched.h"

#if WATCHED
enum { MANY = 100 };
#else
enum { MANY = 1000 };
#endif

static const avow_local_t word = { .name = "word" };
static const avow_local_t number = { .name = "number" };

/* Notes the value, or "-" for none. */
static void note_word(void) {
  const avow_value_t *v = avow_local_get(&word);
  note(avow_is_none(v) ? "-" : avow_to_bytes(v, NULL));
}

static void set_word(const char *text) {
  const avow_value_t v = avow_local_set(&word, avow_string(text));
  assert_true(avow_is_none(&v));
}

static void pause_it(void) {
  avow_ignore(avow_await(avow_sleep(loop, 0)));
}

static void note_word_at_depth(int depth) {
  if (depth > 0)
    note_word_at_depth(depth - 1);
  else
    note_word();
}

static avow_value_t set_and_look(void *text) {
  note_word();
  set_word(text);
  for (int i = 0; i < 2; i++) {
    note_word_at_depth(3);
    pause_it();
  }
  note_word();
  return avow_none();
}

static char a[] = "a", b[] = "b", c[] = "c";

static void value_stays_across_awaits(void **state) {
  assert_fulfills_none(avow_async(loop, set_and_look, a));

  assert_notes("- a a a");
}

static void each_async_function_has_its_own_value(void **state) {
  avow_promise_t *both[] = { avow_async(loop, set_and_look, a),
                             avow_async(loop, set_and_look, b) };

  avow_value_unref(avow_run(avow_all(loop, both, 2)));

  assert_notes("- a - b a b a b");
}

static avow_value_t look(void *data) {
  note_word();
  pause_it();
  note_word();
  return avow_none();
}

static avow_value_t start_in_between(void *data) {
  set_word(a);
  avow_promise_t *p = avow_async(loop, look, NULL);
  set_word(b);
  avow_promise_t *q = avow_async(loop, look, NULL);
  avow_promise_t *both[] = { p, q };
  return avow_await(avow_all(loop, both, 2));
}

static void started_function_inherits_the_current_value(void **state) {
  avow_value_unref(avow_run(avow_async(loop, start_in_between, NULL)));

  assert_notes("a b a b");
}

static avow_value_t start_one_that_sets(void *data) {
  set_word(a);
  avow_promise_t *p = avow_async(loop, set_and_look, b);
  note_word();
  avow_ignore(avow_await(p));
  note_word();
  return avow_none();
}

static void value_set_by_a_started_function_is_its_own(void **state) {
  assert_fulfills_none(avow_async(loop, start_one_that_sets, NULL));

  assert_notes("a b a b b a");
}

static avow_value_t end_first(void *p) {
  set_word(a);
  *(avow_promise_t **) p = avow_async(loop, look, NULL);
  return avow_none();
}

static void inherited_value_outlives_its_starter(void **state) {
  avow_promise_t *p;

  assert_fulfills_none(avow_async(loop, end_first, &p));

  assert_fulfills_none(p);
  assert_notes("a a");
}

static avow_value_t look_from_two(void *data) {
  set_word(a);
  const avow_value_t v = avow_local_set(&number, avow_int(7));
  assert_true(avow_is_none(&v));
  set_word(b);
  note_word();
  return avow_value_ref(avow_local_get(&number));
}

static void locals_are_independent(void **state) {
  assert_fulfills_int(avow_async(loop, look_from_two, NULL), 7);
  assert_notes("b");
}

static avow_value_t look_cb(const avow_value_t *arg, void *data) {
  note_word();
  return avow_none();
}

static avow_value_t look_fn(void *data) {
  note_word();
  return avow_none();
}

static void look_free(void *data) {
  note_word();
}

static avow_value_t attach_some(void *data) {
  set_word(a);
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_on_cancel(d, look_free, NULL);
  avow_cancel(p);
  avow_deferred_drop(d);
  avow_ignore(avow_await(avow_try(loop, look_fn, NULL)));
  return avow_await(
      avow_finally(avow_then(p, NULL, look_cb, NULL), look_fn, NULL));
}

/* avow_try() calls the function itself. The other callbacks run outside
   functions that await. */
static void callbacks_outside_async_functions_have_no_value(void **state) {
  avow_ignore(avow_run(avow_async(loop, attach_some, NULL)));

  assert_notes("- a - -");
}

static void code_outside_async_functions_has_no_value(void **state) {
  note_word();

  assert_notes("-");
}

static avow_value_t start_on_another_loop(void *other) {
  set_word(a);
  avow_unref(avow_async(other, look_fn, NULL));
  note_word();
  return avow_none();
}

static void function_on_another_loop_starts_without_a_value(void **state) {
  uv_loop_t other;
  assert_int_equal(start_loop(&other), 0);
  assert_int_equal(avow_loop_init(&other, &steady), 0);

  assert_fulfills_none(avow_async(loop, start_on_another_loop, &other));

  assert_notes("- a");
  assert_int_equal(avow_loop_close(&other), 0);
  assert_int_equal(uv_loop_close(&other), 0);
}

static void note_destroy(void *self) {
  note(self);
}

static const avow_class_t noted_class = { .name = "noted",
                                          .destroy = note_destroy };

static avow_value_t wait_for_it(void *p) {
  return avow_await(p);
}

static avow_value_t set_object_and_start(void *p) {
  const avow_value_t v = avow_local_set(&word, avow_object(&noted_class, a));
  assert_true(avow_is_none(&v));
  avow_unref(avow_async(loop, wait_for_it, p));
  return avow_none();
}

static void value_is_released_with_its_last_function(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);

  assert_fulfills_none(avow_async(loop, set_object_and_start, p));
  note("first");
  (void) avow_resolve(d, avow_none());
  run();

  assert_notes("first a");
}

static avow_value_t replace_objects(void *data) {
  avow_value_t v = avow_local_set(&word, avow_object(&noted_class, a));
  assert_true(avow_is_none(&v));
  note("next");
  v = avow_local_set(&word, avow_object(&noted_class, b));
  assert_true(avow_is_none(&v));
  note("none");
  v = avow_local_set(&word, avow_none());
  assert_true(avow_is_none(&v));
  note("over");
  return v;
}

static void replaced_value_is_released_at_once(void **state) {
  assert_fulfills_none(avow_async(loop, replace_objects, NULL));

  assert_notes("next a none b over");
}

static avow_value_t await_on_and_on(void *data) {
  const avow_value_t v = avow_local_set(&word, avow_object(&noted_class, a));
  assert_true(avow_is_none(&v));
  while (avow_is_none(&v))
    pause_it();
  return v;
}

static void loop_close_releases_values_of_endless_functions(void **state) {
  avow_unref(avow_async(loop, await_on_and_on, NULL));

  renew_loop();

  assert_notes("a");
}

static avow_value_t set_two_and_wait(void *data) {
  static const avow_local_t nameless = { .name = NULL };
  AVOW_TRY(avow_local_set(&word, avow_string("\"a\n\"")));
  AVOW_TRY(avow_local_set(&number, avow_int(-7)));
  AVOW_TRY(avow_local_set(&nameless, avow_int(8)));
  return avow_await(avow_sleep(loop, 0));
}

static void dump_shows_named_locals(void **state) {
  char text[512];
  avow_promise_t *p = avow_async(loop, set_two_and_wait, NULL);

  dump_loop(text, sizeof(text));

  assert_non_null(strstr(text, " word=\\\"a?\\\" number=-7"));
  assert_null(strstr(text, "=8"));
  assert_fulfills_none(p);
}

static void graph_has_a_line_for_each_named_local(void **state) {
  char text[1024];
  FILE *out = tmpfile();
  assert_non_null(out);
  avow_promise_t *p = avow_async(loop, set_two_and_wait, NULL);

  avow_loop_dump_dot(loop, out);

  rewind(out);
  text[fread(text, 1, sizeof(text) - 1, out)] = '\0';
  assert_int_equal(fclose(out), 0);
  assert_non_null(strstr(text, "\\nword=\\\"a?\\\"\\nnumber=-7\\n"));
  assert_fulfills_none(p);
}

static avow_value_t set_an_error(void *data) {
  set_word(a);
  const avow_value_t v =
      avow_local_set(&word, avow_error_new(UV_EIO, avow_none(), "broken"));
  note_word();
  return v;
}

static void error_is_returned_and_not_set(void **state) {
  assert_says(avow_async(loop, set_an_error, NULL), UV_EIO, "broken");
  assert_notes("a");
}

/* Each function replaces the value of its starter, which has already ended. */
static avow_value_t start_another(void *left) {
  int *n = left;
  char text[16];
  (void) snprintf(text, sizeof(text), "%d", *n);
  set_word(text);
  avow_ignore(avow_await(avow_next_iteration(loop)));
  if (--*n > 0)
    avow_unref(avow_async(loop, start_another, n));
  return avow_none();
}

static void chain_of_starters_leaves_no_memory(void **state) {
  int first = MANY, many = MANY;
  avow_unref(avow_async(loop, start_another, &first));
  run();
  const long before = live_allocations();

  avow_unref(avow_async(loop, start_another, &many));
  run();

  assert_int_equal(many, 0);
  assert_true(live_allocations() <= before);
}

static avow_value_t set_again_and_again(void *data) {
  for (int i = 0; i < MANY; i++)
    set_word(b);
  const long before = live_allocations();
  for (int i = 0; i < MANY; i++)
    set_word(c);
  assert_int_equal(live_allocations(), before);
  return avow_none();
}

static void setting_again_allocates_no_memory(void **state) {
  assert_fulfills_none(avow_async(loop, set_again_and_again, NULL));
}

static avow_value_t set_without_memory(void *data) {
  set_word(a);
  fail_allocation(1, false);
  avow_value_t v = avow_local_set(&number, avow_int(1));
  fail_allocation(0, false);
  assert_int_equal(avow_error_code(&v), UV_ENOMEM);
  note_word();
  assert_true(avow_is_none(avow_local_get(&number)));
  fail_allocation(1, true); /* setting its own value allocates nothing */
  v = avow_local_set(&word, avow_int(1));
  fail_allocation(0, false);
  return v;
}

static void set_without_memory_changes_nothing(void **state) {
  assert_fulfills_none(avow_async(loop, set_without_memory, NULL));
  assert_notes("a");
}

static void set_outside(void) {
  const avow_value_t v = avow_local_set(&word, avow_string("lost"));
  assert_int_equal(avow_error_code(&v), AVOW_ENOTASYNC);
}

static avow_value_t set_a_promise(void *data) {
  return avow_local_set(&word, avow_follow(avow_sleep(loop, 0)));
}

static void set_followed_promise(void) {
  assert_rejects(avow_async(loop, set_a_promise, NULL), AVOW_EMISUSE);
}

static void misuse_is_refused(void **state) {
  assert_misuse(set_outside,
                "avow_local_set(): called outside an async function");
  assert_misuse(set_followed_promise, "await it and pass its value");
}

SUITE(local) {
  const struct CMUnitTest tests[] = {
    CASE(value_stays_across_awaits),
    CASE(each_async_function_has_its_own_value),
    CASE(started_function_inherits_the_current_value),
    CASE(value_set_by_a_started_function_is_its_own),
    CASE(inherited_value_outlives_its_starter),
    CASE(locals_are_independent),
    CASE(callbacks_outside_async_functions_have_no_value),
    CASE(code_outside_async_functions_has_no_value),
    CASE(value_is_released_with_its_last_function),
    CASE(replaced_value_is_released_at_once),
    CASE(loop_close_releases_values_of_endless_functions),
    CASE(function_on_another_loop_starts_without_a_value),
    CASE(dump_shows_named_locals),
    CASE(graph_has_a_line_for_each_named_local),
    CASE(error_is_returned_and_not_set),
    CASE(chain_of_starters_leaves_no_memory),
    CASE(setting_again_allocates_no_memory),
    CASE(set_without_memory_changes_nothing),
    CASE(misuse_is_refused),
  };
  return RUN(tests);
}
