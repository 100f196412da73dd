/* SPDX-License-Identifier: MIT */
/*
 * Replaces the address at the beginning of each line of a log by the host's
 * name. A cache combines concurrent lookups of one address and keeps their
 * results for a while. A rate limits the lookups. Lines keep their order. Lines
 * that wait for a name slow down the program that writes the log. See names
 * --help.
 */
#include <avow.h>
#include <avow/cache.h>
#include <avow/descriptor.h>
#include <avow/stages.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "program.h"
#include "text.h"

enum { LINE = 64 * 1024, ROOM = 64, BATCH = 100, PAUSE = 50, MOST = 100000 };

static uint64_t rate = 20;
static uint64_t keep = 600;
static bool count;

static const option_t options[] = {
  { "rate", "N", "limit of lookups in a second (20)", .number = &rate, .min = 1,
    .max = 99999 },
  { "keep", "N", "seconds for which a name is valid (600)", .number = &keep,
    .min = 1, .max = 9999999 },
  { "count", NULL, "print the number of lines and lookups at the end",
    .flag = &count },
  { .name = NULL },
};

static const command_line_t command_line = {
  .operands = "[FILE]",
  .most = 1,
  .about =
      "Copies the lines of the file, or of standard input, to standard\n"
      "output. If a line begins with an address that has a host name, the\n"
      "name replaces the address.",
  .options = options,
  .status = "0, or 1 after a failure",
  .example = "/var/log/apache2/access.log",
};

typedef struct {
  uv_loop_t *loop;
  avow_stream_t in;
  avow_channel_t *lines;
  avow_cache_t *names;
  avow_rate_t *rate;
  unsigned long shown, lookups;
} log_t;

typedef struct {
  log_t *log;
  avow_value_t text; /* text of the address */
  union {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
  } address;
} lookup_t;

/* Returns whether the text is an address, and stores it in `out`. */
static bool parse(const char *text, lookup_t *out) {
  return uv_ip4_addr(text, 0, &out->address.four) == 0 ||
         uv_ip6_addr(text, 0, &out->address.six) == 0;
}

static avow_value_t look_up(const avow_value_t *token, void *data) {
  lookup_t *lookup = data;
  lookup->log->lookups++;
  return avow_follow(
      avow_getnameinfo(lookup->log->loop, &lookup->address.any, NI_NAMEREQD));
}

static avow_value_t host_of(const avow_value_t *host_and_service, void *data) {
  return avow_value_ref(avow_list_at(host_and_service, 0));
}

/* An address without a name stands for itself, and the cache keeps this result.
   Other failures are not kept, so the next line asks again. */
static avow_value_t nameless(const avow_value_t *error, void *data) {
  const lookup_t *lookup = data;
  const bool is_none = avow_error_code(error) == UV_EAI_NONAME;
  return avow_value_ref(is_none ? &lookup->text : error);
}

static void free_lookup(void *data) {
  lookup_t *lookup = data;
  avow_value_unref(lookup->text);
  free(lookup);
}

/* BYTES: the name for an address. The cache calls this. */
static avow_value_t ask(const avow_value_t *address, void *data) {
  log_t *log = data;
  lookup_t *lookup = calloc(1, sizeof(*lookup));
  if (lookup == NULL)
    return avow_error(UV_ENOMEM);
  lookup->log = log;
  lookup->text = avow_value_ref(address);
  (void) parse(avow_to_bytes(address, NULL), lookup); /* it is valid */
  avow_promise_t *p = avow_rate_acquire(log->rate, 1);
  p = avow_then(p, look_up, NULL, lookup);
  p = avow_then(p, host_of, nameless, lookup);
  return avow_follow(avow_attach(p, lookup, free_lookup));
}

/* The line as it is, or a LIST of two outcomes: the line and the name. */
static avow_value_t name_line(const avow_value_t *line, void *data) {
  log_t *log = data;
  lookup_t unused;
  char address[INET6_ADDRSTRLEN] = "";
  const char *text = avow_to_bytes(line, NULL);
  const size_t len = strcspn(text, " \t");
  if (len < sizeof(address))
    memcpy(address, text, len);
  if (!parse(address, &unused))
    return avow_value_ref(line);
  avow_promise_t *both[] = {
    avow_promise_resolve(log->loop, avow_value_ref(line)),
    avow_cache_get(log->names, avow_string(address)),
  };
  return avow_follow(avow_all_settled(log->loop, both, 2));
}

