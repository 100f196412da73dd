/* SPDX-License-Identifier: MIT */
/*
 * An add-on with mistakes of C programmers, each beside the most similar right
 * function. mistakes.js calls one function in each process.
 */
#include <avow.h>
#include <avow/napi.h>

static avow_napi_t *home_of(napi_env env, napi_callback_info info) {
  void *home = NULL;
  size_t n = 0;
  (void) napi_get_cb_info(env, info, &n, NULL, NULL, &home);
  return home;
}

static napi_value leak_a_value(napi_env env, napi_callback_info info) {
  (void) home_of(env, info);
  (void) avow_string("text").tag; /* the value is lost */
  return NULL;
}

static napi_value release_a_value(napi_env env, napi_callback_info info) {
  (void) home_of(env, info);
  avow_value_unref(avow_string("text"));
  return NULL;
}

static napi_value leak_a_promise(napi_env env, napi_callback_info info) {
  const avow_napi_t *home = home_of(env, info);
  avow_promise_t *lost = avow_sleep(home->loop, 0);
  (void) lost;
  return NULL;
}

static napi_value release_a_promise(napi_env env, napi_callback_info info) {
  const avow_napi_t *home = home_of(env, info);
  avow_unref(avow_sleep(home->loop, 0));
  return NULL;
}

/* The second call gives JavaScript a promise that the first one owns. */
static napi_value give_twice(napi_env env, napi_callback_info info) {
  avow_napi_t *home = home_of(env, info);
  avow_promise_t *p = avow_sleep(home->loop, 0);
  (void) avow_napi_promise(home, p);
  return avow_napi_promise(home, p);
}

static napi_value give_references(napi_env env, napi_callback_info info) {
  avow_napi_t *home = home_of(env, info);
  avow_promise_t *p = avow_sleep(home->loop, 0);
  (void) avow_napi_promise(home, avow_ref(p));
  return avow_napi_promise(home, p);
}

static napi_value give_a_freed_promise(napi_env env, napi_callback_info info) {
  avow_napi_t *home = home_of(env, info);
  avow_promise_t *p = avow_promise_resolve(home->loop, avow_int(1));
  avow_unref(p);
  return avow_napi_promise(home, p);
}

static napi_value give_a_freed_value(napi_env env, napi_callback_info info) {
  const avow_value_t v = avow_string("text");
  (void) home_of(env, info);
  avow_value_unref(v);
  return avow_napi_value(env, &v);
}

static napi_value give_a_value(napi_env env, napi_callback_info info) {
  const avow_value_t v = avow_string("text");
  (void) home_of(env, info);
  const napi_value made = avow_napi_value(env, &v);
  avow_value_unref(v);
  return made;
}

static avow_value_t read_cb(const avow_value_t *arg, void *data) {
  (void) arg;
  return avow_int(*(int *) data);
}

static avow_promise_t *read_later(const avow_napi_t *home, int *number) {
  return avow_then(avow_sleep(home->loop, 0), read_cb, NULL, number);
}

static avow_value_t local_cb(const avow_value_t *arg, void *home) {
  int local = 42;
  (void) arg;
  return avow_follow(read_later(home, &local));
}

static avow_value_t static_cb(const avow_value_t *arg, void *home) {
  static int kept = 42;
  (void) arg;
  return avow_follow(read_later(home, &kept));
}

static napi_value pass_a_local(napi_env env, napi_callback_info info) {
  avow_napi_t *home = home_of(env, info);
  avow_promise_t *p = avow_sleep(home->loop, 0);
  return avow_napi_promise(home, avow_then(p, local_cb, NULL, home));
}

static napi_value pass_a_static(napi_env env, napi_callback_info info) {
  avow_napi_t *home = home_of(env, info);
  avow_promise_t *p = avow_sleep(home->loop, 0);
  return avow_napi_promise(home, avow_then(p, static_cb, NULL, home));
}

typedef struct {
  avow_napi_t *home;
  avow_promise_t *p;
  avow_remote_t *remote;
} there_t;

static void give_there(void *data) {
  const there_t *there = data;
  (void) avow_napi_promise(there->home, there->p);
}

static void convert_there(void *data) {
  const there_t *there = data;
  (void) avow_napi_from(there->home, NULL);
}

static void settle_there(void *data) {
  const there_t *there = data;
  (void) avow_remote_resolve(there->remote, avow_int(1));
}

static napi_value run_there(avow_napi_t *home, void (*fn)(void *data)) {
  uv_thread_t thread;
  there_t there = { .home = home };
  there.p = avow_remote_new(home->loop, &there.remote);
  if (uv_thread_create(&thread, fn, &there) == 0)
    (void) uv_thread_join(&thread);
  return avow_napi_promise(home, there.p);
}

static napi_value give_elsewhere(napi_env env, napi_callback_info info) {
  return run_there(home_of(env, info), give_there);
}

static napi_value convert_elsewhere(napi_env env, napi_callback_info info) {
  return run_there(home_of(env, info), convert_there);
}

static napi_value settle_elsewhere(napi_env env, napi_callback_info info) {
  return run_there(home_of(env, info), settle_there);
}

/* Exported, so that messages name it. */
avow_value_t block_cb(const avow_value_t *arg, void *data);

avow_value_t block_cb(const avow_value_t *arg, void *data) {
  (void) arg;
  (void) data;
  uv_sleep(100); /* twice the limit */
  return avow_none();
}

static avow_value_t block_fn(void *data) {
  return block_cb(NULL, data);
}

static napi_value block(napi_env env, napi_callback_info info) {
  avow_napi_t *home = home_of(env, info);
  avow_promise_t *p = avow_sleep(home->loop, 0);
  return avow_napi_promise(home, avow_then(p, block_cb, NULL, NULL));
}

static napi_value block_a_thread(napi_env env, napi_callback_info info) {
  avow_napi_t *home = home_of(env, info);
  return avow_napi_promise(home, avow_work(home->loop, block_fn, NULL, NULL));
}

static napi_value run_inside(napi_env env, napi_callback_info info) {
  const avow_napi_t *home = home_of(env, info);
  avow_ignore(avow_run(avow_sleep(home->loop, 0)));
  return NULL;
}

static napi_value sleep_soon(napi_env env, napi_callback_info info) {
  avow_napi_t *home = home_of(env, info);
  return avow_napi_promise(home, avow_sleep(home->loop, 0));
}

NAPI_MODULE_INIT() {
  avow_napi_t *home = avow_napi_open(env);
  if (home == NULL)
    return NULL;
#define FUNCTION(f) \
  { #f, NULL, f, NULL, NULL, NULL, napi_enumerable, home }
  const napi_property_descriptor functions[] = {
    FUNCTION(leak_a_value),
    FUNCTION(release_a_value),
    FUNCTION(leak_a_promise),
    FUNCTION(release_a_promise),
    FUNCTION(give_twice),
    FUNCTION(give_references),
    FUNCTION(give_a_freed_promise),
    FUNCTION(give_a_freed_value),
    FUNCTION(give_a_value),
    FUNCTION(pass_a_local),
    FUNCTION(pass_a_static),
    FUNCTION(give_elsewhere),
    FUNCTION(convert_elsewhere),
    FUNCTION(settle_elsewhere),
    FUNCTION(block),
    FUNCTION(block_a_thread),
    FUNCTION(run_inside),
    FUNCTION(sleep_soon),
  };
  (void) napi_define_properties(env, exports,
                                sizeof(functions) / sizeof(functions[0]),
                                functions);
  return exports;
}
