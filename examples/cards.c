/*
 * A dashboard: cards that do not depend on each other are loaded all at once,
 * and one that fails leaves the others alone. Those that failed are then tried
 * again, with growing pauses, and their rows change. See cards --help.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "demo_servers.h"
#include "http.h"
#include "program.h"
#include "table.h"

static const char usage[] =
    "usage: cards [--timeout MS] [--retries N] [host:port[/path]]...\n";

static const char help[] =
    "\n"
    "Loads all cards over HTTP and shows what came of each; then tries those\n"
    "again that failed. Without cards it loads six from servers of its own.\n"
    "\n"
    "  --timeout MS  how long one attempt may take (1000)\n"
    "  --retries N   how often to try again, 0 to 20 (3)\n"
    "  --help        this text\n"
    "\n"
    "What a server says is not there is not asked for again. Exit status: 0 "
    "if\n"
    "all were loaded at last, 1 if not, 2 if the arguments are wrong.\n";

typedef struct {
  uv_loop_t *loop;
  uint64_t timeout;
  avow_retry_options_t retries;
  demo_server_t servers[DEMO_MOST];
  struct card_s *cards; /* n of them, and of rows and ps */
  row_t *rows;
  avow_promise_t **ps;
  size_t n;
  size_t done; /* of a round */
  size_t of;
} cards_t;

typedef struct card_s {
  cards_t *all;
  http_target_t target;
  row_t *row; /* what is shown of it, from its first attempt on */
} card_t;

static void finish(card_t *card, row_state_t state) {
  card->row->state = state;
  card->row->end = uv_hrtime();
  progress_show(++card->all->done, card->all->of);
}

static avow_value_t note_answer(const avow_value_t *response, void *data) {
  card_t *card = data;
  card->row->status = http_to_response(response)->status;
  card->row->bytes = http_to_response(response)->len;
  finish(card, FULFILLED);
  return avow_none();
}

static avow_value_t note_failure(const avow_value_t *reason, void *data) {
  card_t *card = data;
  (void) snprintf(card->row->reason, sizeof(card->row->reason), "%s",
                  avow_error_message(reason));
  finish(card, REJECTED);
  return avow_value_ref(reason);
}

/* One attempt. */
static avow_value_t load(void *data) {
  card_t *card = data;
  card->row->attempts++;
  avow_promise_t *p = http_get(card->all->loop, &card->target);
  return avow_follow(avow_timeout(p, card->all->timeout));
}

/* Not after an answer that will be the same: 4xx. */
static bool may_help(const avow_value_t *reason, void *data) {
  const avow_value_t *status = avow_error_cause(reason);
  const bool has_status = status != NULL && status->tag == AVOW_INT;
  return !has_status || avow_to_int(status) >= 500;
}

static avow_promise_t *load_all(cards_t *all) {
  all->of = all->n;
  for (size_t i = 0; i < all->n; i++) {
    card_t *card = &all->cards[i];
    all->rows[i].begin = uv_hrtime();
    avow_promise_t *p = avow_try(all->loop, load, card);
    all->ps[i] = avow_then(p, note_answer, note_failure, card);
  }
  return avow_all_settled(all->loop, all->ps, all->n);
}

/* Of the outcomes, those that failed and need not. */
static avow_promise_t *load_again(cards_t *all, const avow_value_t *outcomes) {
  size_t n = 0;
  for (size_t i = 0; i < all->n; i++) {
    const avow_settled_t outcome = avow_settled_at(outcomes, i);
    card_t *card = &all->cards[i];
    if (outcome.status == AVOW_FULFILLED || !may_help(outcome.reason, card))
      continue;
    avow_promise_t *p = avow_retry(all->loop, load, card, &all->retries);
    all->ps[n++] = avow_then(p, note_answer, note_failure, card);
  }
  all->done = 0;
  all->of = n;
  return avow_all_settled(all->loop, all->ps, n);
}

