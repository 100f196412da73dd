/* SPDX-License-Identifier: MIT */
/* Statements of the machine's programs. */
#include <limits.h>
#include <stdio.h>

#include "clock.h"
#include "machine.h"
#include "memory.h"

enum { INPUTS = 5 };

typedef void (*statement_t)(bytes_t *bytes);

/* Operands. */

static uint64_t duration(bytes_t *bytes) {
  const uint8_t byte = next_byte(bytes);
  return byte < 128 ? byte % 8 : UINT64_C(1) << (byte % 40);
}

static avow_promise_t *pending_promise(unsigned at) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(&machine.loop, &d);
  put_deferred(at, d);
  return p;
}

static avow_promise_t *fresh(unsigned kind) {
  if (machine.closed)
    return NULL;
  switch (kind % 4) {
  case 0:
    return avow_promise_resolve(&machine.loop, avow_int(1));
  case 1:
    return avow_promise_reject(&machine.loop, avow_error(UV_EIO));
  case 2:
    return avow_sleep(&machine.loop, 1);
  default:
    return pending_promise(kind);
  }
}

avow_promise_t *operand(bytes_t *bytes) {
  const uint8_t byte = next_byte(bytes);
  place_t *place = &machine.places[byte % PROMISES];
  avow_promise_t *p = place->promise;
  if (p == NULL)
    return fresh(byte >> 5);
  if ((byte & 16) == 0)
    return avow_ref(p);
  place->promise = NULL;
  return p;
}

/* Returns a borrowed promise, or NULL. */
static const avow_promise_t *place_at(bytes_t *bytes) {
  return machine.places[next_byte(bytes) % PROMISES].promise;
}

/* Returns the source promise of a reaction. Returns NULL if avow's reserve,
   which reactions use when allocations fail, might not suffice. */
static avow_promise_t *upstream(bytes_t *bytes) {
  avow_promise_t *p = operand(bytes);
  if (!memory_fails() || machine.lost++ < LOST)
    return p;
  avow_unref(p);
  return NULL;
}

/* Statements. */

static void make_pending(bytes_t *bytes) {
  const uint8_t byte = next_byte(bytes);
  if (!machine.closed)
    put_promise(byte, pending_promise(byte >> 4));
}

static void resolve(bytes_t *bytes) {
  avow_deferred_t *d = take_deferred(next_byte(bytes));
  const avow_value_t v = make_value(bytes, (const avow_promise_t *) d, NULL);
  if (d != NULL)
    (void) avow_resolve(d, v);
  else
    avow_value_unref(v);
}

static void reject(bytes_t *bytes) {
  avow_deferred_t *d = take_deferred(next_byte(bytes));
  const avow_value_t v = make_reason(bytes);
  if (d != NULL)
    (void) avow_reject(d, v);
  else
    avow_value_unref(v);
}

static void resolve_twice(bytes_t *bytes) {
  avow_deferred_t *d = take_deferred(next_byte(bytes));
  if (d == NULL)
    return;
  avow_deferred_t *again = avow_deferred_ref(d);
  (void) avow_resolve(d, make_value(bytes, NULL, NULL));
  CHECK(!avow_resolve(again, make_value(bytes, NULL, NULL)));
}

static void copy_deferred(bytes_t *bytes) {
  const uint8_t byte = next_byte(bytes);
  const avow_deferred_t *d = machine.deferreds[byte % DEFERREDS];
  if (d != NULL)
    put_deferred(byte / DEFERREDS, avow_deferred_ref(d));
}

static void drop_deferred(bytes_t *bytes) {
  put_deferred(next_byte(bytes), NULL);
}

static void make_resolved(bytes_t *bytes) {
  const uint8_t byte = next_byte(bytes);
  const bool rejects = (byte & 16) != 0;
  const avow_value_t v =
      rejects ? make_reason(bytes) : make_value(bytes, NULL, NULL);
  if (machine.closed)
    avow_value_unref(v);
  else if (rejects)
    put_promise(byte, avow_promise_reject(&machine.loop, v));
  else
    put_promise(byte, avow_promise_resolve(&machine.loop, v));
}

