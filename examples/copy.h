/* SPDX-License-Identifier: MIT */
/* Copying a file in chunks, with then (copy.c) or with await (copy_await.c). */
#ifndef COPY_H
#define COPY_H

#include <avow.h>

enum { CHUNK = 256 * 1024 };

/* INT: how many bytes. The names have to live as long. Cancelling stops it
   between two chunks; what is not a whole copy is removed. */
avow_promise_t *copy_file(uv_loop_t *loop, const char *from, const char *to);

/* A reason with the file's name: avow knows the number of an open file. */
avow_value_t copy_error(const char *name, const avow_value_t *reason);

/* NONE, or why the files of these two stats may not be copied. */
avow_value_t copy_check_source(const char *from, const uv_stat_t *source);
avow_value_t copy_check_target(const char *to, const uv_stat_t *target,
                               const uv_stat_t *source);

/* Says that it goes. */
void copy_say_removing(const char *half_written);

#endif
