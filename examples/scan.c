/* SPDX-License-Identifier: MIT */
/*
 * Tries the TCP ports of a host and shows the open ones. A map limits how many
 * ports are tried at a time, and each port has a timeout. See scan --help.
 */
#include <avow.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "program.h"
#include "table.h"
#include "terminal.h"

enum { PORT_MAX = 65535, STATES = 4 };

static uint64_t limit = 100;
static uint64_t timeout = 1000;

static const option_t options[] = {
  { "limit", "N", "limit of ports at a time (100)", .number = &limit, .min = 1,
    .max = PORT_MAX },
  { "timeout", "MS", "timeout of each port (1000)", .number = &timeout,
    .min = 1, .max = 9999999 },
  { .name = NULL },
};

static const command_line_t command_line = {
  .operands = "HOST FIRST[-LAST]",
  .least = 2,
  .most = 2,
  .about =
      "Shows which TCP ports of the host are open. Tries to connect to\n"
      "each port from FIRST to LAST.",
  .options = options,
  .status = "0 if all ports were tried, 1 if not",
  .example = "--limit 500 localhost 1-1024",
};

typedef enum { OPEN, CLOSED, SILENT, UNTRIED } state_t;

typedef struct scan_s scan_t;

typedef struct {
  scan_t *scan;
  state_t state;
  uint64_t begin; /* in nanoseconds */
  uint64_t end;
} probe_t;

struct scan_s {
  uv_loop_t *loop;
  char host[INET6_ADDRSTRLEN]; /* its address */
  unsigned first;              /* port */
  size_t n;
  probe_t probes[PORT_MAX];
  size_t done;
  size_t count[STATES];
  avow_value_t problem; /* first error other than refusal or timeout */
};

static _Noreturn void fail(avow_value_t error) {
  exit(program_complain(error));
}

static unsigned parse_port(const char *text) {
  uint64_t port;
  if (!options_number(text, 1, PORT_MAX, &port))
    options_refuse(text, "a port is a number from 1 to 65535");
  return (unsigned) port;
}

/* Modifies the text. */
static void parse_ports(scan_t *scan, char *text) {
  char *dash = strchr(text, '-');
  if (dash != NULL)
    *dash = '\0';
  scan->first = parse_port(text);
  const unsigned last = dash != NULL ? parse_port(dash + 1) : scan->first;
  if (last < scan->first)
    options_refuse(dash + 1, "the last comes before the first");
  scan->n = last - scan->first + 1;
}

/* Looks the host up once, not for each port. */
static void look_up(scan_t *scan, const char *host) {
  const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
  const avow_value_t found =
      avow_run(avow_getaddrinfo(scan->loop, host, NULL, &hints));
  if (avow_is_error(&found))
    fail(found);
  (void) uv_ip_name(avow_to_addrinfo(&found)->ai_addr, scan->host,
                    sizeof(scan->host)); /* fits */
  avow_value_unref(found);
}

static avow_value_t ended(probe_t *probe, state_t state) {
  scan_t *scan = probe->scan;
  probe->end = uv_hrtime();
  probe->state = state;
  scan->count[state]++;
  progress_show(++scan->done, scan->n);
  return avow_none();
}

/* The stream is closed when its value is released. No reference is kept. */
static avow_value_t note_open(const avow_value_t *stream, void *data) {
  return ended(data, OPEN);
}

static avow_value_t note_failure(const avow_value_t *reason, void *data) {
  probe_t *probe = data;
  avow_value_t *problem = &probe->scan->problem;
  switch (avow_error_code(reason)) {
  case UV_ECONNREFUSED:
    return ended(probe, CLOSED);
  case UV_ETIMEDOUT:
    return ended(probe, SILENT);
  default:
    if (!avow_is_error(problem))
      *problem = avow_value_ref(reason);
    return ended(probe, UNTRIED);
  }
}

static avow_value_t try_port(size_t i, void *data) {
  scan_t *scan = data;
  probe_t *probe = &scan->probes[i];
  char port[16];
  (void) snprintf(port, sizeof(port), "%u", scan->first + (unsigned) i);
  *probe = (probe_t){ .scan = scan, .begin = uv_hrtime() };
  avow_promise_t *p = avow_connect(scan->loop, scan->host, port);
  p = avow_timeout(p, timeout);
  return avow_follow(avow_then(p, note_open, note_failure, probe));
}

static void try_ports(scan_t *scan) {
  const avow_map_options_t map = { .concurrency = (size_t) limit };
  const avow_value_t ends =
      avow_run(avow_map(scan->loop, scan->n, try_port, scan, &map));
  progress_erase();
  if (avow_is_error(&ends))
    fail(ends);
  avow_value_unref(ends);
}

/* Prints the open ports in a form that other programs accept. */
static void print_open(const scan_t *scan) {
  const bool v6 = strchr(scan->host, ':') != NULL;
  const table_t table = table_of((int) strlen(scan->host) + (v6 ? 8 : 6), 8);
  if (scan->count[OPEN] > 0)
    table_line(table, "address", "", "      ms", "");
  for (size_t i = 0; i < scan->n; i++) {
    const probe_t *probe = &scan->probes[i];
    char address[sizeof(scan->host) + 16], ms[32];
    if (probe->state != OPEN)
      continue;
    (void) snprintf(address, sizeof(address), v6 ? "[%s]:%u" : "%s:%u",
                    scan->host, scan->first + (unsigned) i);
    (void) snprintf(ms, sizeof(ms), "%8.1f",
                    (double) (probe->end - probe->begin) / 1e6);
    table_line(table, address, "", ms, "");
  }
}

/* Returns the exit status. */
static int report(const scan_t *scan, double ms) {
  print_open(scan);
  printf("%s%s: %zu open, %zu closed, %zu silent, in %.1f ms\n",
         scan->count[OPEN] > 0 ? "\n" : "", scan->host, scan->count[OPEN],
         scan->count[CLOSED], scan->count[SILENT], ms);
  if (scan->count[UNTRIED] == 0)
    return 0;
  fprintf(stderr, "%s: %zu could not be tried: %s\n", program_name(),
          scan->count[UNTRIED], avow_error_message(&scan->problem));
  return 1;
}

int main(int argc, char *argv[]) {
  static scan_t scan;
  size_t n;
  char **operands = options_parse(&command_line, argc, argv, &n);
  parse_ports(&scan, operands[1]);
  scan.loop = program_begin();
  look_up(&scan, operands[0]);
  const uint64_t begin = uv_hrtime();
  try_ports(&scan);
  const int status = report(&scan, (double) (uv_hrtime() - begin) / 1e6);
  avow_value_unref(scan.problem);
  return program_end(scan.loop, status);
}
