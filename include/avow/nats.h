/* SPDX-License-Identifier: MIT */
/*
 * A client for NATS, built on libnats (nats.c): its promises settle with
 * results from other processes and machines.
 *
 * libavow-nats (pkg-config avow-nats) is a library of its own that uses only
 * public headers of avow; avow.h does not include this header. It uses the
 * options, connections and messages of libnats, so the program can call all
 * functions of libnats on them.
 *
 * libnats can block: while it looks up a name, connects or writes. So each
 * connection has a thread of its own, which makes all calls of libnats for it,
 * and libnats never blocks the loop. A connection on which no promise is
 * pending and no receiver waits does not keep the loop alive.
 *
 * Messages are delivered at most once. The jobs of a queue (avow_nats_queue())
 * use JetStream, which needs nats-server 2.9 or newer with -js. As long as
 * there are workers, each job is done at least once. A job may be done more
 * than once; its promise then settles with the first outcome. The server stores
 * the queue, so programs that send and do jobs may end and start again.
 * Key-value buckets use JetStream, too. Other NATS clients can use these
 * buckets.
 *
 * The message of an error is that of libnats; avow_nats_code() returns the
 * natsStatus.
 */
#ifndef AVOW_NATS_H
#define AVOW_NATS_H

#include <nats/nats.h>

#include "avow/channel.h"

AVOW_HEADER_BEGIN

