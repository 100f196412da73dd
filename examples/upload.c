/* SPDX-License-Identifier: MIT */
/*
 * Sends files to a server, a limited number at a time: a map with a limit,
 * whose outcomes have the order of the files, failures beside successes. See
 * upload --help.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "http.h"
#include "options.h"
#include "program.h"
#include "rows.h"
#include "terminal.h"
#include "upload_server.h"

enum { FILE_MAX = 64 * 1024 * 1024, TIMEOUT = 30000 };

static uint64_t jobs = 4;
static const char *server_address;

static const option_t options[] = {
  { "jobs", "N", "limit of uploads at a time (4)", .number = &jobs, .min = 1,
    .max = 1000 },
  { "to", "SERVER", "HOST:PORT[/PATH/] to upload to", .text = &server_address },
  { .name = NULL },
};

static const command_line_t command_line = {
  .operands = "FILE...",
  .least = 1,
  .most = SIZE_MAX,
  .about =
      "Uploads each file to a server over HTTP, under its own name, and\n"
      "shows the result. Without --to, the program starts a server itself,\n"
      "which has space for two of three files.",
  .options = options,
  .status = "0 if all files were uploaded, 1 if not",
  .example = "--to localhost:8080/inbox/ *.txt",
};

typedef struct {
  uv_loop_t *loop;
  http_target_t to;
  struct item_s *items; /* arrays of n, as are rows */
  row_t *rows;
  size_t n;
  size_t done;
} upload_t;

typedef struct item_s {
  upload_t *upload;
  const char *file;
  row_t *row; /* its row in the output */
} item_t;

/* The path on the server is the name of the file. Characters with a special
   meaning are escaped. */
