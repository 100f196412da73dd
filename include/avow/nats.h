/* SPDX-License-Identifier: MIT */
/*
 * NATS by libnats (nats.c): promises across processes and machines.
 *
 * libavow-nats (pkg-config avow-nats) is a library of its own that uses only
 * public headers of avow; avow.h does not include this header. Options,
 * connections and messages of libnats are used as they are, so the program can
 * use all functions of libnats.
 *
 * A connection has a thread of its own, the only one that calls libnats,
 * because libnats can block: on names, servers and sockets. So it never blocks
 * the loop. A connection on which no promise is pending and no receiver waits
 * does not keep the loop alive.
 *
 * Messages are delivered at most once. Jobs, which use JetStream (nats-server
 * 2.9 or newer, with -js), are done at least once as long as there are workers,
 * and never exactly once. The promise of a job has one outcome. A queue of jobs
 * is stored in the server, so programs that send and do jobs may end and start
 * again. Buckets of keys and values use JetStream, too, in the form of other
 * programs of NATS.
 *
 * Errors have a message of libnats; avow_nats_code() gives the natsStatus.
 */
#ifndef AVOW_NATS_H
#define AVOW_NATS_H

#include <nats/nats.h>

#include "avow/channel.h"

AVOW_HEADER_BEGIN

