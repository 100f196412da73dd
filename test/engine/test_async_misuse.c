/* SPDX-License-Identifier: MIT */
/* Misuse of async functions, and awaits outside of them. */
#include "elsewhere.h"

static avow_value_t give_5(void *data) {
  note("ran");
  return avow_int(5);
}

/* Awaits the promise in its data and records the outcome. */
static avow_value_t await_it(void *promise) {
  note("before");
  const avow_value_t v = avow_await(promise);
  avow_value_unref(note_value_cb(&v, "after"));
  return v;
}

static void await_outside(void) {
  const avow_value_t v = avow_await(avow_sleep(loop, 0));

  assert_int_equal(avow_error_code(&v), AVOW_ENOTASYNC);
  assert_string_equal(avow_err_name(avow_error_code(&v)), "AVOW_ENOTASYNC");
}

static avow_value_t await_cb(const avow_value_t *arg, void *data) {
  return avow_await(avow_sleep(loop, 0));
}

static void await_in_a_handler(void) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());

  assert_rejects(avow_then(p, await_cb, NULL, NULL), AVOW_ENOTASYNC);
}

static void await_none(void *data) {
  const avow_value_t v = avow_await(avow_sleep(loop, 0));
  avow_value_unref(note_value_cb(&v, "await"));
}

static avow_value_t cancel_another(void *data) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_on_cancel(d, await_none, NULL);
  avow_cancel(p);
  avow_deferred_drop(d);
  avow_unref(p);
  return avow_await(avow_promise_resolve(loop, avow_int(1)));
}

static void await_in_on_cancel(void) {
  assert_fulfills_int(avow_async(loop, cancel_another, NULL), 1);
  assert_notes("await=AVOW_ENOTASYNC");
}

static avow_value_t destroy_another(void *data) {
  static const avow_class_t awaits = { .name = "awaits",
                                       .destroy = await_none };
  avow_value_unref(avow_object(&awaits, NULL));
  return avow_await(avow_promise_resolve(loop, avow_int(1)));
}

static void await_in_destroy(void) {
  assert_fulfills_int(avow_async(loop, destroy_another, NULL), 1);
  assert_notes("await=AVOW_ENOTASYNC");
}

/* Such an await would park the function that called avow. */
static void await_in_a_callback_of_avow_is_refused(void **state) {
  assert_misuse(await_in_on_cancel, "called outside an async function");
  assert_misuse(await_in_destroy, "called outside an async function");
}

static void await_outside_an_async_function_is_refused(void **state) {
  assert_misuse(await_outside,
                "avow_await(): called outside an async function");
  assert_misuse(await_in_a_handler,
                "avow_await(): called outside an async function");
}

static void await_promise_of_other_loop(void) {
  avow_promise_t *theirs = promise_on_second_loop();

  assert_rejects(avow_async(loop, await_it, theirs), AVOW_EMISUSE);

  close_second_loop();
}

static uv_loop_t other;

static avow_value_t nothing(void *data) {
  return avow_none();
}

static avow_value_t await_here(const avow_value_t *arg, void *theirs) {
  avow_unref(avow_async(&other, nothing, NULL));
  assert_rejects(avow_async(loop, await_it, theirs), AVOW_EMISUSE);
  return avow_none();
}

/* Runs in a handler of the other loop after an async function has run there. */
static void await_in_a_handler_of_other_loop(void) {
  avow_deferred_t *d;
  assert_int_equal(uv_loop_init(&other), 0);
  assert_int_equal(avow_loop_init(&other, &steady), 0);
  avow_promise_t *theirs = avow_promise_new(&other, &d);
  avow_promise_t *now = avow_promise_resolve(&other, avow_none());

  assert_fulfills_none(avow_then(now, await_here, NULL, theirs));

  assert_true(avow_resolve(d, avow_none()));
  assert_int_equal(avow_loop_close(&other), 0);
  assert_int_equal(uv_loop_close(&other), 0);
}

static void await_of_a_promise_of_another_loop_is_refused(void **state) {
  assert_misuse(await_promise_of_other_loop,
                "send its value with avow_remote_resolve()");
  assert_misuse(await_in_a_handler_of_other_loop,
                "send its value with avow_remote_resolve()");
}

static avow_value_t run_it(void *promise) {
  return avow_run(promise);
}

static void run_inside(void) {
  assert_rejects(avow_async(loop, run_it, avow_sleep(loop, 0)), AVOW_EMISUSE);
}

static void run_inside_an_async_function_is_refused(void **state) {
  assert_misuse(run_inside, "call avow_await()");
}

static void start_on_bare_loop(void) {
  uv_loop_t bare;

  assert_rejects(avow_async(&bare, give_5, NULL), AVOW_EMISUSE);
  assert_notes("");
}

static void uninitialized_loop_is_refused(void **state) {
  assert_misuse(start_on_bare_loop, "call avow_loop_init(loop, NULL) first");
}

static avow_value_t close_the_loop(void *data) {
  return avow_int(avow_loop_close(loop));
}

static void loop_cannot_be_closed_in_an_async_function(void **state) {
  assert_fulfills_int(avow_async(loop, close_the_loop, NULL), UV_EBUSY);
}

static void async_without_a_function_is_refused(void **state) {
  assert_says(avow_async(loop, NULL, NULL), UV_EINVAL,
              "async: invalid argument");
}

SUITE(async_misuse) {
  const struct CMUnitTest tests[] = {
    CASE(await_outside_an_async_function_is_refused),
    CASE(await_in_a_callback_of_avow_is_refused),
    CASE(await_of_a_promise_of_another_loop_is_refused),
    CASE(run_inside_an_async_function_is_refused),
    CASE(uninitialized_loop_is_refused),
    CASE(loop_cannot_be_closed_in_an_async_function),
    CASE(async_without_a_function_is_refused),
  };
  return RUN(tests);
}
