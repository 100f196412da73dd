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
 * to itself natsOptions_SetClosedCB().
 *
 * Rejects with what avow_nats_code() says, a message of libnats' and a code of
 * libuv's: UV_ECONNREFUSED if there is no server to connect to, UV_ETIMEDOUT,
 * UV_EACCES for who is not let in, UV_EINVAL for what is no URL, UV_EIO or
 * UV_ECONNRESET for connections that are lost, UV_ENOMEM; else UV_EPROTO.
 * Cancelling rejects at once, and the thread ends when libnats has heard.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_connect(uv_loop_t *loop,
                                                         const char *url,
                                                         natsOptions *options);

/**
 * NONE, once what was asked of the connection before has been sent, the server
 * has said that it has it, and the connection is closed. UV_ETIMEDOUT if it has
 * not said so within 5 s, or else what its loss was: closed it is in any case,
 * and what is asked of it from then on rejects with UV_ENOTCONN. Cancelling
 * rejects at once, and closes it all the same.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_nats_close(
    const avow_value_t *connection);

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
