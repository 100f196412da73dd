/* SPDX-License-Identifier: MIT */
/* Copies a file in chunks, with then (copy.c) or with await (copy_await.c). */
#ifndef COPY_H
#define COPY_H

#include <avow.h>

enum { CHUNK = 256 * 1024 };

/* INT: the number of bytes. The names must live until the promise settles.
   Cancellation takes effect between two chunks. An incomplete copy is
   removed. */
avow_promise_t *copy_file(uv_loop_t *loop, const char *from, const char *to);

/* Adds the file's name to the reason, because avow knows only the number of an
   open file. */
avow_value_t copy_error(const char *name, const avow_value_t *reason);

/* NONE, or the reason why these files may not be copied. */
avow_value_t copy_check_source(const char *from, const uv_stat_t *source);
avow_value_t copy_check_target(const char *to, const uv_stat_t *target,
                               const uv_stat_t *source);

/* Reports that the incomplete copy is removed. */
void copy_say_removing(const char *half_written);

#endif
