/*
 * A parser that refuses what it does not know to be right: lines that do not
 * end in CR LF, folded fields, spaces before a colon, and any body, on whose
 * length two programs might not agree.
 */
#include "request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Texts end in NUL, which they do not contain, somewhere behind the end. */
typedef struct {
  const char *at;
  size_t len;
} text_t;

/* Takes what comes before the separator, or all; from goes on behind that. */
static text_t take(text_t *from, const char *separator) {
  const char *end = strstr(from->at, separator);
  size_t len = end != NULL ? (size_t) (end - from->at) : from->len;
  len = len < from->len ? len : from->len;
  const text_t taken = { from->at, len };
  if (len < from->len)
    len += strlen(separator);
  *from = (text_t){ from->at + len, from->len - len };
  return taken;
}

static text_t trim(text_t text) {
  while (text.len > 0 && (*text.at == ' ' || *text.at == '\t'))
    text = (text_t){ text.at + 1, text.len - 1 };
  while (text.len > 0 &&
         (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t'))
    text.len--;
  return text;
}

static bool is(text_t text, const char *word) {
  return text.len == strlen(word) && strncasecmp(text.at, word, text.len) == 0;
}

static bool skip(text_t *text, const char *prefix) {
  const size_t len = strlen(prefix);
  if (text->len < len || strncasecmp(text->at, prefix, len) != 0)
    return false;
  *text = (text_t){ text->at + len, text->len - len };
  return true;
}

/* Whether the comma-separated list has the word. */
static bool contains(text_t list, const char *word) {
  while (list.len > 0)
    if (is(trim(take(&list, ",")), word))
      return true;
  return false;
}

/* Printable, without spaces. */
static bool is_token(text_t text) {
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

/* Decodes a target; false for what is no encoding, or does not fit. */
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

/* Each name in it is one of an entry: not empty, "." or "..". A backslash is a
   slash to some. */
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

/* Without the query and, as it comes to a proxy, without the host. */
static text_t path_of(text_t target) {
  text_t path = take(&target, "?");
  if (!skip(&path, "http://"))
    return path;
  const char *slash = memchr(path.at, '/', path.len);
  if (slash == NULL)
    return (text_t){ "/", 1 };
  return (text_t){ slash, path.len - (size_t) (slash - path.at) };
}

static int parse_target(text_t target, request_t *out) {
  const text_t path = path_of(target);
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

static int parse_first_line(text_t line, request_t *out) {
  const text_t method = take(&line, " ");
  const text_t target = take(&line, " ");
  if (!is_token(method) || !is_token(target) || !skip(&line, "HTTP/") ||
      line.len != strlen("1.1"))
    return 400;
  if (!is(line, "1.1") && !is(line, "1.0"))
    return 505;
  out->keeps = out->needs_host = is(line, "1.1");
  out->head = is(method, "HEAD");
  if (!is(method, "GET") && !is(method, "HEAD"))
    return 405;
  return parse_target(target, out);
}

/* -1 without digits, or with more than an int64_t has room for. */
static int64_t parse_number(text_t text) {
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

/* Reads a range. A server ignores one that it does not understand: RFC 9110,
   section 14.2. */
static void parse_range(text_t value, request_t *out) {
  if (!skip(&value, "bytes="))
    return;
  const text_t first = take(&value, "-");
  const bool has_dash = value.at != first.at + first.len;
  out->first = parse_number(first);
  out->last = parse_number(value);
  out->has_range = has_dash && (first.len == 0 || out->first >= 0) &&
                   (value.len == 0 || out->last >= 0) &&
                   (first.len > 0 || value.len > 0) &&
                   (out->last < 0 || out->first <= out->last);
}

/* No other than one: two programs might not agree on which counts. */
static int parse_host(text_t value, request_t *out) {
  if (out->has_host || (value.len > 0 && !is_token(value)) ||
      memchr(value.at, ',', value.len) != NULL)
    return 400;
  out->has_host = true;
  return 0;
}

/* Reads what becomes of the connection: who has once said that it is to close
   means it. */
static void parse_connection(text_t value, request_t *out) {
  out->closes = out->closes || contains(value, "close");
  out->keeps = (out->keeps || contains(value, "keep-alive")) && !out->closes;
}

static int parse_field(text_t line, request_t *out) {
  const text_t name = take(&line, ":");
  const bool has_colon = line.at != name.at + name.len;
  const text_t value = trim(line);
  if (!is_token(name) || !has_colon ||
      memchr(value.at, '\n', value.len) != NULL ||
      memchr(value.at, '\r', value.len) != NULL)
    return 400;
  if (is(name, "Host"))
    return parse_host(value, out);
  if (is(name, "Connection"))
    parse_connection(value, out);
  else if (is(name, "Range"))
    parse_range(value, out);
  else if (is(name, "Transfer-Encoding") ||
           (is(name, "Content-Length") && !is(value, "0")))
    return 413;
  return 0;
}

int request_parse(const char *text, size_t len, request_t *out) {
  *out = (request_t){ .first = -1, .last = -1 };
  text_t rest = { text, len };
  if (strlen(text) != len)
    return 400;
  (void) skip(&rest, "\r\n"); /* that some send behind a request before */
  int status = parse_first_line(take(&rest, "\r\n"), out);
  while (status == 0 && rest.len > 0)
    status = parse_field(take(&rest, "\r\n"), out);
  return status == 0 && out->needs_host && !out->has_host ? 400 : status;
}
