/* SPDX-License-Identifier: MIT */
/* Files. Their contents are numbers, so that all parts differ. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trial.h"

enum { LINES = 4000, LINE = 6, SIZE = LINES * LINE, CHUNK = 7000, FILES = 4 };

static char directory[64], source[80], target[80], link_path[80];
static char content[SIZE + 1];

static struct {
  uv_file in, out;
  int64_t copied;
  uint64_t stated; /* the size from fstat() */
  bool at;         /* in one call at offset 0 */
  bool in_parts;   /* each chunk has several parts */
  avow_value_t read[FILES];
} now;

static bool write_source(void) {
  for (int i = 0; i < LINES; i++)
    (void) snprintf(content + (size_t) i * LINE, LINE + 1, "%05d\n",
                    i); /* the text fits */
  FILE *file = fopen(source, "w");
  if (file == NULL)
    return false;
  const bool written = fwrite(content, 1, SIZE, file) == SIZE;
  return fclose(file) == 0 && written;
}

int scenario_files_setup(void **state) {
  (void) snprintf(directory, sizeof(directory), "/tmp/avow-syscalls-XXXXXX");
  if (mkdtemp(directory) == NULL)
    return -1;
  (void) snprintf(source, sizeof(source), "%s/source", directory);
  (void) snprintf(target, sizeof(target), "%s/target", directory);
  (void) snprintf(link_path, sizeof(link_path), "%s/link", directory);
  return write_source() ? 0 : -1;
}

int scenario_files_teardown(void **state) {
  (void) unlink(target); /* it may not exist */
  (void) unlink(link_path);
  return unlink(source) == 0 && rmdir(directory) == 0 ? 0 : -1;
}

static avow_value_t close_in(void *data) {
  return avow_follow(avow_fs_close(loop, now.in));
}

static avow_value_t close_out(void *data) {
  return avow_follow(avow_fs_close(loop, now.out));
}

static avow_value_t count_cb(const avow_value_t *written, void *len) {
  now.copied += avow_to_int(written);
  return avow_none();
}

/* Returns a LIST, which becomes several buffers for the system. */
static avow_value_t parts_of(const avow_value_t *chunk) {
  size_t len;
  const char *data = avow_to_bytes(chunk, &len);
  const size_t some = len < 10 ? len : 10;
  avow_value_t parts[] = { avow_bytes(data, some),
                           avow_bytes(data + some, len - some) };
  return avow_list(parts, 2);
}

static avow_value_t write_cb(const avow_value_t *chunk, void *data) {
  if (avow_is_none(chunk))
    return avow_int(now.copied);
  const avow_value_t bytes =
      now.in_parts ? parts_of(chunk) : avow_value_ref(chunk);
  avow_promise_t *p =
      avow_fs_write(loop, now.out, bytes, now.at ? now.copied : -1);
  return avow_follow(avow_then(p, count_cb, NULL, NULL));
}

static avow_promise_t *read_chunk(void) {
  return avow_fs_read(loop, now.in, now.at ? SIZE : CHUNK,
                      now.at ? now.copied : -1);
}

static avow_value_t copy_chunk(void *data) {
  avow_promise_t *p = read_chunk();
  return avow_follow(avow_then(p, write_cb, NULL, NULL));
}

static avow_value_t use_out(const avow_value_t *file, void *data) {
  now.out = (uv_file) avow_to_int(file);
  avow_promise_t *p = avow_repeat(loop, copy_chunk, NULL);
  return avow_follow(avow_finally(p, close_out, NULL));
}

static avow_value_t open_out(const avow_value_t *stat, void *data) {
  now.stated = avow_to_stat(stat)->st_size;
  const int flags = O_WRONLY | O_CREAT | O_TRUNC;
  return avow_follow(
      avow_then(avow_fs_open(loop, target, flags, 0600), use_out, NULL, NULL));
}

static avow_value_t use_in(const avow_value_t *file, void *data) {
  now.in = (uv_file) avow_to_int(file);
  avow_promise_t *p = avow_fs_fstat(loop, now.in);
  p = avow_then(p, open_out, NULL, NULL);
  return avow_follow(avow_finally(p, close_in, NULL));
}

static avow_promise_t *copy(bool at, bool in_parts) {
  (void) unlink(target); /* it may not exist */
  now.copied = 0;
  now.stated = 0;
  now.at = at;
  now.in_parts = in_parts;
  return avow_then(avow_fs_open(loop, source, O_RDONLY, 0), use_in, NULL, NULL);
}