/**
 * Connects to one of the servers of `url`.
 *
 * `url` is "nats://127.0.0.1:4222", or several servers with commas between. If
 * the connection is lost, libnats tries the next server. NULL means the servers
 * of `options`, or localhost if there are none. The connection ends, without
 * waiting, when its last reference is released; see avow_nats_close().
 *
 * Takes ownership of `options`, also if it rejects. NULL means the defaults of
 * libnats, with at most 5 s for a write. A program that passes options must
 * limit writes itself (natsOptions_SetWriteDeadline()), because the close of
 * the loop waits for the thread, also during a write or a connect. A connect
 * takes 2 s for each server that does not answer, or natsOptions_SetTimeout().
 * The connection sets natsOptions_SetDisconnectedCB(),
 * natsOptions_SetReconnectedCB(), natsOptions_SetClosedCB() and
 * natsOptions_SetErrorHandler() itself; use avow_nats_states().
 *
 * A program that calls nats_Close() must do so after avow_loop_close(), which
 * waits for the last callback of libnats. The first use of libnats sets SIGPIPE
 * to SIG_IGN for the process, and replaces a handler.
 *
 * @settles OBJECT connection
 * @rejects UV_ECONNREFUSED if no server can be reached, or no name of a server
 *          is found
 * @rejects UV_EACCES if the server does not accept the credentials
 * @rejects UV_ECONNRESET if the connection is lost
 * @rejects UV_EIO if reading or writing the connection fails
 * @rejects UV_EINVAL if `url` is no URL
 * @rejects UV_EPROTO for all other failures of libnats
 * @rejects UV_ETIMEDOUT if a server does not answer in time
 * @cancel  Rejects at once. The thread ends when libnats returns.
 * @see     natsConnection_Connect()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_connect(uv_loop_t *loop,
                                                         const char *url,
                                                         natsOptions *options);

/**
 * Completes all operations and closes the connection.
 *
 * Earlier messages are sent, and the server confirms them. Jobs that were
 * canceled leave their queues, and jobs of canceled workers are given back.
 * Then the connection is closed, also if this fails. Later operations reject
 * with UV_ENOTCONN.
 *
 * @settles NONE when all of that is done
 * @rejects UV_ETIMEDOUT if the server does not confirm within 5 s
 * @rejects with the reason if the connection was lost
 * @cancel  Rejects at once; the connection is closed nevertheless.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_close(
    const avow_value_t *connection);

/**
 * Publishes a message to `subject`, at most once.
 *
 * `payload` is BYTES, or NONE for an empty one. `headers` are lines, "Name:
 * value", whose parts are not empty, with NULL at the end; NULL means none.
 *
 * The promise does not tell whether the message arrives, and no message is sent
 * again. Use avow_nats_flush() or avow_nats_close() to learn that the server
 * has it. Use avow_nats_states() to learn that the server did not permit it.
 * While the connection is lost, libnats keeps 8 MB
 * (natsOptions_SetReconnectBufSize()) to send later.
 *
 * @settles NONE when libnats has the message
 * @rejects UV_EINVAL if `subject` is invalid, has more than 3,900 bytes, or
 *          contains a wildcard ("*" or ">")
 * @rejects UV_EINVAL if a header is invalid
 * @rejects UV_EINVAL if `payload` is neither BYTES nor NONE
 * @rejects UV_EMSGSIZE if the server does not accept messages of that size
 * @rejects UV_ENOBUFS if the buffer is full while the connection is lost
 * @rejects UV_ENOTCONN if the connection is closed
 * @cancel  Rejects at once; the message may be sent nevertheless.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_publish(
    const avow_value_t *connection, const char *subject, avow_value_t payload,
    const char *const *headers);

/**
 * Publishes a question to `subject` and waits for the first answer.
 *
 * `payload` is BYTES, or NONE for an empty one. `headers` are lines, "Name:
 * value", with NULL at the end; NULL means none.
 *
 * A request is delivered at most once. Question or answer may be lost with a
 * connection, with the program that answers, or in a server that has too much
 * to do, and the promise then stays pending. Use avow_timeout(), and
 * avow_retry() for requests that may be done twice. While the connection is
 * lost the request waits, because an answer can still arrive on the next one.
 *
 * @settles OBJECT message, see avow_to_nats_msg()
 * @rejects as avow_nats_publish() rejects
 * @rejects UV_EACCES if the server forbids this user to receive answers, which
 *          needs "_INBOX.>"
 * @rejects UV_EHOSTUNREACH, at once, if there is no subscriber of `subject`
 *          (NATS_NO_RESPONDERS)
 * @rejects UV_ENOTCONN if libnats gives the connection up
 * @cancel  Rejects at once. The question is not sent, or its answer is dropped.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_request(
    const avow_value_t *connection, const char *subject, avow_value_t payload,
    const char *const *headers);

/**
 * Subscribes to the messages of `subject`.
 *
 * `subject` may have wildcards: "weather.*", "weather.>". With `queue` NULL,
 * each subscriber receives each message. Otherwise each message goes to one of
 * the subscribers that name that queue, at random. Such a queue does not know
 * how busy its subscribers are, so it is only for quick work.
 *
 * Messages are delivered at most once. Messages on their way are lost when the
 * connection is lost or its program ends. The release of the channel
 * unsubscribes and drops its messages. The channel keeps the connection, and
 * ends with avow_nats_close().
 *
 * Messages beyond `capacity`, and some 100 on their way, are dropped; 0 is the
 * default of libnats, 65,536. An error then is an item, at that place or soon
 * after: UV_ENOBUFS, NATS_SLOW_CONSUMER. Its message has the number of messages
 * that are missing before it and that no error has reported. While there is
 * constantly too much, there is about one error for each `capacity` messages
 * received, not one for each gap. If the subscription itself fails, the channel
 * gives that error once and ends.
 *
 * @items   OBJECT message, see avow_to_nats_msg(); errors with the code
 *          UV_ENOBUFS
 * @fails   UV_EACCES when the server reports that the subject is forbidden
 *          (NATS_NOT_PERMITTED)
 * @fails   UV_EINVAL if `subject` or `queue` is invalid
 * @fails   UV_ENOTCONN if libnats gives the connection up
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_nats_subscribe(
    const avow_value_t *connection, const char *subject, const char *queue,
    size_t capacity);

/**
 * Publishes an answer to a message that is a request, at most once.
 *
 * `payload` is BYTES, or NONE for an empty one. `headers` are lines, "Name:
 * value", with NULL at the end; NULL means none.
 *
 * @settles NONE when libnats has the message
 * @rejects as avow_nats_publish() rejects
 * @rejects UV_EINVAL if `question` is no request
 * @cancel  Rejects at once; the message may be sent nevertheless.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_answer(
    const avow_value_t *connection, const avow_value_t *question,
    avow_value_t payload, const char *const *headers);

/**
 * Waits until the server has received everything sent before.
 *
 * Messages are then on their way from the server, and subscriptions are active.
 *
 * @settles NONE when the server has confirmed that
 * @rejects UV_ECONNRESET while the connection is lost
 * @rejects UV_ETIMEDOUT if the server does not confirm within 5 s; later
 *          operations wait until then
 * @cancel  Rejects at once.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_flush(
    const avow_value_t *connection);

/**
 * Watches the status of the connection.
 *
 * The first item is the status now, and each change is another item. Of items
 * that were not received, the two newest are kept. The channel ends after
 * NATS_CONN_STATUS_CLOSED. That follows avow_nats_close(), or libnats gives up
 * connecting again (natsOptions_SetMaxReconnect()), which takes 2 minutes. The
 * channel does not keep the connection and also ends with it.
 *
 * Failures that no promise reports are errors among the items, each followed by
 * the status: UV_EACCES for a message or for credentials that the server does
 * not permit, and UV_EPROTO.
 *
 * @items   INT: NATS_CONN_STATUS_RECONNECTING when the connection is lost,
 *          NATS_CONN_STATUS_CONNECTED when there is one again, to any server,
 *          or NATS_CONN_STATUS_CLOSED; errors
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_nats_states(
    const avow_value_t *connection);

/** Options of a queue of jobs; 0 in a field is its default. */
typedef struct avow_nats_queue_options_s {
  uint64_t keep;        /* ms to keep outcomes, at least 100; 0: a day */
  unsigned replicas;    /* servers of a cluster that store it; 0: 1 */
  uint64_t reserved[4]; /* must be 0; for later versions */
} avow_nats_queue_options_t;

