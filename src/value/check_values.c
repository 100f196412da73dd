/* SPDX-License-Identifier: MIT */
/*
 * Checked builds: the memory of values. Each block is behind a header that
 * links it into the list of blocks in use. The report of leaked values reads
 * the list. A freed block is overwritten and waits in quarantine, so that its
 * address is not used again at once. A later use of the value is recognized,
 * and reads no other value. Builds without the pool have no quarantine, because
 * their tools watch freed memory.
 *
 * One lock guards both lists. fork() takes it, so that the child can use it.
 */
#include "value/check_values.h"

#include <inttypes.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/backtrace.h"
#include "base/check_tally.h"
#include "base/container.h"
#include "base/list.h"
#include "base/symbol.h"
#include "base/thread_id.h"
#ifndef _WIN32
#  include <pthread.h>
#endif

#if AVOW__DEBUG

#  ifdef AVOW__QUARANTINE
enum { QUARANTINE = 64 * 1024 };
#  else
enum { QUARANTINE = 0 };
#  endif

enum { FREED = 0xdb, PLACES = 20 };

typedef struct {
  alignas(max_align_t) avow__link_t link; /* in `used` or `freed` */
  size_t size;                            /* of the block */
  const void *made, *freed_in;            /* places; NULL: not recorded */
  uintptr_t maker;                        /* avow__here() of its thread */
  char class_name[24]; /* of an object, whose class may be unloaded */
  bool marked;         /* not reported: another value holds it */
} header_t;

static uv_once_t once = UV_ONCE_INIT;
static uv_mutex_t mutex;
static avow__link_t *used, *freed;
static size_t freed_size;
static unsigned open_loops;

static void values_lock(void) {
  uv_mutex_lock(&mutex);
}

static void values_unlock(void) {
  uv_mutex_unlock(&mutex);
}

static void values_init(void) {
  if (uv_mutex_init(&mutex) != 0)
    abort(); /* as libuv does for its own locks */
#  ifndef _WIN32
  (void) pthread_atfork(values_lock, values_unlock, values_unlock);
#  endif
}

static header_t *header_of(const void *block) {
  const union {
    const void *from;
    header_t *to;
  } same = { .from = block };
  return same.to - 1;
}

static header_t *header_at(avow__link_t *link) {
  return AVOW__CONTAINER(header_t, link, link);
}

/* Frees the blocks of the quarantine above `most` bytes, oldest first. */
static void quarantine_trim(size_t most) {
  while (freed_size > most) {
    header_t *header = header_at(avow__list_take_first(&freed));
    freed_size -= header->size;
    avow_free(header);
  }
}

bool avow__values_free_quarantine(void) {
  uv_once(&once, values_init);
  values_lock();
  const bool had = freed_size > 0;
  quarantine_trim(0);
  values_unlock();
  return had;
}

static void *block_list(header_t *header, size_t size) {
  header->size = size;
  values_lock();
  avow__list_append(&used, &header->link);
  values_unlock();
  return header + 1;
}

void *avow__value_malloc(size_t size) {
  uv_once(&once, values_init);
  const size_t all = avow__plus(sizeof(header_t), size);
  header_t *header = avow_malloc(all);
  if (header == NULL && avow__values_free_quarantine())
    header = avow_malloc(all);
  if (header == NULL)
    return NULL;
  header->made = avow__program_caller();
  header->maker = avow__here();
  header->class_name[0] = '\0';
  header->marked = false;
  return block_list(header, size);
}

static void block_unlist(header_t *header) {
  values_lock();
  avow__list_remove(&used, &header->link);
  values_unlock();
}

void *avow__value_realloc(void *block, size_t size) {
  header_t *header = header_of(block);
  const size_t all = avow__plus(sizeof(header_t), size);
  block_unlist(header);
  header_t *moved = avow_realloc(header, all);
  if (moved == NULL && avow__values_free_quarantine())
    moved = avow_realloc(header, all);
  if (moved != NULL)
    return block_list(moved, size);
  (void) block_list(header, header->size);
  return NULL;
}

/* A large block would displace all others. */
static bool quarantine_takes(const header_t *header) {
  return open_loops > 0 && header->size <= QUARANTINE / 4;
}

void avow__value_free(avow__block_t *block) {
  header_t *header = header_of(block);
  const void *site = avow__release_site();
  values_lock();
  avow__list_remove(&used, &header->link);
  const bool keeps = quarantine_takes(header);
  if (keeps) {
    memset(block, FREED, header->size);
    header->freed_in = site;
    avow__list_append(&freed, &header->link);
    freed_size += header->size;
    quarantine_trim(QUARANTINE);
  }
  values_unlock();
  if (!keeps)
    avow_free(header);
}

