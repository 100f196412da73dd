/* SPDX-License-Identifier: MIT */
/* Defines the inline functions of the headers as symbols of the library.
   Languages that can only call symbols need them. */
#define AVOW_INLINE AVOW_API inline

#include "avow/promise.h"
#include "avow/select.h"
#include "avow/stackless.h"
#include "avow/value.h"

extern inline avow_value_t avow_none(void);
extern inline avow_value_t avow_int(int64_t i);
extern inline avow_value_t avow_double(double d);
extern inline avow_value_t avow_pointer(void *p);
extern inline avow_value_t avow_follow(avow_promise_t *p);
extern inline avow_value_t avow_steal(avow_value_t *v);
extern inline bool avow_is_none(const avow_value_t *v);
extern inline void avow_ignore(avow_value_t v);
extern inline avow_value_t avow_error(int code);
extern inline bool avow_is_error(const avow_value_t *v);
extern inline int avow_error_code(const avow_value_t *v);
extern inline avow_promise_t *avow_promise_steal(avow_promise_t **p);
extern inline avow_case_t avow_case_next(const avow_channel_t *c);
extern inline avow_case_t avow_case_send(const avow_channel_t *c,
                                         avow_value_t item);
extern inline avow_case_t avow_case_settled(const avow_promise_t *p);
extern inline int avow_frame_enter(avow_frame_t *frame);
