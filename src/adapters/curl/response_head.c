/* SPDX-License-Identifier: MIT */
/*
 * Heads. libcurl delivers them line by line. It limits the length of a line,
 * and response.c the length of a head. Heads of redirects and of "100 Continue"
 * come first, and only the last head is kept.
 */
#include "response_head.h"

#include <curl/curl.h>
#include <stdint.h>
#include <string.h>

#include "avow/loop.h"

enum { LEAST_ROOM = 1024 };

static bool head_grow(head_t *head, size_t len) {
  size_t room = head->room > 0 ? head->room : LEAST_ROOM;
  while (room < len)
    room *= 2;
  char *text = avow_realloc(head->text, room);
  if (text == NULL)
    return false;
  head->text = text;
  head->room = room;
  return true;
}

static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t trimmed(const char *line, size_t len) {
  while (len > 0 && is_space(line[len - 1]))
    len--;
  return len;
}

/* A line that starts with a blank continues the line before it. */
bool avow__curl_head_add(head_t *head, const char *line, size_t len) {
  if (len >= 5 && memcmp(line, "HTTP/", 5) == 0)
    head->len = 0;
  len = trimmed(line, len);
  if (len == 0)
    return true;
  if (head->len + len + 1 > head->room && !head_grow(head, head->len + len + 1))
    return false;
  if (head->len > 0 && is_space(line[0]))
    head->text[head->len - 1] = ' ';
  memcpy(head->text + head->len, line, len);
  head->text[head->len + len] = '\0';
  head->len += len + 1;
  return true;
}

const char *avow__curl_head_find(const head_t *head, const char *name) {
  const size_t len = strlen(name);
  size_t at = 0;
  while (at < head->len) {
    const char *line = head->text + at;
    at += strlen(line) + 1;
    if (curl_strnequal(line, name, len) == 0 || line[len] != ':')
      continue;
    line += len + 1;
    while (is_space(*line))
      line++;
    return line;
  }
  return NULL;
}

static bool is_length(const char *text, size_t len) {
  int64_t n = 0;
  for (size_t i = 0; i < len; i++) {
    const int digit = text[i] - '0';
    if (digit < 0 || digit > 9 || n > (INT64_MAX - digit) / 10)
      return false;
    n = n * 10 + digit;
  }
  return len > 0;
}

bool avow__curl_head_is_sound(const char *line, size_t len) {
  static const char name[] = "Content-Length:";
  size_t at = sizeof(name) - 1;
  if (len < at || curl_strnequal(line, name, at) == 0)
    return true;
  len = trimmed(line, len);
  while (at < len && is_space(line[at]))
    at++;
  return at <= len && is_length(line + at, len - at);
}

void avow__curl_head_free(head_t *head) {
  avow_free(head->text);
}
