/* SPDX-License-Identifier: MIT */
/*
 * The code that docs/adapters.md quotes word for word (a test compares them),
 * and a test that it works.
 */
#include "harness.h"

typedef struct {
  uv_random_t req;
  avow_deferred_t *deferred;
  unsigned char bytes[16];
} token_t;

static void on_random(uv_random_t *req, int err, void *buf, size_t len) {
  token_t *t = req->data;
  avow_resolve(t->deferred, err == 0 ? avow_bytes(buf, len) : avow_error(err));
  free(t);
}

static void stop(void *req) {
  uv_cancel(req); /* or it runs: on_random() is called either way */
}

avow_promise_t *token(uv_loop_t *loop) {
  token_t *t = malloc(sizeof(*t));
  if (t == NULL)
    return avow_promise_reject(loop, avow_error(UV_ENOMEM));
  avow_promise_t *p = avow_promise_new(loop, &t->deferred);
  t->req.data = t;
  int err = uv_random(loop, &t->req, t->bytes, sizeof(t->bytes), 0, on_random);
  if (err == 0)
    avow_on_cancel(t->deferred, stop, &t->req);
  else
    on_random(&t->req, err, NULL, 0);
  return p;
}

int end(uv_loop_t *loop) {
  int err = avow_loop_close(loop);
  uv_run(loop, UV_RUN_DEFAULT); /* on_random() frees what is in flight */
  return err == 0 ? uv_loop_close(loop) : err;
}

static void token_has_its_bytes(void **state) {
  const avow_value_t v = avow_run(token(loop));
  size_t len;
  assert_non_null(avow_to_bytes(&v, &len));
  avow_value_unref(v);

  assert_int_equal(len, 16);
}

static void token_may_be_canceled(void **state) {
  avow_promise_t *p = token(loop);

  assert_cancels_at_once(p);
  run();
}

static void token_may_be_in_flight_when_the_loop_closes(void **state) {
  uv_loop_t own;
  assert_int_equal(uv_loop_init(&own), 0);
  assert_int_equal(avow_loop_init(&own, &steady), 0);
  avow_unref(token(&own));

  assert_int_equal(end(&own), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    CASE(token_has_its_bytes),
    CASE(token_may_be_canceled),
    CASE(token_may_be_in_flight_when_the_loop_closes),
  };
  return RUN(tests);
}
