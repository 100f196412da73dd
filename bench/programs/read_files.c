/* SPDX-License-Identifier: MIT */
/*
 * read_files DIRECTORY AT_ONCE: reads all files of a directory, AT_ONCE at a
 * time, and prints the number of files and bytes. If AT_ONCE is 0, it reads
 * them one after another with system calls and without a loop.
 */
#include <avow/all.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LARGEST = 1024 * 1024, PATH = 4096 };

static uv_loop_t loop;
static const char *directory;
static size_t files, bytes;

static void path_of(const char *name, char path[PATH]) {
  if (snprintf(path, PATH, "%s/%s", directory, name) >= PATH)
    exit(1);
}

static avow_value_t count(const avow_value_t *content, void *data) {
  size_t len;
  (void) avow_to_bytes(content, &len);
  files++;
  bytes += len;
  return avow_none();
}

static avow_value_t read_entry(size_t i, void *entries) {
  char path[PATH];
  path_of(avow_entry_at(entries, i).name, path);
  avow_promise_t *p = avow_read_file(&loop, path, LARGEST);
  return avow_follow(avow_then(p, count, NULL, NULL));
}

static avow_value_t read_entries(const avow_value_t *entries, void *at_once) {
  const avow_map_options_t map = { .concurrency = *(size_t *) at_once };
  static avow_value_t kept;
  kept = avow_value_ref(entries);
  avow_promise_t *p =
      avow_map(&loop, avow_entries_len(&kept), read_entry, &kept, &map);
  return avow_follow(p);
}

static bool read_by_promises(size_t at_once) {
  if (uv_loop_init(&loop) != 0 || avow_loop_init(&loop, NULL) != 0)
    return false;
  avow_promise_t *p = avow_fs_scandir(&loop, directory);
  const avow_value_t end = avow_run(avow_then(p, read_entries, NULL, &at_once));
  return !avow_is_error(&end);
}

static bool read_here(const char *name) {
  static char data[LARGEST];
  char path[PATH];
  struct stat stat;
  path_of(name, path);
  const int fd = open(path, O_RDONLY);
  const bool is_open = fd >= 0 && fstat(fd, &stat) == 0;
  const ssize_t n = is_open ? read(fd, data, (size_t) stat.st_size) : -1;
  if (n < 0 || close(fd) != 0)
    return false;
  files++;
  bytes += (size_t) n;
  return true;
}

static bool read_by_hand(void) {
  DIR *dir = opendir(directory);
  if (dir == NULL)
    return false;
  bool fine = true;
  const struct dirent *entry;
  while (fine && (entry = readdir(dir)) != NULL)
    fine = entry->d_name[0] == '.' || read_here(entry->d_name);
  return closedir(dir) == 0 && fine;
}

int main(int argc, char *argv[]) {
  if (argc != 3)
    return 2;
  directory = argv[1];
  const size_t at_once = strtoul(argv[2], NULL, 10);
  if (!(at_once > 0 ? read_by_promises(at_once) : read_by_hand()))
    return 1;
  printf("%zu files, %zu bytes\n", files, bytes);
  return 0;
}
