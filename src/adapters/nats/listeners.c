/* SPDX-License-Identifier: MIT */
/*
 * Listeners. The server identifies a forbidden subscription only by a text:
 * Permissions Violation for Subscription to "SUBJECT", and with a queue: using
 * queue "QUEUE".
 */
#include "listeners.h"

#include <stddef.h>
#include <string.h>

void avow__nats_hearers_add(hearer_t **list, hearer_t *hearer) {
  hearer->next = *list;
  hearer->at = list;
  if (hearer->next != NULL)
    hearer->next->at = &hearer->next;
  *list = hearer;
}

void avow__nats_hearers_remove(hearer_t *hearer) {
  if (hearer->at == NULL)
    return;
  *hearer->at = hearer->next;
  if (hearer->next != NULL)
    hearer->next->at = hearer->at;
  hearer->at = NULL;
}

/* Returns the text after `begin` and the quoted word, or NULL if the text does
   not start so. */
static const char *skip(const char *text, const char *begin, const char *word) {
  const size_t len = strlen(begin), size = strlen(word);
  if (strncmp(text, begin, len) != 0 || text[len] != '"' ||
      strncmp(text + len + 1, word, size) != 0)
    return NULL;
  text += len + 1 + size;
  return *text == '"' ? text + 1 : NULL;
}

bool avow__nats_is_forbidden(const char *text, const char *subject,
                             const char *queue) {
  const char *rest =
      skip(text, "Permissions Violation for Subscription to ", subject);
  if (rest == NULL)
    return false;
  return queue != NULL ? skip(rest, " using queue ", queue) != NULL
                       : strstr(rest, " using queue ") == NULL;
}
