/* SPDX-License-Identifier: MIT */
/*
 * Errors: values with the tag AVOW_ERROR, a code of libuv (or one of ours) and,
 * when there is more to say, one counted block with a message and a cause.
 * Settling with an error rejects; the reason of a rejection is always an error.
 */
#ifndef AVOW_ERROR_H
#define AVOW_ERROR_H

#include "avow/value.h"

AVOW_HEADER_BEGIN

/** Beside libuv's codes. Programs may have their own, below -30000. */
enum {
  AVOW_EBROKEN = -20001,    /* its deferred was dropped unsettled */
  AVOW_ECYCLE = -20002,     /* a promise was resolved with itself */
  AVOW_EAGGREGATE = -20003, /* every input of any was rejected */
  AVOW_EIDLE = -20004,      /* the loop ran dry before the promise settled */
  AVOW_EREASON = -20005,    /* rejected with what is not an error: its cause */
  AVOW_EMISUSE = -20006,    /* a mistake that a debug build explains */
  AVOW_ENOTASYNC = -20007,  /* an await outside an async function */
  AVOW_ETHROWN = -20008,    /* a C++ exception left what avow called */
  AVOW_ESKIP = -20009,      /* no result: leaves an item out, see stages.h */
  AVOW_EMISSED = -20010     /* items of a broadcast; how many is its cause */
};

/**
 * The error that is only its code. Allocates nothing. 0, which says that there
 * was none, makes none: avow_none().
 */
AVOW_INLINE avow_value_t avow_error(int code) {
  avow_value_t v = avow_none();
  v.tag = code != 0 ? AVOW_ERROR : AVOW_NONE;
  v.code = code;
  v.u.p = NULL;
  return v;
}

/**
 * An error with a message (a format and its arguments; the code's own text
 * where that is NULL, or nothing comes out of it) and a cause, any value:
 * avow_none() for none, a list for the errors of an aggregate. Takes the cause.
 * Without memory only the code remains. For the code 0 it is avow_none(), as
 * avow_error() has it.
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_error_new(int code, avow_value_t cause,
                                                   const char *format, ...)
    AVOW_PRINTF(3, 4);

/** Whether v is an error: what rejects, and what a rejection gives. */
AVOW_INLINE bool avow_is_error(const avow_value_t *v) {
  return v->tag == AVOW_ERROR;
}

/** The code, 0 if v is not an error. */
AVOW_INLINE int avow_error_code(const avow_value_t *v) {
  return v->tag == AVOW_ERROR ? v->code : 0;
}

/**
 * Returns from this function with the error that the expression gives, which
 * is the caller's then; else drops what it gives, and goes on. For functions
 * that return an avow_value_t.
 */
#define AVOW_TRY(expression)                       \
  do {                                             \
    const avow_value_t avow_tried_ = (expression); \
    if (avow_is_error(&avow_tried_))               \
      return avow_tried_;                          \
    avow_value_unref(avow_tried_);                 \
  } while (0)

/**
 * The error's message, alive as long as v; else its code's text, alive as that
 * of avow_strerror().
 */
AVOW_API const char *avow_error_message(const avow_value_t *v);

/** What it was made with, or NULL; the list of an AVOW_EAGGREGATE is here. */
AVOW_API const avow_value_t *avow_error_cause(const avow_value_t *v);

/**
 * Whether v is UV_ETIMEDOUT because a limit of avow's had passed (a command's,
 * avow_timeout() and what is made of it), not because the system says so, as of
 * a connection that nobody answers.
 */
AVOW_API bool avow_is_timeout(const avow_value_t *v);

/**
 * "no such file or directory": the text of a code of libuv's or of ours, or of
 * an errno, which is positive, always there; "error -30001" for a program's
 * own. That is the thread's until it has asked for eight more such, here, by
 * avow_err_name() or by avow_error_message(): copy what is to stay.
 *
 * Some errors of the system have no code in libuv, for example EDQUOT and
 * ESTALE. Their code is the negative errno, and their text is its number:
 * "error -122". strerror() has a text for the errno.
 */
AVOW_API const char *avow_strerror(int code);

/**
 * "ENOENT", "AVOW_EBROKEN"; "+ENOENT" for an errno, which no code of libuv's is
 * equal to; "-30001" for a program's own, alive as the text of that is.
 */
AVOW_API const char *avow_err_name(int code);

AVOW_HEADER_END

#endif
