/* SPDX-License-Identifier: MIT */
/*
 * Conversion of promises between avow and JavaScript, for add-ons of Node.
 *
 * The header contains the code of its functions and needs only avow and
 * Node-API. Each add-on has its own copy. Handlers of avow run on the loop of
 * the environment, which belongs to the main thread or to a worker. The page
 * docs/node.md explains how to build an add-on.
 *
 * If a function that returns a napi_value or a pointer returns NULL, a
 * JavaScript exception is pending.
 */
#ifndef AVOW_NAPI_H
#define AVOW_NAPI_H

#include <avow.h>
#include <avow/closure.h>
#include <node_api.h>
#include <stdlib.h>

AVOW_HEADER_BEGIN

/** The state of avow in one environment, from avow_napi_open(). */
typedef struct avow_napi_s {
  napi_env env;    /* the environment; NULL when it ends */
  uv_loop_t *loop; /* the loop of the environment */
  napi_async_context context;
  struct avow_napi_ticket_s *tickets;
} avow_napi_t;

/*
 * Settles a promise of avow when a JavaScript promise settles. Two JavaScript
 * functions share a ticket, and JavaScript calls at most one of them.
 */
typedef struct avow_napi_ticket_s {
  struct avow_napi_ticket_s *next, **link;
  avow_deferred_t *deferred; /* NULL when the promise has settled */
  int functions;             /* functions that are not collected yet */
} avow_napi_ticket_t;

/* Settles a JavaScript promise when a promise of avow settles. */
typedef struct avow_napi_deferred_s {
  avow_napi_t *home;
  napi_deferred deferred;
} avow_napi_deferred_t;

/*
 * Limits for one value. A list can contain itself, or contain another list many
 * times.
 */
enum { AVOW_NAPI_DEPTH = 100, AVOW_NAPI_ITEMS = 1 << 22 };

/* A value that is being copied from one side to the other. */
typedef struct avow_napi_copy_s {
  napi_env env;
  size_t items; /* items of all lists of the value so far */
  bool ended;   /* an error replaces the whole value */
  bool caught;  /* the value is an exception of JavaScript */
} avow_napi_copy_t;

/*
 * Counts the `n` items of a list inside `depth` lists. Returns false if a limit
 * is exceeded.
 */
static inline bool avow_napi_fits(avow_napi_copy_t *copy, size_t n,
                                  unsigned depth) {
  if (depth >= AVOW_NAPI_DEPTH || n > AVOW_NAPI_ITEMS - copy->items)
    return false;
  copy->items += n;
  return true;
}

/*
 * Takes the deferred from the ticket, so that it is settled once. Returns NULL
 * if it was taken before.
 */
static inline avow_deferred_t *avow_napi_punch(avow_napi_ticket_t *ticket) {
  avow_deferred_t *d = ticket->deferred;
  ticket->deferred = NULL;
  if (d == NULL)
    return NULL;
  *ticket->link = ticket->next;
  if (ticket->next != NULL)
    ticket->next->link = ticket->link;
  return d;
}

/* Called when the environment ends. Pending promises of avow reject. */
static inline void avow_napi_close(void *data) {
  avow_napi_t *home = (avow_napi_t *) data;
  while (home->tickets != NULL)
    (void) avow_reject(avow_napi_punch(home->tickets),
                       avow_error(UV_ECANCELED));
  (void) napi_async_destroy(home->env, home->context);
  home->env = NULL;
  if (avow_loop_close(home->loop) != 0)
    abort(); /* Node could not close the loop either */
  free(home);
}

/*
 * process.exit() and uncaught exceptions end the process inside a callback of
 * Node, where avow cannot be closed.
 */
static inline avow_options_t avow_napi_options(void) {
  static avow_options_t defaults; /* only read */
  avow_options_t options = defaults;
  options.may_stay_open = true;
  return options;
}

