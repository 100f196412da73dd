/* SPDX-License-Identifier: MIT */
/*
 * The part of avow that other languages load: it reads a file after a pause and
 * calls a function of the language. Parameters have plain C types.
 */
#include <avow.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

enum { LIMIT = 1024 * 1024 };

/* Called once, in a handler, with code 0 and the text, or with an error. */
typedef void (*told_fn)(int id, int code, const char *text);

typedef struct {
  uv_loop_t *loop;
  told_fn told;
  int id;
  unsigned pause;
  char path[];
} wish_t;

/* Runs on a stack of its own, where it must not call the language. */
static avow_value_t read_later(void *data) {
  const wish_t *wish = data;
  avow_value_t v = avow_await(avow_sleep(wish->loop, wish->pause));
  if (avow_is_error(&v))
    return v;
  return avow_await(avow_read_file(wish->loop, wish->path, LIMIT));
}

/* Runs on the stack of the loop, where it may call the language. */
static avow_value_t tell(const avow_value_t *v, void *data) {
  const wish_t *wish = data;
  const bool failed = avow_is_error(v);
  wish->told(wish->id, avow_error_code(v),
             failed ? avow_error_message(v) : avow_to_bytes(v, NULL));
  return avow_none();
}

EXPORT int later_open(uv_loop_t *loop) {
  return avow_loop_init(loop, &(avow_options_t){ .slow_us = UINT_MAX });
}

EXPORT int later_read(uv_loop_t *loop, unsigned pause, const char *path, int id,
                      told_fn told) {
  const size_t size = strlen(path) + 1;
  wish_t *wish = malloc(sizeof(*wish) + size);
  if (wish == NULL)
    return UV_ENOMEM; /* told() is not called */
  *wish = (wish_t){ .loop = loop, .told = told, .id = id, .pause = pause };
  memcpy(wish->path, path, size);
  avow_promise_t *p = avow_async(loop, read_later, wish);
  avow_unref(avow_attach(avow_then(p, tell, tell, wish), wish, free));
  return 0;
}

/* Calls waiting functions with UV_ECANCELED. */
EXPORT int later_close(uv_loop_t *loop) {
  return avow_loop_close(loop);
}
