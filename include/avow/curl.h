/* SPDX-License-Identifier: MIT */
/*
 * Transfers by libcurl as promises, on the loop of the program.
 *
 * All protocols of curl can be used, such as HTTP, FTP and SMTP.
 *
 * libavow-curl (pkg-config avow-curl) is a library of its own that uses only
 * public headers of avow; avow.h does not include this header. The options of
 * curl_easy_setopt() and curl_multi_setopt() are available on its handles.
 *
 * The loop does all polling and waiting for libcurl. libcurl looks up names on
 * threads, and removing a transfer waits for such a thread. A transfer that is
 * canceled during a look-up therefore rejects at once, but stays inside the
 * client until the look-up has ended. Closing the loop waits for that, too.
 */
#ifndef AVOW_CURL_H
#define AVOW_CURL_H

#include <curl/curl.h>

#include "avow/stream.h"

AVOW_HEADER_BEGIN

/** A client: connections, names and TLS sessions that transfers share. */
typedef struct avow_curl_s avow_curl_t;

/** Limits and options of a client; 0 or NULL in a field is its default. */
typedef struct avow_curl_options_s {
  unsigned host_connections; /* to each host: scheme, name and port; 0: 6 */
  unsigned connections;      /* to all hosts; 0: 256, or half of RLIMIT_NOFILE
                                if that is less */
  /* Sets options of each request of avow_curl_fetch(). Called when the transfer
     begins, before the `set` of the request. NULL: no further options. */
  void (*set)(CURL *easy, void *data);
  void *data;           /* for `set` */
  uint64_t reserved[2]; /* must be 0; for later versions */
} avow_curl_options_t;

/**
 * Creates a client.
 *
 * Never returns NULL. `options` may be NULL. Any number of transfers may begin
 * at once. A transfer waits in the client until the limits permit one more
 * connection. The transfers of a host wait in the order of the calls, and hosts
 * take turns. A host that speaks HTTP/2 counts as one connection, which carries
 * up to 100 transfers at once.
 *
 * A response keeps its connection until its body is read. It does not count
 * against the limits while the program has not begun to read its body, so such
 * responses do not block others. If the process runs out of descriptors, a
 * transfer that has sent nothing waits until another transfer ends.
 *
 * The client closes when the loop closes; each transfer then rejects with
 * UV_ECANCELED. The first client calls curl_global_init(). If libcurl runs out
 * of memory for a connection, all transfers of the client reject with UV_ENOMEM
 * from then on.
 *
 * @returns the client; its transfers reject with UV_EINVAL if a limit is above
 *          1,000,000 or a reserved field is not 0
 */
AVOW_API AVOW_MUST_USE avow_curl_t *avow_curl_new(
    uv_loop_t *loop, const avow_curl_options_t *options);

/**
 * Gets the multi handle of the client, for curl_multi_setopt().
 *
 * The client sets the socket and timer functions, CURLMOPT_MAXCONNECTS,
 * CURLMOPT_MAX_HOST_CONNECTIONS and CURLMOPT_MAX_TOTAL_CONNECTIONS, and adds
 * and removes handles. The caller must not.
 *
 * @returns the handle, valid as long as the client; NULL if the client could
 *          not be created or the loop is closed
 */
AVOW_API CURLM *avow_curl_multi(const avow_curl_t *client);

