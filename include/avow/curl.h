/* SPDX-License-Identifier: MIT */
/*
 * Transfers with libcurl on the program's loop, each with a promise.
 *
 * avow_curl_fetch() and avow_curl_fetch_all() make HTTP requests.
 * avow_curl_perform() performs easy handles with any protocol of libcurl, such
 * as FTP and SMTP.
 *
 * libavow-curl (pkg-config avow-curl) is a separate library; avow.h does not
 * include this header. The program may set further options of libcurl on the
 * easy handles and on the multi handle.
 *
 * libcurl looks up names on threads, and cannot stop a lookup. If a transfer is
 * canceled during its lookup, its promise rejects at once, but the client keeps
 * the transfer until the lookup has ended. avow_loop_close() waits for the
 * lookup.
 */
#ifndef AVOW_CURL_H
#define AVOW_CURL_H

#include <curl/curl.h>

#include "avow/stream.h"

AVOW_HEADER_BEGIN

/** A client: connections, resolved names and TLS sessions of its transfers. */
typedef struct avow_curl_s avow_curl_t;

/** Limits and options of a client; 0 or NULL in a field means its default. */
typedef struct avow_curl_options_s {
  /* Maximum number of connections to one host. A host is the scheme, the name
     and the port of a URL. Default: 6. */
  unsigned host_connections;
  /* Maximum number of connections to all hosts. Default: 256, or half of
     RLIMIT_NOFILE if that is less. */
  unsigned connections;
  /* Sets options of each request of avow_curl_fetch() and
     avow_curl_fetch_all(). Called when the easy handle of the request is
     created, before the `set` of the request. NULL: no further options. */
  void (*set)(CURL *easy, void *data);
  /* Argument of `set`. Used until the client ends; see avow_curl_unref(). */
  void *data;
  uint64_t reserved[2]; /* must be 0; for later versions */
} avow_curl_options_t;

/**
 * Creates a client.
 *
 * `options` may be NULL. The caller may start any number of transfers at once.
 * A transfer waits in the client until the limits permit its connection.
 * Requests to one host start in the order of the calls. If requests to several
 * hosts wait, each free connection goes to the next host in turn. For a host
 * that speaks HTTP/2, the client counts one connection, which carries up to 100
 * requests at a time.
 *
 * A response occupies its connection until its whole body has arrived. While
 * the program has not begun to read the body, the connection does not count
 * against the limits. If no descriptor is left, a transfer that has sent
 * nothing waits until another transfer ends. If no other transfer runs, the
 * waiting transfer rejects.
 *
 * When the loop closes, the client closes, too, and its transfers reject with
 * UV_ECANCELED. The first client calls curl_global_init(). If libcurl runs out
 * of memory for a connection, all current and later transfers of the client
 * reject with UV_ENOMEM.
 *
 * @returns the client, never NULL; its transfers reject with UV_EINVAL if a
 *          limit is above 1,000,000 or a reserved field is not 0
 */
AVOW_API AVOW_MUST_USE avow_curl_t *avow_curl_new(
    uv_loop_t *loop, const avow_curl_options_t *options);

/**
 * Gets the multi handle of the client, for curl_multi_setopt().
 *
 * The caller must not add or remove easy handles, nor set the socket and timer
 * functions, CURLMOPT_MAXCONNECTS, CURLMOPT_MAX_HOST_CONNECTIONS and
 * CURLMOPT_MAX_TOTAL_CONNECTIONS, because the client uses them.
 *
 * @returns the handle, valid as long as the client; NULL if the loop is closed,
 *          an option is invalid, or there was no memory for the client
 */
AVOW_API CURLM *avow_curl_multi(const avow_curl_t *client);

