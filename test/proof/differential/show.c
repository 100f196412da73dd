/* SPDX-License-Identifier: MIT */
/* Prints values in the same form as interpret.js. */
#include <stdio.h>

#include "now.h"

int id_of(const avow_promise_t *p) {
  int id = now.ids;
  while (id > 0 && now.addresses[id] != p)
    id--;
  return id;
}

static void show_list(const avow_value_t *list, int depth) {
  if (depth == 0) {
    printf("[*]");
    return;
  }
  putchar('[');
  for (size_t i = 0; i < avow_list_len(list); i++) {
    if (i > 0)
      putchar(',');
    show(avow_list_at(list, i), depth - 1);
  }
  putchar(']');
}

static void show_error(const avow_value_t *error, int depth) {
  const int code = avow_error_code(error);
  if (code == AVOW_ECYCLE) {
    printf("!cycle");
  } else if (code == AVOW_EAGGREGATE) {
    printf("!a");
    show_list(avow_error_cause(error), depth);
  } else if (code == AVOW_EREASON) {
    printf("!r(");
    show(avow_error_cause(error), depth);
    putchar(')');
  } else if (code <= REASON && code > REASON - MAX_SLOTS) {
    printf("!e%d", REASON - code);
  } else {
    printf("!%s", avow_err_name(code));
  }
}

void show(const avow_value_t *v, int depth) {
  const avow_value_t none = avow_none();
  if (v == NULL)
    v = &none;
  switch (v->tag) {
  case AVOW_NONE:
    putchar('n');
    break;
  case AVOW_INT:
    printf("v%d", (int) avow_to_int(v));
    break;
  case AVOW_BYTES:
    printf("%s", avow_to_bytes(v, NULL));
    break;
  case AVOW_LIST:
    show_list(v, depth);
    break;
  case AVOW_ERROR:
    show_error(v, depth);
    break;
  case AVOW_PROMISE:
    printf("p#%d", id_of(v->u.p));
    break;
  case AVOW_THENABLE:
    putchar('t');
    break;
  default:
    printf("?%s", avow_type_name(v));
  }
}
