/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzzer's target without the fuzzer: on the given files and
 * directories, on random inputs (--random N SEED), or on slightly changed files
 * of a directory (--change N SEED DIRECTORY). Input i of a seed is input 0 of
 * that seed plus i. Therefore the output of a failure reproduces it.
 */
#include "replay.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

#include "change.h"
#include "memory.h"

enum { RANDOM_LONGEST = 400 };

static unsigned long count;

/* Runs a copy of exactly that size, so that tools detect reads beyond it. */
static void run_input(const uint8_t *data, size_t size) {
  uint8_t *copy = malloc(size > 0 ? size : 1);
  if (copy == NULL)
    abort();
  memcpy(copy, data, size);
  (void) LLVMFuzzerTestOneInput(copy, size); /* it returns 0 */
  free(copy);
  count++;
}

size_t read_input(const char *path, uint8_t data[LONGEST]) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    perror(path);
    exit(1);
  }
  const size_t size = fread(data, 1, LONGEST, file);
  (void) fclose(file); /* it was only read */
  return size;
}

static void run_file(const char *path) {
  static uint8_t data[LONGEST];
  const size_t size = read_input(path, data);
  announce(path);
  run_input(data, size);
}

static void run_path(const char *path) {
  struct stat info;
  if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) {
    run_file(path);
    return;
  }
  struct dirent **entries;
  const int n = list_inputs(path, &entries);
  for (int i = 0; i < n; i++) {
    char name[4096];
    (void) snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
    run_file(name);
    free(entries[i]);
  }
  free(entries);
}

static int is_input(const struct dirent *entry) {
  return entry->d_name[0] != '.';
}

int list_inputs(const char *path, struct dirent ***out) {
  const int n = scandir(path, out, is_input, alphasort);
  if (n > 0)
    return n;
  fprintf(stderr, "%s: no inputs\n", path);
  exit(1);
}

/* splitmix64. Consecutive seeds give unrelated numbers. */
uint64_t next_random(uint64_t *seed) {
  uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

static void run_random(uint64_t seed) {
  uint8_t data[RANDOM_LONGEST];
  char text[40];
  (void) snprintf(text, sizeof(text), "--random 1 %" PRIu64, seed); /* fits */
  announce(text);
  uint64_t state = seed * UINT64_C(0xd1342543de82ef95);
  const size_t size = (size_t) (next_random(&state) % RANDOM_LONGEST);
  for (size_t i = 0; i < size; i++)
    data[i] = (uint8_t) next_random(&state);
  run_input(data, size);
}

static uint64_t read_seed(const char *text) {
  const uint64_t seed = strtoull(text, NULL, 10);
  printf("seed %" PRIu64 "\n", seed);
  return seed;
}

static void run_changed(uint64_t seed) {
  static uint8_t data[LONGEST];
  char text[40];
  (void) snprintf(text, sizeof(text), "--change 1 %" PRIu64, seed); /* fits */
  announce(text);
  run_input(data, change_input(data, seed));
}

static bool is_called(int argc, char **argv, const char *how, int n) {
  return argc == n && strcmp(argv[1], how) == 0;
}

int main(int argc, char **argv) {
  const bool random = is_called(argc, argv, "--random", 4);
  const bool change = is_called(argc, argv, "--change", 5);
  if (argc < 2)
    (void) fprintf(stderr,
                   "usage: %s FILE... | --random N SEED | "
                   "--change N SEED DIRECTORY\n",
                   argv[0]);
  for (int i = change ? 4 : random ? argc : 1; i < argc; i++)
    run_path(argv[i]);
  if (change)
    change_init(argv[4]);
  uint64_t seed = random || change ? read_seed(argv[3]) : 0;
  for (long n = random || change ? strtol(argv[2], NULL, 10) : 0; n > 0; n--)
    random ? run_random(seed++) : run_changed(seed++);
  printf("%lu inputs\n", count);
  return argc < 2 ? 1 : 0;
}
