/* SPDX-License-Identifier: MIT */
/* Values: creating and reading them, and when they are freed. */
#include "harness.h"
#include "value/value.h"

enum { DEPTH = 250000, SMALL_STACK = 64 * 1024, HOLDERS = 4, TURNS = 3000 };

static void count_destroy(void *self) {
  ++*(int *) self;
}

static const avow_class_t counted_class = { .name = "counted",
                                            .destroy = count_destroy };
static const avow_class_t inert_class = { .name = "inert" };
static const avow_class_t nameless_class;

/* No promise is resolved with this object here. test_thenable tests that. */
static avow_value_t drop_deferred(void *self, avow_deferred_t *d) {
  avow_deferred_drop(d);
  return avow_none();
}

static const avow_class_t foreign_class = { .name = "foreign",
                                            .destroy = count_destroy,
                                            .then = drop_deferred };

static avow_value_t counted(int *destroyed) {
  *destroyed = 0;
  return avow_object(&counted_class, destroyed);
}

static void run_thread(uv_thread_cb fn, void *data) {
  const uv_thread_options_t options = { .flags = UV_THREAD_HAS_STACK_SIZE,
                                        .stack_size = SMALL_STACK };
  uv_thread_t thread;
  assert_int_equal(uv_thread_create_ex(&thread, &options, fn, data), 0);
  assert_int_equal(uv_thread_join(&thread), 0);
}

static void unref_in_thread(void *value) {
  avow_value_unref(*(avow_value_t *) value);
}

static void scalars_read_back_unchanged(void **state) {
  int target;

  const avow_value_t least = avow_int(INT64_MIN);
  const avow_value_t most = avow_int(INT64_MAX);
  const avow_value_t real = avow_double(-0.125);
  const avow_value_t pointer = avow_pointer(&target);

  assert_true(avow_to_int(&least) == INT64_MIN);
  assert_true(avow_to_int(&most) == INT64_MAX);
  assert_true(avow_to_double(&real) == -0.125);
  assert_ptr_equal(avow_to_pointer(&pointer), &target);
}

static void version_matches_the_headers(void **state) {
  char text[32];

  (void) snprintf(text, sizeof(text), "%d.%d.%d", AVOW_VERSION_MAJOR,
                  AVOW_VERSION_MINOR, AVOW_VERSION_PATCH);

  assert_string_equal(text, AVOW_VERSION);
#ifdef NDEBUG
  assert_string_equal(avow_version_string(), AVOW_VERSION);
#else
  assert_string_equal(avow_version_string(), AVOW_VERSION " (checked)");
#endif
}

static void none_has_no_error_code(void **state) {
  const avow_value_t v = avow_none();

  assert_int_equal(v.tag, AVOW_NONE);
  assert_true(avow_is_none(&v));
  assert_int_equal(avow_error_code(&v), 0);
  assert_false(avow_is_error(&v));
}

static void cleared_value_is_none(void **state) {
  avow_value_t v = avow_string("text");

  avow_value_clear(&v);
  avow_value_clear(&v);

  assert_true(avow_is_none(&v));
}

static void stolen_value_survives_clear(void **state) {
  avow_value_t v = avow_string("text");

  const avow_value_t stolen = avow_steal(&v);
  avow_value_clear(&v);

  assert_string_equal(avow_to_bytes(&stolen, NULL), "text");
  avow_value_unref(stolen);
}

static void object_matches_only_its_class(void **state) {
  const avow_value_t v = avow_object(&inert_class, NULL);
  const avow_value_t number = avow_int(1);

  assert_true(avow_is_object(&v, &inert_class));
  assert_false(avow_is_object(&v, &counted_class));
  assert_false(avow_is_object(&number, &inert_class));
  avow_value_unref(v);
}

static void scalars_allocate_nothing(void **state) {
  const long calls = allocation_calls();

  avow_value_t vs[] = { avow_none(), avow_int(1), avow_double(1),
                        avow_pointer(state), avow_error(UV_ENOENT) };
  for (size_t i = 0; i < sizeof(vs) / sizeof(vs[0]); i++) {
    avow_value_unref(avow_value_ref(&vs[i]));
    avow_value_unref(vs[i]);
  }

  assert_int_equal(allocation_calls(), calls);
}