/**
 * Opens the queue of jobs `name`, and makes it if it is not there.
 *
 * `name` has 1 to 64 letters, digits, - and _. The queue consists of two
 * streams of JetStream, "avow-jobs-NAME" and "avow-done-NAME". `options` may be
 * NULL. The queue keeps the connection.
 *
 * @settles OBJECT queue
 * @rejects UV_EEXIST if the streams exist with other settings, such as those of
 *          other options
 * @rejects UV_EINVAL if `name` or an option is invalid
 * @rejects UV_ENOTSUP if the server has no JetStream
 * @rejects UV_EPROTO if the server refuses the options, such as too many
 *          replicas; the message is that of the server
 * @rejects UV_ETIMEDOUT if the server does not answer within 5 s
 * @cancel  Rejects at once; the streams may be left.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_queue(
    const avow_value_t *connection, const char *name,
    const avow_nats_queue_options_t *options);

/**
 * Puts the job `id` into the queue and waits for its outcome.
 *
 * `payload` is BYTES, or NONE for an empty one. A job is durable. Its `id`, 1
 * to 255 bytes of any kind, is enough to await the job again, after a restart
 * of the program or in another program. If the job is in the queue or a worker
 * has it, it is not added again. If it has an outcome that is kept, that is the
 * result, whatever the payload.
 *
 * The job is done at least once. While the connection or the server is lost,
 * the promise waits; limit it with avow_timeout().
 *
 * @settles BYTES: the result of the worker's handler
 * @rejects with the code and message of the handler's error if its last attempt
 *          failed
 * @rejects UV_ECONNABORTED if no worker has finished it in all its attempts
 * @rejects UV_EINVAL if `id` is empty or longer than 255 bytes
 * @rejects UV_EINVAL if `payload` is neither BYTES nor NONE
 * @rejects UV_EMSGSIZE if the server does not accept messages of that size
 * @rejects UV_ENOSPC if the server has no space
 * @rejects UV_ENOTCONN if the connection is closed
 * @cancel  Rejects at once and removes the job from the queue. A worker that
 *          has the job continues, and its outcome is kept. The close of the
 *          loop does not remove the job.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_job(const avow_value_t *queue,
                                                     const char *id,
                                                     avow_value_t payload);

/** A job that a worker has received. */
typedef struct avow_nats_job_s {
  const char *id;
  avow_value_t payload; /* BYTES */
  unsigned attempt;     /* 1 for the first */
} avow_nats_job_t;

