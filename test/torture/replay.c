/*
 * Runs the fuzzer's target without the fuzzer: over the files and directories
 * given, or over random inputs (--random N SEED). Input i of a seed is input 0
 * of that seed plus i, so what is printed at a failure reproduces it.
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/stat.h>

#include "machine.h"
#include "memory.h"

enum { LONGEST = 1 << 16, RANDOM_LONGEST = 400 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long count;

/* On a copy of exactly that size, so that tools see each byte read past it. */
static void run_input(const uint8_t *data, size_t size) {
  uint8_t *copy = malloc(size > 0 ? size : 1);
  if (copy == NULL)
    abort();
  memcpy(copy, data, size);
  (void) LLVMFuzzerTestOneInput(copy, size); /* 0 always */
  free(copy);
  count++;
}

static int run_file(const char *path) {
  static uint8_t data[LONGEST];
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    perror(path);
    return 1;
  }
  const size_t size = fread(data, 1, sizeof(data), file);
  (void) fclose(file); /* it was only read */
  announce(path);
  run_input(data, size);
  return 0;
}

static int run_directory(const char *path) {
  char name[4096];
  DIR *directory = opendir(path);
  int failed = directory == NULL;
  if (failed)
    perror(path);
  const struct dirent *entry;
  while (!failed && (entry = readdir(directory)) != NULL) {
    (void) snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
    if (entry->d_name[0] != '.')
      failed = run_file(name);
  }
  if (directory != NULL)
    (void) closedir(directory); /* it was only read */
  return failed;
}

static int run_path(const char *path) {
  struct stat info;
  if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
    return run_directory(path);
  return run_file(path);
}

/* splitmix64: seeds that follow each other have nothing in common. */
static uint64_t next_random(uint64_t *seed) {
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

/* A SEED of "time" is another one each time. */
static int run_many(const char *n, const char *seed_text) {
  uint64_t seed = strtoull(seed_text, NULL, 10);
  if (strcmp(seed_text, "time") == 0)
    seed = (uint64_t) time(NULL) * 1000000 + (uint64_t) getpid();
  printf("seed %" PRIu64 "\n", seed);
  for (unsigned long i = strtoul(n, NULL, 10); i > 0; i--)
    run_random(seed++);
  return 0;
}

int main(int argc, char **argv) {
  int failed = argc < 2;
  if (argc == 4 && strcmp(argv[1], "--random") == 0)
    failed = run_many(argv[2], argv[3]);
  else
    for (int i = 1; i < argc; i++)
      failed |= run_path(argv[i]);
  if (argc < 2)
    (void) fprintf(stderr, "usage: %s FILE... | --random N SEED|time\n",
                   argv[0]);
  printf("%lu inputs\n", count);
  return failed;
}
