/* SPDX-License-Identifier: MIT */
/*
 * A crawler that uses avow-curl. It visits each page of a site once, with a
 * limited number at a time, and retries pages that fail or time out. The
 * channel holds the pages to visit and ends with the last visit. See crawl
 * --help; js/crawl.js is the same program for Node.
 */
#include <avow.h>
#include <avow/auto.h>
#include <avow/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "program.h"
#include "text.h"

enum { PAGES = 1000, PAGE_SIZE = 4 * 1024 * 1024, LINK_SIZE = 1024 };

static uint64_t jobs = 4;
static uint64_t tries = 3;
static uint64_t timeout = 10000;

static const option_t options[] = {
  { "jobs", "N", "limit of pages at a time (4)", .number = &jobs, .min = 1,
    .max = 1000 },
  { "tries", "N", "attempts for each page (3)", .number = &tries, .min = 1,
    .max = 100 },
  { "wait", "MS", "timeout of each attempt (10000)", .number = &timeout,
    .min = 1, .max = 9999999 },
  { .name = NULL },
};

static const command_line_t command_line = {
  .operands = "URL",
  .least = 1,
  .most = 1,
  .about =
      "Visits a page and the pages of the same server that it links to.\n"
      "Shows the result of each page. Visits at most 1000 pages.",
  .options = options,
  .status = "0 if all pages could be loaded, 1 if not",
  .example = "http://127.0.0.1:8080/index.html",
};

static uv_loop_t *loop;
static avow_curl_t *client;
static avow_channel_t *queue; /* of URLs */
static char *origin;          /* the beginning of all URLs on the same server */
static char *seen[PAGES];
static size_t seen_count, done_count, failed_count;

/* The URL that a link of a page leads to, or NULL if it is not a URL. */
static char *resolve(const char *page, const char *link) {
  char *text = NULL;
  CURLU *url = curl_url();
  if (curl_url_set(url, CURLUPART_URL, page, 0) == CURLUE_OK &&
      curl_url_set(url, CURLUPART_URL, link, 0) == CURLUE_OK) {
    (void) curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0);
    (void) curl_url_get(url, CURLUPART_URL, &text, CURLU_NO_DEFAULT_PORT);
  }
  curl_url_cleanup(url);
  return text;
}

static bool is_new(const char *url) {
  for (size_t i = 0; i < seen_count; i++)
    if (strcmp(seen[i], url) == 0)
      return false;
  return seen_count < PAGES;
}

/* Adds the page, unless it is known or belongs to another server. */
static void add(const char *page, const char *link) {
  char *url = resolve(page, link);
  if (url == NULL || strncmp(url, origin, strlen(origin)) != 0 ||
      !is_new(url)) {
    curl_free(url);
    return;
  }
  seen[seen_count++] = url;
  avow_unref(avow_channel_send(queue, avow_pointer(url)));
}

static void add_links(const char *page, const char *html) {
  char link[LINK_SIZE];
  for (const char *at = html; (at = strstr(at, "href=\"")) != NULL;)
    if (sscanf(at += strlen("href=\""), "%1023[^\"]", link) == 1)
      add(page, link);
}

static avow_value_t check(const avow_value_t *response, void *data) {
  const long status = avow_curl_status(response);
  if (status >= 500)
    return avow_error_new(UV_EPROTO, avow_none(), "status %ld", status);
  return avow_value_ref(response);
}

/* The response. A status of 500 or more is an error. */
static avow_value_t ask(void *url) {
  const avow_fetch_options_t fetch = { .no_redirects = true,
                                       .limit = PAGE_SIZE };
  avow_promise_t *p = avow_curl_fetch_all(client, url, &fetch);
  return avow_follow(avow_timeout(avow_then(p, check, NULL, NULL), timeout));
}

/* Shows the result of a visit and adds the links of the page. */
static avow_value_t visit(void *url) {
  const avow_retry_options_t retry = { .attempts = (unsigned) tries };
  AVOW_AUTO_VALUE answer = avow_await(avow_retry(loop, ask, url, &retry));
  const bool failed = avow_is_error(&answer);
  const long status = failed ? 0 : avow_curl_status(&answer);
  printf("%03d ", (int) status);
  (void) text_print(stdout, (char *) url + strlen(origin) - 1, TEXT_WHOLE);
  if (failed)
    printf(": %s", avow_error_message(&answer));
  printf("\n");
  if (status == 200)
    add_links(url, avow_to_bytes(avow_curl_body(&answer), NULL));
  failed_count += status != 200;
  if (++done_count == seen_count)
    avow_channel_end(queue);
  return avow_none();
}

static avow_value_t visit_next(const avow_value_t *url, void *data) {
  return avow_follow(avow_async(loop, visit, avow_to_pointer(url)));
}

/* Returns the exit status. */
static int crawl(const char *url) {
  const avow_map_options_t each = { .concurrency = (size_t) jobs };
  queue = avow_channel_new(loop, PAGES);
  client = avow_curl_new(loop, NULL);
  add(url, url);
  const avow_value_t end = avow_run(avow_each(queue, visit_next, NULL, &each));
  avow_curl_unref(client);
  avow_channel_unref(queue);
  for (size_t i = 0; i < seen_count; i++)
    curl_free(seen[i]);
  if (avow_is_error(&end))
    return program_complain(end);
  printf("%zu visited, %zu failed\n", done_count, failed_count);
  return failed_count > 0 ? 1 : 0;
}

int main(int argc, char *argv[]) {
  size_t n;
  char **url = options_parse(&command_line, argc, argv, &n);
  origin = resolve(url[0], "/");
  if (origin == NULL || strncmp(origin, "http", 4) != 0)
    options_refuse(url[0], "a URL is like https://example.org/");
  loop = program_begin();
  const int status = crawl(url[0]);
  curl_free(origin);
  return program_end(loop, status);
}
