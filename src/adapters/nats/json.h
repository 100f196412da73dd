/* SPDX-License-Identifier: MIT */
/* Fields of JetStream's JSON answers, in place. */
#ifndef AVOW_NATS_JSON_H
#define AVOW_NATS_JSON_H

#include <stddef.h>
#include <stdint.h>

/* Returns the value of the key in the object at `text`, or NULL. The value does
   not end with a NUL. */
const char *avow__nats_json(const char *text, const char *key);

/* Returns the number, or 0 for NULL and other values. */
uint64_t avow__nats_json_number(const char *value);

/* Copies the string to `out`, cut to `size` bytes with its NUL. Writes "" for
   NULL and other values. */
void avow__nats_json_string(const char *value, char *out, size_t size);

#endif