/**
 * Performs the transfer of an easy handle.
 *
 * Takes ownership of `easy`, which must not be in a multi handle. If the
 * transfer fails, avow frees `easy`. The options of `easy` may point to data of
 * the program, such as lists and CURLOPT_POSTFIELDS. The data must stay valid
 * until the promise has settled. If a callback of libcurl cancels the transfer,
 * the data must stay valid until the first handler of the promise runs.
 *
 * libcurl uses three options later. It calls CURLOPT_CLOSESOCKETFUNCTION when
 * it closes the connection, at the latest when the client ends. It uses
 * CURLOPT_HSTSWRITEFUNCTION and CURLOPT_SHARE until `easy` is freed.
 *
 * The callbacks that are options of `easy` run on the thread of the loop. They
 * may call avow, but not curl_multi_*(). If a callback calls avow_loop_close(),
 * the call returns UV_EBUSY. If a callback runs the loop, the transfers of the
 * client reject with AVOW_EMISUSE.
 *
 * The client overwrites CURLOPT_PRIVATE, CURLOPT_ERRORBUFFER, CURLOPT_NOSIGNAL,
 * CURLOPT_RESOLVER_START_FUNCTION and CURLOPT_QUICK_EXIT of `easy`. When the
 * promise settles, the client restores only CURLOPT_PRIVATE. The program must
 * ignore SIGPIPE.
 *
 * libcurl before 7.87 blocks the loop in two cases. First, CURLOPT_TIMEOUT
 * expires during a lookup; use avow_timeout() instead. Second, the transfer is
 * canceled while libcurl looks up a second name, such as the target behind a
 * SOCKS proxy.
 *
 * Errors have the messages of libcurl; avow_curl_code() returns the CURLcode.
 *
 * @settles OBJECT easy handle, see avow_to_curl()
 * @rejects with the error of the system if libcurl knows it
 * @rejects UV_ECANCELED if a progress function of the program ends the transfer
 * @rejects UV_EAI_NONAME if a name is not found, or if no descriptor is left
 *          for the lookup
 * @rejects UV_EINVAL if an option or the URL cannot be used
 * @rejects UV_EINVAL if `easy` is NULL or in use
 * @rejects UV_EINVAL if a value owns `easy`; the value then keeps it. Perform a
 *          copy instead (curl_easy_duphandle())
 * @rejects UV_EMFILE if no descriptor is left for a socket and the transfer
 *          cannot wait; see avow_curl_new()
 * @rejects UV_EMSGSIZE if the file is larger than CURLOPT_MAXFILESIZE
 * @rejects UV_ENOTSUP if libcurl was built without a feature that is needed
 * @rejects UV_EPROTO for all other failures of libcurl
 * @rejects UV_ETIMEDOUT if a time limit of libcurl expires
 * @cancel  Rejects at once. Waiting: leaves the queue. Running: ends the
 *          transfer and closes its connection, but an HTTP/2 connection stays
 *          open for other transfers. During a lookup: the transfer ends when
 *          the lookup has ended.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_curl_perform(
    const avow_curl_t *client, CURL *easy);

/**
 * Gets the easy handle of avow_curl_perform(), for curl_easy_getinfo().
 *
 * The value owns the handle and frees it. To repeat the transfer, copy the
 * handle with curl_easy_duphandle(), and perform the copy.
 *
 * @returns the handle, valid until `v` is released; NULL for any other value,
 *          which is misuse
 */
AVOW_API CURL *avow_to_curl(const avow_value_t *v);

/**
 * Gets the code of libcurl for an error.
 *
 * @returns the code; CURLE_OK if `error` is not an error, or if libcurl did not
 *          report the error, such as UV_ECANCELED
 */
AVOW_API CURLcode avow_curl_code(const avow_value_t *error);

/** Options of a request; 0 or NULL in a field means its default. */
typedef struct avow_fetch_options_s {
  const char *method;         /* capital letters; NULL: GET, or POST if there
                                 is a body */
  const char *const *headers; /* "Name: value" …, NULL at the end. After a
                                 redirect to another host, the client omits
                                 Authorization and Cookie */
  /* The body of the request: BYTES, or a value that owns a stream. The request
     keeps a reference. NULL or NONE: no body. A HEAD request sends no body. */
  const avow_value_t *body;
  uint64_t body_length; /* bytes to read from a stream; 0: until it ends */
  uint64_t limit;       /* maximum size of the body of the response, in bytes
                           after decompression; 0: no limit */
  /* Counters of the program. `sent` counts the bytes of the request body that
     were sent, with the overhead of chunks. `received` counts the bytes of the
     response body that were received, before decompression. The client updates
     them until the request rejects, the body of the response ends, or the
     response is released. NULL: not needed. */
  uint64_t *sent;
  uint64_t *received;
  /* Follow at most this number of redirects, to HTTP and HTTPS; 0: 10. After
     303, the next request is a GET without the body, or a HEAD after a HEAD.
     After 301 and 302, a POST becomes a GET without the body. All other
     requests keep their method and body. */
  unsigned redirects;
  bool no_redirects; /* true: redirects are responses like any others */
  /* Sets further options of the easy handle. Called once, before the function
     that makes the request returns. After `set`, the client overwrites
     CURLOPT_HEADERFUNCTION and CURLOPT_WRITEFUNCTION. If `body` is a stream, it
     also overwrites CURLOPT_READFUNCTION, CURLOPT_SEEKFUNCTION and
     CURLOPT_PREREQFUNCTION. Before `set`, the client sets
     CURLOPT_XFERINFOFUNCTION, to stop an endless answer of a proxy. `set` may
     replace this function if `sent` and `received` are NULL.

     Data that the options of libcurl point to must stay valid until the request
     rejects, the body of the response ends, or the response is released;
     avow_curl_perform() names exceptions. */
  void (*set)(CURL *easy, void *data);
  void *data;           /* argument of `set` */
  uint64_t reserved[4]; /* must be 0; for later versions */
} avow_fetch_options_t;

