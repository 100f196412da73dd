/* SPDX-License-Identifier: MIT */
/*
 * Checks the requests of a file server, which llhttp has parsed: no body, one
 * host, at most one valid range, and a path that stays below the directory.
 */
#include "request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "message.h"

/* Takes the text before the separator, or all of it. `from` continues after the
   separator. */
static span_t take(span_t *from, char separator) {
  const char *end =
      from->len > 0 ? memchr(from->at, separator, from->len) : NULL;
  const size_t len = end != NULL ? (size_t) (end - from->at) : from->len;
  const size_t used = end != NULL ? len + 1 : len;
  const span_t taken = { from->at, len };
  *from = (span_t){ from->at + used, from->len - used };
  return taken;
}

static bool skip(span_t *span, const char *prefix) {
  const size_t len = strlen(prefix);
  if (span->len < len || strncasecmp(span->at, prefix, len) != 0)
    return false;
  *span = (span_t){ span->at + len, span->len - len };
  return true;
}

/* Returns whether the text is printable and has no spaces. */
static bool is_token(span_t text) {
  for (size_t i = 0; i < text.len; i++)
    if (text.at[i] <= ' ' || text.at[i] > '~')
      return false;
  return text.len > 0;
}

static int digit(char c) {
  static const char digits[] = "0123456789abcdef0123456789ABCDEF";
  const char *found = c != '\0' ? strchr(digits, c) : NULL;
  return found != NULL ? (int) (found - digits) % 16 : -1;
}

/* Decodes a target. Returns false if an encoding is invalid. */
static bool decode(const char *text, char out[TARGET_MAX]) {
  for (; *text != '\0'; text++, out++) {
    *out = *text;
    if (*text != '%')
      continue;
    const int high = digit(text[1]);
    const int low = high >= 0 ? digit(text[2]) : -1;
    if (low < 0 || (high == 0 && low == 0))
      return false;
    *out = (char) (high * 16 + low);
    text += 2;
  }
  *out = '\0';
  return true;
}

/* Each name in the path must be an ordinary one: not empty, "." or "..".
   Backslashes are refused, because some systems treat them as slashes. */
static bool is_plain(const char *path) {
  if (*path != '/' || strchr(path, '\\') != NULL)
    return false;
  while (*path == '/') {
    const char *name = path + 1;
    const size_t len = strcspn(name, "/");
    path = name + len;
    if ((len == 0 && *path == '/') || (len == 1 && name[0] == '.') ||
        (len == 2 && name[0] == '.' && name[1] == '.'))
      return false;
  }
  return true;
}

/* The path without the query and, in the form that proxies receive, without the
   host. */
static span_t path_of(span_t target) {
  span_t path = take(&target, '?');
  if (!skip(&path, "http://"))
    return path;
  const char *slash = memchr(path.at, '/', path.len);
  if (slash == NULL)
    return (span_t){ "/", 1 };
  return (span_t){ slash, path.len - (size_t) (slash - path.at) };
}

static int parse_target(span_t target, request_t *out) {
  const span_t path = path_of(target);
  if (!is_token(path))
    return 400;
  if (path.len >= TARGET_MAX)
    return 414;
  memcpy(out->target, path.at, path.len);
  out->target[path.len] = '\0';
  if (!decode(out->target, out->path))
    return 400;
  return out->target[0] == '/' && is_plain(out->path) ? 0 : 404;
}

static int parse_first_line(const message_t *m, request_t *out) {
  out->head = span_is(m->method, "HEAD");
  if (!span_is(m->method, "GET") && !out->head)
    return 405;
  return parse_target(m->target, out);
}

/* Returns -1 if the text is not a number or does not fit in an int64_t. */
static int64_t parse_number(span_t text) {
  int64_t n = 0;
  if (text.len == 0 || text.len > 18)
    return -1;
  for (size_t i = 0; i < text.len; i++) {
    if (digit(text.at[i]) < 0 || digit(text.at[i]) > 9)
      return -1;
    n = n * 10 + digit(text.at[i]);
  }
  return n;
}

/* Parses a range. A server ignores a range that it does not understand (RFC
   9110, section 14.2). */
static void parse_range(span_t value, request_t *out) {
  if (!skip(&value, "bytes="))
    return;
  const span_t first = take(&value, '-');
  const bool has_dash = value.at != first.at + first.len;
  out->first = parse_number(first);
  out->last = parse_number(value);
  out->has_range = has_dash && (first.len == 0 || out->first >= 0) &&
                   (value.len == 0 || out->last >= 0) &&
                   (first.len > 0 || value.len > 0) &&
                   (out->last < 0 || out->first <= out->last);
}

/* Only one host is accepted, because two programs might disagree on which of
   several counts. */
static int parse_host(span_t value, request_t *out) {
  if (out->has_host || (value.len > 0 && !is_token(value)) ||
      memchr(value.at, ',', value.len) != NULL)
    return 400;
  out->has_host = true;
  return 0;
}

static int parse_field(const field_t *field, request_t *out) {
  if (span_is(field->name, "Host"))
    return parse_host(field->value, out);
  if (span_is(field->name, "Range"))
    parse_range(field->value, out);
  return 0;
}

static int parse_message(const message_t *m, request_t *out) {
  out->keeps = m->keeps;
  int status = parse_first_line(m, out);
  for (size_t i = 0; status == 0 && i < m->n_fields; i++)
    status = parse_field(&m->fields[i], out);
  if (status == 0 && !m->ended)
    return 413;
  const bool lacks_host = !out->has_host && span_is(m->version, "1.1");
  return status == 0 && lacks_host ? 400 : status;
}

int request_parse(const char *text, size_t len, request_t *out) {
  message_t m;
  *out = (request_t){ .first = -1, .last = -1 };
  const int status = message_read_head(&m, text, len);
  return status != 0 ? status : parse_message(&m, out);
}
