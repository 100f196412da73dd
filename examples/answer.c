/*
 * A file goes out in parts, each read when the one before it is written: memory
 * is in proportion to the connections, not to the files, and who reads slowly
 * is sent slowly, who does not read at all is left.
 */
#include "answer.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { CHUNK = 64 * 1024, STALLED = 30 * 1000 };

/* What is to be sent, and how. */
typedef struct {
  uv_stream_t *stream;
  const request_t *request;
  int status;
  const char *type;
  char more[TARGET_MAX + 32]; /* further fields */
  uv_file file;
  int64_t offset;
  int64_t len;
} answer_t;

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
  { 505, "HTTP Version Not Supported" },
};

static const char *reason_of(int status) {
  size_t i = 0;
  while (reasons[i].status != status)
    i++;
  return reasons[i].reason;
}

static const char *type_of(const char *path) {
  static const char *const types[][2] = {
    { ".html", "text/html; charset=utf-8" },
    { ".css", "text/css; charset=utf-8" },
    { ".js", "text/javascript; charset=utf-8" },
    { ".txt", "text/plain; charset=utf-8" },
    { ".json", "application/json" },
    { ".pdf", "application/pdf" },
    { ".svg", "image/svg+xml" },
    { ".png", "image/png" },
    { ".jpg", "image/jpeg" },
    { ".wasm", "application/wasm" },
  };
  const char *suffix = strrchr(path, '.');
  for (size_t i = 0; suffix != NULL && i < sizeof(types) / sizeof(*types); i++)
    if (strcmp(suffix, types[i][0]) == 0)
      return types[i][1];
  return "application/octet-stream";
}

static int status_of(int code) {
  switch (code) {
  case UV_ENOENT:
  case UV_ENOTDIR:
  case UV_ELOOP:
  case UV_ENAMETOOLONG:
    return 404;
  case UV_EACCES:
  case UV_EPERM:
    return 403;
  default:
    return 500;
  }
}

static avow_value_t head_of(const answer_t *a) {
  char text[2 * TARGET_MAX], date[64];
  const time_t now = time(NULL);
  (void) strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT",
                  gmtime(&now)); /* fits */
  (void) snprintf(text, sizeof(text),
                  "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: %s\r\n"
                  "Content-Length: %lld\r\nConnection: %s\r\n%s\r\n",
                  a->status, reason_of(a->status), date, a->type,
                  (long long) a->len,
                  a->request->keeps ? "keep-alive" : "close",
                  a->more); /* fits */
  return avow_string(text);
}

/* Takes the value. False if it could not be written. */
static bool send_value(const answer_t *a, avow_value_t v) {
  v = avow_await(avow_timeout(avow_write(a->stream, v), STALLED));
  const bool sent = !avow_is_error(&v);
  avow_value_unref(v);
  return sent;
}

/* Sends both in one piece: if the second were written by itself, it might wait
   for the client to acknowledge the first. */
static bool send_both(const answer_t *a, avow_value_t head, avow_value_t body) {
  avow_value_t both[] = { head, body };
  return send_value(a, avow_list(both, 2));
}

static bool send_status(answer_t *a, int status) {
  char text[64];
  (void) snprintf(text, sizeof(text), "%d %s\n", status, reason_of(status));
  a->status = status;
  a->type = "text/plain; charset=utf-8";
  a->len = (int64_t) strlen(text);
  const avow_value_t body = avow_string(a->request->head ? "" : text);
  return send_both(a, head_of(a), body) && a->request->keeps;
}

bool answer_status(uv_stream_t *stream, int status, const request_t *request) {
  answer_t a = { .stream = stream, .request = request };
  if (status == 405)
    (void) snprintf(a.more, sizeof(a.more), "Allow: GET, HEAD\r\n");
  return send_status(&a, status);
}

static avow_promise_t *read_part(const answer_t *a, int64_t done) {
  const int64_t left = a->len - done;
  const size_t len = left < CHUNK ? (size_t) left : CHUNK;
  return avow_fs_read(a->stream->loop, a->file, len, a->offset + done);
}

/* Should the file have become shorter meanwhile, the client sees that in the
   end of the connection. */