/**
 * Performs the transfer of an easy handle.
 *
 * Takes ownership of `easy`, which must not be in a multi handle. If the
 * transfer fails, curl_easy_cleanup() frees it. The data that its options point
 * to (functions, their data, CURLOPT_POSTFIELDS, lists) is used until the
 * promise has settled, and no longer: avow_attach() can free it.
 *
 * The loop calls the functions of `easy`. They may call avow, but not
 * curl_multi_*(). In them, avow_loop_close() returns UV_EBUSY, and transfers
 * reject with AVOW_EMISUSE while the loop is run there.
 *
 * Until the promise settles, the client uses CURLOPT_PRIVATE, which it
 * restores, CURLOPT_ERRORBUFFER, CURLOPT_NOSIGNAL,
 * CURLOPT_RESOLVER_START_FUNCTION and CURLOPT_QUICK_EXIT. The program must
 * ignore SIGPIPE, as for avow_write(). From libcurl 7.87 on, a CURLOPT_TIMEOUT
 * that expires during a look-up does not block the loop. With an older libcurl,
 * use avow_timeout().
 *
 * Errors have a message of libcurl; avow_curl_code() gives the CURLcode.
 *
 * @settles OBJECT easy handle, see avow_to_curl()
 * @rejects with the error of the system if libcurl knows it
 * @rejects UV_ECANCELED if a progress function of the program ends the transfer
 * @rejects UV_EAI_NONAME if a name is not found
 * @rejects UV_EINVAL if an option or the URL cannot be used
 * @rejects UV_EINVAL if `easy` is NULL or in use
 * @rejects UV_EINVAL if a value owns `easy`, which is not taken then; make a
 *          copy with curl_easy_duphandle()
 * @rejects UV_EMFILE if there is no descriptor for a socket
 * @rejects UV_EMSGSIZE if there is more than CURLOPT_MAXFILESIZE
 * @rejects UV_ENOTSUP if libcurl was built without a feature that is needed
 * @rejects UV_EPROTO for all other failures of libcurl
 * @rejects UV_ETIMEDOUT if a limit of libcurl expires
 * @cancel  Ends the transfer at once, and also its connection if the transfer
 *          was using it.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_curl_perform(
    const avow_curl_t *client, CURL *easy);

/**
 * Gets the easy handle of avow_curl_perform(), for curl_easy_getinfo().
 *
 * The value owns the handle and frees it. For another transfer, make a copy
 * with curl_easy_duphandle().
 *
 * @returns the handle, valid until `v` is released; NULL for any other value,
 *          which is misuse
 */
AVOW_API CURL *avow_to_curl(const avow_value_t *v);

/**
 * Gets the code of libcurl for an error.
 *
 * @returns the code; CURLE_OK if `error` is no error, or not one of libcurl,
 *          such as UV_ECANCELED
 */
AVOW_API CURLcode avow_curl_code(const avow_value_t *error);

/** Options of a request; 0 or NULL in a field is its default. */
typedef struct avow_fetch_options_s {
  const char *method;         /* capital letters; NULL: GET, or POST if there
                                 is a body */
  const char *const *headers; /* "Name: value" …, NULL at the end. After a
                                 redirect to another host they are sent, too,
                                 except Authorization and Cookie */
  /* The body of the request: BYTES, or a value that owns a stream. It is kept
     as long as needed. NULL or NONE: no body. HEAD sends none. */
  const avow_value_t *body;
  uint64_t body_length; /* bytes to read from a stream; 0: until it ends */
  uint64_t limit;       /* bytes of the response's body, unpacked; 0: any */
  /* Number of bytes sent so far, with the overhead of chunks, and received so
     far, packed. Updated until the request has rejected, or the body of the
     response has ended or is released. NULL: not needed. */
  uint64_t *sent;
  uint64_t *received;
  /* Redirects to follow at most; 0: 10. After 303, and for POST after 301 and
     302, the next request is a GET without the body. HEAD remains HEAD, and
     all other requests are repeated as they are. */
  unsigned redirects;
  bool no_redirects; /* true: redirects are responses like any others */
  /* Sets further options of the easy handle, but none about the data that it
     reads and writes. Its CURLOPT_XFERINFOFUNCTION replaces the one that
     detects an endless answer of a proxy. Called once, before the fetch
     returns. Options for all requests cost less in those of the client. */
  void (*set)(CURL *easy, void *data);
  void *data;           /* for `set` */
  uint64_t reserved[4]; /* must be 0; for later versions */
} avow_fetch_options_t;

