/* SPDX-License-Identifier: MIT */
/*
 * Senders. One is its channel's source that brings nothing by itself: so there
 * is one at most, it hears when the channel wants nothing more, and neither
 * keeps the other. It is freed by whoever comes last of the two.
 */
#include "avow/sender.h"

#include "base/misuse.h"
#include "channel/channel.h"
#include "tools/tool.h"

typedef struct {
  avow__source_t source; /* first: the channel knows it by this */
  bool told;             /* its channel has nothing to do with it */
  bool let_go;           /* nor has the program */
} sender_t;

static void sender_free_if_last(sender_t *sender) {
  if (sender->told && sender->let_go)
    avow__source_free(&sender->source);
}

static void sender_resume(avow__source_t *source) {
}

static void sender_stop(avow__source_t *source) {
  sender_t *sender = (sender_t *) source;
  sender->told = true;
  sender_free_if_last(sender);
}

/* What has ended may have gone since. */
static void sender_let_go(void *self) {
  sender_t *sender = self;
  sender->let_go = true;
  if (!sender->source.unwanted)
    avow_channel_end(sender->source.channel);
  else
    sender_free_if_last(sender);
}

static const avow_class_t sender_class = { .name = "sender",
                                           .destroy = sender_let_go };

/* What no channel knows. */
static sender_t *sender_alloc(uv_loop_t *loop) {
  sender_t *sender = avow__source_new(loop, sizeof(*sender));
  if (sender == NULL)
    return NULL;
  sender->source.resume = sender_resume;
  sender->source.stop = sender_stop;
  sender->source.unwanted = sender->told = true;
  return sender;
}

static int sender_attach(sender_t *sender, const avow_channel_t *channel) {
  sender->source.unwanted = sender->told = false;
  const int err = avow__source_attach(channel, &sender->source);
  sender->source.unwanted = sender->told = err != 0;
  return err;
}

/* A sender that says why not; who waits would wait for ever. */
static avow_sender_t *sender_refuse(const avow_channel_t *channel, int code) {
  if (code != UV_EALREADY)
    avow_channel_fail(channel, avow_error(code));
  return avow__tool_refuse(avow__channel_loop(channel), code, "sender");
}

avow_sender_t *avow_sender_new(const avow_channel_t *channel) {
  if (channel == NULL)
    return avow__tool_of(avow__nothing("a channel"));
  avow_promise_t *outlived = avow__outlived(channel);
  if (outlived != NULL)
    return avow__tool_of(outlived);
  uv_loop_t *loop = avow__channel_loop(channel);
  avow_sender_t *s = avow__tool_wrap(loop, &sender_class, sender_alloc(loop));
  sender_t *sender = avow__tool_self(s, &sender_class);
  const int err = sender != NULL ? sender_attach(sender, channel) : UV_ENOMEM;
  if (err == 0)
    return s;
  avow_sender_unref(s);
  return sender_refuse(channel, err);
}

avow_promise_t *avow_sender_send(const avow_sender_t *s, avow_value_t item) {
  const sender_t *sender = avow__tool_self(s, &sender_class);
  avow_promise_t *p;
  if (sender == NULL)
    p = avow__tool_ref(s, "a sender");
  else if ((p = avow__outlived(s)) == NULL && !sender->source.unwanted)
    return avow_channel_send(sender->source.channel, item);
  else if (p == NULL)
    p = avow__refuse(avow__tool_loop(s), sender->source.code, "send", NULL);
  avow__value_unref(item); /* last: it may call the program */
  return p;
}

avow_sender_t *avow_sender_ref(const avow_sender_t *s) {
  avow__check_tool(s, &sender_class);
  return avow__tool_ref(s, "a sender");
}

void avow_sender_unref(avow_sender_t *s) {
  avow__tool_unref(s, &sender_class);
}
