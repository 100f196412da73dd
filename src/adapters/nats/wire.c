/* Wires. All of one is under its mutex, but for what the thread alone uses. */
#include "wire.h"

#include "failure.h"

static void ops_init(ops_t *ops) {
  *ops = (ops_t){ .end = &ops->first };
}

static void ops_add(ops_t *ops, op_t *op) {
  op->next = NULL;
  *ops->end = op;
  ops->end = &op->next;
}

static op_t *ops_take(ops_t *ops) {
  op_t *first = ops->first;
  ops_init(ops);
  return first;
}

/* The wire's thread. */

/* What is asked, as soon as there is something; NULL: it is to end. */
static op_t *wait_for_ops(wire_t *w) {
  uv_mutex_lock(&w->mutex);
  while (w->asked.first == NULL && !w->ends)
    uv_cond_wait(&w->changed, &w->mutex);
  op_t *first = w->ends ? NULL : ops_take(&w->asked);
  uv_mutex_unlock(&w->mutex);
  return first;
}

/* Under the mutex, so that the handle is there. */
static void answer(wire_t *w, op_t *op) {
  if (w->answered.first == NULL)
    (void) uv_async_send(&w->answers);
  ops_add(&w->answered, op);
}

/* Under the mutex: those that are left. */
static void answer_all(wire_t *w) {
  op_t *next;
  for (op_t *op = ops_take(&w->asked); op != NULL; op = next) {
    next = op->next;
    op->failure = avow_error(UV_ECANCELED);
    answer(w, op);
  }
}

static void run_all(wire_t *w, op_t *op) {
  while (op != NULL) {
    op_t *next = op->next;
    const natsStatus s = op->run(w, op);
    if (s != NATS_OK)
      op->failure = avow__nats_failure(s);
    uv_mutex_lock(&w->mutex);
    answer(w, op);
    uv_mutex_unlock(&w->mutex);
    op = next;
  }
}

static void close_native(wire_t *w) {
  natsConnection *nc = w->nc;
  avow__nats_wire_set_native(w, NULL);
  natsConnection_Destroy(nc);
}

static void wire_run(void *data) {
  wire_t *w = data;
  op_t *ops;
  while ((ops = wait_for_ops(w)) != NULL)
    run_all(w, ops);
  close_native(w);
  uv_mutex_lock(&w->mutex);
  while (w->callers > 0)
    uv_cond_wait(&w->changed, &w->mutex);
  answer_all(w);
  w->over = true;
  if (!w->silent)
    (void) uv_async_send(&w->answers); /* last of all that it does */
  uv_mutex_unlock(&w->mutex);
  nats_ReleaseThreadMemory();
}

/* Any thread. */

void avow__nats_wire_call(wire_t *w) {
  uv_mutex_lock(&w->mutex);
  w->callers++;
  uv_mutex_unlock(&w->mutex);
}

void avow__nats_wire_called(wire_t *w) {
  uv_mutex_lock(&w->mutex);
  w->callers--;
  uv_cond_signal(&w->changed);
  uv_mutex_unlock(&w->mutex);
}

void avow__nats_wire_set_native(wire_t *w, natsConnection *nc) {
  uv_mutex_lock(&w->mutex);
  w->nc = nc;
  uv_mutex_unlock(&w->mutex);
}

natsConnection *avow__nats_wire_native(wire_t *w) {
  uv_mutex_lock(&w->mutex);
  natsConnection *nc = w->nc;
  uv_mutex_unlock(&w->mutex);
  return nc;
}

/* The loop's. */

void avow__nats_wire_ask(wire_t *w, op_t *op) {
  uv_mutex_lock(&w->mutex);
  if (w->asked.first == NULL)
    uv_cond_signal(&w->changed);
  ops_add(&w->asked, op);
  uv_mutex_unlock(&w->mutex);
}

op_t *avow__nats_wire_take(wire_t *w, bool *over) {
  uv_mutex_lock(&w->mutex);
  op_t *first = ops_take(&w->answered);
  *over = w->over;
  uv_mutex_unlock(&w->mutex);
  return first;
}

void avow__nats_wire_end(wire_t *w) {
  uv_mutex_lock(&w->mutex);
  w->ends = true;
  uv_cond_signal(&w->changed);
  uv_mutex_unlock(&w->mutex);
}

static void destroy_locks(wire_t *w) {
  uv_cond_destroy(&w->changed);
  uv_mutex_destroy(&w->mutex);
}

void avow__nats_wire_join(wire_t *w) {
  (void) uv_thread_join(&w->thread);
  destroy_locks(w);
}

static int init_locks(wire_t *w) {
  int err = uv_mutex_init(&w->mutex);
  if (err != 0)
    return err;
  err = uv_cond_init(&w->changed);
  if (err != 0)
    uv_mutex_destroy(&w->mutex);
  return err;
}

/* The thread waits until it is asked, and by then there is the handle. One that
   was there first could not go at once where there is no thread. */
int avow__nats_wire_start(wire_t *w, uv_loop_t *loop, uv_async_cb cb) {
  ops_init(&w->asked);
  ops_init(&w->answered);
  int err = init_locks(w);
  if (err != 0)
    return err;
  err = uv_thread_create(&w->thread, wire_run, w);
  if (err != 0) {
    destroy_locks(w);
    return err;
  }
  err = uv_async_init(loop, &w->answers, cb);
  if (err != 0) {
    w->silent = true; /* as the thread learns by the end */
    avow__nats_wire_end(w);
    avow__nats_wire_join(w);
  }
  return err;
}