/* How many are loaded. */
static size_t show(const cards_t *all) {
  size_t loaded = 0;
  progress_erase();
  table_print(all->rows, all->n);
  for (size_t i = 0; i < all->n; i++)
    loaded += all->rows[i].state == FULFILLED;
  return loaded;
}

/* The exit status. */
static int run(cards_t *all) {
  const avow_value_t outcomes = avow_run(load_all(all));
  if (avow_is_error(&outcomes))
    program_fail("cannot load them", avow_error_code(&outcomes));
  size_t loaded = show(all);
  if (loaded < all->n && all->retries.attempts > 0) {
    if (isatty(STDOUT_FILENO))
      printf("\033[%zuA\033[J", all->n + 1); /* the new rows go there */
    else
      printf("\n%zu of %zu loaded. Trying the others again.\n\n", loaded,
             all->n);
    (void) fflush(stdout);
    avow_value_unref(avow_run(load_again(all, &outcomes)));
    loaded = show(all);
  }
  avow_value_unref(outcomes);
  printf("\n%zu of %zu loaded.\n", loaded, all->n);
  return loaded == all->n ? 0 : 1;
}

static _Noreturn void refuse(const char *argument, const char *problem) {
  fprintf(stderr, "cards: '%s': %s\n%s", argument, problem, usage);
  exit(2);
}

static void parse(cards_t *all, int argc, char *argv[]) {
  static const struct option known[] = {
    { "timeout", required_argument, NULL, 't' },
    { "retries", required_argument, NULL, 'r' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
  };
  for (int c; (c = getopt_long(argc, argv, "t:r:h", known, NULL)) != -1;) {
    if (c == 'h') {
      printf("%s%s", usage, help);
      exit(0);
    } else if (c == 't') {
      all->timeout = program_number(optarg, 9999999);
      if (all->timeout == 0)
        refuse(optarg, "a timeout is 1 to 9999999 milliseconds");
    } else if (c == 'r') {
      all->retries.attempts = (unsigned) program_number(optarg, 20);
      if (all->retries.attempts == 0 && (optarg[0] != '0' || optarg[1] != '\0'))
        refuse(optarg, "retries are 0 to 20");
    } else { /* getopt_long() has said what is wrong */
      fprintf(stderr, "%s", usage);
      exit(2);
    }
  }
}

static void prepare(cards_t *all, size_t n) {
  all->n = n;
  all->cards = calloc(n, sizeof(*all->cards));
  all->rows = calloc(n, sizeof(*all->rows));
  all->ps = calloc(n, sizeof(avow_promise_t *));
  if (all->cards == NULL || all->rows == NULL || all->ps == NULL)
    program_fail("no memory", UV_ENOMEM);
}

static void add_card(cards_t *all, size_t i, const char *name,
                     const char *address) {
  card_t *card = &all->cards[i];
  card->all = all;
  card->row = &all->rows[i];
  card->row->name = name;
  const char *problem = http_parse_target(address, &card->target);
  if (problem != NULL)
    refuse(address, problem);
}

static void add_demo(cards_t *all) {
  const int err = demo_start(all->loop, all->servers, DEMO_MOST);
  if (err != 0)
    program_fail("cannot start the servers", err);
  prepare(all, DEMO_MOST);
  for (size_t i = 0; i < DEMO_MOST; i++)
    add_card(all, i, all->servers[i].name, all->servers[i].address.text);
  printf("No cards given: loading six from servers of my own.\n\n");
}

int main(int argc, char *argv[]) {
  cards_t all = { .timeout = 1000, .retries = { .attempts = 3 } };
  parse(&all, argc, argv);
  all.loop = program_begin("cards");
  if (optind == argc)
    add_demo(&all);
  else
    prepare(&all, (size_t) (argc - optind));
  for (int i = optind; i < argc; i++)
    add_card(&all, (size_t) (i - optind), argv[i], argv[i]);
  const int status = run(&all);
  demo_stop(all.servers, DEMO_MOST);
  program_end(all.loop);
  free(all.cards);
  free(all.rows);
  free(all.ps);
  return status;
}