static void then(bytes_t *bytes) {
  avow_promise_t *p = upstream(bytes);
  const uint8_t byte = next_byte(bytes);
  record_t *record = make_record(RECORD_THEN, bytes);
  if (p == NULL || record == NULL) {
    avow_unref(p);
    return;
  }
  p = avow_then(p, (byte & 16) != 0 ? NULL : on_settled,
                (byte & 32) != 0 ? on_settled : NULL, record);
  record->self = p;
  put_promise(byte, p);
}

static void catch_rejection(bytes_t *bytes) {
  avow_promise_t *p = upstream(bytes);
  const uint8_t byte = next_byte(bytes);
  record_t *record = make_record(RECORD_THEN, bytes);
  if (p == NULL || record == NULL) {
    avow_unref(p);
    return;
  }
  p = avow_catch(p, on_settled, record);
  record->self = p;
  put_promise(byte, p);
}

static void pass_through(bytes_t *bytes) {
  avow_promise_t *p = upstream(bytes);
  const uint8_t byte = next_byte(bytes);
  if (p != NULL)
    put_promise(byte, avow_finally(p, NULL, NULL));
}

static void finally(bytes_t *bytes) {
  avow_promise_t *p = upstream(bytes);
  const uint8_t byte = next_byte(bytes);
  record_t *record = p != NULL ? make_record(RECORD_SURELY, bytes) : NULL;
  if (record == NULL) {
    avow_unref(p);
    return;
  }
  p = avow_finally(p, on_finally, record);
  record->self = p;
  put_promise(byte, p);
}

static void attach(bytes_t *bytes) {
  avow_promise_t *p = upstream(bytes);
  const uint8_t byte = next_byte(bytes);
  record_t *record = p != NULL ? make_record(RECORD_SURELY, bytes) : NULL;
  if (record == NULL)
    avow_unref(p);
  else
    put_promise(byte, avow_attach(p, record, on_free));
}

static void copy(bytes_t *bytes) {
  const uint8_t byte = next_byte(bytes);
  const avow_promise_t *p = machine.places[byte % PROMISES].promise;
  if (p != NULL)
    put_promise(byte / PROMISES, avow_ref(p));
}

static void release_place(bytes_t *bytes) {
  put_promise(next_byte(bytes), NULL);
}

static void cancel(bytes_t *bytes) {
  const avow_promise_t *p = place_at(bytes);
  if (p != NULL)
    avow_cancel(p);
}

static void watch_cancel(bytes_t *bytes) {
  const avow_deferred_t *d = machine.deferreds[next_byte(bytes) % DEFERREDS];
  record_t *record = make_record(RECORD_ONCE, bytes);
  if (d != NULL && record != NULL)
    avow_on_cancel(d, on_cancel, record);
}

static void until(bytes_t *bytes) {
  avow_promise_t *p = upstream(bytes);
  const uint8_t byte = next_byte(bytes);
  const avow_promise_t *stop = place_at(bytes);
  if (p != NULL)
    put_promise(byte, avow_until(p, stop != NULL ? stop : p));
}

static void timeout(bytes_t *bytes) {
  avow_promise_t *p = upstream(bytes);
  const uint8_t byte = next_byte(bytes);
  if (p != NULL)
    put_promise(byte, avow_timeout(p, duration(bytes)));
}

static void sleep_for(bytes_t *bytes) {
  const uint8_t byte = next_byte(bytes);
  if (!machine.closed)
    put_promise(byte, avow_sleep(&machine.loop, duration(bytes)));
}

/* The destruction of the previous promise may store another one here. */
static void put_combined(unsigned at, avow_promise_t *p) {
  put_promise(at, p);
  place_t *place = &machine.places[at % PROMISES];
  place->combines = place->promise == p;
}

