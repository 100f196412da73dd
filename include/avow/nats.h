/* SPDX-License-Identifier: MIT */
/*
 * NATS by libnats (nats.c): promises whose other end is in another process, or
 * on another machine. A library of its own, libavow-nats (pkg-config
 * avow-nats), that avow knows nothing of; avow.h does not include this. What
 * libnats has beyond it is in reach: its options, connections and messages are
 * taken and given as they are.
 *
 * A connection has a thread of its own, the only one that calls libnats, for
 * that may wait: for names, servers and sockets. So nothing of it blocks the
 * loop. A connection of which nothing is awaited keeps no loop alive.
 */
#ifndef AVOW_NATS_H
#define AVOW_NATS_H

#include <nats/nats.h>

#include "avow/channel.h"

AVOW_HEADER_BEGIN

/**
 * OBJECT: a connection to one of the servers of url, "nats://127.0.0.1:4222",
 * several with commas between, and then it goes to the next where one is lost
 * (natsConnection_Connect). url NULL is that of the options, or without these
 * libnats' own, localhost. It ends when the last reference goes, which waits
 * for nothing; see avow_nats_close().
 *
 * options is taken, also if this rejects; NULL is libnats' defaults, with 5 s
 * at most for a write. Who has their own limits writes, too
 * (natsOptions_SetWriteDeadline): closing the loop waits for the thread, be it
 * in the middle of a write or a connect, so 2 s for each server that does not
 * answer, unless natsOptions_SetTimeout() says otherwise. The connection keeps
 * to itself natsOptions_SetDisconnectedCB(), natsOptions_SetReconnectedCB(),
 * natsOptions_SetClosedCB() and natsOptions_SetErrorHandler(): see
 * avow_nats_states().
 *
 * A program that calls nats_Close() does so behind avow_loop_close(), which
 * waits for what libnats calls last. The first use of libnats sets SIGPIPE to
 * SIG_IGN for the process, also in place of a handler.
 *
 * Rejects with what avow_nats_code() says, a message of libnats' and a code of
 * libuv's: UV_ECONNREFUSED if there is no server to connect to, also if no name
 * of a server is found, UV_ETIMEDOUT, UV_EACCES for who is not let in,
 * UV_EINVAL for what is no URL, UV_EIO or UV_ECONNRESET for connections that
 * are lost, UV_ENOMEM; else UV_EPROTO. Cancelling rejects at once, and the
 * thread ends when libnats has heard.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_connect(uv_loop_t *loop,
                                                         const char *url,
                                                         natsOptions *options);

/**
 * NONE, once what was asked of the connection before has been sent, the server
 * has said that it has it, jobs that were cancelled before have left their
 * queues, those of cancelled workers are given back, and the connection is
 * closed. UV_ETIMEDOUT if it has not said so within 5 s, or else what its loss
 * was: closed it is in any case, and what is asked of it from then on rejects
 * with UV_ENOTCONN. Cancelling rejects at once, and closes it all the same.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_close(
    const avow_value_t *connection);

/**
 * NONE, once libnats has the message, which it sends: at most once, for nobody
 * says that it has come, and none is sent again. avow_nats_close() knows that
 * the server has it, and avow_nats_states() if the server did not permit it.
 * While the connection is lost libnats keeps 8 MB
 * (natsOptions_SetReconnectBufSize()) for when there is one again.
 *
 * Takes payload, BYTES, or NONE for none. headers are lines, "Name: value",
 * neither of which is empty, and NULL at the end; NULL for none. UV_EINVAL for
 * what is no subject ("*" and ">" are tokens of none, and it has 3,900 bytes at
 * most), no header or other than BYTES, UV_EMSGSIZE for more than the server
 * takes, UV_ENOBUFS if there is no more room while the connection is lost,
 * UV_ENOTCONN once it is closed. Cancelling rejects at once; it may be sent all
 * the same.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_publish(
    const avow_value_t *connection, const char *subject, avow_value_t payload,
    const char *const *headers);

/**
 * OBJECT: the first answer to a message that is published, see
 * avow_to_nats_msg(). At most once: what was asked, or the answer to it, may be
 * lost with a connection, with whoever answers, or where a server has too much,
 * and nobody says so. So give it a limit, avow_timeout(), and ask again
 * (avow_retry()) what may be done twice.
 *
 * Rejects as avow_nats_publish(), and with UV_EHOSTUNREACH at once if nobody
 * listens to that subject (NATS_NO_RESPONDERS), UV_EACCES if the server forbids
 * this user to hear answers, who needs "_INBOX.>". While the connection is lost
 * it waits, for there may be an answer still when there is one again; if
 * libnats gives that up it rejects with UV_ENOTCONN. Cancelling rejects at
 * once: it is not sent any more, or its answer is dropped.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_request(
    const avow_value_t *connection, const char *subject, avow_value_t payload,
    const char *const *headers);

/**
 * OBJECTs: the messages to a subject, "weather.*" or "weather.>" for many (see
 * avow_to_nats_msg()), each of which goes to all who listen, or to one of those
 * that name the same queue, at random; NULL: none. At most once: what is on its
 * way when a connection is lost, or its program ends, is gone, and so is what
 * nobody has taken when the channel is let go of, which unsubscribes. A queue
 * tells nobody how busy he is: it is for what is quick.
 *
 * Beyond capacity messages (0 is libnats' default, 65,536), and some 100 on
 * their way, the next are dropped, and an error is an item, where they are
 * missing or soon behind that: UV_ENOBUFS, NATS_SLOW_CONSUMER, with a message
 * that says how many are missing before it that no error has told of. As long
 * as there is too much it is one for some capacity messages that come, not one
 * for each gap. It ends with avow_nats_close(). What cannot be subscribed to is
 * one error, and the end: UV_EINVAL; so is UV_EACCES, as soon as the server
 * says that it is forbidden (NATS_NOT_PERMITTED), and UV_ENOTCONN, where
 * libnats has given up connecting. The channel holds the connection.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_nats_subscribe(
    const avow_value_t *connection, const char *subject, const char *queue,
    size_t capacity);

/** Publishes an answer to a message that is a request. At most once, as
    avow_nats_publish(); UV_EINVAL where nobody has asked. */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_answer(
    const avow_value_t *connection, const avow_value_t *question,
    avow_value_t payload, const char *const *headers);

