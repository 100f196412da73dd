/* SPDX-License-Identifier: MIT */
/*
 * A server by HTTP/1.1 for tests of clients, in a process of its own and with
 * plain sockets, so that it has nothing to do with what is tested. What it is
 * asked for says how it answers:
 *
 *   /hello        "hello, world"
 *   /bytes/N      N bytes, those of the alphabet again and again
 *   /chunked/N    the same in chunks of 7 bytes
 *   /close/N      the same, and the end of the connection is their end
 *   /echo         what was sent
 *   /request      the request's own head
 *   /status/N     that status, and no body
 *   /redirect/N   N redirects, then /hello
 *   /silent       nothing, for as long as the client stays
 *   /half/N       N bytes of twice as many, and then nothing
 *   /drip/N       N bytes, one each 2 ms
 *   /reset/N      the answer to /bytes/100, N bytes of it before a reset
 *   /late/N       the same, and the reset comes 300 ms later
 *   /end/N        and the same before the end of the connection
 *   /long/N       N bytes more than were announced
 *   /say/N        what was sent to it, as an answer, one byte each N ms unless
 *                 that is 0, and then the end of the connection
 *   /keep         the same at once, and the connection stays
 *   /headers      headers without end
 *   /refusal      407, and a body in chunks without end
 *   /continue     "100 Continue" without end
 *   /trailers     headers without end behind a body of 5 bytes
 *   /refuse/N     that status, and a redirect to /echo, before the body
 *   /swallow/N    the same behind the body
 *   /stall/N      N ms long it takes nothing of the body
 *   /expect/N     who asks is told not to, when N bytes of the body have come,
 *                 the rest as by /echo
 *   /together/N   status 200, when N have asked for it
 *   /first        an answer to the first of a connection's requests alone
 *   /hints        a head of 103 that says "Link: early", then /hello
 *   /trailer      "hello, world" in a chunk, then "X-Late: yes"
 *
 * Who takes it for a proxy, to https://refusal.test/, is answered so, too.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

/* Before the first test, and behind the last. */
void http_server_start(void);
void http_server_stop(void);

/* "http://127.0.0.1:PORT/PATH", good until so many more are asked for. */
const char *url_of(const char *format, ...);

/* How many connections there have been, and how many there are. */
int http_server_accepted(void);
int http_server_open(void);

/* Byte i of those that it sends. */
char byte_at(int i);

#endif