static inline napi_status avow_napi_begin(napi_env env, avow_napi_t *home) {
  const avow_options_t options = avow_napi_options();
  napi_value name;
  napi_status status = napi_get_uv_event_loop(env, &home->loop);
  if (status == napi_ok)
    status = napi_create_string_utf8(env, "avow", NAPI_AUTO_LENGTH, &name);
  if (status == napi_ok)
    status = napi_async_init(env, NULL, name, &home->context);
  if (status != napi_ok)
    return status;
  if (avow_loop_init(home->loop, &options) != 0)
    status = napi_generic_failure;
  else if (napi_add_env_cleanup_hook(env, avow_napi_close, home) == napi_ok)
    return napi_ok;
  else
    (void) avow_loop_close(home->loop); /* nothing used it */
  (void) napi_async_destroy(env, home->context);
  return status == napi_ok ? napi_generic_failure : status;
}

/**
 * Initializes avow on the loop of `env`, until the environment ends.
 *
 * Call it once for each environment, when the add-on is loaded. Pass the result
 * to the functions of the add-on as `data`, because the other functions of this
 * header need it as `home`. When the environment ends, avow_loop_close() closes
 * avow on the loop, and the result is freed.
 *
 * @returns the state of avow in the environment; NULL if avow cannot start,
 *          with a JavaScript exception pending
 */
static inline avow_napi_t *avow_napi_open(napi_env env) {
  avow_napi_t *home = (avow_napi_t *) calloc(1, sizeof(*home));
  if (home != NULL && avow_napi_begin(env, home) == napi_ok) {
    home->env = env;
    return home;
  }
  free(home);
  (void) napi_throw_error(env, NULL, "avow_napi_open() failed");
  return NULL;
}

static inline void avow_napi_forget(napi_env env, void *data, void *hint) {
  avow_value_t *kept = (avow_value_t *) data;
  (void) env;
  (void) hint;
  avow_value_unref(*kept);
  free(kept);
}

/* Makes a value that JavaScript can store and pass on, but not read. */
static inline napi_status avow_napi_external(napi_env env,
                                             const avow_value_t *v,
                                             napi_value *out) {
  avow_value_t *kept = (avow_value_t *) malloc(sizeof(*kept));
  if (kept == NULL)
    return napi_generic_failure;
  *kept = avow_value_ref(v);
  const napi_status status =
      napi_create_external(env, kept, avow_napi_forget, NULL, out);
  if (status != napi_ok)
    avow_napi_forget(env, kept, NULL);
  return status;
}

static inline napi_status avow_napi_int(napi_env env, int64_t i,
                                        napi_value *out) {
  const int64_t most = INT64_C(9007199254740991); /* 2^53 - 1 */
  if (i >= -most && i <= most)
    return napi_create_int64(env, i, out);
  return napi_create_bigint_int64(env, i, out);
}

static inline napi_status avow_napi_make(avow_napi_copy_t *copy,
                                         const avow_value_t *v, unsigned depth,
                                         napi_value *out);

static inline napi_status avow_napi_list(avow_napi_copy_t *copy,
                                         const avow_value_t *v, unsigned depth,
                                         napi_value *out) {
  napi_env env = copy->env;
  if (!avow_napi_fits(copy, avow_list_len(v), depth)) {
    (void) napi_throw_error(env, "E2BIG",
                            "too many items, or lists nested too deeply");
    return napi_pending_exception;
  }
  napi_status status =
      napi_create_array_with_length(env, avow_list_len(v), out);
  for (size_t i = 0; status == napi_ok && i < avow_list_len(v); i++) {
    napi_value item;
    status = avow_napi_make(copy, avow_list_at(v, i), depth + 1, &item);
    if (status == napi_ok)
      status = napi_set_element(env, *out, (uint32_t) i, item);
  }
  return status;
}

