/* SPDX-License-Identifier: MIT */
/*
 * Detects when the peer of a stream has hung up. The stream may be closed
 * meanwhile, so a duplicate of its descriptor is polled. The poll requests
 * out-of-band data, which hardly ever arrives. The system reports two events
 * without a request: a reset, and that both directions are closed. It does not
 * report without a request that only one direction is closed. That event would
 * be reported again and again.
 */
#include "avow/pump.h"
#include "engine/cancel.h"
#include "uv/op.h"
#include "uv/stream.h"

#ifdef __linux__

#  include <errno.h>
#  include <fcntl.h>
#  include <poll.h>
#  include <unistd.h>

#  include "avow/net.h"
#  include "base/container.h"
#  include "engine/child.h"

typedef struct {
  avow__parent_t parent;
  avow__reading_t watch; /* registered with the stream */
  avow_channel_t *polls;
  int fd;
} hangup_wait_t;

static void hangup_wait_leave(hangup_wait_t *hangup_wait) {
  avow__stream_leave(&hangup_wait->watch, hangup_wait->parent.context,
                     AVOW__WATCHED);
}

/* Whether the system reports an event that was not requested. The descriptor
   must be open. */
static bool has_hung_up(int fd) {
  struct pollfd now = { .fd = fd };
  return poll(&now, 1, 0) > 0;
}

/* Out-of-band data is not read and stays pending. If the peer has sent some,
   its hangup can no longer be detected. */
static void hangup_wait_report(avow__parent_t *parent, uint32_t index,
                               avow_value_t outcome) {
  hangup_wait_t *hangup_wait = (hangup_wait_t *) parent;
  hangup_wait_leave(hangup_wait);
  if (has_hung_up(hangup_wait->fd))
    avow__parent_settle(parent, avow_none());
  else if (avow_is_error(&outcome))
    avow__parent_settle(parent, avow_value_ref(&outcome));
  else
    avow__parent_settle(parent, avow__error_of(UV_ENOTSUP, "poll", NULL));
  avow__value_unref(outcome);
}

static void hangup_wait_cancel(avow__parent_t *parent) {
  hangup_wait_leave((hangup_wait_t *) parent);
  avow__children_cancel(parent);
}

static void hangup_wait_destroy(avow__parent_t *parent) {
  const hangup_wait_t *hangup_wait = (hangup_wait_t *) parent;
  avow_channel_unref(hangup_wait->polls);
  if (hangup_wait->fd >= 0)
    (void) close(hangup_wait->fd); /* the stream stays open */
}

static const avow__parent_class_t hangup_wait_class = {
  .report = hangup_wait_report,
  .cancel = hangup_wait_cancel,
  .destroy = hangup_wait_destroy
};

static void hangup_wait_on_close(avow__reading_t *watch) {
  const hangup_wait_t *hangup_wait =
      AVOW__CONTAINER(hangup_wait_t, watch, watch);
  avow__cancel((avow_promise_t *) hangup_wait->parent.deferred);
}

/* Returns 0, or a code if the stream cannot be watched. */
static int hangup_wait_enter(hangup_wait_t *hangup_wait, avow_stream_t stream) {
  uv_os_fd_t fd;
  int err = avow__stream_enter(&hangup_wait->watch, AVOW__WATCHED, stream,
                               hangup_wait_on_close);
  if (err == 0)
    err = uv_fileno(stream.self, &fd);
  if (err != 0)
    return err;
  hangup_wait->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  return hangup_wait->fd >= 0 ? 0 : uv_translate_sys_error(errno);
}

static avow_promise_t *uv_hangup(avow_stream_t stream) {
  avow_promise_t *p;
  uv_loop_t *loop = avow__stream_loop(stream);
  hangup_wait_t *hangup_wait =
      avow__parent_new(loop, &hangup_wait_class, sizeof(*hangup_wait), &p);
  if (hangup_wait == NULL)
    return p;
  hangup_wait->fd = -1;
  const int err = hangup_wait_enter(hangup_wait, stream);
  if (err == 0) {
    hangup_wait->polls = avow_polls(loop, hangup_wait->fd, UV_PRIORITIZED);
    avow__child_add(&hangup_wait->parent,
                    avow_follow(avow_channel_next(hangup_wait->polls)), 0);
  } else {
    hangup_wait_leave(hangup_wait);
    avow__parent_settle(&hangup_wait->parent,
                        avow__error_of(err, "poll", NULL));
  }
  avow__parent_unref(&hangup_wait->parent);
  return p;
}

#else

static avow_promise_t *uv_hangup(avow_stream_t stream) {
  return avow__refuse(avow__stream_loop(stream), UV_ENOTSUP, "poll", NULL);
}

#endif

avow_promise_t *avow_hangup(avow_stream_t stream) {
  avow__check_given(stream.klass, "stream");
  return avow__is_uv(stream) ? uv_hangup(stream) : avow__any_hangup(stream);
}
