/* SPDX-License-Identifier: MIT */
/*
 * JetStream through its own protocol. Each call is a request to a subject that
 * starts with $JS.API, or a message to store. It waits like other requests.
 * libnats' own functions would block the connection's thread until their answer
 * arrives. All other operations of the connection would wait.
 */
#include "jetstream.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "avow/cancel.h"
#include "avow/timer.h"
#include "connection.h"
#include "failure.h"
#include "json.h"

enum { ANSWER_MS = 5000, PAUSE_MS = 200 };

const char *const avow__nats_if_none[] = {
  "Nats-Expected-Last-Subject-Sequence: 0", NULL
};

avow_value_t avow__nats_text(const char *format, ...) {
  char text[1024];
  va_list args;
  va_start(args, format);
  /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): va_start() is above */
  const int len = vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  return len < 0 || (size_t) len >= sizeof(text)
             ? avow_error(UV_EMSGSIZE)
             : avow_bytes(text, (size_t) len);
}

/* Maps JetStream's "err_code", or else the HTTP status. */
static int code_of_api(uint64_t theirs, uint64_t status) {
  static const struct {
    unsigned theirs;
    int ours;
  } table[] = {
    { 10014, UV_ENOENT },                         /* no such consumer */
    { 10023, UV_ENOSPC },                         /* no resources */
    { 10028, UV_ENOSPC },                         /* no memory */
    { 10037, UV_ENOENT },                         /* no such message */
    { 10039, UV_ENOTSUP },                        /* not for this account */
    { 10047, UV_ENOSPC },                         /* no more storage */
    { 10054, UV_EMSGSIZE }, { 10058, UV_EEXIST }, /* other settings */
    { 10059, UV_ENOENT },                         /* no such stream */
    { 10065, UV_EEXIST }, /* subjects that another stream has */
    { 10071, UV_EEXIST }, /* not the last of its subject */
    { 10076, UV_ENOTSUP },  { 10077, UV_ENOSPC }, { 10148, UV_EEXIST },
  };
  for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
    if (table[i].theirs == theirs)
      return table[i].ours;
  return status == 503 ? UV_EAGAIN : UV_EPROTO;
}

static avow_value_t error_of(const char *error) {
  char text[256];
  avow__nats_json_string(avow__nats_json(error, "description"), text,
                         sizeof(text));
  return avow__nats_failure_as(
      code_of_api(avow__nats_json_number(avow__nats_json(error, "err_code")),
                  avow__nats_json_number(avow__nats_json(error, "code"))),
      NATS_ERR, text);
}

int avow__nats_status(natsMsg *msg) {
  const char *status = NULL;
  return natsMsg_GetDataLength(msg) == 0 &&
                 natsMsgHeader_Get(msg, "Status", &status) == NATS_OK
             ? (int) strtol(status, NULL, 10)
             : 0;
}

/* The format is "$JS.ACK.STREAM.CONSUMER.DELIVERED.REVISION.COUNT.….…". If
   there are more than nine tokens, two more come before the stream. */
const char *avow__nats_reply_token(const char *reply, unsigned place) {
  unsigned dots = 0, at = 0;
  for (const char *c = reply; *c != '\0'; c++)
    dots += *c == '.';
  place += dots > 8 ? 2 : 0;
  for (; *reply != '\0' && at < place; reply++)
    at += *reply == '.';
  return reply;
}

static avow_promise_t *ask(const avow_value_t *connection, const char *subject,
                           avow_value_t payload, const char *const *headers) {
  return avow_timeout(avow_nats_request(connection, subject, payload, headers),
                      ANSWER_MS);
}

static avow_value_t answered(const avow_value_t *answer, void *data) {
  const char *text = natsMsg_GetData(avow_to_nats_msg(answer));
  const char *error = text != NULL ? avow__nats_json(text, "error") : NULL;
  return error != NULL ? error_of(error) : avow_value_ref(answer);
}

