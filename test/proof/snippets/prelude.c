/* SPDX-License-Identifier: MIT */
/* Runs the snippets one by one and compares their output. */
#include "prelude.h"

#include <ctype.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <unistd.h>

#include SNIPPETS

/* In milliseconds of a virtual clock that advances by itself. QUIET is the real
   time that it waits for data in transit. */
enum { SOON = 5, SLOW = 60, NEVER = 60000, QUIET = 1000 };
enum { OUTPUT = 4096 };

uv_loop_t *loop;

static char said[OUTPUT];
static size_t said_len;
static int at_work, most;

static void require(bool ok, const char *what) {
  if (ok)
    return;
  (void) fprintf(stderr, "snippets: %s\n", what); /* ignored: it fails anyway */
  abort();
}

void say(const char *format, ...) {
  va_list args;
  va_start(args, format);
  const int n =
      vsnprintf(said + said_len, sizeof(said) - said_len, format, args);
  va_end(args);
  require(n >= 0 && said_len + (size_t) n + 1 < sizeof(said), "large output");
  said_len += (size_t) n;
  said[said_len++] = '\n';
  said[said_len] = '\0';
}

int most_at_once(void) {
  const int result = most;
  most = at_work;
  return result;
}

static avow_value_t over(void *data) {
  at_work--;
  return avow_none();
}

static avow_value_t answer(const avow_value_t *none, void *data) {
  const char *name = data;
  if (strncmp(name, "no ", 3) == 0)
    return avow_error_new(UV_ENOENT, avow_none(), "%s: not found", name);
  char *upper;
  const avow_value_t v = avow_bytes_new(strlen(name), &upper);
  for (size_t i = 0; !avow_is_error(&v) && name[i] != '\0'; i++)
    upper[i] = (char) toupper((unsigned char) name[i]);
  return v;
}

static uint64_t duration(const char *name) {
  if (strcmp(name, "never") == 0)
    return NEVER;
  return strcmp(name, "slow") == 0 ? SLOW : SOON;
}

avow_promise_t *get(const char *name) {
  char *copy = malloc(strlen(name) + 1);
  require(copy != NULL, "no memory");
  memcpy(copy, name, strlen(name) + 1);
  most = ++at_work > most ? at_work : most;
  avow_promise_t *p = avow_sleep(loop, duration(name));
  p = avow_then(p, answer, NULL, copy);
  p = avow_finally(p, over, NULL);
  return avow_attach(p, copy, free);
}

typedef struct {
  void (*cb)(void *data, const char *answer);
  void *data;
} old_t;

static avow_value_t call_back(const avow_value_t *v, void *data) {
  const old_t *old = data;
  old->cb(old->data, text(v));
  return avow_none();
}

void old_get(const char *name, void (*cb)(void *data, const char *answer),
             void *data) {
  old_t *old = malloc(sizeof(*old));
  require(old != NULL, "no memory");
  *old = (old_t){ .cb = cb, .data = data };
  avow_promise_t *p = avow_then(get(name), call_back, NULL, old);
  avow_unref(avow_attach(p, old, free));
}

void open_pair(uv_pipe_t ends[2]) {
  uv_os_sock_t sockets[2];
  require(uv_socketpair(SOCK_STREAM, 0, sockets, 0, 0) == 0, "uv_socketpair()");
  for (int i = 0; i < 2; i++) {
    require(uv_pipe_init(loop, &ends[i], 1) == 0, "uv_pipe_init()");
    require(uv_pipe_open(&ends[i], sockets[i]) == 0, "uv_pipe_open()");
  }
}

avow_promise_t *close_pair(uv_pipe_t ends[2]) {
  avow_promise_t *both[] = { avow_close_handle((uv_handle_t *) &ends[0]),
                             avow_close_handle((uv_handle_t *) &ends[1]) };
  return avow_all(loop, both, 2);
}

/* Each example has the working directory for itself and leaves it empty. */
static void run_in(const char *dir, avow_fn example) {
  require(chdir(dir) == 0, "chdir()");
  avow_unref(avow_async(loop, example, NULL));
  (void) uv_run(loop, UV_RUN_DEFAULT); /* 0: all that it started is over */
  require(chdir("/") == 0, "chdir()");
}

static void run(const snippet_t *snippet) {
  uv_loop_t own;
  loop = &own;
  said_len = 0;
  said[0] = '\0';
  most = 0;
  require(uv_loop_init(&own) == 0, "uv_loop_init()");
  const avow_options_t options = { .budget_us = UINT_MAX,
                                   .slow_us = UINT_MAX,
                                   .clock = snippet->clock,
                                   .clock_quiet_ms = QUIET };
  require(avow_loop_init(&own, &options) == 0, "avow_loop_init()");
  const avow_value_t dir = avow_run(avow_temp_dir(&own, "snippets-"));
  require(!avow_is_error(&dir), "avow_temp_dir()");
  run_in(avow_to_temp_dir(&dir), snippet->example);
  avow_value_unref(dir);
  require(avow_loop_close(&own) == 0, "avow_loop_close()");
  require(uv_loop_close(&own) == 0, "a snippet leaves handles");
  require(at_work == 0, "a snippet leaves work");
}

int main(void) {
  size_t failed = 0;
  (void) signal(SIGPIPE, SIG_IGN);
  for (const snippet_t *snippet = snippets; snippet->title != NULL; snippet++) {
    run(snippet);
    const bool ok = strcmp(said, snippet->output) == 0;
    printf("%s %s\n", ok ? "ok    " : "FAILED", snippet->title);
    if (!ok)
      printf("--- prints\n%s--- not\n%s", said, snippet->output);
    failed += ok ? 0 : 1;
  }
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
