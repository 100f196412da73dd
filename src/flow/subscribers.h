/* SPDX-License-Identifier: MIT */
/*
 * Audiences: channels that hear the same, each in its own time. What is said
 * has a number, and of a listener it is known which number comes next. One that
 * has heard all and is asked waits in a list, so that to say something costs as
 * much as there are who wait for it.
 */
#ifndef AVOW_SUBSCRIBERS_H
#define AVOW_SUBSCRIBERS_H

#include "base/list.h"
#include "channel/channel.h"

typedef struct avow__audience_s avow__audience_t;

typedef struct avow__listener_s {
  avow__source_t source; /* first: its channel knows it by this */
  avow__link_t link;     /* among those who wait, if it does */
  avow__audience_t *audience;
  uint64_t next; /* the number of what it hears next */
  bool waits;
} avow__listener_t;

typedef struct avow__audience_class_s {
  /* What a listener hears that has not heard all; moves its number on. */
  avow_value_t (*tell)(avow__audience_t *audience, avow__listener_t *listener);
  /* A listener goes, who may not have heard all. NULL: nothing is to do. */
  void (*left)(avow__audience_t *audience, const avow__listener_t *listener);
  /* What it holds, and itself. */
  void (*destroy)(avow__audience_t *audience);
} avow__audience_class_t;

struct avow__audience_s {
  const avow__audience_class_t *klass;
  avow__context_t *context;
  avow__link_t *waiting;
  uint32_t refs;  /* of its tool, of its listeners, and of what is under way */
  size_t count;   /* of listeners */
  uint64_t next;  /* the number of what is said next */
  bool is_silent; /* what was said is not to be heard any more */
  bool is_over;   /* nothing more is said */
};

/* A channel that hears all from that number on. */
avow_channel_t *avow__audience_join(avow__audience_t *audience, uint64_t from);

/* Something was said, or it is over: those who wait hear of that. */
void avow__audience_serve(avow__audience_t *audience);

void avow__audience_ref(avow__audience_t *audience);
void avow__audience_unref(avow__audience_t *audience);

#endif
