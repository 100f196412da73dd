/* SPDX-License-Identifier: MIT */
/*
 * Requests of HTTP/1.1 as llhttp reads them: the head, which is there as a
 * whole, and then the body as it comes.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <llhttp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FIELDS_MAX = 100 };

/* A part of the head, which has a NUL somewhere behind it, and none in it. */
typedef struct {
  const char *at;
  size_t len;
} span_t;

typedef struct {
  span_t name;
  span_t value; /* without the blanks around it */
} field_t;

typedef struct {
  llhttp_t parser;
  span_t method;
  span_t target;
  span_t version; /* "1.0" or "1.1" */
  field_t fields[FIELDS_MAX];
  size_t n_fields;
  bool has_head;
  bool keeps;      /* the connection open after the answer */
  bool chunked;    /* the body, and nobody knows how long it is; or it has */
  uint64_t length; /* bytes, or none */
  bool ended;      /* all of the body was read */
} message_t;

/* Reads the text before the empty line, which ends in NUL and has to stay while
   the spans are looked at; one empty line in front is none of the request (RFC
   9112, section 2.2). 0, or the status to refuse it with; then where the
   request ends is not certain, and the connection has to close. */
int message_read_head(message_t *m, const char *text, size_t len);

/* Reads a piece of what comes behind the empty line, while the message has not
   ended; what is in it behind the end is not looked at. 0, or a status as
   above. */
int message_read_body(message_t *m, const char *piece, size_t len);

/* Whether that is the word, in letters of either case. */
bool span_is(span_t span, const char *word);

#endif
