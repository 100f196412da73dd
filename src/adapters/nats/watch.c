/* SPDX-License-Identifier: MIT */
/*
 * Changes of a bucket. A JetStream consumer sends them to an inbox and counts
 * them, so a missing change is noticed. After a missing change or a lost
 * connection, another consumer starts after the last received change. Messages
 * of the old consumer are then ignored. An idle consumer sends heartbeats. A
 * silent consumer is missing, perhaps with its bucket, and creating another one
 * shows this.
 *
 * The program's channel is a merge of two channels. One is a stage with three
 * inputs: messages to the inbox, statuses of the connection, and ticks. The
 * first status starts the consumer. The other channel belongs to a hook. It
 * detects that the program has released the merge, as in subscription.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avow/loop.h"
#include "avow/sender.h"
#include "avow/stages.h"
#include "bucket.h"
#include "connection.h"
#include "failure.h"
#include "json.h"

enum { ROOM = 1000000, HEARTBEAT_MS = 5000, SILENT = 2 };

typedef struct {
  avow_value_t bucket; /* a reference */
  avow_sender_t *hook; /* until the connection is closed */
  avow_channel_t *changes;
  avow_channel_t *ticks;
  uint64_t last; /* newest received revision */
  uint64_t next; /* next count of the consumer */
  unsigned refs;
  unsigned silent;   /* ticks since the last message */
  bool is_there;     /* the connection is up */
  char consumer[64]; /* "" before the first one */
  char inbox[64];
  char subject[KEY_SIZE];
} watch_t;

static const bucket_t *bucket_of(const watch_t *w) {
  return avow__nats_bucket(&w->bucket);
}

static void watch_unref(void *data) {
  watch_t *w = data;
  if (--w->refs > 0)
    return;
  avow_sender_clear(&w->hook);
  avow_channel_clear(&w->changes);
  avow_channel_clear(&w->ticks);
  avow_value_unref(w->bucket);
  avow_free(w);
}

/* Consumers. */

static avow_value_t made(const avow_value_t *answer, void *data) {
  watch_t *w = data;
  const char *text = natsMsg_GetData(avow_to_nats_msg(answer));
  avow__nats_json_string(text != NULL ? avow__nats_json(text, "name") : NULL,
                         w->consumer, sizeof(w->consumer));
  w->next = 1;
  return avow_error(w->consumer[0] != '\0' ? AVOW_ESKIP : UV_EPROTO);
}

static avow_promise_t *make_watch_consumer(watch_t *w);

static avow_value_t make_again(const avow_value_t *none, void *data) {
  return avow_follow(make_watch_consumer(data));
}

static avow_value_t not_made(const avow_value_t *reason, void *data) {
  watch_t *w = data;
  return avow__nats_is_passing(reason)
             ? avow_follow(avow_then(avow__nats_pause(bucket_of(w)->loop),
                                     make_again, NULL, w))
             : avow_value_ref(reason);
}

static avow_promise_t *make_watch_consumer(watch_t *w) {
  char api[128], begin[96] = "\"last_per_subject\"";
  const bucket_t *b = bucket_of(w);
  (void) snprintf(api, sizeof(api), "$JS.API.CONSUMER.CREATE.KV_%s", b->name);
  if (w->last > 0)
    (void) snprintf(begin, sizeof(begin),
                    "\"by_start_sequence\",\"opt_start_seq\":%" PRIu64,
                    w->last + 1);
  avow_promise_t *p = avow__nats_api(
      &b->connection, api,
      avow__nats_text("{\"stream_name\":\"KV_%s\",\"config\":{"
                      "\"deliver_subject\":\"%s\",\"deliver_policy\":%s,"
                      "\"ack_policy\":\"none\",\"max_deliver\":1,"
                      "\"filter_subject\":\"%s\",\"flow_control\":true,"
                      "\"idle_heartbeat\":%" PRIu64
                      ",\"mem_storage\":true,\"num_replicas\":1,"
                      "\"replay_policy\":\"instant\"}}",
                      b->name, w->inbox, begin, w->subject,
                      (uint64_t) HEARTBEAT_MS * 1000000),
      NULL);
  return avow_then(p, made, not_made, w);
}

/* Messages of the old consumer are ignored from now on. */
static avow_value_t begin_anew(watch_t *w) {
  char api[192];
  const bucket_t *b = bucket_of(w);
  (void) snprintf(api, sizeof(api), "$JS.API.CONSUMER.DELETE.KV_%s.%s", b->name,
                  w->consumer);
  if (w->consumer[0] != '\0')
    avow__nats_drop(avow_nats_publish(&b->connection, api, avow_none(), NULL));
  w->consumer[0] = '\0';
  w->silent = 0;
  w->refs++;
  return avow_follow(avow_attach(make_watch_consumer(w), w, watch_unref));
}

/* Items. */

static avow_value_t watch_on_state(watch_t *w, int64_t state) {
  const bool was_there = w->is_there;
  w->is_there = state == NATS_CONN_STATUS_CONNECTED;
  if (state == NATS_CONN_STATUS_CLOSED) { /* the last status */
    avow_channel_close(w->changes);
    avow_channel_close(w->ticks);
    avow_sender_clear(&w->hook);
  }
  return w->is_there && !was_there ? begin_anew(w) : avow_error(AVOW_ESKIP);
}

