/* SPDX-License-Identifier: MIT */
/*
 * An HTTP/1.1 server for tests of clients. It runs in a process of its own and
 * uses plain sockets, so that it shares no code with the tested library. The
 * path of a request selects the answer:
 *
 *   /hello        "hello, world"
 *   /bytes/N      N bytes of the alphabet, repeated
 *   /chunked/N    N bytes in chunks of 7 bytes
 *   /close/N      N bytes, which end with the connection
 *   /echo         the body of the request
 *   /request      the head of the request
 *   /status/N     status N without a body
 *   /redirect/N   N redirects, then /hello
 *   /silent       no answer until the client disconnects
 *   /half/N       N bytes of a body of 2 N bytes, then nothing more
 *   /drip/N       N bytes, one each 2 ms
 *   /reset/N      N bytes of the answer to /bytes/100, then a reset
 *   /late/N       like /reset/N, with the reset 300 ms later
 *   /end/N        like /reset/N, with an ordinary end of the connection
 *   /long/N       N bytes more than announced
 *   /say/N        the body of the request as an answer, one byte each N ms (or
 *                 at once if N is 0), and then the end of the connection
 *   /keep         like /say/0, but the connection stays open
 *   /headers      endless headers
 *   /refusal      407 and an endless body in chunks
 *   /continue     endless "100 Continue"
 *   /trailers     endless headers after a body of 5 bytes
 *   /refuse/N     status N and a redirect to /echo, before the body is read
 *   /swallow/N    like /refuse/N, after the body was read
 *   /stall/N      does not read the body for N ms
 *   /expect/N     417 after N bytes of the body, if the request has `Expect`;
 *                 otherwise like /echo
 *   /together/N   status 200 when N clients have sent this request
 *   /first        answers only the first request of a connection
 *   /hints        status 103 with "Link: early", then /hello
 *   /trailer      "hello, world" in a chunk, then "X-Late: yes"
 *
 * If a client uses it as a proxy for https://refusal.test/, it answers like
 * /refusal.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

/* Call these before the first test and after the last one. */
void http_server_start(void);
void http_server_stop(void);

/* Returns "http://127.0.0.1:PORT/PATH". The result is valid until several
   further calls. */
const char *url_of(const char *format, ...);

/* Return the number of all connections so far, and of open ones. */
int http_server_accepted(void);
int http_server_open(void);

/* Returns byte i of the alphabet that the server sends. */
char byte_at(int i);

#endif