static bool send_file(const answer_t *a) {
  avow_value_t head = head_of(a);
  if (a->len == 0)
    return send_value(a, head);
  for (int64_t done = 0; done < a->len;) {
    const avow_value_t part = avow_await(read_part(a, done));
    size_t len = 0;
    if (!avow_is_error(&part))
      (void) avow_to_bytes(&part, &len);
    done += (int64_t) len;
    const bool sent =
        !avow_is_none(&head) ? send_both(a, head, part) : send_value(a, part);
    head = avow_none();
    if (!sent || len == 0)
      return false;
  }
  return true;
}

/* Finds the part that was asked for; false if the file, of that size, has
   nothing of it. */
static bool choose_range(answer_t *a, int64_t size) {
  const request_t *r = a->request;
  const bool to_end = r->first < 0 || r->last < 0 || r->last >= size;
  const int64_t last = to_end ? size - 1 : r->last;
  a->offset = r->first;
  if (r->first < 0)
    a->offset = r->last < size ? size - r->last : 0;
  a->len = last + 1 - a->offset;
  a->status = 206;
  if (a->offset < size)
    (void) snprintf(a->more, sizeof(a->more),
                    "Content-Range: bytes %lld-%lld/%lld\r\n",
                    (long long) a->offset, (long long) last, (long long) size);
  else
    (void) snprintf(a->more, sizeof(a->more), "Content-Range: bytes */%lld\r\n",
                    (long long) size);
  return a->offset < size;
}

static bool send_open_file(answer_t *a, int64_t size) {
  a->status = 200;
  a->len = size;
  (void) snprintf(a->more, sizeof(a->more), "Accept-Ranges: bytes\r\n");
  if (a->request->has_range && !choose_range(a, size))
    return send_status(a, 416);
  const bool sent = a->request->head ? send_value(a, head_of(a)) : send_file(a);
  return sent && a->request->keeps;
}

static bool send_redirection(answer_t *a) {
  (void) snprintf(a->more, sizeof(a->more), "Location: %s/\r\n",
                  a->request->target); /* fits */
  return send_status(a, 301);
}

static bool send_error(answer_t *a, avow_value_t error) {
  const int status = status_of(avow_error_code(&error));
  avow_value_unref(error);
  return send_status(a, status);
}

static bool send_what_is_open(answer_t *a) {
  const avow_value_t v = avow_await(avow_fs_fstat(a->stream->loop, a->file));
  if (avow_is_error(&v))
    return send_error(a, v);
  const uv_stat_t stat = *avow_to_stat(&v);
  avow_value_unref(v);
  if (S_ISDIR(stat.st_mode))
    return send_redirection(a);
  if (!S_ISREG(stat.st_mode))
    return send_status(a, 404);
  return send_open_file(a, (int64_t) stat.st_size);
}

/* What path leads to, below the directory and nowhere else: links may lead out
   of it. Whoever may exchange a directory for a link meanwhile can show all
   that the server may read. INT: the file, or an error. */
static avow_value_t open_below(uv_loop_t *loop, const char *directory,
                               const char *path) {
  const size_t len = strlen(directory);
  const avow_value_t real = avow_await(avow_fs_realpath(loop, path));
  if (avow_is_error(&real))
    return real;
  const char *target = avow_to_bytes(&real, NULL);
  avow_value_t file = avow_error(UV_ENOENT);
  if (strncmp(target, directory, len) == 0 && target[len] == '/')
    file = avow_await(
        avow_fs_open(loop, target, O_RDONLY | UV_FS_O_NONBLOCK, 0)); /* FIFOs */
  avow_value_unref(real);
  return file;
}

bool answer_file(uv_stream_t *stream, const char *directory,
                 const request_t *request) {
  answer_t a = { .stream = stream, .request = request };
  char path[PATH_MAX];
  const bool is_directory = request->path[strlen(request->path) - 1] == '/';
  if (snprintf(path, sizeof(path), "%s%s%s", directory, request->path,
               is_directory ? "index.html" : "") >= (int) sizeof(path))
    return send_status(&a, 404);
  const avow_value_t file = open_below(stream->loop, directory, path);
  if (avow_is_error(&file))
    return send_error(&a, file);
  a.file = (uv_file) avow_to_int(&file);
  a.type = type_of(path);
  const bool keeps = send_what_is_open(&a);
  avow_unref(avow_fs_close(stream->loop, a.file)); /* no need to wait */
  return keeps;
}
