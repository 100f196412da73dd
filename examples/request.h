/* SPDX-License-Identifier: MIT */
/* The head of a request of HTTP/1.1, as much as a server of files needs. */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TARGET_MAX = 1024 };

typedef struct {
  bool head;               /* HEAD, not GET */
  bool keeps;              /* the connection open after the answer */
  bool has_host;           /* and no more than one, ever */
  bool has_range;          /* a single one that is well-formed */
  int64_t first;           /* of the range; -1: the last so many bytes */
  int64_t last;            /* of it, or so many; -1: to the end */
  char target[TARGET_MAX]; /* as it came, but for the query */
  char path[TARGET_MAX];   /* decoded; begins with a slash, has no ".." */
} request_t;

/* Reads the text before the empty line, which ends in NUL. 0, or the status to
   refuse it with; then the connection has to close: where the request ends is
   not certain. */
int request_parse(const char *text, size_t len, request_t *out);

#endif
