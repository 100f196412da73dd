/* SPDX-License-Identifier: MIT */
/*
 * Reads files after a pause, on the loop of a Node environment, by
 * read(pause, path). The main thread and each worker have an environment with a
 * loop.
 */
#include <avow.h>
#include <limits.h>
#include <node_api.h>
#include <stdlib.h>

enum { LIMIT = 1024 * 1024 };

typedef struct {
  napi_env env; /* NULL when the environment ends */
  uv_loop_t *loop;
  napi_async_context context;
} home_t;

typedef struct {
  const home_t *home;
  napi_deferred deferred;
  uint32_t pause;
  char path[];
} wish_t;

/* Runs on a stack of its own, where it must not call JavaScript. */
static avow_value_t read_later(void *data) {
  const wish_t *wish = data;
  uv_loop_t *loop = wish->home->loop;
  avow_value_t v = avow_await(avow_sleep(loop, wish->pause));
  if (avow_is_error(&v))
    return v;
  return avow_await(avow_read_file(loop, wish->path, LIMIT));
}

static napi_status reject(napi_env env, const wish_t *wish,
                          const avow_value_t *v) {
  napi_value code, message, error;
  napi_status status =
      napi_create_string_utf8(env, avow_err_name(avow_error_code(v)),
                              NAPI_AUTO_LENGTH, &code);
  if (status == napi_ok)
    status = napi_create_string_utf8(env, avow_error_message(v),
                                     NAPI_AUTO_LENGTH, &message);
  if (status == napi_ok)
    status = napi_create_error(env, code, message, &error);
  if (status == napi_ok)
    status = napi_reject_deferred(env, wish->deferred, error);
  return status;
}

static napi_status fulfill(napi_env env, const wish_t *wish,
                           const avow_value_t *v) {
  size_t len;
  napi_value text;
  const char *bytes = avow_to_bytes(v, &len);
  napi_status status = napi_create_string_utf8(env, bytes, len, &text);
  if (status == napi_ok)
    status = napi_resolve_deferred(env, wish->deferred, text);
  return status;
}

/* Runs on the stack of the loop. The reactions of the promise run when the
   callback scope closes. An environment that ends may refuse these calls, and
   then the promise stays pending. */
static avow_value_t settle(const avow_value_t *v, void *data) {
  const wish_t *wish = data;
  napi_env env = wish->home->env;
  napi_handle_scope handles;
  napi_callback_scope callback;
  if (env == NULL || napi_open_handle_scope(env, &handles) != napi_ok)
    return avow_none();
  if (napi_open_callback_scope(env, NULL, wish->home->context, &callback) ==
      napi_ok) {
    (void) (avow_is_error(v) ? reject(env, wish, v) : fulfill(env, wish, v));
    (void) napi_close_callback_scope(env, callback);
  }
  (void) napi_close_handle_scope(env, handles);
  return avow_none();
}

static wish_t *wish_for(napi_env env, napi_value pause, napi_value path) {
  uint32_t ms;
  size_t len;
  if (napi_get_value_uint32(env, pause, &ms) != napi_ok ||
      napi_get_value_string_utf8(env, path, NULL, 0, &len) != napi_ok) {
    (void) napi_throw_type_error(env, NULL, "read(pause, path)");
    return NULL;
  }
  wish_t *wish = malloc(sizeof(*wish) + len + 1);
  if (wish == NULL) {
    (void) napi_throw_error(env, "ENOMEM", "not enough memory");
    return NULL;
  }
  wish->pause = ms;
  (void) napi_get_value_string_utf8(env, path, wish->path, len + 1, NULL);
  return wish;
}

static napi_value later_read(napi_env env, napi_callback_info info) {
  napi_value args[2], promise;
  size_t n = 2;
  void *home;
  if (napi_get_cb_info(env, info, &n, args, NULL, &home) != napi_ok)
    return NULL;
  wish_t *wish = wish_for(env, args[0], args[1]);
  if (wish == NULL)
    return NULL;
  wish->home = home;
  if (napi_create_promise(env, &wish->deferred, &promise) != napi_ok) {
    free(wish);
    return NULL;
  }
  avow_promise_t *p = avow_async(wish->home->loop, read_later, wish);
  avow_unref(avow_attach(avow_then(p, settle, settle, wish), wish, free));
  return promise;
}

/* Called when the environment ends: a worker ends in any way, or the main
   thread has nothing left to do. This function must not call JavaScript. */
static void leave(void *data) {
  home_t *home = data;
  (void) napi_async_destroy(home->env, home->context);
  home->env = NULL;
  if (avow_loop_close(home->loop) != 0)
    abort(); /* Node would not end the loop either */
  free(home);
}

static napi_status begin(napi_env env, home_t *home) {
  napi_value name;
  napi_status status = napi_get_uv_event_loop(env, &home->loop);
  if (status == napi_ok)
    status = napi_create_string_utf8(env, "later", NAPI_AUTO_LENGTH, &name);
  if (status == napi_ok)
    status = napi_async_init(env, NULL, name, &home->context);
  if (status == napi_ok &&
      avow_loop_init(home->loop, &(avow_options_t){ .slow_us = UINT_MAX }) != 0)
    status = napi_generic_failure;
  if (status == napi_ok)
    status = napi_add_env_cleanup_hook(env, leave, home);
  return status;
}

NAPI_MODULE_INIT() {
  napi_value read;
  home_t *home = calloc(1, sizeof(*home));
  if (home == NULL)
    return NULL;
  home->env = env;
  if (begin(env, home) != napi_ok) {
    free(home);
    (void) napi_throw_error(env, NULL, "later cannot begin");
    return NULL;
  }
  if (napi_create_function(env, "read", NAPI_AUTO_LENGTH, later_read, home,
                           &read) == napi_ok)
    (void) napi_set_named_property(env, exports, "read", read);
  return exports;
}
