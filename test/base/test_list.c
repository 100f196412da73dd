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

static void append_adds_at_the_end(void **state) {
  avow__link_t *list = NULL;

  avow__list_append(&list, &links[0]);
  assert_order(list, "a");
  avow__list_append(&list, &links[1]);
  assert_order(list, "ab");
  avow__list_append(&list, &links[2]);

  assert_order(list, "abc");
}

static void removing_the_only_link_empties_the_list(void **state) {
  avow__link_t *list = list_of(0, 1);

  avow__list_remove(&list, &links[0]);

  assert_null(list);
}

static void removing_the_first_link_keeps_order(void **state) {
  avow__link_t *list = list_of(0, 4);

  avow__list_remove(&list, &links[0]);

  assert_order(list, "bcd");
}

static void removing_a_middle_link_joins_its_neighbors(void **state) {
  avow__link_t *list = list_of(0, 4);

  avow__list_remove(&list, &links[2]);
  assert_order(list, "abd");
  avow__list_remove(&list, &links[1]);

  assert_order(list, "ad");
}

static void removing_the_last_link_keeps_order(void **state) {
  avow__link_t *list = list_of(0, 3);

  avow__list_remove(&list, &links[2]);

  assert_order(list, "ab");
}

static void removing_one_of_two_links_leaves_the_other(void **state) {
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

static void splice_onto_an_empty_list_moves_all_links(void **state) {
  avow__link_t *list = NULL;

  avow__list_splice(&list, list_of(0, 3));

  assert_order(list, "abc");
}

static void splice_appends_all_links_of_the_other_list(void **state) {
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

static void spliced_list_allows_append_and_remove(void **state) {
  avow__link_t *list = list_of(0, 2);
  avow__list_splice(&list, list_of(2, 2));

  avow__list_append(&list, &links[4]);
  assert_order(list, "abcde");
  avow__list_remove(&list, &links[2]);
  avow__list_remove(&list, &links[0]);

  assert_order(list, "bde");
}

static void list_emptied_from_the_front_keeps_order(void **state) {
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
    CASE(append_adds_at_the_end),
    CASE(removing_the_only_link_empties_the_list),
    CASE(removing_the_first_link_keeps_order),
    CASE(removing_a_middle_link_joins_its_neighbors),
    CASE(removing_the_last_link_keeps_order),
    CASE(removing_one_of_two_links_leaves_the_other),
    CASE(removed_link_can_be_appended_again),
    CASE(splice_onto_an_empty_list_moves_all_links),
    CASE(splice_appends_all_links_of_the_other_list),
    CASE(splice_of_single_links_keeps_order),
    CASE(spliced_list_allows_append_and_remove),
    CASE(list_emptied_from_the_front_keeps_order),
  };
  return RUN(tests);
}