/**
 * Makes a request by HTTP or HTTPS and waits for the head of the response.
 *
 * `options` may be NULL. The call copies `url`, `options`, the method and the
 * headers, and keeps a reference to the body. libcurl verifies certificates,
 * and takes proxies from environment variables (http_proxy, https_proxy, …).
 *
 * The response owns its body, a stream; see avow_to_stream(). While the program
 * does not read the stream, the server must wait. If the body is longer than
 * `limit`, a read rejects with UV_EMSGSIZE. If the program releases the
 * response before the end of the body, the transfer is canceled. Neither the
 * request nor the body of the response has a time limit. To limit the request,
 * use avow_timeout(); to limit the reads, use an idle timeout such as
 * avow_reader_set_idle().
 *
 * If the body ends before its Content-Length, its last chunk or the end of its
 * HTTP/2 stream, a read rejects. A body without any of these ends with the
 * connection, so the client cannot detect that the body is truncated.
 *
 * A compressed body (CURLOPT_ACCEPT_ENCODING) can expand to a large one. If
 * `limit` is set to at most 64 MiB, the client buffers the unread bytes, at
 * most `limit`. Otherwise libcurl buffers them (libcurl 7.88: at most 64 MiB).
 * If its buffer is full, a read rejects with UV_ENOMEM.
 *
 * If the body of the request is a stream, the client reads the stream only as
 * fast as the server accepts the bytes, in constant memory. If the server
 * refuses the rest, as with 413, the client stops reading. If the stream fails
 * after the head of the response has arrived, the body of the response fails,
 * too. Over HTTP/1.1, the client sends a stream without `body_length` in
 * chunks. Before such a stream, and before a body of more than 1 MiB, it waits
 * at most one second for the consent of the server (Expect: 100-continue).
 *
 * @settles OBJECT response, with any status; see avow_curl_status()
 * @rejects as avow_curl_perform() rejects
 * @rejects with the error of `body` if `body` is an error, or a stream that
 *          fails
 * @rejects UV_EALREADY if another request sends the stream
 * @rejects UV_EINVAL if `url` is NULL
 * @rejects UV_EINVAL if `method` has characters other than capital letters
 * @rejects UV_EINVAL if a header has no colon, or contains a line break
 * @rejects UV_EINVAL if `body` is neither BYTES nor a stream
 * @rejects UV_EINVAL if `body_length` is set without a stream
 * @rejects UV_EINVAL if a reserved field is not 0
 * @rejects UV_EMSGSIZE if the head of a response, with its interim heads (1xx),
 *          has more than 256 KiB
 * @rejects UV_EMSGSIZE if a line of the head is longer than libcurl accepts
 *          (100 KiB)
 * @rejects UV_EMSGSIZE if the answer of a proxy to CONNECT has more than 256
 *          KiB
 * @rejects UV_EPROTO if the answer is not HTTP
 * @rejects UV_EPROTO if the heads of a chain of redirects together are longer
 *          than libcurl accepts (300 KiB in Debian 12)
 * @rejects UV_EPROTO if Content-Length is not a number below 2^63, even with
 *          CURLOPT_IGNORE_CONTENT_LENGTH
 * @rejects UV_EPROTO if the stream ends before `body_length` bytes
 * @rejects UV_ESPIPE if a redirect, such as 307, requires that a stream is sent
 *          again after a part of it was sent
 * @rejects UV_ESPIPE if the server closes a reused connection after a part of a
 *          stream was sent
 * @cancel  Rejects at once and ends the transfer. The client reads no further
 *          bytes from the stream in `body`.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_curl_fetch(
    const avow_curl_t *client, const char *url,
    const avow_fetch_options_t *options);

/**
 * Makes a request by HTTP or HTTPS and waits for the whole body.
 *
 * avow_curl_status(), avow_curl_header() and avow_curl_body() read the
 * response. The whole body is in memory, so set `limit` of the options for
 * servers that the program does not trust. The response occupies no connection.
 *
 * @settles OBJECT response, with any status
 * @rejects as avow_curl_fetch() rejects
 * @rejects with the error of the body of the response if the body fails
 * @rejects UV_EMSGSIZE if the body has more than `limit` bytes
 * @cancel  Rejects at once. Waiting: leaves the queue. Running: ends the
 *          transfer.
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
 * Gets the value of the first header `name`, ignoring case.
 *
 * @returns the value, valid until the response is released; NULL if there is no
 *          such header
 */
AVOW_API const char *avow_curl_header(const avow_value_t *response,
                                      const char *name);

/**
 * Releases the client, which may be NULL.
 *
 * The client ends when its last transfer has ended. It then closes its idle
 * connections. While libcurl closes an FTP or mail connection, it blocks the
 * loop until the server answers.
 */
AVOW_API void avow_curl_unref(avow_curl_t *client);

AVOW_HEADER_END

#endif
