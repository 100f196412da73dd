/*
 * Runs commands of the shell, so many at a time, and shows how each ended: a
 * map with a limit, whose outcomes stand in the order of the commands. See
 * parallel --help.
 */
#include <avow.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: parallel [--jobs N] [--timeout MS] [command]...\n";

static const char help[] =
    "\n"
    "Runs each command with sh -c, and each line of standard input if there\n"
    "are no commands. Shows how long it took, how it ended and the first line\n"
    "that it printed.\n"
    "\n"
    "  --jobs N      so many at a time (as many as the machine has "
    "processors)\n"
    "  --timeout MS  how long a command may take (for ever)\n"
    "  --help        this text\n"
    "\n"
    "Exit status: 0 if every command had that, 1 if not, 2 if the arguments\n"
    "are wrong.\n";

typedef struct {
  char *text;
  uint64_t begin; /* in nanoseconds */
  uint64_t end;
} job_t;

typedef struct {
  uv_loop_t loop;
  size_t limit;     /* of jobs at a time */
  uint64_t timeout; /* of each, in milliseconds; 0: none */
  job_t *jobs;
  size_t n;
} parallel_t;

static _Noreturn void fail(const char *what, int err) {
  fprintf(stderr, "parallel: %s: %s\n", what, avow_strerror(err));
  exit(1);
}

/* At most seven digits. */
static uint64_t number(const char *text) {
  const size_t len = strlen(text);
  const uint64_t n = strtoull(text, NULL, 10);
  if (len == 0 || len > 7 || strspn(text, "0123456789") != len || n == 0) {
    fprintf(stderr, "parallel: '%s': not 1 to 9999999\n%s", text, usage);
    exit(2);
  }
  return n;
}

