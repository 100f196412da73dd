/* SPDX-License-Identifier: MIT */
/* Buckets, and operations on one key. */
#include "bucket.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avow/loop.h"
#include "connection.h"
#include "failure.h"
#include "json.h"
#include "subject_token.h"

static void bucket_destroy(void *data) {
  bucket_t *b = data;
  avow_value_unref(b->connection);
  avow_free(b);
}

static const avow_class_t bucket_class = { .name = "nats bucket",
                                           .destroy = bucket_destroy };

bucket_t *avow__nats_bucket(const avow_value_t *bucket) {
  return avow_to_object(bucket, &bucket_class);
}

/* A key consists of tokens with dots between them. A wildcard is a token. */
bool avow__nats_key(const bucket_t *b, char subject[KEY_SIZE], const char *key,
                    bool wild) {
  static const char plain[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"
      "UVWXYZ0123456789-/_=";
  const size_t len = key != NULL ? strlen(key) : 0;
  if (len == 0 || len > KEY_MAX)
    return false;
  for (const char *at = key; *at != '\0'; at += *at == '.') {
    size_t n = strspn(at, plain);
    if (n == 0 && wild && (*at == '*' || (*at == '>' && at[1] == '\0')))
      n = 1;
    at += n;
    if (n == 0 || (*at != '\0' && *at != '.') || (*at == '.' && at[1] == '\0'))
      return false;
  }
  (void) snprintf(subject, KEY_SIZE, "$KV.%s.%s", b->name, key);
  return true;
}

/* Changes. */

typedef struct {
  avow_nats_change_t change;
  char key[];
} change_t;

static void change_destroy(void *data) {
  change_t *c = data;
  avow_value_unref(c->change.value);
  avow_free(c);
}

static const avow_class_t change_class = { .name = "nats change",
                                           .destroy = change_destroy,
                                           .sendable = true };

const avow_nats_change_t *avow_to_nats_change(const avow_value_t *change) {
  return avow_is_object(change, &change_class)
             ? &((change_t *) avow_to_object(change, &change_class))->change
             : NULL;
}

static bool is_deleted(natsMsg *msg) {
  const char *what = NULL;
  return natsMsgHeader_Get(msg, "KV-Operation", &what) == NATS_OK &&
         (strcmp(what, "DEL") == 0 || strcmp(what, "PURGE") == 0);
}

/* "$KV.NAME.KEY" */
static const char *key_of(const char *subject) {
  for (int dots = 0; dots < 2 && *subject != '\0'; subject++)
    dots += *subject == '.';
  return subject;
}

avow_value_t avow__nats_change(natsMsg *msg, const char *subject,
                               uint64_t revision) {
  const char *key = key_of(subject);
  const size_t size = strlen(key) + 1;
  change_t *c = avow_calloc(1, sizeof(*c) + size);
  if (c == NULL)
    return avow_error(UV_ENOMEM);
  memcpy(c->key, key, size);
  c->change.key = c->key;
  c->change.revision = revision;
  c->change.value = is_deleted(msg)
                        ? avow_none()
                        : avow_bytes(natsMsg_GetData(msg),
                                     (size_t) natsMsg_GetDataLength(msg));
  if (!avow_is_error(&c->change.value))
    return avow_object(&change_class, c);
  const avow_value_t error = avow_value_ref(&c->change.value);
  change_destroy(c);
  return error;
}

/* One key. */

static avow_value_t got(const avow_value_t *answer, void *data) {
  natsMsg *msg = avow_to_nats_msg(answer);
  const char *subject = "", *revision = "";
  if (is_deleted(msg))
    return avow__nats_failure_as(UV_ENOENT, NATS_NOT_FOUND,
                                 "the key is deleted");
  if (natsMsgHeader_Get(msg, "Nats-Subject", &subject) != NATS_OK ||
      natsMsgHeader_Get(msg, "Nats-Sequence", &revision) != NATS_OK)
    return avow_error(UV_EPROTO);
  return avow__nats_change(msg, subject, strtoull(revision, NULL, 10));
}

static avow_promise_t *bucket_refuse(const bucket_t *b, int code) {
  return avow_promise_reject(b != NULL ? b->loop : NULL, avow_error(code));
}

static avow_value_t indirect(void) {
  return avow__nats_failure_as(
      UV_ENOTSUP, NATS_NO_SERVER_SUPPORT,
      "the bucket was made without allow_direct; watch "
      "the bucket to read its keys");
}

avow_promise_t *avow_nats_get(const avow_value_t *bucket, const char *key) {
  char stream[80], subject[KEY_SIZE];
  const bucket_t *b = avow__nats_bucket(bucket);
  if (b == NULL || !avow__nats_key(b, subject, key, false))
    return bucket_refuse(b, UV_EINVAL);
  if (b->is_indirect)
    return avow_promise_reject(b->loop, indirect());
  (void) snprintf(stream, sizeof(stream), "KV_%s", b->name);
  return avow_then(avow__nats_newest(&b->connection, stream, subject), got,
                   NULL, NULL);
}

static avow_promise_t *store_key(const avow_value_t *bucket, const char *key,
                                 avow_value_t value,
                                 const char *const *headers) {
  char subject[KEY_SIZE];
  const bucket_t *b = avow__nats_bucket(bucket);
  if (b != NULL && avow__nats_key(b, subject, key, false))
    return avow__nats_store(&b->connection, subject, value, headers);
  avow_value_unref(value);
  return bucket_refuse(b, UV_EINVAL);
}

avow_promise_t *avow_nats_put(const avow_value_t *bucket, const char *key,
                              avow_value_t value) {
  return store_key(bucket, key, value, NULL);
}

avow_promise_t *avow_nats_delete(const avow_value_t *bucket, const char *key) {
  static const char *const headers[] = { "KV-Operation: DEL", NULL };
  return store_key(bucket, key, avow_none(), headers);
}

/* Opening. */

typedef struct {
  bucket_t *bucket; /* until the program owns it */
  avow_nats_bucket_options_t options;
} opening_t;

static avow_promise_t *make_stream(const opening_t *o) {
  char stream[80];
  const avow_nats_bucket_options_t *options = &o->options;
  const uint64_t age = options->keep * 1000000, window = 120000000000;
  (void) snprintf(stream, sizeof(stream), "KV_%s", o->bucket->name);
  return avow__nats_stream(
      &o->bucket->connection, stream,
      avow__nats_text(
          "{\"name\":\"%s\",\"subjects\":[\"$KV.%s.>\"],"
          "\"retention\":\"limits\",\"storage\":\"file\",\"discard\":\"new\","
          "\"max_consumers\":-1,\"max_msgs\":-1,\"max_bytes\":-1,"
          "\"max_msgs_per_subject\":%u,\"max_age\":%" PRIu64
          ",\"duplicate_window\":%" PRIu64 ",\"num_replicas\":%u,"
          "\"allow_rollup_hdrs\":true,\"deny_delete\":true,"
          "\"allow_direct\":true}",
          stream, o->bucket->name, options->history > 0 ? options->history : 1,
          age, age > 0 && age < window ? age : window,
          options->replicas > 0 ? options->replicas : 1));
}

static avow_value_t opened(const avow_value_t *arg, void *opening) {
  bucket_t *b = ((opening_t *) opening)->bucket;
  ((opening_t *) opening)->bucket = NULL;
  return avow_object(&bucket_class, b);
}

/* Checks whether the stream allows direct reads, because other programs create
   buckets, too. */
static avow_value_t stream_is_there(const avow_value_t *answer, void *opening) {
  const opening_t *o = opening;
  const char *text = natsMsg_GetData(avow_to_nats_msg(answer));
  const char *config = text != NULL ? avow__nats_json(text, "config") : NULL;
  const char *direct =
      config != NULL ? avow__nats_json(config, "allow_direct") : NULL;
  o->bucket->is_indirect = direct == NULL || strncmp(direct, "true", 4) != 0;
  return opened(answer, opening);
}

static avow_value_t stream_missing(const avow_value_t *reason, void *opening) {
  const bool exists = avow_error_code(reason) != UV_ENOENT &&
                      avow_nats_code(reason) != NATS_NO_RESPONDERS;
  return exists ? avow_value_ref(reason)
                : avow_follow(
                      avow_then(make_stream(opening), opened, NULL, opening));
}

/* Looks for an existing stream. */
static avow_promise_t *find_stream(opening_t *o) {
  char api[128];
  (void) snprintf(api, sizeof(api), "$JS.API.STREAM.INFO.KV_%s",
                  o->bucket->name);
  avow_promise_t *p =
      avow__nats_api(&o->bucket->connection, api, avow_none(), NULL);
  return avow_then(p, stream_is_there, stream_missing, o);
}

static void opening_free(void *data) {
  opening_t *o = data;
  if (o->bucket != NULL)
    bucket_destroy(o->bucket);
  avow_free(o);
}

static opening_t *opening_new(const avow_value_t *connection, uv_loop_t *loop,
                              const char *name) {
  opening_t *o = avow_calloc(1, sizeof(*o));
  bucket_t *b = o != NULL ? avow_calloc(1, sizeof(*b)) : NULL;
  if (b == NULL) {
    avow_free(o);
    return NULL;
  }
  b->connection = avow_value_ref(connection);
  b->loop = loop;
  (void) snprintf(b->name, sizeof(b->name), "%s", name);
  o->bucket = b;
  return o;
}

static bool are_bucket_options(const avow_nats_bucket_options_t *options) {
  for (size_t i = 0; options != NULL && i < 4; i++)
    if (options->reserved[i] != 0)
      return false;
  return options == NULL ||
         (options->keep <= INT64_MAX / 1000000 && options->history <= 64);
}

avow_promise_t *avow_nats_bucket(const avow_value_t *connection,
                                 const char *name,
                                 const avow_nats_bucket_options_t *options) {
  connection_t *c = avow__nats_connection(connection);
  if (c == NULL || !avow__nats_is_name(name) || !are_bucket_options(options))
    return avow_promise_reject(c != NULL ? c->loop : NULL,
                               avow_error(UV_EINVAL));
  opening_t *o = opening_new(connection, c->loop, name);
  if (o == NULL)
    return avow_promise_reject(c->loop, avow_error(UV_ENOMEM));
  if (options == NULL)
    return avow_attach(find_stream(o), o, opening_free);
  o->options = *options;
  return avow_attach(avow_then(make_stream(o), opened, NULL, o), o,
                     opening_free);
}
