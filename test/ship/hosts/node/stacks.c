/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a call of JavaScript from the stack of an async function:
 * tryThere(call) is true if call() was called, or why it was not.
 */
#include <avow.h>
#include <node_api.h>

static napi_env home;
static napi_value call;

static avow_value_t call_there(void *data) {
  napi_value recv;
  napi_status *status = data;
  *status = napi_get_undefined(home, &recv);
  if (*status == napi_ok)
    *status = napi_call_function(home, recv, call, 0, NULL, NULL);
  return avow_none();
}

/* On the stack of an async function, which begins at once. */
static napi_value try_there(napi_env env, napi_callback_info info) {
  size_t n = 1;
  napi_value result = NULL;
  uv_loop_t *loop;
  napi_status status = napi_get_cb_info(env, info, &n, &call, NULL, NULL);
  if (status != napi_ok || napi_get_uv_event_loop(env, &loop) != napi_ok ||
      avow_loop_init(loop, NULL) != 0)
    return NULL;
  home = env;
  avow_unref(avow_async(loop, call_there, &status));
  (void) avow_loop_close(loop);
  if (status == napi_pending_exception)
    (void) napi_get_and_clear_last_exception(env, &result);
  else
    (void) napi_get_boolean(env, status == napi_ok, &result);
  return result;
}

NAPI_MODULE_INIT() {
  napi_value fn;
  if (napi_create_function(env, "tryThere", NAPI_AUTO_LENGTH, try_there, NULL,
                           &fn) == napi_ok)
    (void) napi_set_named_property(env, exports, "tryThere", fn);
  return exports;
}
