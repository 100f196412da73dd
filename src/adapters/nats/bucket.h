/* SPDX-License-Identifier: MIT */
/* Buckets of keys and values. A bucket is a JetStream stream KV_NAME with the
   subjects $KV.NAME.KEY, as in other programs. */
#ifndef AVOW_NATS_BUCKET_H
#define AVOW_NATS_BUCKET_H

#include "jetstream.h"

enum { KEY_MAX = 255, KEY_SIZE = KEY_MAX + 80 };

typedef struct {
  avow_value_t connection;
  uv_loop_t *loop;
  char name[65];
  bool is_indirect; /* only a consumer can read its contents */
} bucket_t;

/* Returns the bucket. For any other value returns NULL, and debug builds
   abort. */
bucket_t *avow__nats_bucket(const avow_value_t *bucket);

/* Writes the subject of a key, or of a pattern if `wild`. Returns false if the
   key is invalid. */
bool avow__nats_key(const bucket_t *b, char subject[KEY_SIZE], const char *key,
                    bool wild);

/* Creates an OBJECT: the change in a message with this subject. */
avow_value_t avow__nats_change(natsMsg *msg, const char *subject,
                               uint64_t revision);

#endif
