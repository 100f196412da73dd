/* SPDX-License-Identifier: MIT */
/* Buckets of keys and values: streams of JetStream's, KV_NAME, whose subjects
   are $KV.NAME.KEY, as other programs have them. */
#ifndef AVOW_NATS_BUCKET_H
#define AVOW_NATS_BUCKET_H

#include "jetstream.h"

enum { KEY_MAX = 255, KEY_SIZE = KEY_MAX + 80 };

typedef struct {
  avow_value_t connection;
  uv_loop_t *loop;
  char name[65];
  bool is_indirect; /* only a consumer hears what is in it */
} bucket_t;

/* The bucket; NULL, which debug builds do not survive, of anything else. */
bucket_t *avow__nats_bucket(const avow_value_t *bucket);

/* The subject of a key, or of many if wild; false of what is no such. */
bool avow__nats_key(const bucket_t *b, char subject[KEY_SIZE], const char *key,
                    bool wild);

/* OBJECT: a change, of a message with that subject. */
avow_value_t avow__nats_change(natsMsg *msg, const char *subject,
                               uint64_t revision);

#endif
