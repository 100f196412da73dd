/* SPDX-License-Identifier: MIT */
/*
 * Misuse of values: read as another type, returned although only borrowed,
 * released twice.
 */
#include "avow/stackless.h"
#include "harness.h"

static const avow_class_t shape_class = { .name = "shape" };
static const avow_class_t color_class = { .name = "color" };

static void read_an_error_as_int(void) {
  const avow_value_t v = avow_error_new(UV_EIO, avow_none(), "disk on fire");

  assert_int_equal(avow_to_int(&v), 0);
  avow_value_unref(v);
}

static void reader_reports_the_error_it_received(void **state) {
  assert_misuse(read_an_error_as_int,
                "avow_to_int(): value is an error (disk on fire); check "
                "avow_is_error() first");
}

static void read_bytes_as_int(void) {
  const avow_value_t v = avow_string("5");

  assert_int_equal(avow_to_int(&v), 0);
  avow_value_unref(v);
}

static void read_int_as_double(void) {
  const avow_value_t v = avow_int(1);

  assert_true(avow_to_double(&v) == 0);
}

static void read_object_as_pointer(void) {
  const avow_value_t v = avow_object(&shape_class, &loop);

  assert_null(avow_to_pointer(&v));
  avow_value_unref(v);
}

static void read_pointer_as_bytes(void) {
  const avow_value_t v = avow_pointer(&loop);
  size_t len = 1;

  assert_null(avow_to_bytes(&v, &len));
  assert_int_equal(len, 0);
  assert_null(avow_to_bytes(&v, NULL));
}

static void ref_a_null_promise(void) {
  const avow_value_t v = avow_follow(NULL);

  const avow_value_t held = avow_value_ref(&v);

  assert_int_equal(held.tag, AVOW_NONE);
}

static void null_promise_in_a_value_is_reported(void **state) {
  assert_misuse(ref_a_null_promise, "promise is NULL; pass a valid promise");
}

static void ask_none_for_its_length(void) {
  const avow_value_t v = avow_none();

  assert_int_equal(avow_list_len(&v), 0);
}

static void ask_none_for_an_item(void) {
  const avow_value_t v = avow_none();

  assert_int_equal(avow_list_at(&v, 0)->tag, AVOW_NONE);
}

static void readers_report_the_actual_type(void **state) {
  assert_misuse(read_bytes_as_int,
                "avow_to_int(): value has type bytes, not int");
  assert_misuse(read_int_as_double,
                "avow_to_double(): value has type int, not double");
  assert_misuse(read_object_as_pointer,
                "avow_to_pointer(): value has type shape, not pointer");
  assert_misuse(read_pointer_as_bytes,
                "avow_to_bytes(): value has type pointer, not bytes");
  assert_misuse(ask_none_for_its_length,
                "avow_list_len(): value has type none, not list");
  assert_misuse(ask_none_for_an_item,
                "avow_list_at(): value has type none, not list");
}

static void read_object_as_another_class(void) {
  const avow_value_t v = avow_object(&shape_class, &loop);

  assert_null(avow_to_object(&v, &color_class));
  assert_ptr_equal(avow_to_object(&v, &shape_class), &loop);
  avow_value_unref(v);
}

static void read_int_as_object(void) {
  const avow_value_t v = avow_int(1);

  assert_null(avow_to_object(&v, &shape_class));
}

static void object_of_another_class_is_refused(void **state) {
  assert_misuse(read_object_as_another_class,
                "avow_to_object(): value has type shape, not color");
  assert_misuse(read_int_as_object,
                "avow_to_object(): value has type int, not shape");
}

static void create_object_with_reserved_field(void) {
  static const avow_class_t newer = { .name = "newer", .reserved[3] = 1 };

  const avow_value_t v = avow_object(&newer, &loop);
  assert_int_equal(avow_error_code(&v), UV_EINVAL);
  assert_string_equal(avow_error_message(&v),
                      "object: invalid argument: a reserved field is not zero");
  avow_value_unref(v);
}

static void class_of_a_later_version_is_refused(void **state) {
  assert_misuse(create_object_with_reserved_field,
                "avow_object(): class has nonzero reserved fields");
}

static void read_past_the_end(void) {
  avow_value_t items[] = { avow_int(1), avow_int(2) };
  const avow_value_t list = avow_list(items, 2);

  assert_int_equal(avow_list_at(&list, 2)->tag, AVOW_NONE);
  assert_int_equal(avow_list_at(&list, SIZE_MAX)->tag, AVOW_NONE);
  avow_value_unref(list);
}

static void item_past_the_end_is_none(void **state) {
  assert_misuse(read_past_the_end,
                "avow_list_at(): index 2 is outside a list of 2 items");
}

static avow_value_t return_borrowed(const avow_value_t *arg, void *data) {
  return *arg;
}

static void fulfill_with_the_argument(void) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_string("mine"));

  const avow_value_t v = avow_run(avow_then(p, return_borrowed, NULL, NULL));

  assert_string_equal(avow_to_bytes(&v, NULL), "mine");
  avow_value_unref(v);
}

