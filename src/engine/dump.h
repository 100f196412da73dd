/* SPDX-License-Identifier: MIT */
/* What is printed of a promise, in a dump of any format. */
#ifndef AVOW_DUMP_H
#define AVOW_DUMP_H

#include <stdio.h>

#include "engine/block.h"

typedef struct avow__dump_s {
  avow__context_t *context;
  FILE *out;
  const char *before, *after; /* around each thing that is said of a promise */
} avow__dump_t;

/* Whether p is one of avow's own, of which no dump tells. */
bool avow__dump_leaves_out(const avow__dump_t *dump, const avow_promise_t *p);

/* The promise that a dump shows in place of p: the gather of an ELEMENT, the
   until of a SENTRY, the select of a CASE. */
const avow_promise_t *avow__dump_receiver(const avow_promise_t *p);

/* The promise, or channel, that p waits for, if that is shown. */
const avow_promise_t *avow__dump_awaited(const avow_promise_t *p);

const char *avow__dump_state(const avow_promise_t *p);

/* Trace builds number promises; others have their address. */
void avow__dump_id(FILE *out, const avow_promise_t *p);

/* The name in quotes, behind a space, if p has one. */
void avow__dump_name(FILE *out, const avow_promise_t *p);

/* Its locals, where it was made and awaits, and since when. */
void avow__dump_about(avow__dump_t *dump, const avow_promise_t *p);

#endif