static void assert_type_name(avow_value_t v, const char *expected) {
  assert_string_equal(avow_type_name(&v), expected);
  avow_value_unref(v);
}

static void each_value_has_a_type_name(void **state) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());

  assert_type_name(avow_none(), "none");
  assert_type_name(avow_int(1), "int");
  assert_type_name(avow_double(1), "double");
  assert_type_name(avow_pointer(NULL), "pointer");
  assert_type_name(avow_object(&inert_class, NULL), "inert");
  assert_type_name(avow_object(&nameless_class, NULL), "object");
  assert_type_name(avow_object(&foreign_class, &(int){ 0 }), "foreign");
  assert_type_name(avow_string(""), "bytes");
  assert_type_name(avow_list(NULL, 0), "list");
  assert_type_name(avow_error(UV_EOF), "error");
  assert_type_name(avow_follow(p), "promise");
}

static void bytes_are_copied_and_end_in_nul(void **state) {
  char source[] = { 'a', '\0', 'b' };

  const avow_value_t v = avow_bytes(source, sizeof(source));
  source[0] = 'x';
  size_t len;
  const char *data = avow_to_bytes(&v, &len);

  assert_int_equal(len, 3);
  assert_memory_equal(data, "a\0b\0", 4);
  avow_value_unref(v);
}

static void bytes_may_be_empty(void **state) {
  const avow_value_t v = avow_bytes(NULL, 0);
  size_t len = 1;

  assert_string_equal(avow_to_bytes(&v, &len), "");
  assert_int_equal(len, 0);
  avow_value_unref(v);
}

static void string_length_excludes_the_nul(void **state) {
  const avow_value_t v = avow_string("word");
  size_t len;

  assert_string_equal(avow_to_bytes(&v, &len), "word");
  assert_int_equal(len, 4);
  assert_string_equal(avow_to_bytes(&v, NULL), "word");
  avow_value_unref(v);
}

static void bytes_new_returns_a_writable_buffer(void **state) {
  char *data;
  const avow_value_t v = avow_bytes_new(5, &data);

  memcpy(data, "hello", 5);

  assert_ptr_equal(avow_to_bytes(&v, NULL), data);
  assert_string_equal(avow_to_bytes(&v, NULL), "hello");
  avow_value_unref(v);
}

static void bytes_new_of_huge_sizes_returns_enomem(void **state) {
  char *data = NULL;
  const long calls = allocation_calls();

  const avow_value_t most = avow_bytes_new(SIZE_MAX, &data);
  const avow_value_t nearly = avow_bytes_new(SIZE_MAX - 8, &data);

  assert_int_equal(avow_error_code(&most), UV_ENOMEM);
  assert_int_equal(avow_error_code(&nearly), UV_ENOMEM);
  assert_int_equal(allocation_calls(), calls); /* the sum would overflow */
  assert_null(data);
}

static void list_keeps_its_items_in_order(void **state) {
  avow_value_t items[] = { avow_int(1), avow_string("two"), avow_none() };

  const avow_value_t list = avow_list(items, 3);

  assert_int_equal(avow_list_len(&list), 3);
  assert_int_equal(avow_to_int(avow_list_at(&list, 0)), 1);
  assert_string_equal(avow_to_bytes(avow_list_at(&list, 1), NULL), "two");
  assert_int_equal(avow_list_at(&list, 2)->tag, AVOW_NONE);
  avow_value_unref(list);
}

static void lists_above_the_maximum_length_are_refused(void **state) {
  const long calls = allocation_calls();
  avow__list_t *list = avow__list_new(1);
  assert_non_null(list);

  assert_null(avow__list_new(AVOW__LIST_MAX + 1));
  assert_null(avow__list_new(SIZE_MAX));
  assert_null(avow__list_resize(list, AVOW__LIST_MAX + 1));

  assert_int_equal(allocation_calls(), calls + 1); /* no other call */
  avow_value_unref(avow__block_value(&list->head));
}

static void list_may_be_empty(void **state) {
  const avow_value_t list = avow_list(NULL, 0);

  assert_int_equal(list.tag, AVOW_LIST);
  assert_int_equal(avow_list_len(&list), 0);
  avow_value_unref(list);
}

