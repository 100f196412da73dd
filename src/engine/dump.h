/* SPDX-License-Identifier: MIT */
/* Parts of the text about a promise, in dumps of any format. */
#ifndef AVOW_DUMP_H
#define AVOW_DUMP_H

#include <stdio.h>

#include "engine/block.h"

typedef struct avow__dump_s {
  avow__context_t *context;
  FILE *out;
  const char *before, *after; /* printed around each detail of a promise */
} avow__dump_t;

/* Whether p is a promise of avow itself, which dumps leave out. */
bool avow__dump_leaves_out(const avow__dump_t *dump, const avow_promise_t *p);

/* The promise that a dump shows in place of p: the gather of an ELEMENT, the
   until of a STOPPER, the select of a CASE. */
const avow_promise_t *avow__dump_receiver(const avow_promise_t *p);

/* The promise or channel that p waits for, if a dump shows it. */
const avow_promise_t *avow__dump_awaited(const avow_promise_t *p);

const char *avow__dump_state(const avow_promise_t *p);

/* Prints the number of p in trace builds, and its address in others. */
void avow__dump_id(FILE *out, const avow_promise_t *p);

/* Prints a space and the name in quotes, if p has a name. */
void avow__dump_name(FILE *out, const avow_promise_t *p);

/* Prints the locals of p, where p was made, where it awaits, and how long ago
   it was made. */
void avow__dump_about(avow__dump_t *dump, const avow_promise_t *p);

#endif
