/* SPDX-License-Identifier: MIT */
/*
 * Listeners. The server identifies a forbidden subscription only by a text:
 * Permissions Violation for Subscription to "SUBJECT", and with a queue: using
 * queue "QUEUE".
 */
#include "listeners.h"

#include <stddef.h>
#include <string.h>

void avow__nats_listeners_add(listener_t **list, listener_t *listener) {
  listener->next = *list;
  listener->at = list;
  if (listener->next != NULL)
    listener->next->at = &listener->next;
  *list = listener;
}

void avow__nats_listeners_remove(listener_t *listener) {
  if (listener->at == NULL)
    return;
  *listener->at = listener->next;
  if (listener->next != NULL)
    listener->next->at = listener->at;
  listener->at = NULL;
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
