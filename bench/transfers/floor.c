/* SPDX-License-Identifier: MIT */
/*
 * floor URL REQUESTS AT_ONCE: does the work of avow.c with libcurl only, with
 * curl_multi_poll() and without a loop. It reuses AT_ONCE easy handles, so that
 * a program for this task can hardly use less. The requests share one
 * connection if TLS negotiates multiplexing.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

static CURLM *multi;
static size_t left, running, answered, bytes, connections;

static size_t count(char *data, size_t size, size_t n, void *unused) {
  bytes += size * n;
  return size * n;
}

static int count_one(void *unused, curl_socket_t fd, curlsocktype purpose) {
  connections++;
  return CURL_SOCKOPT_OK;
}

static void begin(CURL *easy) {
  left--;
  running++;
  curl_multi_add_handle(multi, easy);
}

static CURL *make(const char *url) {
  CURL *easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, count);
  curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
  curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, count_one);
  curl_easy_setopt(easy, CURLOPT_CAINFO, getenv("CURL_CA_BUNDLE"));
  return easy;
}

static void end(CURL *easy, CURLcode code) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  answered += code == CURLE_OK && status == 200;
  running--;
  curl_multi_remove_handle(multi, easy);
  if (left > 0)
    begin(easy);
  else
    curl_easy_cleanup(easy);
}

static void end_those_that_did(void) {
  int queued;
  const CURLMsg *message;
  while ((message = curl_multi_info_read(multi, &queued)) != NULL)
    end(message->easy_handle, message->data.result);
}

int main(int argc, char *argv[]) {
  if (argc != 4)
    return 2;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  multi = curl_multi_init();
  left = strtoul(argv[2], NULL, 10);
  const size_t at_once = strtoul(argv[3], NULL, 10);
  while (left > 0 && running < at_once)
    begin(make(argv[1]));
  while (running > 0) {
    int unused;
    curl_multi_perform(multi, &unused);
    end_those_that_did();
    if (running > 0)
      curl_multi_poll(multi, NULL, 0, 1000, NULL);
  }
  curl_multi_cleanup(multi);
  curl_global_cleanup();
  printf("%zu answers, %zu bytes, %zu connections\n", answered, bytes,
         connections);
  return 0;
}
