/* SPDX-License-Identifier: MIT */
/*
 * What a language that loads C has of avow: a file after a pause, told to a
 * function of that language. Values go by the plain types that each knows.
 */
#include <avow.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

enum { LIMIT = 1024 * 1024 };

/* Is called once, from a handler: code 0 and the text, or why there is none. */
typedef void (*told_fn)(int id, int code, const char *text);

typedef struct {
  uv_loop_t *loop;
  told_fn told;
  int id;
  unsigned pause;
  char path[];
} wish_t;

/* On a stack of its own, where the language must not be called. */
static avow_value_t read_later(void *data) {
  const wish_t *wish = data;
  avow_value_t v = avow_await(avow_sleep(wish->loop, wish->pause));
  if (avow_is_error(&v))
    return v;
  return avow_await(avow_read_file(wish->loop, wish->path, LIMIT));
}

/* On the loop's stack, where it may be. */
static avow_value_t tell(const avow_value_t *v, void *data) {
  const wish_t *wish = data;
  const bool failed = avow_is_error(v);
  wish->told(wish->id, avow_error_code(v),
             failed ? avow_error_message(v) : avow_to_bytes(v, NULL));
  return avow_none();
}

EXPORT int later_open(uv_loop_t *loop) {
  return avow_loop_init(loop, NULL);
}

EXPORT int later_read(uv_loop_t *loop, unsigned pause, const char *path, int id,
                      told_fn told) {
  const size_t size = strlen(path) + 1;
  wish_t *wish = malloc(sizeof(*wish) + size);
  if (wish == NULL)
    return UV_ENOMEM; /* told() must not be called in here */
  *wish = (wish_t){ .loop = loop, .told = told, .id = id, .pause = pause };
  memcpy(wish->path, path, size);
  avow_promise_t *p = avow_async(loop, read_later, wish);
  avow_unref(avow_attach(avow_then(p, tell, tell, wish), wish, free));
  return 0;
}

/* Whoever waits is told UV_ECANCELED. */
EXPORT int later_close(uv_loop_t *loop) {
  return avow_loop_close(loop);
}
