/* SPDX-License-Identifier: MIT */
/* The head of a response: its lines one behind the other, each a string. */
#ifndef AVOW_CURL_RESPONSE_HEAD_H
#define AVOW_CURL_RESPONSE_HEAD_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
  char *text;
  size_t len, room;
} head_t;

/* Adds a line as libcurl has it; that of a status begins another head. False
   without memory. */
bool avow__curl_head_add(head_t *head, const char *line, size_t len);

/* What the first header of that name says, in whatever letters; NULL if there
   is none. */
const char *avow__curl_head_find(const head_t *head, const char *name);

/* False for a Content-Length that is not a number below 2^63. libcurl ignores
   one that is too large, and the rest of one that begins with a number: then
   it takes a body that was cut off for a whole one. */
bool avow__curl_head_is_sound(const char *line, size_t len);

void avow__curl_head_free(head_t *head);

#endif