/** Options of a worker; 0 in a field is its default. */
typedef struct avow_nats_work_options_s {
  size_t concurrency;   /* jobs at a time, at most 4,096; 0: 1 */
  unsigned attempts;    /* of a job, by all workers together; 0: 5 */
  uint64_t ack_wait;    /* ms of silence of a worker after which others get its
                         jobs; the newest worker sets it for all; 0: 30,000 */
  uint64_t delay;       /* ms from a failure to the next attempt; 0: 1,000 */
  uint64_t reserved[4]; /* must be 0; for later versions */
} avow_nats_work_options_t;

/**
 * Works on the jobs of the queue: calls `handler` for each job.
 *
 * The argument of `handler` is an OBJECT job, see avow_to_nats_job(). It
 * returns BYTES, NONE for an empty result, or a promise of these. An error, or
 * another value, is a failed attempt. Another attempt follows, by any worker,
 * until the job has had its attempts. Each time that a worker receives the job
 * is an attempt, also if the worker is canceled or its program ends.
 *
 * After its last attempt the job is a dead letter, which is kept in
 * "avow-done-NAME" as "avow.NAME.dead.ID". A payload as large as the largest
 * message of the server is left out. The promise of the job rejects with the
 * code and the first 1,000 bytes of the message of the last error.
 *
 * Jobs are done at least once. The outcome is stored before the job leaves the
 * queue, and a job with an outcome is not done again. While the promise of
 * `handler` is pending, the server is told three times in `ack_wait`. If a
 * worker is silent for longer, or its loop does not run, another worker can do
 * the job, too. The first outcome counts.
 *
 * `options` may be NULL. The promise waits while the connection or the server
 * is lost.
 *
 * @settles never: the worker runs until it rejects
 * @rejects with the error of the connection or the server
 * @rejects UV_EINVAL if `handler` is NULL or an option is invalid
 * @rejects UV_ENOSPC if the server has no space
 * @rejects UV_ENOTCONN if the connection is closed
 * @cancel  Cancels the promises of `handler`, waits for them, and gives their
 *          jobs back.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_work(
    const avow_value_t *queue, avow_cb handler, void *data,
    const avow_nats_work_options_t *options);

/**
 * Reads the argument of the handler of avow_nats_work().
 *
 * @returns the job, valid until the value is released; NULL for any other value
 */
AVOW_API const avow_nats_job_t *avow_to_nats_job(const avow_value_t *job);

/**
 * Counts the jobs of the queue.
 *
 * @settles INT jobs: those without an outcome, also those that workers have
 * @rejects with the error of the connection or the server
 * @cancel  Rejects at once.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_queue_len(
    const avow_value_t *queue);

/** Options of a bucket; 0 in a field is its default. */
typedef struct avow_nats_bucket_options_s {
  uint64_t keep;        /* ms to keep a value, at least 100; 0: forever */
  unsigned history;     /* values to keep for each key, at most 64; 0: 1 */
  unsigned replicas;    /* servers of a cluster that store it; 0: 1 */
  uint64_t reserved[4]; /* must be 0; for later versions */
} avow_nats_bucket_options_t;

