/* SPDX-License-Identifier: MIT */
/*
 * Values, with which promises settle, and errors.
 *
 * A value has 16 bytes. Numbers, error codes and pointers allocate nothing.
 * Bytes, lists, objects, and errors with a message or a cause allocate one
 * block, whose references are counted.
 *
 * A value may move to another thread. Exceptions are promises, objects whose
 * class is not `sendable` or has a `then` function, and values that contain one
 * of these or are nested more than 31 levels deep.
 *
 * If there is no memory for a value, the function that makes the value releases
 * the arguments that it owns and returns the error UV_ENOMEM. Exception:
 * avow_error_new() then returns an error with the given code, but without
 * message and cause.
 *
 * Checked builds report a freed value that the program passes to
 * avow_value_ref(), avow_value_unref() or some functions that take ownership of
 * it, such as avow_channel_send(). Functions that read a value do not detect
 * that it was freed. AddressSanitizer and valgrind do; see docs/tools.md.
 *
 * Lists, causes and objects may hold promises. Values that refer to each other
 * in a cycle are never freed, nor is a value that refers to itself.
 */
#ifndef AVOW_VALUE_H
#define AVOW_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "avow/config.h"

AVOW_HEADER_BEGIN

/** A reference-counted promise; see promise.h. */
typedef struct avow_promise_s avow_promise_t;

/** The object that settles a promise, once. */
typedef struct avow_deferred_s avow_deferred_t;

/** The type of a value: its tag. */
enum {
  AVOW_NONE,    /* no result, or the end of a channel or a stream */
  AVOW_INT,     /* a signed 64-bit integer */
  AVOW_DOUBLE,  /* a floating-point number */
  AVOW_POINTER, /* a borrowed pointer */
  AVOW_OBJECT,  /* an object of a class */
  AVOW_BYTES,   /* bytes, and a NUL after the last one */
  AVOW_LIST,    /* an array of values */
  AVOW_ERROR,   /* a code, which may have a message and a cause */
  AVOW_PROMISE, /* a promise to follow, made by avow_follow() */
  AVOW_THENABLE /* an object whose class has a then function */
};

/**
 * A value: the tag for its type, and its content.
 *
 * A program reads only `tag`. The functions of this header read the content.
 */
typedef struct avow_value_s {
  uint32_t tag; /* AVOW_NONE to AVOW_THENABLE */
  int32_t code; /* the code of an error, otherwise 0 */
  union {
    int64_t i;
    double d;
    void *p;
  } u;
} avow_value_t;

/**
 * The class of an object: its name and its functions.
 *
 * A class is usually a static constant. Use designated initializers.
 */
typedef struct avow_class_s {
  /** The name for messages. NULL stands for "object". */
  const char *name;
  /** Frees `self` when the last reference is released. NULL: nothing to
      free. */
  void (*destroy)(void *self);
  /**
   * Makes objects of the class thenables. NULL: the objects are no thenables.
   *
   * A promise that is resolved with a thenable adopts it: a job calls this
   * function once. The function takes ownership of `deferred`, which settles
   * the promise. If the function returns an error, the promise rejects, unless
   * `deferred` was used before. See ECMA-262, NewPromiseResolveThenableJob.
   */
  avow_value_t (*then)(void *self, avow_deferred_t *deferred);
  /** Whether objects may change threads. If true, avow may call `destroy` on
      any thread. Default: false. */
  bool sendable;
  /** The functions of a byte stream; see stream_class.h. NULL: objects of the
      class are no streams. */
  const struct avow_stream_class_s *stream;
  /** For later versions. Must be zero, otherwise UV_EINVAL. */
  uint64_t reserved[4];
} avow_class_t;

/**
 * Makes the value NONE: no result, or the end of a channel or a stream.
 *
 * @returns NONE
 */
AVOW_INLINE avow_value_t avow_none(void) {
  avow_value_t v;
  v.tag = AVOW_NONE;
  v.code = 0;
  v.u.i = 0;
  return v;
}

