/* SPDX-License-Identifier: MIT */
/*
 * libdex CASE N ROUNDS: see avow.c.
 */
#include <libdex.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static guint n;
static DexPromise **ps; /* capacity for n */
static DexFuture **fs;  /* capacity for n */
static GFile *peer_file;

static DexFuture *one(void) {
  return dex_future_new_for_int(1);
}

static DexFuture *pass(DexFuture *f, gpointer data) {
  const GValue *v = dex_future_get_value(f, NULL);
  return dex_future_new_for_int(g_value_get_int(v) + 1);
}

static DexFuture *one_after(DexFuture *f, gpointer data) {
  return one();
}

/* Releases the future when it settles. Its handler runs on this thread, so the
   iteration that waits for events ends even if another thread settles it. */
static void run(DexFuture *future) {
  DexFuture *done = dex_future_finally(future, one_after, NULL, NULL);
  while (dex_future_is_pending(done))
    g_main_context_iteration(NULL, TRUE);
  dex_unref(done);
}

static void make_promises(void) {
  for (guint i = 0; i < n; i++)
    ps[i] = dex_promise_new();
}

static void add_handlers(void) {
  for (guint i = 0; i < n; i++)
    fs[i] = dex_future_then(dex_ref(DEX_FUTURE(ps[i])), pass, NULL, NULL);
}

static void settle_all(void) {
  for (guint i = 0; i < n; i++)
    dex_promise_resolve_int(ps[i], 1);
}

static void release_promises(void) {
  for (guint i = 0; i < n; i++)
    dex_unref(ps[i]);
}

static void run_all(void) {
  run(dex_future_all_racev(fs, n));
  for (guint i = 0; i < n; i++)
    dex_unref(fs[i]);
}

static void settle(void) {
  make_promises();
  add_handlers();
  settle_all();
  run(dex_ref(fs[n - 1]));
  for (guint i = 0; i < n; i++)
    dex_unref(fs[i]);
  release_promises();
}

static void chain(void) {
  DexPromise *first = dex_promise_new();
  DexFuture *last = dex_ref(DEX_FUTURE(first));
  for (guint i = 0; i < n; i++)
    last = dex_future_then(last, pass, NULL, NULL);
  dex_promise_resolve_int(first, 0);
  run(last);
  dex_unref(first);
}

/* All handlers of libdex return futures. */
static void follow(void) {
  DexFuture *last = one();
  for (guint i = 0; i < n; i++)
    last = dex_future_then(last, one_after, NULL, NULL);
  run(last);
}

typedef DexFuture *(*combinator_t)(DexFuture *const *futures, guint n);

static void combine(combinator_t combinator) {
  make_promises();
  DexFuture *combined = combinator((DexFuture **) ps, n);
  settle_all();
  run(combined);
  release_promises();
}

static void all(void) {
  combine(dex_future_all_racev);
}

static void all_settled(void) {
  combine(dex_future_allv);
}

static void race(void) {
  combine(dex_future_firstv);
}

/* The functions of the fibers. */

static DexFuture *await_all(gpointer data) {
  int sum = 0;
  for (guint i = 0; i < n; i++)
    sum += dex_await_int(one(), NULL);
  return dex_future_new_for_int(sum);
}

static DexFuture *nothing(gpointer data) {
  return one();
}

static DexFuture *send_all(gpointer channel) {
  for (guint i = 0; i < n; i++)
    dex_await(dex_channel_send(channel, one()), NULL);
  return one();
}

static DexFuture *take_all(gpointer channel) {
  for (guint i = 0; i < n; i++)
    dex_await_int(dex_channel_receive(channel), NULL);
  return one();
}

static void examined(GObject *stream, GAsyncResult *result, gpointer promise) {
  GFileInfo *info =
      g_file_input_stream_query_info_finish(G_FILE_INPUT_STREAM(stream), result,
                                            NULL);
  dex_promise_resolve_object(promise, info);
  dex_unref(promise);
}

/* libdex has no fstat. This is the request of GIO. */
static DexFuture *examine(GFileInputStream *stream) {
  DexPromise *promise = dex_promise_new();
  g_file_input_stream_query_info_async(stream, G_FILE_ATTRIBUTE_STANDARD_SIZE,
                                       G_PRIORITY_DEFAULT, NULL, examined,
                                       dex_ref(promise));
  return DEX_FUTURE(promise);
}

static DexFuture *make_requests(gpointer data) {
  GInputStream *stream =
      dex_await_object(dex_file_read(peer_file, G_PRIORITY_DEFAULT), NULL);
  g_object_unref(dex_await_object(examine(G_FILE_INPUT_STREAM(stream)), NULL));
  g_bytes_unref(dex_await_boxed(dex_input_stream_read_bytes(stream, 4096,
                                                            G_PRIORITY_DEFAULT),
                                NULL));
  dex_await(dex_input_stream_close(stream, G_PRIORITY_DEFAULT), NULL);
  g_object_unref(stream);
  return one();
}

static DexFuture *spawn(DexFiberFunc function, gpointer data) {
  return dex_scheduler_spawn(NULL, 0, function, data, NULL);
}

/* The cases. */

static void await(void) {
  run(spawn(await_all, NULL));
}

static void start(void) {
  for (guint i = 0; i < n; i++)
    fs[i] = spawn(nothing, NULL);
  run_all();
}

static void channel(void) {
  DexChannel *c = dex_channel_new(1);
  DexFuture *sending = spawn(send_all, c);
  run(spawn(take_all, c));
  run(sending);
  dex_unref(c);
}

static void sleep_ms(void) {
  for (guint i = 0; i < n; i++)
    fs[i] = dex_timeout_new_msec(1);
  run_all();
}

static void file(void) {
  for (guint i = 0; i < n; i++)
    fs[i] = dex_file_load_contents_bytes(peer_file);
  run_all();
}

static void requests(void) {
  for (guint i = 0; i < n; i++)
    fs[i] = spawn(make_requests, NULL);
  run_all();
}

static gpointer settle_elsewhere(gpointer data) {
  settle_all();
  return NULL;
}

static void thread(void) {
  make_promises();
  DexFuture *combined = dex_future_all_racev((DexFuture **) ps, n);
  GThread *other = g_thread_new("other", settle_elsewhere, NULL);
  run(combined);
  g_thread_join(other);
  release_promises();
}

static void pending(void) {
  make_promises();
  add_handlers();
  _exit(0);
}

static const struct {
  const char *name;
  void (*run)(void);
} cases[] = {
  { "settle", settle },
  { "chain", chain },
  { "follow", follow },
  { "all", all },
  { "all_settled", all_settled },
  { "race", race },
  { "await", await },
  { "start", start },
  { "channel", channel },
  { "sleep", sleep_ms },
  { "file", file },
  { "requests", requests },
  { "thread", thread },
  { "pending", pending },
};

int main(int argc, char *argv[]) {
  if (argc != 4)
    return 2;
  dex_init();
  n = (guint) strtoul(argv[2], NULL, 10);
  ps = g_new0(DexPromise *, n);
  fs = g_new0(DexFuture *, n);
  peer_file = g_file_new_for_path(getenv("PEER_FILE"));
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    if (strcmp(cases[i].name, argv[1]) != 0)
      continue;
    for (size_t left = strtoul(argv[3], NULL, 10); left > 0; left--)
      cases[i].run();
    return 0;
  }
  return 3;
}
