/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1.1 requests, parsed by llhttp: the complete head first, then the body
 * as it arrives.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <llhttp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FIELDS_MAX = 100 };

/* A part of the head. It contains no NUL, but there is one somewhere after
   it. */
typedef struct {
  const char *at;
  size_t len;
} span_t;

typedef struct {
  span_t name;
  span_t value; /* without surrounding blanks */
} field_t;

typedef struct {
  llhttp_t parser;
  span_t method;
  span_t target;
  span_t version; /* "1.0" or "1.1" */
  field_t fields[FIELDS_MAX];
  size_t n_fields;
  bool has_head;
  bool keeps;      /* the connection stays open after the response */
  bool chunked;    /* the body has chunks and an unknown length */
  uint64_t length; /* bytes of the body if it is not chunked */
  bool ended;      /* the complete body was read */
} message_t;

/* Parses the text before the empty line. The text ends in NUL and must stay
   valid as long as the spans are used. An empty line in front of the request is
   ignored (RFC 9112, section 2.2). Returns 0, or the status of the refusal. The
   end of a refused request is uncertain, so the connection must be closed. */
int message_read_head(message_t *m, const char *text, size_t len);

/* Parses a piece of the input after the empty line, until the message has
   ended. Bytes after the end of the message are ignored. Returns 0, or the
   status of the refusal. */
int message_read_body(message_t *m, const char *piece, size_t len);

/* Returns whether the span is that word. Case is ignored. */
bool span_is(span_t span, const char *word);

#endif
