/*
 * Debouncing. One item is in hand at most, and with each that comes the timer
 * begins anew. The other channel is asked by a parent of its own, which
 * outlives this source until its child has reported.
 */
#include "avow/pace.h"
#include "channel/channel.h"
#include "engine/child.h"
#include "engine/clock.h"

typedef struct debounce_s debounce_t;

typedef struct {
  avow__parent_t parent;
  debounce_t *debounce; /* NULL: nobody wants it any more */
} asker_t;

struct debounce_s {
  avow__source_t source;
  avow__alarm_t alarm;
  uint64_t ms;
  avow_channel_t *from;
  asker_t *asker;
  avow_promise_t *next; /* asked for; its child keeps it */
  uint32_t turn;        /* the child's index: those before were called off */
  avow_value_t item;    /* NONE: nothing is in hand */
  bool quiet;           /* for long enough, but nobody waits */
};

static avow_value_t debounce_take(debounce_t *debounce) {
  debounce->quiet = false;
  avow__alarm_stop(&debounce->alarm);
  return avow_steal(&debounce->item);
}

static void debounce_ask(debounce_t *debounce) {
  avow__parent_t *parent = &debounce->asker->parent;
  debounce->next = avow_channel_next(debounce->from);
  avow__child_add(parent, avow_follow(debounce->next), debounce->turn);
}

/* What was in hand is there to be taken; then comes the end. */
static void debounce_finish(debounce_t *debounce, avow_value_t last) {
  avow_channel_t *channel = avow_channel_ref(debounce->source.channel);
  const avow_value_t item = debounce_take(debounce);
  if (item.tag != AVOW_NONE)
    (void) avow__channel_push(channel, item); /* the end follows anyway */
  if (avow_is_error(&last))
    avow_channel_fail(channel, last);
  else
    avow_channel_end(channel);
  avow_channel_unref(channel);
}

static void debounce_on_timer(uv_timer_t *timer) {
  debounce_t *debounce = timer->data;
  avow__context_t *c = debounce->source.context;
  avow__enter(c);
  if (debounce->source.flows)
    (void) avow__channel_push(debounce->source.channel,
                              debounce_take(debounce));
  else
    debounce->quiet = true;
  avow__leave(c);
}

/* The quiet begins when the item comes: the callback that brought it, or what
   came before that, may have taken longer than the quiet lasts. */
static void debounce_arrive(debounce_t *debounce, avow_value_t item) {
  const avow_value_t old = debounce_take(debounce);
  debounce->item = item;
  uv_update_time(debounce->alarm.timer.loop);
  avow__alarm_set(debounce->source.context, &debounce->alarm, debounce->ms,
                  debounce_on_timer);
  if (debounce->source.flows)
    debounce_ask(debounce);
  avow__value_unref(old); /* last: it may call the program */
}

static void debounce_report(avow__parent_t *parent, uint32_t index,
                            avow_value_t outcome) {
  debounce_t *debounce = ((asker_t *) parent)->debounce;
  if (debounce == NULL || index != debounce->turn) {
    avow__value_unref(outcome);
    return;
  }
  debounce->next = NULL;
  if (outcome.tag == AVOW_NONE || avow_is_error(&outcome))
    debounce_finish(debounce, outcome);
  else
    debounce_arrive(debounce, outcome);
}

static const avow__parent_class_t asker_class = { .report = debounce_report };

static void debounce_resume(avow__source_t *source) {
  debounce_t *debounce = (debounce_t *) source;
  if (debounce->quiet)
    (void) avow__channel_push(source->channel, debounce_take(debounce));
  else if (debounce->next == NULL)
    debounce_ask(debounce);
}

/* An item that has arrived already is not called off. */
static void debounce_hold_back(avow__source_t *source) {
  debounce_t *debounce = (debounce_t *) source;
  if (debounce->next == NULL || avow__has_settled(debounce->next))
    return;
  debounce->next = NULL;
  debounce->turn++;
  avow__children_cancel(&debounce->asker->parent);
}

static void debounce_stop(avow__source_t *source) {
  debounce_t *debounce = (debounce_t *) source;
  avow_channel_t *from = debounce->from;
  const avow_value_t item = debounce_take(debounce);
  debounce->asker->debounce = NULL;
  avow__children_cancel(&debounce->asker->parent);
  avow__parent_unref(&debounce->asker->parent);
  avow__source_close(source, (uv_handle_t *) &debounce->alarm.timer);
  avow_channel_unref(from); /* these two last: they may call the program */
  avow__value_unref(item);
}

static debounce_t *debounce_new(uv_loop_t *loop) {
  debounce_t *debounce = avow__source_new(loop, sizeof(*debounce));
  if (debounce == NULL)
    return NULL;
  debounce->asker = avow__parent_alloc(loop, &asker_class, sizeof(asker_t));
  if (debounce->asker != NULL)
    return debounce;
  avow__source_free(&debounce->source);
  return NULL;
}

avow_channel_t *avow_debounced(avow_channel_t *channel, uint64_t ms) {
  if (channel == NULL)
    return (avow_channel_t *) avow__nothing("a channel");
  avow_promise_t *outlived = avow__outlived(channel);
  if (outlived != NULL) {
    avow_channel_unref(channel);
    return (avow_channel_t *) outlived;
  }
  uv_loop_t *loop = avow__channel_loop(channel);
  debounce_t *debounce = debounce_new(loop);
  if (debounce == NULL) {
    avow_channel_unref(channel);
    return avow__channel_none(loop);
  }
  avow__alarm_init(debounce->source.context, &debounce->alarm, debounce);
  debounce->asker->debounce = debounce;
  debounce->ms = ms;
  debounce->from = channel;
  debounce->item = avow_none();
  debounce->source.handle = (uv_handle_t *) &debounce->alarm.timer;
  debounce->source.resume = debounce_resume;
  debounce->source.pause = debounce_hold_back;
  debounce->source.stop = debounce_stop;
  return avow__channel_feed(loop, 0, &debounce->source);
}
