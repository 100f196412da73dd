/* SPDX-License-Identifier: MIT */
/*
 * The responses. A head is followed by the short text of a status, by bytes
 * that were read from a file, or by a part of a file, which is pumped.
 */
#include <avow/descriptor.h>
#include <avow/pump.h>

#include "answer.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "found.h"

enum { STALLED = 30 * 1000 };

static const struct {
  int status;
  const char *reason;
} reasons[] = {
  { 200, "OK" },
  { 206, "Partial Content" },
  { 301, "Moved Permanently" },
  { 400, "Bad Request" },
  { 403, "Forbidden" },
  { 404, "Not Found" },
  { 405, "Method Not Allowed" },
  { 413, "Content Too Large" },
  { 414, "URI Too Long" },
  { 416, "Range Not Satisfiable" },
  { 431, "Request Header Fields Too Large" },
  { 500, "Internal Server Error" },
  { 501, "Not Implemented" },
  { 505, "HTTP Version Not Supported" },
};

static const char *reason_of(int status) {
  size_t i = 0;
  while (reasons[i].status != status)
    i++;
  return reasons[i].reason;
}

static avow_value_t head_of(const found_t *found) {
  char text[2 * TARGET_MAX], date[64];
  const time_t now = time(NULL);
  (void) strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT",
                  gmtime(&now)); /* fits */
  (void) snprintf(text, sizeof(text),
                  "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: %s\r\n"
                  "Content-Length: %lld\r\nConnection: %s\r\n%s\r\n",
                  found->status, reason_of(found->status), date, found->type,
                  (long long) found->len,
                  found->request->keeps ? "keep-alive" : "close",
                  found->more); /* fits */
  return avow_string(text);
}

/* Takes ownership of the body. Head and body are sent in one piece. If the body
   were written separately, it might wait until the client acknowledges the
   head. Returns false if the write fails. */
static bool send_both(avow_stream_t stream, const found_t *found,
                      avow_value_t body) {
  avow_value_t both[] = { head_of(found), body };
  const avow_value_t list = avow_list(both, 2);
  const avow_value_t v =
      avow_await(avow_timeout(avow_write(stream, list), STALLED));
  const bool sent = !avow_is_error(&v);
  avow_value_unref(v);
  return sent;
}

static bool send_status(avow_stream_t stream, found_t *found) {
  char text[64];
  (void) snprintf(text, sizeof(text), "%d %s\n", found->status,
                  reason_of(found->status));
  found->type = "text/plain; charset=utf-8";
  found->len = (int64_t) strlen(text);
  return send_both(stream, found,
                   avow_string(found->request->head ? "" : text));
}

bool answer_status(avow_stream_t stream, int status, const request_t *request) {
  found_t found = { .request = request, .status = status };
  if (status == 405)
    (void) snprintf(found.more, sizeof(found.more), "Allow: GET, HEAD\r\n");
  return send_status(stream, &found) && request->keeps;
}

static void close_file(void *file) {
  found_close(&(found_t){ .file = (int) (intptr_t) file });
}

/* The file is closed when the stream no longer reads it, even if this function
   is canceled. */
static void close_behind(avow_stream_t part, found_t *found) {
  /* NOLINTNEXTLINE(performance-no-int-to-ptr): the number itself */
  void *file = (void *) (intptr_t) found->file;
  found->file = -1;
  avow_unref(avow_attach(avow_close(part), file, close_file));
}

/* The requested part of the file is sent as fast as the client reads it. The
   system sends it directly if it can. */
static bool send_part(avow_stream_t stream, found_t *found) {
  const avow_pump_options_t options = { .idle = STALLED, .keep_open = true };
  const avow_value_t part =
      avow_file_stream(found->loop, found->file, found->offset,
                       (uint64_t) found->len);
  int64_t sent = -1; /* fewer bytes if the file has become shorter */
  if (avow_is_error(&part))
    return false;
  const avow_value_t v =
      avow_await_int(avow_pump(avow_to_stream(&part), stream, &options), &sent);
  close_behind(avow_to_stream(&part), found);
  avow_value_unref(v);
  avow_value_unref(part);
  return sent == found->len;
}

/* Takes ownership of `read`: BYTES from the file, or NONE. */
static bool send_found(avow_stream_t stream, found_t *found,
                       avow_value_t read) {
  if (found->status >= 300) {
    avow_value_unref(read);
    return send_status(stream, found);
  }
  if (avow_is_none(&read))
    read = avow_bytes(NULL, 0);
  return send_both(stream, found, read) &&
         (found->file < 0 || send_part(stream, found));
}

bool answer_file(uv_loop_t *loop, avow_stream_t stream, const char *directory,
                 const request_t *request) {
  found_t found = { .loop = loop,
                    .directory = directory,
                    .request = request,
                    .file = -1 };
  const avow_value_t read =
      avow_await(avow_work(loop, found_look, &found, NULL));
  bool keeps = false;
  if (!avow_is_error(&read))
    keeps = send_found(stream, &found, read) && request->keeps;
  else
    avow_value_unref(read); /* canceled, or out of memory */
  found_close(&found);
  return keeps;
}
