/* SPDX-License-Identifier: MIT */
/* The head of a response: its lines, each as a string. */
#ifndef AVOW_CURL_RESPONSE_HEAD_H
#define AVOW_CURL_RESPONSE_HEAD_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
  char *text;
  size_t len, room;
} head_t;

/* Adds a line from libcurl. A status line starts a new head. Returns false if
   out of memory. */
bool avow__curl_head_add(head_t *head, const char *line, size_t len);

/* Returns the value of the first header with this name, without regard to case,
   or NULL. */
const char *avow__curl_head_find(const head_t *head, const char *name);

/* Returns false for a Content-Length that is not a number below 2^63. libcurl
   ignores a value that is too large, and characters after a number. It would
   then take a truncated body for a whole one. */
bool avow__curl_head_is_sound(const char *line, size_t len);

void avow__curl_head_free(head_t *head);

#endif
