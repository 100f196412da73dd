/* SPDX-License-Identifier: MIT */
/*
 * The objects of a random program: a few of each kind. An object leaves the
 * pool while a function of avow uses it, because handlers make other calls
 * meanwhile, which may release objects of the pool.
 */
#ifndef POOL_H
#define POOL_H

#include <avow/all.h>
#include <avow/stream_class.h>

typedef enum {
  PROMISES,
  DEFERREDS,
  CHANNELS,
  GATHERS,
  GROUPS,
  SENDERS,
  BROADCASTS,
  WATCHES,
  LIMITERS,
  RATES,
  ONCES,
  CACHES,
  REMOTES,
  MAILBOXES,
  KINDS
} kind_t;

typedef struct program_s {
  uv_loop_t loop;
  uint64_t random;
  int left;     /* calls that the program may still make */
  int depth;    /* number of nested handlers that make calls */
  bool closing; /* avow_loop_close() was called */
  bool verbose;
  bool threads; /* it may use threads, whose order varies */
} program_t;

extern program_t program;

/* Returns a random number below `n` that depends on the seed. */
unsigned any(unsigned n);
uint64_t any_ms(void);
size_t any_size(void);

/* Makes up to n calls, unless handlers are nested too deeply. */
void some_calls(unsigned n);
void one_call(void);

/* Puts an object into the pool, which may remove another one. Aborts for
   NULL. */
void put(kind_t kind, void *thing);
/* Takes an object out of the pool. Returns NULL if there is none. */
void *take(kind_t kind);

/* Take an object out, or a reference to one that stays. Never NULL. */
avow_promise_t *take_promise(void);
avow_channel_t *take_channel(void);

/* Values, and objects of streams. */
void put_value(avow_value_t v);
avow_value_t any_value(void);
avow_value_t any_error(void);
avow_value_t any_item(void); /* not a promise, a thenable or NONE */
void put_stream(avow_value_t owner);
avow_value_t take_stream(void);    /* NONE if out of memory */
avow_value_t any_own_stream(void); /* a new stream, or an error */

typedef struct {
  avow_reader_t *reader;
  avow_value_t owner; /* owner of the reader's stream */
} reading_t;

void put_reader(reading_t reading);
reading_t take_reader(void);

/* Releases all objects. */
void release_all(void);
/* Releases objects that other threads may use. These keep the loop alive. */
void release_threads_ends(void);

/* Handlers, which make calls and return any value. */
avow_value_t handler(const avow_value_t *arg, void *data);
avow_value_t step(void *data);
void made(void *data);  /* makes calls */
void freed(void *data); /* frees data, and makes calls */

/* Returns data for a handler, which the handler frees. Not NULL if out of
   memory. */
void *some_data(void);

typedef void (*call_t)(void);
typedef struct {
  const call_t *calls;
  unsigned n;
} calls_t;

extern const calls_t promise_calls, channel_calls, tool_calls, stream_calls;

#endif