static bool name_target(const char *file, http_target_t *target) {
  static const char plain[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
      "abcdefghijklmnopqrstuvwxyz0123456789-._~";
  const char *slash = strrchr(file, '/');
  size_t used = strlen(target->path);
  for (const char *c = slash != NULL ? slash + 1 : file; *c != '\0'; c++) {
    char *end = target->path + used;
    if (used + 4 > sizeof(target->path))
      return false;
    used += (size_t) sprintf(end, strchr(plain, *c) != NULL ? "%c" : "%%%02X",
                             (unsigned char) *c);
  }
  return true;
}

static avow_value_t exchange(avow_stream_t stream, const http_target_t *target,
                             avow_value_t bytes) {
  size_t len;
  (void) avow_to_bytes(&bytes, &len);
  avow_value_t parts[] = { http_put(target, len), bytes };
  avow_value_t v = avow_await(avow_write(stream, avow_list(parts, 2)));
  if (!avow_is_error(&v))
    v = avow_await(avow_read_all(stream, HTTP_ANSWER_MAX));
  if (avow_is_error(&v))
    return v;
  const avow_value_t response = http_parse_answer(&v);
  avow_value_unref(v);
  return response;
}

/* An http_response_t. Takes ownership of the bytes. */
static avow_value_t put(uv_loop_t *loop, const http_target_t *target,
                        avow_value_t bytes) {
  const avow_value_t stream =
      avow_await(avow_connect(loop, target->host, target->port));
  if (avow_is_error(&stream)) {
    avow_value_unref(bytes);
    return stream;
  }
  const avow_value_t v = exchange(avow_to_stream(&stream), target, bytes);
  avow_value_unref(stream); /* closes it */
  return v;
}

/* Reads a regular file. Other files are refused, because reading them might
   block or never end. */
static avow_value_t read_regular(uv_loop_t *loop, const char *file) {
  const avow_value_t stat = avow_await(avow_fs_stat(loop, file));
  if (avow_is_error(&stat))
    return stat;
  const bool regular = S_ISREG(avow_to_stat(&stat)->st_mode);
  avow_value_unref(stat);
  if (!regular)
    return avow_error_new(UV_EINVAL, avow_none(), "'%s': not a regular file",
                          file);
  return avow_await(avow_read_file(loop, file, FILE_MAX));
}

static avow_value_t send_file(void *data) {
  item_t *item = data;
  upload_t *upload = item->upload;
  http_target_t target = upload->to;
  if (!name_target(item->file, &target))
    return avow_error(UV_ENAMETOOLONG);
  const avow_value_t bytes = read_regular(upload->loop, item->file);
  if (avow_is_error(&bytes))
    return bytes;
  (void) avow_to_bytes(&bytes, &item->row->bytes);
  return put(upload->loop, &target, bytes);
}

static void finish(item_t *item, row_state_t state) {
  upload_t *upload = item->upload;
  item->row->state = state;
  item->row->end = uv_hrtime();
  progress_show(++upload->done, upload->n);
}

static avow_value_t note_answer(const avow_value_t *response, void *data) {
  item_t *item = data;
  item->row->status = http_to_response(response)->status;
  finish(item, FULFILLED);
  return avow_none();
}

static avow_value_t note_failure(const avow_value_t *reason, void *data) {
  item_t *item = data;
  (void) snprintf(item->row->reason, sizeof(item->row->reason), "%s",
                  avow_error_message(reason));
  finish(item, REJECTED);
  return avow_value_ref(reason);
}

static avow_value_t upload_one(size_t i, void *data) {
  upload_t *upload = data;
  item_t *item = &upload->items[i];
  item->row->begin = uv_hrtime();
  avow_promise_t *p = avow_async(upload->loop, send_file, item);
  p = avow_timeout(p, TIMEOUT);
  return avow_follow(avow_then(p, note_answer, note_failure, item));
}

static avow_promise_t *send_all(upload_t *upload) {
  const avow_map_options_t map = { .concurrency = (size_t) jobs,
                                   .kind = AVOW_ALL_SETTLED };
  return avow_map(upload->loop, upload->n, upload_one, upload, &map);
}

/* Returns the exit status. */
static int run(upload_t *upload) {
  const avow_value_t outcomes = avow_run(send_all(upload));
  progress_erase();
  if (avow_is_error(&outcomes))
    program_fail("cannot send them", avow_error_code(&outcomes));
  size_t there = 0;
  for (size_t i = 0; i < upload->n; i++)
    there += avow_outcome_at(&outcomes, i).status == AVOW_FULFILLED;
  avow_value_unref(outcomes);
  rows_print(upload->rows, upload->n);
  printf("\n%zu %s: %zu sent, %zu failed\n", upload->n,
         upload->n == 1 ? "file" : "files", there, upload->n - there);
  return there == upload->n ? 0 : 1;
}

static void set_server(upload_t *upload, const char *address) {
  const char *problem = http_parse_target(address, &upload->to);
  if (problem != NULL)
    options_refuse(address, problem);
}

static void add_files(upload_t *upload, char *files[], size_t n) {
  upload->items = calloc(n, sizeof(*upload->items));
  upload->rows = calloc(n, sizeof(*upload->rows));
  if (upload->items == NULL || upload->rows == NULL)
    program_fail("no memory", UV_ENOMEM);
  upload->n = n;
  for (size_t i = 0; i < n; i++) {
    upload->rows[i].name = files[i];
    upload->items[i] = (item_t){ upload, files[i], &upload->rows[i] };
  }
}

int main(int argc, char *argv[]) {
  upload_t upload = { .loop = NULL };
  upload_server_t server = { .loop = NULL };
  size_t n;
  char **files = options_parse(&command_line, argc, argv, &n);
  if (server_address != NULL)
    set_server(&upload, server_address);
  upload.loop = program_begin();
  add_files(&upload, files, n);
  if (upload.to.host[0] == '\0') {
    upload_server_start(upload.loop, &server);
    set_server(&upload, server.address);
    printf("No server given: sending to one of my own.\n\n");
  }
  const int status = run(&upload);
  if (server.loop != NULL)
    avow_value_unref(avow_run(upload_server_stop(&server)));
  free(upload.items);
  free(upload.rows);
  return program_end(upload.loop, status);
}