/* As in errors of Node, `errno` is the number and `code` is its name. */
static inline napi_status avow_napi_bare_error(napi_env env,
                                               const avow_value_t *v,
                                               napi_value *out) {
  const int code = avow_error_code(v);
  napi_value name, message, number;
  napi_status status = napi_create_string_utf8(env, avow_err_name(code),
                                               NAPI_AUTO_LENGTH, &name);
  if (status == napi_ok)
    status = napi_create_string_utf8(env, avow_error_message(v),
                                     NAPI_AUTO_LENGTH, &message);
  if (status == napi_ok)
    status = napi_create_error(env, name, message, out);
  if (status == napi_ok)
    status = napi_create_int32(env, code, &number);
  if (status == napi_ok)
    status = napi_set_named_property(env, *out, "errno", number);
  return status;
}

static inline napi_status avow_napi_error(avow_napi_copy_t *copy,
                                          const avow_value_t *v, unsigned depth,
                                          napi_value *out) {
  const avow_value_t *cause = avow_error_cause(v);
  napi_value inner;
  napi_status status = avow_napi_bare_error(copy->env, v, out);
  if (status != napi_ok || cause == NULL || depth >= AVOW_NAPI_DEPTH)
    return status;
  status = avow_napi_make(copy, cause, depth + 1, &inner);
  if (status == napi_ok)
    status = napi_set_named_property(copy->env, *out, "cause", inner);
  return status;
}

static inline napi_status avow_napi_make(avow_napi_copy_t *copy,
                                         const avow_value_t *v, unsigned depth,
                                         napi_value *out) {
  napi_env env = copy->env;
  size_t len;
  const char *bytes;
  switch (v->tag) {
  case AVOW_NONE:
    return napi_get_undefined(env, out);
  case AVOW_INT:
    return avow_napi_int(env, avow_to_int(v), out);
  case AVOW_DOUBLE:
    return napi_create_double(env, avow_to_double(v), out);
  case AVOW_BYTES:
    bytes = avow_to_bytes(v, &len);
    return napi_create_buffer_copy(env, len, bytes, NULL, out);
  case AVOW_LIST:
    return avow_napi_list(copy, v, depth, out);
  case AVOW_ERROR:
    return avow_napi_error(copy, v, depth, out);
  default:
    return avow_napi_external(env, v, out);
  }
}

/**
 * Copies the value `v` to JavaScript.
 *
 * NONE becomes undefined. INT becomes a number, or a BigInt beyond 2^53 - 1.
 * DOUBLE becomes a number, BYTES a Buffer, and LIST an Array. An error becomes
 * an Error with `code`, `errno`, `message` and `cause`. Any other value becomes
 * an external that holds it.
 *
 * @returns the JavaScript value; NULL with a JavaScript exception pending:
 *          E2BIG if more than 100 lists are nested, or if the lists have more
 *          than 4,194,304 items together; ENOMEM if the value cannot be created
 */
static inline napi_value avow_napi_value(napi_env env, const avow_value_t *v) {
  avow_napi_copy_t copy = { env, 0, false, false };
  napi_value made;
  if (avow_napi_make(&copy, v, 0, &made) == napi_ok)
    return made;
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) == napi_ok && !pending)
    (void) napi_throw_error(env, "ENOMEM", "out of memory for a value");
  return NULL;
}

/* If `v` cannot be converted, the promise rejects with the exception. */
static inline void avow_napi_conclude(const avow_napi_deferred_t *settling,
                                      const avow_value_t *v) {
  napi_env env = settling->home->env;
  napi_value made = avow_napi_value(env, v);
  if (made != NULL && !avow_is_error(v))
    (void) napi_resolve_deferred(env, settling->deferred, made);
  else if (made != NULL ||
           napi_get_and_clear_last_exception(env, &made) == napi_ok)
    (void) napi_reject_deferred(env, settling->deferred, made);
}

/*
 * The reactions of the JavaScript promise run when the callback scope closes.
 * If the environment ends, functions of Node-API fail, and the JavaScript
 * promise does not settle.
 */
