/* SPDX-License-Identifier: MIT */
/*
 * Calls JavaScript on the stack of an async function. tryThere(call) returns
 * true if call() ran, or the exception.
 */
#include <avow.h>
#include <limits.h>
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

/* avow_async() runs the function within the call, so `status` stays valid. */
static napi_value try_there(napi_env env, napi_callback_info info) {
  size_t n = 1;
  napi_value result = NULL;
  uv_loop_t *loop;
  napi_status status = napi_get_cb_info(env, info, &n, &call, NULL, NULL);
  if (status != napi_ok || napi_get_uv_event_loop(env, &loop) != napi_ok ||
      avow_loop_init(loop, &(avow_options_t){ .slow_us = UINT_MAX }) != 0)
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
