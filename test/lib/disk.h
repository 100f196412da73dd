/* SPDX-License-Identifier: MIT */
/* Fixture for tests of files: a directory for each test, and checks for what a
   test leaves behind. */
#ifndef DISK_H
#define DISK_H

#include "harness.h"
#include "thread_pool.h"

/* A test with a loop and a directory. The teardown removes the directory and
   its contents. */
#define DISK_CASE(f) \
  cmocka_unit_test_setup_teardown(f, disk_setup, disk_teardown)
int disk_setup(void **state);
int disk_teardown(void **state);

/* Must be called before all tests. */
void disk_init(void);

/* Returns the path of `name` in the directory; "" names the directory. Valid
   for the next few calls. */
const char *at(const char *name);

/* Create entries in the directory. */
void make_file(const char *name, const char *text);
void make_dir(const char *name);
void make_link(const char *name, const char *target);
void make_chain(const char *name, int levels); /* creates name/d/d/d... */
/* ABYSS levels with long names exceed the maximum length of a path. */
enum { ABYSS = 200 };
void make_abyss(const char *name);
void assert_file(const char *name, const char *text);
void assert_missing(const char *name);
bool is_there(const char *name);
unsigned mode_of(const char *name);
int entries_of(const char *name); /* counts a directory's entries */

int open_files(void);

/* Each takes ownership of `p`. */
void assert_cancels(avow_promise_t *p); /* `p` has more than one step */
/* Closes avow, then initializes it again for the fixture. */
void assert_loop_close_cancels(avow_promise_t *p);

/* Calls `start` with each allocation failing, once and from then on. The
   promise fulfills or rejects with UV_ENOMEM. Then calls `again` unless it is
   NULL. */
void survive_failing_memory(start_fn start, void (*again)(void));

#endif