static inline avow_value_t avow_napi_settle(const avow_value_t *got,
                                            void *data) {
  avow_napi_deferred_t *settling = (avow_napi_deferred_t *) data;
  napi_env env = settling->home->env;
  napi_handle_scope handles;
  napi_callback_scope callback;
  if (got != NULL && env != NULL &&
      napi_open_handle_scope(env, &handles) == napi_ok) {
    if (napi_open_callback_scope(env, NULL, settling->home->context,
                                 &callback) == napi_ok) {
      avow_napi_conclude(settling, got);
      (void) napi_close_callback_scope(env, callback);
    }
    (void) napi_close_handle_scope(env, handles);
  }
  free(settling);
  return avow_none();
}

static inline avow_value_t avow_napi_ignore(const avow_value_t *got,
                                            void *data) {
  (void) got;
  (void) data;
  return avow_none();
}

/**
 * Creates a JavaScript promise that settles as `p` does.
 *
 * Call it in functions that JavaScript calls. Do not call it in an async
 * function of avow, because JavaScript cannot run on its stack.
 *
 * @returns the JavaScript promise; NULL if out of memory, with a JavaScript
 *          exception pending and `p` canceled
 */
static inline napi_value avow_napi_promise(avow_napi_t *home,
                                           avow_promise_t *p) {
  napi_value promise = NULL;
  avow_napi_deferred_t *settling =
      (avow_napi_deferred_t *) malloc(sizeof(*settling));
  (void) avow_state(p); /* reports misuse before Node-API ends the process */
  if (settling == NULL || napi_create_promise(home->env, &settling->deferred,
                                              &promise) != napi_ok) {
    free(settling);
    avow_cancel(p);
    avow_unref(avow_then_closure(p, avow_napi_ignore, NULL));
    (void) napi_throw_error(home->env, "ENOMEM", "out of memory for a promise");
    return NULL;
  }
  settling->home = home;
  avow_unref(avow_then_closure(p, avow_napi_settle, settling));
  return promise;
}

static inline avow_value_t avow_napi_read(avow_napi_copy_t *copy, napi_value v,
                                          unsigned depth);

static inline avow_value_t avow_napi_read_text(napi_env env, napi_value v) {
  size_t len = 0;
  char *bytes;
  if (napi_get_value_string_utf8(env, v, NULL, 0, &len) != napi_ok)
    return avow_error(UV_EINVAL);
  avow_value_t text = avow_bytes_new(len, &bytes);
  if (!avow_is_error(&text))
    (void) napi_get_value_string_utf8(env, v, bytes, len + 1, &len);
  return text;
}

static inline avow_value_t avow_napi_read_number(napi_env env, napi_value v) {
  double d = 0;
  (void) napi_get_value_double(env, v, &d); /* it is a number */
  const double most = 9007199254740991.;
  if (d >= -most && d <= most && (double) (int64_t) d == d)
    return avow_int((int64_t) d);
  return avow_double(d);
}

/*
 * Converts the pending exception to an error. If reading the exception throws
 * again, the error is AVOW_ETHROWN.
 */
static inline avow_value_t avow_napi_caught(napi_env env, bool again) {
  avow_napi_copy_t copy = { env, 0, false, true };
  napi_value thrown;
  if (napi_get_and_clear_last_exception(env, &thrown) != napi_ok)
    return avow_error(UV_ECANCELED); /* the environment ends */
  if (again)
    return avow_error(AVOW_ETHROWN);
  const avow_value_t v = avow_napi_read(&copy, thrown, 0);
  return avow_is_error(&v) ? v : avow_error_new(AVOW_EREASON, v, NULL);
}

/*
 * Ends the conversion. Returns the error for the whole value: the exception
 * that JavaScript threw while the value was read, or `error` if there is none.
 */
