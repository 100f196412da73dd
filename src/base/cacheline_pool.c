/* SPDX-License-Identifier: MIT */
/* Allocates cache lines in batches. */
#include "base/cacheline_pool.h"

#include <stdatomic.h>
#include <stdint.h>

#include "base/alloc.h"

enum { EACH = AVOW__LINES_EACH };

/* Limit on the empty batches that are kept for later lines. */
#ifdef AVOW_NO_POOL
enum { EMPTY_MAX = 0 };
#else
enum { EMPTY_MAX = 512 };
#endif

struct avow__batch_s {
  avow__link_t link; /* in the set's list; must be first */
  void *memory;      /* result of malloc() */
  avow__line_t *free;
  unsigned used, fresh; /* `fresh`: lines given out since the batch was empty */
  atomic_uint owners;   /* lines in use when the loop left the set */
};

_Static_assert(sizeof(avow__batch_t) <= AVOW__LINE, "lines come after it");

static avow__line_t *line_at(avow__batch_t *batch, unsigned i) {
  char *first = (char *) batch + AVOW__LINE;
  return (avow__line_t *) (void *) (first + (size_t) i * AVOW__LINE);
}

static avow__batch_t *first_batch(const avow__lines_t *lines) {
  return (avow__batch_t *) lines->batches;
}

/* Moves a full first batch to the end. It stays first until then, because its
   lines may be taken and given back alternately. After the first, batches with
   free lines precede full ones. */
static void pass_full(avow__lines_t *lines) {
  const avow__batch_t *first = first_batch(lines);
  if (first != NULL && first->used == EACH)
    lines->batches = first->link.next;
}

static void put_first(avow__lines_t *lines, avow__batch_t *batch) {
  avow__list_append(&lines->batches, &batch->link);
  lines->batches = &batch->link;
}

static avow__batch_t *batch_new(avow__lines_t *lines, size_t width) {
  char *memory = avow_malloc((EACH * width + 2) * AVOW__LINE);
  if (memory == NULL)
    return NULL;
  const size_t off = AVOW__LINE - (uintptr_t) memory % AVOW__LINE;
  avow__batch_t *batch = (avow__batch_t *) (void *) (memory + off);
  *batch = (avow__batch_t){ .memory = memory };
  put_first(lines, batch);
  lines->empty++;
  return batch;
}

static void batch_free(avow__lines_t *lines, avow__batch_t *batch) {
  avow__list_remove(&lines->batches, &batch->link);
  avow_free(batch->memory);
}

static avow__line_t *take_line(avow__batch_t *batch) {
  avow__line_t *line = batch->free;
  if (line == NULL)
    return line_at(batch, batch->fresh++);
  batch->free = line->next;
  return line;
}

static void *take(avow__lines_t *lines, size_t width) {
  pass_full(lines);
  avow__batch_t *batch = first_batch(lines);
  if (batch == NULL || batch->used == EACH)
    batch = batch_new(lines, width);
  if (batch == NULL)
    return NULL;
  avow__line_t *line = take_line(batch);
  line->batch = batch;
  lines->empty -= batch->used == 0;
  batch->used++;
  return line;
}

void *avow__line_take(avow__lines_t *lines) {
  return take(lines, 1);
}

void *avow__line_take_two(avow__lines_t *lines) {
  return take(lines, 2);
}

static void batch_clear(avow__lines_t *lines, avow__batch_t *batch) {
  batch->free = NULL;
  batch->fresh = 0;
  if (lines->empty < EMPTY_MAX)
    lines->empty++;
  else
    batch_free(lines, batch);
}

void avow__line_give(avow__lines_t *lines, void *given) {
  avow__line_t *line = given;
  avow__batch_t *batch = line->batch;
  line->next = batch->free;
  batch->free = line;
  if (batch->used == EACH && batch != first_batch(lines)) {
    pass_full(lines);
    avow__list_remove(&lines->batches, &batch->link);
    put_first(lines, batch);
  }
  if (--batch->used == 0)
    batch_clear(lines, batch);
}

avow__batch_t *avow__lines_leave(avow__lines_t *lines) {
  while (lines->batches != NULL) {
    avow__batch_t *batch = first_batch(lines);
    if (batch->used == 0) {
      lines->empty--;
      batch_free(lines, batch);
      continue;
    }
    avow__list_remove(&lines->batches, &batch->link);
    atomic_init(&batch->owners, batch->used);
    return batch;
  }
  return NULL;
}

void *avow__batch_line(avow__batch_t *batch, unsigned i) {
  return i < batch->fresh ? line_at(batch, i) : NULL;
}

bool avow__line_leave(void *line) {
  avow__batch_t *batch = ((avow__line_t *) line)->batch;
  if (atomic_fetch_sub_explicit(&batch->owners, 1, memory_order_acq_rel) > 1)
    return false;
  avow_free(batch->memory);
  return true;
}
