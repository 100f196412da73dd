/* SPDX-License-Identifier: MIT */
/*
 * A library as there are many, for docs/adapters.md to adapt: it has a
 * descriptor, wants to be called when that is readable, and calls back then. It
 * knows nothing of loops.
 */
#ifndef ASKER_H
#define ASKER_H

typedef struct asker_s asker_t;
typedef struct question_s question_t;

/* answer is NULL of what nobody knows, and borrowed. The asker must not be
   called in it. */
typedef void (*asker_cb)(void *data, const char *answer);

asker_t *asker_new(void); /* NULL: no memory, or no descriptors */
void asker_free(asker_t *asker);
int asker_fd(const asker_t *asker);

/* How many questions it knows that have had no answer. */
unsigned asker_open(const asker_t *asker);

/* NULL: no memory. cb is called by asker_process(), once, with the question in
   capitals; with NULL for "what?", and for "never" not at all. */
question_t *asker_ask(asker_t *asker, const char *text, asker_cb cb,
                      void *data);

/* Of one that has no answer yet: cb will not be called any more. */
void asker_drop(question_t *question);

/* Calls back for all answers that have come. Does not block. */
void asker_process(asker_t *asker);

#endif
