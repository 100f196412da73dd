/* SPDX-License-Identifier: MIT */
/* Connections: start, end and operations. */
#include "connection.h"

#include "avow/loop.h"

static void connection_free(connection_t *c) {
  if (!c->closed || !c->is_released)
    return;
  avow_promise_clear(&c->ended);
  avow__nats_pending_work_free(&c->pending_work);
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
  uv_handle_t *handle = (uv_handle_t *) &c->thread.answers;
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
  avow__nats_thread_end(&c->thread);
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
  c->is_released = true;
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
  return c == NULL || c->closed ? NULL : avow__nats_thread_native(&c->thread);
}

operation_t *avow__nats_operation_new(
    run_fn run, avow_value_t (*result)(operation_t *operation)) {
  operation_t *operation = avow_calloc(1, sizeof(*operation));
  if (operation != NULL) {
    operation->op.run = run;
    operation->result = result;
  }
  return operation;
}

static void operation_free(operation_t *operation) {
  if (operation->destroy != NULL)
    operation->destroy(operation);
  avow_value_unref(operation->connection);
  avow_free(operation);
}

static void operation_end(connection_t *c, operation_t *operation) {
  if (operation->is_awaited)
    c->awaited--;
  keep_loop_alive(c);
  operation_free(operation);
}

static void operation_finish(connection_t *c, operation_t *operation) {
  avow_deferred_t *d = operation->deferred;
  operation->deferred = NULL;
  if (d == NULL)
    avow_value_unref(operation->op.failure);
  else if (avow_is_error(&operation->op.failure))
    (void) avow_reject(d, operation->op.failure);
  else
    (void) avow_resolve(d, operation->result != NULL
                               ? operation->result(operation)
                               : avow_none());
  operation_end(c, operation);
}

static void on_answers(uv_async_t *handle) {
  connection_t *c = handle->data;
  bool over;
  op_t *next;
  for (op_t *op = avow__nats_thread_take(&c->thread, &over); op != NULL;
       op = next) {
    next = op->next;
    operation_finish(c, (operation_t *) op);
  }
  if (!over || uv_is_closing((uv_handle_t *) handle))
    return;
  avow__nats_thread_join(&c->thread);
  uv_close((uv_handle_t *) handle, on_closed);
}

/* If the thread has not run the operation yet, it does so later. A request that
   was sent stops waiting for its answer, and ends now. */
static void operation_on_cancel(void *data) {
  operation_t *operation = data;
  connection_t *c = avow__nats_connection(&operation->connection);
  avow_deferred_t *d = operation->deferred;
  operation->deferred = NULL;
  avow_deferred_drop(d);
  if (operation->is_request &&
      avow__nats_thread_forget(&c->thread, &operation->op))
    operation_end(c, operation);
}

static avow_promise_t *refuse(operation_t *operation, avow_promise_t *p) {
  if (operation != NULL)
    operation_free(operation);
  return p;
}

avow_promise_t *avow__nats_operation_start(const avow_value_t *connection,
                                           operation_t *operation) {
  connection_t *c = avow__nats_connection(connection);
  if (c == NULL)
    return refuse(operation, avow_promise_reject(NULL, avow_error(UV_EINVAL)));
  if (c->ending)
    return refuse(operation, avow_ref(c->ended));
  if (operation == NULL)
    return avow_promise_reject(c->loop, avow_error(UV_ENOMEM));
  avow_promise_t *p = avow_promise_new(c->loop, &operation->deferred);
  if (avow_state(p) != AVOW_PENDING) { /* out of memory */
    avow_deferred_drop(operation->deferred);
    return refuse(operation, p);
  }
  operation->is_request = operation->op.waits;
  operation->connection = avow_value_ref(connection);
  if (!avow__nats_thread_queue(&c->thread, &operation->op)) {
    (void) avow_reject(operation->deferred, avow_error(UV_ENOMEM));
    return refuse(operation, p);
  }
  avow_on_cancel(operation->deferred, operation_on_cancel, operation);
  avow__nats_await(operation);
  return p;
}

bool avow__nats_begin(const avow_value_t *connection, operation_t *operation) {
  connection_t *c = avow__nats_connection(connection);
  if (c == NULL || c->ending) {
    operation_free(operation);
    return false;
  }
  avow_value_unref(operation->connection);
  operation->connection = avow_value_ref(connection);
  return avow__nats_thread_queue(&c->thread, &operation->op); /* cannot fail */
}

void avow__nats_await(operation_t *operation) {
  connection_t *c = avow__nats_connection(&operation->connection);
  operation->is_awaited = true;
  c->awaited++;
  keep_loop_alive(c);
}

/* Creates the promises for the end of the connection in advance, because the
   end must not need memory. Returns NONE, or the error. */
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
    err = avow__nats_thread_start(&c->thread, loop, on_answers);
  avow_value_unref(v);
  if (err == 0) {
    c->thread.answers.data = c;
    keep_loop_alive(c);
    return avow_object(&connection_class, c);
  }
  connection_unpromise(c);
  natsOptions_Destroy(options);
  avow_free(c);
  return avow_error(err);
}
