/* SPDX-License-Identifier: MIT */
/*
 * Caches. The table has an entry for each key that has a running call or a kept
 * value, and holds a reference to the entry. Kept values are in a list by age,
 * and the expired ones come first. They are dropped when the program calls the
 * cache, so no timer runs for them.
 */
#include "avow/cache.h"

#include <string.h>

#include "base/alloc.h"
#include "base/container.h"
#include "base/options_check.h"
#include "base/table.h"
#include "engine/virtual_clock.h"
#include "flow/single_flight.h"
#include "tools/tool.h"
#include "value/value.h"

typedef struct {
  uint32_t refs; /* its tool and its entries */
  avow__table_t entries;
  avow__link_t *kept; /* entries with a value, the oldest first */
  size_t count;       /* of entries in `kept` */
  avow__context_t *context;
  avow_cb fn;
  void *data;
  void (*free_fn)(void *data);
  avow_cache_options_t options;
} cache_t;

typedef struct {
  avow__flight_t flight;
  avow__node_t node; /* its key is the hash of `key` */
  avow__link_t link; /* in the cache's list `kept` */
  cache_t *cache;
  avow_value_t key;
  avow_value_t value;
  uint64_t end; /* when the value expires */
  bool listed;  /* is in the table */
  bool kept;
} cached_t;

static cached_t *cached_at(avow__link_t *link) {
  return AVOW__CONTAINER(cached_t, link, link);
}

static cached_t *cached_of(avow__node_t *node) {
  return AVOW__CONTAINER(cached_t, node, node);
}

static void cache_release(cache_t *cache) {
  if (--cache->refs > 0)
    return;
  assert(cache->kept == NULL && cache->entries.count == 0);
  avow__table_close(&cache->entries);
  if (cache->free_fn != NULL)
    cache->free_fn(cache->data);
  avow_free(cache);
}

/* Keys. */

static bool is_key(const avow_value_t *key) {
  return key->tag == AVOW_INT || key->tag == AVOW_BYTES;
}

/* FNV-1a with a different start in each cache, so that keys that an attacker
   makes up collide only by chance. */
static const void *key_number(const cache_t *cache, const avow_value_t *key) {
  size_t len = sizeof(key->u.i);
  const char *bytes = (const char *) &key->u.i;
  if (key->tag == AVOW_BYTES)
    bytes = avow_to_bytes(key, &len);
  uint64_t h = UINT64_C(0xcbf29ce484222325) ^ (uintptr_t) cache;
  for (size_t i = 0; i < len; i++)
    h = (h ^ (unsigned char) bytes[i]) * UINT64_C(0x100000001b3);
  const union {
    uintptr_t number;
    const void *address;
  } key_of_table = { .number = (uintptr_t) h };
  return key_of_table.address;
}

static bool is_same_key(const avow_value_t *a, const avow_value_t *b) {
  if (a->tag != b->tag)
    return false;
  if (a->tag == AVOW_INT)
    return a->u.i == b->u.i;
  size_t len, other_len;
  const char *bytes = avow_to_bytes(a, &len);
  const char *others = avow_to_bytes(b, &other_len);
  return len == other_len && memcmp(bytes, others, len) == 0;
}

/* Entries. */

static void cached_drop(cached_t *entry) {
  cache_t *cache = entry->cache;
  if (!entry->kept)
    return;
  entry->kept = false;
  cache->count--;
  avow__list_remove(&cache->kept, &entry->link);
  const avow_value_t value = entry->value;
  entry->value = avow_none();
  avow__value_unref(value); /* last, because it may call the program */
}

static void cached_unlist(cached_t *entry) {
  if (!entry->listed)
    return;
  entry->listed = false;
  avow__table_remove(&entry->cache->entries, &entry->node);
  cached_drop(entry);
  avow__parent_unref(&entry->flight.parent);
}

static uint64_t end_of_time(const cache_t *cache) {
  const uint64_t now = avow__present(cache->context);
  const uint64_t ttl = cache->options.ttl;
  return ttl < UINT64_MAX - now ? now + ttl : UINT64_MAX;
}

static void cached_keep(cached_t *entry, const avow_value_t *value) {
  cache_t *cache = entry->cache;
  const avow_value_t old = entry->value;
  if (entry->kept)
    avow__list_remove(&cache->kept, &entry->link);
  cache->count += !entry->kept;
  entry->kept = true;
  entry->value = avow_value_ref(value);
  entry->end = end_of_time(cache);
  avow__list_append(&cache->kept, &entry->link);
  avow__value_unref(old); /* last, because it may call the program */
}

static avow_value_t cached_run(avow__flight_t *flight) {
  const cached_t *entry = (cached_t *) flight;
  return avow__owned(entry->cache->fn(&entry->key, entry->cache->data),
                     &entry->key);
}

/* Drops the oldest value. Its entry stays while a call for its key runs. */
static void cache_drop_oldest(cache_t *cache) {
  cached_t *entry = cached_at(cache->kept);
  if (entry->flight.parent.running > 0)
    cached_drop(entry);
  else
    cached_unlist(entry);
}

static void cached_landed(avow__flight_t *flight, const avow_value_t *outcome) {
  cached_t *entry = (cached_t *) flight;
  cache_t *cache = entry->cache;
  if (!entry->listed)
    return;
  if (!avow_is_error(outcome) && cache->options.ttl > 0)
    cached_keep(entry, outcome);
  if (!entry->kept)
    cached_unlist(entry);
  else if (cache->count > cache->options.most && cache->options.most > 0)
    cache_drop_oldest(cache);
}

static void cached_destroy(avow__parent_t *parent) {
  const cached_t *entry = (cached_t *) parent;
  avow__value_unref(entry->key);
  cache_release(entry->cache);
}

