/* SPDX-License-Identifier: MIT */
/*
 * A program that grown.sh builds with the current headers and with those of a
 * later version. The later build sets each new field. The results must be the
 * same with either library, but an older library refuses a request by a field
 * that it does not know. The bytes after each struct must be neither read nor
 * written.
 *
 *   grown now|newer    the library that it is run with
 */
#undef NDEBUG /* the test consists of assertions */
#include <assert.h>
#include <avow/all.h>
#include <stdio.h>
#include <string.h>

#define GUARD UINT64_C(0x5ca1ab1e5ca1ab1e)

/* A struct of the program, with memory for the known fields only. */
#define GUARDED(type) \
  struct {            \
    type it;          \
    uint64_t guard;   \
  }

#ifdef NEWER
#  define SET_NEWER .newer = 7
#else
#  define SET_NEWER .reserved = { 0 }
#endif

static uv_loop_t *loop;
static bool is_refused; /* it sets fields that the library does not know */
static int freed;

static void free_it(void *self) {
  freed++;
}

/* Returns the outcome of `p`, which may be a refusal. Takes ownership of
   `p`. */
static avow_value_t outcome(avow_promise_t *p) {
  const avow_value_t v = avow_run(p);
  assert(avow_error_code(&v) == (is_refused ? UV_EINVAL : 0));
  return v;
}

static avow_value_t square(size_t i, void *data) {
  return avow_int((int64_t) (i * i));
}

static void map_numbers(void) {
  const GUARDED(avow_map_options_t)
      options = { { .concurrency = 2, SET_NEWER }, GUARD };
  const avow_value_t v = outcome(avow_map(loop, 4, square, NULL, &options.it));
  assert(is_refused || avow_to_int(avow_list_at(&v, 3)) == 9);
  avow_value_unref(v);
}

static avow_value_t fail_twice(void *data) {
  return ++*(int *) data < 3 ? avow_error(UV_EIO) : avow_int(*(int *) data);
}

static void try_again(void) {
  const GUARDED(avow_retry_options_t)
      options = { { .max_delay = 1, SET_NEWER }, GUARD };
  int times = 0;
  const avow_value_t v =
      outcome(avow_retry(loop, fail_twice, &times, &options.it));
  assert(is_refused || avow_to_int(&v) == 3);
  avow_value_unref(v);
}

static void run_a_command(void) {
  const char *const args[] = { "echo", "said", NULL };
  const GUARDED(avow_command_t)
      command = { { .args = args, SET_NEWER }, GUARD };
  const avow_value_t v = outcome(avow_command(loop, &command.it, avow_none()));
  if (!is_refused)
    assert(strcmp(avow_to_bytes(&avow_to_output(&v)->out, NULL), "said\n") ==
           0);
  avow_value_unref(v);
}

static bool note_entry(const avow_copied_t *entry, void *data) {
  assert(entry->type == UV_DIRENT_DIR && entry->error == NULL);
  ++*(int *) data;
  return true;
}

static void copy_a_directory(const char *from, const char *to) {
  int heard = 0;
  const GUARDED(avow_copy_options_t)
      options = { { .on_entry = note_entry, .data = &heard, SET_NEWER },
                  GUARD };
  avow_value_unref(outcome(avow_copy_tree(loop, from, to, &options.it)));
  assert(heard == (is_refused ? 0 : 1));
}

static void walk(const char *path) {
  avow_channel_t *entries = avow_tree_entries(loop, path);
  const avow_value_t v = avow_run(avow_channel_next(entries));
  const avow_tree_entry_t *entry = avow_to_tree_entry(&v);
  assert(entry->type == UV_DIRENT_DIR && entry->depth == 0);
  avow_value_unref(v);
  avow_channel_unref(entries);
}

static void use_directories(void) {
  const avow_value_t dir = avow_run(avow_temp_dir(loop, "grown"));
  const char *path = avow_to_temp_dir(&dir);
  char from[4096], to[4096];
  (void) snprintf(from, sizeof(from), "%s/from", path); /* the text fits */
  (void) snprintf(to, sizeof(to), "%s/to", path);       /* it fits */
  avow_value_unref(avow_run(avow_make_dirs(loop, from, 0700)));
  copy_a_directory(from, to);
  walk(path);
  avow_value_unref(dir);
}

static void make_an_object(void) {
  static const GUARDED(avow_class_t)
      klass = { { .name = "thing", .destroy = free_it, SET_NEWER }, GUARD };
  if (is_refused) /* a checked library would abort */
    return;
  avow_value_unref(avow_object(&klass.it, &freed));
  assert(freed == 1);
}

static void connect_to_itself(void) {
  const GUARDED(avow_connections_options_t)
      options = { { .capacity = 1, SET_NEWER }, GUARD };
  const avow_value_t server = avow_run(avow_bind(loop, "127.0.0.1", "0"));
  char port[8];
  (void) snprintf(port, sizeof(port), "%d", /* fits */
                  avow_local_address((uv_handle_t *) avow_stream_handle(
                                         avow_to_stream(&server)))
                      .port);
  avow_channel_t *channel =
      avow_connections(avow_stream_handle(avow_to_stream(&server)),
                       &options.it);
  avow_promise_t *client =
      is_refused ? NULL : avow_connect(loop, "127.0.0.1", port);
  const avow_value_t v = outcome(avow_channel_next(channel));
  avow_value_unref(v);
  if (client != NULL)
    avow_value_unref(avow_run(client));
  avow_channel_unref(channel);
  avow_value_unref(server);
}

static void read_statistics(unsigned known) {
  GUARDED(avow_stats_t) figures = { .guard = GUARD };
  memset(&figures.it, 0xff, sizeof(figures.it));
  avow_loop_stats(loop, &figures.it, sizeof(figures.it));
  assert(figures.guard == GUARD);
  assert(figures.it.jobs > 0 && figures.it.queued == 0);
#ifdef NEWER
  assert(figures.it.newer == known);
#endif
}

static void open_a_loop(void) {
  const GUARDED(avow_options_t)
      options = { { .budget = 10, SET_NEWER }, GUARD };
  const int err = avow_loop_init(loop, &options.it);
  assert(err == (is_refused ? UV_EINVAL : 0));
  if (is_refused)
    assert(avow_loop_init(loop, NULL) == 0);
}

int main(int argc, char *argv[]) {
  loop = uv_default_loop();
  (void) argc;
#ifdef NEWER
  is_refused = strcmp(argv[1], "newer") != 0;
#endif
  open_a_loop();
  map_numbers();
  try_again();
  run_a_command();
  use_directories();
  make_an_object();
  connect_to_itself();
  read_statistics(is_refused ? 0 : 7);
  assert(avow_loop_close(loop) == 0);
  assert(uv_loop_close(loop) == 0);
  return 0;
}
