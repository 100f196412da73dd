/* SPDX-License-Identifier: MIT */
/* Connections: start, end and operations. */
#include "connection.h"

#include "avow/loop.h"

static void connection_free(connection_t *c) {
  if (!c->closed || !c->let_go)
    return;
  avow_promise_clear(&c->ended);
  avow__nats_errands_free(&c->errands);
  natsOptions_Destroy(c->options);
  avow_free(c);
}

/* The connection has no handles left, so the loop may continue to close. */
static void on_closed(uv_handle_t *handle) {
  connection_t *c = handle->data;
  if (c->gone != NULL)
    (void) avow_resolve(c->gone, avow_none()); /* false if not allocated */
  c->gone = NULL;
  avow_promise_clear(&c->shield);
  c->closed = true;
  connection_free(c);
}

static void keep_loop_alive(connection_t *c) {
  uv_handle_t *handle = (uv_handle_t *) &c->wire.answers;
  if (c->awaited > 0 || c->ending)
    uv_ref(handle);
  else
    uv_unref(handle);
}

static void connection_end(connection_t *c) {
  avow_deferred_t *life = c->life;
  c->life = NULL;
  c->ending = true;
  if (life != NULL)
    (void) avow_resolve(life, avow_none());
  avow__nats_wire_end(&c->wire);
  keep_loop_alive(c);
}

/* Called when the loop closes. The loop cancels the promises of the connection
   and its operations. */
static void connection_on_close(void *data) {
  connection_t *c = data;
  avow_deferred_drop(c->life);
  c->life = NULL;
  connection_end(c);
}

/* The connection has no references left, and so it has no operations. */
static void connection_destroy(void *data) {
  connection_t *c = data;
  c->let_go = true;
  if (c->ending)
    connection_free(c);
  else
    connection_end(c);
}

static const avow_class_t connection_class = { .name = "nats",
                                               .destroy = connection_destroy };

connection_t *avow__nats_connection(const avow_value_t *connection) {
  return avow_to_object(connection, &connection_class);
}

natsConnection *avow_to_nats(const avow_value_t *connection) {
  connection_t *c = avow_is_object(connection, &connection_class)
                        ? avow__nats_connection(connection)
                        : NULL;
  return c == NULL || c->closed ? NULL : avow__nats_wire_native(&c->wire);
}

asked_t *avow__nats_asked_new(run_fn run,
                              avow_value_t (*result)(asked_t *asked)) {
  asked_t *asked = avow_calloc(1, sizeof(*asked));
  if (asked != NULL) {
    asked->op.run = run;
    asked->result = result;
  }
  return asked;
}

static void asked_free(asked_t *asked) {
  if (asked->destroy != NULL)
    asked->destroy(asked);
  avow_value_unref(asked->connection);
  avow_free(asked);
}

static void asked_over(connection_t *c, asked_t *asked) {
  if (asked->is_awaited)
    c->awaited--;
  keep_loop_alive(c);
  asked_free(asked);
}

static void asked_finish(connection_t *c, asked_t *asked) {
  avow_deferred_t *d = asked->deferred;
  asked->deferred = NULL;
  if (d == NULL)
    avow_value_unref(asked->op.failure);
  else if (avow_is_error(&asked->op.failure))
    (void) avow_reject(d, asked->op.failure);
  else
    (void) avow_resolve(d, asked->result != NULL ? asked->result(asked)
                                                 : avow_none());
  asked_over(c, asked);
}

static void on_answers(uv_async_t *handle) {
  connection_t *c = handle->data;
  bool over;
  op_t *next;
  for (op_t *op = avow__nats_wire_take(&c->wire, &over); op != NULL;
       op = next) {
    next = op->next;
    asked_finish(c, (asked_t *) op);
  }
  if (!over || uv_is_closing((uv_handle_t *) handle))
    return;
  avow__nats_wire_join(&c->wire);
  uv_close((uv_handle_t *) handle, on_closed);
}

/* The wire still runs an operation that it has not run. An operation that waits
   for an answer ends now. */