avow_promise_t *avow__nats_api(const avow_value_t *connection,
                               const char *subject, avow_value_t payload,
                               const char *const *headers) {
  avow_promise_t *p = ask(connection, subject, payload, headers);
  return avow_then(p, answered, NULL, NULL);
}

static avow_value_t stored(const avow_value_t *answer, void *data) {
  const char *text = natsMsg_GetData(avow_to_nats_msg(answer));
  const char *seq = text != NULL ? avow__nats_json(text, "seq") : NULL;
  return seq != NULL ? avow_int((int64_t) avow__nats_json_number(seq))
                     : avow_error(UV_EPROTO);
}

avow_promise_t *avow__nats_store(const avow_value_t *connection,
                                 const char *subject, avow_value_t payload,
                                 const char *const *headers) {
  avow_promise_t *p = avow__nats_api(connection, subject, payload, headers);
  return avow_then(p, stored, NULL, NULL);
}

/* The contents of the message belong to the program, including a header
   "Status". */
static avow_value_t found(const avow_value_t *answer, void *data) {
  const char *seq = NULL;
  natsMsg *msg = avow_to_nats_msg(answer);
  const int status = natsMsgHeader_Get(msg, "Nats-Sequence", &seq) == NATS_OK
                         ? 0
                         : avow__nats_status(msg);
  return status == 0
             ? avow_value_ref(answer)
             : avow__nats_failure_as(status == 404 ? UV_ENOENT : UV_EPROTO,
                                     status == 404 ? NATS_NOT_FOUND : NATS_ERR,
                                     status == 404 ? "no such message"
                                                   : "no message");
}

avow_promise_t *avow__nats_newest(const avow_value_t *connection,
                                  const char *stream, const char *subject) {
  char api[128];
  (void) snprintf(api, sizeof(api), "$JS.API.DIRECT.GET.%s", stream);
  const avow_value_t which =
      avow__nats_text("{\"last_by_subj\":\"%s\"}", subject);
  return avow_then(ask(connection, api, which, NULL), found, NULL, NULL);
}

avow_promise_t *avow__nats_at(const avow_value_t *connection,
                              const char *prefix, const char *name,
                              uint64_t seq) {
  char api[128];
  (void) snprintf(api, sizeof(api), "$JS.API.DIRECT.GET.%s%s", prefix, name);
  const avow_value_t which = avow__nats_text("{\"seq\":%" PRIu64 "}", seq);
  return avow_then(ask(connection, api, which, NULL), found, NULL, NULL);
}

/* Without JetStream, there is no responder. */
static avow_value_t no_jetstream(const avow_value_t *reason, void *data) {
  return avow_nats_code(reason) == NATS_NO_RESPONDERS
             ? avow__nats_failure_as(UV_ENOTSUP, NATS_NO_SERVER_SUPPORT,
                                     "the server has no JetStream")
             : avow_value_ref(reason);
}

avow_value_t avow__nats_nothing(const avow_value_t *arg, void *data) {
  return avow_none();
}

void avow__nats_drop(avow_promise_t *p) {
  p = avow_then(p, avow__nats_nothing, avow__nats_nothing, NULL);
  (void) avow_result(p); /* out of memory, it has already failed */
  avow_unref(p);
}

avow_promise_t *avow__nats_stream(const avow_value_t *connection,
                                  const char *name, avow_value_t config) {
  char api[128];
  (void) snprintf(api, sizeof(api), "$JS.API.STREAM.CREATE.%s", name);
  avow_promise_t *p = avow__nats_api(connection, api, config, NULL);
  return avow_then(p, avow__nats_nothing, no_jetstream, NULL);
}

bool avow__nats_is_passing(const avow_value_t *reason) {
  const int code = avow_error_code(reason);
  return code == UV_ETIMEDOUT || code == UV_EHOSTUNREACH || code == UV_EAGAIN ||
         code == UV_ECONNRESET || code == UV_ENOBUFS;
}

avow_promise_t *avow__nats_pause(uv_loop_t *loop) {
  return avow_sleep(loop, PAUSE_MS);
}
