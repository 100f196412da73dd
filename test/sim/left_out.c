/* SPDX-License-Identifier: MIT */
/*
 * Excludes tests of what the simulator does not simulate from suites that run
 * in the simulator. The linker wraps the function of cmocka that runs a group
 * (--wrap). The suites about files have the prefix "disk/".
 */
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "suite.h"

#ifndef SUITE_PREFIX
#  define SUITE_PREFIX ""
#endif

/* Both members are patterns. */
typedef struct {
  const char *suite, *test;
} left_out_t;

static const left_out_t left_out[] = {
  /* Other programs and threads, terminals and datagrams. */
  { "close", "close_waits_for_handles_that_the_program_closes_meanwhile" },
  { "handle", "close_closes_handles_of_any_kind" },
  { "stream_value", "sockets_of_datagrams_are_left_to_the_program" },
  { "read_into", "terminal_fills_the_buffer_too" },
  { "reader_memory", "much_comes_exactly" },
  { "reader_memory", "room_for_much_is_given_back" },
  { "reader_memory", "room_for_much_shrinks_to_what_is_left" },

  /* Options of sockets, and a system without IPv6. */
  { "connect_host", "what_was_set_before_holds" },
  { "bind", "bind_takes_ipv4_where_there_is_no_ipv6" },

  /* Handles that are sent over pipes. */
  { "stream_value", "what_is_said_behind_a_handle_comes" },
  { "stream_value", "handle_is_not_sent_over_any_stream" },
  { "stream_value", "handle_that_nobody_takes_goes_with_its_pipe" },
  { "stream_value", "owned_stream_is_handed_over" },
  { "stream_value", "several_handles_are_received_one_by_one" },

  /* Buffers that the system has for a handle, and resources that run out. */
  { "read_channel", "nothing_is_read_while_it_is_full" },
  { "hangup", "data_out_of_band_end_it*" },
  { "hangup", "last_reader_of_a_pipe_counts*" },
  { "listen", "backlog_is_what_was_asked_for" },
  { "listen", "server_goes_on_after_a_lack_of_files" },
  { "pump", "pump_waits_for_a_full_stream" },
  { "pump", "slow_receiver_is_not_idle" },

  /* System calls that look for data without libuv, which the simulator does not
     need. */
  { "rest", "looks_in_vain_no_more_often_than_was_stopped" },
  { "rest", "peer_that_never_waits_costs_epoll_nothing" },
  { "rest", "what_is_no_plain_socket_is_for_libuv_to_read" },

  /* Each host name has an address. */
  { "connect", "unknown_host_is_named" },

  /* The simulated network takes time, so that one iteration of the loop is too
     early. */
  { "connect_tcp", "cancelled_connect_connects_all_the_same" },
  { "connect_tcp", "loop_close_leaves_a_connect_to_its_handle" },
  { "write", "write_fails_once_the_peer_has_gone" },

  /* Jobs that wait on a thread of the pool. */
  { "disk/*", "*_cancelled_while_it_runs" },
  { "disk/*", "*_cancelled_in_its_turn" },
  { "disk/*", "*_given_up_while_it_runs" },
  { "disk/*", "running_*" },
  { "disk/*", "cancelled_when_done_*" },
  { "disk/*", "cancelled_without_memory_*" },
  { "disk/*", "read_file_cancelled_in_its_turn_is_dropped" },
  { "disk/*", "open_cancelled_in_its_turn_*" },
  { "disk/*", "loop_close_*" },
  { "disk/*", "closedir_waits_for_a_cancelled_read" },
  { "disk/*", "cancelled_closedir_*" },
  { "disk/*", "close_of_either_file_*" },
  { "disk/*", "close_waits_for_*" },
  { "disk/*", "glob_is_cancelled" },
  { "disk/*", "walk_that_is_closed_stops" },

  /* Limits of a process. */
  { "disk/*", "what_is_there_stays_when_the_disk_is_full" },
  { "disk/*", "copy_tree_copies_below_the_longest_path" },
  { "disk/*", "write_writes_the_rest_*" },
  { "disk/*", "write_rejects_when_the_rest_fails" },
  { "disk/*", "write_of_a_list_goes_on_within_an_item" },
  { "disk/*", "sendfile_s*" },
  { "disk/*", "cancelled_write_stops_after_its_part" },
  { "disk/*", "cancelled_sendfile_stops_after_its_part" },
  { "disk/*", "remove_tree_waits_for_what_is_busy" },
  { "disk/*", "remove_tree_enters_no_link_that_was_a_directory" },
  { "disk/*", "remove_tree_goes_on_where_it_began" },
  { "disk/*", "remove_tree_leaves_*that_takes_its_name" },
  { "disk/*", "remove_tree_leaves_what_takes_its_name" },
  { "disk/*", "remove_tree_gives_up_on_what_stays_busy" },
  { "disk/*", "write_file_does_not_empty_the_file_first" },
  { "disk/*", "*_that_fails_leaves_*" },
  { "disk/*", "walk_goes_deep_with_few_open_directories" },

  /* Other processes. */
  { "disk/*", "*_while_others_exchange" },
  { "disk/*", "entry_beyond_the_last_is_misuse" },
  { "disk/*", "entries_of_what_is_none_are_misuse" },

  /* FIFOs, devices, /proc and other file systems. */
  { "disk/*", "what_is_there_is_replaced_on_another_file_system" },
  { "disk/*", "what_cannot_be_copied_is_named" },
  { "disk/*", "on_entry_may_go_on_after_errors" },
  { "disk/*", "read_file_reads_what_says_it_is_empty" },
  { "disk/*", "read_file_makes_room_for_what_has_no_size" },
  { "disk/*", "read_file_rejects_more_than_the_limit_without_a_size" },
  { "disk/*", "read_file_does_not_believe_a_size_that_is_too_large" },
  { "disk/*", "read_file_survives_failing_to_make_room" },
  { "disk/*", "write_to_a_fifo_*" },
  { "disk/*", "replace_file_makes_no_name_for_what_lost_its_own" },
  { "disk/*", "write_file_writes_to_what_is_no_file" },
  { "disk/*", "replace_file_rejects_what_is_no_file" },
  { "disk/*", "make_dirs_rejects_where_nothing_can_be_made" },
  { "disk/*", "walk_tells_special_files_apart" },

  /* Other users. */
  { "disk/*", "*chown_*" },
  { "disk/*", "replace_file_follows_no_link_that_others_laid" },
  { "disk/*", "replace_file_follows_links_on_the_way" },
  { "disk/*", "replace_file_follows_links_of_its_own_there" },
  { "disk/*", "replace_file_follows_links_of_the_directorys_owner" },
  { "disk/*", "replace_file_follows_links_where_no_bit_protects" },
  { "disk/*", "remove_tree_rejects_naming_what_stays" },

  /* Walks that use open directories instead of paths. */
  { "disk/*", "copy_tree_goes_back_to_no_other_directory" },
  { "disk/*", "a_directory_is_not_copied_into_itself" },
  { "disk/*", "the_root_is_no_place_for_a_copy" },

  /* Another umask. */
  { "disk/*", "make_dirs_makes_all_above" },
  { "disk/*", "*_makes_a_file_with_the_mode" },

  /* The memory of libuv, of which the simulator never runs out. */
  { "disk/*", "*_when_libuv_has_no_memory*" },
  { "disk/*", "every_operation_survives" },

  /* POSIX functions on descriptors of the simulator. */
  { "disk/*", "cancelled_close_*" },
  { "disk/*", "second_close_*" },
  { "disk/*", "close_succeeds" },
  { "disk/*", "close_copies_its_paths" },
  { "disk/*", "close_cancelled_*" },
  { "disk/*", "close_without_memory_of_libuv" },
  { "disk/*", "close_survives_failing_memory_and_closes" },
  { "disk/*", "glob_passes_over_what_is_too_deep" },
  { "disk/*", "remove_tree_removes_a_deep_tree" },
};

