/* SPDX-License-Identifier: MIT */
/* Requests to JetStream, whose answers are JSON or messages. */
#ifndef AVOW_NATS_JETSTREAM_H
#define AVOW_NATS_JETSTREAM_H

#include "avow/nats.h"

/* Returns the text as BYTES. Not for text that may be as long as a payload. */
avow_value_t avow__nats_text(const char *format, ...) AVOW_PRINTF(1, 2);

/**
 * Settles as an OBJECT: the answer of JetStream, which must arrive within 5 s.
 * Rejects if the answer contains an error. Takes ownership of `payload`.
 */
avow_promise_t *avow__nats_api(const avow_value_t *connection,
                               const char *subject, avow_value_t payload,
                               const char *const *headers);

/* Settles as an INT: the sequence number of the message in its stream, once it
   is stored. */
avow_promise_t *avow__nats_store(const avow_value_t *connection,
                                 const char *subject, avow_value_t payload,
                                 const char *const *headers);

/* A header that makes storing fail with UV_EEXIST if the subject has a
   message. */
extern const char *const avow__nats_if_none[];

/* Settles as an OBJECT: the newest message of the subject. Rejects with
   UV_ENOENT if there is none. */
avow_promise_t *avow__nats_newest(const avow_value_t *connection,
                                  const char *stream, const char *subject);

/* Settles as an OBJECT: the message with this sequence number in the stream of
   PREFIX and NAME. Rejects with UV_ENOENT if there is none. */
avow_promise_t *avow__nats_at(const avow_value_t *connection,
                              const char *prefix, const char *name,
                              uint64_t seq);

/* Settles as NONE if the stream exists as in `config`. Rejects with UV_EEXIST
   if its settings differ, or with UV_ENOTSUP if the server has no JetStream.
   Takes ownership of `config`. */
avow_promise_t *avow__nats_stream(const avow_value_t *connection,
                                  const char *name, avow_value_t config);

/* Whether the failure may be temporary, for example because a server starts. */
bool avow__nats_is_passing(const avow_value_t *reason);

/* Settles as NONE after a short pause. */
avow_promise_t *avow__nats_pause(uv_loop_t *loop);

/* Returns the status of a message that has only a status, such as 404. Returns
   0 for other messages. */
int avow__nats_status(natsMsg *msg);

/* Returns the token at `place` in the reply subject of a message from
   JetStream. */
enum { CONSUMER = 3, DELIVERED, REVISION, COUNT };
const char *avow__nats_reply_token(const char *reply, unsigned place);

/* Releases a promise whose outcome is ignored. */
void avow__nats_drop(avow_promise_t *p);

/* A handler that returns NONE for any argument. */
avow_value_t avow__nats_nothing(const avow_value_t *arg, void *data);

#endif
