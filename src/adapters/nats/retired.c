/* SPDX-License-Identifier: MIT */
/* Lists of subscriptions that wait to be freed. */
#include "retired.h"

#include "avow/loop.h"

void avow__nats_spents_add(spents_t *spents, spent_t *spent) {
  spent->next = spents->first;
  spents->first = spent;
  spents->count++;
}

static spent_t *take(spents_t *spents) {
  spent_t *spent = spents->first;
  if (spent == NULL)
    return NULL;
  spents->first = spent->next;
  spents->count--;
  return spent;
}

void avow__nats_spents_move(spents_t *to, spents_t *from) {
  spent_t *spent;
  while ((spent = take(from)) != NULL)
    avow__nats_spents_add(to, spent);
}

void avow__nats_spents_free(spents_t *spents) {
  spent_t *spent;
  while ((spent = take(spents)) != NULL) {
    natsSubscription_Destroy(spent->native);
    avow_free(spent);
  }
}