/**
 * Makes a request by HTTP or HTTPS and waits for the head of the response.
 *
 * `options` may be NULL. The data that it points to, except `sent` and
 * `received`, is used only during the call. Certificates are verified. libcurl
 * takes proxies from the environment (http_proxy, https_proxy, …).
 *
 * The response's body is a stream, see avow_to_stream(). While the program does
 * not read it, the server is slowed down. The body ends with an error if it is
 * shorter than its length, its chunks or HTTP/2 announced. A body of unknown
 * length ends with the connection, also if that is cut. A body of more than
 * `limit` bytes ends with UV_EMSGSIZE. The release of the response cancels the
 * rest. There is no limit of time: use avow_timeout() for this promise, for the
 * reads, or for both together.
 *
 * With CURLOPT_ACCEPT_ENCODING and a `limit` of at most 64 MiB, an unpacked
 * body is buffered, and takes at most `limit` bytes of memory. With a larger
 * limit or none, it ends with UV_ENOMEM if a few bytes unpack to more than 64
 * MiB.
 *
 * A stream that is the request's body is read as fast as the server accepts it,
 * in constant memory, and is released at the end. If the server answers before,
 * that is the response. If the answer refuses the rest, as 413 does, no more is
 * read. If the stream fails after the head of the response has arrived, the
 * response's body fails instead. Without a length, HTTP/1.1 sends it in chunks;
 * the server is asked first and has one second to answer (Expect:
 * 100-continue).
 *
 * @settles OBJECT response, whatever its status; see avow_curl_status()
 * @rejects as avow_curl_perform() rejects
 * @rejects with the error of the request's body if that is an error or fails
 * @rejects UV_EALREADY if another request sends the stream
 * @rejects UV_EINVAL if `url` is NULL
 * @rejects UV_EINVAL if `method` has anything but capital letters
 * @rejects UV_EINVAL if a header has no colon, or a line feed
 * @rejects UV_EINVAL if `body` is neither BYTES nor a stream
 * @rejects UV_EINVAL if `body_length` is set without a stream
 * @rejects UV_EINVAL if a reserved field is not 0
 * @rejects UV_EMSGSIZE if the head has more than 256 KiB, or a line that
 *          libcurl does not accept (100 KiB)
 * @rejects UV_EMSGSIZE if the answer of a proxy to CONNECT has more than 256
 *          KiB
 * @rejects UV_EPROTO if the heads of a chain of redirects are longer than
 *          libcurl accepts (300 KiB in Debian 12)
 * @rejects UV_EPROTO if Content-Length is not a number below 2^63, also with
 *          CURLOPT_IGNORE_CONTENT_LENGTH
 * @rejects UV_EPROTO if the request's body ends before its length
 * @rejects UV_ESPIPE if a stream would have to be sent again: after a redirect
 *          such as 307, or because a kept connection was lost
 * @cancel  Ends the transfer. No more of a stream is read.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_curl_fetch(
    const avow_curl_t *client, const char *url,
    const avow_fetch_options_t *options);

/**
 * Makes a request by HTTP or HTTPS and waits for the whole body.
 *
 * Use this for bodies that fit into memory: avow_curl_status(),
 * avow_curl_header() and avow_curl_body() read the response. Such responses
 * hold no connection, so a program may wait for any number of them. Set `limit`
 * of the options for servers that the program does not trust.
 *
 * @settles OBJECT response, whatever its status; its stream has ended
 * @rejects as avow_curl_fetch() rejects
 * @rejects with the error of the response's body if that fails
 * @rejects UV_EMSGSIZE if the body has more than `limit` bytes
 * @cancel  Ends the transfer. A transfer that waits leaves the queue.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_curl_fetch_all(
    const avow_curl_t *client, const char *url,
    const avow_fetch_options_t *options);

/**
 * Gets the whole body of a response of avow_curl_fetch_all().
 *
 * @returns BYTES, valid until the response is released; NULL for a response of
 *          avow_curl_fetch(), whose body is a stream
 */
AVOW_API const avow_value_t *avow_curl_body(const avow_value_t *response);

/**
 * Gets the status of a response, such as 200 or 404.
 *
 * @returns the status; 0 for any other value, which is misuse
 */
AVOW_API long avow_curl_status(const avow_value_t *response);

/**
 * Gets the value of the first header with that name.
 *
 * @returns the value, valid until the response is released; NULL if there is no
 *          such header
 */
AVOW_API const char *avow_curl_header(const avow_value_t *response,
                                      const char *name);

/**
 * Releases the client, which may be NULL.
 *
 * The client ends, and closes the connections that it keeps, when its last
 * transfer has ended.
 */
AVOW_API void avow_curl_unref(avow_curl_t *client);

AVOW_HEADER_END

#endif
