/* SPDX-License-Identifier: MIT */
/*
 * Statuses. Each listener has a sender of capacity 2 that keeps the newest
 * items. The last item is the status, and an error may precede it. A listener
 * whose channel is closed is removed at the next status, or at the end.
 */
#include "status_listeners.h"

#include "avow/loop.h"

struct status_listener_s {
  status_listener_t *next;
  avow_sender_t *sender;
};

bool avow__nats_states_add(states_t *s, avow_sender_t *sender) {
  status_listener_t *l = avow_calloc(1, sizeof(*l));
  if (l == NULL) {
    avow_sender_unref(sender);
    return false;
  }
  *l = (status_listener_t){ s->listeners, sender };
  s->listeners = l;
  (void) avow_sender_replace(sender, avow_int(s->now));
  return true;
}

static void drop(status_listener_t **at) {
  status_listener_t *l = *at;
  *at = l->next;
  avow_sender_unref(l->sender);
  avow_free(l);
}

void avow__nats_states_set(states_t *s, natsConnStatus status) {
  s->now = status;
  for (status_listener_t **at = &s->listeners; *at != NULL;)
    if (avow_sender_replace((*at)->sender, avow_int(status)) == 0)
      at = &(*at)->next;
    else
      drop(at);
}

void avow__nats_states_fail(states_t *s, const avow_value_t *why) {
  for (status_listener_t *l = s->listeners; l != NULL; l = l->next)
    (void) avow_sender_replace(l->sender, avow_value_ref(why));
  avow__nats_states_set(s, s->now);
}

void avow__nats_states_end(states_t *s) {
  while (s->listeners != NULL)
    drop(&s->listeners);
}
