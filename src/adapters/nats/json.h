/* SPDX-License-Identifier: MIT */
/* What JetStream answers, in JSON: a field of it, where it stands. */
#ifndef AVOW_NATS_JSON_H
#define AVOW_NATS_JSON_H

#include <stddef.h>
#include <stdint.h>

/* Where the value of that key begins, of the object that text begins with; NULL
   if there is none. What comes behind the value is still there. */
const char *avow__nats_json(const char *text, const char *key);

/* The number there; 0 of NULL and of what is none. */
uint64_t avow__nats_json_number(const char *value);

/* Copies the string there into out, of that size, which cuts it; "" of NULL and
   of what is none. */
void avow__nats_json_string(const char *value, char *out, size_t size);

#endif
