/* SPDX-License-Identifier: MIT */
/* The head of an HTTP/1.1 request, as far as a file server needs it. */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TARGET_MAX = 1024 };

typedef struct {
  bool head;               /* HEAD, not GET */
  bool keeps;              /* the connection stays open after the response */
  bool has_host;           /* exactly one */
  bool has_range;          /* a single, well-formed one */
  int64_t first;           /* of the range; -1: a suffix of `last` bytes */
  int64_t last;            /* last byte or suffix length; -1: to the end */
  char target[TARGET_MAX]; /* as received, without the query */
  char path[TARGET_MAX];   /* decoded; begins with a slash, has no ".." */
} request_t;

/* Parses the text before the empty line, which ends in NUL. Returns 0, or the
   status of the refusal. The end of a refused request is uncertain, so the
   connection must be closed. */
int request_parse(const char *text, size_t len, request_t *out);

#endif
