/* SPDX-License-Identifier: MIT */
/*
 * Random changes of an input, as fuzzers make them: bytes are changed, added,
 * removed, and repeated many times. Repetition finds code whose time grows too
 * fast with the length, or that does not limit the number of digits.
 */
#include "change.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT = 64, CHANGED_LONGEST = 4096, CHANGES = 8 };

static struct {
  uint8_t *data;
  size_t size;
} kept[KEPT];
static size_t n_kept;

static void keep(const char *path) {
  static uint8_t data[LONGEST];
  size_t size = read_input(path, data);
  if (size > CHANGED_LONGEST)
    size = CHANGED_LONGEST;
  kept[n_kept].data = malloc(size + 1);
  if (kept[n_kept].data == NULL)
    abort();
  memcpy(kept[n_kept].data, data, size);
  kept[n_kept++].size = size;
}

void change_init(const char *directory) {
  struct dirent **entries;
  const int n = list_inputs(directory, &entries);
  for (int i = 0; i < n; i++) {
    char name[4096];
    (void) snprintf(name, sizeof(name), "%s/%s", directory, entries[i]->d_name);
    if (n_kept < KEPT)
      keep(name);
    free(entries[i]);
  }
  free(entries);
}

typedef struct {
  uint8_t *data;
  size_t size;
  uint64_t random;
} input_t;

static size_t roll(input_t *input, size_t n) {
  return (size_t) (next_random(&input->random) % n);
}

/* Opens a gap of `len` bytes. Returns false if the input would be too long. */
static bool open_gap(input_t *input, size_t at, size_t len) {
  if (len > CHANGED_LONGEST - input->size)
    return false;
  memmove(input->data + at + len, input->data + at, input->size - at);
  input->size += len;
  return true;
}

/* Returns a byte with a meaning in one of the parsers, or any byte. */
static uint8_t some_byte(input_t *input) {
  static const char telling[] = "[]*?!-\\./:%&=,; \t\r\n0019azAZ~";
  const size_t i = roll(input, 2 * sizeof(telling));
  return i < sizeof(telling) ? (uint8_t) telling[i]
                             : (uint8_t) roll(input, 256);
}

static void set_byte(input_t *input, size_t at) {
  if (at < input->size)
    input->data[at] = some_byte(input);
}

static void insert_run(input_t *input, size_t at) {
  const size_t len = (size_t) 1 << roll(input, 9);
  const uint8_t byte = some_byte(input);
  if (open_gap(input, at, len))
    memset(input->data + at, byte, len);
}

static void remove_run(input_t *input, size_t at) {
  const size_t len = roll(input, input->size - at + 1);
  memmove(input->data + at, input->data + at + len, input->size - at - len);
  input->size -= len;
}

/* Repeats some bytes at this place, once or as often as fits. */
static void repeat_run(input_t *input, size_t at) {
  const size_t left = input->size - at;
  const size_t len = left > 0 ? 1 + roll(input, left < 32 ? left : 32) : 0;
  size_t times = (size_t) 1 << roll(input, 8);
  while (len > 0 && times-- > 0 && open_gap(input, at, len))
    memcpy(input->data + at, input->data + at + len, len);
}

/* Replaces the rest of the input by the end of another input. */
static void splice(input_t *input, size_t at) {
  const size_t other = roll(input, n_kept);
  const size_t from = roll(input, kept[other].size + 1);
  const size_t left = kept[other].size - from;
  const size_t room = CHANGED_LONGEST - at;
  const size_t len = left < room ? left : room;
  memcpy(input->data + at, kept[other].data + from, len);
  input->size = at + len;
}

size_t change_input(uint8_t data[LONGEST], uint64_t seed) {
  static void (*const changes[])(input_t *, size_t) = {
    set_byte, set_byte, insert_run, remove_run, repeat_run, splice,
  };
  input_t input = { .data = data,
                    .random = seed * UINT64_C(0xd1342543de82ef95) };
  const size_t first = roll(&input, n_kept);
  input.size = kept[first].size;
  memcpy(data, kept[first].data, input.size);
  for (size_t n = 1 + roll(&input, CHANGES); n > 0; n--)
    changes[roll(&input, sizeof(changes) / sizeof(*changes))](
        &input, roll(&input, input.size + 1));
  return input.size;
}
