/*
 * Asks all mirrors of a file at once, keeps what the first has to give, and
 * hangs up on the others: mirrors that fail matter only when all do. The file
 * is there as a whole or as it was. See mirrors --help.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "demo_servers.h"
#include "http.h"
#include "options.h"
#include "program.h"
#include "rows.h"
#include "text.h"

enum { TIMEOUT = 10000, MODE = 0644, MOST = 64 };

static const command_line_t command_line = {
  .operands = "[FILE HOST:PORT[/PATH]...]",
  .most = 1 + MOST,
  .about =
      "Asks all mirrors for FILE at once and keeps what the first one "
      "gives: an answer\nof status 200 that is as long as it says. FILE "
      "is replaced by that as a whole, or\nstays. Without arguments it "
      "asks five servers of its own, and keeps nothing.",
  .status = "0 if the file is there, 1 if not",
  .example = "avow.tar.gz localhost:8080/avow.tar.gz [::1]:8080/avow.tar.gz",
};

typedef struct {
  uv_loop_t *loop;
  const char *file; /* NULL: the answer is shown instead */
  demo_server_t servers[DEMO_SERVERS];
  http_target_t targets[MOST];
  row_t rows[MOST];
  size_t n;
} mirrors_t;

static void finish(row_t *row, row_state_t state) {
  row->state = state;
  row->end = uv_hrtime();
}

static avow_value_t note_answer(const avow_value_t *response, void *data) {
  row_t *row = data;
  row->status = http_to_response(response)->status;
  row->bytes = http_to_response(response)->len;
  finish(row, FULFILLED);
  return avow_value_ref(response);
}

/* Passes on a body that is the whole file. Without a length nobody knows
   whether it is, and with other statuses it is something else, or a part. */
static avow_value_t check_answer(const avow_value_t *response, void *data) {
  const http_response_t *answer = http_to_response(response);
  if (answer->status != 200)
    return avow_error_new(UV_EPROTO, avow_none(), "HTTP status %d",
                          answer->status);
  if (!answer->has_length)
    return avow_error_new(UV_EPROTO, avow_none(),
                          "it does not say how long the file is");
  return avow_value_ref(response);
}

/* The same reason, with the mirror's name before it. */
static avow_value_t note_failure(const avow_value_t *reason, void *data) {
  row_t *row = data;
  const bool lost = avow_error_code(reason) == UV_ECANCELED;
  const char *text = lost ? "not wanted any more" : avow_error_message(reason);
  (void) snprintf(row->reason, sizeof(row->reason), "%s", text);
  finish(row, lost ? CANCELLED : REJECTED);
  return avow_error_new(avow_error_code(reason), avow_value_ref(reason),
                        "%s: %s", row->name, text);
}

static avow_value_t replace(const avow_value_t *response, mirrors_t *mirrors) {
  const http_response_t *answer = http_to_response(response);
  return avow_follow(avow_replace_file(mirrors->loop, mirrors->file,
                                       avow_bytes(answer->body, answer->len),
                                       MODE));
}

static avow_value_t save(const avow_value_t *response, void *data) {
  mirrors_t *mirrors = data;
  return mirrors->file != NULL ? replace(response, mirrors)
                               : avow_value_ref(response);
}

/* INT: how many bytes; without a file the response. */
static avow_promise_t *download(mirrors_t *mirrors) {
  avow_promise_t *ps[MOST];
  for (size_t i = 0; i < mirrors->n; i++) {
    row_t *row = &mirrors->rows[i];
    row->begin = uv_hrtime();
    avow_promise_t *p = http_get(mirrors->loop, &mirrors->targets[i]);
    p = avow_then(p, check_answer, NULL, NULL);
    p = avow_timeout(p, TIMEOUT);
    ps[i] = avow_then(p, note_answer, note_failure, row);
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
    printf("%zu bytes, which are not kept\n", http_to_response(saved)->len);
    return;
  }
  (void) text_print(stdout, mirrors->file, TEXT_WHOLE);
  printf(": %lld bytes\n", (long long) avow_to_int(saved));
}

/* The exit status. */
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

/* A directory could not be replaced, a device or a FIFO should not be. */
static void check_file(const char *file) {
  struct stat stat_of;
  if (stat(file, &stat_of) == 0 && !S_ISREG(stat_of.st_mode))
    options_refuse(file, "not a regular file");
}

static void add(mirrors_t *mirrors, const char *name, const char *address) {
  const char *problem =
      http_parse_target(address, &mirrors->targets[mirrors->n]);
  if (problem != NULL)
    options_refuse(address, problem);
  mirrors->rows[mirrors->n++].name = name;
}

static void add_demo(mirrors_t *mirrors) {
  const int err = demo_start(mirrors->loop, mirrors->servers, DEMO_SERVERS);
  if (err != 0)
    program_fail("cannot start the servers", err);
  for (size_t i = 0; i < DEMO_SERVERS; i++)
    add(mirrors, mirrors->servers[i].name, mirrors->servers[i].address.text);
  printf("No mirrors given: asking five of my own.\n\n");
}

int main(int argc, char *argv[]) {
  static mirrors_t mirrors;
  size_t n;
  char **operands = options_parse(&command_line, argc, argv, &n);
  if (n == 1)
    options_refuse(operands[0], "a file needs mirrors to have it from");
  for (size_t i = 1; i < n; i++)
    add(&mirrors, operands[i], operands[i]);
  if (n > 0)
    check_file(mirrors.file = operands[0]);
  mirrors.loop = program_begin();
  if (n == 0)
    add_demo(&mirrors);
  const int status = run(&mirrors);
  demo_stop(mirrors.servers, DEMO_SERVERS);
  return program_end(mirrors.loop, status);
}
