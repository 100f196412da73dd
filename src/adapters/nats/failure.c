/* SPDX-License-Identifier: MIT */
/*
 * Failures. The cause of an error is a pointer into a table in this file, at
 * the index of libnats' status. A cause of another error can therefore not be
 * taken for such a status.
 */
#include "failure.h"

#include <string.h>

enum { STATUSES = 64 };

static char statuses[STATUSES];

static int code_of(natsStatus status) {
  static const struct {
    natsStatus theirs;
    int ours;
  } table[] = {
    { NATS_NO_SERVER, UV_ECONNREFUSED },
    { NATS_TIMEOUT, UV_ETIMEDOUT },
    { NATS_NO_MEMORY, UV_ENOMEM },
    { NATS_IO_ERROR, UV_EIO },
    { NATS_CONNECTION_CLOSED, UV_ENOTCONN },
    { NATS_DRAINING, UV_ENOTCONN },
    { NATS_CONNECTION_DISCONNECTED, UV_ECONNRESET },
    { NATS_STALE_CONNECTION, UV_ECONNRESET },
    { NATS_CONNECTION_AUTH_FAILED, UV_EACCES },
    { NATS_NOT_PERMITTED, UV_EACCES },
    { NATS_NOT_FOUND, UV_ENOENT },
    { NATS_ADDRESS_MISSING, UV_EINVAL },
    { NATS_INVALID_SUBJECT, UV_EINVAL },
    { NATS_INVALID_QUEUE_NAME, UV_EINVAL },
    { NATS_INVALID_ARG, UV_EINVAL },
    { NATS_MAX_PAYLOAD, UV_EMSGSIZE },
    { NATS_INSUFFICIENT_BUFFER, UV_ENOBUFS },
    { NATS_SLOW_CONSUMER, UV_ENOBUFS },
    { NATS_NO_SERVER_SUPPORT, UV_ENOTSUP },
    { NATS_NO_RESPONDERS, UV_EHOSTUNREACH },
  };
  for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
    if (table[i].theirs == status)
      return table[i].ours;
  return UV_EPROTO;
}

/* The last error of the thread may belong to an earlier call. Its text starts
   with the place in libnats' source. */
static const char *text_of(natsStatus status) {
  natsStatus last = NATS_OK;
  const char *text = nats_GetLastError(&last);
  if (last != status || text == NULL || text[0] == '\0')
    return natsStatus_GetText(status);
  const char *place = text[0] == '(' ? strstr(text, "): ") : NULL;
  return place != NULL ? place + 3 : text;
}

avow_value_t avow__nats_failure_as(int code, natsStatus status,
                                   const char *text) {
  const size_t at = (size_t) status < STATUSES ? (size_t) status : NATS_ERR;
  return avow_error_new(code, avow_pointer(&statuses[at]), "%s", text);
}

avow_value_t avow__nats_failure_of(natsStatus status, const char *text) {
  return avow__nats_failure_as(code_of(status), status, text);
}

avow_value_t avow__nats_failure(natsStatus status) {
  return avow__nats_failure_of(status, text_of(status));
}

natsStatus avow_nats_code(const avow_value_t *error) {
  const avow_value_t *cause =
      error != NULL && avow_is_error(error) ? avow_error_cause(error) : NULL;
  if (cause == NULL || cause->tag != AVOW_POINTER)
    return NATS_OK;
  const uintptr_t at = (uintptr_t) cause->u.p, first = (uintptr_t) statuses;
  return at > first && at < first + STATUSES ? (natsStatus) (at - first)
                                             : NATS_OK;
}

avow_channel_t *avow__nats_failed_channel(uv_loop_t *loop, int code) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  avow_channel_fail(c, avow_error(code));
  return c;
}
