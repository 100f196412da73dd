/* SPDX-License-Identifier: MIT */
/*
 * A host in C that loads a plug-in in C++, as plug_host PLUG-IN. The host
 * provides avow. The plug-in brings its own C++ runtime, which no other object
 * sees.
 */
#define _XOPEN_SOURCE 700 /* fork() */

#include <dlfcn.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "avow/all.h"
#include "fiber/sanitizers.h"

#if AVOW__ASAN || AVOW__TSAN

int main(void) {
  puts("skipped: sanitizers need a host that is linked with the C++ runtime");
  return 77;
}

#else

static void *plug;
static uv_loop_t loop;
static int failed;

/* Returns a function of the plug-in, which the caller casts to its type. */
static void (*find(const char *name))(void) {
  void (*fn)(void) = NULL;
  void *at = dlsym(plug, name);
  if (at == NULL) {
    (void) fprintf(stderr, "%s\n", dlerror()); /* exit() follows */
    exit(1);
  }
  memcpy(&fn, &at, sizeof(fn)); /* C has no such cast */
  return fn;
}

static void report(const char *name, int wrong) {
  printf("%s %s\n", wrong == 0 ? "ok  " : "FAIL", name);
  failed += wrong != 0;
}

static void check(const char *name) {
  int (*const fn)(void) = (int (*)(void)) find(name);
  report(name, fn());
}

/* Functions in C call C++ code, which awaits inside a catch block. */
static void functions_of_c_have_their_own_exceptions(void) {
  int delays[] = { 5, 10 }, wrong = 0;
  const avow_fn fn = (avow_fn) find("plug_rethrow");
  avow_promise_t *both[2];
  for (int i = 0; i < 2; i++)
    both[i] = avow_async(&loop, fn, &delays[i]);
  const avow_value_t v = avow_run(avow_all(&loop, both, 2));
  for (size_t i = 0; i < 2; i++)
    wrong += avow_list_len(&v) != 2 || avow_to_int(avow_list_at(&v, i)) != 0;
  avow_value_unref(v);
  report("functions_of_c_have_their_own_exceptions", wrong);
}

static void throw_in_a_function_of_c(void) {
  avow_fn fn = (avow_fn) find("plug_throw");
  avow_value_unref(avow_run(avow_async(&loop, fn, NULL)));
}

/* Functions of the plug-in that end the process. */
static const char *const throwers[] = {
  "throw_in_a_handler",  "throw_in_a_try",     "throw_in_a_step",
  "throw_in_a_canceler", "throw_in_a_destroy",
};

static const char *thrower;

static void throw_there(void) {
  find(thrower)();
}

/* Checks that `fn` aborts in its own process, with `text` in its output. */
static void ends_with(void (*fn)(void), const char *name, const char *text) {
  int fds[2], status;
  char said[4096] = "";
  if (pipe(fds) != 0)
    exit(1);
  const pid_t child = fork();
  if (child == 0) {
    (void) dup2(fds[1], STDERR_FILENO);
    fn();
    _exit(0);
  }
  (void) close(fds[1]);
  for (size_t len = 0; len < sizeof(said) - 1;) {
    const ssize_t n = read(fds[0], said + len, sizeof(said) - 1 - len);
    if (n <= 0)
      break;
    len += (size_t) n;
  }
  (void) close(fds[0]);
  const bool ended = waitpid(child, &status, 0) == child &&
                     WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
  report(name, ended && strstr(said, text) != NULL ? 0 : 1);
}

int main(int argc, char **argv) {
  plug = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
  if (plug == NULL || uv_loop_init(&loop) != 0 ||
      avow_loop_init(&loop, &(avow_options_t){ .slow_us = UINT_MAX }) != 0) {
    (void) fprintf(stderr, "plug_host PLUG-IN: %s\n", dlerror());
    return 1;
  }
  ((void (*)(uv_loop_t *)) find("plug_in"))(&loop);
  check("functions_have_their_own_exceptions");
  check("a_caller_keeps_its_exceptions");
  check("functions_that_throw_reject");
  functions_of_c_have_their_own_exceptions();
  for (size_t i = 0; i < sizeof(throwers) / sizeof(throwers[0]); i++) {
    thrower = throwers[i];
    ends_with(throw_there, thrower, "avow: an exception left a handler");
  }
  ends_with(throw_in_a_function_of_c, "throwing_c_function_ends_the_process",
            "out of a function of C");
  report("the loop closes", avow_loop_close(&loop));
  report("libuv's, too", uv_loop_close(&loop));
  return failed;
}

#endif
