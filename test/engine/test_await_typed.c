/* SPDX-License-Identifier: MIT */
/* Awaits of a value with a known type. */
#include "harness.h"

static const avow_class_t shape_class = { .name = "shape" };
static const avow_class_t color_class = { .name = "color" };

/* The promise to await, the expected type, and the value that the await
   wrote. */
typedef struct {
  avow_promise_t *p;
  avow_value_t (*await)(avow_promise_t *p, avow_value_t *out);
  avow_value_t out;
} wait_t;

static avow_value_t wait_fn(void *data) {
  wait_t *wait = data;
  return wait->await(wait->p, &wait->out);
}

static avow_promise_t *start(wait_t *wait) {
  wait->out = avow_int(-1); /* remains if nothing is written */
  return avow_async(loop, wait_fn, wait);
}

static void assert_unwritten(const wait_t *wait) {
  assert_int_equal(avow_to_int(&wait->out), -1);
}

static avow_value_t await_int(avow_promise_t *p, avow_value_t *out) {
  int64_t i = -1;
  const avow_value_t error = avow_await_int(p, &i);
  *out = avow_int(i);
  return error;
}

static avow_value_t await_shape(avow_promise_t *p, avow_value_t *out) {
  return avow_await_object(p, &shape_class, out);
}

static avow_value_t await_no_class(avow_promise_t *p, avow_value_t *out) {
  return avow_await_object(p, NULL, out);
}

static avow_value_t await_done(avow_promise_t *p, avow_value_t *out) {
  return avow_await_done(p);
}

static avow_value_t await_into_null(avow_promise_t *p, avow_value_t *out) {
  return avow_await_value(p, NULL);
}

static avow_value_t await_int_into_null(avow_promise_t *p, avow_value_t *out) {
  return avow_await_int(p, NULL);
}

static avow_promise_t *settled(avow_value_t v) {
  return avow_promise_resolve(loop, v);
}

static void await_int_returns_an_int(void **state) {
  wait_t wait = { settled(avow_int(7)), await_int, avow_none() };

  assert_fulfills_none(start(&wait));

  assert_int_equal(avow_to_int(&wait.out), 7);
}

static void await_value_returns_any_type(void **state) {
  wait_t wait = { settled(avow_string("any")), avow_await_value, avow_none() };

  assert_fulfills_none(start(&wait));

  assert_string_equal(avow_to_bytes(&wait.out, NULL), "any");
  avow_value_unref(wait.out);
}

static void await_value_returns_none(void **state) {
  wait_t wait = { settled(avow_none()), avow_await_value, avow_none() };

  assert_fulfills_none(start(&wait));

  assert_true(avow_is_none(&wait.out));
}

static void await_bytes_returns_bytes(void **state) {
  wait_t wait = { settled(avow_string("text")), avow_await_bytes, avow_none() };

  assert_fulfills_none(start(&wait));

  assert_string_equal(avow_to_bytes(&wait.out, NULL), "text");
  avow_value_unref(wait.out);
}

static void await_bytes_returns_none_at_the_end(void **state) {
  wait_t wait = { settled(avow_none()), avow_await_bytes, avow_none() };

  assert_fulfills_none(start(&wait));

  assert_true(avow_is_none(&wait.out));
}

static void await_list_returns_a_list(void **state) {
  avow_value_t items[] = { avow_int(1), avow_int(2) };
  wait_t wait = { settled(avow_list(items, 2)), avow_await_list, avow_none() };

  assert_fulfills_none(start(&wait));

  assert_int_equal(avow_list_len(&wait.out), 2);
  avow_value_unref(wait.out);
}

static void await_object_returns_an_object_of_the_class(void **state) {
  wait_t wait = { settled(avow_object(&shape_class, &wait)), await_shape,
                  avow_none() };

  assert_fulfills_none(start(&wait));

  assert_ptr_equal(avow_to_object(&wait.out, &shape_class), &wait);
  avow_value_unref(wait.out);
}

static void await_done_releases_the_value(void **state) {
  wait_t wait = { settled(avow_string("text")), await_done, avow_none() };

  assert_fulfills_none(start(&wait));

  assert_unwritten(&wait);
}

