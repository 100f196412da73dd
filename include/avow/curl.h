/* SPDX-License-Identifier: MIT */
/*
 * Transfers by libcurl as promises, on the loop that the program has: by HTTP,
 * FTP, SMTP and whatever else curl knows. A library of its own, libavow-curl
 * (pkg-config avow-curl), that avow knows nothing of; avow.h does not include
 * this. Its handles are in reach: what curl_easy_setopt() and
 * curl_multi_setopt() offer is there.
 *
 * Nothing of libcurl's is polled or waited for but by the loop. Its names it
 * looks up on threads; it waits for such a thread to end where a transfer is
 * removed, and so a transfer that is cancelled meanwhile is rejected at once,
 * but stays, out of the program's reach, until its look-up has ended. Closing
 * the loop waits for that, too, as for what else is on threads.
 */
#ifndef AVOW_CURL_H
#define AVOW_CURL_H

#include <curl/curl.h>

#include "avow/stream.h"

AVOW_HEADER_BEGIN

/** Connections, names and TLS sessions that transfers share. */
typedef struct avow_curl_s avow_curl_t;

/** Limits of a client. 0 in a field is its default. */
typedef struct avow_curl_options_s {
  unsigned host_connections; /* to each host, by scheme, name and port; 6 */
  unsigned connections;      /* to all hosts; 256, or half of RLIMIT_NOFILE if
                                that is less */
  /* Sets options of each request of avow_curl_fetch(), when its transfer
     begins, before the set() of its own. NULL: none. */
  void (*set)(CURL *easy, void *data);
  void *data;
  uint64_t reserved[2]; /* 0 */
} avow_curl_options_t;

/**
 * Creates a client; never returns NULL.
 *
 * Any number of transfers may begin at once. A transfer waits in the client
 * until the limits permit one more connection. The transfers of a host wait in
 * the order of the calls, and hosts take turns. A host that speaks HTTP/2
 * counts as one connection, which carries up to 100 transfers at once.
 *
 * A response keeps its connection until its body is read. It does not count
 * against the limits while the program has not begun to read its body, so such
 * responses do not block others. If the process runs out of descriptors, a
 * transfer that has sent nothing waits until another transfer ends.
 *
 * The client closes when the loop closes; each transfer then rejects with
 * UV_ECANCELED. The first client calls curl_global_init(). If libcurl runs out
 * of memory for a connection, all transfers of the client reject with
 * UV_ENOMEM from then on. options may be NULL.
 *
 * @returns the client, whose transfers reject with UV_EINVAL for a limit above
 *          1,000,000 or a reserved field that is not 0
 */
AVOW_API AVOW_MUST_USE avow_curl_t *avow_curl_new(
    uv_loop_t *loop, const avow_curl_options_t *options);

/**
 * The multi handle of the client, for curl_multi_setopt().
 *
 * The client sets the socket and timer functions, CURLMOPT_MAXCONNECTS,
 * CURLMOPT_MAX_HOST_CONNECTIONS and CURLMOPT_MAX_TOTAL_CONNECTIONS, and adds
 * and removes handles; the caller must not.
 *
 * @returns NULL without memory, if the loop is closed, or if avow_curl_new()
 *          did not accept its options
 */
AVOW_API CURLM *avow_curl_multi(const avow_curl_t *client);

/**
 * OBJECT: the easy handle, once its transfer is done, see avow_to_curl(). Takes
 * easy, which no multi handle has: what a failed transfer leaves of it goes
 * with curl_easy_cleanup(). What its options point to (functions, their data,
 * CURLOPT_POSTFIELDS, lists) is used until this has settled, and no longer:
 * avow_attach() frees it. Its functions are called from the loop, where they
 * may call avow, but not curl_multi_*(): avow_loop_close() is UV_EBUSY there,
 * and transfers while the loop is run there reject with AVOW_EMISUSE.
 *
 * Rejects with what avow_curl_code() says, a message of libcurl's and a code of
 * libuv's: that of the system where libcurl knows of one, UV_EMFILE where it
 * finds no socket for want of descriptors, UV_ETIMEDOUT for limits of its own,
 * UV_EINVAL for an option or a URL that it cannot follow, UV_EAI_NONAME for
 * names that it does not find, UV_ENOMEM; else UV_EPROTO. UV_EINVAL for an easy
 * of NULL or one that is in use, and, taking nothing, for one that a value
 * owns: curl_easy_duphandle() makes a copy of that. Cancelling ends the
 * transfer at once, and with it the connection if it was in the middle of it.
 *
 * UV_ECANCELED also if a progress function of the program ends the transfer.
 * UV_ENOTSUP for what libcurl was built without, UV_EMSGSIZE for more than
 * CURLOPT_MAXFILESIZE.
 *
 * For as long as it has it, it keeps to itself CURLOPT_PRIVATE, which it gives
 * back, CURLOPT_ERRORBUFFER, CURLOPT_NOSIGNAL (ignore SIGPIPE, as for
 * avow_write()), CURLOPT_RESOLVER_START_FUNCTION and CURLOPT_QUICK_EXIT: so a
 * CURLOPT_TIMEOUT that passes in a look-up does not keep the loop from turning,
 * from libcurl 7.87 on; before, use avow_timeout().
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_curl_perform(
    const avow_curl_t *client, CURL *easy);

/** The easy handle that v owns, for curl_easy_getinfo(); v keeps it, and cleans
    it up. For another transfer like it there is curl_easy_duphandle(). */
AVOW_API CURL *avow_to_curl(const avow_value_t *v);

/** What libcurl called the failure; CURLE_OK of an error that is none of its,
    as UV_ECANCELED, and of what is no error. */
AVOW_API CURLcode avow_curl_code(const avow_value_t *error);

