#include "upload_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

enum { HEAD_MAX = 4096, PART = 64 * 1024 };

typedef struct {
  upload_server_t *server;
  avow_value_t stream;
} visitor_t;

static size_t content_length(const avow_value_t *head) {
  static const char name[] = "\r\nContent-Length: ";
  const char *line = strstr(avow_to_bytes(head, NULL), name);
  return line != NULL ? strtoull(line + strlen(name), NULL, 10) : 0;
}

/* Some BYTES if all of it came. Nobody asks what it is: it goes as it comes. */
static avow_value_t read_file(uv_stream_t *stream) {
  avow_reader_t *reader = avow_reader_new(stream);
  avow_value_t v =
      avow_await(avow_reader_until(reader, avow_string("\r\n\r\n"), HEAD_MAX));
  size_t left = v.tag == AVOW_BYTES ? content_length(&v) : 0;
  while (left > 0 && v.tag == AVOW_BYTES) {
    avow_value_unref(v);
    v = avow_await(avow_reader_next(reader, left < PART ? left : PART));
    size_t len = 0;
    if (v.tag == AVOW_BYTES)
      (void) avow_to_bytes(&v, &len);
    left -= len;
  }
  avow_reader_unref(reader);
  return v;
}

static avow_value_t serve(void *data) {
  const visitor_t visitor = *(const visitor_t *) data;
  const bool room = ++visitor.server->came % 3 != 0;
  uv_stream_t *stream = avow_to_stream(&visitor.stream);
  avow_value_t v = read_file(stream);
  if (v.tag == AVOW_BYTES) {
    avow_value_unref(v);
    v = avow_await(
        avow_write(stream, avow_string(room ? "HTTP/1.0 201 Created\r\n\r\n"
                                            : "HTTP/1.0 507 No Room\r\n\r\n")));
  }
  avow_value_unref(v); /* a client that went away is no failure of ours */
  avow_value_unref(visitor.stream);
  return avow_none();
}

static avow_value_t serve_all(void *data) {
  upload_server_t *server = data;
  avow_group_t *visits;
  avow_promise_t *p = avow_group_new(server->loop, &visits);
  visitor_t visitor = { .server = server };
  for (;;) {
    visitor.stream = avow_await(avow_channel_next(server->arrivals));
    if (visitor.stream.tag != AVOW_OBJECT)
      break;
    avow_group_add(visits, avow_async(server->loop, serve, &visitor));
  }
  avow_value_unref(visitor.stream);
  avow_group_close(visits);
  return avow_await(p);
}

static void note_address(upload_server_t *server) {
  const uv_stream_t *stream = avow_to_stream(&server->socket);
  const avow_address_t at = avow_local_address((const uv_handle_t *) stream);
  (void) snprintf(server->address, sizeof(server->address), "%s/", at.text);
}

void upload_server_start(uv_loop_t *loop, upload_server_t *server) {
  server->loop = loop;
  server->socket = avow_run(avow_bind(loop, "127.0.0.1", "0"));
  if (avow_is_error(&server->socket))
    program_fail("cannot start the server", avow_error_code(&server->socket));
  note_address(server);
  server->arrivals = avow_listen(avow_to_stream(&server->socket), NULL);
  server->serving = avow_async(loop, serve_all, server);
}

void upload_server_stop(upload_server_t *server) {
  if (server->loop == NULL)
    return;
  avow_channel_close(server->arrivals);
  avow_value_unref(avow_run(server->serving));
  avow_channel_unref(server->arrivals);
  avow_value_unref(server->socket);
}
