/* SPDX-License-Identifier: MIT */
/* Lists of subscriptions that wait to be freed. */
#include "retired.h"

#include "avow/loop.h"

void avow__nats_retired_add(retired_list_t *retired_list, retired_t *retired) {
  retired->next = retired_list->first;
  retired_list->first = retired;
  retired_list->count++;
}

static retired_t *take(retired_list_t *retired_list) {
  retired_t *retired = retired_list->first;
  if (retired == NULL)
    return NULL;
  retired_list->first = retired->next;
  retired_list->count--;
  return retired;
}

void avow__nats_retired_move(retired_list_t *to, retired_list_t *from) {
  retired_t *retired;
  while ((retired = take(from)) != NULL)
    avow__nats_retired_add(to, retired);
}

void avow__nats_retired_free(retired_list_t *retired_list) {
  retired_t *retired;
  while ((retired = take(retired_list)) != NULL) {
    natsSubscription_Destroy(retired->native);
    avow_free(retired);
  }
}
