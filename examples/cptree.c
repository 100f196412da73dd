/* SPDX-License-Identifier: MIT */
/*
 * Copies a tree, several files at a time, and shows the progress on a terminal.
 * Entries that could not be copied are listed at the end. See cptree --help.
 */
#include <avow.h>
#include <avow/tree.h>
#include <stdio.h>
#include <stdlib.h>

#include "options.h"
#include "program.h"
#include "terminal.h"

enum { PROGRESS_MS = 100 };

static bool force, keep;
static uint64_t jobs;

static const option_t options[] = {
  { "force", NULL, "replace existing files", .flag = &force },
  { "keep", NULL, "keep existing files", .flag = &keep },
  { "jobs", "N", "limit of files at a time, 1 to 64", .number = &jobs, .min = 1,
    .max = 64 },
  { .name = NULL },
};

static const command_line_t command_line = {
  .operands = "FROM TO",
  .least = 2,
  .most = 2,
  .about =
      "Copies the directory tree FROM to TO. At the end, the program lists\n"
      "the entries that it could not copy. SIGINT or SIGTERM stops the\n"
      "copy between two entries.",
  .options = options,
  .status = "0 if everything was copied, 1 if not",
  .example = "--keep src copy_of_src",
};

typedef struct {
  uv_loop_t *loop;
  avow_copy_options_t options;
  uint64_t entries;
  uint64_t bytes;
  uint64_t shown; /* time of the last progress line */
  avow_value_t *errors;
  size_t failed;
} cptree_t;

static void show_progress(cptree_t *copy) {
  if (uv_now(copy->loop) < copy->shown + PROGRESS_MS)
    return;
  copy->shown = uv_now(copy->loop);
  if (terminal_obeys(stderr))
    fprintf(stderr, "\r%llu entries, %.1f MB ...",
            (unsigned long long) copy->entries, (double) copy->bytes / 1e6);
}

/* The entry owns the error, so keeping it needs a reference. */
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

static void list_errors(cptree_t *copy) {
  for (size_t i = 0; i < copy->failed; i++)
    (void) program_complain(copy->errors[i]);
  free(copy->errors);
}

/* Returns the exit status. */
static int run(cptree_t *copy, char *paths[]) {
  avow_promise_t *interrupted = program_interrupted(copy->loop);
  avow_promise_t *p =
      avow_copy_tree(copy->loop, paths[0], paths[1], &copy->options);
  const avow_value_t result = avow_run(avow_until(p, interrupted));
  program_forget(interrupted);
  progress_erase();
  const bool fine = !avow_is_error(&result) && copy->failed == 0;
  if (avow_is_error(&result))
    (void) program_complain(result);
  printf("copied %llu %s, %llu bytes\n", (unsigned long long) copy->entries,
         copy->entries == 1 ? "entry" : "entries",
         (unsigned long long) copy->bytes);
  list_errors(copy);
  return fine ? 0 : 1;
}

int main(int argc, char *argv[]) {
  static cptree_t copy;
  size_t n;
  char **paths = options_parse(&command_line, argc, argv, &n);
  if (force && keep)
    options_refuse("--keep", "not together with --force");
  copy.options = (avow_copy_options_t){ .keep = AVOW_KEEP_ALL,
                                        .on_entry = on_entry,
                                        .data = &copy,
                                        .concurrency = (unsigned) jobs };
  if (force)
    copy.options.existing = AVOW_EXISTING_REPLACE;
  if (keep)
    copy.options.existing = AVOW_EXISTING_KEEP;
  copy.loop = program_begin();
  const int status = run(&copy, paths);
  return program_end(copy.loop, status);
}