/* Name servers may return any text, so names are printed with text_print(). */
static void write_line(const avow_value_t *line) {
  size_t len, known = 0;
  const bool is_named = line->tag == AVOW_LIST;
  const char *text =
      avow_to_bytes(is_named ? avow_outcome_at(line, 0).value : line, &len);
  if (is_named && avow_outcome_at(line, 1).status == AVOW_FULFILLED) {
    const char *name = avow_to_bytes(avow_outcome_at(line, 1).value, NULL);
    (void) text_print(stdout, name, TEXT_WHOLE);
    known = strcspn(text, " \t");
  }
  /* program_flush() reports errors. */
  (void) fwrite(text + known, 1, len - known, stdout);
  (void) putchar('\n');
}

static avow_value_t write_lines(const avow_value_t *lines, void *data) {
  log_t *log = data;
  for (size_t i = 0; i < avow_list_len(lines); i++)
    write_line(avow_list_at(lines, i));
  log->shown += (unsigned long) avow_list_len(lines);
  return program_flush() ? avow_none() : avow_error(UV_EPIPE);
}

static avow_value_t read_lines(void *data) {
  log_t *log = data;
  avow_reader_t *reader = avow_reader_new(log->in);
  avow_value_t v = avow_await(avow_reader_line(reader, LINE));
  while (v.tag == AVOW_BYTES) {
    v = avow_await(avow_channel_send(log->lines, v));
    if (!avow_is_error(&v))
      v = avow_await(avow_reader_line(reader, LINE));
  }
  avow_reader_unref(reader);
  if (avow_is_error(&v))
    avow_channel_fail(log->lines, v);
  else
    avow_channel_end(log->lines);
  return avow_none();
}

/* NONE once everything is written, or an error. */
static avow_value_t name_all(log_t *log) {
  const avow_map_options_t ahead = { .concurrency = ROOM };
  log->lines = avow_channel_new(log->loop, ROOM);
  avow_promise_t *reads = avow_async(log->loop, read_lines, log);
  avow_channel_t *named = avow_channel_ref(log->lines);
  named = avow_channel_map(named, name_line, log, &ahead);
  named = avow_channel_batch(named, BATCH, PAUSE);
  const avow_value_t v = avow_run(avow_each(named, write_lines, log, NULL));
  avow_channel_unref(named);
  avow_cancel(reads); /* the reader of the output may have closed it */
  avow_value_unref(avow_run(reads));
  avow_channel_unref(log->lines);
  return v;
}

/* NONE, or an error. Reads the file to its present end. */
static avow_value_t run(uv_loop_t *loop, uv_file file) {
  const avow_value_t in = avow_open_stream(loop, file);
  if (avow_is_error(&in))
    return in;
  const avow_cache_options_t kept = { .ttl = keep * 1000, .most = MOST };
  log_t log = { .loop = loop, .in = avow_to_stream(&in) };
  log.rate = avow_rate_new(loop, rate, 1000, NULL);
  log.names = avow_cache_new(loop, ask, &log, NULL, &kept);
  const avow_value_t v = name_all(&log);
  avow_cache_unref(log.names);
  avow_rate_unref(log.rate);
  avow_value_unref(in);
  if (count)
    fprintf(stderr, "%lu lines, %lu lookups\n", log.shown, log.lookups);
  return v;
}

int main(int argc, char *argv[]) {
  size_t n;
  char **path = options_parse(&command_line, argc, argv, &n);
  uv_loop_t *loop = program_begin();
  avow_value_t v = avow_int(0);
  if (n > 0)
    v = avow_run(avow_fs_open(loop, path[0], O_RDONLY | O_CLOEXEC, 0));
  if (!avow_is_error(&v))
    v = run(loop, (uv_file) avow_to_int(&v));
  int status = avow_is_error(&v) ? 1 : 0;
  if (status != 0 && avow_error_code(&v) != UV_EPIPE)
    status = program_complain(avow_value_ref(&v));
  avow_value_unref(v);
  return program_end(loop, status);
}
