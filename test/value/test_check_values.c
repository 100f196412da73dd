/* SPDX-License-Identifier: MIT */
/* Values that are used after they were freed. */
#include "value/check_values.h"

#include "harness.h"

#ifndef NDEBUG

static avow_value_t freed_bytes(void) {
  const avow_value_t v = avow_string("x");
  avow_value_unref(v);
  return v;
}

static const avow_class_t shape = { .name = "shape" };

static void read_freed_bytes(void) {
  const avow_value_t v = freed_bytes();
  (void) avow_to_bytes(&v, NULL); /* ends the process */
}

static void clear_freed_bytes(void) {
  avow_value_t v = freed_bytes();
  avow_value_clear(&v);
}

static void name_the_type_of_a_freed_object(void) {
  const avow_value_t v = avow_object(&shape, NULL);
  avow_value_unref(v);
  (void) avow_type_name(&v); /* ends the process */
}

static void read_a_freed_object(void) {
  const avow_value_t v = avow_object(&shape, NULL);
  avow_value_unref(v);
  (void) avow_to_object(&v, &shape); /* ends the process */
}

static void recognize_a_freed_object(void) {
  const avow_value_t v = avow_object(&shape, NULL);
  avow_value_unref(v);
  (void) avow_is_object(&v, &shape); /* ends the process */
}

static void read_a_freed_list(void) {
  avow_value_t item = avow_int(1);
  const avow_value_t v = avow_list(&item, 1);
  avow_value_unref(v);
  (void) avow_list_at(&v, 0); /* ends the process */
}

static void read_a_freed_message(void) {
  const avow_value_t v = avow_error_new(UV_EIO, avow_none(), "text");
  avow_value_unref(v);
  (void) avow_error_message(&v); /* ends the process */
}

static void read_a_freed_cause(void) {
  const avow_value_t v = avow_error_new(UV_EIO, avow_int(1), "text");
  avow_value_unref(v);
  (void) avow_error_cause(&v); /* ends the process */
}

static void each_reader_reports_a_freed_value(void **state) {
  static const struct {
    void (*fn)(void);
    const char *message;
  } mistakes[] = {
    { read_freed_bytes, "avow_to_bytes(): value used after it was freed" },
    { clear_freed_bytes, "avow_value_clear(): value used after it was freed" },
    { name_the_type_of_a_freed_object, "avow_type_name(): value used after" },
    { read_a_freed_object, "avow_to_object(): value used after it was freed" },
    { recognize_a_freed_object, "avow_is_object(): value used after" },
    { read_a_freed_list, "avow_list_at(): value used after it was freed" },
    { read_a_freed_message, "avow_error_message(): value used after" },
    { read_a_freed_cause, "avow_error_cause(): value used after" },
  };

  for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++)
    assert_misuse(mistakes[i].fn, mistakes[i].message);
}

#  if defined(AVOW_DLADDR) && defined(AVOW__QUARANTINE)
static void message_names_the_place_of_the_release(void **state) {
  assert_misuse(read_freed_bytes, "value used after it was freed in ");
  assert_misuse(read_freed_bytes, "(addr2line -fpe ");
}
#  endif

#  ifdef AVOW__QUARANTINE
/* Objects that were freed since may have replaced the address in the record of
   freed blocks. The quarantine still shows it. */
static void read_unrecorded_bytes(void) {
  const avow_value_t v = freed_bytes();
  avow__note_there(v.u.p);
  (void) avow_to_bytes(&v, NULL); /* ends the process */
}

static void quarantine_shows_a_freed_value(void **state) {
  assert_misuse(read_unrecorded_bytes, "value used after it was freed");
}

static void freed_memory_is_not_reused_at_once(void **state) {
  const avow_value_t v = freed_bytes();

  const avow_value_t next = avow_string("y");

  assert_ptr_not_equal(next.u.p, v.u.p);
  avow_value_unref(next);
}
#  endif

static void allocation_takes_the_quarantine_first(void **state) {
  const avow_value_t freed = avow_string("x");
  fail_allocation(1, false);
  avow_value_unref(freed);

  const avow_value_t v = avow_string("z");

#  ifdef AVOW__QUARANTINE
  assert_string_equal(avow_to_bytes(&v, NULL), "z");
#  else
  assert_true(avow_is_error(&v));
#  endif
  fail_allocation(0, false);
  avow_value_unref(v);
}

#endif

/* A value that another reference keeps is not freed. */
static void released_value_with_a_reference_is_readable(void **state) {
  const avow_value_t v = avow_string("kept");
  const avow_value_t again = avow_value_ref(&v);

  avow_value_unref(v);

  assert_string_equal(avow_to_bytes(&again, NULL), "kept");
  avow_value_unref(again);
}

SUITE(check_values) {
  const struct CMUnitTest tests[] = {
#ifndef NDEBUG
    CASE(each_reader_reports_a_freed_value),
#  if defined(AVOW_DLADDR) && defined(AVOW__QUARANTINE)
    CASE(message_names_the_place_of_the_release),
#  endif
#  ifdef AVOW__QUARANTINE
    CASE(quarantine_shows_a_freed_value),
    CASE(freed_memory_is_not_reused_at_once),
#  endif
    CASE(allocation_takes_the_quarantine_first),
#endif
    CASE(released_value_with_a_reference_is_readable),
  };
  return RUN(tests);
}
