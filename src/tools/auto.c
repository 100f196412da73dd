/* SPDX-License-Identifier: MIT */
/* What avow/auto.h has called where a block ends; avow_value_clear() is a
   value's own. */
#include "avow/channel.h"
#include "avow/promise.h"
#include "base/misuse.h"

void avow_promise_clear(avow_promise_t **p) {
  if (p != NULL)
    avow_unref(avow_promise_steal(p));
  else
    avow__misuse_of_null("a promise");
}

void avow_channel_clear(avow_channel_t **c) {
  if (c == NULL) {
    avow__misuse_of_null("a channel");
    return;
  }
  avow_channel_t *channel = *c;
  *c = NULL;
  avow_channel_unref(channel);
}