/**
 * Connects to one of the servers of `url`.
 *
 * `url` is a server, such as "nats://127.0.0.1:4222", or a comma-separated list
 * of servers. If the connection is lost, libnats tries the next server. If
 * `url` is NULL, the servers of `options` are used, or localhost if there are
 * none. When the last reference to the connection is released, the connection
 * closes without waiting for pending operations; see avow_nats_close().
 *
 * The call takes ownership of `options`, even if the promise rejects. NULL
 * means the defaults of libnats and a limit of 5 s for each write. A program
 * that passes options must set such a limit with
 * natsOptions_SetWriteDeadline(): avow_loop_close() waits while the thread
 * writes or connects. A connect waits 2 s for each server that does not answer,
 * or as long as natsOptions_SetTimeout() says. The program must not set these
 * callbacks, because avow replaces them: natsOptions_SetDisconnectedCB(),
 * natsOptions_SetReconnectedCB(), natsOptions_SetClosedCB() and
 * natsOptions_SetErrorHandler(). Use avow_nats_states() instead.
 *
 * A program that calls nats_Close() must do so after avow_loop_close(), which
 * waits for the last callback of libnats. At its first use, libnats sets
 * SIGPIPE to SIG_IGN for the process, which replaces a SIGPIPE handler of the
 * program.
 *
 * @settles OBJECT connection
 * @rejects UV_ECONNREFUSED if no server can be reached, or if no server's name
 *          can be resolved
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
 * canceled leave their queues, and jobs of canceled workers return to their
 * queues. Then the connection is closed, even if one of these steps failed.
 * Later operations reject with UV_ENOTCONN.
 *
 * @settles NONE when all of these steps are done
 * @rejects UV_ETIMEDOUT if the server does not confirm within 5 s
 * @rejects with the reason if the connection was lost
 * @cancel  Rejects at once; the connection is closed nevertheless.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_close(
    const avow_value_t *connection);

/**
 * Publishes a message to `subject`, at most once.
 *
 * `payload` is BYTES, or NONE for an empty one. `headers` is an array of
 * strings "Name: value", both parts not empty, that ends with NULL. If there
 * are no headers, `headers` is NULL.
 *
 * The promise does not tell whether the message arrives, and no message is sent
 * again. To wait until the server has received the message, call
 * avow_nats_flush() or avow_nats_close(). If the server does not permit a
 * message, avow_nats_states() reports that. While the connection is lost,
 * libnats keeps up to 8 MB of messages (natsOptions_SetReconnectBufSize()) to
 * send later.
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
 * Publishes a request to `subject` and waits for the first answer.
 *
 * `payload` is BYTES, or NONE for an empty one. `headers` is an array of
 * strings "Name: value" that ends with NULL. If there are no headers, `headers`
 * is NULL.
 *
 * A request is delivered at most once. The request or its answer can be lost if
 * a connection breaks, if the answering program ends, or if a server is
 * overloaded. The promise then stays pending, so limit it with avow_timeout().
 * If a request may be done twice, also use avow_retry(). While the connection
 * is lost, the promise stays pending, because the answer can still arrive after
 * libnats has reconnected.
 *
 * @settles OBJECT message, see avow_to_nats_msg()
 * @rejects as avow_nats_publish() rejects
 * @rejects UV_EACCES if this user may not subscribe to "_INBOX.>", on which
 *          answers arrive
 * @rejects UV_EHOSTUNREACH, at once, if `subject` has no subscriber
 *          (NATS_NO_RESPONDERS)
 * @rejects UV_ENOTCONN if libnats stops reconnecting
 * @cancel  Rejects at once. The request is not sent, or its answer is dropped.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_request(
    const avow_value_t *connection, const char *subject, avow_value_t payload,
    const char *const *headers);

/**
 * Subscribes to the messages of `subject`.
 *
 * `subject` may contain wildcards: "weather.*", "weather.>". If `queue` is
 * NULL, the subscriber receives each message. Otherwise each message goes to
 * one of the subscribers that name that queue, at random. The server does not
 * know how busy these subscribers are, so use a queue only for quick work.
 *
 * Messages are delivered at most once. Messages in transit are lost when the
 * connection breaks or the program of the subscriber ends. When the last
 * reference to the channel is released, avow unsubscribes and drops the
 * buffered messages. The channel holds a reference to the connection, and ends
 * when avow_nats_close() closes the connection.
 *
 * At most `capacity` messages wait in libnats, and some 100 more between
 * libnats and the receiver. Further messages are dropped. A `capacity` of 0
 * means 65,536, the default of libnats. After a gap the channel delivers an
 * error as an item, there or soon after: UV_ENOBUFS, NATS_SLOW_CONSUMER. The
 * text of the error contains the number of messages that were dropped and that
 * no earlier error has counted. Under constant overload the channel delivers
 * about one error for each `capacity` messages received, not one for each gap.
 * If the subscription itself fails, the channel delivers that error once and
 * ends.
 *
 * @items   OBJECT message, see avow_to_nats_msg(); errors with the code
 *          UV_ENOBUFS
 * @fails   UV_EACCES when the server reports that the user may not subscribe to
 *          `subject` (NATS_NOT_PERMITTED)
 * @fails   UV_EINVAL if `subject` or `queue` is invalid
 * @fails   UV_ENOTCONN if libnats stops reconnecting
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_nats_subscribe(
    const avow_value_t *connection, const char *subject, const char *queue,
    size_t capacity);

/**
 * Publishes an answer to a message that is a request, at most once.
 *
 * `payload` is BYTES, or NONE for an empty one. `headers` is an array of
 * strings "Name: value" that ends with NULL. If there are no headers, `headers`
 * is NULL.
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
 * Waits until the server has received everything that was sent before.
 *
 * The server has then begun to deliver the messages, and subscriptions are
 * active.
 *
 * @settles NONE when the server has confirmed that it has received everything
 * @rejects UV_ECONNRESET while the connection is lost
 * @rejects UV_ETIMEDOUT if the server does not confirm within 5 s; meanwhile
 *          later operations on the connection wait
 * @cancel  Rejects at once.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_flush(
    const avow_value_t *connection);

/**
 * Watches the status of the connection.
 *
 * The first item is the current status, and each change is another item. Of
 * items that were not received, the two newest are kept. The channel ends after
 * NATS_CONN_STATUS_CLOSED. That status follows an avow_nats_close(). It also
 * follows when libnats stops reconnecting, by default after 2 minutes
 * (natsOptions_SetMaxReconnect()). The channel holds no reference to the
 * connection, and also ends when the last reference to the connection is
 * released.
 *
 * Failures that belong to no promise appear as errors among the items, each
 * followed by the status. The code is UV_EACCES if the server does not permit a
 * message or rejects the credentials, and UV_EPROTO for other failures.
 *
 * @items   INT: NATS_CONN_STATUS_RECONNECTING when the connection is lost,
 *          NATS_CONN_STATUS_CONNECTED when there is a connection again, to any
 *          server, or NATS_CONN_STATUS_CLOSED; errors
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_nats_states(
    const avow_value_t *connection);

/** Options of a queue of jobs; 0 in a field means its default. */
typedef struct avow_nats_queue_options_s {
  uint64_t keep;        /* ms to keep outcomes; at least 100, default a day */
  unsigned replicas;    /* servers that store it in a cluster; default 1 */
  uint64_t reserved[4]; /* must be zeros; for later versions */
} avow_nats_queue_options_t;

