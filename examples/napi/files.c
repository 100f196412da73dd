/* SPDX-License-Identifier: MIT */
/*
 * An add-on for Node. JavaScript awaits avow's file operations, and C awaits
 * promises of JavaScript. avow_napi handles threads and the end of the
 * environment.
 */
#include <avow.h>
#include <avow/napi.h>
#include <stdio.h>

enum { LIMIT = 16 * 1024 * 1024, PATH_SIZE = 4096 };

static avow_napi_t *arguments(napi_env env, napi_callback_info info,
                              napi_value args[2]) {
  size_t n = 2;
  void *home = NULL;
  (void) napi_get_cb_info(env, info, &n, args, NULL, &home);
  return home;
}

/* read(path): a Buffer. */
static napi_value read_it(napi_env env, napi_callback_info info) {
  napi_value args[2];
  avow_napi_t *home = arguments(env, info, args);
  char path[PATH_SIZE];
  size_t len;
  if (napi_get_value_string_utf8(env, args[0], path, sizeof(path), &len) !=
      napi_ok) {
    (void) napi_throw_type_error(env, NULL, "read(path)");
    return NULL;
  }
  return avow_napi_promise(home, avow_read_file(home->loop, path, LIMIT));
}

/* within(ms, promise): settles as the promise does, or rejects with
   ETIMEDOUT. */
static napi_value within(napi_env env, napi_callback_info info) {
  napi_value args[2];
  avow_napi_t *home = arguments(env, info, args);
  uint32_t ms;
  if (napi_get_value_uint32(env, args[0], &ms) != napi_ok) {
    (void) napi_throw_type_error(env, NULL, "within(ms, promise)");
    return NULL;
  }
  avow_promise_t *p = avow_timeout(avow_napi_from(home, args[1]), ms);
  return avow_napi_promise(home, p);
}

/* echo(value): converts a value to C and back. */
static napi_value echo(napi_env env, napi_callback_info info) {
  napi_value args[2];
  avow_napi_t *home = arguments(env, info, args);
  return avow_napi_promise(home, avow_napi_from(home, args[0]));
}

NAPI_MODULE_INIT() {
  avow_napi_t *home = avow_napi_open(env);
  if (home == NULL)
    return NULL;
  const napi_property_descriptor functions[] = {
    { "read", NULL, read_it, NULL, NULL, NULL, napi_enumerable, home },
    { "within", NULL, within, NULL, NULL, NULL, napi_enumerable, home },
    { "echo", NULL, echo, NULL, NULL, NULL, napi_enumerable, home },
  };
  (void) napi_define_properties(env, exports, 3, functions);
  return exports;
}
