/* SPDX-License-Identifier: MIT */
/* An add-on for Node: readAll(path...) is a promise of an array with a text for
   each outcome. fanout.js uses it. */
#include <avow.h>
#include <avow/napi.h>
#include <stdio.h>

enum { LIMIT = 64 * 1024 * 1024, PATHS = 16, PATH_SIZE = 4096 };

static avow_value_t text_of(avow_outcome_t outcome) {
  char text[PATH_SIZE + 100];
  size_t len = 0;
  if (outcome.status == AVOW_FULFILLED) {
    (void) avow_to_bytes(outcome.value, &len);
    (void) snprintf(text, sizeof(text), "fulfilled  %zu bytes", len);
  } else {
    (void) snprintf(text, sizeof(text), "rejected   %s",
                    avow_error_message(outcome.reason));
  }
  return avow_string(text);
}

static avow_value_t texts_of(const avow_value_t *list, void *data) {
  avow_value_t texts[PATHS];
  const size_t n = avow_list_len(list);
  for (size_t i = 0; i < n; i++)
    texts[i] = text_of(avow_outcome_at(list, i));
  return avow_list(texts, n);
}

static avow_promise_t *read_one(napi_env env, uv_loop_t *loop, napi_value arg) {
  char path[PATH_SIZE];
  size_t len;
  if (napi_get_value_string_utf8(env, arg, path, sizeof(path), &len) != napi_ok)
    return avow_promise_reject(loop, avow_error(UV_EINVAL));
  return avow_timeout(avow_read_file(loop, path, LIMIT), 5000);
}

static napi_value read_all(napi_env env, napi_callback_info info) {
  size_t n = PATHS;
  napi_value args[PATHS];
  avow_promise_t *reads[PATHS];
  void *home = NULL;
  (void) napi_get_cb_info(env, info, &n, args, NULL, &home);
  uv_loop_t *loop = ((avow_napi_t *) home)->loop;
  if (n > PATHS) {
    (void) napi_throw_range_error(env, NULL, "readAll() takes 16 paths");
    return NULL;
  }
  for (size_t i = 0; i < n; i++)
    reads[i] = read_one(env, loop, args[i]);
  avow_promise_t *p = avow_all_settled(loop, reads, n);
  return avow_napi_promise(home, avow_then(p, texts_of, NULL, NULL));
}

NAPI_MODULE_INIT() {
  avow_napi_t *home = avow_napi_open(env);
  napi_value fn = NULL;
  if (home != NULL)
    (void) napi_create_function(env, "readAll", NAPI_AUTO_LENGTH, read_all,
                                home, &fn);
  return fn;
}
