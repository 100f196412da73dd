/* SPDX-License-Identifier: MIT */
/* The machine's functions: handlers, other callbacks, and values. */
#include "machine.h"
#include "memory.h"

enum { DEPTH = 3, ITEMS = 3, BODY = 24, STATEMENTS = 4 };

static const int codes[] = { UV_EIO, UV_ECANCELED, UV_ENOMEM, AVOW_EBROKEN };

/* avow may stop calling a program that always begins new work at the end. */
static bool may_be_ignored(void) {
  return machine.closing && (machine.small_budget || machine.heard > PATIENCE);
}

record_t *make_record(record_kind_t kind, bytes_t *bytes) {
  const size_t wanted = next_byte(bytes) % BODY;
  const size_t left = (size_t) (bytes->end - bytes->at);
  const uint8_t *end = bytes->at + (wanted < left ? wanted : left);
  if (machine.n_records == RECORDS)
    return NULL;
  record_t *record = &machine.records[machine.n_records++];
  *record = (record_t){ .kind = kind, .body = { bytes->at, end } };
  if (kind == RECORD_SURELY && may_be_ignored())
    record->kind = RECORD_ONCE;
  bytes->at = end;
  return record;
}

/* Runs statements. The rest of the body is the function's result. */
static bytes_t run_body(const record_t *record) {
  bytes_t body = record->body;
  machine.depth++;
  for (unsigned n = next_byte(&body) % STATEMENTS; n > 0; n--)
    run_statement(&body);
  machine.depth--;
  return body;
}

static bool has_fuel(void) {
  machine.heard += machine.closing;
  if (machine.fuel > 0)
    machine.fuel--;
  return machine.fuel > 0;
}

avow_value_t on_settled(const avow_value_t *arg, void *data) {
  record_t *record = data;
  CHECK(record->calls++ == 0 && !machine.calling && !machine.closed);
  CHECK(arg->tag < AVOW_PROMISE);
  CHECK(avow_loop_close(&machine.loop) == UV_EBUSY);
  if (!has_fuel())
    return avow_value_ref(arg);
  bytes_t rest = run_body(record);
  return make_value(&rest, record->self, arg);
}

/* After the loop is closed, avow has no job and calls it directly. */
avow_value_t on_finally(void *data) {
  record_t *record = data;
  CHECK(record->calls++ == 0 && (!machine.calling || machine.closed));
  if (!has_fuel())
    return avow_none();
  bytes_t rest = run_body(record);
  return make_value(&rest, record->self, NULL);
}

void on_free(void *data) {
  record_t *record = data;
  CHECK(record->calls++ == 0 && (!machine.calling || machine.closed));
  if (has_fuel())
    (void) run_body(record);
}

void on_cancel(void *data) {
  record_t *record = data;
  CHECK(record->calls++ == 0);
  if (has_fuel())
    (void) run_body(record);
}

avow_value_t on_try(void *data) {
  record_t *record = data;
  CHECK(record->calls++ == 0);
  if (!has_fuel())
    return avow_none();
  bytes_t rest = run_body(record);
  return make_value(&rest, NULL, NULL);
}

avow_value_t on_step(void *data) {
  record_t *record = data;
  record->calls++;
  CHECK(!machine.calling && !machine.closed);
  if (!has_fuel())
    return avow_error(UV_EIO);
  bytes_t rest = run_body(record);
  return make_value(&rest, record->self, NULL);
}

static void destroy(void *self) {
  record_t *record = self;
  CHECK(record->destroyed++ == 0);
  avow_promise_t *p = record->promise;
  avow_deferred_t *d = record->deferred;
  record->promise = NULL;
  record->deferred = NULL;
  if (p != NULL && record->cancels)
    avow_cancel(p);
  if (d != NULL)
    avow_deferred_drop(d);
  avow_unref(p);
}

