/* SPDX-License-Identifier: MIT */
/*
 * Values: what promises settle with. A value is 16 bytes and travels in
 * registers. Numbers, codes and borrowed pointers allocate nothing; bytes,
 * lists, objects and errors that have more to say than a code share one
 * counted block, whose count is atomic: a value may change threads.
 *
 * A by-value avow_value_t parameter is taken; `const avow_value_t *` borrows.
 *
 * A list, a cause and an object may hold promises. What holds itself in a ring,
 * by whatever is in between, is never freed.
 */
#ifndef AVOW_VALUE_H
#define AVOW_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "avow/config.h"

AVOW_HEADER_BEGIN

/**
 * A promise, counted: avow_ref() is for one more who holds it. See promise.h.
 */
typedef struct avow_promise_s avow_promise_t;

/** What settles a promise, once: the other end of it. */
typedef struct avow_deferred_s avow_deferred_t;

/** What a value may be: its tag. */
enum {
  AVOW_NONE,
  AVOW_INT,
  AVOW_DOUBLE,
  AVOW_POINTER, /* borrowed: whoever made it keeps what it points to alive */
  AVOW_OBJECT,  /* counted, with a class */
  AVOW_BYTES,   /* counted, a NUL follows the last byte */
  AVOW_LIST,    /* counted */
  AVOW_ERROR,   /* see error.h */
  AVOW_PROMISE, /* on its way through avow_follow() */
  AVOW_THENABLE /* an object whose class has a then function */
};

/** Programs read the tag; what else is in it the functions below give. */
typedef struct avow_value_s {
  uint32_t tag;
  int32_t code; /* of an error */
  union {
    int64_t i;
    double d;
    void *p;
  } u;
} avow_value_t;

/**
 * The class of an object: a name for messages (NULL: "object"), and a function
 * that frees the object with its last reference (NULL: nothing to free). A
 * class with a then function makes foreign promises: a promise resolved with
 * such an object adopts it by calling then(self, deferred) from a job of its
 * own, once. The deferred is then's; an error that it returns rejects, if that
 * is not settled yet (ECMA-262, NewPromiseResolveThenableJob). With a stream,
 * objects of the class are byte streams, see stream_class.h.
 */
typedef struct avow_class_s {
  const char *name;
  void (*destroy)(void *self);
  avow_value_t (*then)(void *self, avow_deferred_t *deferred);
  bool sendable; /* destroy may be called on any thread, see loops.h */
  const struct avow_stream_class_s *stream;
  uint64_t reserved[4]; /* zeros, else UV_EINVAL: for later versions */
} avow_class_t;

/**
 * The value that says nothing: no result, or the end of a channel or a stream.
 */
AVOW_INLINE avow_value_t avow_none(void) {
  avow_value_t v;
  v.tag = AVOW_NONE;
  v.code = 0;
  v.u.i = 0;
  return v;
}

/** A number of 64 bits, which avow_to_int() reads. */
AVOW_INLINE avow_value_t avow_int(int64_t i) {
  avow_value_t v = avow_none();
  v.tag = AVOW_INT;
  v.u.i = i;
  return v;
}

/** A number with a fraction, which avow_to_double() reads. */
AVOW_INLINE avow_value_t avow_double(double d) {
  avow_value_t v = avow_none();
  v.tag = AVOW_DOUBLE;
  v.u.d = d;
  return v;
}

/**
 * A pointer, which avow_to_pointer() reads. What it points to stays whose it
 * is, and has to be there for as long as somebody may read it.
 */
AVOW_INLINE avow_value_t avow_pointer(void *p) {
  avow_value_t v = avow_none();
  v.tag = AVOW_POINTER;
  v.u.p = p;
  return v;
}

/**
 * What a callback returns to settle its promise as p does, once p has: "wait
 * for this" (ECMA-262, Promise Resolve Functions). Takes p.
 */