static avow_promise_t *start_copying(void) {
  return copy(false, false);
}

static avow_promise_t *start_copying_at(void) {
  return copy(true, false);
}

static avow_promise_t *start_copying_parts(void) {
  return copy(false, true);
}

static bool is_copied(void) {
  static char copied[SIZE + 1];
  FILE *file = fopen(target, "r");
  if (file == NULL)
    return false;
  const size_t len = fread(copied, 1, sizeof(copied), file);
  (void) fclose(file); /* it was only read */
  return now.copied == SIZE && now.stated == SIZE && len == SIZE &&
         memcmp(copied, content, SIZE) == 0;
}

enum {
  READING = BIT(CALL_OPEN) | BIT(CALL_STAT) | BIT(CALL_READ) | BIT(CALL_CLOSE)
};

const scenario_t copying = { .name = "copying",
                             .start = start_copying,
                             .is_intact = is_copied,
                             .calls = READING | BIT(CALL_WRITE) };

const scenario_t copying_at = { .name = "copying at offsets",
                                .start = start_copying_at,
                                .is_intact = is_copied,
                                .calls = READING | BIT(CALL_WRITE) };

const scenario_t copying_parts = { .name = "copying in parts",
                                   .start = start_copying_parts,
                                   .is_intact = is_copied,
                                   .calls = READING | BIT(CALL_WRITE) };

static avow_value_t keep_cb(const avow_value_t *bytes, void *at) {
  *(avow_value_t *) at = avow_value_ref(bytes);
  return avow_none();
}

static avow_promise_t *read_into(avow_value_t *at) {
  *at = avow_none();
  return avow_then(avow_read_file(loop, source, SIZE), keep_cb, NULL, at);
}

static bool take_is_content(avow_value_t bytes) {
  size_t len = 0;
  const char *data =
      bytes.tag == AVOW_BYTES ? avow_to_bytes(&bytes, &len) : NULL;
  const bool same = len == SIZE && memcmp(data, content, SIZE) == 0;
  avow_value_unref(bytes);
  return same;
}

static avow_promise_t *start_reading_file(void) {
  return read_into(&now.read[0]);
}

static bool is_read(void) {
  return take_is_content(now.read[0]);
}

const scenario_t reading_file = { .name = "reading a file",
                                  .start = start_reading_file,
                                  .is_intact = is_read,
                                  .calls = READING,
                                  .optional = BIT(CALL_CLOSE) };

static avow_promise_t *start_reading_files(void) {
  avow_promise_t *ps[FILES];
  for (int i = 0; i < FILES; i++)
    ps[i] = read_into(&now.read[i]);
  avow_promise_t *p = avow_all_settled(loop, ps, FILES);
  return avow_then(p, scenario_outcome, NULL, NULL);
}

static bool are_read(void) {
  int same = 0;
  for (int i = 0; i < FILES; i++)
    same += take_is_content(now.read[i]) ? 1 : 0;
  return same == FILES;
}

const scenario_t reading_files = { .name = "reading four files",
                                   .start = start_reading_files,
                                   .is_intact = are_read,
                                   .calls = READING,
                                   .optional = BIT(CALL_CLOSE) };

static int64_t reads_left;

static avow_value_t read_again(void *data) {
  if (reads_left-- == 0)
    return avow_int(0);
  avow_value_unref(now.read[0]);
  return avow_follow(read_into(&now.read[0]));
}

static avow_promise_t *start_reading_cached_file(void) {
  reads_left = 5;
  now.read[0] = avow_none();
  return avow_repeat(loop, read_again, NULL);
}

const scenario_t reading_cached_file = { .name = "reading a file in memory",
                                         .start = start_reading_cached_file,
                                         .is_intact = is_read,
                                         .calls = BIT(CALL_CACHED),
                                         .tries = true };

static avow_promise_t *start_writing_file(void) {
  (void) unlink(target); /* it may not exist */
  return avow_write_file(loop, target, avow_bytes(content, SIZE), 0600);
}

static bool target_says(const char *text, size_t expected) {
  static char found[SIZE + 1];
  FILE *file = fopen(target, "r");
  if (file == NULL)
    return false;
  const size_t len = fread(found, 1, sizeof(found), file);
  (void) fclose(file); /* it was only read */
  return len == expected && memcmp(found, text, len) == 0;
}

static bool is_written(void) {
  return target_says(content, SIZE);
}

