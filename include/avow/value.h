/* SPDX-License-Identifier: MIT */
/*
 * Values, with which promises settle, and errors.
 *
 * A value has 16 bytes and is passed in registers. Numbers, codes and pointers
 * allocate nothing. Bytes, lists, objects and errors with a message or a cause
 * share one counted block.
 *
 * A function takes ownership of an `avow_value_t` that is passed by value, and
 * borrows a `const avow_value_t *`.
 *
 * The count of a block is atomic, so a value may change threads. Promises may
 * not, nor objects of a class that is not `sendable`.
 *
 * A function that makes a value and finds no memory releases what it took, and
 * returns the error UV_ENOMEM. The caller may pass that error on as it is.
 *
 * Lists, causes and objects may hold promises. Values that hold each other in a
 * ring are never freed, nor is a value that holds itself.
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

/** The end of a promise that settles it, once. */
typedef struct avow_deferred_s avow_deferred_t;

/** The type of a value, which is its tag. */
enum {
  AVOW_NONE,    /* no result, or the end of a channel or a stream */
  AVOW_INT,     /* a signed number of 64 bits */
  AVOW_DOUBLE,  /* a floating-point number */
  AVOW_POINTER, /* a borrowed pointer */
  AVOW_OBJECT,  /* a counted object of a class */
  AVOW_BYTES,   /* counted bytes, and a NUL after the last one */
  AVOW_LIST,    /* a counted array of values */
  AVOW_ERROR,   /* a code, which may have a counted message and cause */
  AVOW_PROMISE, /* a promise to be followed, made by avow_follow() */
  AVOW_THENABLE /* a counted object whose class has a then function */
};

/**
 * A value: a tag and what the tag describes.
 *
 * Programs read `tag` only. The functions of this header read the rest.
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
 * A class is usually a static constant. Initialize it by the names of its
 * fields.
 */