static inline avow_value_t avow_napi_end(avow_napi_copy_t *copy,
                                         avow_value_t error) {
  bool pending = false;
  const bool ended = copy->ended;
  copy->ended = true;
  if (ended || napi_is_exception_pending(copy->env, &pending) != napi_ok ||
      !pending)
    return error;
  avow_value_unref(error);
  return avow_napi_caught(copy->env, copy->caught);
}

static inline avow_value_t avow_napi_refuse(avow_napi_copy_t *copy, int code,
                                            const char *why) {
  return avow_napi_end(copy, avow_error_new(code, avow_none(), "%s", why));
}

/* Returns a property, or NULL if it is missing, has another type or throws. */
static inline napi_value avow_napi_field(avow_napi_copy_t *copy, napi_value v,
                                         const char *name,
                                         napi_valuetype wanted) {
  napi_value field;
  napi_valuetype type;
  if (napi_get_named_property(copy->env, v, name, &field) != napi_ok)
    return NULL;
  const bool right =
      napi_typeof(copy->env, field, &type) == napi_ok && type == wanted;
  return right ? field : NULL;
}

static inline avow_value_t avow_napi_read_cause(avow_napi_copy_t *copy,
                                                napi_value v, unsigned depth) {
  napi_value cause;
  if (depth >= AVOW_NAPI_DEPTH ||
      napi_get_named_property(copy->env, v, "cause", &cause) != napi_ok)
    return avow_none();
  return avow_napi_read(copy, cause, depth + 1);
}

/* In an error of the system, `errno` is the code of libuv. */
static inline int avow_napi_read_errno(avow_napi_copy_t *copy, napi_value v) {
  int32_t code = 0;
  const napi_value field = avow_napi_field(copy, v, "errno", napi_number);
  if (field != NULL)
    (void) napi_get_value_int32(copy->env, field, &code); /* a number */
  return code < 0 ? code : AVOW_ETHROWN;
}

static inline avow_value_t avow_napi_read_error(avow_napi_copy_t *copy,
                                                napi_value v,
                                                napi_value message,
                                                unsigned depth) {
  const int code = avow_napi_read_errno(copy, v);
  const avow_value_t cause = avow_napi_read_cause(copy, v, depth);
  const avow_value_t text =
      message != NULL ? avow_napi_read_text(copy->env, message) : avow_none();
  const bool said =
      text.tag == AVOW_BYTES && avow_to_bytes(&text, NULL)[0] != 0;
  const avow_value_t error =
      avow_error_new(code, cause, "%s",
                     said ? avow_to_bytes(&text, NULL)
                          : "an Error without a message");
  avow_value_unref(text);
  return error;
}

/* Releases the items before the last one, which is the error. */
static inline avow_value_t avow_napi_ended(avow_value_t *items, size_t n) {
  const avow_value_t error = items[n - 1];
  for (size_t i = 0; i + 1 < n; i++)
    avow_value_unref(items[i]);
  free(items);
  return error;
}

static inline avow_value_t avow_napi_read_list(avow_napi_copy_t *copy,
                                               napi_value v, unsigned depth) {
  uint32_t n = 0;
  napi_value item;
  (void) napi_get_array_length(copy->env, v, &n); /* it is an array */
  if (!avow_napi_fits(copy, n, depth))
    return avow_napi_refuse(copy, UV_E2BIG,
                            "too many items, or lists nested too deeply");
  avow_value_t *items = (avow_value_t *) calloc(n > 0 ? n : 1, sizeof(*items));
  if (items == NULL)
    return avow_napi_end(copy, avow_error(UV_ENOMEM));
  for (uint32_t i = 0; i < n; i++) {
    items[i] = napi_get_element(copy->env, v, i, &item) == napi_ok
                   ? avow_napi_read(copy, item, depth + 1)
                   : avow_napi_end(copy, avow_error(UV_EINVAL));
    if (copy->ended)
      return avow_napi_ended(items, i + 1);
  }
  const avow_value_t list = avow_list(items, n);
  free(items);
  return list;
}

