/* SPDX-License-Identifier: MIT */
/* A fuzzer's target: the head of a request, as the example serve reads it. */
#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../memory.h"
#include "../replay.h"
#include "text.h"

static bool is_status(int status) {
  static const int known[] = { 0, 400, 404, 405, 413, 414, 431, 501, 505 };
  for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
    if (known[i] == status)
      return true;
  return false;
}

/* Returns the number of fields of a name (with colon), and stores the value of
   the last one. */
static unsigned find(const char *text, const char *name, const char **value) {
  unsigned n = 0;
  for (; (text = strstr(text, "\r\n")) != NULL; text += 2)
    if (strncasecmp(text + 2, name, strlen(name)) == 0) {
      *value = text + 2 + strlen(name);
      n++;
    }
  return n;
}

static void check_path(const request_t *r) {
  CHECK(r->path[0] == '/' && strlen(r->path) < TARGET_MAX);
  CHECK(strstr(r->path, "//") == NULL && strchr(r->path, '\\') == NULL);
  for (const char *name = r->path; name != NULL; name = strchr(name, '/')) {
    const size_t len = strcspn(++name, "/");
    CHECK((len != 1 || name[0] != '.') && (len != 2 || strncmp(name, "..", 2)));
  }
  for (const char *c = r->target; *c != '\0'; c++)
    CHECK(*c > ' ' && *c <= '~'); /* a response has it in a field */
}

/* Checks a number against its digits. It may have no digits, or too many. */
static void check_number(int64_t n, const char *digits) {
  char expected[32];
  const size_t len = strspn(digits, "0123456789");
  const size_t zeros = strspn(digits, "0");
  CHECK(n >= -1 && (n == -1) == (len == 0));
  (void) snprintf(expected, sizeof(expected), "%.*s", (int) (len - zeros),
                  digits + zeros);
  if (n > 0)
    CHECK(strtoll(expected, NULL, 10) == n && len - zeros < 19);
  else
    CHECK(len == zeros);
}

static void check_range(const char *text, const request_t *r) {
  const char *value = NULL;
  if (!r->has_range || find(text, "Range:", &value) != 1)
    return;
  value += strspn(value, " \t");
  CHECK(strncasecmp(value, "bytes=", 6) == 0);
  const char *dash = strchr(value, '-');
  CHECK(dash != NULL && (r->first >= 0 || r->last >= 0));
  check_number(r->first, value + 6);
  check_number(r->last, dash + 1);
  CHECK(r->last < 0 || r->first <= r->last);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *text = text_new(data, size);
  request_t request, again;
  const int status = request_parse(text, size, &request);
  CHECK(is_status(status) && status == request_parse(text, size, &again));
  if (status == 0) {
    const char *value;
    const unsigned hosts = find(text, "Host:", &value);
    CHECK(hosts == 1 || (hosts == 0 && strstr(text, "HTTP/1.0") != NULL));
    CHECK(find(text, "Transfer-Encoding:", &value) == 0);
    check_path(&request);
    check_range(text, &request);
  }
  free(text);
  return 0;
}