/**
 * NONE, once the server has had all that was asked of the connection before:
 * messages are on their way from there, subscriptions hear. UV_ETIMEDOUT if it
 * does not say so in 5 s, for which what is asked meanwhile waits;
 * UV_ECONNRESET while there is no connection. Cancelling rejects at once.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_flush(
    const avow_value_t *connection);

/**
 * INTs: how the connection is now, and then each time that it changes, of those
 * that nobody has taken the two newest: NATS_CONN_STATUS_RECONNECTING as soon
 * as it is lost, NATS_CONN_STATUS_CONNECTED when there is one again, of this
 * server or another, and NATS_CONN_STATUS_CLOSED, behind which it ends: by
 * avow_nats_close(), or because libnats has given up
 * (natsOptions_SetMaxReconnect()), which it does after 2 minutes. Ends with the
 * connection as well when that is let go of: it does not hold it.
 *
 * What fails and nobody else hears of is an error among them, behind which
 * comes how it is again: UV_EACCES for what was published and is not permitted,
 * or for credentials that a server does not take any more; UV_EPROTO.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_nats_states(
    const avow_value_t *connection);

/**
 * Jobs, by JetStream (nats-server 2.9 or newer, with -js): a queue of them that
 * servers and workers may leave and come back to. Never exactly once: each job
 * is done at least once as long as there are workers, and its promise has one
 * outcome.
 */

/** Zero in a field stands for its default. */
typedef struct avow_nats_queue_options_s {
  uint64_t keep;        /* ms that outcomes are kept, at least 100; a day */
  unsigned replicas;    /* servers of a cluster that have all of it; 1 */
  uint64_t reserved[4]; /* zeros, else UV_EINVAL: for later versions */
} avow_nats_queue_options_t;

