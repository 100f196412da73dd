/*
 * cptree [-f | -k] [-j N] FROM TO: copies a tree, several files at a time, with
 * a line of progress on a terminal. What could not be copied is listed at the
 * end. SIGINT and SIGTERM stop it between two entries.
 */
#include <avow.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIGNALS = 2, PROGRESS_MS = 100 };

static const char usage[] =
    "usage: cptree [-f | -k] [-j N] FROM TO\n"
    "  -f    replace files that are there\n"
    "  -k    keep files that are there\n"
    "  -j N  copy N files at a time, 1 to 64\n";

typedef struct {
  uv_loop_t loop;
  uv_signal_t signals[SIGNALS];
  avow_copy_options_t options;
  const char *from;
  const char *to;
  uint64_t entries;
  uint64_t bytes;
  uint64_t shown; /* when */
  avow_value_t *errors;
  size_t failed;
} cptree_t;

static void show_progress(cptree_t *copy) {
  if (!isatty(STDERR_FILENO) || uv_now(&copy->loop) < copy->shown + PROGRESS_MS)
    return;
  copy->shown = uv_now(&copy->loop);
  fprintf(stderr, "\r%llu entries, %.1f MB ...",
          (unsigned long long) copy->entries, (double) copy->bytes / 1e6);
}

static void erase_progress(void) {
  if (isatty(STDERR_FILENO))
    fprintf(stderr, "\r\033[K");
}

/* The error is the entry's: who keeps it takes a reference. */
static bool keep_error(cptree_t *copy, const avow_value_t *error) {
  avow_value_t *errors =
      realloc(copy->errors, (copy->failed + 1) * sizeof(*errors));
  if (errors == NULL)
    return false;
  errors[copy->failed++] = avow_value_ref(error);
  copy->errors = errors;
  return true;
}

static bool on_entry(const avow_copied_t *entry, void *data) {
  cptree_t *copy = data;
  if (entry->error != NULL)
    return keep_error(copy, entry->error);
  copy->entries++;
  copy->bytes += entry->type == UV_DIRENT_FILE ? entry->size : 0;
  show_progress(copy);
  return true;
}

static void on_signal(uv_signal_t *signal, int signum) {
  avow_cancel(signal->data);
}

static void watch_signals(cptree_t *copy, avow_promise_t *p) {
  static const int numbers[SIGNALS] = { SIGINT, SIGTERM };
  for (size_t i = 0; i < SIGNALS; i++) {
    uv_signal_init(&copy->loop, &copy->signals[i]);
    copy->signals[i].data = p;
    uv_signal_start(&copy->signals[i], on_signal, numbers[i]);
    uv_unref((uv_handle_t *) &copy->signals[i]);
  }
}

static void unwatch_signals(cptree_t *copy) {
  for (size_t i = 0; i < SIGNALS; i++)
    uv_close((uv_handle_t *) &copy->signals[i], NULL);
}

static void list_errors(cptree_t *copy) {
  for (size_t i = 0; i < copy->failed; i++) {
    fprintf(stderr, "cptree: %s\n", avow_error_message(&copy->errors[i]));
    avow_value_unref(copy->errors[i]);
  }
  free(copy->errors);
}

/* The exit status. */
static int run(cptree_t *copy) {
  avow_promise_t *p =
      avow_copy_tree(&copy->loop, copy->from, copy->to, &copy->options);
  watch_signals(copy, p);
  const avow_value_t result = avow_run(avow_ref(p));
  unwatch_signals(copy);
  avow_unref(p);
  erase_progress();
  if (avow_is_error(&result))
    fprintf(stderr, "cptree: %s\n", avow_error_message(&result));
  printf("copied %llu entries, %llu bytes\n",
         (unsigned long long) copy->entries, (unsigned long long) copy->bytes);
  const int status = avow_is_error(&result) || copy->failed > 0 ? 1 : 0;
  list_errors(copy);
  avow_value_unref(result);
  return status;
}

static int refuse(void) {
  fprintf(stderr, "%s", usage);
  return 2;
}

/* 0 if it is none. */
static unsigned number(const char *text) {
  const size_t len = strlen(text);
  if (len > 2 || strspn(text, "0123456789") != len)
    return 0;
  return (unsigned) strtoul(text, NULL, 10);
}

static bool parse(cptree_t *copy, int argc, char *argv[]) {
  for (int c; (c = getopt(argc, argv, "fkj:")) != -1;) {
    if (c == 'f')
      copy->options.existing = AVOW_EXISTING_REPLACE;
    else if (c == 'k')
      copy->options.existing = AVOW_EXISTING_KEEP;
    else if (c != 'j' || (copy->options.at_once = number(optarg)) == 0)
      return false;
  }
  if (argc - optind != 2)
    return false;
  copy->from = argv[optind];
  copy->to = argv[optind + 1];
  return true;
}

int main(int argc, char *argv[]) {
  static cptree_t copy;
  copy.options.on_entry = on_entry;
  copy.options.data = &copy;
  if (!parse(&copy, argc, argv))
    return refuse();
  if (uv_loop_init(&copy.loop) != 0 || avow_loop_init(&copy.loop, NULL) != 0) {
    fprintf(stderr, "cptree: no loop\n");
    return 1;
  }
  const int status = run(&copy);
  avow_loop_close(&copy.loop);
  uv_run(&copy.loop, UV_RUN_DEFAULT); /* the signals' handles close */
  uv_loop_close(&copy.loop);
  return status;
}
