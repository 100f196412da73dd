/* SPDX-License-Identifier: MIT */
/* Waiting until something else happens, for deadlines. */
#ifndef AVOW_UNTIL_H
#define AVOW_UNTIL_H

#include "avow/promise.h"

/* avow_until(), but takes ownership of both. */
avow_promise_t *avow__until(avow_promise_t *from, avow_promise_t *stop_p);

#endif
