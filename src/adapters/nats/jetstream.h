/* SPDX-License-Identifier: MIT */
/* What is asked of JetStream: requests whose answers are JSON, or messages. */
#ifndef AVOW_NATS_JETSTREAM_H
#define AVOW_NATS_JETSTREAM_H

#include "avow/nats.h"

/* BYTES: text. Not of what can be as long as a payload. */
avow_value_t avow__nats_text(const char *format, ...) AVOW_PRINTF(1, 2);

/**
 * OBJECT: the answer of JetStream, which has 5 s for it. An error that it tells
 * of is one. Takes payload.
 */
avow_promise_t *avow__nats_api(const avow_value_t *connection,
                               const char *subject, avow_value_t payload,
                               const char *const *headers);

/* INT: the place that the message has in its stream, once it is stored. */
avow_promise_t *avow__nats_store(const avow_value_t *connection,
                                 const char *subject, avow_value_t payload,
                                 const char *const *headers);

/* A header, with which that is UV_EEXIST if the subject has a message. */
extern const char *const avow__nats_if_none[];

/* OBJECT: the newest message of that subject; UV_ENOENT. */
avow_promise_t *avow__nats_newest(const avow_value_t *connection,
                                  const char *stream, const char *subject);

/* OBJECT: the message there in the stream of PREFIX and NAME; UV_ENOENT. */
avow_promise_t *avow__nats_at(const avow_value_t *connection,
                              const char *prefix, const char *name,
                              uint64_t seq);

/* NONE: the stream is there, as config has it; UV_EEXIST if it is otherwise,
   UV_ENOTSUP of a server without JetStream. Takes config. */
avow_promise_t *avow__nats_stream(const avow_value_t *connection,
                                  const char *name, avow_value_t config);

/* Whether that may be otherwise in a moment, as while a server starts. */
bool avow__nats_is_passing(const avow_value_t *reason);

/* NONE, a moment later. */
avow_promise_t *avow__nats_pause(uv_loop_t *loop);

/* The status of a message that is only that, as 404; 0 of others. */
int avow__nats_status(natsMsg *msg);

/* What begins there in the reply of a message that JetStream delivers. */
enum { CONSUMER = 3, DELIVERED, REVISION, COUNT };
const char *avow__nats_reply_token(const char *reply, unsigned place);

/* Lets go of what nobody waits for, whatever comes of it. */
void avow__nats_drop(avow_promise_t *p);

/* A handler's: NONE, whatever its argument. */
avow_value_t avow__nats_nothing(const avow_value_t *arg, void *data);

#endif