/**
 * Makes an INT, a 64-bit integer that avow_to_int() reads.
 *
 * @returns the INT
 */
AVOW_INLINE avow_value_t avow_int(int64_t i) {
  avow_value_t v = avow_none();
  v.tag = AVOW_INT;
  v.u.i = i;
  return v;
}

/**
 * Makes a DOUBLE, a floating-point number that avow_to_double() reads.
 *
 * @returns the DOUBLE
 */
AVOW_INLINE avow_value_t avow_double(double d) {
  avow_value_t v = avow_none();
  v.tag = AVOW_DOUBLE;
  v.u.d = d;
  return v;
}

/**
 * Makes a POINTER, which avow_to_pointer() reads.
 *
 * The value does not own the memory at `p`. The caller must keep it valid while
 * the value is in use.
 *
 * @returns the POINTER
 */
AVOW_INLINE avow_value_t avow_pointer(void *p) {
  avow_value_t v = avow_none();
  v.tag = AVOW_POINTER;
  v.u.p = p;
  return v;
}

/**
 * Makes the value that a handler returns to wait for `p`.
 *
 * The next promise of the chain settles as `p` does.
 *
 * @returns the value, which owns `p`
 * @see     ECMA-262, Promise Resolve Functions
 */
AVOW_INLINE avow_value_t avow_follow(avow_promise_t *p) {
  avow_value_t v = avow_none();
  v.tag = AVOW_PROMISE;
  v.u.p = p;
  return v;
}

/**
 * Makes an OBJECT of `klass` that owns `self`.
 *
 * When the last reference is released, avow calls `klass->destroy` with `self`.
 * If `klass` has a `then` function, the value is a thenable.
 *
 * @returns the OBJECT
 * @error   UV_ENOMEM if out of memory; `klass->destroy` was called with `self`
 * @error   UV_EINVAL if `klass->reserved` is not zero, which is misuse; the
 *          caller still owns `self`
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_object(const avow_class_t *klass,
                                                void *self);

/**
 * Makes BYTES that are a copy of `len` bytes.
 *
 * A NUL follows the last byte. `data` may be NULL if `len` is 0.
 *
 * @returns the BYTES
 * @error   UV_ENOMEM if out of memory
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_bytes(const void *data, size_t len);

/**
 * Makes BYTES that are a copy of the string `s`, which ends in NUL.
 *
 * @returns the BYTES, whose length does not count the NUL
 * @error   UV_ENOMEM if out of memory
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_string(const char *s);

/**
 * Makes BYTES of length `len`, which the caller fills through `*out`.
 *
 * The bytes are not initialized. A NUL follows the last one. `*out` is valid
 * until the value is released.
 *
 * @returns the BYTES
 * @error   UV_ENOMEM if out of memory; `*out` is unchanged
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_bytes_new(size_t len, char **out);

/**
 * Makes a LIST of the `n` values of `items`.
 *
 * The call takes ownership of each value, but not of the array.
 *
 * @returns the LIST
 * @error   UV_ENOMEM if out of memory; the values were released
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_list(avow_value_t items[], size_t n);

/**
 * Adds a reference to `v`.
 *
 * Use it to keep a borrowed value.
 *
 * @returns a copy of `v`
 */
AVOW_API avow_value_t avow_value_ref(const avow_value_t *v);

/**
 * Releases `v`.
 *
 * The call does not recurse, however deeply values are nested.
 */
AVOW_API void avow_value_unref(avow_value_t v);

/**
 * Releases `*v` and sets `*v` to NONE.
 *
 * A second call has no effect.
 */
AVOW_API void avow_value_clear(avow_value_t *v);

/**
 * Moves the value out of `*v` and sets `*v` to NONE.
 *
 * Use it to return a variable that auto.h releases: return avow_steal(&v).
 *
 * @returns the value
 */
AVOW_INLINE avow_value_t avow_steal(avow_value_t *v) {
  const avow_value_t stolen = *v;
  *v = avow_none();
  return stolen;
}