typedef struct avow_class_s {
  /** The name for messages. NULL stands for "object". */
  const char *name;
  /** Frees `self` with the last reference. NULL: there is nothing to free. */
  void (*destroy)(void *self);
  /**
   * Makes the object a thenable, a promise of another kind. NULL: it is none.
   *
   * A promise that resolves with the object adopts it: a job of its own calls
   * this function once (ECMA-262, NewPromiseResolveThenableJob). The function
   * takes ownership of `deferred` and settles the promise with it. An error
   * that the function returns rejects the promise, if it is not settled yet.
   */
  avow_value_t (*then)(void *self, avow_deferred_t *deferred);
  /** Whether any thread may call `destroy`; see loops.h. Default: false. */
  bool sendable;
  /** Makes the objects byte streams; see stream_class.h. NULL: they are not. */
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
 * Makes an INT, a number of 64 bits that avow_to_int() reads.
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
 * The value does not own the memory at `p`. The caller keeps that memory valid
 * as long as the value is read.
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
 * Makes the value with which a handler follows `p`.
 *
 * A handler that returns this value makes its promise wait for `p` and settle
 * as `p` does.
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
 * The last release of the value calls `klass->destroy` with `self`.
 *
 * @returns the OBJECT
 * @error   UV_ENOMEM if out of memory; `klass->destroy` was called with `self`
 * @error   UV_EINVAL if `klass->reserved` is not zero, which a checked build
 *          treats as misuse; the caller still owns `self`
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_object(const avow_class_t *klass,
                                                void *self);

/**
 * Makes BYTES that are a copy of `len` bytes.
 *
 * `data` may be NULL if `len` is 0. A NUL follows the last byte.
 *
 * @returns the BYTES
 * @error   UV_ENOMEM if out of memory
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_bytes(const void *data, size_t len);

/**
 * Makes BYTES that are a copy of the string `s`, which ends in NUL.
 *
 * @returns the BYTES, without the NUL in their length
 * @error   UV_ENOMEM if out of memory
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_string(const char *s);

/**
 * Makes `len` BYTES for the caller to fill in through `*out`.
 *
 * The bytes are not initialized. A NUL follows the last one. `*out` is valid as
 * long as the value.
 *
 * @returns the BYTES
 * @error   UV_ENOMEM if out of memory; `*out` is unchanged
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_bytes_new(size_t len, char **out);

/**
 * Makes a LIST of the `n` values of `items`.
 *
 * Takes ownership of each value. The array remains the caller's.
 *
 * @returns the LIST
 * @error   UV_ENOMEM if out of memory; the values were released
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_list(avow_value_t items[], size_t n);

/**
 * Adds a reference to what `v` holds, to keep a borrowed value.
 *
 * @returns the value, which the caller owns
 */
AVOW_API avow_value_t avow_value_ref(const avow_value_t *v);

/**
 * Releases `v`.
 *
 * Values that are nested to any depth are freed without recursion.
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
 * Use it to return a variable that is released automatically: return
 * avow_steal(&v).
 *
 * @returns the value, which the caller owns
 */
AVOW_INLINE avow_value_t avow_steal(avow_value_t *v) {
  const avow_value_t stolen = *v;
  *v = avow_none();
  return stolen;
}

/**
 * Releases a result that the caller does not need.
 *
 * The call shows the intention in code: avow_ignore(avow_run(p)).
 */
AVOW_INLINE void avow_ignore(avow_value_t v) {
  avow_value_unref(v);
}

/**
 * Tells whether `v` is NONE: no result, or the end of a channel or stream.
 *
 * @returns true if it is
 */
AVOW_INLINE bool avow_is_none(const avow_value_t *v) {
  return v->tag == AVOW_NONE;
}

/**
 * Tells whether `v` is an object of exactly the class `klass`.
 *
 * @returns true if it is
 */
AVOW_API bool avow_is_object(const avow_value_t *v, const avow_class_t *klass);

/**
 * Reads the number of an INT.
 *
 * Another type, also a DOUBLE, is misuse: a checked build prints it and aborts.
 *
 * @returns the number; 0 for another type in a release build
 */
AVOW_API int64_t avow_to_int(const avow_value_t *v);

/**
 * Reads the number of a DOUBLE.
 *
 * Another type, also an INT, is misuse: a checked build prints it and aborts.
 *
 * @returns the number; 0 for another type in a release build
 */
AVOW_API double avow_to_double(const avow_value_t *v);

/**
 * Reads the pointer of a POINTER.
 *
 * The value does not own the memory there. Another type is misuse: a checked
 * build prints it and aborts.
 *
 * @returns the pointer; NULL for another type in a release build
 */
AVOW_API void *avow_to_pointer(const avow_value_t *v);

/**
 * Reads the object of a value of exactly the class `klass`.
 *
 * Another class or type is misuse: a checked build prints it and aborts.
 *
 * @returns the `self` of avow_object(), valid until the value is released; NULL
 *          for another class or type in a release build
 */
AVOW_API void *avow_to_object(const avow_value_t *v, const avow_class_t *klass);

/**
 * Reads BYTES and sets `*len` to their number.
 *
 * `len` may be NULL. A NUL follows the last byte. Another type is misuse: a
 * checked build prints it and aborts.
 *
 * @returns the bytes, valid until the value is released. In a release build,
 *          another type gives NULL and sets `*len` to 0.
 */
AVOW_API const char *avow_to_bytes(const avow_value_t *v, size_t *len);

/**
 * Counts the items of `list`.
 *
 * Another type is misuse: a checked build prints it and aborts.
 *
 * @returns the number of items; 0 for another type in a release build
 */
AVOW_API size_t avow_list_len(const avow_value_t *list);

/**
 * Reads the item of `list` at the index `i`, from 0.
 *
 * An index beyond the last item is misuse, as is a value that is not a LIST: a
 * checked build prints it and aborts.
 *
 * @returns the item, which the list owns, valid until the list is released;
 *          NONE in a release build if there is no such item
 */
AVOW_API const avow_value_t *avow_list_at(const avow_value_t *list, size_t i);

/**
 * Names the type of `v` in messages.
 *
 * @returns "int", "bytes" and so on, or the name of an object's class
 */
AVOW_API const char *avow_type_name(const avow_value_t *v);

/*
 * Errors are values with the tag AVOW_ERROR and a code, of libuv or of avow.
 * An error with a message or a cause has one counted block for both. A promise
 * that resolves with an error rejects, and the reason of a rejection is always
 * an error.
 */

/**
 * The codes of avow, beside those of libuv.
 *
 * Programs may have codes of their own, below -30000.
 */
enum {
  AVOW_EBROKEN = -20001,    /* the deferred was dropped unsettled */
  AVOW_ECYCLE = -20002,     /* a promise was resolved with itself */
  AVOW_EAGGREGATE = -20003, /* every input of avow_any() rejected */
  AVOW_EIDLE = -20004,      /* the loop had nothing left to run */
  AVOW_EREASON = -20005,    /* the reason is not an error: it is the cause */
  AVOW_EMISUSE = -20006,    /* a mistake that a checked build explains */
  AVOW_ENOTASYNC = -20007,  /* an await outside an async function */
  AVOW_ETHROWN = -20008,    /* a C++ exception left a function */
  AVOW_ESKIP = -20009,      /* no result: omits an item; see stages.h */
  AVOW_EMISSED = -20010     /* items of a broadcast were lost; the cause has
                               their number */
};

/**
 * Makes an error that consists of its code.
 *
 * The call allocates nothing. The code 0 says that there was no error.
 *
 * @returns the error; NONE if `code` is 0
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
 * any value: avow_none() if there is no cause, or a LIST for the errors of an
 * aggregate.
 *
 * @returns the error; only its code if out of memory; NONE if `code` is 0
 */
AVOW_API AVOW_MUST_USE avow_value_t avow_error_new(int code, avow_value_t cause,
                                                   const char *format, ...)
    AVOW_PRINTF(3, 4);

/**
 * Tells whether `v` is an error.
 *
 * A promise that resolves with an error rejects, and the reason of a rejection
 * is always an error.
 *
 * @returns true if it is
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
 * Leaves the calling function if `expression` gives an error.
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
 * @returns the message, valid until `v` is released; without a message the text
 *          of the code, valid as that of avow_strerror()
 */
AVOW_API const char *avow_error_message(const avow_value_t *v);

/**
 * Reads the cause of an error.
 *
 * The cause of an AVOW_EAGGREGATE is the LIST of all errors.
 *
 * @returns the cause, valid until `v` is released; NULL if there is none
 */
AVOW_API const avow_value_t *avow_error_cause(const avow_value_t *v);

/**
 * Tells whether `v` is UV_ETIMEDOUT because a limit of avow passed.
 *
 * Such limits are those of avow_timeout() and avow_deadline(), of functions
 * with a timeout of their own, and of commands. If the system reports
 * UV_ETIMEDOUT, as it does if a host does not answer, the result is false.
 *
 * @returns true if a limit of avow passed
 */
AVOW_API bool avow_is_timeout(const avow_value_t *v);

/**
 * Describes a code: "no such file or directory".
 *
 * `code` is a code of libuv or avow, or an errno, which is positive. There is a
 * text for every number: that of a program's own code is "error -30001".
 *
 * Some errors of the system have no code in libuv, for example EDQUOT and
 * ESTALE. Their code is the negative errno, and their text is its number:
 * "error -122". strerror() has a text for the errno.
 *
 * @returns the text. The text of a known code is always valid. The text of
 *          another number is valid until the thread has called avow_strerror(),
 *          avow_err_name() or avow_error_message() for eight more such numbers.
 */
AVOW_API const char *avow_strerror(int code);

/**
 * Names a code: "ENOENT" or "AVOW_EBROKEN".
 *
 * The name of an errno begins with a plus sign, "+ENOENT", because an errno is
 * positive and no code of libuv is. A number without a name is its own name:
 * "-30001".
 *
 * @returns the name. The name of a known code is always valid. The name of
 *          another number is valid until the thread has called avow_strerror(),
 *          avow_err_name() or avow_error_message() for eight more such numbers.
 */
AVOW_API const char *avow_err_name(int code);

AVOW_HEADER_END

#endif