/**
 * Opens the job queue `name`, and creates it if it does not exist.
 *
 * `name` has 1 to 64 letters, digits, - and _. The queue consists of two
 * streams of JetStream, "avow-jobs-NAME" and "avow-done-NAME". `options` may be
 * NULL. The queue holds a reference to the connection.
 *
 * @settles OBJECT queue
 * @rejects UV_EEXIST if the streams exist with other settings, such as those of
 *          other options
 * @rejects UV_EINVAL if `name` or an option is invalid
 * @rejects UV_ENOTSUP if the server has no JetStream
 * @rejects UV_EPROTO if the server refuses the options, such as too many
 *          replicas; the message of the error is that of the server
 * @rejects UV_ETIMEDOUT if the server does not answer within 5 s
 * @cancel  Rejects at once. Streams that the server has already created stay.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_queue(
    const avow_value_t *connection, const char *name,
    const avow_nats_queue_options_t *options);

/**
 * Puts the job `id` into the queue and waits for its outcome.
 *
 * `payload` is BYTES, or NONE for an empty one. A job is durable. `id` is a
 * string of 1 to 255 bytes of any kind. With `id` alone any program can await
 * the job again, even after a restart. If the job is in the queue or a worker
 * has it, the call does not add the job again. If the outcome of the job is
 * still stored, the promise settles with that outcome, and `payload` is
 * ignored.
 *
 * The job is done at least once. While the connection or the server is lost,
 * the promise stays pending; limit it with avow_timeout().
 *
 * @settles BYTES: the result of the worker's handler
 * @rejects with the code and message of the handler's error if its last attempt
 *          failed
 * @rejects UV_ECONNABORTED if no attempt had an outcome, for example because
 *          the programs of the workers ended
 * @rejects UV_EINVAL if `id` is empty or longer than 255 bytes
 * @rejects UV_EINVAL if `payload` is neither BYTES nor NONE
 * @rejects UV_EMSGSIZE if the server does not accept messages of that size
 * @rejects UV_ENOSPC if the server has no space
 * @rejects UV_ENOTCONN if the connection is closed
 * @cancel  Rejects at once and removes the job from the queue. A worker that
 *          has the job continues, and its outcome is stored. avow_loop_close()
 *          does not remove the job.
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

/** Options of a worker; 0 in a field means its default. */
typedef struct avow_nats_work_options_s {
  size_t concurrency;   /* jobs at a time; at most 4,096, default 1 */
  unsigned attempts;    /* of a job, by all workers together; default 5 */
  uint64_t ack_wait;    /* ms without a sign of life after which other workers
                           get the jobs of a worker; default 30,000. The worker
                           that started last sets it for all workers. */
  uint64_t delay;       /* ms from a failure to a new attempt; default 1,000 */
  uint64_t reserved[4]; /* must be zeros; for later versions */
} avow_nats_work_options_t;

/**
 * Works on the jobs of the queue: calls `handler` for each job.
 *
 * The argument of `handler` is an OBJECT job, see avow_to_nats_job(). `handler`
 * returns BYTES, NONE for an empty result, or a promise of one of these. If
 * `handler` returns an error or another value, the attempt has failed. Any
 * worker then tries the job again, up to `attempts` times in total. Each
 * delivery to a worker counts as an attempt, even if the worker is then
 * canceled or its program ends.
 *
 * When the last attempt has failed, the job becomes a dead letter, which is
 * kept in "avow-done-NAME" as "avow.NAME.dead.ID". If the payload would make
 * the dead letter too large for the server, the dead letter does not contain
 * the payload. The promise of the job rejects with the code of the last error
 * and the first 1,000 bytes of its message.
 *
 * Jobs are done at least once. The outcome is stored before the job leaves the
 * queue, and a job with an outcome is not done again. While the promise of
 * `handler` is pending, avow tells the server three times per `ack_wait` that
 * the job is in progress. If the server hears nothing for `ack_wait`, for
 * example because the worker's loop does not run, another worker can do the
 * job, too. The first outcome counts.
 *
 * `options` may be NULL. While the connection or the server is lost, the
 * promise stays pending.
 *
 * @settles never: the worker runs until it rejects
 * @rejects with the error of the connection or the server
 * @rejects UV_EINVAL if `handler` is NULL or an option is invalid
 * @rejects UV_ENOSPC if the server has no space
 * @rejects UV_ENOTCONN if the connection is closed
 * @cancel  Cancels the promises of `handler`, waits until they have settled,
 *          and returns their jobs to the queue.
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
 * @settles INT jobs; counts the jobs without an outcome, including those that
 *          workers have
 * @rejects with the error of the connection or the server
 * @cancel  Rejects at once.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_queue_len(
    const avow_value_t *queue);

/** Options of a bucket; 0 in a field means its default. */
typedef struct avow_nats_bucket_options_s {
  uint64_t keep;        /* ms to keep a value; at least 100, default forever */
  unsigned history;     /* values to keep for each key; at most 64, default 1 */
  unsigned replicas;    /* servers that store it in a cluster; default 1 */
  uint64_t reserved[4]; /* must be zeros; for later versions */
} avow_nats_bucket_options_t;

