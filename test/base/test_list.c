/* SPDX-License-Identifier: MIT */
/* The list: its order after each operation, read forward and backward. */
#include "base/list.h"

#include "harness.h"

enum { LINKS = 6 };

static avow__link_t links[LINKS];

static avow__link_t *list_of(size_t first, size_t n) {
  avow__link_t *list = NULL;
  for (size_t i = first; i < first + n; i++)
    avow__list_append(&list, &links[i]);
  return list;
}

static void name(const avow__link_t *link, char *out) {
  *out = (char) ('a' + (link - links));
}

static void assert_order(const avow__link_t *list, const char *expected) {
  char forwards[LINKS + 1] = "", backwards[LINKS + 1] = "";
  const avow__link_t *link = list;
  const size_t n = strlen(expected);
  for (size_t i = 0; i < n; i++, link = link->next)
    name(link, &forwards[i]);
  assert_ptr_equal(link, list);
  for (size_t i = n; i > 0; i--)
    name(link = link->prev, &backwards[i - 1]);
  assert_ptr_equal(link, list);
  assert_string_equal(forwards, expected);
  assert_string_equal(backwards, expected);
}

static void append_puts_last(void **state) {
  avow__link_t *list = NULL;

  avow__list_append(&list, &links[0]);
  assert_order(list, "a");
  avow__list_append(&list, &links[1]);
  assert_order(list, "ab");
  avow__list_append(&list, &links[2]);

  assert_order(list, "abc");
}

static void remove_of_the_only_one_leaves_an_empty_list(void **state) {
  avow__link_t *list = list_of(0, 1);

  avow__list_remove(&list, &links[0]);

  assert_null(list);
}

static void remove_of_the_first_makes_the_next_first(void **state) {
  avow__link_t *list = list_of(0, 4);

  avow__list_remove(&list, &links[0]);

  assert_order(list, "bcd");
}

static void remove_in_the_middle_joins_its_neighbours(void **state) {
  avow__link_t *list = list_of(0, 4);

  avow__list_remove(&list, &links[2]);
  assert_order(list, "abd");
  avow__list_remove(&list, &links[1]);

  assert_order(list, "ad");
}

static void remove_of_the_last_leaves_the_one_before_it_last(void **state) {
  avow__link_t *list = list_of(0, 3);

  avow__list_remove(&list, &links[2]);

  assert_order(list, "ab");
}

static void remove_of_one_of_two_leaves_the_other(void **state) {
  avow__link_t *list = list_of(0, 2);
  avow__list_remove(&list, &links[0]);
  assert_order(list, "b");

  list = list_of(0, 2);
  avow__list_remove(&list, &links[1]);

  assert_order(list, "a");
}

static void removed_link_can_be_appended_again(void **state) {
  avow__link_t *list = list_of(0, 3);

  avow__list_remove(&list, &links[0]);
  avow__list_append(&list, &links[0]);

  assert_order(list, "bca");
}

static void splice_onto_an_empty_list_is_the_other(void **state) {
  avow__link_t *list = NULL;

  avow__list_splice(&list, list_of(0, 3));

  assert_order(list, "abc");
}

static void splice_puts_all_of_the_other_last(void **state) {
  avow__link_t *list = list_of(0, 3);

  avow__list_splice(&list, list_of(3, 3));

  assert_order(list, "abcdef");
}

static void splice_of_single_links_keeps_order(void **state) {
  avow__link_t *list = list_of(0, 1);

  avow__list_splice(&list, list_of(1, 1));
  assert_order(list, "ab");
  avow__list_splice(&list, list_of(2, 2));
  assert_order(list, "abcd");
  avow__list_splice(&list, list_of(4, 1));

  assert_order(list, "abcde");
}

static void spliced_list_takes_more_and_gives_back(void **state) {
  avow__link_t *list = list_of(0, 2);
  avow__list_splice(&list, list_of(2, 2));

  avow__list_append(&list, &links[4]);
  assert_order(list, "abcde");
  avow__list_remove(&list, &links[2]);
  avow__list_remove(&list, &links[0]);

  assert_order(list, "bde");
}

static void lists_emptied_from_the_front_come_out_in_order(void **state) {
  avow__link_t *list = list_of(0, LINKS);
  char out[LINKS + 1] = "";

  for (size_t i = 0; list != NULL; i++) {
    name(list, &out[i]);
    avow__list_remove(&list, list);
  }

  assert_string_equal(out, "abcdef");
}

SUITE(list) {
  const struct CMUnitTest tests[] = {
    CASE(append_puts_last),
    CASE(remove_of_the_only_one_leaves_an_empty_list),
    CASE(remove_of_the_first_makes_the_next_first),
    CASE(remove_in_the_middle_joins_its_neighbours),
    CASE(remove_of_the_last_leaves_the_one_before_it_last),
    CASE(remove_of_one_of_two_leaves_the_other),
    CASE(removed_link_can_be_appended_again),
    CASE(splice_onto_an_empty_list_is_the_other),
    CASE(splice_puts_all_of_the_other_last),
    CASE(splice_of_single_links_keeps_order),
    CASE(spliced_list_takes_more_and_gives_back),
    CASE(lists_emptied_from_the_front_come_out_in_order),
  };
  return RUN(tests);
}
