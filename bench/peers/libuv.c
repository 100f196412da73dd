/* SPDX-License-Identifier: MIT */
/*
 * libuv CASE N ROUNDS: see avow.c. The cases are written with callbacks. Their
 * memory is reused in each round.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

typedef struct {
  uv_fs_t fs;
  uv_work_t work;
  uv_file fd;
  char data[65536];
} reading_t;

static uv_loop_t loop;
static const char *path;
static size_t n;
static size_t left; /* operations of the round */

static void check(int err) {
  if (err < 0)
    _exit(1);
}

static void *allocate(size_t size) {
  void *memory = calloc(n, size);
  if (memory == NULL)
    _exit(1);
  return memory;
}

/* A timer for each sleep. */
static void wake(uv_timer_t *timer) {
  left--;
}

static void sleep_ms(void) {
  static uv_timer_t *timers;
  if (timers == NULL) {
    timers = allocate(sizeof(uv_timer_t));
    for (size_t i = 0; i < n; i++)
      check(uv_timer_init(&loop, &timers[i]));
  }
  for (size_t i = 0; i < n; i++)
    check(uv_timer_start(&timers[i], wake, 1, 0));
  check(uv_run(&loop, UV_RUN_DEFAULT));
}

static reading_t *readings(void) {
  static reading_t *all;
  if (all == NULL)
    all = allocate(sizeof(reading_t));
  return all;
}

/* A job of the thread pool for each file. */
static void read_file(uv_work_t *work) {
  reading_t *reading = work->data;
  struct stat status;
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  check(fd);
  check(fstat(fd, &status));
  if (read(fd, reading->data, (size_t) status.st_size) != status.st_size)
    _exit(1);
  check(close(fd));
}

static void file_was_read(uv_work_t *work, int status) {
  check(status);
  left--;
}

static void file(void) {
  reading_t *all = readings();
  for (size_t i = 0; i < n; i++) {
    all[i].work.data = &all[i];
    check(uv_queue_work(&loop, &all[i].work, read_file, file_was_read));
  }
  check(uv_run(&loop, UV_RUN_DEFAULT));
}

/* Four requests for each file, one after another. */
static int result_of(uv_fs_t *fs) {
  const int result = (int) fs->result;
  check(result);
  uv_fs_req_cleanup(fs);
  return result;
}

static void closed(uv_fs_t *fs) {
  (void) result_of(fs);
  left--;
}

static void was_read(uv_fs_t *fs) {
  reading_t *reading = fs->data;
  (void) result_of(fs);
  check(uv_fs_close(&loop, fs, reading->fd, closed));
}

static void examined(uv_fs_t *fs) {
  reading_t *reading = fs->data;
  const uv_buf_t buf = uv_buf_init(reading->data, sizeof(reading->data));
  (void) result_of(fs);
  check(uv_fs_read(&loop, fs, reading->fd, &buf, 1, 0, was_read));
}

static void opened(uv_fs_t *fs) {
  reading_t *reading = fs->data;
  reading->fd = result_of(fs);
  check(uv_fs_fstat(&loop, fs, reading->fd, examined));
}

static void requests(void) {
  reading_t *all = readings();
  for (size_t i = 0; i < n; i++) {
    all[i].fs.data = &all[i];
    check(uv_fs_open(&loop, &all[i].fs, path, O_RDONLY, 0, opened));
  }
  check(uv_run(&loop, UV_RUN_DEFAULT));
}

/* Another thread adds values to a queue. The loop empties it. */
static struct {
  uv_async_t async;
  uv_mutex_t mutex;
  int *values; /* capacity for n */
  size_t count;
  int *taken; /* capacity for n, only used by the loop's thread */
  int sum;
} queue;

static void add_all(void *data) {
  for (size_t i = 0; i < n; i++) {
    uv_mutex_lock(&queue.mutex);
    const size_t before = queue.count;
    queue.values[queue.count++] = 1;
    uv_mutex_unlock(&queue.mutex);
    if (before == 0)
      check(uv_async_send(&queue.async));
  }
}

static void take(uv_async_t *async) {
  int *values = queue.taken;
  uv_mutex_lock(&queue.mutex);
  const size_t count = queue.count;
  queue.taken = queue.values;
  queue.values = values;
  queue.count = 0;
  uv_mutex_unlock(&queue.mutex);
  for (size_t i = 0; i < count; i++)
    queue.sum += queue.taken[i];
  left -= count;
}

static void make_queue(void) {
  queue.values = allocate(sizeof(int));
  queue.taken = allocate(sizeof(int));
  check(uv_mutex_init(&queue.mutex));
  check(uv_async_init(&loop, &queue.async, take));
}

static void thread(void) {
  uv_thread_t other;
  if (queue.values == NULL)
    make_queue();
  check(uv_thread_create(&other, add_all, NULL));
  while (left > 0)
    (void) uv_run(&loop, UV_RUN_ONCE); /* 1: the queue's handle is active */
  check(uv_thread_join(&other));
}

static const struct {
  const char *name;
  void (*run)(void);
} cases[] = {
  { "sleep", sleep_ms },
  { "file", file },
  { "requests", requests },
  { "thread", thread },
};

static void run(void (*one)(void), size_t rounds) {
  check(uv_loop_init(&loop));
#if UV_VERSION_HEX >= 0x013100
  check(uv_loop_configure(&loop, UV_LOOP_USE_IO_URING_SQPOLL));
#endif
  for (; rounds > 0; rounds--) {
    left = n;
    one();
    if (left != 0)
      _exit(1);
  }
}

int main(int argc, char *argv[]) {
  if (argc == 1)
    return puts(uv_version_string()) < 0;
  if (argc != 4)
    return 2;
  n = strtoul(argv[2], NULL, 10);
  path = getenv("PEER_FILE");
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    if (strcmp(cases[i].name, argv[1]) != 0)
      continue;
    run(cases[i].run, strtoul(argv[3], NULL, 10));
    return 0;
  }
  return 3;
}
