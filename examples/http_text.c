/* SPDX-License-Identifier: MIT */
/* The syntax of HTTP: targets, requests and responses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http.h"

static void response_free(void *self) {
  http_response_t *response = self;
  avow_value_unref(response->answer);
  free(response);
}

static const avow_class_t response_class = { .name = "http response",
                                             .destroy = response_free };

const http_response_t *http_to_response(const avow_value_t *v) {
  return avow_to_object(v, &response_class);
}

static avow_value_t malformed(const char *what) {
  return avow_error_new(UV_EPROTO, avow_none(), "not HTTP: %s", what);
}

/* The response keeps a reference to the answer. */
static avow_value_t response_new(http_response_t what,
                                 const avow_value_t *answer) {
  http_response_t *response = malloc(sizeof(*response));
  if (response == NULL)
    return avow_error(UV_ENOMEM);
  *response = what;
  response->answer = avow_value_ref(answer);
  return avow_object(&response_class, response);
}

/* The number in "HTTP/1.x nnn", or 0 if the text has another form. */
static int parse_status(const char *text) {
  static const char begin[] = "HTTP/1.x ";
  if (strlen(text) < strlen(begin) || strncmp(text, begin, 7) != 0 ||
      strspn(text + strlen(begin), "0123456789") != 3)
    return 0;
  return (int) strtol(text + strlen(begin), NULL, 10);
}

/* The value of the next field with this name after the line, or NULL. */
static const char *find_field(const char *line, const char *name) {
  const size_t len = strlen(name);
  while ((line = strstr(line, "\r\n")) != NULL) {
    line += 2;
    if (strncmp(line, "\r\n", 2) == 0)
      return NULL;
    if (strncasecmp(line, name, len) == 0 && line[len] == ':')
      return line + len + 1 + strspn(line + len + 1, " \t");
  }
  return NULL;
}

/* Parses a length. Returns false if it is not a number. */
static bool parse_length(const char *value, size_t *out) {
  const size_t digits = strspn(value, "0123456789");
  const size_t blanks = strspn(value + digits, " \t");
  if (digits == 0 || digits > 15 || value[digits + blanks] != '\r')
    return false;
  *out = (size_t) strtoull(value, NULL, 10);
  return true;
}

/* A truncated response looks like a complete one, because both end with the
   connection. The body is complete if it has the announced length. Returns
   NULL, or the problem. */
static const char *check_body(const char *head, http_response_t *response) {
  const char *value = find_field(head, "Content-Length");
  size_t len;
  if (find_field(head, "Transfer-Encoding") != NULL)
    return "the body is in chunks, which HTTP/1.0 does not know";
  response->has_length = value != NULL;
  if (value == NULL)
    return NULL;
  if (!parse_length(value, &len) || find_field(value, "Content-Length") != NULL)
    return "its length is no number";
  if (len > response->len)
    return "the answer ends within its body";
  return len < response->len ? "the body is longer than was said" : NULL;
}

avow_value_t http_parse_answer(const avow_value_t *answer) {
  size_t len;
  const char *text = avow_to_bytes(answer, &len);
  http_response_t response = { .status = parse_status(text) };
  if (response.status == 0)
    return malformed("the answer has no status line");
  if (response.status < 200 || response.status > 299)
    return avow_error_new(UV_EPROTO, avow_int(response.status),
                          "HTTP status %d", response.status);
  const char *end = strstr(text, "\r\n\r\n");
  if (end == NULL)
    return malformed("the answer ends within its headers");
  response.body = end + strlen("\r\n\r\n");
  response.len = len - (size_t) (response.body - text);
  const char *problem = check_body(text, &response);
  return problem != NULL ? malformed(problem) : response_new(response, answer);
}

/* A server answers HTTP/1.0 in one piece and closes the connection. */
avow_value_t http_put(const http_target_t *target, size_t len) {
  char text[2048]; /* a target is shorter */
  (void) snprintf(text, sizeof(text),
                  "PUT %s HTTP/1.0\r\nHost: %s\r\nContent-Length: %zu\r\n"
                  "Connection: close\r\n\r\n",
                  target->path, target->authority, len);
  return avow_string(text);
}

/* Copies `len` bytes and appends a NUL. Returns false if they do not fit. */
static bool copy(const char *from, size_t len, char *out, size_t size) {
  if (len >= size)
    return false;
  memcpy(out, from, len);
  out[len] = '\0';
  return true;
}

/* Returns the port after the host, which may be in brackets, or NULL if there
   is none. */
static const char *find_port(const char *text) {
  const char *colon = strchr(text, ':');
  if (text[0] == '[') {
    const char *bracket = strchr(text, ']');
    colon = bracket != NULL ? bracket + 1 : NULL;
  }
  return colon != NULL && *colon == ':' ? colon + 1 : NULL;
}

static bool is_port(const char *text, size_t len) {
  const long port = strtol(text, NULL, 10);
  return len <= 5 && strspn(text, "0123456789") == len && port >= 1 &&
         port <= 65535;
}

static bool has_blanks(const char *text) {
  for (; *text != '\0'; text++)
    if ((unsigned char) *text <= ' ' || *text == 127)
      return true;
  return false;
}

const char *http_parse_target(const char *text, http_target_t *out) {
  if (has_blanks(text))
    return "a target has no blanks";
  const char *port = find_port(text);
  if (port == NULL)
    return "expected host:port[/path]";
  const size_t skip = text[0] == '[' ? 1 : 0;
  const size_t host_len = (size_t) (port - text) - 1 - 2 * skip;
  const size_t port_len = strcspn(port, "/");
  const char *path = port + port_len;
  if (!is_port(port, port_len))
    return "the port is not a number from 1 to 65535 (IPv6: [::1]:80)";
  if (host_len == 0)
    return "the host is missing";
  const bool fits =
      copy(text + skip, host_len, out->host, sizeof(out->host)) &&
      copy(port, port_len, out->port, sizeof(out->port)) &&
      copy(text, (size_t) (path - text), out->authority,
           sizeof(out->authority)) &&
      copy(*path != '\0' ? path : "/", *path != '\0' ? strlen(path) : 1,
           out->path, sizeof(out->path));
  return fits ? NULL : "too long";
}
