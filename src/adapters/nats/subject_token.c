/* SPDX-License-Identifier: MIT */
/* Tokens. Letters, digits, - and _ represent themselves. Every other byte is =
   and two hexadecimal digits. */
#include "subject_token.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool avow__nats_token(char token[TOKEN_SIZE], const char *id) {
  if (id == NULL || id[0] == '\0' || strlen(id) > ID_MAX)
    return false;
  for (; *id != '\0'; id++)
    if (is_plain(*id))
      *token++ = *id;
    else
      token += snprintf(token, 4, "=%02X", (unsigned) (unsigned char) *id);
  *token = '\0';
  return true;
}

bool avow__nats_is_token(const char *token) {
  size_t len = 0;
  while (is_plain(token[len]) || token[len] == '=')
    len++;
  return token[len] == '\0' && len > 0 && len < TOKEN_SIZE;
}

void avow__nats_id(char id[ID_MAX + 1], const char *token) {
  size_t len = 0;
  while (*token != '\0' && len < ID_MAX) {
    int byte = (unsigned char) *token;
    if (*token == '=' && token[1] != '\0' && token[2] != '\0') {
      const char digits[] = { token[1], token[2], '\0' };
      byte = (int) strtol(digits, NULL, 16);
      token += 2;
    }
    id[len++] = (char) byte;
    token++;
  }
  id[len] = '\0';
}

bool avow__nats_is_name(const char *name) {
  if (name == NULL || name[0] == '\0' || strlen(name) > 64)
    return false;
  for (; *name != '\0'; name++)
    if (!is_plain(*name))
      return false;
  return true;
}
