/* SPDX-License-Identifier: MIT */
/*
 * The open questions, the oldest first. For each question with an answer to
 * deliver, a pipe holds a byte, so that the descriptor is readable while there
 * is one.
 */
#include "asker.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LONGEST = 64 };

struct question_s {
  asker_t *asker;
  question_t *next;
  asker_cb cb;
  void *data;
  bool has_answer;
  char text[LONGEST];
};

struct asker_s {
  int ends[2];
  question_t *first;
};

asker_t *asker_new(void) {
  asker_t *asker = calloc(1, sizeof(*asker));
  if (asker == NULL)
    return NULL;
  if (pipe(asker->ends) != 0) {
    free(asker);
    return NULL;
  }
  (void) fcntl(asker->ends[0], F_SETFL, O_NONBLOCK);
  return asker;
}

void asker_free(asker_t *asker) {
  question_t *q;
  while ((q = asker->first) != NULL) {
    asker->first = q->next;
    free(q);
  }
  (void) close(asker->ends[0]);
  (void) close(asker->ends[1]);
  free(asker);
}

int asker_fd(const asker_t *asker) {
  return asker->ends[0];
}

unsigned asker_open(const asker_t *asker) {
  unsigned n = 0;
  for (const question_t *q = asker->first; q != NULL; q = q->next)
    n++;
  return n;
}

static void add(asker_t *asker, question_t *q) {
  question_t **last = &asker->first;
  while (*last != NULL)
    last = &(*last)->next;
  *last = q;
  if (q->has_answer && write(asker->ends[1], "", 1) != 1)
    abort(); /* a pipe holds thousands */
}

question_t *asker_ask(asker_t *asker, const char *text, asker_cb cb,
                      void *data) {
  question_t *q = calloc(1, sizeof(*q));
  if (q == NULL)
    return NULL;
  q->asker = asker;
  q->cb = cb;
  q->data = data;
  q->has_answer = strcmp(text, "never") != 0;
  for (size_t i = 0; i + 1 < LONGEST && text[i] != '\0'; i++)
    q->text[i] = (char) toupper((unsigned char) text[i]);
  add(asker, q);
  return q;
}

void asker_drop(question_t *question) {
  question_t **at = &question->asker->first;
  while (*at != question)
    at = &(*at)->next;
  *at = question->next;
  free(question);
}

void asker_process(asker_t *asker) {
  char bytes[LONGEST];
  while (read(asker->ends[0], bytes, sizeof(bytes)) > 0)
    continue;
  question_t **at = &asker->first;
  while (*at != NULL) {
    question_t *q = *at;
    if (!q->has_answer) {
      at = &q->next;
      continue;
    }
    *at = q->next;
    q->cb(q->data, strcmp(q->text, "WHAT?") != 0 ? q->text : NULL);
    free(q);
  }
}
