/*
 * Tries the TCP ports of a host, so many at a time, and shows which are open:
 * a map with a limit, in which each port has its timeout. See scan --help.
 */
#include <avow.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"
#include "table.h"

static const char usage[] =
    "usage: scan [--limit N] [--timeout MS] host first[-last]\n";

static const char help[] =
    "\n"
    "Tries each of these TCP ports of the host, and shows which are open.\n"
    "\n"
    "  --limit N     so many at a time (100)\n"
    "  --timeout MS  how long to wait for each (1000)\n"
    "  --help        this text\n"
    "\n"
    "Exit status: 0 if all were tried, 1 if not, 2 if the arguments are "
    "wrong.\n";

enum { PORT_MAX = 65535, STATES = 4 };

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
  size_t limit;
  uint64_t timeout;
  unsigned first; /* port */
  size_t n;
  probe_t probes[PORT_MAX];
  size_t done;
  size_t count[STATES];
  avow_value_t problem; /* of the first that could not be tried */
};

static _Noreturn void refuse(const char *text, const char *problem) {
  fprintf(stderr, "scan: '%s': %s\n%s", text, problem, usage);
  exit(2);
}

static _Noreturn void fail(const avow_value_t *error) {
  fprintf(stderr, "scan: %s\n", avow_error_message(error));
  exit(1);
}

static unsigned number(const char *text, unsigned max) {
  const unsigned n = (unsigned) program_number(text, max);
  if (n == 0)
    refuse(text, "not a number, or not in range");
  return n;
}

/* Takes the text apart. */
static void parse_ports(scan_t *scan, char *text) {
  char *dash = strchr(text, '-');
  if (dash != NULL)
    *dash = '\0';
  scan->first = number(text, PORT_MAX);
  const unsigned last = dash != NULL ? number(dash + 1, PORT_MAX) : scan->first;
  if (last < scan->first)
    refuse(dash + 1, "the last comes before the first");
  scan->n = last - scan->first + 1;
}

static void parse(scan_t *scan, int argc, char *argv[]) {
  static const struct option known[] = {
    { "limit", required_argument, NULL, 'l' },
    { "timeout", required_argument, NULL, 't' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
  };
  for (int c; (c = getopt_long(argc, argv, "l:t:h", known, NULL)) != -1;) {
    switch (c) {
    case 'l':
      scan->limit = number(optarg, PORT_MAX);
      break;
    case 't':
      scan->timeout = number(optarg, 9999999);
      break;
    case 'h':
      printf("%s%s", usage, help);
      exit(0);
    default: /* getopt_long() has said what is wrong */
      fprintf(stderr, "%s", usage);
      exit(2);
    }
  }
  if (argc - optind != 2) {
    fprintf(stderr, "%s", usage);
    exit(2);
  }
  parse_ports(scan, argv[optind + 1]);
}

/* Once, and not for each port. */
static void look_up(scan_t *scan, const char *host) {
  const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
  const avow_value_t found =
      avow_run(avow_getaddrinfo(scan->loop, host, NULL, &hints));
  if (avow_is_error(&found))
    fail(&found);
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

/* The stream closes with its value, which nobody keeps. */
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
  p = avow_timeout(p, scan->timeout);
  return avow_follow(avow_then(p, note_open, note_failure, probe));
}

static void try_ports(scan_t *scan) {
  const avow_map_options_t options = { .limit = scan->limit };
  const avow_value_t ends =
      avow_run(avow_map(scan->loop, scan->n, try_port, scan, &options));
  progress_erase();
  if (avow_is_error(&ends))
    fail(&ends);
  avow_value_unref(ends);
}

/* The exit status. */
static int report(const scan_t *scan, double ms) {
  if (scan->count[OPEN] > 0)
    printf("%5s  %8s\n", "port", "ms");
  for (size_t i = 0; i < scan->n; i++) {
    const probe_t *probe = &scan->probes[i];
    if (probe->state == OPEN)
      printf("%5u  %8.1f\n", scan->first + (unsigned) i,
             (double) (probe->end - probe->begin) / 1e6);
  }
  printf("%s%s: %zu open, %zu closed, %zu silent, in %.1f ms\n",
         scan->count[OPEN] > 0 ? "\n" : "", scan->host, scan->count[OPEN],
         scan->count[CLOSED], scan->count[SILENT], ms);
  if (scan->count[UNTRIED] == 0)
    return 0;
  fprintf(stderr, "scan: %zu could not be tried: %s\n", scan->count[UNTRIED],
          avow_error_message(&scan->problem));
  return 1;
}

int main(int argc, char *argv[]) {
  static scan_t scan = { .limit = 100, .timeout = 1000 };
  parse(&scan, argc, argv);
  scan.loop = program_begin("scan");
  look_up(&scan, argv[optind]);
  const uint64_t begin = uv_hrtime();
  try_ports(&scan);
  const int status = report(&scan, (double) (uv_hrtime() - begin) / 1e6);
  avow_value_unref(scan.problem);
  program_end(scan.loop);
  return status;
}
