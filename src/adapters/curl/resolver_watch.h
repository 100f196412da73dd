/* SPDX-License-Identifier: MIT */
/*
 * Lookups of names, which libcurl runs on its own threads. When a transfer is
 * removed, libcurl blocks until its lookup has ended. A transfer that is
 * canceled during a lookup must therefore stay until the lookup has ended.
 */
#ifndef AVOW_CURL_RESOLVER_WATCH_H
#define AVOW_CURL_RESOLVER_WATCH_H

#include <stdbool.h>

#include <curl/curl.h>

typedef struct {
  CURL *easy;
  curl_off_t before; /* total time of lookups when the last one started */
  /* number of redirects at that time; -1: no lookup has started */
  long redirects;
  bool first; /* it is the first lookup since that redirect */
} lookup_t;

/* Makes `easy` record its lookups in *lookup, which must stay valid until
   avow__curl_lookup_forget(). After a timeout, libcurl then does not wait for a
   lookup. */
void avow__curl_lookup_note(lookup_t *lookup, CURL *easy);

/* Undoes avow__curl_lookup_note(). */
void avow__curl_lookup_forget(CURL *easy);

/* Whether a lookup runs now. */
bool avow__curl_looks_up(const lookup_t *lookup);

/* Makes the transfer fail after its lookup. Until then, no function of the
   program is called. */
void avow__curl_lookup_last(CURL *easy);

#endif
