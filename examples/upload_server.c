/* SPDX-License-Identifier: MIT */
/*
 * The server limits each visitor to a share: the number of visitors, the time
 * of each one and its idle time are limited. Only a part of a file is in
 * memory.
 */
#include "upload_server.h"

#include <stdio.h>

#include "message.h"
#include "program.h"

enum { HEAD_MAX = 4096, PART = 64 * 1024, FILE_MAX = 64 * 1024 * 1024 };

enum { VISITORS = 64, PATIENCE = 30 * 1000, SILENCE = 5 * 1000 };

/* The parts that are discarded after a refusal, and the ms to wait for each. */
enum { MORE = 256, LINGER = 500 };

typedef struct {
  upload_server_t *server;
  avow_value_t stream;
} visitor_t;

/* INT: the status of the refusal, or 0. */
static avow_value_t read_head(const avow_reader_t *reader, message_t *m) {
  const avow_value_t head =
      avow_await(avow_reader_until(reader, avow_string("\r\n\r\n"), HEAD_MAX));
  if (avow_error_code(&head) == UV_EMSGSIZE) {
    avow_value_unref(head);
    return avow_int(431);
  }
  if (head.tag != AVOW_BYTES)
    return head;
  size_t len;
  const char *text = avow_to_bytes(&head, &len);
  int status = message_read_head(m, text, len);
  if (status == 0 && !span_is(m->method, "PUT"))
    status = 405;
  avow_value_unref(head);
  return avow_int(status == 0 && m->length > FILE_MAX ? 413 : status);
}

/* INT: the status of the refusal, or 0. The content is discarded as it
   arrives. */
static avow_value_t read_file(const avow_reader_t *reader, message_t *m) {
  size_t came = 0; /* including the framing of chunks */
  int status = 0;
  while (status == 0 && !m->ended) {
    const avow_value_t piece = avow_await(avow_reader_next(reader, PART));
    if (piece.tag != AVOW_BYTES)
      return piece;
    size_t len;
    const char *bytes = avow_to_bytes(&piece, &len);
    came += len;
    status = came > FILE_MAX ? 413 : message_read_body(m, bytes, len);
    avow_value_unref(piece);
  }
  return avow_int(status);
}

/* INT: the status to answer with; 0 means that the file is complete. Another
   value means that the client has disconnected. */
static avow_value_t read_request(avow_stream_t stream) {
  message_t message = { .ended = false };
  avow_reader_t *reader = avow_reader_new(stream);
  avow_reader_set_idle(reader, SILENCE);
  avow_value_t v = read_head(reader, &message);
  if (v.tag == AVOW_INT && avow_to_int(&v) == 0)
    v = read_file(reader, &message);
  avow_reader_unref(reader);
  return v;
}

static avow_value_t answer(int status) {
  static const struct {
    int status;
    const char *text;
  } answers[] = {
    { 201, "Created" },
    { 400, "Bad Request" },
    { 405, "Method Not Allowed\r\nAllow: PUT" },
    { 413, "Content Too Large" },
    { 431, "Request Header Fields Too Large" },
    { 501, "Not Implemented" },
    { 505, "HTTP Version Not Supported" },
    { 507, "Insufficient Storage" },
  };
  size_t i = 0;
  while (answers[i].status != status)
    i++;
  char text[200];
  (void) snprintf(text, sizeof(text),
                  "HTTP/1.1 %d %s\r\nConnection: close\r\n\r\n", status,
                  answers[i].text); /* fits */
  return avow_string(text);
}

/* Closing a connection with unread data would reset it. A client that is still
   sending could lose the response. */
static void linger(avow_stream_t stream) {
  avow_value_unref(avow_await(avow_timeout(avow_shutdown(stream), LINGER)));
  for (int i = 0; i < MORE; i++) {
    const avow_value_t v =
        avow_await(avow_timeout(avow_read(stream, PART), LINGER));
    avow_value_unref(v);
    if (v.tag != AVOW_BYTES)
      break;
  }
}

/* A timeout releases the stream before this function has ended, so it keeps its
   own reference. */
static avow_value_t serve(void *data) {
  const visitor_t visitor = *(const visitor_t *) data;
  const avow_value_t kept = avow_value_ref(&visitor.stream);
  const bool room = ++visitor.server->came % 3 != 0;
  const avow_stream_t stream = avow_to_stream(&kept);
  avow_value_t v = read_request(stream);
  if (v.tag == AVOW_INT) {
    const int status = (int) avow_to_int(&v);
    const int stored = room ? 201 : 507;
    v = avow_await(avow_write(stream, answer(status != 0 ? status : stored)));
    if (status != 0)
      linger(stream);
  }
  avow_value_unref(kept);
  return v;
}

static avow_value_t welcome(const avow_value_t *stream, void *data) {
  upload_server_t *server = data;
  visitor_t visitor = { .server = server, .stream = *stream };
  avow_promise_t *p = avow_async(server->loop, serve, &visitor);
  return avow_follow(avow_timeout(p, PATIENCE));
}

/* A client that disconnects is not a failure of the server. */
static avow_promise_t *serve_all(upload_server_t *server) {
  const avow_map_options_t each = { .concurrency = VISITORS,
                                    .kind = AVOW_ALL_SETTLED };
  return avow_each(server->arrivals, welcome, server, &each);
}

static void note_address(upload_server_t *server) {
  const uv_stream_t *stream =
      avow_stream_handle(avow_to_stream(&server->socket));
  const avow_address_t at = avow_local_address((const uv_handle_t *) stream);
  (void) snprintf(server->address, sizeof(server->address), "%s/", at.text);
}

void upload_server_start(uv_loop_t *loop, upload_server_t *server) {
  server->loop = loop;
  server->socket = avow_run(avow_bind(loop, "127.0.0.1", "0"));
  if (avow_is_error(&server->socket))
    program_fail("cannot start the server", avow_error_code(&server->socket));
  note_address(server);
  server->arrivals =
      avow_connections(avow_stream_handle(avow_to_stream(&server->socket)),
                       NULL);
  server->serving = serve_all(server);
}

avow_promise_t *upload_server_stop(upload_server_t *server) {
  avow_channel_close(server->arrivals);
  avow_channel_unref(server->arrivals);
  avow_value_unref(server->socket); /* closes it */
  return server->serving;
}