enum { LEFT_OUT = sizeof(left_out) / sizeof(left_out[0]) };

typedef struct CMUnitTest unit_t;

int __real__cmocka_run_group_tests(const char *name, const unit_t *tests,
                                   size_t n, CMFixtureFunction setup,
                                   CMFixtureFunction teardown);
int __wrap__cmocka_run_group_tests(const char *name, const unit_t *tests,
                                   size_t n, CMFixtureFunction setup,
                                   CMFixtureFunction teardown);

static const char *suite(void) {
  static char name[256];
  (void) snprintf(name, sizeof(name), SUITE_PREFIX "%s", running_suite);
  return name;
}

/* The variant in which a test runs follows its name. */
static bool is_one(const left_out_t *it, const char *test) {
  char name[256];
  (void) snprintf(name, sizeof(name), "%.*s", (int) strcspn(test, " "), test);
  return fnmatch(it->suite, suite(), 0) == 0 && fnmatch(it->test, name, 0) == 0;
}

static bool is_met[LEFT_OUT];

static bool is_left_out(const char *test) {
  for (size_t i = 0; i < LEFT_OUT; i++)
    if (is_one(&left_out[i], test))
      return is_met[i] = true;
  return false;
}

/* Counts excluded tests that do not exist any more. */
static int left_out_in_vain(void) {
  int n = 0;
  for (size_t i = 0; i < LEFT_OUT; i++) {
    if (strcmp(left_out[i].suite, suite()) != 0 || is_met[i])
      continue;
    printf("left out in vain: %s\n", left_out[i].test);
    n++;
  }
  return n;
}

int __wrap__cmocka_run_group_tests(const char *name, const unit_t *tests,
                                   size_t n, CMFixtureFunction setup,
                                   CMFixtureFunction teardown) {
  unit_t *others = malloc(n * sizeof(*others));
  size_t count = 0;
  for (size_t i = 0; i < n; i++)
    if (!is_left_out(tests[i].name))
      others[count++] = tests[i];
  printf("%zu tests are left out\n", n - count);
  const int failed =
      __real__cmocka_run_group_tests(name, others, count, setup, teardown);
  free(others);
  return failed + left_out_in_vain();
}
