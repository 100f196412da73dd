/* SPDX-License-Identifier: MIT */
/*
 * Look-ups of names, which libcurl does on threads of its own, and whose end it
 * waits for, without turning the loop, where a transfer is removed: whoever is
 * cancelled in one has to stay in until it is over.
 */
#ifndef AVOW_CURL_RESOLVER_WATCH_H
#define AVOW_CURL_RESOLVER_WATCH_H

#include <stdbool.h>

#include <curl/curl.h>

typedef struct {
  CURL *easy;
  curl_off_t before; /* all that look-ups took when the last one began */
  long redirects;    /* that there were by then; -1: none has begun */
  bool first;        /* it is the first since */
} lookup_t;

/* Has easy note in *lookup, which stays as long as it is in use, when it looks
   up a name; and not wait for that when a limit of its own has passed. */
void avow__curl_lookup_note(lookup_t *lookup, CURL *easy);

/* Takes that back. */
void avow__curl_lookup_forget(CURL *easy);

/* Whether it is looking up a name now. */
bool avow__curl_looks_up(const lookup_t *lookup);

/* Has its transfer fail behind the look-up, and call nothing of the program's
   until then. */
void avow__curl_lookup_last(CURL *easy);

#endif