static void object_returns_self_for_its_class(void **state) {
  int destroyed;
  const avow_value_t v = counted(&destroyed);

  assert_int_equal(v.tag, AVOW_OBJECT);
  assert_ptr_equal(avow_to_object(&v, &counted_class), &destroyed);
  avow_value_unref(v);
}

static void object_is_destroyed_with_its_last_reference(void **state) {
  int destroyed;
  const avow_value_t v = counted(&destroyed);
  const avow_value_t second = avow_value_ref(&v);
  const avow_value_t third = avow_value_ref(&second);

  avow_value_unref(v);
  avow_value_unref(third);
  assert_int_equal(destroyed, 0);
  avow_value_unref(second);

  assert_int_equal(destroyed, 1);
}

static void object_without_destroy_keeps_self_unchanged(void **state) {
  int target = 5;

  avow_value_unref(avow_object(&inert_class, &target));

  assert_int_equal(target, 5);
}

static void value_in_two_lists_lives_as_long_as_either(void **state) {
  int destroyed;
  avow_value_t v = counted(&destroyed);
  avow_value_t again = avow_value_ref(&v);
  const avow_value_t first = avow_list(&v, 1);
  const avow_value_t second = avow_list(&again, 1);

  avow_value_unref(first);
  assert_int_equal(destroyed, 0);
  avow_value_unref(second);

  assert_int_equal(destroyed, 1);
}

static void referenced_item_outlives_its_list(void **state) {
  avow_value_t item = avow_string("kept");
  const avow_value_t list = avow_list(&item, 1);

  const avow_value_t mine = avow_value_ref(avow_list_at(&list, 0));
  avow_value_unref(list);

  assert_string_equal(avow_to_bytes(&mine, NULL), "kept");
  avow_value_unref(mine);
}

static void promise_in_a_list_is_released_with_the_list(void **state) {
  int destroyed;
  avow_promise_t *settled = avow_promise_resolve(loop, counted(&destroyed));
  avow_deferred_t *d;
  avow_promise_t *pending = avow_promise_new(loop, &d);
  avow_value_t items[] = { avow_follow(settled),
                           avow_follow(avow_ref(pending)) };

  avow_value_unref(avow_list(items, 2));

  assert_int_equal(destroyed, 1);
  assert_true(avow_resolve(d, avow_int(1)));
  assert_fulfills_int(pending, 1);
}

static avow_value_t second_item(const avow_value_t *list, void *data) {
  return avow_value_ref(avow_list_at(list, 1));
}

static void promise_in_a_list_can_be_followed(void **state) {
  avow_value_t items[] = {
    avow_int(1), avow_follow(avow_promise_resolve(loop, avow_int(2)))
  };

  avow_promise_t *p = avow_promise_resolve(loop, avow_list(items, 2));

  assert_fulfills_int(avow_then(p, second_item, NULL, NULL), 2);
}

static void value_ref_of_a_promise_refs_that_promise(void **state) {
  avow_deferred_t *d;
  const avow_value_t v = avow_follow(avow_promise_new(loop, &d));

  avow_value_unref(avow_value_ref(&v));
  assert_true(avow_resolve(d, avow_int(3)));

  assert_fulfills_int(v.u.p, 3);
}

static void object_with_then_is_a_thenable_of_its_class(void **state) {
  int destroyed = 0;
  const avow_value_t v = avow_object(&foreign_class, &destroyed);

  assert_int_equal(v.tag, AVOW_THENABLE);
  assert_ptr_equal(avow_to_object(&v, &foreign_class), &destroyed);
  avow_value_unref(v);
  assert_int_equal(destroyed, 1);
}

static avow_value_t list_in_lists(avow_value_t v) {
  for (int i = 0; i < DEPTH; i++)
    v = avow_list(&v, 1);
  return v;
}

static void nested_lists_are_freed_on_a_small_stack(void **state) {
  int destroyed;
  avow_value_t v = list_in_lists(counted(&destroyed));

  run_thread(unref_in_thread, &v);

  assert_int_equal(destroyed, 1);
}

static void unref_next(void *self) {
  avow_value_t *next = self;
  avow_value_unref(*next);
  free(next);
}