static void throw_the_argument(void) {
  const avow_value_t reason = avow_error_new(UV_EIO, avow_none(), "first");
  avow_promise_t *p = avow_promise_reject(loop, reason);

  const avow_value_t v = avow_run(avow_catch(p, return_borrowed, NULL));

  assert_string_equal(avow_error_message(&v), "first");
  avow_value_unref(v);
}

static avow_channel_t *channel_with_an_item(void) {
  avow_channel_t *channel = avow_channel_new(loop, 1);
  avow_unref(avow_channel_send(channel, avow_string("mine")));
  avow_channel_end(channel);
  return channel;
}

static void map_to_the_argument(void) {
  avow_channel_t *to =
      avow_channel_map(channel_with_an_item(), return_borrowed, NULL, NULL);

  const avow_value_t v = avow_run(avow_channel_next(to));

  assert_string_equal(avow_to_bytes(&v, NULL), "mine");
  avow_value_unref(v);
  avow_channel_unref(to);
}

static void collect_the_argument(void) {
  const avow_map_options_t options = { .collects = true };
  avow_channel_t *from = channel_with_an_item();

  const avow_value_t v =
      avow_run(avow_each(from, return_borrowed, NULL, &options));

  assert_string_equal(avow_to_bytes(avow_list_at(&v, 0), NULL), "mine");
  avow_value_unref(v);
  avow_channel_unref(from);
}

static void cache_the_key(void) {
  avow_cache_t *cache = avow_cache_new(loop, return_borrowed, NULL, NULL, NULL);

  const avow_value_t v = avow_run(avow_cache_get(cache, avow_string("mine")));

  assert_string_equal(avow_to_bytes(&v, NULL), "mine");
  avow_value_unref(v);
  avow_cache_unref(cache);
}

static void returning_a_borrowed_argument_is_reported(void **state) {
  assert_misuse(fulfill_with_the_argument, "return avow_value_ref(arg)");
  assert_misuse(throw_the_argument, "return avow_value_ref(arg)");
  assert_misuse(map_to_the_argument, "return avow_value_ref(arg)");
  assert_misuse(collect_the_argument, "return avow_value_ref(arg)");
  assert_misuse(cache_the_key, "return avow_value_ref(arg)");
}

static void handler_may_return_borrowed_numbers(void **state) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_int(5));

  p = avow_then(p, return_borrowed, NULL, NULL);

  assert_fulfills_int(p, 5);
}

#ifndef NDEBUG

static void release_a_value_twice(void) {
  const avow_value_t v = avow_string("once");
  avow_value_unref(v);
  avow_value_unref(v);
}

static void ref_a_freed_value(void) {
  avow_value_t item = avow_string("inside");
  avow_value_unref(avow_list(&item, 1));
  avow_value_unref(avow_value_ref(&item));
}

/* The memory of a large value is freed at once. */
static void release_a_large_value_twice(void) {
  static const char zeros[100000];
  const avow_value_t v = avow_bytes(zeros, sizeof(zeros));
  avow_value_unref(v);
  avow_value_unref(v);
}

static void freed_value_is_reported(void **state) {
  assert_misuse(release_a_value_twice,
                "avow_value_unref(): value used after it was freed");
  assert_misuse(ref_a_freed_value, "value used after it was freed");
  assert_misuse(release_a_large_value_twice, "value used after it was freed");
}

static void reused_value_memory_is_not_reported(void **state) {
  for (int i = 0; i < 10000; i++) {
    avow_value_t items[] = { avow_string("a"),
                             avow_error_new(UV_EIO, avow_string("b"), "c") };
    const avow_value_t v = avow_list(items, 2);
    avow_value_unref(avow_value_ref(&v));
    avow_value_unref(v);
  }
}
#endif

#ifndef NDEBUG /* the behavior of release builds is undefined */

/* Returns the bytes that lie where a returned value would be. */
static avow_value_t damaged(void) {
  return (avow_value_t){ .tag = 77 };
}

static avow_value_t return_nothing(void *data) {
  return damaged();
}

static avow_value_t return_nothing_cb(const avow_value_t *arg, void *data) {
  return damaged();
}

static avow_value_t return_nothing_there(uv_loop_t *own, void *data) {
  return damaged();
}

static avow_promise_t *none(void) {
  return avow_promise_resolve(loop, avow_none());
}

static void then_without_a_value(void) {
  avow_ignore(avow_run(avow_then(none(), return_nothing_cb, NULL, NULL)));
}

static void finally_without_a_value(void) {
  avow_ignore(avow_run(avow_finally(none(), return_nothing, NULL)));
}

static void try_without_a_value(void) {
  avow_unref(avow_try(loop, return_nothing, NULL));
}

static void step_without_a_value(void) {
  avow_ignore(avow_run(avow_repeat(loop, return_nothing, NULL)));
}

static void work_without_a_value(void) {
  avow_ignore(avow_run(avow_work(loop, return_nothing, NULL, NULL)));
}