AVOW_INLINE avow_value_t avow_follow(avow_promise_t *p) {
  avow_value_t v = avow_none();
  v.tag = AVOW_PROMISE;
  v.u.p = p;
  return v;
}

/**
 * The constructors below allocate. Without memory they release what they were
 * given and return the error UV_ENOMEM, which may be passed on as it is.
 */

/** Wraps self, which class->destroy frees with the last reference. UV_EINVAL,
    and then self stays, if the class is not zero where that is reserved. */
AVOW_API AVOW_MUST_USE avow_value_t avow_object(const avow_class_t *klass,
                                                void *self);

/** A copy of len bytes; data may be NULL when len is 0. */
AVOW_API AVOW_MUST_USE avow_value_t avow_bytes(const void *data, size_t len);

/** A copy of a string that ends in NUL. */
AVOW_API AVOW_MUST_USE avow_value_t avow_string(const char *s);

/** len bytes to be filled in through out, which stays valid with the value. */
AVOW_API AVOW_MUST_USE avow_value_t avow_bytes_new(size_t len, char **out);

/** Takes each of the n items. */
AVOW_API AVOW_MUST_USE avow_value_t avow_list(avow_value_t items[], size_t n);

/** One more reference to what v holds: how to keep a borrowed value. */
AVOW_API avow_value_t avow_value_ref(const avow_value_t *v);

/** Lets go. Values nested to any depth are freed without recursion. */
AVOW_API void avow_value_unref(avow_value_t v);

/** Lets go of what *v holds, and leaves none: again it does nothing. */
AVOW_API void avow_value_clear(avow_value_t *v);

/** Moves a value out of *v, which is none then: return avow_steal(&v). */
AVOW_INLINE avow_value_t avow_steal(avow_value_t *v) {
  const avow_value_t stolen = *v;
  *v = avow_none();
  return stolen;
}

/** Drops a result on purpose, as of avow_run(): avow_ignore(avow_run(p)). */
AVOW_INLINE void avow_ignore(avow_value_t v) {
  avow_value_unref(v);
}

/** Whether v is none: the end of a channel or of a stream, or no result. */
AVOW_INLINE bool avow_is_none(const avow_value_t *v) {
  return v->tag == AVOW_NONE;
}

/** Whether v is an object of this very class; avow_to_object() insists. */
AVOW_API bool avow_is_object(const avow_value_t *v, const avow_class_t *klass);

/**
 * Readers. The wrong type is a mistake of the program: debug builds say which
 * and abort, release builds return 0 or NULL.
 */

/** The number of an INT. A DOUBLE is none, and a mistake. */
AVOW_API int64_t avow_to_int(const avow_value_t *v);

/** The number of a DOUBLE. An INT is none, likewise. */
AVOW_API double avow_to_double(const avow_value_t *v);

/**
 * The pointer of an AVOW_POINTER; what is there belongs to who made the value.
 */
AVOW_API void *avow_to_pointer(const avow_value_t *v);

/** The object's self, if it is of this very class. */
AVOW_API void *avow_to_object(const avow_value_t *v, const avow_class_t *klass);

/** The bytes, alive as long as v; len may be NULL. */
AVOW_API const char *avow_to_bytes(const avow_value_t *v, size_t *len);

/** How many items the list has. */
AVOW_API size_t avow_list_len(const avow_value_t *list);

/**
 * The item at i, which the list keeps. One past the last is a mistake, of which
 * debug builds tell; release builds give none.
 */
AVOW_API const avow_value_t *avow_list_at(const avow_value_t *list, size_t i);

/** "int", "bytes", …, or the name of an object's class. For messages. */
AVOW_API const char *avow_type_name(const avow_value_t *v);

/*
 * Errors: values with the tag AVOW_ERROR, a code of libuv (or one of ours) and,
 * when there is more to say, one counted block with a message and a cause.
 * Settling with an error rejects; the reason of a rejection is always an error.
 */

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
