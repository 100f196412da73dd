/* SPDX-License-Identifier: MIT */
/* A fuzzer's target: the answer of a server to the clients of the examples. */
#include <stdlib.h>
#include <string.h>

#include "../memory.h"
#include "../replay.h"
#include "http.h"

/* Checks that the body is complete and that no bytes follow it. */
static void check_response(const http_response_t *response,
                           const avow_value_t *answer) {
  size_t len;
  const char *text = avow_to_bytes(answer, &len);
  CHECK(response->status >= 200 && response->status <= 299);
  CHECK(response->body + response->len == text + len);
  CHECK(memcmp(response->body - 4, "\r\n\r\n", 4) == 0);
  CHECK(strstr(text, "\r\n\r\n") == response->body - 4);
  const char *length = strstr(text, "\r\nContent-Length: ");
  if (length == NULL || length + 2 >= response->body)
    return;
  CHECK(response->has_length);
  CHECK(strtoull(length + 18, NULL, 10) == response->len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const avow_value_t answer = avow_bytes(data, size);
  const avow_value_t v = http_parse_answer(&answer);
  if (avow_is_error(&v))
    CHECK(avow_error_code(&v) == UV_EPROTO);
  else
    check_response(http_to_response(&v), &answer);
  avow_value_unref(v);
  avow_value_unref(answer);
  return 0;
}
