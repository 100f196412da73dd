/*
 * Nobody can have more of it than a share: there are so many visitors at a
 * time, each for so long and never silent for long, and of a file no more than
 * a part is in memory.
 */
#include "upload_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

enum { HEAD_MAX = 4096, PART = 64 * 1024, FILE_MAX = 64 * 1024 * 1024 };

enum { VISITORS = 64, PATIENCE = 30 * 1000, SILENCE = 5 * 1000 };

typedef struct {
  upload_server_t *server;
  avow_value_t stream;
} visitor_t;

/* More than FILE_MAX if that is no number. */
static size_t content_length(const avow_value_t *head) {
  static const char name[] = "\r\nContent-Length: ";
  const char *line = strstr(avow_to_bytes(head, NULL), name);
  if (line == NULL)
    return 0;
  const char *value = line + strlen(name);
  const size_t digits = strspn(value, "0123456789");
  const bool fits = digits > 0 && digits < 10; /* below 2^32 */
  return fits ? (size_t) strtoul(value, NULL, 10) : SIZE_MAX;
}

/* Some BYTES if all of it came. Nobody asks what it is: it goes as it comes. */
static avow_value_t read_file(avow_stream_t stream) {
  avow_reader_t *reader = avow_reader_new(stream);
  avow_reader_set_idle(reader, SILENCE);
  avow_value_t v =
      avow_await(avow_reader_until(reader, avow_string("\r\n\r\n"), HEAD_MAX));
  size_t left = v.tag == AVOW_BYTES ? content_length(&v) : 0;
  if (left > FILE_MAX) {
    avow_value_unref(v);
    v = avow_error(UV_EFBIG);
  }
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

/* By when it is not heard any more, the stream would be gone but for us. */
static avow_value_t serve(void *data) {
  const visitor_t visitor = *(const visitor_t *) data;
  const avow_value_t kept = avow_value_ref(&visitor.stream);
  const bool room = ++visitor.server->came % 3 != 0;
  const avow_stream_t stream = avow_to_stream(&kept);
  const char *answer =
      room ? "HTTP/1.1 201 Created\r\n\r\n" : "HTTP/1.1 507 No Room\r\n\r\n";
  avow_value_t v = read_file(stream);
  if (avow_error_code(&v) == UV_EFBIG)
    answer = "HTTP/1.1 413 Too Large\r\n\r\n";
  if (v.tag == AVOW_BYTES || avow_error_code(&v) == UV_EFBIG) {
    avow_value_unref(v);
    v = avow_await(avow_write(stream, avow_string(answer)));
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

/* A client that went away is no failure of ours. */
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
