/* SPDX-License-Identifier: MIT */
/*
 * Runs shell commands, a limited number at a time, and shows how each ended: a
 * map with a limit, whose outcomes have the order of the commands. The output
 * can be followed while the commands run. See parallel --help.
 */
#include <avow.h>
#include <avow/command.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "program.h"
#include "table.h"
#include "text.h"

/* The limits for standard input. More input is a mistake or endless. */
enum { COMMAND_MAX = 100 * 1000, COMMANDS_MAX = 100 * 1000 };

enum { SHOWN = 1000 }; /* bytes of a command's output */

static uint64_t jobs; /* at a time; 0: the number of processors */
static uint64_t timeout;
static bool follows;

static const option_t options[] = {
  { "jobs", "N", "limit of commands at a time (number of processors)",
    .number = &jobs, .min = 1, .max = 1000 },
  { "timeout", "MS", "timeout of each command (none)", .number = &timeout,
    .min = 1, .max = 9999999 },
  { "follow", NULL, "print each line of output as it arrives",
    .flag = &follows },
  { .name = NULL },
};

static const command_line_t command_line = {
  .operands = "[COMMAND]...",
  .most = COMMANDS_MAX,
  .about =
      "Runs several commands at a time, each with sh -c. Without\n"
      "arguments, each line of standard input is a command. The program\n"
      "shows how long each command took, how the command ended, and the\n"
      "first line of its output.",
  .options = options,
  .status = "0 if every command exited with 0, 1 if not",
  .example = "--jobs 2 'sleep 1; echo one' 'echo two'",
};

typedef struct {
  char *text;
  uint64_t begin; /* in nanoseconds */
  uint64_t end;
  bool success;
  char outcome[64];
  char printed[SHOWN]; /* its first line of output */
} job_t;

typedef struct {
  uv_loop_t *loop;
  job_t *jobs;
  size_t n;
} parallel_t;

static _Noreturn void refuse_input(const char *problem) {
  fprintf(stderr, "%s: standard input: %s\n", program_name(), problem);
  exit(2);
}

static void add_job(parallel_t *parallel, const char *text) {
  const size_t size = (parallel->n + 1) * sizeof(job_t);
  job_t *more = realloc(parallel->jobs, size);
  char *copy = strdup(text);
  if (more == NULL || copy == NULL)
    program_fail("no memory", UV_ENOMEM);
  more[parallel->n++] = (job_t){ .text = copy };
  parallel->jobs = more;
}

/* Uses fgets(), because getline() would use up memory for an endless line. */
static void read_jobs(parallel_t *parallel) {
  static char line[COMMAND_MAX + 2];
  memset(line, '\n', sizeof(line));
  while (fgets(line, sizeof(line), stdin) != NULL) {
    const size_t len = strcspn(line, "\n");
    if (len > COMMAND_MAX || (line[len] == '\0' && !feof(stdin)))
      refuse_input("a command is too long, or has a NUL in it");
    line[len] = '\0';
    if (len > 0)
      add_job(parallel, line);
    if (parallel->n > COMMANDS_MAX)
      refuse_input("too many commands");
  }
  if (ferror(stdin))
    program_fail("cannot read standard input", uv_translate_sys_error(errno));
}

static void note_output(job_t *job, const avow_output_t *output) {
  const char *out = avow_to_bytes(&output->out, NULL);
  (void) snprintf(job->printed, sizeof(job->printed), "%.*s",
                  (int) strcspn(out, "\n"), out);
}

static void note_how(job_t *job, int64_t status, int signal) {
  job->end = uv_hrtime();
  job->success = signal == 0 && status == 0;
  (void) snprintf(job->outcome, sizeof(job->outcome), "%s %d",
                  signal != 0 ? "signal" : "exit",
                  signal != 0 ? signal : (int) status);
}

static avow_value_t note_end(const avow_value_t *value, void *data) {
  job_t *job = data;
  const avow_output_t *output = avow_to_output(value);
  note_how(job, output->status, output->signal);
  note_output(job, output);
  return avow_none();
}

/* Records a failure with the output of the command until then. */
static avow_value_t note_failure(const avow_value_t *reason, void *data) {
  job_t *job = data;
  const avow_value_t *output = avow_error_cause(reason);
  const bool late = avow_error_code(reason) == UV_ETIMEDOUT;
  job->end = uv_hrtime();
  (void) snprintf(job->outcome, sizeof(job->outcome),
                  late ? "timed out" : "failed");
  if (output != NULL && output->tag == AVOW_OBJECT)
    note_output(job, avow_to_output(output));
  else if (job->printed[0] == '\0')
    (void) snprintf(job->printed, sizeof(job->printed), "%s",
                    avow_error_message(reason));
  return avow_none();
}

static avow_value_t run_job(size_t i, void *data) {
  parallel_t *parallel = data;
  job_t *job = &parallel->jobs[i];
  const char *args[] = { "sh", "-c", job->text, NULL };
  const avow_command_t command = { .args = args,
                                   .timeout = timeout,
                                   .group = true };
  job->begin = uv_hrtime();
  avow_promise_t *p = avow_command(parallel->loop, &command, avow_none());
  return avow_follow(avow_then(p, note_end, note_failure, job));
}

/* The same with output line by line. */

typedef struct {
  uv_loop_t *loop;
  job_t *job;
  size_t number; /* of the job */
  avow_value_t child, out;
  avow_reader_t *lines;
} followed_t;

