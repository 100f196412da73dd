/* SPDX-License-Identifier: MIT */
/*
 * Codes travel by their names, for those of libuv's differ between systems; all
 * others are numbers, which are the same everywhere.
 */
#include "outcome.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char header[] = "Avow-Error";

/* Of libuv's those are above all that are avow's or a program's. */
static const char *name_of(int code) {
  return code > AVOW_EBROKEN ? avow_err_name(code) : "";
}

static int code_of(const char *name) {
  static const struct {
    const char *name;
    int code;
  } table[] = {
#define ROW(name, text) { #name, UV_##name },
    UV_ERRNO_MAP(ROW)
#undef ROW
  };
  for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
    if (strcmp(table[i].name, name) == 0)
      return table[i].code;
  const long number = strtol(name, NULL, 10);
  return number < 0 && number >= INT_MIN ? (int) number : UV_UNKNOWN;
}

void avow__nats_error_line(char line[ERROR_LINE], const avow_value_t *error) {
  const int code = avow_error_code(error);
  const char *name = name_of(code);
  if (name[0] >= 'A' && name[0] <= 'Z')
    (void) snprintf(line, ERROR_LINE, "%s: %s", header, name);
  else
    (void) snprintf(line, ERROR_LINE, "%s: %d", header, code);
}

avow_value_t avow__nats_outcome_text(const avow_value_t *outcome) {
  return avow_is_error(outcome) ? avow_string(avow_error_message(outcome))
                                : avow_value_ref(outcome);
}

avow_value_t avow__nats_outcome(natsMsg *msg) {
  const char *name = NULL;
  const char *text = natsMsg_GetData(msg);
  const size_t len = (size_t) natsMsg_GetDataLength(msg);
  if (natsMsgHeader_Get(msg, header, &name) != NATS_OK)
    return avow_bytes(text, len);
  return avow_error_new(code_of(name), avow_none(), "%.*s", (int) len,
                        text != NULL ? text : "");
}
