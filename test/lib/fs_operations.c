/* SPDX-License-Identifier: MIT */
/* Table of all operations: how a test starts each, and how it checks
   success. */
#include "fs_operations.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static uv_file file_on_stage = -1, target_on_stage = -1;
static avow_value_t dir_on_stage;

static void remove_all(void) {
  static const char *const names[] = { "file",   "link",   "new",
                                       "target", "full/a", "full/b",
                                       "full/c", "full",   "empty" };
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    (void) remove(at(names[i])); /* some paths do not exist */
}

static uv_file open_on_stage(const char *name) {
  const uv_file file = open(at(name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  assert_true(file >= 0);
  return file;
}

void stage_set(void) {
  make_file("file", "hello world");
  make_link("link", "file");
  make_dir("empty");
  make_dir("full");
  make_file("full/a", "");
  make_file("full/b", "");
  make_dir("full/c");
  file_on_stage = open_on_stage("file");
  target_on_stage = open_on_stage("target");
  dir_on_stage = avow_none();
}

void stage_strike(void) {
  avow_value_unref(dir_on_stage);
  (void) close(target_on_stage); /* the operation may have closed them */
  (void) close(file_on_stage);
  remove_all();
}

uv_file stage_file(void) {
  return file_on_stage;
}

const avow_value_t *stage_dir(void) {
  if (avow_is_none(&dir_on_stage))
    dir_on_stage = avow_run(avow_fs_opendir(loop, at("full")));
  return &dir_on_stage;
}

/* Returns an invalid target if `file` is invalid too. */
static uv_file stage_target(uv_file file) {
  return file == file_on_stage ? target_on_stage : file;
}

static const char *new_path(const char *path) {
  if (path == NULL || strncmp(path, "/missing/", 9) == 0)
    return path;
  return at("new");
}

/* Only root may change a file's owner. */
static uv_uid_t uid(void) {
  return getuid() == 0 ? 12 : getuid();
}

static uv_gid_t gid(void) {
  return getuid() == 0 ? 34 : getgid();
}

static void assert_owner(const char *name) {
  struct stat info;
  assert_int_equal(lstat(at(name), &info), 0);
  assert_int_equal(info.st_uid, uid());
  assert_int_equal(info.st_gid, gid());
}

static void assert_times(const char *name, time_t atime, time_t mtime) {
  struct stat info;
  assert_int_equal(lstat(at(name), &info), 0);
  assert_int_equal(info.st_atime, atime);
  assert_int_equal(info.st_mtime, mtime);
}

static bool is_from_pattern(const char *path) {
  const char *name = at("temp-");
  return strncmp(path, name, strlen(name)) == 0 &&
         strstr(path, "XXXXXX") == NULL;
}

/* Checks the entries in any order. */
static void assert_full(const avow_value_t *v) {
  char types[3] = "";
  assert_int_equal(avow_entries_len(v), 3);
  for (size_t i = 0; i < 3; i++) {
    const avow_entry_t entry = avow_entry_at(v, i);
    assert_int_equal(strlen(entry.name), 1);
    assert_int_in_range(entry.name[0], 'a', 'c');
    types[entry.name[0] - 'a'] = entry.type == UV_DIRENT_DIR ? 'd' : 'f';
  }
  assert_memory_equal(types, "ffd", 3);
}

static avow_promise_t *start_open(const char *path, uv_file file) {
  return avow_fs_open(loop, path, O_RDONLY, 0);
}

static void check_open(const avow_value_t *v) {
  assert_int_equal(close((int) avow_to_int(v)), 0);
}

static avow_promise_t *start_close(const char *path, uv_file file) {
  return avow_fs_close(loop, file != stage_file() ? file : dup(file));
}

static void check_close(const avow_value_t *v) {
  assert_int_equal(v->tag, AVOW_NONE);
}

static avow_promise_t *start_read(const char *path, uv_file file) {
  return avow_fs_read(loop, file, 5, 0);
}

static void check_read(const avow_value_t *v) {
  assert_string_equal(avow_to_bytes(v, NULL), "hello");
}

static avow_promise_t *start_write(const char *path, uv_file file) {
  return avow_fs_write(loop, file, avow_string("J"), 0);
}

static void check_write(const avow_value_t *v) {
  assert_int_equal(avow_to_int(v), 1);
  assert_file("file", "Jello world");
}

static avow_promise_t *start_sendfile(const char *path, uv_file file) {
  return avow_fs_sendfile(loop, stage_target(file), file, 6, 100);
}

static void check_sendfile(const avow_value_t *v) {
  assert_int_equal(avow_to_int(v), 5);
  assert_file("target", "world");
}

static avow_promise_t *start_fsync(const char *path, uv_file file) {
  return avow_fs_fsync(loop, file);
}

static void check_fsync(const avow_value_t *v) {
  assert_int_equal(v->tag, AVOW_NONE);
}

static avow_promise_t *start_fdatasync(const char *path, uv_file file) {
  return avow_fs_fdatasync(loop, file);
}

static void check_fdatasync(const avow_value_t *v) {
  assert_int_equal(v->tag, AVOW_NONE);
}

static avow_promise_t *start_ftruncate(const char *path, uv_file file) {
  return avow_fs_ftruncate(loop, file, 5);
}

static void check_ftruncate(const avow_value_t *v) {
  assert_file("file", "hello");
}

static avow_promise_t *start_fchmod(const char *path, uv_file file) {
  return avow_fs_fchmod(loop, file, 0640);
}

static void check_fchmod(const avow_value_t *v) {
  assert_int_equal(mode_of("file"), 0640);
}

static avow_promise_t *start_futime(const char *path, uv_file file) {
  return avow_fs_futime(loop, file, 1000, 2000);
}

static void check_futime(const avow_value_t *v) {
  assert_times("file", 1000, 2000);
}

static avow_promise_t *start_fchown(const char *path, uv_file file) {
  return avow_fs_fchown(loop, file, uid(), gid());
}

static void check_fchown(const avow_value_t *v) {
  assert_owner("file");
}

static avow_promise_t *start_unlink(const char *path, uv_file file) {
  return avow_fs_unlink(loop, path);
}

static void check_unlink(const avow_value_t *v) {
  assert_missing("file");
}

static avow_promise_t *start_mkdir(const char *path, uv_file file) {
  return avow_fs_mkdir(loop, path, 0750);
}

static void check_mkdir(const avow_value_t *v) {
  assert_int_equal(mode_of("new"), 0750);
  assert_int_equal(entries_of("new"), 0);
}

static avow_promise_t *start_rmdir(const char *path, uv_file file) {
  return avow_fs_rmdir(loop, path);
}

static void check_rmdir(const avow_value_t *v) {
  assert_missing("empty");
}

static avow_promise_t *start_rename(const char *path, uv_file file) {
  return avow_fs_rename(loop, path, new_path(path));
}

static void check_rename(const avow_value_t *v) {
  assert_missing("file");
  assert_file("new", "hello world");
}

static avow_promise_t *start_link(const char *path, uv_file file) {
  return avow_fs_link(loop, path, new_path(path));
}

static void check_link(const avow_value_t *v) {
  assert_file("file", "hello world");
  assert_file("new", "hello world");
}

static avow_promise_t *start_symlink(const char *path, uv_file file) {
  return avow_fs_symlink(loop, path, new_path(path), 0);
}

static void check_symlink(const avow_value_t *v) {
  char target[64] = "";
  assert_true(readlink(at("new"), target, sizeof(target) - 1) > 0);
  assert_string_equal(target, at("file"));
}

static avow_promise_t *start_copyfile(const char *path, uv_file file) {
  return avow_fs_copyfile(loop, path, new_path(path), 0);
}

static void check_copyfile(const avow_value_t *v) {
  assert_file("file", "hello world");
  assert_file("new", "hello world");
}

static avow_promise_t *start_access(const char *path, uv_file file) {
  return avow_fs_access(loop, path, R_OK);
}

static void check_access(const avow_value_t *v) {
  assert_int_equal(v->tag, AVOW_NONE);
}

static avow_promise_t *start_chmod(const char *path, uv_file file) {
  return avow_fs_chmod(loop, path, 0640);
}

static void check_chmod(const avow_value_t *v) {
  assert_int_equal(mode_of("file"), 0640);
}

static avow_promise_t *start_utime(const char *path, uv_file file) {
  return avow_fs_utime(loop, path, 1000, 2000);
}

static void check_utime(const avow_value_t *v) {
  assert_times("file", 1000, 2000);
}

static avow_promise_t *start_lutime(const char *path, uv_file file) {
  return avow_fs_lutime(loop, path, 1000, 2000);
}

static void check_lutime(const avow_value_t *v) {
  assert_times("link", 1000, 2000);
}

static avow_promise_t *start_chown(const char *path, uv_file file) {
  return avow_fs_chown(loop, path, uid(), gid());
}

static void check_chown(const avow_value_t *v) {
  assert_owner("file");
}

static avow_promise_t *start_lchown(const char *path, uv_file file) {
  return avow_fs_lchown(loop, path, uid(), gid());
}

static void check_lchown(const avow_value_t *v) {
  assert_owner("link");
}

static avow_promise_t *start_readlink(const char *path, uv_file file) {
  return avow_fs_readlink(loop, path);
}

static void check_readlink(const avow_value_t *v) {
  assert_string_equal(avow_to_bytes(v, NULL), "file");
}

static avow_promise_t *start_realpath(const char *path, uv_file file) {
  return avow_fs_realpath(loop, path);
}

static void check_realpath(const avow_value_t *v) {
  const char *path = avow_to_bytes(v, NULL);
  assert_string_equal(strrchr(path, '/'), "/file");
  assert_int_equal(path[0], '/');
}

static avow_promise_t *start_mkdtemp(const char *path, uv_file file) {
  return avow_fs_mkdtemp(loop, path);
}

static void check_mkdtemp(const avow_value_t *v) {
  const char *path = avow_to_bytes(v, NULL);
  assert_true(is_from_pattern(path));
  assert_int_equal(rmdir(path), 0);
}

static avow_promise_t *start_mkstemp(const char *path, uv_file file) {
  return avow_fs_mkstemp(loop, path);
}

static void check_mkstemp(const avow_value_t *v) {
  const avow_temp_file_t *temp = avow_to_temp_file(v);
  assert_true(is_from_pattern(temp->path));
  assert_int_equal(write(temp->file, "text", 4), 4);
  assert_int_equal(close(temp->file), 0);
  assert_int_equal(unlink(temp->path), 0);
}

static avow_promise_t *start_stat(const char *path, uv_file file) {
  return avow_fs_stat(loop, path);
}

static void check_stat(const avow_value_t *v) {
  assert_int_equal(avow_to_stat(v)->st_size, 11);
}

static avow_promise_t *start_lstat(const char *path, uv_file file) {
  return avow_fs_lstat(loop, path);
}

static void check_lstat(const avow_value_t *v) {
  assert_int_equal(avow_to_stat(v)->st_size, 4);
}

static avow_promise_t *start_fstat(const char *path, uv_file file) {
  return avow_fs_fstat(loop, file);
}

static void check_fstat(const avow_value_t *v) {
  assert_int_equal(avow_to_stat(v)->st_size, 11);
}

static avow_promise_t *start_statfs(const char *path, uv_file file) {
  return avow_fs_statfs(loop, path);
}

static void check_statfs(const avow_value_t *v) {
  assert_true(avow_to_statfs(v)->f_bsize > 0);
}

static avow_promise_t *start_scandir(const char *path, uv_file file) {
  return avow_fs_scandir(loop, path);
}

static void check_scandir(const avow_value_t *v) {
  assert_full(v);
}

static avow_promise_t *start_opendir(const char *path, uv_file file) {
  return avow_fs_opendir(loop, path);
}

static void check_opendir(const avow_value_t *v) {
  assert_string_equal(avow_type_name(v), "directory");
}

static avow_promise_t *start_readdir(const char *path, uv_file file) {
  return avow_fs_readdir(loop, stage_dir(), 10);
}

static void check_readdir(const avow_value_t *v) {
  assert_full(v);
}

static avow_promise_t *start_closedir(const char *path, uv_file file) {
  return avow_fs_closedir(loop, stage_dir());
}

static void check_closedir(const avow_value_t *v) {
  assert_int_equal(v->tag, AVOW_NONE);
}

#define OPERATION(name, object, path) \
  { #name, object, path, start_##name, check_##name }

const operation_t operations[] = {
  OPERATION(open, ON_PATH, "file"),
  OPERATION(close, ON_FILE, ""),
  OPERATION(read, ON_FILE, ""),
  OPERATION(write, ON_FILE, ""),
  OPERATION(sendfile, ON_FILES, ""),
  OPERATION(fsync, ON_FILE, ""),
  OPERATION(fdatasync, ON_FILE, ""),
  OPERATION(ftruncate, ON_FILE, ""),
  OPERATION(fchmod, ON_FILE, ""),
  OPERATION(futime, ON_FILE, ""),
  OPERATION(fchown, ON_FILE, ""),
  OPERATION(unlink, ON_PATH, "file"),
  OPERATION(mkdir, ON_PATH, "new"),
  OPERATION(rmdir, ON_PATH, "empty"),
  OPERATION(rename, ON_PATHS, "file"),
  OPERATION(link, ON_PATHS, "file"),
  OPERATION(symlink, ON_PATHS, "file"),
  OPERATION(copyfile, ON_PATHS, "file"),
  OPERATION(access, ON_PATH, "file"),
  OPERATION(chmod, ON_PATH, "file"),
  OPERATION(utime, ON_PATH, "link"),
  OPERATION(lutime, ON_PATH, "link"),
  OPERATION(chown, ON_PATH, "link"),
  OPERATION(lchown, ON_PATH, "link"),
  OPERATION(readlink, ON_PATH, "link"),
  OPERATION(realpath, ON_PATH, "link"),
  OPERATION(mkdtemp, ON_PATH, "temp-XXXXXX"),
  OPERATION(mkstemp, ON_PATH, "temp-XXXXXX"),
  OPERATION(stat, ON_PATH, "link"),
  OPERATION(lstat, ON_PATH, "link"),
  OPERATION(fstat, ON_FILE, ""),
  OPERATION(statfs, ON_PATH, "file"),
  OPERATION(scandir, ON_PATH, "full"),
  OPERATION(opendir, ON_PATH, "full"),
  OPERATION(readdir, ON_DIR, ""),
  OPERATION(closedir, ON_DIR, ""),
};

const size_t operation_count = sizeof(operations) / sizeof(operations[0]);

avow_promise_t *operation_start(const operation_t *operation) {
  return operation->start(at(operation->path), file_on_stage);
}
