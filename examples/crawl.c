/*
 * A crawler: visits the pages of a site, each once, so many at a time, and
 * tries again where one does not answer in time or fails. The channel holds
 * what is yet to be visited; with the last visit it ends. See crawl --help;
 * js/crawl.js is the same for Node.
 */
#include <avow.h>
#include <avow/auto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "program.h"
#include "text.h"

enum { PAGES = 1000, PAGE_SIZE = 4 * 1024 * 1024, PATH_SIZE = 1024 };

static uint64_t jobs = 4;
static uint64_t tries = 3;
static uint64_t timeout = 10000;

static const option_t options[] = {
  { "jobs", "N", "pages at a time (4)", .number = &jobs, .min = 1,
    .max = 1000 },
  { "tries", "N", "how often a page is asked for (3)", .number = &tries,
    .min = 1, .max = 100 },
  { "wait", "MS", "for how long each time (10000)", .number = &timeout,
    .min = 1, .max = 9999999 },
  { .name = NULL },
};

static const command_line_t command_line = {
  .operands = "URL",
  .least = 1,
  .most = 1,
  .about =
      "Visits a page and all of the same server that it leads to, 1000 at "
      "most, and\nshows what became of each.",
  .options = options,
  .status = "0 if all could be had, 1 if not",
  .example = "http://127.0.0.1:8080/index.html",
};

static uv_loop_t *loop;
static avow_channel_t *queue; /* of paths */
static char host[256], port[6];
static char *seen[PAGES];
static size_t seen_count, done_count, failed_count;

/* Adds the path, which begins with so much of a page's, unless it is known. */
static void add(const char *page, ptrdiff_t base, const char *link, int len) {
  char path[PATH_SIZE];
  (void) snprintf(path, sizeof(path), "%.*s%.*s", (int) base, page, len, link);
  for (size_t i = 0; i < seen_count; i++)
    if (strcmp(seen[i], path) == 0)
      return;
  if (seen_count == PAGES || (seen[seen_count] = strdup(path)) == NULL)
    return;
  avow_unref(avow_channel_send(queue, avow_pointer(seen[seen_count++])));
}

/* Links to other servers are left alone. */
static void add_links(const char *page, const char *html) {
  for (const char *at = html; (at = strstr(at, "href=\"")) != NULL;) {
    at += strlen("href=\"");
    const size_t len = strcspn(at, "\"# \t\r\n");
    const bool leaves =
        memchr(at, ':', len) != NULL || strncmp(at, "//", 2) == 0;
    if (len > 0 && len < PATH_SIZE && !leaves)
      add(page, at[0] == '/' ? 0 : strrchr(page, '/') + 1 - page, at,
          (int) len);
  }
}

/* 0 of what is no answer. */
static int status_of(const avow_value_t *answer) {
  const char *text = avow_to_bytes(answer, NULL);
  if (strncmp(text, "HTTP/1.", 7) != 0)
    return 0;
  return (int) strtol(text + strcspn(text, " "), NULL, 10);
}

static avow_value_t ask(void *path) {
  char request[PATH_SIZE + 512];
  (void) snprintf(request, sizeof(request),
                  "GET %s HTTP/1.0\r\nHost: %s:%s\r\n\r\n", (char *) path, host,
                  port);
  AVOW_AUTO_VALUE server = avow_none();
  AVOW_AUTO_VALUE answer = avow_none();
  AVOW_TRY(avow_await_value(avow_connect(loop, host, port), &server));
  const avow_stream_t stream = avow_to_stream(&server);
  AVOW_TRY(avow_await_done(avow_write(stream, avow_string(request))));
  AVOW_TRY(avow_await_bytes(avow_read_all(stream, PAGE_SIZE), &answer));
  const int status = status_of(&answer);
  if (status == 0 || status >= 500)
    return avow_error_new(UV_EPROTO, avow_none(), "status %d", status);
  return avow_steal(&answer);
}

static avow_value_t ask_in_time(void *path) {
  return avow_follow(avow_timeout(avow_async(loop, ask, path), timeout));
}

/* Shows what became of it, and adds where it leads to. */
static avow_value_t visit(void *path) {
  const avow_retry_options_t retry = { .attempts = (unsigned) tries };
  AVOW_AUTO_VALUE answer =
      avow_await(avow_retry(loop, ask_in_time, path, &retry));
  const int status = avow_is_error(&answer) ? 0 : status_of(&answer);
  printf("%03d ", status);
  (void) text_print(stdout, path, TEXT_WHOLE);
  if (status == 0)
    printf(": %s", avow_error_message(&answer));
  printf("\n");
  if (status == 200)
    add_links(path, avow_to_bytes(&answer, NULL));
  failed_count += status != 200;
  if (++done_count == seen_count)
    avow_channel_end(queue);
  return avow_none();
}

static avow_value_t visit_next(const avow_value_t *path, void *data) {
  return avow_follow(avow_async(loop, visit, avow_to_pointer(path)));
}

/* The exit status. */
static int crawl(const char *path) {
  const avow_map_options_t each = { .concurrency = (size_t) jobs };
  queue = avow_channel_new(loop, PAGES);
  add(path, 0, path, (int) strlen(path));
  const avow_value_t end = avow_run(avow_each(queue, visit_next, NULL, &each));
  avow_channel_unref(queue);
  for (size_t i = 0; i < seen_count; i++)
    free(seen[i]);
  if (avow_is_error(&end))
    return program_complain(end);
  printf("%zu visited, %zu failed\n", done_count, failed_count);
  return failed_count > 0 ? 1 : 0;
}

int main(int argc, char *argv[]) {
  size_t n;
  char **url = options_parse(&command_line, argc, argv, &n);
  char path[PATH_SIZE] = "/";
  if (sscanf(url[0], "http://%255[^:/]:%5[0-9]%1023s", host, port, path) < 2)
    options_refuse(url[0], "a URL is like http://127.0.0.1:8080/");
  loop = program_begin();
  return program_end(loop, crawl(path));
}
