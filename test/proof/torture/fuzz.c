/* SPDX-License-Identifier: MIT */
/*
 * A fuzzer's target that runs bytes as programs on avow. For each program, no
 * memory leaks, the loop closes, and settled promises do not change. A handler
 * runs at most once, and handlers of finally and attach exactly once. No
 * handler runs within the call that registers it or that settles its promise.
 */
#include <limits.h>

#include "clock.h"
#include "machine.h"
#include "memory.h"

machine_t machine;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

uint8_t next_byte(bytes_t *bytes) {
  return bytes->at < bytes->end ? *bytes->at++ : 0;
}

void put_promise(unsigned at, avow_promise_t *p) {
  place_t *place = &machine.places[at % PROMISES];
  avow_promise_t *old = place->promise;
  *place = (place_t){ .promise = p };
  avow_unref(old);
}

void put_deferred(unsigned at, avow_deferred_t *d) {
  avow_deferred_t *old = take_deferred(at);
  machine.deferreds[at % DEFERREDS] = d;
  if (old != NULL)
    avow_deferred_drop(old);
}

avow_deferred_t *take_deferred(unsigned at) {
  avow_deferred_t *d = machine.deferreds[at % DEFERREDS];
  machine.deferreds[at % DEFERREDS] = NULL;
  return d;
}

static void drop_remotes(void) {
  for (int i = 0; i < REMOTES; i++) {
    avow_remote_t *r = machine.remotes[i];
    machine.remotes[i] = NULL;
    if (r != NULL)
      avow_remote_drop(r);
  }
}

static void check_place(place_t *place) {
  const avow_state_t state = avow_state(place->promise);
  CHECK(place->state == AVOW_PENDING || place->state == state);
  const bool news = state != place->state;
  place->state = state;
  if (state != AVOW_FULFILLED) /* reading a reason would handle it */
    return;
  const avow_value_t *v = avow_result(place->promise);
  CHECK(v->tag < AVOW_ERROR);
  CHECK(news || (v->tag == place->value.tag && v->u.i == place->value.u.i));
  place->value = *v;
}

static void check_places(void) {
  for (int i = 0; i < PROMISES; i++)
    if (machine.places[i].promise != NULL)
      check_place(&machine.places[i]);
}

static void on_unhandled(uv_loop_t *loop, const avow_value_t *reason,
                         const char *where, void *data) {
  CHECK(loop == &machine.loop && data == &machine);
  CHECK(avow_is_error(reason) && reason->code != UV_ECANCELED);
}

static void on_track(uv_loop_t *loop, const avow_promise_t *p, void *data) {
  CHECK(loop == &machine.loop && data == &machine);
  CHECK(avow_state(p) == AVOW_REJECTED);
}

static bool open_loop(bytes_t *bytes) {
  const uint8_t choice = next_byte(bytes), nth = next_byte(bytes);
  const avow_options_t options = {
    .on_unhandled = on_unhandled,
    .on_reject = (choice & 1) != 0 ? on_track : NULL,
    .on_handle = (choice & 1) != 0 ? on_track : NULL,
    .data = &machine,
    .slow_us = UINT_MAX,
    .budget = (choice & 2) != 0 ? 1 + (choice >> 6) : 0,
  };
  CHECK(uv_loop_init(&machine.loop) == 0);
  memory_fail((choice & 4) != 0 ? 1u + nth : 0, (choice & 8) != 0);
  const int err = avow_loop_init(&machine.loop, &options);
  CHECK(err == 0 || err == UV_ENOMEM);
  machine.users = err == 0;
  machine.small_budget = options.budget > 0;
  return err == 0;
}

void close_loop(void) {
  machine.closing = true;
  for (; machine.users > 0; machine.users--)
    CHECK(avow_loop_close(&machine.loop) == 0);
  CHECK(uv_loop_close(&machine.loop) == 0);
  machine.closing = false;
  machine.closed = true;
  check_places();
  for (int i = 0; i < PROMISES; i++)
    if (machine.places[i].promise != NULL)
      CHECK(machine.places[i].state != AVOW_PENDING);
}

static void release_all(void) {
  for (unsigned i = 0; i < PROMISES; i++)
    put_promise(i, NULL);
  for (unsigned i = 0; i < DEFERREDS; i++)
    put_deferred(i, NULL);
  for (int i = 0; i < GATHERS; i++)
    avow_gather_unref(machine.gathers[i]);
  drop_remotes();
}

static void check_records(void) {
  for (unsigned i = 0; i < machine.n_records; i++) {
    const record_t *record = &machine.records[i];
    CHECK(record->kind != RECORD_SURELY || record->calls == 1);
    CHECK(record->kind != RECORD_OBJECT || record->destroyed == 1);
  }
}

/* A promise whose value is an object that references it is never freed. */
static void empty_objects(void) {
  for (unsigned i = 0; i < machine.n_records; i++) {
    record_t *record = &machine.records[i];
    avow_promise_t *p = record->promise;
    avow_deferred_t *d = record->deferred;
    record->promise = NULL;
    record->deferred = NULL;
    avow_unref(p);
    if (d != NULL)
      avow_deferred_drop(d);
  }
}

/* Releasing may destroy objects. These do not fill registers again. */
static void end(void) {
  memory_fail(0, false);
  machine.fuel = 0;
  empty_objects();
  release_all();
  check_records();
  CHECK(memory_live() == 0);
}

static void reset(void) {
  static bool ready;
  if (!ready)
    memory_init();
  ready = true;
  machine.n_records = machine.depth = machine.lost = machine.heard = 0;
  machine.fuel = FUEL;
  machine.calling = machine.closed = false;
  for (int i = 0; i < GATHERS; i++)
    machine.gathers[i] = NULL;
  clock_reset(drop_remotes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  bytes_t bytes = { data, data + size };
  reset();
  if (open_loop(&bytes)) {
    while (bytes.at < bytes.end && machine.fuel > 0) {
      run_statement(&bytes);
      check_places();
    }
  }
  if (!machine.closed)
    close_loop();
  end();
  return 0;
}