/**
 * Releases a result that the caller does not need.
 *
 * For example: avow_ignore(avow_run(p)).
 */
AVOW_INLINE void avow_ignore(avow_value_t v) {
  avow_value_unref(v);
}

/**
 * Tells whether `v` is NONE: no result, or the end of a channel or stream.
 *
 * @returns true if it is NONE
 */
AVOW_INLINE bool avow_is_none(const avow_value_t *v) {
  return v->tag == AVOW_NONE;
}

/**
 * Tells whether `v` is an object whose class is `klass`.
 *
 * @returns true if it is such an object
 */
AVOW_API bool avow_is_object(const avow_value_t *v, const avow_class_t *klass);

/**
 * Reads the number of an INT.
 *
 * A value of another type is misuse, even a DOUBLE.
 *
 * @returns the number; 0 for another type in a release build
 */
AVOW_API int64_t avow_to_int(const avow_value_t *v);

/**
 * Reads the number of a DOUBLE.
 *
 * A value of another type is misuse, even an INT.
 *
 * @returns the number; 0 for another type in a release build
 */
AVOW_API double avow_to_double(const avow_value_t *v);

/**
 * Reads the pointer of a POINTER.
 *
 * A value of another type is misuse.
 *
 * @returns the pointer, which the value does not own; NULL for another type in
 *          a release build
 */
AVOW_API void *avow_to_pointer(const avow_value_t *v);

/**
 * Reads the object of a value whose class is `klass`.
 *
 * A value of another class or type is misuse.
 *
 * @returns the `self` of avow_object(), valid until the value is released; NULL
 *          for another class or type in a release build
 */
AVOW_API void *avow_to_object(const avow_value_t *v, const avow_class_t *klass);

/**
 * Reads BYTES and sets `*len` to their number.
 *
 * `len` may be NULL. A NUL follows the last byte. A value of another type is
 * misuse.
 *
 * @returns the bytes, valid until the value is released; NULL for another type
 *          in a release build, which also sets `*len` to 0
 */
AVOW_API const char *avow_to_bytes(const avow_value_t *v, size_t *len);

/**
 * Counts the items of `list`.
 *
 * A value of another type is misuse.
 *
 * @returns the number of items; 0 for another type in a release build
 */
AVOW_API size_t avow_list_len(const avow_value_t *list);

/**
 * Reads the item of `list` at the index `i`; the first index is 0.
 *
 * An index beyond the last item is misuse, as is a value that is not a LIST.
 *
 * @returns the item, valid until the list is released; a pointer to NONE after
 *          misuse in a release build
 */
AVOW_API const avow_value_t *avow_list_at(const avow_value_t *list, size_t i);

/**
 * Gets the name of the type of `v`, for messages.
 *
 * @returns "int", "bytes" and so on, or the name of an object's class
 */
AVOW_API const char *avow_type_name(const avow_value_t *v);

/* Errors are values with the tag AVOW_ERROR and a code, of libuv or of avow. A
   promise that resolves with an error rejects, and the reason of a rejection is
   always an error. */

/**
 * The error codes of avow, in addition to those of libuv.
 *
 * Programs may define codes of their own, below -30000.
 */
enum {
  AVOW_EBROKEN = -20001,    /* the deferred was dropped without settling */
  AVOW_ECYCLE = -20002,     /* a promise was resolved with itself */
  AVOW_EAGGREGATE = -20003, /* every input of avow_any() rejected */
  AVOW_EIDLE = -20004,      /* the loop had nothing left to run */
  AVOW_EREASON = -20005,    /* rejected with a value that is no error; the value
                               is the cause */
  AVOW_EMISUSE = -20006,    /* misuse, which a checked build reports */
  AVOW_ENOTASYNC = -20007,  /* an await outside an async function */
  AVOW_ETHROWN = -20008,    /* a C++ exception left a function */
  AVOW_ESKIP = -20009,      /* omits an item; see stages.h */
  AVOW_EMISSED = -20010     /* broadcast.h: items were lost; the cause is their
                               number */
};

