/* SPDX-License-Identifier: MIT */
/* The head of a response: its lines one behind the other, each a string. */
#ifndef AVOW_CURL_HEAD_H
#define AVOW_CURL_HEAD_H

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

void avow__curl_head_free(head_t *head);

#endif
