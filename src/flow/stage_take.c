/* SPDX-License-Identifier: MIT */
/* The first `n` items of a channel. After the last one, that channel is
   released. */
#include "avow/stages.h"
#include "channel/inside.h"
#include "flow/stage.h"

typedef struct {
  avow__stage_t stage;
  size_t left;
} take_t;

static void take_take(avow__stage_t *stage, avow_value_t item) {
  if (avow__stage_push(stage, item) && --((take_t *) stage)->left == 0)
    avow__stage_end(stage, avow_none());
}

avow_channel_t *avow_channel_take(avow_channel_t *channel, size_t n) {
  avow__check_channel(channel);
  static const avow__stage_class_t take_class = { .take = take_take };
  avow_channel_t *none = avow__stage_check(channel, 0, "take");
  if (none != NULL)
    return none;
  take_t *take = avow__stage_new(&take_class, sizeof(*take), channel, &none);
  if (take == NULL)
    return none;
  take->left = n;
  avow_channel_t *made = avow__stage_start(&take->stage);
  if (n == 0)
    avow_channel_end(made);
  return made;
}