/**
 * Makes an error that has only a code.
 *
 * @returns the error; NONE if `code` is 0, because 0 means success
 */
AVOW_INLINE avow_value_t avow_error(int code) {
  avow_value_t v = avow_none();
  v.tag = code != 0 ? AVOW_ERROR : AVOW_NONE;
  v.code = code;
  v.u.p = NULL;
  return v;
}

/**
 * Makes an error with a code, a message and a cause.
 *
 * `format` and its arguments give the message, as for printf(). If `format` is
 * NULL or the message is empty, the error has the text of its code. `cause` is
 * any value, such as another error. avow_none() stands for no cause.
 *
 * @returns the error; NONE if `code` is 0; if out of memory, the error has no
 *          message and no cause
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_error_new(int code, avow_value_t cause,
                                                   const char *format, ...)
    AVOW_PRINTF(3, 4);

/**
 * Tells whether `v` is an error.
 *
 * @returns true if it is an error
 */
AVOW_INLINE bool avow_is_error(const avow_value_t *v) {
  return v->tag == AVOW_ERROR;
}

/**
 * Reads the code of an error.
 *
 * @returns the code; 0 if `v` is not an error
 */
AVOW_INLINE int avow_error_code(const avow_value_t *v) {
  return v->tag == AVOW_ERROR ? v->code : 0;
}

/**
 * Makes the calling function return if `expression` is an error.
 *
 * The function then returns that error, which its caller owns. Any other value
 * is released, and the function continues. Use it in functions that return an
 * avow_value_t.
 */
#define AVOW_TRY(expression)                       \
  do {                                             \
    const avow_value_t avow_tried_ = (expression); \
    if (avow_is_error(&avow_tried_))               \
      return avow_tried_;                          \
    avow_value_unref(avow_tried_);                 \
  } while (0)

/**
 * Reads the message of an error.
 *
 * @returns the message, valid until `v` is released; without a message, the
 *          text that avow_strerror() returns for the code of `v`
 */
AVOW_API const char *avow_error_message(const avow_value_t *v);

/**
 * Reads the cause of an error.
 *
 * The cause of AVOW_EAGGREGATE is the LIST of all errors.
 *
 * @returns the cause, valid until `v` is released; NULL if there is none
 */
AVOW_API const avow_value_t *avow_error_cause(const avow_value_t *v);

/**
 * Tells whether `v` is UV_ETIMEDOUT because a time limit of avow passed.
 *
 * Such limits are those of avow_timeout(), of avow_deadline(), of functions
 * with a timeout of their own, and of commands. If the system reports
 * UV_ETIMEDOUT because a host does not answer, the result is false.
 *
 * @returns true if a time limit of avow passed
 */
AVOW_API bool avow_is_timeout(const avow_value_t *v);

/**
 * Describes a code: "no such file or directory".
 *
 * `code` is a code of libuv or avow, or a positive errno. The text of an
 * unknown number, such as a program's own code, is "error -30001".
 *
 * Some errors of the system, such as EDQUOT and ESTALE, have no code in libuv.
 * Their code is the negative errno, and their text is "error -122". strerror()
 * describes the positive errno.
 *
 * @returns the text, always valid for a known code. The text of an unknown
 *          number is valid until the thread calls avow_strerror() or
 *          avow_err_name() with unknown numbers eight more times.
 */
AVOW_API const char *avow_strerror(int code);

/**
 * Names a code: "ENOENT" or "AVOW_EBROKEN".
 *
 * For a positive errno, the name begins with a plus sign: "+ENOENT". The name
 * of an unknown number is the number: "-30001".
 *
 * @returns the name, always valid for a known code. The name of an unknown
 *          number is valid until the thread calls avow_strerror() or
 *          avow_err_name() with unknown numbers eight more times.
 */
AVOW_API const char *avow_err_name(int code);

AVOW_HEADER_END

#endif
