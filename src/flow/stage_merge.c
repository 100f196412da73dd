/* SPDX-License-Identifier: MIT */
/*
 * Merged channels. Each item is received by a select among the channels that
 * have not ended. No item is therefore taken before a receiver wants it, and
 * each channel has its turn.
 */
#include "avow/select.h"
#include "avow/stages.h"
#include "flow/stage.h"

typedef struct {
  avow__stage_t stage;
  size_t n, open;
  avow_case_t cases[];
} merge_t;

static avow_promise_t *merge_ask(avow__stage_t *stage) {
  const merge_t *merge = (const merge_t *) stage;
  return avow_select(merge->cases, merge->n);
}

/* Removes an ended channel from the select. */
static void merge_close(merge_t *merge, size_t index) {
  avow_case_t *one = &merge->cases[index];
  avow_promise_t *channel = avow__mutable(one->channel);
  one->kind = AVOW_CASE_OUT;
  if (--merge->open == 0)
    avow__stage_end(&merge->stage, avow_none());
  /* last, because it may call the program */
  avow_channel_unref((avow_channel_t *) channel);
}

static void merge_take(avow__stage_t *stage, avow_value_t v) {
  merge_t *merge = (merge_t *) stage;
  const avow_outcome_t *outcome = avow_to_outcome(&v);
  const avow_channel_t *from = merge->cases[outcome->index].channel;
  if (outcome->status == AVOW_REJECTED &&
      avow__channel_ends_with(from, outcome->reason))
    avow__stage_end(stage, avow_value_ref(outcome->reason));
  else if (avow_is_none(outcome->value))
    merge_close(merge, outcome->index);
  else
    (void) avow__stage_push(stage, avow_value_ref(outcome->value));
  avow__value_unref(v); /* last, because it may call the program */
}

static void merge_drop(avow__stage_t *stage) {
  const merge_t *merge = (const merge_t *) stage;
  for (size_t i = 0; i < merge->n; i++)
    if (merge->cases[i].kind != AVOW_CASE_OUT)
      avow_channel_unref(
          (avow_channel_t *) avow__mutable(merge->cases[i].channel));
}

static void merge_release(avow_channel_t *const channels[], size_t n) {
  for (size_t i = 0; i < n; i++)
    avow_channel_unref(channels[i]);
}

avow_channel_t *avow_channel_merge(uv_loop_t *loop,
                                   avow_channel_t *const channels[], size_t n) {
  avow__check_ready(loop);
  static const avow__stage_class_t merge_class = { .ask = merge_ask,
                                                   .take = merge_take,
                                                   .drop = merge_drop };
  if (channels == NULL && n > 0)
    return (avow_channel_t *) avow__refuse_null("array of channels");
  avow_channel_t *made = NULL;
  merge_t *merge = NULL;
  if (n < UINT32_MAX / sizeof(avow_case_t))
    merge = avow__stage_new_on(&merge_class,
                               sizeof(*merge) + n * sizeof(avow_case_t), loop,
                               &made);
  else
    made = avow__channel_none(loop);
  if (merge == NULL) {
    merge_release(channels, n);
    return made;
  }
  merge->n = merge->open = n;
  for (size_t i = 0; i < n; i++)
    merge->cases[i] =
        avow_case_next((avow_channel_t *) avow__given(channels[i], "channel"));
  made = avow__stage_start(&merge->stage);
  if (n == 0)
    avow_channel_end(made);
  return made;
}
