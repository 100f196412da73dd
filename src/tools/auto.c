/* SPDX-License-Identifier: MIT */
/* What avow/auto.h has called where a block ends; avow_value_clear() is a
   value's own. */
#include "avow/channel.h"
#include "avow/combine.h"
#include "avow/map.h"
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

void avow_gather_clear(avow_gather_t **g) {
  if (g == NULL) {
    avow__misuse_of_null("a gather");
    return;
  }
  avow_gather_t *gather = *g;
  *g = NULL;
  avow_gather_unref(gather);
}

void avow_group_clear(avow_group_t **g) {
  if (g == NULL) {
    avow__misuse_of_null("a group");
    return;
  }
  avow_group_t *group = *g;
  *g = NULL;
  avow_group_unref(group);
}