/* Handles a flow control request, or a heartbeat with the consumer's count. */
static avow_value_t on_status_message(watch_t *w, natsMsg *msg) {
  const char *last = NULL, *reply = natsMsg_GetReply(msg);
  if (reply != NULL)
    avow__nats_drop(
        avow_nats_publish(&bucket_of(w)->connection, reply, avow_none(), NULL));
  else if (natsMsgHeader_Get(msg, "Nats-Last-Consumer", &last) == NATS_OK &&
           w->consumer[0] != '\0' && strtoull(last, NULL, 10) >= w->next)
    return begin_anew(w);
  return avow_error(AVOW_ESKIP);
}

static avow_value_t on_change(watch_t *w, natsMsg *msg) {
  const char *reply = natsMsg_GetReply(msg);
  if (reply == NULL)
    return avow_error(AVOW_ESKIP);
  const char *consumer = avow__nats_reply_token(reply, CONSUMER);
  const size_t len = strlen(w->consumer);
  if (len == 0 || strncmp(consumer, w->consumer, len) != 0 ||
      consumer[len] != '.')
    return avow_error(AVOW_ESKIP);
  if (strtoull(avow__nats_reply_token(reply, COUNT), NULL, 10) != w->next)
    return begin_anew(w);
  w->next++;
  w->last = strtoull(avow__nats_reply_token(reply, REVISION), NULL, 10);
  return avow__nats_change(msg, natsMsg_GetSubject(msg), w->last);
}

/* A consumer that is still being created sends no heartbeats. */
static avow_value_t on_silence(watch_t *w) {
  if (!w->is_there || w->consumer[0] == '\0')
    return avow_error(AVOW_ESKIP);
  return ++w->silent > SILENT ? begin_anew(w) : avow_error(AVOW_ESKIP);
}

/* Status messages are sent to the inbox, and changes to the subjects of their
   keys. */
static avow_value_t on_watch_message(watch_t *w, natsMsg *msg) {
  w->silent = 0;
  return strcmp(natsMsg_GetSubject(msg), w->inbox) == 0
             ? on_status_message(w, msg)
             : on_change(w, msg);
}

static avow_value_t on_item(const avow_value_t *item, void *data) {
  return item->tag == AVOW_INT ? watch_on_state(data, avow_to_int(item))
         : item->tag == AVOW_POINTER
             ? on_silence(data)
             : on_watch_message(data, avow_to_nats_msg(item));
}

/* Converts a tick to a value that is no status. */
static avow_value_t to_beat(const avow_value_t *ticks, void *watch) {
  return avow_pointer(watch);
}

/* Releases `w` when the channel ends, which never has items. Returns false if
   the channel has already ended. */
static bool end_with(watch_t *w, const avow_channel_t *alive) {
  w->hook = avow_sender_new(alive, 0);
  avow_promise_t *ended = avow_channel_next(alive);
  bool lives = avow_state(ended) == AVOW_PENDING;
  ended = avow_attach(ended, w, watch_unref);
  lives = lives && avow_state(ended) == AVOW_PENDING;
  /* marks it as handled; the changes report errors */
  (void) avow_result(ended);
  avow_unref(ended);
  return lives;
}

/* `alive` and the stage that uses `w` are inputs of the same merge. When
   `alive` ends, the stage has ended or ends with it. */
static avow_channel_t *begin(watch_t *w) {
  uv_loop_t *loop = bucket_of(w)->loop;
  const avow_value_t *connection = &bucket_of(w)->connection;
  avow_channel_t *alive = avow_channel_new(loop, 0);
  if (!end_with(w, alive)) {
    avow_channel_unref(alive);
    return avow__nats_failed_channel(loop, UV_ENOMEM);
  }
  w->changes = avow_nats_subscribe(connection, w->inbox, NULL, ROOM);
  w->ticks = avow_ticks(loop, HEARTBEAT_MS);
  avow_channel_t *sources[] = {
    avow_channel_ref(w->changes),
    avow_nats_states(connection),
    avow_channel_map(avow_channel_ref(w->ticks), to_beat, w, NULL),
  };
  avow_channel_t *both[] = {
    avow_channel_map(avow_channel_merge(loop, sources, 3), on_item, w, NULL),
    alive
  };
  return avow_channel_merge(loop, both, 2);
}

avow_channel_t *avow_nats_watch(const avow_value_t *bucket, const char *key) {
  natsInbox *inbox = NULL;
  char subject[KEY_SIZE];
  const bucket_t *b = avow__nats_bucket(bucket);
  if (b == NULL || !avow__nats_key(b, subject, key, true))
    return avow__nats_failed_channel(b != NULL ? b->loop : NULL, UV_EINVAL);
  watch_t *w = avow_calloc(1, sizeof(*w));
  if (w == NULL || natsInbox_Create(&inbox) != NATS_OK) {
    avow_free(w);
    return avow__nats_failed_channel(b->loop, UV_ENOMEM);
  }
  w->refs = 1;
  w->bucket = avow_value_ref(bucket);
  (void) snprintf(w->inbox, sizeof(w->inbox), "%s", inbox);
  (void) snprintf(w->subject, sizeof(w->subject), "%s", subject);
  natsInbox_Destroy(inbox);
  return begin(w);
}
