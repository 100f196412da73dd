/* SPDX-License-Identifier: MIT */
/*
 * A typical C library, which docs/adapters.md adapts. It has a file descriptor,
 * requires a call when that is readable, and then calls back. It does not know
 * event loops.
 */
#ifndef ASKER_H
#define ASKER_H

typedef struct asker_s asker_t;
typedef struct question_s question_t;

/* `answer` is NULL if there is none. It is borrowed. The callback must not call
   the asker. */
typedef void (*asker_cb)(void *data, const char *answer);

asker_t *asker_new(void); /* NULL: out of memory or descriptors */
void asker_free(asker_t *asker);
int asker_fd(const asker_t *asker);

/* Returns the number of questions without an answer. */
unsigned asker_open(const asker_t *asker);

/* Returns NULL if memory is out. asker_process() calls cb once: with the
   question in capitals, or with NULL for "what?". For "never" it does not call
   cb. */
question_t *asker_ask(asker_t *asker, const char *text, asker_cb cb,
                      void *data);

/* Call this before the answer has been delivered. cb is not called any more. */
void asker_drop(question_t *question);

/* Calls back for all available answers. Does not block. */
void asker_process(asker_t *asker);

#endif