/**
 * OBJECT: the queue of that name (letters, digits, - and _, 64 at most), which
 * is made if it is not there: two streams, "avow-jobs-NAME" and
 * "avow-done-NAME". It holds the connection. options may be NULL. UV_EINVAL for
 * other names, UV_EEXIST if there are such streams with other settings, also if
 * they come of other options, UV_ENOTSUP if the server has no JetStream,
 * UV_ETIMEDOUT if it says nothing for 5 s. UV_EPROTO, with the message of the
 * server, if it refuses the options, for example too many replicas. Cancelling
 * rejects at once, and may leave the streams.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_queue(
    const avow_value_t *connection, const char *name,
    const avow_nats_queue_options_t *options);

/**
 * BYTES: what a worker's handler has made of the job; or rejects with the code
 * and the message of the error with which that failed for good. Takes payload,
 * BYTES, or NONE for none.
 *
 * Durable: id, 1 to 255 bytes of any kind, is all that it takes to await the
 * same job again, in a program that was started anew or in another. If it is in
 * the queue, or a worker has it, it is not put there again; if it has an
 * outcome this is that, whatever the payload, for as long as outcomes are kept.
 * It is done at least once. While the connection or the server is lost it
 * waits, so give it a limit, avow_timeout(), if that is not to be for ever.
 *
 * UV_EINVAL for what is no id and other payloads, UV_EMSGSIZE for more than the
 * server takes, UV_ENOSPC if it has no room, UV_ENOTCONN once the connection is
 * closed; else UV_ECONNABORTED if no worker has done it in so many attempts, or
 * what the handler gave. Cancelling rejects at once and takes the job out of
 * the queue; a worker that has it goes on, and what it makes of it is kept. To
 * close the loop does not take it out.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_job(const avow_value_t *queue,
                                                     const char *id,
                                                     avow_value_t payload);

/** A job that a worker has taken. */
typedef struct avow_nats_job_s {
  const char *id;
  avow_value_t payload; /* BYTES */
  unsigned attempt;     /* 1 for the first */
} avow_nats_job_t;

/** Zero in a field stands for its default. */
typedef struct avow_nats_work_options_s {
  size_t concurrency; /* jobs at a time, 4,096 at most; 1 */
  unsigned attempts;  /* of a job, by all workers; 5 */
  uint64_t ack_wait;  /* ms without a word of a worker, behind which another has
                         its jobs; of all workers the newest says; 30,000 */
  uint64_t delay;     /* ms from a failure to the next attempt; 1,000 */
  uint64_t reserved[4]; /* zeros, else UV_EINVAL: for later versions */
} avow_nats_work_options_t;

/**
 * Takes jobs and calls handler for each, see avow_to_nats_job(). It returns as
 * any handler does: BYTES, or NONE for none, or a promise; an error, or other
 * values, are a failed attempt, behind which the job is tried again by
 * whichever worker, until it has had its attempts. Then it is a dead letter,
 * kept in "avow-done-NAME" as "avow.NAME.dead.ID", without its payload if that
 * is as large as the server takes messages, and its promise rejects with the
 * last error: its code and 1,000 bytes of its message. Each time that a worker
 * has it counts as an attempt, also if the worker died with it, or was
 * cancelled.
 *
 * At least once: the outcome is stored before the job is let go of, and who
 * finds an outcome of a job does not do it. While the handler's promise is
 * pending the server hears, three times in ack_wait, that it is in hand; a
 * worker that is silent for longer, or whose loop is not turned, may find that
 * another does the same job, and the first outcome is the one that counts.
 *
 * Does not fulfil. Rejects with what the connection or the server fails with,
 * UV_ENOTCONN, UV_ENOSPC, and without memory; it waits while they are lost.
 * Cancelling cancels what handlers have returned, waits for that, and gives the
 * jobs in hand back. options may be NULL.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_work(
    const avow_value_t *queue, avow_cb handler, void *data,
    const avow_nats_work_options_t *options);

/** What avow_nats_work() calls its handler with; the value keeps it. NULL of
    anything else. */
AVOW_API const avow_nats_job_t *avow_to_nats_job(const avow_value_t *job);

/** INT: how many jobs have no outcome yet, also those that workers have. */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_queue_len(
    const avow_value_t *queue);

