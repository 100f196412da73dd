/* SPDX-License-Identifier: MIT */
/*
 * The part of JSON that JetStream's answers need. A key is searched in one
 * object, and nested objects are skipped. Invalid JSON has no fields.
 */
#include "json.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEX "0123456789abcdefABCDEF"

/* Returns the position after the string at `text`. */
static const char *skip_string(const char *text) {
  for (text++; *text != '\0' && *text != '"'; text++)
    if (*text == '\\' && text[1] != '\0')
      text++;
  return *text != '\0' ? text + 1 : text;
}

static const char *skip_blanks(const char *text) {
  return text + strspn(text, " \t\r\n");
}

/* Returns the position after the value: that of a comma or of the end of the
   object. */
static const char *skip_value(const char *text) {
  size_t depth = 0;
  while (*text != '\0') {
    if (depth == 0 && (*text == ',' || *text == '}' || *text == ']'))
      break;
    if (*text == '{' || *text == '[')
      depth++;
    else if (*text == '}' || *text == ']')
      depth--;
    text = *text == '"' ? skip_string(text) : text + 1;
  }
  return text;
}

/* Whether the string between `text` and `end` is the key. */
static bool is_key(const char *text, const char *end, const char *key) {
  const size_t len = strlen(key);
  return (size_t) (end - text) == len + 2 && strncmp(text + 1, key, len) == 0;
}

const char *avow__nats_json(const char *text, const char *key) {
  text = skip_blanks(text);
  while (*text == '{' || *text == ',') {
    text = skip_blanks(text + 1);
    if (*text != '"')
      return NULL;
    const char *end = skip_string(text);
    const bool found = is_key(text, end, key);
    text = skip_blanks(end);
    if (*text != ':')
      return NULL;
    text = skip_blanks(text + 1);
    if (found)
      return text;
    text = skip_value(text);
  }
  return NULL;
}

uint64_t avow__nats_json_number(const char *value) {
  return value != NULL && *value >= '0' && *value <= '9'
             ? strtoull(value, NULL, 10)
             : 0;
}

/* Returns the character for the escape at *at, and moves *at to its end.
   Returns '?' unless the character is printable ASCII. Servers also escape "<",
   ">" and "&". */
static char unescape(const char **at) {
  const char *escaped = *at + 1;
  if (*escaped == '\0')
    return '?';
  char digits[5] = "";
  (void) snprintf(digits, sizeof(digits), "%.4s", escaped + 1); /* fits */
  const bool is_number = *escaped == 'u' && strspn(digits, HEX) == 4;
  *at = escaped + (is_number ? 4 : 0);
  if (!is_number)
    return (char) (strchr("\"\\/", *escaped) != NULL ? *escaped : '?');
  const unsigned long code = strtoul(digits, NULL, 16);
  return (char) (code >= ' ' && code < 0x7f ? code : '?');
}

void avow__nats_json_string(const char *value, char *out, size_t size) {
  size_t len = 0;
  if (value != NULL && *value == '"')
    for (value++; *value != '\0' && *value != '"'; value++) {
      const char c = (char) (*value == '\\' ? unescape(&value) : *value);
      if (len + 1 < size)
        out[len++] = c;
    }
  out[len] = '\0';
}
