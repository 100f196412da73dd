/* SPDX-License-Identifier: MIT */
/* avow_until(), as deadlines use it. */
#ifndef AVOW_UNTIL_H
#define AVOW_UNTIL_H

#include "avow/promise.h"

/* avow_until(), which here takes ownership of both promises. */
avow_promise_t *avow__until(avow_promise_t *from, avow_promise_t *stop_p);

#endif
