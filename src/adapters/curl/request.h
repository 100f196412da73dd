/* SPDX-License-Identifier: MIT */
/*
 * Requests: what the program asks for, kept until the transfer begins. An easy
 * handle takes some 6 KB, and so thousands of requests that wait have none.
 */
#ifndef AVOW_CURL_REQUEST_H
#define AVOW_CURL_REQUEST_H

#include "avow/curl.h"

typedef struct {
  char *url;
  char *method; /* NULL: GET, or POST with a body */
  struct curl_slist *headers;
  avow_value_t bytes; /* of the body */
  uint64_t length;    /* of a body that is a stream; 0: nobody knows */
  bool streams;
  bool no_redirects;
  unsigned redirects;
  void (*set)(CURL *easy, void *data); /* NULL */
  void *data;
} request_t;

/* Copies what the program asks for, but for a stream. False without memory;
   what there is then is freed as ever. */
bool avow__curl_request_init(request_t *q, const char *url,
                             const avow_fetch_options_t *o);

void avow__curl_request_free(request_t *q);

/* An easy handle with all of that, which q has to outlive. NULL without
   memory. */
CURL *avow__curl_request_easy(const request_t *q);

#endif
