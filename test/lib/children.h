/* SPDX-License-Identifier: MIT */
/* Tests that start processes: none leaves a file, a zombie or a process. */
#ifndef CHILDREN_H
#define CHILDREN_H

#include "harness.h"

enum { MUCH = 3 << 20 }; /* more than a pipe takes */

/* Sets a group up: what libuv opens once and for all is open afterwards. */
int children_prepare(void **state);

/* A test with a loop, that leaves nothing behind. */
#define CHILDREN_CASE(f) \
  cmocka_unit_test_setup_teardown(f, children_setup, children_teardown)
int children_setup(void **state);
int children_teardown(void **state);

/* The shell's, with what else there is to say about it. */
#define SHELL(script, ...)                                               \
  avow_command(loop,                                                     \
               &(avow_command_t){                                        \
                   .args = (const char *[]){ "sh", "-c", script, NULL }, \
                   __VA_ARGS__ },                                        \
               avow_none())

avow_promise_t *run_shell(const char *script, avow_value_t input);
avow_promise_t *shell(const char *script);

const avow_output_t *output(const avow_value_t *v);

/* Takes p. */
void assert_gives(avow_promise_t *p, int64_t status, const char *out,
                  const char *err);

/* So many bytes. */
avow_value_t much(void);

/* Processes: args[0] is looked for in $PATH. */
avow_promise_t *start_with(char *args[], unsigned flags);
avow_promise_t *start(char *args[]);
avow_promise_t *start_shell(char *script);
/* Its input and its output are pipes. */
avow_promise_t *start_piped(char *args[]);

/* What was started. Takes p. */
avow_value_t spawned(avow_promise_t *p);

/* Takes p, which waits for a process. */
void assert_ends(avow_promise_t *p, int64_t status, int signal);

bool is_gone(uv_pid_t pid);

#endif
