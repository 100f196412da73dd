/* SPDX-License-Identifier: MIT */
/*
 * Outcomes in the order of settlement. A gather that keeps no values reports
 * each outcome to an observer, which is the source of a channel. When the
 * channel is closed, the remaining inputs are treated as those of a combinator
 * that has settled.
 */
#include "avow/select.h"

#include "base/container.h"
#include "channel/channel.h"
#include "engine/combine.h"
#include "engine/gather.h"
#include "flow/outcome.h"

typedef struct {
  avow__source_t source; /* first, because the channel has a pointer to it */
  avow__observer_t observer; /* the gather has a pointer to it */
  avow_promise_t *gather;
} outcomes_t;

static outcomes_t *outcomes_of(avow__observer_t *observer) {
  return AVOW__CONTAINER(outcomes_t, observer, observer);
}

static void outcomes_report(avow__observer_t *observer, uint32_t index,
                            avow_value_t v) {
  avow_channel_t *channel = outcomes_of(observer)->source.channel;
  void *outcome;
  const avow_value_t item =
      avow__outcome_new(sizeof(avow__outcome_t), &outcome);
  if (avow_is_error(&item)) {
    avow_channel_fail(channel, item);
    avow__value_unref(v); /* last, because it may call the program */
    return;
  }
  avow__outcome_set(outcome, index, v);
  (void) avow__channel_push(channel, item); /* the capacity is unlimited */
}

static void outcomes_done(avow__observer_t *observer, avow_value_t end) {
  avow_channel_t *channel = outcomes_of(observer)->source.channel;
  if (avow_is_error(&end))
    avow_channel_fail(channel, end);
  else
    avow_channel_end(channel);
}

/* The gather reports without being asked. */
static void outcomes_resume(avow__source_t *source) {
}

static void outcomes_stop(avow__source_t *source) {
  avow_promise_t *gather = ((outcomes_t *) source)->gather;
  avow__source_free(source);
  avow__gather_forget(gather); /* last, because it may call the program */
}

/* Returns a channel that a gather feeds, and one more reference to the gather
   in *out. Out of memory, both are substitutes. */
static avow_channel_t *outcomes_begin(uv_loop_t *loop, avow_promise_t **out) {
  avow__context_t *c = avow__context_of(loop);
  outcomes_t *outcomes = avow__source_new(loop, sizeof(*outcomes));
  if (outcomes == NULL) {
    *out = avow__no_promise(c);
    return avow__channel_none(loop);
  }
  outcomes->source.resume = outcomes_resume;
  outcomes->source.stop = outcomes_stop;
  outcomes->observer.report = outcomes_report;
  outcomes->observer.done = outcomes_done;
  outcomes->gather = avow__gather_observed(c, &outcomes->observer);
  *out = avow__ref(outcomes->gather);
  if (avow__is_gather(outcomes->gather))
    return avow__channel_feed(loop, SIZE_MAX, &outcomes->source);
  outcomes_stop(&outcomes->source);
  return avow__channel_none(loop);
}

avow_channel_t *avow_outcomes(uv_loop_t *loop, avow_promise_t *const ps[],
                              size_t n) {
  avow__check_ready(loop);
  if (ps == NULL && n > 0)
    return (avow_channel_t *) avow__refuse_null("array of promises");
  avow_promise_t *gather;
  avow_channel_t *channel = outcomes_begin(loop, &gather);
  for (size_t i = 0; i < n; i++)
    avow__gather_add(gather, avow__given(ps[i], "promise"));
  avow__gather_end(gather);
  avow__unref(gather);
  return channel;
}

avow_channel_t *avow_outcomes_new(uv_loop_t *loop, avow_gather_t **out) {
  avow__check_ready(loop);
  if (out == NULL)
    return (avow_channel_t *) avow__refuse_null("out pointer");
  avow_promise_t *gather;
  avow_channel_t *channel = outcomes_begin(loop, &gather);
  *out = avow__gather_steer(gather);
  avow__unref(gather);
  return channel;
}
