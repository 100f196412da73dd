/* SPDX-License-Identifier: MIT */
/*
 * Events of a trace, and the writer that prints them as JSON in the
 * Trace Event Format.
 */
#ifndef AVOW_TRACE_JSON_H
#define AVOW_TRACE_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "avow/loop.h"

/* Number of events that are kept before they are written, and size of the text
   buffer. */
enum { AVOW__EVENTS = 512, AVOW__JSON_SIZE = 32768 };

/* How a promise ended. */
typedef enum avow__fate_e {
  AVOW__IS_PENDING, /* when the trace ended */
  AVOW__IS_FULFILLED,
  AVOW__IS_REJECTED,
  AVOW__IS_CANCELED,
  AVOW__IS_FOLLOWED /* by another promise, which continues for it */
} avow__fate_t;

/* An event. Its strings live forever, as names of kinds do. */
typedef struct avow__event_s {
  uint64_t ns;
  uint64_t length;  /* ns, of a job or a task */
  uint64_t id;      /* of the promise */
  uint64_t awaited; /* id of the promise that a function awaits */
  uint32_t arrow;   /* number of the arrow to a job */
  const char *name;
  const void *caller; /* code that created it, or awaits; or NULL */
  int line;           /* of an await without a caller */
  int code;           /* of the rejection */
  avow_event_t what;
  avow__fate_t fate;
  bool apart; /* queued outside any task */
} avow__event_t;

typedef struct avow__json_writer_s {
  FILE *out;
  bool begun; /* events were added */
  int err;    /* code of the first write error; nothing is written after it */
  int process;
  size_t len;
  char text[AVOW__JSON_SIZE];
} avow__json_writer_t;

/* Starts a writer without events. */
void avow__json_begin(avow__json_writer_t *writer, FILE *out);

void avow__json_add(avow__json_writer_t *writer, const avow__event_t *event);

/* Writes the added events, whole events only. */
void avow__json_write(avow__json_writer_t *writer);

/* Ends the writer. No event may follow. */
void avow__json_end(avow__json_writer_t *writer);

#endif
