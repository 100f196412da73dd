/* SPDX-License-Identifier: MIT */
/*
 * A client for NATS that uses libnats (nats.c).
 *
 * libavow-nats (pkg-config avow-nats) is a separate library; avow.h does not
 * include this header. It uses the options, connections and messages of
 * libnats, so the program can also call functions of libnats with them.
 *
 * libnats blocks while it looks up a name, connects or writes. Therefore each
 * connection has a thread of its own for these calls. A connection on which no
 * promise is pending and no receiver waits does not keep the loop alive.
 *
 * Messages are delivered at most once. In this header, a job is an entry of a
 * queue that the server stores (avow_nats_queue()). Workers run each job at
 * least once (avow_nats_work()); the first outcome counts. A bucket stores a
 * value for each key (avow_nats_bucket()), and other NATS clients can use it.
 * Queues and buckets need JetStream: nats-server 2.9 or newer with -js.
 *
 * Errors have the messages of libnats; avow_nats_code() returns the natsStatus.
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
 * of servers. If `url` is NULL, libnats uses the servers of `options`, or
 * localhost if `options` has none. If the connection is lost, libnats tries the
 * next server. When the program releases the last reference to the connection,
 * the connection closes without waiting for pending operations; see
 * avow_nats_close().
 *
 * Takes ownership of `options`. NULL means the defaults of libnats and a limit
 * of 5 s for each write. avow_loop_close() waits while the thread writes or
 * connects. Therefore a program that passes options must set a limit with
 * natsOptions_SetWriteDeadline(). natsOptions_SetTimeout() limits the time to
 * connect to each server, 2 s by default.
 *
 * avow replaces these callbacks, so the program must not set them:
 * natsOptions_SetDisconnectedCB(), natsOptions_SetReconnectedCB(),
 * natsOptions_SetClosedCB() and natsOptions_SetErrorHandler(). Use
 * avow_nats_states() instead.
 *
 * If the program calls nats_Close(), it must do so after avow_loop_close(). At
 * its first use, libnats sets SIGPIPE to SIG_IGN for the process, which
 * replaces a SIGPIPE handler of the program.
 *
 * @settles OBJECT connection
 * @rejects UV_ECONNREFUSED if libnats cannot reach any server, or cannot
 *          resolve the name of any server
 * @rejects UV_EACCES if the server does not accept the credentials
 * @rejects UV_ECONNRESET if the connection is lost
 * @rejects UV_EIO if reading or writing the connection fails
 * @rejects UV_EINVAL if `url` is not a valid URL
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
 * Waits until the server has confirmed all earlier messages. Also waits until
 * canceled jobs have left their queues, and until the jobs of canceled workers
 * are in their queues again. Then closes the connection, even if one of these
 * steps failed. Later operations reject with UV_ENOTCONN.
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
 * `payload` is BYTES, or NONE for an empty one. `headers` is NULL, or an array
 * of strings "Name: value" that ends with NULL. The name and the value must not
 * be empty.
 *
 * The promise does not tell whether the message arrives. To wait until the
 * server has received the message, call avow_nats_flush() or avow_nats_close().
 * If the server does not permit the message, avow_nats_states() delivers an
 * error. While the connection is lost, libnats buffers up to 8 MB of messages
 * (natsOptions_SetReconnectBufSize()), and sends them later.
 *
 * @settles NONE when libnats has accepted the message
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
 * `payload` is BYTES, or NONE for an empty one. `headers` is NULL, or an array
 * of strings "Name: value" that ends with NULL.
 *
 * A request is delivered at most once. The request or its answer is lost if a
 * connection breaks, if the program that should answer ends, or if a server is
 * overloaded. It is also lost if the server does not permit `subject`, which
 * avow_nats_states() reports. The promise then stays pending, so limit it with
 * avow_timeout(). If it is safe to repeat the request, also use avow_retry().
 * While the connection is lost, the promise stays pending, because the answer
 * can still arrive.
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
 * NULL, the subscriber receives each message. Otherwise `queue` names a queue
 * group of NATS: the server sends each message to one subscriber of the group,
 * at random. The server does not know how busy these subscribers are, so use a
 * group only for quick work.
 *
 * Messages in transit are lost when the connection breaks or the program of the
 * subscriber ends. The channel holds a reference to the connection, and ends
 * when avow_nats_close() closes the connection. When the program releases the
 * last reference to the channel, avow unsubscribes and drops the buffered
 * messages.
 *
 * Up to `capacity` messages wait in libnats. A `capacity` of 0 stands for
 * 65,536. About 130 more messages can wait between libnats and the receiver.
 * libnats drops further messages. The channel then delivers an error as an
 * item: UV_ENOBUFS, NATS_SLOW_CONSUMER. The message of the error contains the
 * number of messages that were dropped since the previous such error. During a
 * long overload, the channel delivers about `capacity` messages between two
 * errors.
 *
 * @items   OBJECT message, see avow_to_nats_msg(); errors with the code
 *          UV_ENOBUFS
 * @fails   UV_EACCES if the server reports that the user may not subscribe to
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
 * `payload` is BYTES, or NONE for an empty one. `headers` is NULL, or an array
 * of strings "Name: value" that ends with NULL.
 *
 * @settles NONE when libnats has accepted the message
 * @rejects as avow_nats_publish() rejects
 * @rejects UV_EINVAL if `question` is not a request
 * @cancel  Rejects at once; the message may be sent nevertheless.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_answer(
    const avow_value_t *connection, const avow_value_t *question,
    avow_value_t payload, const char *const *headers);

/**
 * Waits until the server has received all earlier messages.
 *
 * The server has then begun to deliver these messages, and earlier
 * subscriptions are active.
 *
 * @settles NONE when the server has confirmed all earlier messages
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
 * The first item is the current status, and each change is another item. The
 * channel keeps only the two newest items that were not received. It ends after
 * NATS_CONN_STATUS_CLOSED. This is the status after avow_nats_close(), and
 * after libnats has stopped reconnecting, by default after 2 minutes
 * (natsOptions_SetMaxReconnect()). The channel holds no reference to the
 * connection. It also ends when the last reference to the connection is
 * released.
 *
 * If no promise reports a failure, the channel delivers the failure as an
 * error, and then the current status again. The code is UV_EACCES if the server
 * does not permit a message or rejects the credentials, and UV_EPROTO for other
 * failures.
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
  unsigned replicas;    /* servers of a cluster that store each job and each
                           outcome; default 1 */
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
 * @rejects UV_EEXIST if the streams exist with other settings
 * @rejects UV_EINVAL if `name` or an option is invalid
 * @rejects UV_ENOTSUP if the server has no JetStream
 * @rejects UV_EPROTO if the server refuses the options, such as too many
 *          replicas; the error has the message of the server
 * @rejects UV_ETIMEDOUT if the server does not answer within 5 s
 * @cancel  Rejects at once. Streams that the server has already created stay.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_queue(
    const avow_value_t *connection, const char *name,
    const avow_nats_queue_options_t *options);

