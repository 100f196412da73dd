/* SPDX-License-Identifier: MIT */
/* Ids of jobs as tokens of subjects, which have neither blanks, dots nor
   wildcards. */
#ifndef AVOW_NATS_SUBJECT_TOKEN_H
#define AVOW_NATS_SUBJECT_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

enum { ID_MAX = 255, TOKEN_SIZE = 3 * ID_MAX + 1 };

/* False of what is no id: NULL, "" or longer than ID_MAX bytes. */
bool avow__nats_token(char token[TOKEN_SIZE], const char *id);

/* Whether it can be one: what strangers have put into a queue need not be. */
bool avow__nats_is_token(const char *token);

/* The id of a token; what is no token is copied as it is. */
void avow__nats_id(char id[ID_MAX + 1], const char *token);

/* A name of letters, digits, - and _, 64 at most, as streams have. */
bool avow__nats_is_name(const char *name);

#endif