/* An object with a `message`, such as a DOMException, is an error. */
static inline avow_value_t avow_napi_read_other(avow_napi_copy_t *copy,
                                                napi_value v, unsigned depth) {
  bool is = false, pending = false;
  const napi_value message = avow_napi_field(copy, v, "message", napi_string);
  avow_value_t error = avow_none();
  if (message != NULL || (napi_is_error(copy->env, v, &is) == napi_ok && is))
    error = avow_napi_read_error(copy, v, message, depth);
  if (napi_is_exception_pending(copy->env, &pending) == napi_ok && pending)
    return avow_napi_end(copy, error);
  if (avow_is_error(&error))
    return error;
  return avow_error_new(
      UV_EINVAL, avow_none(), "%s",
      "value is an object, but not an Array, Buffer or Error");
}

static inline avow_value_t avow_napi_read_object(avow_napi_copy_t *copy,
                                                 napi_value v, unsigned depth) {
  bool is = false;
  void *bytes;
  size_t len;
  if (napi_is_buffer(copy->env, v, &is) == napi_ok && is &&
      napi_get_buffer_info(copy->env, v, &bytes, &len) == napi_ok)
    return avow_bytes(bytes, len);
  if (napi_is_array(copy->env, v, &is) == napi_ok && is)
    return avow_napi_read_list(copy, v, depth);
  return avow_napi_read_other(copy, v, depth);
}

static inline avow_value_t avow_napi_read(avow_napi_copy_t *copy, napi_value v,
                                          unsigned depth) {
  napi_env env = copy->env;
  napi_valuetype type;
  int64_t i = 0;
  bool b = false;
  if (napi_typeof(env, v, &type) != napi_ok)
    return avow_error(UV_EINVAL);
  switch (type) {
  case napi_undefined:
  case napi_null:
    return avow_none();
  case napi_boolean:
    (void) napi_get_value_bool(env, v, &b); /* it is a boolean */
    return avow_int(b);
  case napi_number:
    return avow_napi_read_number(env, v);
  case napi_bigint:
    (void) napi_get_value_bigint_int64(env, v, &i, &b); /* a BigInt */
    return b ? avow_int(i) : avow_error(UV_ERANGE);
  case napi_string:
    return avow_napi_read_text(env, v);
  case napi_object:
    return avow_napi_read_object(copy, v, depth);
  default:
    return avow_error_new(UV_EINVAL, avow_none(), "%s",
                          "value is a function, a symbol or an external");
  }
}

static inline void avow_napi_collected(napi_env env, void *data, void *hint) {
  avow_napi_ticket_t *ticket = (avow_napi_ticket_t *) data;
  (void) env;
  (void) hint;
  if (--ticket->functions > 0)
    return;
  avow_deferred_drop(avow_napi_punch(ticket));
  free(ticket);
}

static inline napi_value avow_napi_hear(napi_env env, napi_callback_info info,
                                        bool fulfilled) {
  napi_value v;
  size_t n = 1;
  void *data;
  if (napi_get_cb_info(env, info, &n, &v, NULL, &data) != napi_ok)
    return NULL;
  avow_deferred_t *d = avow_napi_punch((avow_napi_ticket_t *) data);
  if (d == NULL) /* a thenable called twice */
    return NULL;
  avow_napi_copy_t copy = { env, 0, false, false };
  const avow_value_t got = avow_napi_read(&copy, v, 0);
  (void) (fulfilled ? avow_resolve(d, got) : avow_reject(d, got));
  return NULL;
}

static inline napi_value avow_napi_fulfilled(napi_env env,
                                             napi_callback_info info) {
  return avow_napi_hear(env, info, true);
}

static inline napi_value avow_napi_rejected(napi_env env,
                                            napi_callback_info info) {
  return avow_napi_hear(env, info, false);
}

