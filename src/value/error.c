/* SPDX-License-Identifier: MIT */
/*
 * Errors: blocks with a message and a cause, and the texts of codes.
 */
#include "value/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <uv.h>

#include "base/alloc.h"
#include "base/misuse.h"
#include "base/options_check.h"
#include "value/value.h"

static size_t format_len(const char *format, va_list args) {
  va_list again;
  va_copy(again, args);
  /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): va_copy() is above */
  const int len = vsnprintf(NULL, 0, format, again);
  va_end(again);
  return len > 0 ? (size_t) len : 0;
}

static avow_value_t error_va(int code, avow_value_t cause, const char *format,
                             va_list args) {
  avow_value_t v = avow_error(code);
  if (code == 0) {
    avow__value_unref(cause);
    return v;
  }
  const size_t len = format != NULL ? format_len(format, args) : 0;
  avow__error_t *error = avow__block_new(AVOW_ERROR, sizeof(*error) + len + 1);
  if (error == NULL) {
    avow__value_unref(cause);
    return v;
  }
  error->is_limit = error->is_cancel = false;
  error->message[0] = '\0';
  if (len > 0)
    (void) vsnprintf(error->message, len + 1, format, args); /* length is
                                                                known */
  error->cause = cause;
  v.u.p = error;
  return v;
}

avow_value_t avow_error_new(int code, avow_value_t cause, const char *format,
                            ...) {
  va_list args;
  va_start(args, format);
  const avow_value_t v = error_va(code, cause, format, args);
  va_end(args);
  return v;
}

/* Whether `v` is an error. A checked build reports a NULL `v`. */
static bool is_error(const avow_value_t *v, const char *called) {
  if (v == NULL)
    avow__misuse_of_null_in("value", called);
  else
    avow__check_value_in(v, called);
  return v != NULL && v->tag == AVOW_ERROR;
}

const char *avow_error_message(const avow_value_t *v) {
  if (!is_error(v, AVOW__CALLED))
    return "no error";
  const avow__error_t *error = v->u.p;
  if (error != NULL && error->message[0] != '\0')
    return error->message;
  return avow_strerror(v->code);
}

const avow_value_t *avow_error_cause(const avow_value_t *v) {
  if (!is_error(v, AVOW__CALLED) || v->u.p == NULL)
    return NULL;
  const avow__error_t *error = v->u.p;
  return error->cause.tag != AVOW_NONE ? &error->cause : NULL;
}

#define OWN_CODES(X)                                               \
  X(AVOW_EBROKEN, "deferred dropped before it was settled")        \
  X(AVOW_ECYCLE, "promise resolved with itself")                   \
  X(AVOW_EAGGREGATE, "all promises rejected")                      \
  X(AVOW_EIDLE, "nothing left to run, and the promise is pending") \
  X(AVOW_EREASON, "rejected with a value; see its cause")          \
  X(AVOW_EMISUSE, "misuse of avow; a checked build reports it")    \
  X(AVOW_ENOTASYNC, "awaited outside an async function")           \
  X(AVOW_ETHROWN, "an exception left a function that avow called") \
  X(AVOW_ESKIP, "omitted from the results")                        \
  X(AVOW_EMISSED, "items missed because a buffer was full")

typedef struct {
  const char *name, *text;
} words_t;

/* The name and text of a code. Both are NULL if the code is neither libuv's nor
   avow's. */
static words_t words_for(int code) {
  switch (code) {
#define X(name, text) \
  case name:          \
    return (words_t){ "+" #name, text };
    OWN_CODES(X)
#undef X
#define X(name, text) \
  case UV_##name:     \
    return (words_t){ "+" #name, text };
    UV_ERRNO_MAP(X)
#undef X
  default:
    return (words_t){ NULL, NULL };
  }
}

/* Translates a positive errno to its code. Other numbers are returned
   unchanged. */
static int translated(int code) {
  const int known = code > 0 ? uv_translate_sys_error(code) : code;
  return known != UV_UNKNOWN ? known : code;
}

/* Formats a number. Each thread has several buffers, because one message may
   contain the texts and names of several codes. */
static const char *number(const char *format, int code) {
  static _Thread_local char texts[8][24];
  static _Thread_local unsigned next;
  char *text = texts[next++ % 8];
  (void) snprintf(text, sizeof(texts[0]), format, code); /* always fits */
  return text;
}

const char *avow_strerror(int code) {
  const char *text = words_for(translated(code)).text;
  return text != NULL ? text : number("error %d", code);
}

const char *avow_err_name(int code) {
  const char *name = words_for(translated(code)).name;
  if (name == NULL)
    return number("%d", code);
  return code > 0 ? name : name + 1;
}

bool avow_is_timeout(const avow_value_t *v) {
  if (!is_error(v, AVOW__CALLED) || v->code != UV_ETIMEDOUT || v->u.p == NULL)
    return false;
  return ((const avow__error_t *) v->u.p)->is_limit;
}

avow_value_t avow__error_of_limit(avow_value_t v) {
  if (v.u.p != NULL)
    ((avow__error_t *) v.u.p)->is_limit = true;
  return v;
}

bool avow__error_is_of_cancel(const avow_value_t *v) {
  assert(v->tag == AVOW_ERROR);
  return v->u.p != NULL && ((const avow__error_t *) v->u.p)->is_cancel;
}

avow_value_t avow__error_of_cancel(avow_value_t v) {
  if (v.u.p != NULL)
    ((avow__error_t *) v.u.p)->is_cancel = true;
  return v;
}

/* Replaces texts of libuv that mention connections or sockets. Most operations
   that report these codes here concern something else, such as two reads or
   files. */
static const char *reads_as(int code) {
  switch (code) {
  case AVOW__ERESERVED:
    return "invalid argument: a reserved field is not zero";
  case UV_EALREADY:
    return "already in progress";
  case UV_ENOTSUP:
    return "operation not supported";
  default:
    return avow_strerror(code);
  }
}

avow_value_t avow__error_of(int code, const char *name, const char *object) {
  const char *text = reads_as(code);
  if (code == AVOW__ERESERVED)
    code = UV_EINVAL;
  if (object == NULL)
    return avow_error_new(code, avow_none(), "%s: %s", name, text);
  return avow_error_new(code, avow_none(), "%s '%s': %s", name, object, text);
}
