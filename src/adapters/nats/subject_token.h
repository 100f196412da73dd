/* SPDX-License-Identifier: MIT */
/* Ids of jobs as tokens of subjects, which cannot contain blanks, dots or
   wildcards. */
#ifndef AVOW_NATS_SUBJECT_TOKEN_H
#define AVOW_NATS_SUBJECT_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

enum { ID_MAX = 255, TOKEN_SIZE = 3 * ID_MAX + 1 };

/* Returns false for an invalid id: NULL, "" or longer than ID_MAX bytes. */
bool avow__nats_token(char token[TOKEN_SIZE], const char *id);

/* Whether this is a valid token. Other programs may have put other subjects
   into a queue. */
bool avow__nats_is_token(const char *token);

/* Writes the id of a token. An invalid token is copied unchanged. */
void avow__nats_id(char id[ID_MAX + 1], const char *token);

/* Whether this is a valid name of a stream: at most 64 letters, digits, - and
   _. */
bool avow__nats_is_name(const char *name);

#endif