void avow__value_name(const avow__block_t *block, const char *name) {
  header_t *header = header_of(block);
  (void) snprintf(header->class_name, sizeof(header->class_name), "%s",
                  name); /* a long name is cut */
}

/* The block's own bytes are read only if nothing freed it: another block may
   have removed its address from the record. */
bool avow__value_is_freed(const avow__block_t *block) {
  return avow__is_gone(block) || block->tag == FREED * 0x01010101u;
}

const char *avow__value_freed_in(const avow__block_t *block) {
  static _Thread_local char text[AVOW__PLACE_TEXT];
  const void *place = NULL;
  values_lock();
  for (avow__link_t *link = freed; link != NULL; link = link->next) {
    if (header_at(link) == header_of(block))
      place = header_at(link)->freed_in;
    if (link->next == freed)
      break;
  }
  values_unlock();
  return avow__text_of_place(text, " in ", place, "");
}

void avow__values_begin(void) {
  uv_once(&once, values_init);
  values_lock();
  open_loops++;
  values_unlock();
}

void avow__values_end(void) {
  values_lock();
  open_loops--;
  quarantine_trim(0);
  values_unlock();
}

static void block_mark(const avow_value_t *v) {
  if (avow__is_counted(v))
    header_of(v->u.p)->marked = true;
}

/* Marks the values that are inside the block. */
static void mark_inside(const avow__block_t *block) {
  if (block->tag == AVOW_ERROR)
    block_mark(&((const avow__error_t *) block)->cause);
  if (block->tag != AVOW_LIST)
    return;
  const avow__list_t *list = (const avow__list_t *) block;
  for (size_t i = 0; i < list->len; i++)
    block_mark(&list->items[i]);
}

static void used_each(void (*fn)(header_t *header, void *data), void *data) {
  avow__link_t *link = used;
  while (link != NULL) {
    fn(header_at(link), data);
    link = link->next != used ? link->next : NULL;
  }
}

/* Other threads may still use the values that they have made. */
static bool made_here(const header_t *header) {
  return header->maker == avow__here();
}

static void mark_one(header_t *header, void *data) {
  if (made_here(header))
    mark_inside((const avow__block_t *) (header + 1));
}

/* An object that avow keeps is not a value while its block has no reference. */
static bool value_is_left(const header_t *header) {
  const avow__block_t *block = (const avow__block_t *) (header + 1);
  return made_here(header) && !header->marked &&
         (!block->kept || !avow__is_gone(block));
}

/* avow_type_name() would take the lock, and read the class. */
static const char *type_name_of(const header_t *header) {
  const avow__block_t *block = (const avow__block_t *) (header + 1);
  const avow_value_t v = { .tag = block->tag };
  const bool is_object = v.tag == AVOW_OBJECT || v.tag == AVOW_THENABLE;
  return is_object ? header->class_name : avow_type_name(&v);
}

static void count_left(header_t *header, void *data) {
  if (value_is_left(header))
    avow__tally_add(data, type_name_of(header), 1);
}

/* Prints the place of a value that is left, for the first few. */
static void print_maker(header_t *header, void *data) {
  size_t *printed = data;
  if (header->made == NULL || !value_is_left(header) || ++*printed > PLACES)
    return;
  avow__advise("  %s made in %s", type_name_of(header),
               avow__symbol_text(header->made));
}

static void print_left(const avow__tally_t *left, const char *when) {
  const uint64_t n = avow__tally_sum(left);
  const bool many = n > 1;
  size_t printed = 0;
  if (n == 0)
    return;
  avow__advise("%s: %" PRIu64
               " value%s %s still referenced; call avow_value_unref() on %s:",
               when, n, many ? "s" : "", many ? "are" : "is",
               many ? "each" : "it");
  avow__tally_print(left, "");
  used_each(print_maker, &printed);
}

/* The lock is held while lines are printed, because the list must not
   change. */
void avow__values_report(const char *when) {
  avow__tally_t left = { .rows[0] = { .name = NULL } };
  values_lock();
  used_each(mark_one, NULL);
  used_each(count_left, &left);
  print_left(&left, when);
  values_unlock();
}

#else

typedef int avow__nothing_t; /* C requires a declaration in each file */

#endif