/**
 * Opens the bucket `name` of keys and values, and makes it if necessary.
 *
 * `name` has 1 to 64 letters, digits, - and _. With `options` NULL, a bucket
 * that exists is used as it is. The bucket keeps the connection.
 *
 * @settles OBJECT bucket
 * @rejects UV_EEXIST if the bucket exists with other settings
 * @rejects UV_EINVAL if `name` or an option is invalid
 * @rejects UV_ENOTSUP if the server has no JetStream
 * @rejects UV_EPROTO if the server refuses the options, such as too many
 *          replicas; the message is that of the server
 * @rejects UV_ETIMEDOUT if the server does not answer within 5 s
 * @cancel  Rejects at once; the bucket may be left.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_bucket(
    const avow_value_t *connection, const char *name,
    const avow_nats_bucket_options_t *options);

/**
 * Stores `value` for `key`.
 *
 * `value` is BYTES, or NONE for an empty value. `key` has at most 255 letters,
 * digits and -/_=, with dots between them. After a rejection with UV_ETIMEDOUT
 * the value may be stored or not. Storing it again is safe.
 *
 * @settles INT revision: that of the bucket, when the server has stored `value`
 * @rejects as avow_nats_request() rejects
 * @rejects UV_EHOSTUNREACH if the bucket does not exist any more
 * @rejects UV_EINVAL if `key` is invalid
 * @rejects UV_ETIMEDOUT if the server does not answer within 5 s
 * @cancel  Rejects at once; the value may be stored nevertheless.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_put(const avow_value_t *bucket,
                                                     const char *key,
                                                     avow_value_t value);

/**
 * Gets the newest value of `key`.
 *
 * @settles OBJECT change, see avow_to_nats_change()
 * @rejects as avow_nats_request() rejects
 * @rejects UV_EHOSTUNREACH if the bucket does not exist any more
 * @rejects UV_EINVAL if `key` is invalid
 * @rejects UV_ENOENT if `key` has no value, or it is deleted
 * @rejects UV_ENOTSUP if another program made the bucket without "allow_direct"
 * @rejects UV_ETIMEDOUT if the server does not answer within 5 s
 * @cancel  Rejects at once.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_get(const avow_value_t *bucket,
                                                     const char *key);

/**
 * Deletes the value of `key`, which need not have one.
 *
 * @settles INT revision: the one in which `key` has no value
 * @rejects as avow_nats_request() rejects
 * @rejects UV_EHOSTUNREACH if the bucket does not exist any more
 * @rejects UV_EINVAL if `key` is invalid
 * @rejects UV_ETIMEDOUT if the server does not answer within 5 s
 * @cancel  Rejects at once; the value may be deleted nevertheless.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_delete(
    const avow_value_t *bucket, const char *key);

/** A change of a bucket. */
typedef struct avow_nats_change_s {
  const char *key;
  avow_value_t value; /* BYTES; NONE: the key was deleted */
  uint64_t revision;  /* of the bucket */
} avow_nats_change_t;

/**
 * Watches the changes of one key or, with wildcards, of many.
 *
 * `key` may be "lamps.*" or ">". The first items are the newest changes of each
 * key. Each later change is another item. While the channel is full, the server
 * keeps further changes.
 *
 * Changes are delivered at least once. After the connection was lost, the
 * channel continues with the changes that were missed, if the bucket still has
 * them. If too many changes arrive at once, an error is an item, UV_ENOBUFS,
 * and they are delivered again.
 *
 * The channel keeps the connection. It ends with avow_nats_close(), which drops
 * its items, and with its last reference.
 *
 * @items   OBJECT change, see avow_to_nats_change(); errors with the code
 *          UV_ENOBUFS
 * @fails   UV_EINVAL if `key` is invalid
 * @fails   UV_ENOENT if the bucket does not exist any more, which is noticed
 *          when the server has been silent for 15 s
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_nats_watch(
    const avow_value_t *bucket, const char *key);

/**
 * Reads a value of avow_nats_get() or avow_nats_watch().
 *
 * @returns the change, valid until the value is released; NULL for any other
 *          value
 */
AVOW_API const avow_nats_change_t *avow_to_nats_change(
    const avow_value_t *change);

/**
 * Gets the natsMsg of a message, for functions such as natsMsg_GetData().
 *
 * @returns the message, valid until `v` is released; NULL for any other value
 */
AVOW_API natsMsg *avow_to_nats_msg(const avow_value_t *v);

/**
 * Gets the natsConnection of a connection, for other functions of libnats.
 *
 * The caller must not close, drain or destroy it. Its functions may block:
 * those that send, while a write waits; and all of them, while libnats connects
 * again.
 *
 * @returns the natsConnection, valid as long as the connection; NULL for any
 *          other value
 */
AVOW_API natsConnection *avow_to_nats(const avow_value_t *connection);

/**
 * Gets the status of libnats for an error.
 *
 * @returns the status; NATS_OK if `error` is no error, or not one of libnats,
 *          such as UV_ECANCELED
 */
AVOW_API natsStatus avow_nats_code(const avow_value_t *error);

AVOW_HEADER_END

#endif