static cached_t *cached_new(cache_t *cache, avow_value_t key) {
  static const avow__flight_class_t flight_class = {
    .parent = { .report = avow__flight_report, .destroy = cached_destroy },
    .run = cached_run,
    .landed = cached_landed
  };
  cached_t *entry =
      avow__flight_new(cache->context->loop, &flight_class, sizeof(*entry));
  if (entry == NULL)
    return NULL;
  cache->refs++;
  entry->cache = cache;
  entry->key = avow_value_ref(&key);
  entry->node.key = key_number(cache, &key);
  entry->listed = true;
  avow__table_add(&cache->entries, &entry->node);
  return entry;
}

/* Drops the expired values. */
static void cache_look(cache_t *cache) {
  const uint64_t now = avow__present(cache->context);
  while (cache->kept != NULL && cached_at(cache->kept)->end <= now)
    cache_drop_oldest(cache);
}

/* Finds the entry of a key. Returns NULL if there is none. */
static cached_t *cache_find(cache_t *cache, const avow_value_t *key) {
  const void *number = key_number(cache, key);
  avow__node_t *node = avow__table_find(&cache->entries, number);
  while (node != NULL &&
         (node->key != number || !is_same_key(&cached_of(node)->key, key)))
    node = node->next;
  return node != NULL ? cached_of(node) : NULL;
}

/* Tools. */

/* Outcomes of running calls go to their callers and are not kept. */
static void cache_let_go(void *self) {
  cache_t *cache = self;
  cache->options.ttl = 0;
  while (cache->kept != NULL)
    cache_drop_oldest(cache);
  cache_release(cache);
}

static const avow_class_t cache_class = { .name = "cache",
                                          .destroy = cache_let_go };

avow_cache_t *avow_cache_new(uv_loop_t *loop, avow_cb fn, void *data,
                             void (*free_fn)(void *data),
                             const avow_cache_options_t *options) {
  const int err = fn != NULL ? AVOW__RESERVED(options) : UV_EINVAL;
  cache_t *cache = err == 0 ? avow_calloc(1, sizeof(*cache)) : NULL;
  if (cache == NULL) {
    if (free_fn != NULL)
      free_fn(data);
    return avow__tool_refuse(loop, err != 0 ? err : UV_ENOMEM, "cache");
  }
  *cache = (cache_t){ .refs = 1,
                      .context = avow__context_of(loop),
                      .fn = fn,
                      .data = data,
                      .free_fn = free_fn };
  if (options != NULL)
    cache->options = *options;
  return avow__tool_wrap(loop, &cache_class, cache);
}

static avow_promise_t *cache_reject(const avow_cache_t *c,
                                    const avow_value_t *key) {
  uv_loop_t *loop = avow__tool_loop(c);
  if (avow_is_error(key))
    return avow_promise_reject(loop, avow_value_ref(key));
  return avow__refuse(loop, UV_EINVAL, "cache", NULL);
}

/* With `anew`, a kept value does not answer the call. */
static avow_promise_t *cache_ask(cache_t *cache, const avow_value_t *key,
                                 bool anew) {
  cache_look(cache);
  cached_t *entry = cache_find(cache, key);
  uv_loop_t *loop = cache->context->loop;
  if (entry != NULL && entry->kept && !anew)
    return avow_promise_resolve(loop, avow_value_ref(&entry->value));
  if (entry == NULL)
    entry = cached_new(cache, *key);
  if (entry == NULL)
    return avow_promise_reject(loop, avow_error(UV_ENOMEM));
  avow_promise_t *p = avow__flight_join(&entry->flight);
  if (entry->flight.parent.running == 0 && !entry->kept)
    cached_unlist(entry); /* no memory to wait for a call */
  return p;
}

static avow_promise_t *ask(const avow_cache_t *c, avow_value_t key, bool anew) {
  cache_t *cache = avow__tool_self(c, &cache_class);
  avow_promise_t *p;
  if (cache == NULL)
    p = avow__tool_ref(c, "cache");
  else if ((p = avow__refuse_closed(c)) == NULL)
    p = is_key(&key) ? cache_ask(cache, &key, anew) : cache_reject(c, &key);
  avow__value_unref(key);
  return p;
}

avow_promise_t *avow_cache_get(const avow_cache_t *c, avow_value_t key) {
  avow__check_given(c, "cache");
  return ask(c, key, false);
}

avow_promise_t *avow_cache_refresh(const avow_cache_t *c, avow_value_t key) {
  avow__check_given(c, "cache");
  return ask(c, key, true);
}

/* Returns NULL if the cache was refused, is no cache, or has outlived its
   loop. */
static cache_t *cache_behind(const avow_cache_t *c, const char *called) {
  if (c == NULL)
    avow__misuse_of_null_in("cache", called);
  cache_t *cache = avow__tool_self_in(c, &cache_class, called);
  return cache == NULL || cache->context->life == AVOW__CLOSED ? NULL : cache;
}

void avow_cache_forget(const avow_cache_t *c, avow_value_t key) {
  cache_t *cache = cache_behind(c, AVOW__CALLED);
  cached_t *entry =
      cache != NULL && is_key(&key) ? cache_find(cache, &key) : NULL;
  if (entry != NULL)
    cached_unlist(entry);
  avow__value_unref(key);
}

size_t avow_cache_kept(const avow_cache_t *c) {
  cache_t *cache = cache_behind(c, AVOW__CALLED);
  if (cache == NULL)
    return 0;
  cache_look(cache);
  return cache->count;
}

void avow_cache_unref(avow_cache_t *c) {
  avow__tool_unref(c, &cache_class);
}
