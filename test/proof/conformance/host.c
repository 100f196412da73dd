/* SPDX-License-Identifier: MIT */
#include "host.h"

#include <stdlib.h>

host_t host;

_Noreturn void fail(const char *what) {
  napi_fatal_error("avow", NAPI_AUTO_LENGTH, what, NAPI_AUTO_LENGTH);
}

void must(napi_status status) {
  if (status != napi_ok)
    fail("a call of Node-API failed");
}

void *allocate(size_t size) {
  void *block = calloc(1, size);
  if (block == NULL)
    fail("no memory");
  return block;
}

void host_init(napi_env env) {
  napi_value resource, name;
  host.env = env;
  must(napi_get_uv_event_loop(env, &host.loop));
  must(napi_create_object(env, &resource));
  must(napi_create_string_utf8(env, "avow", NAPI_AUTO_LENGTH, &name));
  must(napi_async_init(env, resource, name, &host.async));
  host.resource = keep(resource);
}

napi_ref keep(napi_value v) {
  napi_ref ref;
  must(napi_create_reference(host.env, v, 1, &ref));
  return ref;
}

napi_value kept(napi_ref ref) {
  napi_value v;
  must(napi_get_reference_value(host.env, ref, &v));
  return v;
}

void release_ref(napi_ref ref) {
  if (ref != NULL)
    must(napi_delete_reference(host.env, ref));
}

napi_value undefined(void) {
  napi_value v;
  must(napi_get_undefined(host.env, &v));
  return v;
}

static bool has_type(napi_value v, napi_valuetype type) {
  napi_valuetype found;
  must(napi_typeof(host.env, v, &found));
  return found == type;
}

bool is_function(napi_value v) {
  return has_type(v, napi_function);
}

bool is_object(napi_value v) {
  return has_type(v, napi_object);
}

napi_value array_new(void) {
  napi_value array;
  must(napi_create_array(host.env, &array));
  return array;
}

void append(napi_value array, napi_value v) {
  uint32_t len;
  must(napi_get_array_length(host.env, array, &len));
  must(napi_set_element(host.env, array, len, v));
}

napi_value element(napi_value array, uint32_t i) {
  napi_value v;
  must(napi_get_element(host.env, array, i, &v));
  return v;
}

void *external(napi_value v) {
  void *data;
  must(napi_get_value_external(host.env, v, &data));
  return data;
}

args_t args_of(napi_callback_info info) {
  args_t args;
  size_t n = MAX_ARGS;
  must(napi_get_cb_info(host.env, info, &n, args.at, NULL, NULL));
  return args;
}

bool call(napi_value fn, napi_value arg, napi_value *out) {
  const napi_status status =
      napi_call_function(host.env, undefined(), fn, 1, &arg, out);
  if (status != napi_pending_exception) {
    must(status);
    return true;
  }
  must(napi_get_and_clear_last_exception(host.env, out));
  return false;
}

scope_t scope_open(void) {
  scope_t scope;
  must(napi_open_handle_scope(host.env, &scope.handles));
  must(napi_open_callback_scope(host.env, kept(host.resource), host.async,
                                &scope.turn));
  return scope;
}

void scope_close(scope_t scope) {
  must(napi_close_callback_scope(host.env, scope.turn));
  must(napi_close_handle_scope(host.env, scope.handles));
}
