/*
 * Errors: values with the tag AVOW_ERROR, a code of libuv (or one of ours) and,
 * when there is more to say, one counted block with a message and a cause.
 * Settling with an error rejects; the reason of a rejection is always an error.
 */
#ifndef AVOW_ERROR_H
#define AVOW_ERROR_H

#include "avow/value.h"

AVOW_BEGIN_C

/** Beside libuv's codes. Programs may have their own, below -30000. */
enum {
  AVOW_EBROKEN = -20001,    /* its deferred was dropped unsettled */
  AVOW_ECYCLE = -20002,     /* a promise was resolved with itself */
  AVOW_EAGGREGATE = -20003, /* every input of any was rejected */
  AVOW_EIDLE = -20004,      /* the loop ran dry before the promise settled */
  AVOW_EREASON = -20005,    /* rejected with what is not an error: its cause */
  AVOW_EMISUSE = -20006,    /* a mistake that a debug build explains */
  AVOW_ENOTASYNC = -20007,  /* an await outside an async function */
  AVOW_ETHROWN = -20008     /* an async function threw a C++ exception */
};

/** The error that is only its code. Allocates nothing. */
static inline avow_value_t avow_error(int code) {
  avow_value_t v = avow_none();
  v.tag = AVOW_ERROR;
  v.code = code;
  v.u.p = NULL;
  return v;
}

/**
 * An error with a message (a format and its arguments; NULL for the code's own
 * text) and a cause, any value: avow_none() for none, a list for the errors of
 * an aggregate. Takes the cause. Without memory only the code remains.
 */
AVOW_API avow_value_t avow_error_new(int code, avow_value_t cause,
                                     const char *format, ...) AVOW_PRINTF(3, 4);

static inline bool avow_is_error(const avow_value_t *v) {
  return v->tag == AVOW_ERROR;
}

/** The code, 0 if v is not an error. */
static inline int avow_error_code(const avow_value_t *v) {
  return v->tag == AVOW_ERROR ? v->code : 0;
}

/** The error's message, else its code's text. Alive as long as v. */
AVOW_API const char *avow_error_message(const avow_value_t *v);

/** What it was made with, or NULL; the list of an AVOW_EAGGREGATE is here. */
AVOW_API const avow_value_t *avow_error_cause(const avow_value_t *v);

/** "no such file or directory": the text of a code of libuv's or of ours. */
AVOW_API const char *avow_strerror(int code);

/** "ENOENT", "AVOW_EBROKEN". */
AVOW_API const char *avow_err_name(int code);

AVOW_END_C

#endif