static inline napi_status avow_napi_listener(napi_env env, napi_callback cb,
                                             avow_napi_ticket_t *ticket,
                                             napi_value *out) {
  napi_status status = napi_create_function(env, NULL, 0, cb, ticket, out);
  if (status == napi_ok)
    status =
        napi_add_finalizer(env, *out, ticket, avow_napi_collected, NULL, NULL);
  ticket->functions += status == napi_ok;
  return status;
}

/* Promise.resolve(v).then(f, g) */
static inline napi_status avow_napi_subscribe(napi_env env, napi_value v,
                                              napi_value listeners[2]) {
  napi_value global, ctor, method, made;
  napi_status status = napi_get_global(env, &global);
  if (status == napi_ok)
    status = napi_get_named_property(env, global, "Promise", &ctor);
  if (status == napi_ok)
    status = napi_get_named_property(env, ctor, "resolve", &method);
  if (status == napi_ok)
    status = napi_call_function(env, ctor, method, 1, &v, &made);
  if (status == napi_ok)
    status = napi_get_named_property(env, made, "then", &method);
  if (status == napi_ok)
    status = napi_call_function(env, made, method, 2, listeners, NULL);
  return status;
}

/**
 * Converts a JavaScript promise, a thenable or another value to a promise.
 *
 * A whole number up to 2^53 - 1, a boolean or a BigInt becomes an INT, and any
 * other number a DOUBLE. A string, a Buffer or another view becomes BYTES, and
 * an Array a LIST. undefined and null become NONE. An Error, or another object
 * with a `message`, becomes an error with that message and the `cause`. The
 * code of the error is `errno` if that is negative, and AVOW_ETHROWN otherwise.
 *
 * @settles the value of `v`, converted
 * @rejects the code of the error with which `v` rejects
 * @rejects AVOW_EREASON if `v` rejects with a value that is not an error, or
 *          its `then` throws such a value; the value is the cause
 * @rejects UV_EINVAL if the value is another object, a function, a symbol or an
 *          external
 * @rejects UV_ERANGE if a BigInt has more than 64 bits
 * @rejects UV_E2BIG if more than 100 lists are nested, or if the lists have
 *          more than 4,194,304 items together
 * @rejects AVOW_EBROKEN if `v` is garbage-collected before it settles
 * @rejects UV_ECANCELED if the environment ends
 * @rejects the code of the exception if JavaScript throws while the value is
 *          read
 * @cancel  Rejects at once. The JavaScript promise continues, and its outcome
 *          is ignored.
 */
static inline avow_promise_t *avow_napi_from(avow_napi_t *home, napi_value v) {
  napi_env env = home->env;
  napi_value listeners[2];
  avow_napi_ticket_t *ticket =
      (avow_napi_ticket_t *) calloc(1, sizeof(*ticket));
  if (ticket == NULL)
    return avow_promise_reject(home->loop, avow_error(UV_ENOMEM));
  avow_promise_t *p = avow_promise_new(home->loop, &ticket->deferred);
  ticket->functions = 1; /* this call, until both functions exist */
  ticket->next = home->tickets;
  ticket->link = &home->tickets;
  if (ticket->next != NULL)
    ticket->next->link = &ticket->next;
  home->tickets = ticket;
  napi_status status =
      avow_napi_listener(env, avow_napi_fulfilled, ticket, &listeners[0]);
  if (status == napi_ok)
    status = avow_napi_listener(env, avow_napi_rejected, ticket, &listeners[1]);
  if (status == napi_ok)
    status = avow_napi_subscribe(env, v, listeners);
  if (status != napi_ok && ticket->deferred != NULL)
    (void) avow_reject(avow_napi_punch(ticket), avow_napi_caught(env, false));
  avow_napi_collected(env, ticket, NULL);
  return p;
}

AVOW_HEADER_END

#endif