/* An error keeps its message, whichever type the program awaits. */
static void typed_await_returns_the_whole_error(void **state) {
  avow_value_t (*const awaits[])(avow_promise_t *, avow_value_t *) = {
    await_int,   avow_await_value, avow_await_bytes, avow_await_list,
    await_shape, await_done,       await_into_null
  };
  for (size_t i = 0; i < sizeof(awaits) / sizeof(awaits[0]); i++) {
    const avow_value_t fire =
        avow_error_new(UV_EIO, avow_none(), "disk on fire");
    wait_t wait = { settled(fire), awaits[i], avow_none() };

    assert_says(start(&wait), UV_EIO, "disk on fire");

    assert_unwritten(&wait);
  }
}

static void canceled_await_returns_the_error(void **state) {
  wait_t wait = { avow_sleep(loop, 60000), avow_await_bytes, avow_none() };
  avow_promise_t *p = start(&wait);

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_unwritten(&wait);
}

/* Other holders keep the value. */
static void typed_await_returns_a_shared_value(void **state) {
  avow_promise_t *shared = settled(avow_string("text"));
  wait_t wait = { avow_ref(shared), avow_await_bytes, avow_none() };

  assert_fulfills_none(start(&wait));

  assert_string_equal(avow_to_bytes(avow_result(shared), NULL), "text");
  avow_value_unref(wait.out);
  avow_unref(shared);
}

static void assert_refused(avow_value_t v,
                           avow_value_t (*await)(avow_promise_t *p,
                                                 avow_value_t *out),
                           const char *text) {
  wait_t wait = { settled(v), await, avow_none() };
  assert_says(start(&wait), AVOW_EMISUSE, text);
  assert_unwritten(&wait);
}

static void await_bytes_as_int(void) {
  assert_refused(avow_string("7"), await_int,
                 "avow_await_int(): value has type bytes, not int");
}

static void await_int_as_bytes(void) {
  assert_refused(avow_int(7), avow_await_bytes,
                 "avow_await_bytes(): value has type int, not bytes");
}

static void await_none_as_list(void) {
  assert_refused(avow_none(), avow_await_list,
                 "avow_await_list(): value has type none, not list");
}

static void await_another_class(void) {
  assert_refused(avow_object(&color_class, NULL), await_shape,
                 "avow_await_object(): value has type color, not shape");
}

static void await_of_no_class(void) {
  assert_refused(
      avow_object(&color_class, NULL), await_no_class,
      "avow_await_object(): value has type color, not object of no class");
}

static void start_await_into_null(void) {
  wait_t wait = { settled(avow_string("text")), await_into_null, avow_none() };
  assert_rejects(start(&wait), AVOW_EMISUSE);
}

static void start_await_int_into_null(void) {
  wait_t wait = { settled(avow_int(7)), await_int_into_null, avow_none() };
  assert_rejects(start(&wait), AVOW_EMISUSE);
}

static void await_of_another_type_is_reported(void **state) {
  assert_misuse(
      await_bytes_as_int,
      "avow_await_int(): value has type bytes, not int; await it as that type");
  assert_misuse(await_int_as_bytes,
                "avow_await_bytes(): value has type int, not bytes");
  assert_misuse(await_none_as_list,
                "avow_await_list(): value has type none, not list");
  assert_misuse(await_another_class,
                "avow_await_object(): value has type color, not shape");
  assert_misuse(await_of_no_class, "not object of no class");
}

static void typed_await_into_null_is_reported(void **state) {
  assert_misuse(start_await_into_null, "out pointer is NULL");
  assert_misuse(start_await_int_into_null, "out pointer is NULL");
}

SUITE(await_typed) {
  const struct CMUnitTest tests[] = {
    CASE(await_int_returns_an_int),
    CASE(await_value_returns_any_type),
    CASE(await_value_returns_none),
    CASE(await_bytes_returns_bytes),
    CASE(await_bytes_returns_none_at_the_end),
    CASE(await_list_returns_a_list),
    CASE(await_object_returns_an_object_of_the_class),
    CASE(await_done_releases_the_value),
    CASE(typed_await_returns_the_whole_error),
    CASE(canceled_await_returns_the_error),
    CASE(typed_await_returns_a_shared_value),
    CASE(typed_await_returns_a_shared_value),
    CASE(await_of_another_type_is_reported),
    CASE(typed_await_into_null_is_reported),
  };
  return RUN(tests);
}
