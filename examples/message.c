/* SPDX-License-Identifier: MIT */
/*
 * The caller has found the end of the head by its empty line. llhttp must find
 * the same end. Input that two programs might interpret differently is refused
 * here, because versions of llhttp differ in what they accept.
 */
#include "message.h"

#include <string.h>
#include <strings.h>

static const char empty_line[] = "\r\n\r\n";

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

static span_t trim(span_t span) {
  while (span.len > 0 && is_blank(span.at[0]))
    span = (span_t){ span.at + 1, span.len - 1 };
  while (span.len > 0 && is_blank(span.at[span.len - 1]))
    span.len--;
  return span;
}

bool span_is(span_t span, const char *word) {
  return span.len == strlen(word) && strncasecmp(span.at, word, span.len) == 0;
}

/* A span may arrive in parts. All parts except the first may be empty. */
static int extend(span_t *span, const char *at, size_t len) {
  if (len == 0)
    return HPE_OK;
  if (span->len == 0)
    span->at = at;
  span->len = (size_t) (at - span->at) + len;
  return HPE_OK;
}

static int on_method(llhttp_t *parser, const char *at, size_t len) {
  message_t *m = parser->data;
  return extend(&m->method, at, len);
}

static int on_url(llhttp_t *parser, const char *at, size_t len) {
  message_t *m = parser->data;
  return extend(&m->target, at, len);
}

static int on_version(llhttp_t *parser, const char *at, size_t len) {
  message_t *m = parser->data;
  return extend(&m->version, at, len);
}

/* Fields after the body are ignored. */
static int on_name(llhttp_t *parser, const char *at, size_t len) {
  message_t *m = parser->data;
  if (m->has_head)
    return HPE_OK;
  if (m->n_fields == FIELDS_MAX)
    return HPE_USER;
  return extend(&m->fields[m->n_fields].name, at, len);
}

static int on_value(llhttp_t *parser, const char *at, size_t len) {
  message_t *m = parser->data;
  return m->has_head ? HPE_OK : extend(&m->fields[m->n_fields].value, at, len);
}

static int on_field(llhttp_t *parser) {
  message_t *m = parser->data;
  if (m->has_head)
    return HPE_OK;
  field_t *field = &m->fields[m->n_fields++];
  field->value = field->value.len > 0 ? trim(field->value) : (span_t){ "", 0 };
  return HPE_OK;
}

/* One "close" decides, even if "keep-alive" follows. */
static int on_head(llhttp_t *parser) {
  message_t *m = parser->data;
  m->has_head = true;
  m->keeps = llhttp_should_keep_alive(parser) != 0 &&
             (parser->flags & F_CONNECTION_CLOSE) == 0;
  m->chunked = (parser->flags & F_CHUNKED) != 0;
  m->length = m->chunked ? 0 : parser->content_length;
  m->ended = !m->chunked && m->length == 0;
  return HPE_PAUSED;
}

static int on_end(llhttp_t *parser) {
  message_t *m = parser->data;
  m->ended = true;
  return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
  .on_method = on_method,
  .on_url = on_url,
  .on_version = on_version,
  .on_header_field = on_name,
  .on_header_value = on_value,
  .on_header_value_complete = on_field,
  .on_headers_complete = on_head,
  .on_message_complete = on_end,
};

/* Each line ends in CR LF. CR, LF and NUL occur nowhere else, and no line
   continues the previous one. */
static bool has_whole_lines(const char *text, size_t len) {
  for (size_t i = 0; i < len; i++) {
    const bool ends = text[i] == '\r' && text[i + 1] == '\n';
    if (text[i] == '\0' || text[i] == '\n' || (text[i] == '\r' && !ends) ||
        (ends && is_blank(text[i + 2])))
      return false;
    i += ends;
  }
  return true;
}

/* The parts of the first line are separated by one space, and the protocol is
   HTTP. */
static bool has_first_line(const message_t *m) {
  static const char protocol[] = " HTTP/";
  const size_t len = strlen(protocol);
  if (m->target.len == 0 || m->version.len == 0)
    return false;
  const char *behind = m->target.at + m->target.len;
  const char end = m->version.at[m->version.len];
  return m->target.at == m->method.at + m->method.len + 1 &&
         m->version.at == behind + len && strncmp(behind, protocol, len) == 0 &&
         (end == '\r' || end == '\0');
}

/* The only accepted transfer coding is a single "chunked", and HTTP/1.0 must
   not have it. llhttp must have recognized it, too. Version 8.1 of llhttp does
   not recognize it before a tab, and would take a second one for the first.
   llhttp itself checks that a request states its length once and in one way. */
static int check_coding(const message_t *m, span_t coding, unsigned before) {
  if (!span_is(coding, "chunked"))
    return 501;
  return before > 0 || span_is(m->version, "1.0") || !m->chunked ? 400 : 0;
}

static int check_fields(const message_t *m) {
  unsigned codings = 0;
  for (size_t i = 0; i < m->n_fields; i++) {
    const field_t *field = &m->fields[i];
    int status = 0;
    if (field->name.len == 0)
      return 400;
    if (span_is(field->name, "Transfer-Encoding"))
      status = check_coding(m, field->value, codings++);
    if (status != 0)
      return status;
  }
  return 0;
}

/* Returns whether the text begins with a method, even if llhttp does not know
   it. */
static bool has_method(const char *text) {
  const size_t len = strspn(text,
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                            "abcdefghijklmnopqrstuvwxyz"
                            "0123456789!#$%&'*+-.^_`|~");
  return len > 0 && text[len] == ' ';
}

static int status_of(llhttp_errno_t err, const char *text) {
  if (err == HPE_USER)
    return 431; /* from on_name() */
  if (err == HPE_INVALID_VERSION || err == HPE_PAUSED_H2_UPGRADE)
    return 505;
  return err == HPE_INVALID_METHOD && has_method(text) ? 501 : 400;
}

int message_read_head(message_t *m, const char *text, size_t len) {
  *m = (message_t){ .n_fields = 0 };
  llhttp_init(&m->parser, HTTP_REQUEST, &settings);
  m->parser.data = m;
  if (!has_whole_lines(text, len))
    return 400;
  llhttp_errno_t err = llhttp_execute(&m->parser, text, len);
  if (err != HPE_OK || m->has_head)
    return status_of(err, text);
  err = llhttp_execute(&m->parser, empty_line, strlen(empty_line));
  if (!m->has_head)
    return status_of(err, text);
  const char *end = llhttp_get_error_pos(&m->parser);
  if (end != empty_line + strlen(empty_line) || !has_first_line(m))
    return 400;
  if (!span_is(m->version, "1.1") && !span_is(m->version, "1.0"))
    return 505;
  llhttp_resume(&m->parser);
  if (m->parser.method == HTTP_CONNECT)
    return 405; /* the bytes after the head belong to no request */
  return check_fields(m);
}

int message_read_body(message_t *m, const char *piece, size_t len) {
  const llhttp_errno_t err = llhttp_execute(&m->parser, piece, len);
  return err == HPE_OK || m->ended ? 0 : 400;
}
