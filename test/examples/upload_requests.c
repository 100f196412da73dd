/* SPDX-License-Identifier: MIT */
/*
 * Sends requests to the server of examples/upload.c, each as a whole and split
 * at each byte. The server must answer all of them correctly and continue.
 */
#include <avow/all.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"
#include "upload_server.h"

typedef struct {
  const char *text;
  size_t len;
  int status; /* 0: no answer to a partial request */
} request_t;

#define REQUEST(status, text) \
  { text, sizeof(text) - 1, status }
#define PUT     "PUT /a HTTP/1.1\r\nHost: x\r\n"
#define CHUNKED PUT "Transfer-Encoding: chunked\r\n\r\n"

static const request_t requests[] = {
  REQUEST(201, PUT "Content-Length: 5\r\n\r\nhello"),
  REQUEST(201, PUT "Content-Length: 0\r\n\r\n"),
  REQUEST(201, PUT "\r\n"),
  REQUEST(201, CHUNKED "5\r\nhello\r\n0\r\n\r\n"),
  REQUEST(201, CHUNKED "2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nA: b\r\n\r\n"),
  REQUEST(201, CHUNKED "0\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
  REQUEST(400, CHUNKED "x\r\nhello\r\n0\r\n\r\n"),
  REQUEST(400, CHUNKED "fffffffffffffffff\r\n"),
  REQUEST(400, CHUNKED "1\r\nhello\r\n0\r\n\r\n"),
  REQUEST(400, PUT "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
  REQUEST(400, PUT "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"),
  REQUEST(400, PUT "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"),
  REQUEST(400, PUT "Transfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n"),
  REQUEST(400, PUT "Transfer-Encoding: chunked\t\r\nTransfer-Encoding: chunked"
                   "\r\n\r\n0\r\n\r\n"),
  REQUEST(400, PUT "Content-Length: +1\r\n\r\n"),
  REQUEST(400, PUT "A: b\r\n Content-Length: 1\r\n\r\n"),
  REQUEST(400, PUT "A: b\nContent-Length: 1\r\n\r\n"),
  REQUEST(400, PUT "A: b\rContent-Length: 1\r\n\r\n"),
  REQUEST(400, PUT "A: b\0Content-Length: 1\r\n\r\n"),
  REQUEST(400, PUT "Content-Length : 1\r\n\r\n"),
  REQUEST(201, "\r\n" PUT "Content-Length: 5\r\n\r\nhello"),
  REQUEST(400, "\r\n\r\n"),
  REQUEST(400, "\n" PUT "\r\n"),
  REQUEST(400, "\r" PUT "\r\n"),
  REQUEST(400, " \r\n" PUT "\r\n"),
  REQUEST(400, "\r\n " PUT "\r\n"),
  REQUEST(400, "\r\n\r\n" PUT "\r\n"),
  REQUEST(405, "GET /a HTTP/1.1\r\n\r\n"),
  REQUEST(405, "CONNECT a:1 HTTP/1.1\r\nContent-Length: 1\r\n\r\n"),
  REQUEST(413, PUT "Content-Length: 67108865\r\n\r\n"),
  REQUEST(413, PUT "Content-Length: 18446744073709551615\r\n\r\n"),
  REQUEST(400, PUT "Content-Length: 18446744073709551616\r\n\r\n"),
  REQUEST(501, PUT "Transfer-Encoding: gzip, chunked\r\n\r\n"),
  REQUEST(505, "PUT /a HTTP/2.0\r\n\r\n"),
  REQUEST(0, PUT "Content-Length: 5\r\n\r\nhell"),
  REQUEST(0, CHUNKED "5\r\nhello\r\n0\r\n"),
  REQUEST(0, PUT),
};

enum { REQUESTS = sizeof(requests) / sizeof(*requests) };

static avow_value_t part(const request_t *request, size_t from, size_t to) {
  return avow_bytes(request->text + from, to - from);
}

/* Returns the status in the first piece of the answer, or 0 if it has none. */
static int read_status(avow_stream_t stream) {
  static const char begin[] = "HTTP/1.1 ";
  const avow_value_t v = avow_await(avow_read(stream, 4096));
  const char *text = v.tag == AVOW_BYTES ? avow_to_bytes(&v, NULL) : "";
  int status = 0;
  if (strncmp(text, begin, strlen(begin)) == 0)
    status = (int) strtol(text + strlen(begin), NULL, 10);
  avow_value_unref(v);
  return status;
}

/* The server may close the connection before it has received the whole
   request. */
static int ask(uv_loop_t *loop, const char *port, const request_t *request,
               size_t cut) {
  const avow_value_t v = avow_await(avow_connect(loop, "127.0.0.1", port));
  if (avow_is_error(&v))
    program_fail("cannot connect", avow_error_code(&v));
  const avow_stream_t stream = avow_to_stream(&v);
  avow_value_unref(avow_await(avow_write(stream, part(request, 0, cut))));
  if (cut < request->len) {
    avow_value_unref(avow_await(avow_sleep(loop, 1)));
    avow_value_unref(
        avow_await(avow_write(stream, part(request, cut, request->len))));
  }
  if (request->status == 0)
    avow_value_unref(avow_await(avow_shutdown(stream)));
  const int status = read_status(stream);
  avow_value_unref(v);
  return status;
}

/* Whether the server has space for a file depends on the files before. */
static void check(const request_t *request, size_t cut, int status) {
  if (status == request->status || (status == 507 && request->status == 201))
    return;
  printf("FAILED: %d, not %d, cut behind %zu bytes: %s\n", status,
         request->status, cut, request->text);
  exit(1);
}

typedef struct {
  uv_loop_t *loop;
  char port[8];
} asked_t;

static avow_value_t ask_all(void *data) {
  const asked_t *server = data;
  for (const request_t *r = requests; r < requests + REQUESTS; r++)
    for (size_t cut = 1; cut <= r->len; cut++)
      check(r, cut, ask(server->loop, server->port, r, cut));
  return avow_none();
}

/* An endless head, with one header or with many. */
static avow_value_t ask_much(void *data) {
  static char text[8192];
  const asked_t *server = data;
  request_t request = { text, sizeof(text), 431 };
  memset(text, 'x', sizeof(text));
  check(&request, 1, ask(server->loop, server->port, &request, 1));
  size_t n = (size_t) sprintf(text, "%s", PUT);
  for (int i = 0; i < 100; i++)
    n += (size_t) sprintf(text + n, "A: b\r\n");
  request.len = n + (size_t) sprintf(text + n, "\r\n");
  check(&request, 1, ask(server->loop, server->port, &request, 1));
  return avow_none();
}

/* A client that continues to send is refused and can read the answer: the
   connection is not reset. */
static avow_value_t send_too_much(void *data) {
  enum { MUCH = 8 << 20 };
  const asked_t *server = data;
  request_t request = { PUT "Content-Length: 99999999\r\n\r\n", 0, 413 };
  char *bytes;
  const avow_value_t v =
      avow_await(avow_connect(server->loop, "127.0.0.1", server->port));
  const avow_stream_t stream = avow_to_stream(&v);
  avow_value_unref(avow_await(avow_write(stream, avow_string(request.text))));
  const avow_value_t much = avow_bytes_new(MUCH, &bytes);
  memset(bytes, 'x', MUCH);
  const avow_value_t sent = avow_await(avow_write(stream, much));
  check(&request, 0, avow_is_error(&sent) ? 0 : read_status(stream));
  avow_value_unref(sent);
  avow_value_unref(v);
  return avow_none();
}

/* An endless chunked body: the server closes the connection. */
static avow_value_t send_for_ever(void *data) {
  enum { CHUNK = 1 << 20, MOST = 100 };
  const asked_t *server = data;
  char *bytes;
  const avow_value_t v =
      avow_await(avow_connect(server->loop, "127.0.0.1", server->port));
  const avow_value_t chunk = avow_bytes_new(CHUNK, &bytes);
  memset(bytes, 'x', CHUNK);
  const avow_stream_t stream = avow_to_stream(&v);
  avow_value_t sent =
      avow_await(avow_write(stream, avow_string(CHUNKED "fffffff\r\n")));
  int n = 0;
  while (n < MOST && !avow_is_error(&sent)) {
    avow_value_unref(sent);
    sent = avow_await(avow_write(stream, avow_value_ref(&chunk)));
    n++;
  }
  avow_value_unref(sent);
  avow_value_unref(chunk);
  avow_value_unref(v);
  if (n < MOST)
    return avow_none();
  printf("FAILED: it takes %d MiB\n", n);
  exit(1);
}

int main(int argc, char *argv[]) {
  program_start(argv[0]);
  asked_t server = { .loop = program_begin() };
  upload_server_t upload;
  upload_server_start(server.loop, &upload);
  (void) snprintf(server.port, sizeof(server.port), "%.5s",
                  strchr(upload.address, ':') + 1);
  server.port[strcspn(server.port, "/")] = '\0';
  const avow_fn all[] = { ask_all, ask_much, send_too_much, send_for_ever };
  for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
    avow_value_unref(avow_run(avow_async(server.loop, all[i], &server)));
  avow_value_unref(avow_run(upload_server_stop(&upload)));
  printf("all passed: %d requests, cut behind each byte\n", REQUESTS);
  return program_end(server.loop, 0);
}
