/* SPDX-License-Identifier: MIT */
/*
 * Replaces stream/hangup.c: the simulated socket reports whether its peer has
 * hung up, as poll() does on a system. Nothing is read for this. The wait is a
 * request of the loop. A task completes it, never a call from inside the
 * socket.
 */
#include "sim/seam.h"

#include "avow/cancel.h"
#include "base/container.h"
#include "engine/cancel.h"
#include "sim/hangup_watch.h"
#include "uv/op.h"
#include "uv/stream.h"

typedef struct {
  avow__op_t op;
  avow__reading_t watch; /* registers the stream */
  sim_hangup_wait_t hangup_wait;
} wait_t;

static void wait_leave(wait_t *wait) {
  avow__stream_leave(&wait->watch, wait->op.context, AVOW__WATCHED);
  sim_hangup_wait_end(&wait->hangup_wait);
}

/* If the wait was canceled, its promise is already settled. */
static void on_gone(sim_hangup_wait_t *hangup_wait, int status) {
  wait_t *wait = AVOW__CONTAINER(wait_t, hangup_wait, hangup_wait);
  wait_leave(wait);
  avow__op_complete(&wait->op, status == 0
                                   ? avow_none()
                                   : avow__error_of(status, "poll", NULL));
}

static void on_cancel(void *data) {
  wait_t *wait = data;
  avow__stream_leave(&wait->watch, wait->op.context, AVOW__WATCHED);
  sim_hangup_wait_cancel(&wait->hangup_wait);
}

static void on_close(avow__reading_t *watch) {
  const wait_t *wait = AVOW__CONTAINER(wait_t, watch, watch);
  avow__cancel((avow_promise_t *) wait->op.deferred);
}

static int wait_enter(wait_t *wait, avow_stream_t stream) {
  const int err =
      avow__stream_enter(&wait->watch, AVOW__WATCHED, stream, on_close);
  return err != 0
             ? err
             : sim_hangup_wait_begin(&wait->hangup_wait, stream.self, on_gone);
}

static avow_promise_t *uv_hangup(avow_stream_t stream) {
  avow_promise_t *p;
  wait_t *wait = avow__op_new(avow__stream_loop(stream), sizeof(*wait), &p);
  if (wait == NULL)
    return p;
  const int err = wait_enter(wait, stream);
  if (err == 0) {
    avow_on_cancel(wait->op.deferred, on_cancel, wait);
    avow__op_started(&wait->op);
    return p;
  }
  avow__stream_leave(&wait->watch, wait->op.context, AVOW__WATCHED);
  /* The operation was never started. */
  (void) avow__op_end(&wait->op, avow__error_of(err, "poll", NULL));
  return p;
}

avow_promise_t *avow_hangup(avow_stream_t stream) {
  return avow__is_uv(stream) ? uv_hangup(stream) : avow__any_hangup(stream);
}