/** Zero in a field stands for its default. */
typedef struct avow_fetch_options_s {
  const char *method;         /* GET, or POST if there is a body */
  const char *const *headers; /* "Name: value", and NULL at the end; none.
                                 After a redirect another host gets them, too,
                                 except Authorization and Cookie */
  const avow_value_t *body;   /* what is sent, and kept as long as needed:
                                 BYTES, or what owns a stream; NULL or NONE:
                                 none. HEAD sends none */
  uint64_t body_length;       /* so much of the stream, and no more is read of
                                 it; all, until it ends */
  uint64_t limit;             /* in bytes of the response's body, as they are
                                 read; any */
  uint64_t *sent;             /* bytes so far of the body, with what chunks add
                                 to it, */
  uint64_t *received;         /* and of the response's, packed as it comes: kept
                                 up until this has rejected, or that body has
                                 ended or is let go of; NULL */
  unsigned redirects;         /* that are followed at most; 10. After 303 the
                                 next request is a GET without the body, or a
                                 HEAD; after 301 and 302 a POST becomes a GET.
                                 Other requests stay as they are */
  bool no_redirects;          /* they are responses as any others */
  /* Sets further options of the easy handle, but none of what it writes, nor
     of what it reads; a CURLOPT_XFERINFOFUNCTION in place of the one that
     finds a proxy's endless answer. Called once, before the
     fetch returns: options that all requests share cost less in those of the
     client. */
  void (*set)(CURL *easy, void *data);
  void *data;
  uint64_t reserved[4]; /* zeros, else UV_EINVAL: for later versions */
} avow_fetch_options_t;

/**
 * OBJECT: the response to a request by HTTP or HTTPS, as soon as its head is
 * there, whatever its status: see avow_curl_status(). Its body is a stream,
 * which avow_to_stream() gives: avow_pump() takes it elsewhere, readers take it
 * piece by piece. Who does not read holds the server back.
 * A body that ends sooner than was announced, by its length, chunks or HTTP/2,
 * ends with an error; one of which nothing was announced ends with the
 * connection, by TLS, too, wherever that is. One that is longer than its limit
 * ends with UV_EMSGSIZE. One that libcurl unpacks (CURLOPT_ACCEPT_ENCODING) is
 * not held back up to a limit of 64 MiB, and costs its limit at most; with a
 * larger one or none it ends with UV_ENOMEM where a few bytes are more than 64
 * MiB. Letting go of the response cancels the rest of it. Its time has no
 * limit: avow_timeout() of this, and of what reads the body or of both
 * together, sets one.
 *
 * A body that is a stream is read as the server takes it, in constant memory,
 * and let go of when that is over; what the server answers meanwhile is the
 * response, and if that refuses the rest, as 413, none is read. Its failure is
 * that of the request, or, behind the head, of the response's body; UV_EPROTO
 * if it ends before its length. UV_ESPIPE where it would have to be sent again:
 * for a redirect as 307, or because a connection that was kept is lost.
 * UV_EALREADY while another request sends it. Of an unknown length it goes in
 * chunks by HTTP/1.1, for which the server is asked first, and has a second to
 * answer (Expect: 100-continue).
 *
 * Rejects as avow_curl_perform(), with UV_EINVAL also for no URL, another
 * method than capital letters, a body that is neither BYTES nor a stream, the
 * length of what is no stream, and headers with line feeds or without a colon:
 * the message says which. UV_EMSGSIZE for a head of more than 256 KiB, or a
 * line of it that is longer than libcurl takes (100 KiB), or more than 256 KiB
 * of a proxy's answer to CONNECT. UV_EPROTO if the heads of a chain of
 * redirects are together longer than libcurl takes (300 KiB in Debian 12), and
 * for a Content-Length that is not a number below 2^63, which libcurl ignores
 * in whole or in part; this includes requests with
 * CURLOPT_IGNORE_CONTENT_LENGTH. Certificates are verified. Cancelling ends the
 * transfer, and no more of the stream is read. options may be NULL, and what it
 * points to, except sent and received, is used in the call alone. libcurl takes
 * proxies from the environment (http_proxy, https_proxy, …). If the body is an
 * error, the request rejects with that error.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_curl_fetch(
    const avow_curl_t *client, const char *url,
    const avow_fetch_options_t *options);

/**
 * Makes a request by HTTP or HTTPS and waits for the whole body.
 *
 * Use this for bodies that fit into memory: avow_curl_status(),
 * avow_curl_header() and avow_curl_body() read the response. Such responses
 * hold no connection, so you may wait for any number of them. Set `limit` of
 * the options for servers that you do not trust.
 *
 * @settles as OBJECT: the response, whatever its status; its stream has ended
 * @rejects for the reasons of avow_curl_fetch(), or for which its body fails
 * @rejects UV_EMSGSIZE if the body has more than `limit` bytes
 * @cancel  ends the transfer; a waiting one leaves the queue
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_curl_fetch_all(
    const avow_curl_t *client, const char *url,
    const avow_fetch_options_t *options);

/**
 * The whole body, for a response of avow_curl_fetch_all().
 *
 * @returns BYTES, valid as long as the response; NULL for a response of
 *          avow_curl_fetch(), whose body is a stream
 */
AVOW_API const avow_value_t *avow_curl_body(const avow_value_t *response);

/** The status of a response: 200, 404. */
AVOW_API long avow_curl_status(const avow_value_t *response);

/** What the first header of that name says, which the response keeps; NULL if
    there is none. */
AVOW_API const char *avow_curl_header(const avow_value_t *response,
                                      const char *name);

/** Lets go of the client, which may be NULL. It ends, and with it the
    connections that it keeps, when its last transfer has. */
AVOW_API void avow_curl_unref(avow_curl_t *client);

AVOW_HEADER_END

#endif
