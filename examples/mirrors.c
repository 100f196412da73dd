/*
 * mirrors FILE [host:port[/path]]...: asks all mirrors of a file at once, keeps
 * what the first has to give, and hangs up on the others: mirrors that fail
 * matter only when all do. FILE is there as a whole or as it was. Without
 * mirrors it asks five of its own, most of which are of no use.
 */
#include <stdio.h>
#include <stdlib.h>

#include "demo_servers.h"
#include "http.h"
#include "program.h"
#include "table.h"

enum { TIMEOUT = 10000, MODE = 0644, MOST = 64 };

typedef struct {
  uv_loop_t *loop;
  const char *file;
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

static avow_value_t save(const avow_value_t *response, void *data) {
  mirrors_t *mirrors = data;
  const http_response_t *answer = http_to_response(response);
  return avow_follow(avow_replace_file(mirrors->loop, mirrors->file,
                                       avow_bytes(answer->body, answer->len),
                                       MODE));
}

/* INT: how many bytes. */
static avow_promise_t *download(mirrors_t *mirrors) {
  avow_promise_t *ps[MOST];
  for (size_t i = 0; i < mirrors->n; i++) {
    row_t *row = &mirrors->rows[i];
    row->begin = uv_hrtime();
    avow_promise_t *p = http_get(mirrors->loop, &mirrors->targets[i]);
    p = avow_timeout(p, TIMEOUT);
    ps[i] = avow_then(p, note_answer, note_failure, row);
  }
  avow_promise_t *p = avow_any(mirrors->loop, ps, mirrors->n);
  return avow_then(avow_cancel_losers(p), save, NULL, mirrors);
}

static void print_failure(const avow_value_t *error) {
  fprintf(stderr, "mirrors: %s\n", avow_error_message(error));
  if (avow_error_code(error) != AVOW_EAGGREGATE)
    return;
  const avow_value_t *reasons = avow_error_cause(error);
  for (size_t i = 0; reasons != NULL && i < avow_list_len(reasons); i++)
    fprintf(stderr, "  %s\n", avow_error_message(avow_list_at(reasons, i)));
}

/* The exit status. */
static int run(mirrors_t *mirrors) {
  const avow_value_t saved = avow_run(download(mirrors));
  table_print(mirrors->rows, mirrors->n);
  const int status = avow_is_error(&saved) ? 1 : 0;
  if (status != 0)
    print_failure(&saved);
  else
    printf("\n%s: %lld bytes\n", mirrors->file,
           (long long) avow_to_int(&saved));
  avow_value_unref(saved);
  return status;
}

static bool add(mirrors_t *mirrors, const char *name, const char *address) {
  const char *problem =
      mirrors->n < MOST
          ? http_parse_target(address, &mirrors->targets[mirrors->n])
          : "too many mirrors";
  if (problem != NULL)
    fprintf(stderr, "mirrors: '%s': %s\n", address, problem);
  else
    mirrors->rows[mirrors->n++].name = name;
  return problem == NULL;
}

static void add_demo(mirrors_t *mirrors) {
  const int err = demo_start(mirrors->loop, mirrors->servers, DEMO_SERVERS);
  if (err != 0)
    program_fail("cannot start the servers", err);
  for (size_t i = 0; i < DEMO_SERVERS; i++)
    (void) add(mirrors, mirrors->servers[i].name, /* which is right */
               mirrors->servers[i].address.text);
  printf("No mirrors given: asking five of my own.\n\n");
}

int main(int argc, char *argv[]) {
  static mirrors_t mirrors;
  bool fine = argc > 1 && argv[1][0] != '\0';
  for (int i = 2; i < argc && fine; i++)
    fine = add(&mirrors, argv[i], argv[i]);
  if (!fine) {
    fprintf(stderr, "usage: mirrors FILE [host:port[/path]]...\n");
    return 2;
  }
  mirrors.loop = program_begin("mirrors");
  mirrors.file = argv[1];
  if (mirrors.n == 0)
    add_demo(&mirrors);
  const int status = run(&mirrors);
  demo_stop(mirrors.servers, DEMO_SERVERS);
  program_end(mirrors.loop);
  return status;
}
