/* SPDX-License-Identifier: MIT */
/*
 * A fuzzer's target: a request with its body, as the servers of the examples
 * read it. The result must not depend on where the data was split. Two programs
 * must not find different lengths for one request.
 */
#include "message.h"

#include <stdlib.h>
#include <string.h>

#include "../memory.h"
#include "../replay.h"
#include "text.h"

typedef struct {
  int status;
  bool ended;
} outcome_t;

/* Reads a body in pieces of `piece` bytes, each in a block of its own. */
static outcome_t read_body(message_t m, const uint8_t *body, size_t len,
                           size_t piece) {
  outcome_t out = { .ended = m.ended };
  m.parser.data = &m;
  for (size_t i = 0; i < len && out.status == 0 && !m.ended; i += piece) {
    const size_t n = len - i < piece ? len - i : piece;
    char *text = text_new(body + i, n);
    out.status = message_read_body(&m, text, n);
    free(text);
  }
  out.ended = m.ended;
  return out;
}

static unsigned count(const message_t *m, const char *name) {
  unsigned n = 0;
  for (size_t i = 0; i < m->n_fields; i++)
    n += span_is(m->fields[i].name, name);
  return n;
}

/* Checks that all parts are in the text, in order, between ends of lines. */
static void check_head(const message_t *m, const char *text, size_t len) {
  const char *at = text;
  CHECK(memchr(text, '\0', len) == NULL && strstr(text, "\r\n ") == NULL);
  for (size_t i = 0; i < m->n_fields; i++) {
    const field_t *field = &m->fields[i];
    CHECK(field->name.at > at && field->name.at[-1] == '\n');
    at = field->name.at + field->name.len;
    CHECK(*at == ':' && memchr(field->name.at, ' ', field->name.len) == NULL);
    CHECK(field->value.len == 0 || field->value.at > at);
    CHECK(memchr(field->value.at, '\n', field->value.len) == NULL);
    CHECK(memchr(field->value.at, '\r', field->value.len) == NULL);
    if (span_is(field->name, "Content-Length"))
      CHECK(strtoull(field->value.at, NULL, 10) == m->length);
    if (span_is(field->name, "Transfer-Encoding"))
      CHECK(span_is(field->value, "chunked"));
  }
  const unsigned lengths = count(m, "Content-Length");
  const unsigned encodings = count(m, "Transfer-Encoding");
  CHECK(lengths + encodings <= 1 && m->chunked == (encodings == 1));
  CHECK(m->length == 0 || lengths == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *whole = text_new(data, size);
  const char *end = strstr(whole, "\r\n\r\n");
  const size_t len = end != NULL ? (size_t) (end - whole) : size;
  const size_t begin = end != NULL ? len + 4 : size;
  char *text = text_new(data, len);
  message_t m;
  const int status = message_read_head(&m, text, len);
  CHECK(status == 0 || (status >= 400 && status <= 505));
  if (status == 0) {
    check_head(&m, text, len);
    const outcome_t all = read_body(m, data + begin, size - begin, size + 1);
    for (size_t piece = 1; piece < 8; piece++) {
      const outcome_t again = read_body(m, data + begin, size - begin, piece);
      CHECK(again.status == all.status && again.ended == all.ended);
    }
    CHECK(m.chunked || all.ended == (size - begin >= m.length));
  }
  free(text);
  free(whole);
  return 0;
}