static void parse(parallel_t *parallel, int argc, char *argv[]) {
  static const struct option known[] = {
    { "jobs", required_argument, NULL, 'j' },
    { "timeout", required_argument, NULL, 't' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
  };
  parallel->limit = uv_available_parallelism();
  for (int c; (c = getopt_long(argc, argv, "j:t:h", known, NULL)) != -1;) {
    switch (c) {
    case 'j':
      parallel->limit = (size_t) number(optarg);
      break;
    case 't':
      parallel->timeout = number(optarg);
      break;
    case 'h':
      printf("%s%s", usage, help);
      exit(0);
    default: /* getopt_long() has said what is wrong */
      fprintf(stderr, "%s", usage);
      exit(2);
    }
  }
}

static void add_job(parallel_t *parallel, const char *text) {
  const size_t size = (parallel->n + 1) * sizeof(job_t);
  job_t *jobs = realloc(parallel->jobs, size);
  char *copy = strdup(text);
  if (jobs == NULL || copy == NULL)
    fail("no memory", UV_ENOMEM);
  jobs[parallel->n++] = (job_t){ .text = copy };
  parallel->jobs = jobs;
}

static void read_jobs(parallel_t *parallel) {
  char *line = NULL;
  size_t size = 0;
  while (getline(&line, &size, stdin) > 0) {
    line[strcspn(line, "\n")] = '\0';
    if (line[0] != '\0')
      add_job(parallel, line);
  }
  free(line);
}

static avow_value_t note_end(void *data) {
  job_t *job = data;
  job->end = uv_hrtime();
  return avow_none();
}

static avow_value_t run_job(size_t i, void *data) {
  parallel_t *parallel = data;
  job_t *job = &parallel->jobs[i];
  const char *args[] = { "sh", "-c", job->text, NULL };
  const avow_command_t command = { .args = args, .timeout = parallel->timeout };
  job->begin = uv_hrtime();
  avow_promise_t *p = avow_command(&parallel->loop, &command, avow_none());
  return avow_follow(avow_finally(p, note_end, job));
}

static avow_promise_t *run_jobs(parallel_t *parallel) {
  const avow_map_options_t options = { .limit = parallel->limit,
                                       .kind = AVOW_ALL_SETTLED };
  return avow_map(&parallel->loop, parallel->n, run_job, parallel, &options);
}

static const char *reason_of(const avow_settled_t *end) {
  return avow_error_code(end->reason) == UV_ETIMEDOUT
             ? "timed out"
             : avow_error_message(end->reason);
}

/* True if the command was a success. */
static bool describe(const avow_settled_t *end, char *out, size_t size) {
  const avow_output_t *output = NULL;
  if (end->status == AVOW_FULFILLED)
    output = avow_to_output(end->value);
  if (output == NULL)
    (void) snprintf(out, size, "%s", reason_of(end));
  else if (output->signal != 0)
    (void) snprintf(out, size, "signal %d", output->signal);
  else
    (void) snprintf(out, size, "exit %d", (int) output->status);
  return output != NULL && output->signal == 0 && output->status == 0;
}

/* What it printed, also what one that failed had. */
static const char *first_line(const avow_settled_t *end, int *len) {
  const avow_value_t *output = end->status == AVOW_FULFILLED
                                   ? end->value
                                   : avow_error_cause(end->reason);
  *len = 0;
  if (output == NULL)
    return "";
  const char *out = avow_to_bytes(&avow_to_output(output)->out, NULL);
  *len = (int) strcspn(out, "\n");
  return out;
}

/* How wide UTF-8 stands on a terminal: bytes that continue one add nothing. */
static int columns(const char *text) {
  int n = 0;
  for (; *text != '\0'; text++)
    n += (*text & 0xc0) != 0x80;
  return n;
}

static int widest(const parallel_t *parallel) {
  int width = columns("command");
  for (size_t i = 0; i < parallel->n; i++) {
    const int n = columns(parallel->jobs[i].text);
    width = n > width ? n : width;
  }
  return width;
}

static bool print_row(const job_t *job, const avow_settled_t *end, int width) {
  char outcome[64];
  int len;
  const bool success = describe(end, outcome, sizeof(outcome));
  const char *line = first_line(end, &len);
  printf("%s%*s  %8.1f  ", job->text, width - columns(job->text), "",
         (double) (job->end - job->begin) / 1e6);
  if (len > 0)
    printf("%-9s  %.*s\n", outcome, len, line);
  else
    printf("%s\n", outcome);
  return success;
}

/* The exit status. */
static int report(const parallel_t *parallel, const avow_value_t *ends) {
  const int width = widest(parallel);
  size_t successes = 0;
  printf("%-*s  %8s  %-9s  %s\n", width, "command", "ms", "outcome", "output");
  for (size_t i = 0; i < parallel->n; i++) {
    const avow_settled_t end = avow_settled_at(ends, i);
    successes += print_row(&parallel->jobs[i], &end, width);
  }
  printf("\n%zu commands: %zu succeeded, %zu failed\n", parallel->n, successes,
         parallel->n - successes);
  return successes == parallel->n ? 0 : 1;
}

static void open_loop(uv_loop_t *loop) {
  int err = uv_loop_init(loop);
  if (err == 0)
    err = avow_loop_init(loop, NULL);
  if (err != 0)
    fail("cannot start the loop", err);
}

static void close_loop(uv_loop_t *loop) {
  int err = avow_loop_close(loop);
  if (err == 0)
    err = uv_loop_close(loop);
  if (err != 0)
    fail("cannot close the loop", err);
}

int main(int argc, char *argv[]) {
  parallel_t parallel = { .n = 0 };
  parse(&parallel, argc, argv);
  for (int i = optind; i < argc; i++)
    add_job(&parallel, argv[i]);
  if (optind == argc)
    read_jobs(&parallel);
  open_loop(&parallel.loop);
  const avow_value_t ends = avow_run(run_jobs(&parallel));
  if (avow_is_error(&ends))
    fail("cannot run them", avow_error_code(&ends));
  const int status = report(&parallel, &ends);
  avow_value_unref(ends);
  close_loop(&parallel.loop);
  for (size_t i = 0; i < parallel.n; i++)
    free(parallel.jobs[i].text);
  free(parallel.jobs);
  return status;
}
