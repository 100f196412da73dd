/* SPDX-License-Identifier: MIT */
/*
 * A program with async functions for sanitizers and valgrind. It has no defect,
 * or the defect that its argument names.
 */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avow.h"

enum { CROWD = 1000 };

static uv_loop_t *loop;
static int shared;
static volatile size_t index_of = 20;

static void pause_here(void) {
  avow_ignore(avow_await(avow_sleep(loop, 1))); /* gives NONE */
}

static avow_value_t member(void *data) {
  char text[4000];
  memset(text, 'x', sizeof(text));
  for (int i = 0; i < 3; i++)
    pause_here();
  return avow_bytes(text, 10);
}

static avow_value_t square(void *n) {
  return avow_int(*(int *) n * *(int *) n);
}

static avow_value_t clean(void *data) {
  static avow_promise_t *crowd[CROWD];
  for (int i = 0; i < CROWD; i++)
    crowd[i] = avow_async(loop, member, NULL);
  avow_ignore(avow_await(avow_all(loop, crowd, CROWD))); /* gives a LIST */
  avow_promise_t *late = avow_timeout(avow_async(loop, member, NULL), 1);
  avow_ignore(avow_await(late)); /* it may be canceled */
  int n = 7;
  return avow_await(avow_work(loop, square, &n, NULL));
}

static avow_value_t freed(void *data) {
  char *block = calloc(1, 10);
  volatile char *text = block;
  free(block);
  pause_here();
  return avow_int(text[0]);
}

static avow_value_t beyond(void *data) {
  volatile char text[20] = { 0 };
  pause_here();
  text[index_of] = 1;
  return avow_int(text[0]);
}

static avow_value_t unset(void *data) {
  volatile int numbers[4];
  pause_here();
  if (numbers[index_of & 3] != 0)
    (void) puts("set");
  return avow_none();
}

static avow_value_t leak(void *data) {
  static void *volatile only;
  only = malloc(100);
  pause_here();
  const bool made = only != NULL;
  only = NULL;
  return avow_int(made);
}

static avow_value_t add(void *data) {
  shared++;
  return avow_none();
}

static avow_value_t race(void *data) {
  avow_promise_t *p = avow_work(loop, add, NULL, NULL);
  uv_sleep(20);
  shared++;
  return avow_await(p);
}

static const struct {
  const char *name;
  avow_value_t (*fn)(void *data);
} kinds[] = { { "clean", clean }, { "freed", freed }, { "beyond", beyond },
              { "unset", unset }, { "leak", leak },   { "race", race } };

static int run(avow_value_t (*fn)(void *data)) {
  uv_loop_t here;
  loop = &here;
  if (uv_loop_init(loop) != 0 ||
      avow_loop_init(loop, &(avow_options_t){ .slow_us = UINT_MAX }) != 0)
    return 1;
  avow_value_unref(avow_run(avow_async(loop, fn, NULL)));
  return avow_loop_close(loop) != 0 || uv_loop_close(loop) != 0;
}

int main(int argc, char **argv) {
  for (size_t i = 0; argc == 2 && i < sizeof(kinds) / sizeof(*kinds); i++)
    if (strcmp(argv[1], kinds[i].name) == 0)
      return run(kinds[i].fn);
  (void) fprintf(stderr,
                 "usage: sanitized clean|freed|beyond|unset|leak|race\n");
  return 2;
}