static void stackless_without_a_value(void) {
  avow_frame_t frame;
  avow_unref(avow_stackless(loop, return_nothing_cb, &frame));
}

static void loop_without_a_value(void) {
  avow_loops_t *loops = avow_loops_new(1);
  avow_promise_t *p =
      avow_loops_run(loops, 0, loop, return_nothing_there, NULL);
  avow_ignore(avow_run(p));
}

static void resolve_without_a_value(void) {
  avow_deferred_t *d;
  avow_unref(avow_promise_new(loop, &d));
  (void) avow_resolve(d, damaged()); /* true if it returns */
}

/* Written and sent values. They are created last, because other memory replaces
   freed memory. */
static avow_value_t (*bad)(void);

static avow_value_t freed_value(void) {
  const avow_value_t v = avow_string("once");
  avow_value_unref(v);
  return v;
}

static void write_it(void) {
  const avow_value_t ends = avow_duplex(loop, 100, NULL);
  const avow_stream_t stream = avow_to_stream(avow_list_at(&ends, 0));
  avow_unref(avow_write(stream, bad()));
}

static uv_stream_t *handle(void) {
  static uv_tcp_t tcp;
  (void) uv_tcp_init(loop, &tcp);
  return (uv_stream_t *) &tcp;
}

static void write_it_to_a_handle(void) {
  avow_unref(avow_write(avow_uv_stream(handle()), bad()));
}

static void write_it_with_a_handle(void) {
  avow_unref(avow_write_handle(handle(), bad(), avow_none()));
}

static void write_it_as_a_handle(void) {
  avow_unref(avow_write_handle(handle(), avow_none(), bad()));
}

static void send_it(void) {
  const avow_channel_t *channel = avow_channel_new(loop, 1);
  avow_unref(avow_channel_send(channel, bad()));
}

static void try_to_send_it(void) {
  const avow_channel_t *channel = avow_channel_new(loop, 1);
  assert_int_equal(avow_channel_try_send(channel, bad()), 0);
}

static void choose_to_send_it(void) {
  const avow_channel_t *channel = avow_channel_new(loop, 1);
  const avow_case_t cases[] = { avow_case_send(channel, bad()) };
  avow_unref(avow_select(cases, 1));
}

static void assert_named(avow_value_t (*make)(void), const char *name) {
  static void (*const takers[])(void) = {
    write_it,
    write_it_to_a_handle,
    write_it_with_a_handle,
    write_it_as_a_handle,
    send_it,
    try_to_send_it,
    choose_to_send_it,
  };
  bad = make;
  for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++)
    assert_misuse(takers[i], name);
}

static void uninitialized_value_is_not_written_or_sent(void **state) {
  assert_named(damaged, "value is not valid; initialize it");
}

static void freed_value_is_not_written_or_sent(void **state) {
  assert_named(freed_value, "value used after it was freed");
}

static void select_with_a_sent_case(void) {
  avow_channel_t *channel = avow_channel_new(loop, 4);
  const avow_case_t cases[] = { avow_case_send(channel, avow_string("one")) };
  avow_value_unref(avow_run(avow_select(cases, 1)));
  avow_value_unref(avow_run(avow_channel_next(channel)));
  avow_unref(avow_select(cases, 1));
}

static void reused_select_cases_are_reported(void **state) {
  assert_misuse(select_with_a_sent_case, "value used after it was freed");
}

#  ifndef AVOW_NO_ASYNC
static void function_without_a_value(void) {
  avow_ignore(avow_run(avow_async(loop, return_nothing, NULL)));
}
#  endif

static void invalid_return_value_is_reported(void **state) {
  static void (*const mistakes[])(void) = {
    then_without_a_value,     finally_without_a_value,
    try_without_a_value,      step_without_a_value,
    work_without_a_value,     stackless_without_a_value,
    resolve_without_a_value,  loop_without_a_value,
#  ifndef AVOW_NO_ASYNC
    function_without_a_value,
#  endif
  };

  for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++)
    assert_misuse(mistakes[i], "value is not valid; initialize it");
}

#endif

SUITE(value_misuse) {
  const struct CMUnitTest tests[] = {
    CASE(reader_reports_the_error_it_received),
    CASE(null_promise_in_a_value_is_reported),
    CASE(readers_report_the_actual_type),
    CASE(object_of_another_class_is_refused),
    CASE(class_of_a_later_version_is_refused),
    CASE(item_past_the_end_is_none),
    CASE(returning_a_borrowed_argument_is_reported),
    CASE(handler_may_return_borrowed_numbers),
#ifndef NDEBUG
    CASE(freed_value_is_reported),
    CASE(reused_value_memory_is_not_reported),
    CASE(invalid_return_value_is_reported),
    CASE(uninitialized_value_is_not_written_or_sent),
    CASE(freed_value_is_not_written_or_sent),
    CASE(reused_select_cases_are_reported),
#endif
  };
  return RUN(tests);
}
