/* SPDX-License-Identifier: MIT */
/* The memory, the loop and the descriptors of one process. */
#include <dirent.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "load.h"

uv_loop_t room;

static atomic_long live;
static int files;
static size_t resident;

_Noreturn void violated(const char *what, const char *file, int line) {
  (void) fprintf(stderr,
                 "%s:%d: check failed: %s (%u connections, seed %llu)\n", file,
                 line, what, plan.connections,
                 (unsigned long long) plan.seed); /* an error is ignored */
  exit(1);
}

static void *counted(void *block) {
  if (block != NULL)
    live++;
  return block;
}

static void *count_malloc(size_t size) {
  return counted(malloc(size));
}

static void *count_calloc(size_t n, size_t size) {
  return counted(calloc(n, size));
}

static void *count_realloc(void *block, size_t size) {
  return block == NULL ? counted(malloc(size)) : realloc(block, size);
}

static void count_free(void *block) {
  if (block != NULL)
    live--;
  free(block);
}

void *room_calloc(size_t size) {
  void *block = count_calloc(1, size);
  CHECK(block != NULL);
  return block;
}

void room_free(void *block) {
  count_free(block);
}

static int open_files(void) {
  DIR *directory = opendir("/proc/self/fd");
  CHECK(directory != NULL);
  int n = 0;
  while (readdir(directory) != NULL)
    n++;
  (void) closedir(directory); /* it was only read */
  return n;
}

void room_init(void) {
  CHECK(uv_replace_allocator(count_malloc, count_realloc, count_calloc,
                             count_free) == 0);
  CHECK(avow_replace_allocator(count_malloc, count_realloc, count_calloc,
                               count_free) == 0);
}

static void on_unhandled(uv_loop_t *loop, const avow_value_t *reason,
                         const char *where, void *data) {
  violated(avow_error_message(reason), "unhandled rejection", 0);
}

void room_open(void) {
  static const avow_options_t options = { .on_unhandled = on_unhandled,
                                          .slow_us = UINT_MAX };
  CHECK(uv_loop_init(&room) == 0); /* libuv keeps its pipe for signals */
  CHECK(uv_loop_close(&room) == 0);
  CHECK(live == 0);
  files = open_files();
  CHECK(uv_loop_init(&room) == 0);
  CHECK(avow_loop_init(&room, &options) == 0);
  CHECK(uv_resident_set_memory(&resident) == 0);
}

static void on_handle(uv_handle_t *handle, void *data) {
  (void) fprintf(stderr, "left: %s\n",
                 uv_handle_type_name(handle->type)); /* the CHECK follows */
}

void room_close(void) {
  avow_stats_t stats;
  avow_loop_stats(&room, &stats, sizeof(stats));
  CHECK(stats.live == 0);
  CHECK(stats.pending == 0);
  CHECK(stats.queued == 0);
  CHECK(stats.requests == 0);
  CHECK(avow_loop_close(&room) == 0);
  uv_walk(&room, on_handle, NULL);
  CHECK(uv_loop_close(&room) == 0);
  CHECK(live == 0);
  CHECK(open_files() == files);
}

void room_opened(report_t *report) {
  report->peak++;
  report->open++;
  CHECK(report->open == report->peak); /* none ends before all are open */
  if (report->open < plan.connections)
    return;
  size_t now = 0;
  CHECK(uv_resident_set_memory(&now) == 0);
  CHECK((unsigned) (open_files() - files) >= plan.connections);
  report->memory = now > resident ? (now - resident) / plan.connections : 0;
}

/* SplitMix64. */
uint32_t next_random(uint64_t *state) {
  uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return (uint32_t) ((z ^ (z >> 31)) >> 32);
}