/**
 * Keys and values, by JetStream, as other programs of NATS have them.
 */

/** Zero in a field stands for its default. */
typedef struct avow_nats_bucket_options_s {
  uint64_t keep;        /* ms that a value is kept, at least 100; for ever */
  unsigned history;     /* values of a key that are kept, 64 at most; 1 */
  unsigned replicas;    /* servers of a cluster that have all of it; 1 */
  uint64_t reserved[4]; /* zeros, else UV_EINVAL: for later versions */
} avow_nats_bucket_options_t;

/**
 * OBJECT: the bucket of that name (as a queue's), which is made if it is not
 * there; with options NULL it is taken as it is. It holds the connection.
 * UV_EINVAL, UV_EEXIST if there is one with other settings, UV_ENOTSUP,
 * UV_ETIMEDOUT. UV_EPROTO, with the message of the server, if it refuses the
 * options, for example too many replicas. Cancelling rejects at once, and may
 * leave a bucket.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_bucket(
    const avow_value_t *connection, const char *name,
    const avow_nats_bucket_options_t *options);

/**
 * INT: the revision of the bucket that this is, once the server has stored it.
 * Takes value, BYTES, or NONE for none. Keys are letters, digits and -/_=, and
 * dots between such, 255 at most: else UV_EINVAL. Rejects as a request does,
 * UV_EHOSTUNREACH if there is no such bucket any more, UV_ETIMEDOUT behind 5 s,
 * by when it may be stored or not: so at most once, and it may be asked again.
 * Cancelling rejects at once; it may be stored all the same.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_put(const avow_value_t *bucket,
                                                     const char *key,
                                                     avow_value_t value);

/** OBJECT: the newest value of the key, see avow_to_nats_change(). UV_ENOENT if
    there is none, or it is deleted, UV_ENOTSUP of a bucket that another program
    made without "allow_direct"; else as avow_nats_put(). */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_get(const avow_value_t *bucket,
                                                     const char *key);

/** INT, as avow_nats_put(): the revision in which the key has no value. It does
    not matter whether it had one. */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_delete(
    const avow_value_t *bucket, const char *key);

/** A change of a bucket. */
typedef struct avow_nats_change_s {
  const char *key;
  avow_value_t value; /* BYTES; NONE: it is deleted */
  uint64_t revision;
} avow_nats_change_t;

/**
 * OBJECTs: the newest change of each key that there is, and then each change as
 * it comes, of one key or of many, "lamps.*" or ">", see
 * avow_to_nats_change(). At least once behind a connection that was lost: it
 * goes on with what came meanwhile, as far as the bucket still has it. Of
 * changes that nobody takes the server keeps the rest back. An error among
 * them, UV_ENOBUFS, says that too many came at once; they come again.
 *
 * It ends with avow_nats_close(), when what nobody has taken is dropped. It
 * fails with UV_EINVAL for what is no key, UV_ENOENT if there is no such bucket
 * any more, which it finds out when the server has said nothing for 15 s, and
 * without memory. To let go of it ends it. It holds the connection.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_nats_watch(
    const avow_value_t *bucket, const char *key);

/** What avow_nats_get() gives, and avow_nats_watch(); the value keeps it. NULL
    of anything else. */
AVOW_API const avow_nats_change_t *avow_to_nats_change(
    const avow_value_t *change);

/** The message, which v keeps, for natsMsg_GetData(), natsMsg_GetSubject(),
    natsMsgHeader_Get() and the like; NULL of anything else. */
AVOW_API natsMsg *avow_to_nats_msg(const avow_value_t *v);

/**
 * libnats' own, for what it can do beside, there as long as the connection;
 * not to be closed, drained or destroyed. Its functions may block: those that
 * send while a write waits, and all of them for as long as it connects anew.
 * NULL of anything else.
 */
AVOW_API natsConnection *avow_to_nats(const avow_value_t *connection);

/** What libnats called the failure; NATS_OK of an error that is none of its, as
    UV_ECANCELED, and of what is no error. */
AVOW_API natsStatus avow_nats_code(const avow_value_t *error);

AVOW_HEADER_END

#endif
