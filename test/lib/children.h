/* SPDX-License-Identifier: MIT */
/* Fixture for tests that start processes. No test leaves a file, a zombie or a
   process. */
#ifndef CHILDREN_H
#define CHILDREN_H

#include "harness.h"

enum { MUCH = 3 << 20 }; /* more bytes than a pipe buffers */

/* Setup of a group. Descriptors that libuv opens once are open afterwards. */
int children_prepare(void **state);

/* A test with a loop. The test fails if it leaves anything behind. */
#define CHILDREN_CASE(f) \
  cmocka_unit_test_setup_teardown(f, children_setup, children_teardown)
int children_setup(void **state);
int children_teardown(void **state);

/* Runs a script with the shell. Further arguments set fields of the command. */
#define SHELL(script, ...)                                               \
  avow_command(loop,                                                     \
               &(avow_command_t){                                        \
                   .args = (const char *[]){ "sh", "-c", script, NULL }, \
                   __VA_ARGS__ },                                        \
               avow_none())

avow_promise_t *run_shell(const char *script, avow_value_t input);
avow_promise_t *shell(const char *script);

const avow_output_t *output(const avow_value_t *v);

/* Takes ownership of `p`. */
void assert_gives(avow_promise_t *p, int64_t status, const char *out,
                  const char *err);

/* Returns MUCH bytes. */
avow_value_t much(void);

/* Starts a process. args[0] is searched for in $PATH. */
avow_promise_t *start_with(char *args[], unsigned flags);
avow_promise_t *start(char *args[]);
avow_promise_t *start_shell(char *script);
/* The input and the output of the process are pipes. */
avow_promise_t *start_piped(char *args[]);

/* Returns the process. Takes ownership of `p`. */
avow_value_t spawned(avow_promise_t *p);

/* Takes ownership of `p`, which waits for a process. */
void assert_ends(avow_promise_t *p, int64_t status, int signal);

bool is_gone(uv_pid_t pid);

#endif
