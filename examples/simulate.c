/* SPDX-License-Identifier: MIT */
/*
 * A server that counts votes, three voters, and a defect that tests on one
 * machine would not find: the server takes each read for one vote. The
 * simulator runs the program under one seed after another until a vote is lost.
 * It then removes everything that the failure does not need. See simulate
 * --help and docs/simulator.md. -DMENDED builds the server without the defect.
 */
#include <avow.h>
#include <avow/sim.h>
#include <string.h>

enum { VOTERS = 3, VOTES = 2, LINE = 100 };

static const char port[] = "7001";

typedef struct {
  uv_loop_t *loop;
  int yes;
  int no;
} urn_t;

typedef struct {
  urn_t *urn;
  avow_value_t connection;
} voter_t;

/* The server. */

#ifdef MENDED
static avow_value_t next_vote(avow_reader_t *reader, avow_stream_t stream) {
  return avow_await(avow_reader_line(reader, LINE));
}
#else
static avow_value_t next_vote(avow_reader_t *reader, avow_stream_t stream) {
  return avow_await(avow_read(stream, LINE));
}
#endif

static avow_value_t count_votes(urn_t *urn, avow_stream_t stream,
                                avow_reader_t *reader) {
  for (;;) {
    const avow_value_t v = next_vote(reader, stream);
    if (v.tag != AVOW_BYTES) /* the end, or an error */
      return v;
    const bool is_yes = strncmp(avow_to_bytes(&v, NULL), "yes", 3) == 0;
    avow_value_unref(v);
    *(is_yes ? &urn->yes : &urn->no) += 1;
    AVOW_TRY(avow_await(avow_write(stream, avow_string("counted\n"))));
  }
}

static avow_value_t serve(void *data) {
  const voter_t voter = *(const voter_t *) data;
  const avow_value_t connection = avow_value_ref(&voter.connection);
  const avow_stream_t stream = avow_to_stream(&connection);
  avow_reader_t *reader = avow_reader_new(stream);
  const avow_value_t v = count_votes(voter.urn, stream, reader);
  avow_reader_unref(reader);
  avow_value_unref(connection); /* closes it */
  return v;
}

static avow_value_t welcome(const avow_value_t *connection, void *data) {
  urn_t *urn = data;
  voter_t voter = { urn, *connection };
  return avow_follow(avow_async(urn->loop, serve, &voter));
}

/* The clients. They vote yes and wait each time until the vote is counted. */

static avow_value_t cast(avow_stream_t stream, avow_reader_t *reader) {
  for (int i = 0; i < VOTES; i++) {
    AVOW_TRY(avow_await(avow_write(stream, avow_string("yes\n"))));
    AVOW_TRY(avow_await(avow_reader_line(reader, LINE)));
  }
  return avow_none();
}

static avow_value_t vote(void *loop) {
  const avow_value_t connection =
      avow_await(avow_connect(loop, "127.0.0.1", port));
  if (avow_is_error(&connection))
    return connection;
  const avow_stream_t stream = avow_to_stream(&connection);
  avow_reader_t *reader = avow_reader_new(stream);
  const avow_value_t v = cast(stream, reader);
  avow_reader_unref(reader);
  avow_value_unref(connection);
  return v;
}

/* Runs server and clients on one loop and checks the result. */

static avow_value_t hold_election(urn_t *urn, const avow_value_t *listener) {
  const avow_stream_t stream = avow_to_stream(listener);
  avow_channel_t *voters = avow_connections(avow_stream_handle(stream), NULL);
  avow_promise_t *served = avow_each(voters, welcome, urn, NULL);
  avow_channel_unref(voters);
  avow_promise_t *all[VOTERS];
  for (int i = 0; i < VOTERS; i++)
    all[i] = avow_async(urn->loop, vote, urn->loop);
  const avow_value_t v = avow_await(avow_all(urn->loop, all, VOTERS));
  avow_value_unref(avow_await(avow_close(stream)));
  avow_value_unref(avow_await(served));
  return v;
}

static avow_value_t run(void *loop) {
  urn_t urn = { .loop = loop };
  const avow_value_t listener = avow_await(avow_bind(loop, "127.0.0.1", port));
  if (avow_is_error(&listener))
    return listener;
  const avow_value_t v = hold_election(&urn, &listener);
  avow_value_unref(listener);
  avow_sim_note("%d yes, %d no", urn.yes, urn.no);
  avow_sim_check(urn.yes == VOTERS * VOTES && urn.no == 0,
                 "votes were lost or made up");
  return v;
}

static avow_promise_t *begin(uv_loop_t *loop, void *data) {
  return avow_async(loop, run, loop);
}

int main(int argc, char *argv[]) {
  return avow_sim_main(argc, argv, begin, NULL, NULL);
}
