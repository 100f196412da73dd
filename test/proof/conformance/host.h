/* SPDX-License-Identifier: MIT */
/*
 * The JavaScript engine that hosts avow, and helpers for Node-API. A failed
 * call is a mistake of these files and ends the process. Only the environment
 * of the main thread is served.
 */
#ifndef HOST_H
#define HOST_H

#include <avow/all.h>
#include <node_api.h>

enum { MAX_ARGS = 4 };

typedef struct {
  napi_value at[MAX_ARGS]; /* undefined if missing */
} args_t;

/* The scopes that a job requires: one for handles, and a callback scope of
   Node. Node drains its own queues at the end of the latter. */
typedef struct {
  napi_handle_scope handles;
  napi_callback_scope turn;
} scope_t;

typedef struct {
  napi_env env;
  uv_loop_t *loop;
  bool closed; /* JavaScript can no longer run */
  napi_async_context async;
  napi_ref resource;
} host_t;

extern host_t host;

void host_init(napi_env env);

_Noreturn void fail(const char *what);
void must(napi_status status);
void *allocate(size_t size);

/* Strong references. */
napi_ref keep(napi_value v);
napi_value kept(napi_ref ref);
void release_ref(napi_ref ref); /* accepts NULL */

napi_value undefined(void);
bool is_function(napi_value v);
bool is_object(napi_value v);
napi_value array_new(void);
void append(napi_value array, napi_value v);
napi_value element(napi_value array, uint32_t i);
void *external(napi_value v);
args_t args_of(napi_callback_info info);

/* Returns false if `fn` threw; then *out is the exception. */
bool call(napi_value fn, napi_value arg, napi_value *out);

scope_t scope_open(void);
void scope_close(scope_t scope);

#endif
