/* SPDX-License-Identifier: MIT */
#include "disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fiber/sanitizers.h"

#if AVOW__TSAN
#  include <sanitizer/common_interface_defs.h>
#endif

enum { PATH = 512, PATHS = 8 };

static char directory[32];

/* ThreadSanitizer opens a descriptor when it first matches a suppression. This
   call makes it open that descriptor before the tests count theirs. */
static void start_tools(void) {
#if AVOW__TSAN
  char text[64];
  __sanitizer_symbolize_global(directory, "%g", text, sizeof(text));
#endif
}

void disk_init(void) {
  start_tools();
  pool_init();
}

const char *at(const char *name) {
  static char paths[PATHS][PATH];
  static int next;
  char *path = paths[next++ % PATHS];
  (void) snprintf(path, PATH, "%s%s%s", directory, name[0] != '\0' ? "/" : "",
                  name); /* the names in tests are short */
  return path;
}

static int remove_one(const char *path, const struct stat *info, int type,
                      struct FTW *ftw) {
  return remove(path);
}

/* nftw() of musl goes no deeper than PATH_MAX. Without root, a test may have
   left directories that are not writable. */
static int remove_all(void) {
  char command[100];
  if (nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0)
    return 0;
  (void) snprintf(command, sizeof(command), "chmod -R u+rwX %s; rm -rf %s",
                  directory, directory); /* the text fits */
  return system(command);
}

int disk_setup(void **state) {
  (void) snprintf(directory, sizeof(directory), "/tmp/avow-XXXXXX");
  return mkdtemp(directory) == NULL ? -1 : harness_setup(state);
}

int disk_teardown(void **state) {
  release_pool();
  (void) uv_run(loop, UV_RUN_DEFAULT); /* the pool's jobs end */
  const int err = remove_all();
  return harness_teardown(state) != 0 ? -1 : err;
}

void make_file(const char *name, const char *text) {
  FILE *file = fopen(at(name), "w");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
}

void make_dir(const char *name) {
  assert_int_equal(mkdir(at(name), 0755), 0);
}

static void make_chain_of(const char *name, const char *inner, int levels) {
  make_dir(name);
  int dir = open(at(name), O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < levels; i++) {
    assert_int_equal(mkdirat(dir, inner, 0755), 0);
    const int next = openat(dir, inner, O_RDONLY | O_DIRECTORY);
    (void) close(dir); /* the directory was only read */
    dir = next;
  }
  assert_int_equal(close(dir), 0);
}

void make_chain(const char *name, int levels) {
  make_chain_of(name, "d", levels);
}

void make_abyss(const char *name) {
  static const char inner[] = "of_thirty_bytes_so_that_200_do";
  assert_true(ABYSS * sizeof(inner) > PATH_MAX);
  make_chain_of(name, inner, ABYSS);
}

void make_link(const char *name, const char *target) {
  assert_int_equal(symlink(target, at(name)), 0);
}

void assert_file(const char *name, const char *text) {
  char data[256] = "";
  FILE *file = fopen(at(name), "r");
  if (file == NULL)
    fail_msg("'%s' is not there", name);
  const size_t len = fread(data, 1, sizeof(data) - 1, file);
  (void) fclose(file); /* the file was only read */
  assert_int_equal(len, strlen(text));
  assert_string_equal(data, text);
}

bool is_there(const char *name) {
  struct stat info;
  return lstat(at(name), &info) == 0;
}

void assert_missing(const char *name) {
  if (is_there(name))
    fail_msg("'%s' is there", name);
}

unsigned mode_of(const char *name) {
  struct stat info;
  assert_int_equal(lstat(at(name), &info), 0);
  return info.st_mode & 07777;
}

static int count_entries(const char *path) {
  DIR *dir = opendir(path);
  assert_non_null(dir);
  int n = 0;
  while (readdir(dir) != NULL)
    n++;
  (void) closedir(dir);
  return n - 2;
}

int entries_of(const char *name) {
  return count_entries(at(name));
}

int open_files(void) {
  return count_entries("/proc/self/fd");
}

void assert_cancels(avow_promise_t *p) {
  assert_int_equal(avow_state(p), AVOW_PENDING);
  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
}

void assert_loop_close_cancels(avow_promise_t *p) {
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_result(p)->code, UV_ECANCELED);
  avow_unref(p);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

/* Fails the nth allocation. Returns false if there was no nth allocation. */
static bool fails_well(start_fn start, long nth, bool from_then_on) {
  fail_allocation(nth, from_then_on);
  const avow_value_t v = avow_run(start());
  const bool failed = allocation_failed();
  fail_allocation(0, false);
  run(); /* completes other pending work */
  if (avow_is_error(&v))
    assert_string_equal(avow_err_name(avow_error_code(&v)), "ENOMEM");
  assert_true(failed || !avow_is_error(&v));
  avow_value_unref(v);
  return failed;
}

void survive_failing_memory(start_fn start, void (*again)(void)) {
  wait_until_taken(); /* libuv allocates to start the pool */
  for (int on = 0; on < 2; on++) {
    for (long nth = 1; fails_well(start, nth, on != 0); nth++) {
      assert_true(nth < 1000);
      if (again != NULL)
        again();
    }
    if (again != NULL)
      again();
  }
}
