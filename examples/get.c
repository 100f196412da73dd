/*
 * Gets several URLs at once, by libcurl, and shows what became of each. It is
 * an example of avow-curl, a library of its own.
 */
#include <avow.h>
#include <avow/curl.h>
#include <stdio.h>
#include <stdlib.h>

#include "options.h"
#include "program.h"
#include "table.h"

enum { BODY_MAX = 64 << 20 };

static uint64_t timeout = 10000;

static const option_t options[] = {
  { "timeout", "MS", "how long each may take; 10000", .number = &timeout,
    .min = 1, .max = 3600000 },
  { .name = NULL },
};

static const command_line_t command_line = {
  .operands = "URL...",
  .least = 1,
  .most = 10000,
  .about = "Gets all URLs at once, by HTTP, and shows what became of each.",
  .options = options,
  .status = "0 if all were got, whatever their status; 1 if not",
  .example = "http://example.org/ https://example.org/",
};

typedef struct {
  const char *url;
  uint64_t begin, end;   /* in nanoseconds */
  avow_value_t response; /* while its body is read */
  long status;
  size_t len;
} get_t;

static avow_value_t count(const avow_value_t *bytes, void *get) {
  (void) avow_to_bytes(bytes, &((get_t *) get)->len);
  return avow_none();
}

static avow_value_t read_body(const avow_value_t *response, void *data) {
  get_t *get = data;
  get->status = avow_curl_status(response);
  get->response = avow_value_ref(response);
  return avow_follow(avow_read_all(avow_to_stream(response), BODY_MAX));
}

static avow_value_t let_go(void *data) {
  get_t *get = data;
  get->end = uv_hrtime();
  avow_value_clear(&get->response);
  return avow_none();
}

/* NONE, once all of its body has come. */
static avow_promise_t *begin(const avow_curl_t *client, get_t *get) {
  get->begin = uv_hrtime();
  avow_promise_t *p = avow_curl_fetch(client, get->url, NULL);
  p = avow_then(p, read_body, NULL, get);
  p = avow_then(p, count, NULL, get);
  p = avow_timeout(p, timeout);
  return avow_finally(p, let_go, get);
}

static void print_row(table_t table, const get_t *get,
                      const avow_value_t *error) {
  char ms[32], answer[64];
  (void) snprintf(ms, sizeof(ms), "%8.1f",
                  (double) (get->end - get->begin) / 1e6);
  (void) snprintf(answer, sizeof(answer), "HTTP %ld, %zu bytes", get->status,
                  get->len);
  table_line(table, get->url, "", ms,
             error != NULL ? avow_error_message(error) : answer);
}

/* How many were got, of whose outcomes this is the list. */
static size_t print_table(const get_t gets[], size_t n,
                          const avow_value_t *outcomes) {
  size_t got = 0;
  int widest = table_wider(0, "URL");
  for (size_t i = 0; i < n; i++)
    widest = table_wider(widest, gets[i].url);
  const table_t table = table_of(widest, 8);
  table_line(table, "URL", "", "      ms", "answer or reason");
  for (size_t i = 0; i < n; i++) {
    const avow_settled_t s = avow_settled_at(outcomes, i);
    const bool is_got = s.status == AVOW_FULFILLED;
    print_row(table, &gets[i], is_got ? NULL : s.reason);
    got += is_got;
  }
  return got;
}

/* The exit status. */
static int run(uv_loop_t *loop, get_t gets[], avow_promise_t *all[], size_t n) {
  avow_curl_t *client = avow_curl_new(loop);
  for (size_t i = 0; i < n; i++)
    all[i] = begin(client, &gets[i]);
  avow_curl_unref(client);
  const avow_value_t v = avow_run(avow_all_settled(loop, all, n));
  if (avow_is_error(&v))
    return program_complain(v);
  const size_t got = print_table(gets, n, &v);
  avow_value_unref(v);
  return got == n ? 0 : 1;
}

int main(int argc, char *argv[]) {
  size_t n;
  char **urls = options_parse(&command_line, argc, argv, &n);
  uv_loop_t *loop = program_begin();
  get_t *gets = calloc(n, sizeof(*gets));
  avow_promise_t **all = calloc(n, sizeof(*all));
  if (gets == NULL || all == NULL)
    program_fail("cannot start", UV_ENOMEM);
  for (size_t i = 0; i < n; i++)
    gets[i].url = urls[i];
  int status = run(loop, gets, all, n);
  status = program_end(loop, status);
  free(all);
  free(gets);
  return status;
}
