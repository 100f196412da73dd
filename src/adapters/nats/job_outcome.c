/* SPDX-License-Identifier: MIT */
/*
 * Codes of libuv are sent as names, because their numbers differ between
 * systems. All other codes are sent as numbers, which are the same everywhere.
 */
#include "job_outcome.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char header[] = "Avow-Error";

static const struct {
  const char *name;
  int code;
} codes[] = {
#define ROW(name, text) { #name, UV_##name },
  UV_ERRNO_MAP(ROW)
#undef ROW
};

/* Returns NULL if the code is not one of libuv. */
static const char *name_of(int code) {
  for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
    if (codes[i].code == code)
      return codes[i].name;
  return NULL;
}

static int code_named(const char *name) {
  for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
    if (strcmp(codes[i].name, name) == 0)
      return codes[i].code;
  const long number = strtol(name, NULL, 10);
  return number != 0 && number >= INT_MIN && number <= INT_MAX ? (int) number
                                                               : UV_UNKNOWN;
}

void avow__nats_error_line(char line[ERROR_LINE], const avow_value_t *error) {
  const int code = avow_error_code(error);
  const char *name = name_of(code);
  if (name != NULL)
    (void) snprintf(line, ERROR_LINE, "%s: %s", header, name);
  else
    (void) snprintf(line, ERROR_LINE, "%s: %d", header, code);
}

/* Returns a length that does not split a UTF-8 character. */
static size_t shortened(const char *text) {
  size_t len = strlen(text);
  if (len <= MESSAGE_MAX)
    return len;
  for (len = MESSAGE_MAX;
       len > 0 && ((unsigned char) text[len] & 0xc0) == 0x80;)
    len--;
  return len;
}

avow_value_t avow__nats_outcome_text(const avow_value_t *outcome) {
  if (!avow_is_error(outcome))
    return avow_value_ref(outcome);
  const char *text = avow_error_message(outcome);
  return avow_bytes(text, shortened(text));
}

avow_value_t avow__nats_outcome(natsMsg *msg) {
  const char *name = NULL;
  const char *text = natsMsg_GetData(msg);
  const size_t len = (size_t) natsMsg_GetDataLength(msg);
  if (natsMsgHeader_Get(msg, header, &name) != NATS_OK)
    return avow_bytes(text, len);
  return avow_error_new(code_named(name), avow_none(), "%.*s", (int) len,
                        text != NULL ? text : "");
}
