/* SPDX-License-Identifier: MIT */
/* Queries an SQLite database, which blocks, on the thread pool, and gives up
   after a timeout. See query --help. */
#include <avow.h>
#include <sqlite3.h>
#include <stdio.h>

#include "options.h"
#include "program.h"
#include "text.h"

static uint64_t timeout = 10000;

static const option_t options[] = {
  { "timeout", "MS", "timeout of the query (10000)", .number = &timeout,
    .min = 1, .max = 9999999 },
  { .name = NULL },
};

static const command_line_t command_line = {
  .operands = "DATABASE SQL",
  .least = 2,
  .most = 2,
  .about =
      "Queries an SQLite database. Prints the first column of the result,\n"
      "at most 1000 rows.",
  .options = options,
  .status = "0, or 1 without a result",
  .example = ":memory: 'values (1), (2)'",
};

enum { ROWS_MAX = 1000, STEPS = 1000 };

typedef struct {
  char **operands; /* path, SQL */
  avow_value_t rows[ROWS_MAX];
  size_t n;
} query_t;

/* SQLite calls this every STEPS steps. A result other than 0 ends the query. */
static int is_unwanted(void *data) {
  return avow_work_is_wanted() ? 0 : 1;
}

static int add_row(void *data, int columns, char *cells[], char *names[]) {
  query_t *query = data;
  if (query->n < ROWS_MAX)
    query->rows[query->n++] = avow_string(cells[0] != NULL ? cells[0] : "");
  return 0;
}

/* LIST of BYTES; for an error, the list is its cause. Runs on a thread of the
   pool. */
static avow_value_t ask(void *data) {
  query_t *query = data;
  sqlite3 *db;
  int err = sqlite3_open(query->operands[0], &db);
  sqlite3_progress_handler(db, STEPS, is_unwanted, NULL);
  if (err == SQLITE_OK)
    err = sqlite3_exec(db, query->operands[1], add_row, query, NULL);
  avow_value_t v = avow_list(query->rows, query->n);
  if (err != SQLITE_OK)
    v = avow_error_new(UV_EIO, v, "%s", sqlite3_errmsg(db));
  (void) sqlite3_close(db); /* nothing of it is in use */
  return v;
}

int main(int argc, char *argv[]) {
  static query_t query;
  size_t n;
  query.operands = options_parse(&command_line, argc, argv, &n);
  uv_loop_t *loop = program_begin();
  avow_promise_t *p = avow_timeout(avow_work(loop, ask, &query, NULL), timeout);
  const avow_value_t rows = avow_run(p);
  if (avow_is_error(&rows))
    return program_end(loop, program_complain(rows));
  for (size_t i = 0; i < avow_list_len(&rows); i++) {
    const char *text = avow_to_bytes(avow_list_at(&rows, i), NULL);
    (void) text_print(stdout, text, TEXT_WHOLE);
    printf("\n");
  }
  avow_value_unref(rows);
  return program_end(loop, 0);
}
