/* SPDX-License-Identifier: MIT */
/*
 * Requests: copies of the options of a fetch, kept until the transfer starts.
 * An easy handle takes about 6 KB, so waiting requests have none.
 */
#ifndef AVOW_CURL_REQUEST_H
#define AVOW_CURL_REQUEST_H

#include "avow/curl.h"

typedef struct {
  char *url;
  char *method; /* NULL: GET, or POST with a body */
  struct curl_slist *headers;
  avow_value_t bytes; /* of the body */
  uint64_t length;    /* of a body that is a stream; 0: unknown */
  bool streams;
  bool no_redirects;
  unsigned redirects;
  void (*set)(CURL *easy, void *data); /* may be NULL */
  void *data;
} request_t;

/* Copies the options, except a stream. Returns false if an allocation fails;
   the caller frees `q` in both cases. */
bool avow__curl_request_init(request_t *q, const char *url,
                             const avow_fetch_options_t *o);

void avow__curl_request_free(request_t *q);

/* Creates an easy handle with these options. `q` must outlive it. Returns NULL
   if an allocation fails. */
CURL *avow__curl_request_easy(const request_t *q);

/* Makes the next request a GET, as 303 requires, or a HEAD if this one is a
   HEAD. libcurl would repeat any custom method. */
void avow__curl_request_see_other(const request_t *q, CURL *easy);

#endif
