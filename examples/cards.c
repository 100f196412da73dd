/* SPDX-License-Identifier: MIT */
/*
 * A dashboard. All cards load at once, and a card that fails does not affect
 * the others. Failed cards are then retried with growing pauses, and their rows
 * are updated. See cards --help.
 */
#include <stdio.h>
#include <stdlib.h>

#include "demo_servers.h"
#include "options.h"
#include "program.h"
#include "rows.h"
#include "terminal.h"
#include "web.h"

static avow_retry_options_t again = { .attempts = 3 };
static uint64_t retries = 3;
static uint64_t timeout = 1000;

static const option_t options[] = {
  { "timeout", "MS", "timeout of each attempt (1000)", .number = &timeout,
    .min = 1, .max = 9999999 },
  { "retries", "N", "number of retries (3)", .number = &retries, .max = 20 },
  { .name = NULL },
};

static const command_line_t command_line = {
  .operands = "[URL]...",
  .most = 1000,
  .about =
      "Loads all cards over HTTP or HTTPS and shows the result of each.\n"
      "Then retries the cards that failed, except cards that do not exist\n"
      "and cards whose server has no valid certificate. Without URLs, the\n"
      "program loads eight cards from servers that it starts itself.",
  .options = options,
  .status = "0 if all cards were loaded, 1 if not",
  .example = "--retries 5 https://example.org/a localhost:8080/b",
};

typedef struct {
  uv_loop_t *loop;
  avow_curl_t *client;
  demo_server_t servers[DEMO_MOST];
  struct card_s *cards; /* arrays of n, as are rows and ps */
  row_t *rows;
  avow_promise_t **ps;
  size_t n;
  size_t done; /* finished cards of this round */
  size_t of;
} cards_t;

typedef struct card_s {
  cards_t *all;
  web_target_t target;
  row_t *row; /* its row, from the first attempt on */
} card_t;

static void finish(card_t *card, row_state_t state) {
  card->row->state = state;
  card->row->end = uv_hrtime();
  progress_show(++card->all->done, card->all->of);
}

static avow_value_t note_answer(const avow_value_t *body, void *data) {
  card_t *card = data;
  (void) avow_to_bytes(body, &card->row->bytes);
  finish(card, FULFILLED);
  return avow_none();
}

static avow_value_t note_failure(const avow_value_t *reason, void *data) {
  card_t *card = data;
  (void) snprintf(card->row->reason, sizeof(card->row->reason), "%s",
                  web_reason(reason));
  finish(card, REJECTED);
  return avow_value_ref(reason);
}

/* One attempt. */
static avow_value_t load(void *data) {
  card_t *card = data;
  card->row->attempts++;
  avow_promise_t *p =
      web_get(card->all->client, &card->target, &card->row->status);
  return avow_follow(avow_timeout(p, timeout));
}

/* Decides whether to retry. A 4xx status or an untrusted certificate would only
   repeat itself. */
static bool may_help(const avow_value_t *reason, void *data) {
  if (avow_curl_code(reason) == CURLE_PEER_FAILED_VERIFICATION)
    return false;
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

/* Loads the failed cards again if a retry may help. */
static avow_promise_t *load_again(cards_t *all, const avow_value_t *outcomes) {
  size_t n = 0;
  for (size_t i = 0; i < all->n; i++) {
    const avow_outcome_t outcome = avow_outcome_at(outcomes, i);
    card_t *card = &all->cards[i];
    if (outcome.status == AVOW_FULFILLED || !may_help(outcome.reason, card))
      continue;
    avow_promise_t *p = avow_retry(all->loop, load, card, &again);
    all->ps[n++] = avow_then(p, note_answer, note_failure, card);
  }
  all->done = 0;
  all->of = n;
  return avow_all_settled(all->loop, all->ps, n);
}

/* Returns the number of loaded cards. */
static size_t show(const cards_t *all) {
  size_t loaded = 0;
  progress_erase();
  rows_print(all->rows, all->n);
  for (size_t i = 0; i < all->n; i++)
    loaded += all->rows[i].state == FULFILLED;
  return loaded;
}

/* Returns the exit status. */
static int run(cards_t *all) {
  const avow_value_t outcomes = avow_run(load_all(all));
  if (avow_is_error(&outcomes))
    program_fail("cannot load them", avow_error_code(&outcomes));
  size_t loaded = show(all);
  if (loaded < all->n && retries > 0) {
    if (terminal_obeys(stdout) && all->n + 1 < terminal_lines())
      printf("\033[%zuA\033[J", all->n + 1); /* new rows replace the old */
    else
      printf("\n%zu of %zu loaded. Trying the others again.\n\n", loaded,
             all->n);
    (void) program_flush(); /* program_end() checks again */
    avow_value_unref(avow_run(load_again(all, &outcomes)));
    loaded = show(all);
  }
  avow_value_unref(outcomes);
  printf("\n%zu of %zu loaded.\n", loaded, all->n);
  return loaded == all->n ? 0 : 1;
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
                     web_target_t target) {
  card_t *card = &all->cards[i];
  card->all = all;
  card->target = target;
  card->row = &all->rows[i];
  card->row->name = name;
}

static void add_cards(cards_t *all, char *urls[], size_t n) {
  prepare(all, n);
  for (size_t i = 0; i < n; i++) {
    const char *problem = web_check(urls[i]);
    if (problem != NULL)
      options_refuse(urls[i], problem);
    add_card(all, i, urls[i], (web_target_t){ .url = urls[i] });
  }
}

static void add_demo(cards_t *all) {
  demo_start(all->loop, all->servers, DEMO_MOST);
  prepare(all, DEMO_MOST);
  for (size_t i = 0; i < DEMO_MOST; i++)
    add_card(all, i, all->servers[i].name, all->servers[i].target);
  printf("No cards given: loading eight from servers of my own.\n\n");
}

int main(int argc, char *argv[]) {
  cards_t all = { .loop = NULL };
  size_t n;
  char **cards = options_parse(&command_line, argc, argv, &n);
  again.attempts = (unsigned) retries;
  all.loop = program_begin();
  all.client = avow_curl_new(all.loop, NULL);
  if (n == 0)
    add_demo(&all);
  else
    add_cards(&all, cards, n);
  const int status = run(&all);
  demo_stop(all.servers, DEMO_MOST);
  avow_curl_unref(all.client);
  free(all.cards);
  free(all.rows);
  free(all.ps);
  return program_end(all.loop, status);
}