/**
 * Opens the key-value bucket `name`, and creates it if it does not exist.
 *
 * `name` has 1 to 64 letters, digits, - and _. If `options` is NULL, a bucket
 * that exists keeps its settings. The bucket holds a reference to the
 * connection.
 *
 * @settles OBJECT bucket
 * @rejects UV_EEXIST if the bucket exists with other settings
 * @rejects UV_EINVAL if `name` or an option is invalid
 * @rejects UV_ENOTSUP if the server has no JetStream
 * @rejects UV_EPROTO if the server refuses the options, such as too many
 *          replicas; the message of the error is that of the server
 * @rejects UV_ETIMEDOUT if the server does not answer within 5 s
 * @cancel  Rejects at once. If the server has already created the bucket, it
 *          stays.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_bucket(
    const avow_value_t *connection, const char *name,
    const avow_nats_bucket_options_t *options);

/**
 * Stores `value` for `key`.
 *
 * `value` is BYTES, or NONE for an empty value. `key` has at most 255 letters,
 * digits and -/_=, with dots between them. After a rejection with UV_ETIMEDOUT
 * it is unknown whether the value was stored. Storing it again is safe.
 *
 * @settles INT revision, the new one of the bucket, when the server has stored
 *          `value`
 * @rejects as avow_nats_request() rejects
 * @rejects UV_EHOSTUNREACH if the bucket no longer exists
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
 * @rejects UV_EHOSTUNREACH if the bucket no longer exists
 * @rejects UV_EINVAL if `key` is invalid
 * @rejects UV_ENOENT if `key` has no value, or its value was deleted
 * @rejects UV_ENOTSUP if another program created the bucket without
 *          "allow_direct"
 * @rejects UV_ETIMEDOUT if the server does not answer within 5 s
 * @cancel  Rejects at once.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_get(const avow_value_t *bucket,
                                                     const char *key);

/**
 * Deletes the value of `key`; it is no error if there is none.
 *
 * @settles INT revision, the new one of the bucket, when the server has deleted
 *          the value
 * @rejects as avow_nats_request() rejects
 * @rejects UV_EHOSTUNREACH if the bucket no longer exists
 * @rejects UV_EINVAL if `key` is invalid
 * @rejects UV_ETIMEDOUT if the server does not answer within 5 s
 * @cancel  Rejects at once; the value may be deleted nevertheless.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_delete(
    const avow_value_t *bucket, const char *key);

/** A change of a bucket. */
typedef struct avow_nats_change_s {
  const char *key;
  avow_value_t value; /* BYTES; NONE if the key was deleted */
  uint64_t revision;  /* of the bucket */
} avow_nats_change_t;

/**
 * Watches the changes of one key or, with wildcards, of many.
 *
 * `key` may be "lamps.*" or ">". The channel first delivers the newest change
 * of each matching key. Each later change is another item. While the channel is
 * full, the server keeps further changes.
 *
 * Changes are delivered at least once. After the connection was lost, the
 * channel continues with the changes that were missed, if the bucket still has
 * them. If changes arrive too fast, the channel delivers an error as an item,
 * UV_ENOBUFS, and then delivers the missed changes again.
 *
 * The channel holds a reference to the connection. The channel ends when
 * avow_nats_close() closes the connection, which drops the buffered items.
 * Watching stops when the last reference to the channel is released.
 *
 * @items   OBJECT change, see avow_to_nats_change(); errors with the code
 *          UV_ENOBUFS
 * @fails   UV_EINVAL if `key` is invalid
 * @fails   UV_ENOENT if the bucket no longer exists, which the channel notices
 *          when the server has sent nothing for 15 s
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
 * The caller must not close, drain or destroy the natsConnection. Calls with it
 * may block. Functions that send block while a write is blocked. All functions
 * block while libnats reconnects.
 *
 * @returns the natsConnection, valid as long as the connection; NULL for any
 *          other value
 */
AVOW_API natsConnection *avow_to_nats(const avow_value_t *connection);

/**
 * Gets the status of libnats for an error.
 *
 * @returns the status; NATS_OK if `error` is no error, or is an error that
 *          libnats did not report, such as UV_ECANCELED
 */
AVOW_API natsStatus avow_nats_code(const avow_value_t *error);

AVOW_HEADER_END

#endif
