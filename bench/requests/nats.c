/* SPDX-License-Identifier: MIT */
/*
 * Requests over NATS: N requests, AT_ONCE at a time, with avow-nats, or with
 * AT_ONCE threads that block in libnats' natsConnection_Request(). Both use the
 * same answering process. With one request at a time, both set
 * natsOptions_SetSendAsap(). run.sh runs this program.
 *
 *     requests_nats avow|libnats URL N AT_ONCE
 *     requests_nats answer URL
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avow/all.h"
#include "avow/nats.h"

static long total, at_once;

static void check(natsStatus s) {
  if (s == NATS_OK)
    return;
  (void) fprintf(stderr, "%s\n", natsStatus_GetText(s));
  exit(1);
}

static natsOptions *send_asap(const char *url) {
  natsOptions *options = NULL;
  check(natsOptions_Create(&options));
  check(natsOptions_SetURL(options, url));
  check(natsOptions_SetSendAsap(options, true));
  return options;
}

static natsConnection *connect_alone(const char *url) {
  natsConnection *nc = NULL;
  natsOptions *options = send_asap(url);
  check(natsConnection_Connect(&nc, options));
  natsOptions_Destroy(options);
  return nc;
}

static void on_question(natsConnection *nc, natsSubscription *sub, natsMsg *msg,
                        void *data) {
  check(natsConnection_Publish(nc, natsMsg_GetReply(msg), "144", 3));
  natsMsg_Destroy(msg);
}

static void answer(const char *url) {
  natsSubscription *sub = NULL;
  natsConnection *nc = connect_alone(url);
  check(natsConnection_Subscribe(&sub, nc, "squares", on_question, NULL));
  check(natsConnection_Flush(nc));
  (void) puts("ready");
  (void) fflush(stdout);
  for (;;)
    nats_Sleep(1000);
}

static void ask_alone(void *nc) {
  for (long i = 0; i < total / at_once; i++) {
    natsMsg *msg = NULL;
    check(natsConnection_Request(&msg, nc, "squares", "12", 2, 10000));
    natsMsg_Destroy(msg);
  }
}

static void run_alone(const char *url) {
  natsConnection *nc = connect_alone(url);
  uv_thread_t *threads = calloc((size_t) at_once, sizeof(*threads));
  for (long i = 0; threads != NULL && i < at_once; i++)
    if (uv_thread_create(&threads[i], ask_alone, nc) != 0)
      exit(1);
  for (long i = 0; threads != NULL && i < at_once; i++)
    (void) uv_thread_join(&threads[i]);
  free(threads);
  natsConnection_Destroy(nc);
}

static avow_value_t one(size_t i, void *nats) {
  return avow_follow(
      avow_nats_request(nats, "squares", avow_bytes("12", 2), NULL));
}

static void run_avow(uv_loop_t *loop, const char *url) {
  avow_value_t nats = avow_run(
      avow_nats_connect(loop, url, at_once == 1 ? send_asap(url) : NULL));
  const avow_map_options_t options = { .concurrency = (size_t) at_once,
                                       .kind = AVOW_ALL_SETTLED };
  if (avow_is_error(&nats))
    exit(1);
  avow_ignore(avow_run(avow_map(loop, (size_t) total, one, &nats, &options)));
  avow_value_unref(nats);
}

/* Jobs. Each run has its own ids. */

static char ids[32];

static avow_value_t queue_on(uv_loop_t *loop, const char *url) {
  avow_value_t nats = avow_run(avow_nats_connect(loop, url, NULL));
  if (avow_is_error(&nats))
    exit(1);
  const avow_value_t queue = avow_run(avow_nats_queue(&nats, "squares", NULL));
  avow_value_unref(nats);
  if (avow_is_error(&queue))
    exit(1);
  return queue;
}

static avow_value_t square(const avow_value_t *job, void *data) {
  return avow_bytes("144", 3);
}

static void work(uv_loop_t *loop, const char *url) {
  const avow_nats_work_options_t options = { .concurrency = 64 };
  const avow_value_t queue = queue_on(loop, url);
  avow_ignore(avow_run(avow_nats_work(&queue, square, NULL, &options)));
  exit(1);
}

static avow_value_t one_job(size_t i, void *queue) {
  char id[64];
  (void) snprintf(id, sizeof(id), "%s-%zu", ids, i);
  return avow_follow(avow_nats_job(queue, id, avow_bytes("12", 2)));
}

static void run_jobs(uv_loop_t *loop, const char *url) {
  avow_value_t queue = queue_on(loop, url);
  const avow_map_options_t options = { .concurrency = (size_t) at_once };
  (void) snprintf(ids, sizeof(ids), "%d", (int) uv_os_getpid());
  const avow_value_t v =
      avow_run(avow_map(loop, (size_t) total, one_job, &queue, &options));
  if (avow_is_error(&v))
    exit(1);
  avow_value_unref(v);
  avow_value_unref(queue);
}

int main(int argc, char **argv) {
  uv_loop_t *loop = uv_default_loop();
  if (argc == 3 && strcmp(argv[1], "answer") == 0)
    answer(argv[2]);
  if (argc == 3 && strcmp(argv[1], "work") == 0 &&
      avow_loop_init(loop, NULL) == 0)
    work(loop, argv[2]);
  if (argc != 5 || avow_loop_init(loop, NULL) != 0)
    return 1;
  total = strtol(argv[3], NULL, 10);
  at_once = strtol(argv[4], NULL, 10);
  const uint64_t begin = uv_hrtime();
  if (strcmp(argv[1], "avow") == 0)
    run_avow(loop, argv[2]);
  else if (strcmp(argv[1], "jobs") == 0)
    run_jobs(loop, argv[2]);
  else
    run_alone(argv[2]);
  (void) printf("%.0f\n",
                (double) total * 1e9 / (double) (uv_hrtime() - begin));
  const int err = avow_loop_close(loop);
  nats_Close();
  return err;
}
