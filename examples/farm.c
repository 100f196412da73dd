/* SPDX-License-Identifier: MIT */
/*
 * Jobs that outlive their workers, their clients and the server between them.
 * Each job is a promise of avow-nats. See farm --help.
 *
 *    farm.c         the command line
 *    farm_server.c  the server and the connection to it
 *    farm_work.c    a worker
 *    farm_run.c     many jobs and their results, in a live table
 */
#include <avow/command.h>

#include "farm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "program.h"

static const char *url, *name;
static uint64_t ms = 100, workers, at_a_time = 2, ack = 3000;

static const option_t options[] = {
  { "server", "URL", "a nats-server with -js (default: starts its own)",
    .text = &url },
  { "name", "NAME", "run: name of the jobs, to continue them later",
    .text = &name },
  { "workers", "N", "run: workers to start (3 without --server, else 0)",
    .number = &workers, .min = 1, .max = 100 },
  { "ms", "MS", "run: duration of a job (100)", .number = &ms, .min = 1,
    .max = 9999999 },
  { "jobs", "N", "work: limit of jobs at a time (2)", .number = &at_a_time,
    .min = 1, .max = 1000 },
  { "ack", "MS", "work: time until another worker gets a job (3000)",
    .number = &ack, .min = 100, .max = 9999999 },
  { .name = NULL },
};

static const command_line_t command_line = {
  .operands = "run N | farm work",
  .least = 1,
  .most = 2,
  .about =
      "Gives N jobs to workers and shows the state of each job, or runs a\n"
      "worker. Workers may run on other machines. Jobs survive if a\n"
      "worker, this program or the server ends. To continue the jobs, use\n"
      "the same --server and --name. SIGINT removes the jobs that are not\n"
      "done.",
  .options = options,
  .status = "0 if all jobs were done, 1 if some failed or were not done",
  .example = "run 20",
};

/* Returns the number of jobs, or 0 for a worker. */
static size_t jobs_of(char *operands[], size_t n) {
  uint64_t jobs;
  if (strcmp(operands[0], "work") == 0) {
    if (n > 1)
      options_refuse(operands[1], "a worker takes no number");
    return 0;
  }
  if (strcmp(operands[0], "run") != 0)
    options_refuse(operands[0], "it is run or work");
  if (n < 2)
    options_refuse(operands[0], "how many jobs?");
  if (!options_number(operands[1], 1, 100000, &jobs))
    options_refuse(operands[1], "there are 1 to 100000 jobs");
  return (size_t) jobs;
}

/* The name must be valid in a job's id and as a key of a bucket. */
static void check_name(void) {
  static char own[32];
  if (name == NULL) {
    (void) snprintf(own, sizeof(own), "%d-%llu", (int) uv_os_getpid(),
                    (unsigned long long) (uv_hrtime() / 1000000));
    name = own;
  }
  if (strspn(name,
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
             "0123456789-_") != strlen(name) ||
      strlen(name) > 64)
    options_refuse(name, "a name is letters, digits, - and _, 64 at most");
}

/* Checked here, because libnats would look up a host of any name until the
   timeout. */
static void check_url(void) {
  if (url == NULL)
    return;
  if (strlen(url) >= sizeof(((farm_t *) NULL)->url))
    options_refuse("--server", "no URL is as long as that");
  const char *scheme = strstr(url, "://");
  if (strpbrk(url, " \t\n") != NULL ||
      (scheme != NULL && strncmp(url, "nats://", 7) != 0 &&
       strncmp(url, "tls://", 6) != 0))
    options_refuse(url, "a server is nats://HOST:PORT, or tls://HOST:PORT");
}

/* Starts a worker as a child process, which ends with this program. Its output
   is discarded. */
static avow_value_t start_worker(const farm_t *farm) {
  char path[1024];
  size_t size = sizeof(path);
  const int err = uv_exepath(path, &size);
  if (err != 0)
    return avow_error(err);
  const char *const args[] = {
    "sh", "-c",      "exec \"$0\" work --server \"$1\" >/dev/null",
    path, farm->url, NULL
  };
  const avow_command_t command = { .args = args,
                                   .group = true,
                                   .inherits = AVOW_INHERIT_ALL };
  return avow_run(avow_command_start(farm->loop, &command));
}

static int run_with_workers(farm_t *farm, size_t n) {
  static avow_value_t children[100];
  int status = 0;
  if (workers == 0 && url == NULL)
    workers = 3;
  for (size_t i = 0; i < workers && status == 0; i++) {
    children[i] = start_worker(farm);
    if (avow_is_error(&children[i]))
      status = program_complain(avow_steal(&children[i]));
  }
  if (status == 0)
    status = farm_run(farm, n, name, ms);
  for (size_t i = 0; i < workers; i++)
    avow_value_unref(children[i]);
  return status;
}

int main(int argc, char *argv[]) {
  farm_t farm = { .loop = NULL };
  size_t n;
  char **operands = options_parse(&command_line, argc, argv, &n);
  const size_t jobs = jobs_of(operands, n);
  check_name();
  check_url();
  if (jobs > 0 && url != NULL && workers == 0)
    fprintf(stderr, "%s: its workers are elsewhere: farm work --server %s\n",
            program_name(), url);
  farm.loop = program_begin();
  farm_open(&farm, url);
  const int status = jobs > 0 ? run_with_workers(&farm, jobs)
                              : farm_work(&farm, at_a_time, ack);
  farm_close(&farm);
  const int end = program_end(farm.loop, status);
  free(farm.rows); /* even with unfinished jobs */
  return end;
}