/**
 * Puts the job `id` into the queue and waits for its outcome.
 *
 * `id` is a string of 1 to 255 bytes. `payload` is BYTES, or NONE for an empty
 * one. If the queue already has a job with that `id`, the call adds no job. If
 * the queue still stores an outcome for `id`, the promise settles with that
 * outcome. In both cases `payload` is ignored. Therefore any program can await
 * the job by its `id`, even after a restart.
 *
 * While the connection or the server is lost, the promise stays pending; limit
 * it with avow_timeout().
 *
 * @settles BYTES: the result of the worker's handler
 * @rejects with the code and message of the handler's error if its last attempt
 *          failed
 * @rejects UV_ECONNABORTED if the last attempt had no outcome, for example
 *          because the program of the worker ended
 * @rejects UV_EINVAL if `id` is empty or longer than 255 bytes
 * @rejects UV_EINVAL if `payload` is neither BYTES nor NONE
 * @rejects UV_EMSGSIZE if the server does not accept messages of that size
 * @rejects UV_ENOSPC if the server has no space
 * @rejects UV_ENOTCONN if the connection is closed
 * @cancel  Rejects at once, and then removes the job from the queue, even if a
 *          worker has the job. The worker then continues, and the outcome is
 *          stored. If another promise waits for the job, the job is put into
 *          the queue again. avow_loop_close() does not remove the job.
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
  unsigned attempts;    /* attempts of a job by all workers; default 5 */
  uint64_t ack_wait;    /* ms; if the server receives no message from a
                           worker for this time, it gives the job to another;
                           default 30,000. The value of the worker that started
                           last applies to all workers. */
  uint64_t delay;       /* ms from a failure to a new attempt; default 1,000 */
  uint64_t reserved[4]; /* must be zeros; for later versions */
} avow_nats_work_options_t;