/* The end of the output ends avow_repeat(). */
static avow_value_t print_line(const avow_value_t *line, void *data) {
  const followed_t *followed = data;
  job_t *job = followed->job;
  if (avow_is_none(line))
    return avow_int(0);
  const char *text = avow_to_bytes(line, NULL);
  printf("%zu: ", followed->number);
  (void) text_print(stdout, text, TEXT_WHOLE); /* any number of columns */
  printf("\n");
  if (job->printed[0] == '\0')
    (void) snprintf(job->printed, sizeof(job->printed), "%s", text);
  return program_flush() ? avow_none() : avow_error(UV_EPIPE);
}

static avow_value_t next_line(void *data) {
  const followed_t *followed = data;
  avow_promise_t *p = avow_reader_line(followed->lines, COMMAND_MAX);
  return avow_follow(avow_then(p, print_line, NULL, data));
}

static avow_value_t hear(const avow_value_t *child, void *data) {
  followed_t *followed = data;
  const avow_value_t in = avow_process_stream(child, 0);
  avow_unref(avow_close(avow_to_stream(&in)));
  avow_value_unref(in);
  followed->child = avow_value_ref(child);
  followed->out = avow_process_stream(child, 1);
  followed->lines = avow_reader_new(avow_to_stream(&followed->out));
  return avow_follow(avow_repeat(followed->loop, next_line, followed));
}

static avow_value_t wait_for_end(const avow_value_t *ignored, void *data) {
  const followed_t *followed = data;
  return avow_follow(avow_process_wait(&followed->child));
}

static avow_value_t note_exit(const avow_value_t *value, void *data) {
  const avow_exit_t *how = avow_to_exit(value);
  note_how(data, how->status, how->signal);
  return avow_none();
}

/* Releasing the child kills it if it still runs. */
static void end_following(void *data) {
  followed_t *followed = data;
  avow_reader_unref(followed->lines);
  avow_value_unref(followed->out);
  avow_value_unref(followed->child);
  free(followed);
}

static avow_value_t follow_job(size_t i, void *data) {
  parallel_t *parallel = data;
  job_t *job = &parallel->jobs[i];
  const char *args[] = { "sh", "-c", job->text, NULL };
  const avow_command_t command = { .args = args,
                                   .group = true,
                                   .inherits = AVOW_INHERIT_ERR };
  followed_t *followed = malloc(sizeof(*followed));
  if (followed == NULL)
    return avow_error(UV_ENOMEM);
  *followed = (followed_t){ .loop = parallel->loop,
                            .job = job,
                            .number = i + 1,
                            .child = avow_none(),
                            .out = avow_none() };
  job->begin = uv_hrtime();
  avow_promise_t *p = avow_command_start(parallel->loop, &command);
  p = avow_then(p, hear, NULL, followed);
  p = avow_then(p, wait_for_end, NULL, followed);
  if (timeout > 0)
    p = avow_timeout(p, timeout);
  p = avow_then(p, note_exit, note_failure, job);
  return avow_follow(avow_attach(p, followed, end_following));
}

static avow_promise_t *run_jobs(parallel_t *parallel) {
  const size_t processors = uv_available_parallelism();
  const avow_map_options_t map = { .concurrency =
                                       jobs > 0 ? (size_t) jobs : processors };
  return avow_map(parallel->loop, parallel->n, follows ? follow_job : run_job,
                  parallel, &map);
}

static void print_row(table_t table, const job_t *job) {
  char middle[96];
  const double ms = (double) (job->end - job->begin) / 1e6;
  if (job->printed[0] != '\0')
    (void) snprintf(middle, sizeof(middle), "%8.1f  %-9s", ms, job->outcome);
  else
    (void) snprintf(middle, sizeof(middle), "%8.1f  %s", ms, job->outcome);
  table_line(table, job->text, "", middle, job->printed);
}

/* Returns the exit status. */
static int report(const parallel_t *parallel) {
  static const char head[] = "      ms  outcome  ";
  size_t successes = 0;
  int widest = table_wider(0, "command");
  for (size_t i = 0; i < parallel->n; i++)
    widest = table_wider(widest, parallel->jobs[i].text);
  const table_t table = table_of(widest, (int) sizeof(head) - 1);
  table_line(table, "command", "", head, "output");
  for (size_t i = 0; i < parallel->n; i++) {
    print_row(table, &parallel->jobs[i]);
    successes += parallel->jobs[i].success;
  }
  printf("\n%zu %s: %zu succeeded, %zu failed\n", parallel->n,
         parallel->n == 1 ? "command" : "commands", successes,
         parallel->n - successes);
  return successes == parallel->n ? 0 : 1;
}

/* Returns the exit status. A signal ends the commands, too. */
static int run(parallel_t *parallel) {
  avow_promise_t *interrupted = program_interrupted(parallel->loop);
  const avow_value_t ends =
      avow_run(avow_until(run_jobs(parallel), interrupted));
  program_forget(interrupted);
  if (avow_is_error(&ends))
    return program_complain(ends);
  avow_value_unref(ends);
  return report(parallel);
}

int main(int argc, char *argv[]) {
  parallel_t parallel = { .n = 0 };
  size_t n;
  char **commands = options_parse(&command_line, argc, argv, &n);
  for (size_t i = 0; i < n; i++)
    add_job(&parallel, commands[i]);
  if (n == 0)
    read_jobs(&parallel);
  parallel.loop = program_begin();
  int status = run(&parallel);
  status = program_end(parallel.loop, status);
  for (size_t i = 0; i < parallel.n; i++)
    free(parallel.jobs[i].text);
  free(parallel.jobs);
  return status;
}
