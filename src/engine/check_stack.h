/* SPDX-License-Identifier: MIT */
/* Checked builds: data of handlers that is a local variable. */
#ifndef AVOW_CHECK_STACK_H
#define AVOW_CHECK_STACK_H

#include "base/misuse.h"
#include "engine/block.h"

#if AVOW__DEBUG
/* Checks `data` that a function of the program gets later. It must not be a
   local variable of the handler that runs now. */
#  define avow__check_data(c, data) avow__check_data_in(c, data, __func__)
void avow__check_data_in(const avow__context_t *c, const void *data,
                         const char *called);

/* Checks `data` for which a callback of the loop comes. It must not be a local
   variable of a function that has returned. The message has the kind of the
   promise, and its name unless that is NULL. */
void avow__check_kept_data(const avow__context_t *c, const void *data,
                           const char *kind, const char *name);

/* Checks the data of the job of p, which is about to run. */
void avow__check_job_data(const avow__context_t *c, const avow_promise_t *p);
#else
#  define avow__check_data(c, data)                  ((void) (data))
#  define avow__check_data_in(c, data, called)       ((void) (data))
#  define avow__check_kept_data(c, data, kind, name) ((void) (data))
#  define avow__check_job_data(c, p)                 ((void) (c), (void) (p))
#endif

#endif