static void combine(bytes_t *bytes) {
  avow_promise_t *(*const combinators[])(uv_loop_t *, avow_promise_t *const *,
                                         size_t) = { avow_all, avow_all_settled,
                                                     avow_race, avow_any };
  avow_promise_t *ps[INPUTS];
  const uint8_t byte = next_byte(bytes), choice = next_byte(bytes);
  if (machine.closed)
    return;
  const size_t n = choice / 8 % (INPUTS + 1);
  for (size_t i = 0; i < n; i++)
    ps[i] = operand(bytes);
  avow_promise_t *p = combinators[choice % 4](&machine.loop, ps, n);
  put_combined(byte, (choice & 4) != 0 ? avow_cancel_losers(p) : p);
}

static void begin_gather(bytes_t *bytes) {
  const uint8_t byte = next_byte(bytes);
  avow_gather_t **gather = &machine.gathers[byte % GATHERS];
  const avow_gather_kind_t kind = (avow_gather_kind_t) (byte / GATHERS % 4);
  if (*gather != NULL || machine.closed)
    return;
  avow_promise_t *p = avow_gather_new(&machine.loop, kind, gather);
  put_combined(byte / GATHERS / 4, p);
}

static void add_to_gather(bytes_t *bytes) {
  const avow_gather_t *gather = machine.gathers[next_byte(bytes) % GATHERS];
  avow_promise_t *p = operand(bytes);
  if (gather != NULL && p != NULL)
    avow_gather_add(gather, p);
  else
    avow_unref(p);
}

static void end_gather(bytes_t *bytes) {
  const uint8_t byte = next_byte(bytes);
  avow_gather_t *gather = machine.gathers[byte % GATHERS];
  machine.gathers[byte % GATHERS] = NULL;
  if (gather != NULL && (byte & GATHERS) != 0)
    avow_gather_end(gather);
  avow_gather_unref(gather);
}

static void cancel_losers(bytes_t *bytes) {
  place_t *place = &machine.places[next_byte(bytes) % PROMISES];
  if (place->promise != NULL && place->combines)
    place->promise = avow_cancel_losers(place->promise);
}

static void call_try(bytes_t *bytes) {
  const uint8_t byte = next_byte(bytes);
  record_t *record = make_record(RECORD_ONCE, bytes);
  if (!machine.closed && record != NULL)
    put_promise(byte, avow_try(&machine.loop, on_try, record));
}

static void repeat(bytes_t *bytes) {
  const uint8_t byte = next_byte(bytes);
  record_t *record = make_record(RECORD_STEP, bytes);
  if (machine.closed || record == NULL)
    return;
  avow_promise_t *p = avow_repeat(&machine.loop, on_step, record);
  record->self = p;
  put_promise(byte, p);
}

static void make_remote(bytes_t *bytes) {
  const uint8_t byte = next_byte(bytes);
  avow_remote_t **remote = &machine.remotes[byte / PROMISES % REMOTES];
  if (*remote == NULL && !machine.closed)
    put_promise(byte, avow_remote_new(&machine.loop, remote));
}

/* A remote's value must not be a promise, because a promise has one loop. */
static avow_value_t remote_value(bytes_t *bytes) {
  const avow_value_t v = make_reason(bytes);
  if (v.tag != AVOW_PROMISE)
    return v;
  avow_value_unref(v);
  return avow_none();
}

static void settle_remote(bytes_t *bytes) {
  const uint8_t byte = next_byte(bytes);
  const avow_value_t v = remote_value(bytes);
  avow_remote_t *r = machine.remotes[byte % REMOTES];
  machine.remotes[byte % REMOTES] = NULL;
  if (r == NULL) {
    avow_value_unref(v);
    return;
  }
  const int err =
      (byte & 16) != 0 ? avow_remote_reject(r, v) : avow_remote_resolve(r, v);
  CHECK(err == 0 || err == UV_ECANCELED);
}

static void drop_remote(bytes_t *bytes) {
  avow_remote_t **remote = &machine.remotes[next_byte(bytes) % REMOTES];
  avow_remote_t *r = *remote;
  *remote = NULL;
  if (r != NULL)
    avow_remote_drop(r);
}

