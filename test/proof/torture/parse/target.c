/* SPDX-License-Identifier: MIT */
/*
 * A fuzzer's target: a URL for a client of the examples, and the request that
 * the client makes from it.
 */
#include <stdlib.h>
#include <string.h>

#include "../memory.h"
#include "../replay.h"
#include "http.h"
#include "text.h"

/* Checks the number of lines. The last line is empty and ends the text. */
static void check_request(avow_value_t request, unsigned expected) {
  size_t len;
  const char *text = avow_to_bytes(&request, &len);
  unsigned lines = 0;
  CHECK(strlen(text) == len);
  for (const char *c = text; *c != '\0'; c++) {
    CHECK((*c == '\r') == (c[1] == '\n') && *c != 127);
    CHECK((unsigned char) *c >= ' ' || *c == '\r' || *c == '\n');
    lines += *c == '\n';
  }
  CHECK(lines == expected && strcmp(text + len - 4, "\r\n\r\n") == 0);
  avow_value_unref(request);
}

static void check_target(const char *text, const http_target_t *target) {
  const size_t host = strlen(target->host);
  const size_t digits = strspn(target->port, "0123456789");
  const long port = strtol(target->port, NULL, 10);
  CHECK(host > 0 && host < sizeof(target->host));
  CHECK(target->port[digits] == '\0' && port >= 1 && port <= 65535);
  CHECK(target->path[0] == '/');
  CHECK(strncmp(text, target->authority, strlen(target->authority)) == 0);
  CHECK(strstr(target->authority, target->host) != NULL);
  check_request(http_put(target, 0), 5);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static http_target_t target;
  char *text = text_new(data, size);
  if (http_parse_target(text, &target) == NULL)
    check_target(text, &target);
  free(text);
  return 0;
}
