/* SPDX-License-Identifier: MIT */
/*
 * examples/upload.c with its own server, which refuses every third file. At the
 * end the program must know the state of each file.
 */
#include <avow/sim.h>

#include "quiet.h"

int upload_main(int argc, char *argv[]);

#define main upload_main
#include "../../../examples/upload.c"
#undef main

enum { FILES = 5, SIZE = 3000 };

typedef struct {
  upload_t upload;
  upload_server_t server;
} town_t;

static char letters[FILES][2] = { "a", "b", "c", "d", "e" };
static char *names[] = { letters[0], letters[1], letters[2], letters[3],
                         letters[4] };

static avow_value_t write_one(size_t i, void *loop) {
  char *bytes;
  const avow_value_t v = avow_bytes_new(SIZE * i, &bytes);
  if (avow_is_error(&v))
    return v;
  memset(bytes, 'x', SIZE * i);
  return avow_follow(avow_write_file(loop, names[i], v, 0600));
}

static void check_rows(const upload_t *upload) {
  for (size_t i = 0; i < upload->n; i++)
    avow_sim_check(upload->rows[i].state != PENDING,
                   "the state of '%s' is unknown", names[i]);
  avow_sim_check(upload->done == upload->n, "%d of %d are done",
                 (int) upload->done, (int) upload->n);
}

static avow_value_t live(void *data) {
  town_t *town = data;
  upload_t *upload = &town->upload;
  avow_promise_t *p =
      avow_map(upload->loop, FILES, write_one, upload->loop, NULL);
  avow_value_unref(avow_await(p)); /* files may fail to be written */
  const avow_value_t outcomes = avow_await(send_all(upload));
  check_rows(upload);
  avow_value_unref(avow_await(upload_server_stop(&town->server)));
  return outcomes;
}

static void town_free(void *data) {
  town_t *town = data;
  free(town->upload.items);
  free(town->upload.rows);
  free(town);
}

avow_promise_t *upload_town(uv_loop_t *loop, void *data) {
  town_t *town = calloc(1, sizeof(*town));
  if (town == NULL)
    program_fail("no memory", UV_ENOMEM);
  town->upload.loop = loop;
  add_files(&town->upload, names, FILES);
  upload_server_start(loop, &town->server);
  set_server(&town->upload, town->server.address);
  return avow_attach(avow_async(loop, live, town), town, town_free);
}