static void nested_objects_are_freed_on_a_small_stack(void **state) {
  static const avow_class_t linked = { .name = "linked",
                                       .destroy = unref_next };
  int destroyed;
  avow_value_t v = counted(&destroyed);
  for (int i = 0; i < DEPTH; i++) {
    avow_value_t *next = malloc(sizeof(*next));
    assert_non_null(next);
    *next = v;
    v = avow_object(&linked, next);
  }

  run_thread(unref_in_thread, &v);

  assert_int_equal(destroyed, 1);
}

static void promises_in_lists_are_freed_on_a_small_stack(void **state) {
  int destroyed;
  let_threads_take_turns();
  avow_value_t v = counted(&destroyed);
  for (int i = 0; i < DEPTH; i++) {
    v = avow_list(&v, 1);
    v = avow_follow(avow_promise_resolve(loop, v));
  }

  run_thread(unref_in_thread, &v);

  assert_int_equal(destroyed, 1);
}

static void last_reference_may_be_released_on_another_thread(void **state) {
  int destroyed;
  avow_value_t v = counted(&destroyed);
  const avow_value_t mine = avow_value_ref(&v);

  avow_value_unref(mine);
  run_thread(unref_in_thread, &v);

  assert_int_equal(destroyed, 1);
}

static void ref_and_unref(void *value) {
  const avow_value_t v = *(avow_value_t *) value;
  for (int i = 0; i < TURNS; i++)
    avow_value_unref(avow_value_ref(&v));
  avow_value_unref(v);
}

static void value_shared_by_threads_is_freed_once(void **state) {
  int destroyed;
  avow_value_t item = counted(&destroyed);
  const avow_value_t list = avow_list(&item, 1);
  avow_value_t held[HOLDERS];
  uv_thread_t threads[HOLDERS];
  for (int i = 0; i < HOLDERS; i++)
    held[i] = avow_value_ref(&list);

  for (int i = 0; i < HOLDERS; i++)
    assert_int_equal(uv_thread_create(&threads[i], ref_and_unref, &held[i]), 0);
  avow_value_unref(list);
  for (int i = 0; i < HOLDERS; i++)
    assert_int_equal(uv_thread_join(&threads[i]), 0);

  assert_int_equal(destroyed, 1);
}

static void two_threads_free_nested_values_at_once(void **state) {
  int here, there;
  avow_value_t first = list_in_lists(counted(&there));
  const avow_value_t second = list_in_lists(counted(&here));
  uv_thread_t thread;

  assert_int_equal(uv_thread_create(&thread, unref_in_thread, &first), 0);
  avow_value_unref(second);
  assert_int_equal(uv_thread_join(&thread), 0);

  assert_int_equal(here, 1);
  assert_int_equal(there, 1);
}

SUITE(value) {
  const struct CMUnitTest tests[] = {
    CASE(scalars_read_back_unchanged),
    CASE(version_matches_the_headers),
    CASE(none_has_no_error_code),
    CASE(cleared_value_is_none),
    CASE(stolen_value_survives_clear),
    CASE(object_matches_only_its_class),
    CASE(scalars_allocate_nothing),
    CASE(each_value_has_a_type_name),
    CASE(bytes_are_copied_and_end_in_nul),
    CASE(bytes_may_be_empty),
    CASE(string_length_excludes_the_nul),
    CASE(bytes_new_returns_a_writable_buffer),
    CASE(bytes_new_of_huge_sizes_returns_enomem),
    CASE(list_keeps_its_items_in_order),
    CASE(lists_above_the_maximum_length_are_refused),
    CASE(list_may_be_empty),
    CASE(object_returns_self_for_its_class),
    CASE(object_is_destroyed_with_its_last_reference),
    CASE(object_without_destroy_keeps_self_unchanged),
    CASE(value_in_two_lists_lives_as_long_as_either),
    CASE(referenced_item_outlives_its_list),
    CASE(promise_in_a_list_is_released_with_the_list),
    CASE(promise_in_a_list_can_be_followed),
    CASE(value_ref_of_a_promise_refs_that_promise),
    CASE(object_with_then_is_a_thenable_of_its_class),
    CASE(nested_lists_are_freed_on_a_small_stack),
    CASE(nested_objects_are_freed_on_a_small_stack),
    CASE(promises_in_lists_are_freed_on_a_small_stack),
    CASE(last_reference_may_be_released_on_another_thread),
    CASE(value_shared_by_threads_is_freed_once),
    CASE(two_threads_free_nested_values_at_once),
  };
  return RUN(tests);
}