static void inspect(bytes_t *bytes) {
  const avow_promise_t *p = place_at(bytes);
  if (p == NULL)
    return;
  const avow_value_t *v = avow_result(p);
  CHECK((v == NULL) == (avow_state(p) == AVOW_PENDING));
  if (v == NULL)
    return;
  CHECK(avow_is_error(v) == (avow_state(p) == AVOW_REJECTED));
  if (v->tag == AVOW_LIST)
    for (size_t i = 0; i < avow_list_len(v); i++)
      CHECK(avow_outcome_at(v, i).value == avow_list_at(v, i));
}

static void dump(bytes_t *bytes) {
  static FILE *nowhere;
  if (nowhere == NULL)
    nowhere = fopen("/dev/null", "w");
  const bool graph = next_byte(bytes) % 2 != 0;
  if (machine.closed || nowhere == NULL)
    return;
  avow_stats_t stats;
  avow_loop_stats(&machine.loop, &stats, sizeof(stats));
  CHECK(stats.pending <= stats.live && stats.queued <= stats.live);
  (graph ? avow_loop_dump_dot : avow_loop_dump)(&machine.loop, nowhere);
}

static void pass_time(bytes_t *bytes) {
  clock_advance(duration(bytes));
}

static void fail_memory(bytes_t *bytes) {
  const uint8_t byte = next_byte(bytes);
  if (byte / 2 % 16 == 0)
    memory_fail(0, false);
  else
    memory_fail(byte / 2 % 16, byte % 2 == 0);
}

/* Statements only for the main part of a program. */

static void turn(bytes_t *bytes) {
  const uint8_t byte = next_byte(bytes);
  if (!machine.closed)
    (void) uv_run(&machine.loop, byte < 128   ? UV_RUN_NOWAIT
                                 : byte < 224 ? UV_RUN_ONCE
                                              : UV_RUN_DEFAULT);
}

static void run_promise(bytes_t *bytes) {
  avow_promise_t *p = operand(bytes);
  if (p != NULL)
    avow_value_unref(avow_run(p));
}

static void init_again(bytes_t *bytes) {
  if (machine.closed)
    return;
  const int err =
      avow_loop_init(&machine.loop, &(avow_options_t){ .slow_us = UINT_MAX });
  CHECK(err == 0);
  machine.users++;
}

static void close_handle(uv_handle_t *handle, void *data) {
  if (!uv_is_closing(handle))
    uv_close(handle, NULL);
}

/* Programs may close all handles that they find, including avow's. */
static void close_all(bytes_t *bytes) {
  const uint8_t byte = next_byte(bytes);
  if (machine.closed)
    return;
  if ((byte & 1) != 0)
    uv_walk(&machine.loop, close_handle, NULL);
  if ((byte & 2) != 0)
    (void) uv_run(&machine.loop, UV_RUN_NOWAIT);
  close_loop();
}

static const statement_t statements[] = {
  make_pending,  resolve,       reject,       resolve_twice, copy_deferred,
  drop_deferred, make_resolved, then,         then,          catch_rejection,
  finally,       attach,        copy,         release_place, cancel,
  cancel,        watch_cancel,  until,        timeout,       sleep_for,
  combine,       combine,       begin_gather, add_to_gather, add_to_gather,
  end_gather,    cancel_losers, call_try,     repeat,        make_remote,
  settle_remote, drop_remote,   inspect,      dump,          pass_time,
  pass_through,  fail_memory,
};
static const statement_t of_main[] = { turn, turn, run_promise, init_again,
                                       close_all };

enum {
  ANYWHERE = sizeof(statements) / sizeof(statements[0]),
  IN_MAIN = sizeof(of_main) / sizeof(of_main[0])
};

static void run_anywhere(statement_t statement, bytes_t *bytes) {
  const bool before = machine.calling;
  machine.calling = true;
  statement(bytes);
  machine.calling = before;
}

void run_statement(bytes_t *bytes) {
  if (machine.fuel == 0)
    return;
  machine.fuel--;
  const unsigned code = next_byte(bytes) % (ANYWHERE + IN_MAIN);
  if (code < ANYWHERE)
    run_anywhere(statements[code], bytes);
  else if (machine.depth == 0)
    of_main[code - ANYWHERE](bytes);
}
