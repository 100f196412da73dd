/* SPDX-License-Identifier: MIT */
#include "other.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { SUBJECTS = 3, HOUR = 3600000 };

natsConnection *other;

static natsSubscription *subs[SUBJECTS];
static atomic_int heard;
static uv_mutex_t mutex; /* each subject has a thread */
static char last[256];

static void check(natsStatus s) {
  if (s != NATS_OK) {
    (void) fprintf(stderr, "other: %s\n", natsStatus_GetText(s));
    abort();
  }
}

static void answer(natsMsg *msg) {
  natsMsg *reply = NULL;
  const char *seen = NULL;
  check(natsMsg_Create(&reply, natsMsg_GetReply(msg), NULL,
                       natsMsg_GetData(msg), natsMsg_GetDataLength(msg)));
  if (natsMsgHeader_Get(msg, "Seen", &seen) == NATS_OK)
    check(natsMsgHeader_Set(reply, "Seen", seen));
  (void) natsConnection_PublishMsg(other, reply);
  natsMsg_Destroy(reply);
}

static void on_message(natsConnection *nc, natsSubscription *sub, natsMsg *msg,
                       void *times) {
  uv_mutex_lock(&mutex);
  (void) snprintf(last, sizeof(last), "%.*s", natsMsg_GetDataLength(msg),
                  natsMsg_GetData(msg));
  uv_mutex_unlock(&mutex);
  atomic_fetch_add(&heard, 1);
  for (int i = 0; natsMsg_GetReply(msg) != NULL && i < *(int *) times; i++)
    answer(msg);
  natsMsg_Destroy(msg);
}

static void begin_lock(void) {
  if (uv_mutex_init(&mutex) != 0)
    abort();
}

void other_begin(const char *url) {
  static const char *const subjects[] = { "echo", "twice", "silent" };
  static int times[] = { 1, 2, 0 };
  static uv_once_t once = UV_ONCE_INIT;
  uv_once(&once, begin_lock);
  atomic_store(&heard, 0);
  natsOptions *options = NULL;
  check(natsOptions_Create(&options));
  check(natsOptions_SetURL(options, url));
  check(natsOptions_SetSendAsap(options, true));
  check(natsOptions_SetReconnectWait(options, 10));
  check(natsOptions_SetTimeout(options, HOUR));
  check(natsConnection_Connect(&other, options));
  natsOptions_Destroy(options);
  for (int i = 0; i < SUBJECTS; i++) {
    check(natsConnection_Subscribe(&subs[i], other, subjects[i], on_message,
                                   &times[i]));
    check(natsSubscription_SetPendingLimits(subs[i], -1, -1));
  }
  check(natsConnection_FlushTimeout(other, HOUR));
}

void other_end(void) {
  for (int i = 0; i < SUBJECTS; i++)
    natsSubscription_Destroy(subs[i]);
  natsConnection_Destroy(other);
}

int other_heard(void) {
  return atomic_load(&heard);
}

const char *other_last(void) {
  return last;
}
