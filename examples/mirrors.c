/* SPDX-License-Identifier: MIT */
/*
 * Requests a file from all mirrors at once, keeps the first complete response
 * and cancels the other requests. Mirrors that fail matter only if all of them
 * fail. The file is replaced as a whole or stays unchanged. See mirrors --help.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <avow/replace.h>

#include "demo_servers.h"
#include "options.h"
#include "program.h"
#include "rows.h"
#include "text.h"
#include "web.h"

enum { TIMEOUT = 10000, MODE = 0644, MOST = 64 };

static const command_line_t command_line = {
  .operands = "[FILE URL...]",
  .most = 1 + MOST,
  .about =
      "Requests FILE from all mirrors at once, over HTTP or HTTPS. Keeps\n"
      "the first answer that has status 200 and its announced length, and\n"
      "replaces FILE as a whole or not at all. Without arguments, the\n"
      "program requests seven servers that it starts itself, and keeps\n"
      "nothing.",
  .status = "0 if the file was replaced, 1 if not",
  .example = "avow.tar.gz https://example.org/avow.tar.gz localhost:8080/a.gz",
};

typedef struct {
  uv_loop_t *loop;
  avow_curl_t *client;
  const char *file; /* NULL: the size is shown instead */
  demo_server_t servers[DEMO_SERVERS];
  web_target_t targets[MOST];
  row_t rows[MOST];
  size_t n;
} mirrors_t;

static void finish(row_t *row, row_state_t state) {
  row->state = state;
  row->end = uv_hrtime();
}

/* With a length, a broken connection can be told from the end of the file. */
static bool has_length(const avow_value_t *response) {
  return avow_curl_header(response, "Content-Length") != NULL ||
         avow_curl_header(response, "Transfer-Encoding") != NULL;
}

/* Reads the body if the response is the whole file. Other statuses have another
   body or a part of the file. */
static avow_value_t read_file(const avow_value_t *response, void *data) {
  row_t *row = data;
  const avow_value_t v = web_status(response, &row->status);
  if (avow_is_error(&v))
    return v;
  if (row->status != 200)
    return avow_error_new(UV_EPROTO, avow_none(), "HTTP status %d",
                          row->status);
  if (!has_length(response))
    return avow_error_new(UV_EPROTO, avow_none(),
                          "it does not say how long the file is");
  return web_body(response);
}

static avow_value_t note_file(const avow_value_t *bytes, void *data) {
  row_t *row = data;
  (void) avow_to_bytes(bytes, &row->bytes);
  finish(row, FULFILLED);
  return avow_value_ref(bytes);
}

/* Adds the name of the mirror to the reason. */
static avow_value_t note_failure(const avow_value_t *reason, void *data) {
  row_t *row = data;
  const bool lost = avow_error_code(reason) == UV_ECANCELED;
  const char *text = web_reason(reason);
  (void) snprintf(row->reason, sizeof(row->reason), "%s", text);
  finish(row, lost ? CANCELED : REJECTED);
  return avow_error_new(avow_error_code(reason), avow_value_ref(reason),
                        "%s: %s", row->name, text);
}

static avow_value_t save(const avow_value_t *bytes, void *data) {
  const mirrors_t *mirrors = data;
  if (mirrors->file == NULL)
    return avow_value_ref(bytes);
  return avow_follow(avow_replace_file(mirrors->loop, mirrors->file,
                                       avow_value_ref(bytes), MODE));
}

/* INT: the number of bytes. Without a file the result is BYTES, the content. */
static avow_promise_t *download(mirrors_t *mirrors) {
  avow_promise_t *ps[MOST];
  for (size_t i = 0; i < mirrors->n; i++) {
    row_t *row = &mirrors->rows[i];
    row->begin = uv_hrtime();
    avow_promise_t *p = web_fetch(mirrors->client, &mirrors->targets[i]);
    p = avow_then(p, read_file, NULL, row);
    p = avow_timeout(p, TIMEOUT);
    ps[i] = avow_then(p, note_file, note_failure, row);
  }
  avow_promise_t *p = avow_any(mirrors->loop, ps, mirrors->n);
  return avow_then(avow_cancel_losers(p), save, NULL, mirrors);
}

static void print_failure(const avow_value_t *error) {
  const avow_value_t *reasons = avow_error_cause(error);
  (void) program_complain(avow_value_ref(error));
  if (avow_error_code(error) != AVOW_EAGGREGATE || reasons == NULL)
    return;
  for (size_t i = 0; i < avow_list_len(reasons); i++) {
    fprintf(stderr, "  ");
    (void) text_print(stderr, avow_error_message(avow_list_at(reasons, i)),
                      TEXT_WHOLE);
    fprintf(stderr, "\n");
  }
}

static void print_result(const mirrors_t *mirrors, const avow_value_t *saved) {
  printf("\n");
  if (mirrors->file == NULL) {
    size_t len;
    (void) avow_to_bytes(saved, &len);
    printf("%zu bytes, which are not kept\n", len);
    return;
  }
  (void) text_print(stdout, mirrors->file, TEXT_WHOLE);
  printf(": %lld bytes\n", (long long) avow_to_int(saved));
}

/* Returns the exit status. */
static int run(mirrors_t *mirrors) {
  avow_promise_t *interrupted = program_interrupted(mirrors->loop);
  const avow_value_t saved =
      avow_run(avow_until(download(mirrors), interrupted));
  program_forget(interrupted);
  rows_print(mirrors->rows, mirrors->n);
  const int status = avow_is_error(&saved) ? 1 : 0;
  if (status != 0)
    print_failure(&saved);
  else
    print_result(mirrors, &saved);
  avow_value_unref(saved);
  return status;
}

/* A directory cannot be replaced, and a device or a FIFO should not be. */
static void check_file(const char *file) {
  struct stat stat_of;
  if (stat(file, &stat_of) == 0 && !S_ISREG(stat_of.st_mode))
    options_refuse(file, "not a regular file");
}

static void add(mirrors_t *mirrors, const char *name, web_target_t target) {
  mirrors->targets[mirrors->n] = target;
  mirrors->rows[mirrors->n++].name = name;
}

static void add_mirror(mirrors_t *mirrors, const char *url) {
  const char *problem = web_check(url);
  if (problem != NULL)
    options_refuse(url, problem);
  add(mirrors, url, (web_target_t){ .url = url });
}

static void add_demo(mirrors_t *mirrors) {
  demo_start(mirrors->loop, mirrors->servers, DEMO_SERVERS);
  for (size_t i = 0; i < DEMO_SERVERS; i++)
    add(mirrors, mirrors->servers[i].name, mirrors->servers[i].target);
  printf("No mirrors given: asking seven of my own.\n\n");
}

int main(int argc, char *argv[]) {
  static mirrors_t mirrors;
  size_t n;
  char **operands = options_parse(&command_line, argc, argv, &n);
  if (n == 1)
    options_refuse(operands[0], "a file needs mirrors to have it from");
  for (size_t i = 1; i < n; i++)
    add_mirror(&mirrors, operands[i]);
  if (n > 0)
    check_file(mirrors.file = operands[0]);
  mirrors.loop = program_begin();
  mirrors.client = avow_curl_new(mirrors.loop, NULL);
  if (n == 0)
    add_demo(&mirrors);
  const int status = run(&mirrors);
  demo_stop(mirrors.servers, DEMO_SERVERS);
  avow_curl_unref(mirrors.client);
  return program_end(mirrors.loop, status);
}