/**
 * Runs the jobs of the queue: calls `handler` for each job.
 *
 * The argument of `handler` is an OBJECT job, see avow_to_nats_job(). `handler`
 * returns BYTES, NONE for an empty result, or a promise of one of these. If
 * `handler` returns an error or another value, the attempt has failed. After
 * `delay`, a worker tries the job again, up to `attempts` times in total. Each
 * delivery to a worker counts as an attempt, even if the worker is then
 * canceled or its program ends.
 *
 * When the last attempt has failed, the promise of the job rejects with the
 * code of the last error and the first 1,000 bytes of its message. The job
 * becomes a dead letter: the message "avow.NAME.dead.ID" of the stream
 * "avow-done-NAME". In ID, "=" and two hexadecimal digits replace each byte
 * other than a letter, a digit, - and _. If the dead letter would be too large
 * for the server, it does not contain the payload.
 *
 * A job runs at least once. avow stores the outcome before it removes the job
 * from the queue, and does not run a job that has an outcome. While a job runs,
 * avow tells the server three times per `ack_wait` that the job is in progress.
 * If the server receives no such message for `ack_wait`, another worker may run
 * the job, too. This also happens if the loop of the first worker does not run.
 * The first outcome counts.
 *
 * `options` may be NULL. While the connection or the server is lost, the
 * promise stays pending.
 *
 * @settles never fulfills: the worker runs until the promise rejects
 * @rejects with the error of the connection or the server
 * @rejects UV_EINVAL if `handler` is NULL or an option is invalid
 * @rejects UV_ENOSPC if the server has no space
 * @rejects UV_ENOTCONN if the connection is closed
 * @cancel  Cancels the promises that `handler` returned, waits until they have
 *          settled, and returns their jobs to the queue.
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
 * @settles INT jobs in the queue, including those that workers have
 * @rejects with the error of the connection or the server
 * @cancel  Rejects at once.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_queue_len(
    const avow_value_t *queue);

/** Options of a bucket; 0 in a field means its default. */
typedef struct avow_nats_bucket_options_s {
  uint64_t keep;        /* ms to keep a value; at least 100, default forever */
  unsigned history;     /* values to keep for each key; at most 64, default 1 */
  unsigned replicas;    /* servers of a cluster that store it; default 1 */
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
 *          replicas; the error has the message of the server
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
 * `value` is BYTES, or NONE for an empty value. `key` has at most 255 bytes. It
 * consists of letters, digits, and the characters "-/_=". A single dot may
 * stand between two of these characters.
 * After a rejection with UV_ETIMEDOUT it is unknown whether the value was
 * stored. Storing it again is safe.
 *
 * @settles INT revision, the new revision of the bucket, when the server has
 *          stored `value`
 * @rejects with the error of the server for other failures
 * @rejects UV_EACCES if this user may not subscribe to "_INBOX.>", on which
 *          answers arrive
 * @rejects UV_EHOSTUNREACH if the bucket no longer exists
 * @rejects UV_EINVAL if `key` is invalid
 * @rejects UV_EINVAL if `value` is neither BYTES nor NONE
 * @rejects UV_EMSGSIZE if the server does not accept messages of that size
 * @rejects UV_ENOBUFS if the buffer is full while the connection is lost
 * @rejects UV_ENOSPC if the server has no space
 * @rejects UV_ENOTCONN if the connection is closed, or libnats stops
 *          reconnecting
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
 * @rejects with the error of the server for other failures
 * @rejects UV_EACCES if this user may not subscribe to "_INBOX.>", on which
 *          answers arrive
 * @rejects UV_EHOSTUNREACH if the bucket no longer exists
 * @rejects UV_EINVAL if `key` is invalid
 * @rejects UV_ENOBUFS if the buffer is full while the connection is lost
 * @rejects UV_ENOENT if `key` has no value
 * @rejects UV_ENOTCONN if the connection is closed, or libnats stops
 *          reconnecting
 * @rejects UV_ENOTSUP if another program created the bucket without the
 *          JetStream setting "allow_direct"
 * @rejects UV_ETIMEDOUT if the server does not answer within 5 s
 * @cancel  Rejects at once.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_get(const avow_value_t *bucket,
                                                     const char *key);

/**
 * Deletes the value of `key`, if there is one.
 *
 * @settles INT revision, the new revision of the bucket, when the server has
 *          deleted the value
 * @rejects with the error of the server for other failures
 * @rejects UV_EACCES if this user may not subscribe to "_INBOX.>", on which
 *          answers arrive
 * @rejects UV_EHOSTUNREACH if the bucket no longer exists
 * @rejects UV_EINVAL if `key` is invalid
 * @rejects UV_ENOBUFS if the buffer is full while the connection is lost
 * @rejects UV_ENOSPC if the server has no space
 * @rejects UV_ENOTCONN if the connection is closed, or libnats stops
 *          reconnecting
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
 * `key` may contain wildcards: "lamps.*", ">". The channel first delivers the
 * newest change of each matching key. Each later change is another item. While
 * the program does not receive, the server soon stops sending and keeps further
 * changes.
 *
 * Changes are delivered at least once. After the connection was lost, the
 * channel continues with the changes that were missed, if the bucket still has
 * them. If more than 1,000,000 changes arrive before the server stops, libnats
 * drops further changes. The channel then delivers an error as an item,
 * UV_ENOBUFS, and requests these changes again.
 *
 * The channel holds a reference to the connection. When avow_nats_close()
 * closes the connection, the channel drops its buffered items and ends.
 *
 * @items   OBJECT change, see avow_to_nats_change(); errors with the code
 *          UV_ENOBUFS
 * @fails   UV_EINVAL if `key` is invalid
 * @fails   UV_ENOENT if the bucket no longer exists; detected when the server
 *          has sent nothing for 15 s
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
 * The caller must not close, drain or destroy the natsConnection. A function
 * that sends a message blocks while a write is blocked. All functions may block
 * while libnats reconnects. Functions of JetStream wait for the server.
 * Therefore call them on another thread.
 *
 * @returns the natsConnection, valid as long as the connection; NULL for any
 *          other value
 */
AVOW_API natsConnection *avow_to_nats(const avow_value_t *connection);

/**
 * Gets the status of libnats for an error.
 *
 * @returns the status; NATS_OK if `error` is not an error, or is an error that
 *          libnats did not report, such as UV_ECANCELED
 */
AVOW_API natsStatus avow_nats_code(const avow_value_t *error);

AVOW_HEADER_END

#endif
