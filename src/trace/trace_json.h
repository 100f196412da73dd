/* SPDX-License-Identifier: MIT */
/*
 * Events of a trace, and the sheet that they are written to, as JSON in the
 * Trace Event Format.
 */
#ifndef AVOW_TRACE_JSON_H
#define AVOW_TRACE_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "avow/loop.h"

/* Events to be kept before they are written, and what all of their text is
   shorter than. */
enum { AVOW__EVENTS = 512, AVOW__SHEET = 32768 };

/* What became of a promise. */
typedef enum avow__fate_e {
  AVOW__IS_PENDING, /* when the trace ended */
  AVOW__IS_FULFILLED,
  AVOW__IS_REJECTED,
  AVOW__IS_CANCELED,
  AVOW__IS_FOLLOWED /* by another, which stands for it from now on */
} avow__fate_t;

/* Its strings are there for good, as names of kinds are. */
typedef struct avow__event_s {
  uint64_t ns;
  uint64_t length;  /* ns, of a job or a task */
  uint64_t id;      /* of the promise */
  uint64_t awaited; /* the id of what a function is parked for */
  uint32_t arrow;   /* to a job, by its number */
  const char *name;
  const void *caller; /* that made it, or awaits; or NULL */
  int line;           /* of an await without a caller */
  int code;           /* of what it was rejected with */
  avow_event_t what;
  avow__fate_t fate;
  bool apart; /* queued outside any task */
} avow__event_t;

typedef struct avow__sheet_s {
  FILE *out;
  bool begun; /* it has events */
  int err;    /* after which nothing more is written */
  int process;
  size_t len;
  char text[AVOW__SHEET];
} avow__sheet_t;

/* Begins with no events. */
void avow__sheet_begin(avow__sheet_t *sheet, FILE *out);

void avow__sheet_add(avow__sheet_t *sheet, const avow__event_t *event);

/* What was added goes out, whole events only. */
void avow__sheet_write(avow__sheet_t *sheet);

/* No event follows. */
void avow__sheet_end(avow__sheet_t *sheet);

#endif