const scenario_t writing_file = { .name = "writing a file",
                                  .start = start_writing_file,
                                  .is_intact = is_written,
                                  .calls = BIT(CALL_OPEN) | BIT(CALL_WRITE) |
                                           BIT(CALL_CLOSE) };

static const char old[] = "old";

static void write_old(void) {
  FILE *file = fopen(target, "w");
  if (file == NULL)
    return;
  (void) fwrite(old, 1, sizeof(old), file); /* the test checks the file at the
                                               end */
  (void) fclose(file);
}

static avow_promise_t *start_replacing_file(void) {
  write_old();
  return avow_replace_file(loop, target, avow_bytes(content, SIZE), 0600);
}

static avow_promise_t *start_replacing_link(void) {
  write_old();
  if (symlink("target", link_path) != 0)
    trial_check(errno == EEXIST, "the link is there");
  return avow_replace_file(loop, link_path, avow_bytes(content, SIZE), 0600);
}

/* Removes the temporary files that are left, and counts them. */
static int sweep(void) {
  DIR *dir = opendir(directory);
  char path[sizeof(directory) + sizeof(((struct dirent *) 0)->d_name)];
  int n = 0;
  for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
    if (strncmp(entry->d_name, ".avow-", 6) != 0)
      continue;
    (void) snprintf(path, sizeof(path), "%s/%s", directory,
                    entry->d_name); /* the text fits */
    (void) unlink(path);
    n++;
  }
  (void) closedir(dir); /* it was only read */
  return n;
}

static bool is_replaced(void) {
  trial_check(is_written() || target_says(old, sizeof(old)),
              "a file is as it was or as it is to be");
  const bool stays = (inject_hit() & BIT(CALL_REMOVE)) != 0;
  trial_check(sweep() == 0 || stays, "no temporary is left");
  return is_written();
}

/* A failure to sync the directory is harmless, and so is a failure to close the
   file after it is on the disk. If the file cannot be made without a name, it
   gets one. */
enum {
  REPLACING = BIT(CALL_STAT) | BIT(CALL_OPEN) | BIT(CALL_WRITE) |
              BIT(CALL_MODE) | BIT(CALL_SYNC) | BIT(CALL_CLOSE) |
              BIT(CALL_MAKE) | BIT(CALL_RENAME) | BIT(CALL_SYNC_DIR),
  HARMLESS = BIT(CALL_OPEN) | BIT(CALL_SYNC_DIR) | BIT(CALL_CLOSE)
};

const scenario_t replacing_file = { .name = "replacing a file",
                                    .start = start_replacing_file,
                                    .is_intact = is_replaced,
                                    .calls = REPLACING,
                                    .optional = HARMLESS };

const scenario_t replacing_link = { .name = "replacing through a link",
                                    .start = start_replacing_link,
                                    .is_intact = is_replaced,
                                    .calls = REPLACING | BIT(CALL_READLINK),
                                    .optional = HARMLESS };

static avow_value_t sent_cb(const avow_value_t *sent, void *data) {
  now.copied += avow_to_int(sent);
  return avow_to_int(sent) > 0 ? avow_none() : avow_int(now.copied);
}

static avow_value_t send_on(void *data) {
  avow_promise_t *p = avow_fs_sendfile(loop, now.out, now.in, now.copied, SIZE);
  return avow_follow(avow_then(p, sent_cb, NULL, NULL));
}

static avow_value_t send_out(const avow_value_t *file, void *data) {
  now.out = (uv_file) avow_to_int(file);
  avow_promise_t *p = avow_repeat(loop, send_on, NULL);
  return avow_follow(avow_finally(p, close_out, NULL));
}

static avow_value_t send_in(const avow_value_t *file, void *data) {
  now.in = (uv_file) avow_to_int(file);
  const int flags = O_WRONLY | O_CREAT | O_TRUNC;
  avow_promise_t *p = avow_fs_open(loop, target, flags, 0600);
  p = avow_then(p, send_out, NULL, NULL);
  return avow_follow(avow_finally(p, close_in, NULL));
}

static avow_promise_t *start_sending_file(void) {
  (void) unlink(target); /* it may not exist */
  now.copied = 0;
  now.stated = SIZE;
  return avow_then(avow_fs_open(loop, source, O_RDONLY, 0), send_in, NULL,
                   NULL);
}

const scenario_t sending_file = { .name = "sending a file",
                                  .start = start_sending_file,
                                  .is_intact = is_copied,
                                  .calls = BIT(CALL_OPEN) | BIT(CALL_COPY) |
                                           BIT(CALL_CLOSE),
                                  .optional = BIT(CALL_COPY) };