static avow_value_t then(void *self, avow_deferred_t *d) {
  record_t *record = self;
  CHECK(record->calls++ == 0 && !machine.calling && record->destroyed == 0);
  bytes_t body = record->body;
  put_deferred(next_byte(&body), d);
  if (!has_fuel())
    return avow_none();
  bytes_t rest = run_body(record);
  return next_byte(&rest) % 3 == 0 ? avow_error(UV_EIO) : avow_none();
}

static const avow_class_t plain = { .name = "plain", .destroy = destroy };
static const avow_class_t thenable = { .name = "thenable",
                                       .destroy = destroy,
                                       .then = then };

static avow_value_t make_object(bytes_t *bytes, const avow_class_t *klass) {
  record_t *record = make_record(RECORD_OBJECT, bytes);
  if (record == NULL)
    return avow_none();
  const uint8_t owned = next_byte(bytes);
  if ((owned & 1) != 0)
    record->promise = operand(bytes);
  if ((owned & 2) != 0)
    record->deferred = take_deferred(owned >> 3);
  record->cancels = (owned & 4) != 0;
  return avow_object(klass, record);
}

/* A value contains only promises that have no other reference. A promise that
   is fulfilled with a value that references it would never be freed. */
static avow_value_t follow(bytes_t *bytes, unsigned depth) {
  if (depth > 0 && machine.closed)
    return avow_none();
  if (depth > 0)
    return avow_follow(avow_sleep(&machine.loop, 1));
  avow_promise_t *p = operand(bytes);
  return p != NULL ? avow_follow(p) : avow_none();
}

/* Adds a reference to a promise that another function may have taken. Otherwise
   a checked build would report misuse. The library does this for tools. */
void *avow__tool_ref_in(const void *tool, const char *what, const char *called);

static avow_promise_t *same(const avow_promise_t *self) {
  return avow__tool_ref_in(self, "promise", __func__);
}

static avow_value_t follow_self(const avow_promise_t *self, unsigned depth) {
  return self != NULL && depth == 0 ? avow_follow(same(self)) : avow_none();
}

static avow_value_t make_nested(bytes_t *bytes, const avow_promise_t *self,
                                const avow_value_t *arg, unsigned depth);

static avow_value_t make_list(bytes_t *bytes, const avow_promise_t *self,
                              const avow_value_t *arg, unsigned depth) {
  avow_value_t items[ITEMS];
  const size_t n = next_byte(bytes) % (ITEMS + 1);
  for (size_t i = 0; i < n; i++)
    items[i] = make_nested(bytes, self, arg, depth + 1);
  return avow_list(items, n);
}

static avow_value_t make_error(bytes_t *bytes, unsigned depth) {
  const int code = codes[next_byte(bytes) % 4];
  const avow_value_t cause = make_nested(bytes, NULL, NULL, depth + 1);
  return avow_error_new(code, cause, "number %u", depth);
}

static avow_value_t make_nested(bytes_t *bytes, const avow_promise_t *self,
                                const avow_value_t *arg, unsigned depth) {
  const uint8_t byte = next_byte(bytes);
  if (depth > DEPTH)
    return avow_int(byte);
  switch (byte % 16) {
  case 0:
  case 1:
    return avow_none();
  case 2:
    return avow_double(byte);
  case 3:
    return avow_string("text");
  case 4:
    return make_list(bytes, self, arg, depth);
  case 5:
    return make_object(bytes, &plain);
  case 6:
  case 7:
    return avow_error(codes[byte / 16 % 4]);
  case 8:
    return make_error(bytes, depth);
  case 9:
  case 10:
    return follow(bytes, depth);
  case 11:
    return follow_self(self, depth);
  case 12:
    return make_object(bytes, &thenable);
  case 13:
    return arg != NULL ? avow_value_ref(arg) : avow_none();
  default:
    return avow_int(byte);
  }
}

avow_value_t make_value(bytes_t *bytes, const avow_promise_t *self,
                        const avow_value_t *arg) {
  return make_nested(bytes, self, arg, 0);
}

avow_value_t make_reason(bytes_t *bytes) {
  return make_nested(bytes, NULL, NULL, 1);
}
