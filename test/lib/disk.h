/* SPDX-License-Identifier: MIT */
/* What the tests of files share: a directory of the test's own, and looks at
   what is left behind. */
#ifndef DISK_H
#define DISK_H

#include "harness.h"
#include "thread_pool.h"

/* A test with a loop and a directory, which is removed with what it holds. */
#define DISK_CASE(f) \
  cmocka_unit_test_setup_teardown(f, disk_setup, disk_teardown)
int disk_setup(void **state);
int disk_teardown(void **state);

/* To be called before all tests. */
void disk_init(void);

/* The path of that name in the directory; "" is the directory. Valid for the
   next few calls. */
const char *at(const char *name);

/* Things in the directory. */
void make_file(const char *name, const char *text);
void make_dir(const char *name);
void make_link(const char *name, const char *target);
void make_chain(const char *name, int levels); /* name/d/d/d... */
/* ABYSS levels by long names: deeper than a path may be long. */
enum { ABYSS = 200 };
void make_abyss(const char *name);
void assert_file(const char *name, const char *text);
void assert_missing(const char *name);
bool is_there(const char *name);
unsigned mode_of(const char *name);
int entries_of(const char *name); /* of a directory */

int open_files(void);

/* All take p. */
void assert_cancels(avow_promise_t *p); /* one with more than one step */
/* Closes avow, and starts it again for the fixture. */
void assert_loop_close_cancels(avow_promise_t *p);

/* Starts it with each allocation failing, once and from then on: it succeeds or
   says UV_ENOMEM, then calls again, unless that is NULL. */
void survive_failing_memory(start_fn start, void (*again)(void));

#endif
