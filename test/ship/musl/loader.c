/* SPDX-License-Identifier: MIT */
/*
 * For ../musl.sh: loads shared libraries, which are copies of avow. All copies
 * work on one loop.
 */
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avow/all.h"

typedef struct {
  void *library;
  int (*init)(uv_loop_t *loop, const avow_options_t *options);
  avow_promise_t *(*sleep)(uv_loop_t *loop, uint64_t ms);
  avow_value_t (*run)(avow_promise_t *p);
  int (*close)(uv_loop_t *loop);
} avow_t;

static void must(bool works, const char *what) {
  if (works)
    return;
  const char *why = dlerror();
  (void) fprintf(stderr, "loader: %s: %s\n", what, why != NULL ? why : "");
  exit(1); /* the rest depends on it */
}

/* Copies the pointer, because C has no cast from data to functions. */
static void find(void *library, const char *name, void *fn) {
  void *at = dlsym(library, name);
  must(at != NULL, name);
  memcpy(fn, &at, sizeof(at));
}

static void load(const char *path, avow_t *out) {
  out->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  must(out->library != NULL, path);
  find(out->library, "avow_loop_init", &out->init);
  find(out->library, "avow_sleep", &out->sleep);
  find(out->library, "avow_run", &out->run);
  find(out->library, "avow_loop_close", &out->close);
}

static void each_serves_the_loop(const avow_t *avows, int n, uv_loop_t *loop) {
  for (int i = 0; i < n; i++)
    must(avows[i].init(loop, &(avow_options_t){ .slow_us = UINT_MAX }) == 0,
         "avow_loop_init");
  for (int i = 0; i < n; i++)
    must(avows[i].run(avows[i].sleep(loop, 0)).tag == AVOW_NONE, "avow_run");
  for (int i = 0; i < n; i++)
    must(avows[i].close(loop) == 0, "avow_loop_close");
}

int main(int argc, char **argv) {
  const int n = argc - 1;
  avow_t *avows = calloc((size_t) n + 1, sizeof(*avows));
  uv_loop_t loop;
  must(n > 0 && avows != NULL && uv_loop_init(&loop) == 0, "loader LIBAVOW...");
  for (int i = 0; i < n; i++)
    load(argv[i + 1], &avows[i]);
  for (int i = 1; i < n; i++)
    must(avows[i].library != avows[0].library, "another copy");
  each_serves_the_loop(avows, n, &loop);
  must(uv_loop_close(&loop) == 0, "uv_loop_close");
  for (int i = 0; i < n; i++)
    must(dlclose(avows[i].library) == 0, "dlclose");
  free(avows);
  (void) printf("ok: %d of them serve one loop\n", n);
  return 0;
}