static void asked_on_cancel(void *data) {
  asked_t *asked = data;
  connection_t *c = avow__nats_connection(&asked->connection);
  avow_deferred_t *d = asked->deferred;
  asked->deferred = NULL;
  avow_deferred_drop(d);
  if (asked->is_request && avow__nats_wire_forget(&c->wire, &asked->op))
    asked_over(c, asked);
}

static avow_promise_t *refuse(asked_t *asked, avow_promise_t *p) {
  if (asked != NULL)
    asked_free(asked);
  return p;
}

avow_promise_t *avow__nats_ask(const avow_value_t *connection, asked_t *asked) {
  connection_t *c = avow__nats_connection(connection);
  if (c == NULL)
    return refuse(asked, avow_promise_reject(NULL, avow_error(UV_EINVAL)));
  if (c->ending)
    return refuse(asked, avow_ref(c->ended));
  if (asked == NULL)
    return avow_promise_reject(c->loop, avow_error(UV_ENOMEM));
  avow_promise_t *p = avow_promise_new(c->loop, &asked->deferred);
  if (avow_state(p) != AVOW_PENDING) { /* out of memory */
    avow_deferred_drop(asked->deferred);
    return refuse(asked, p);
  }
  asked->is_request = asked->op.waits;
  asked->connection = avow_value_ref(connection);
  if (!avow__nats_wire_ask(&c->wire, &asked->op)) {
    (void) avow_reject(asked->deferred, avow_error(UV_ENOMEM));
    return refuse(asked, p);
  }
  avow_on_cancel(asked->deferred, asked_on_cancel, asked);
  avow__nats_await(asked);
  return p;
}

bool avow__nats_begin(const avow_value_t *connection, asked_t *asked) {
  connection_t *c = avow__nats_connection(connection);
  if (c == NULL || c->ending) {
    asked_free(asked);
    return false;
  }
  avow_value_unref(asked->connection);
  asked->connection = avow_value_ref(connection);
  return avow__nats_wire_ask(&c->wire, &asked->op); /* cannot fail */
}

void avow__nats_await(asked_t *asked) {
  connection_t *c = avow__nats_connection(&asked->connection);
  asked->is_awaited = true;
  c->awaited++;
  keep_loop_alive(c);
}

/* Creates the promises for the end of the connection, which must need no
   memory. Returns NONE, or the error. */
static avow_value_t connection_promise(connection_t *c) {
  c->ended = avow_promise_new(c->loop, &c->life);
  avow_promise_t *gone = avow_promise_new(c->loop, &c->gone);
  avow_on_cancel(c->life, connection_on_close, c);
  avow_promise_set_name(c->ended, "nats connection");
  c->shield = avow_shield(gone);
  if (avow_state(c->ended) == AVOW_REJECTED)
    return avow_value_ref(avow_result(c->ended));
  if (avow_state(c->shield) == AVOW_REJECTED)
    return avow_value_ref(avow_result(c->shield));
  return avow_none();
}

static void connection_unpromise(connection_t *c) {
  (void) avow_resolve(c->life, avow_none()); /* false if not allocated */
  (void) avow_resolve(c->gone, avow_none());
  avow_promise_clear(&c->shield);
  avow_promise_clear(&c->ended);
}

avow_value_t avow__nats_connection_new(uv_loop_t *loop, natsOptions *options) {
  connection_t *c = avow_calloc(1, sizeof(*c));
  if (c == NULL) {
    natsOptions_Destroy(options);
    return avow_error(UV_ENOMEM);
  }
  c->loop = loop;
  c->options = options;
  const avow_value_t v = connection_promise(c);
  int err = avow_error_code(&v);
  if (err == 0)
    err = avow__nats_wire_start(&c->wire, loop, on_answers);
  avow_value_unref(v);
  if (err == 0) {
    c->wire.answers.data = c;
    keep_loop_alive(c);
    return avow_object(&connection_class, c);
  }
  connection_unpromise(c);
  natsOptions_Destroy(options);
  avow_free(c);
  return avow_error(err);
}
