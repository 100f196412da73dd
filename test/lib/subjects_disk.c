/* SPDX-License-Identifier: MIT */
/* Cancelable operations: whole files, trees and processes. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "subjects.h"

static void set_file(void) {
  make_file("file", "hello world");
}

static avow_promise_t *read_file(void) {
  return avow_read_file(loop, at("file"), 100);
}

static avow_promise_t *write_file(void) {
  return avow_write_file(loop, at("file"), avow_string("new"), 0600);
}

static avow_promise_t *append_file(void) {
  return avow_append_file(loop, at("file"), avow_string("more"), 0600);
}

static avow_promise_t *replace_file(void) {
  return avow_replace_file(loop, at("file"), avow_string("new"), 0600);
}

static void set_tree(void) {
  make_dir("tree");
  make_dir("tree/a");
  make_file("tree/a/b", "text");
  make_file("tree/c", "text");
  make_link("tree/d", "c");
}

static avow_promise_t *make_dirs(void) {
  return avow_make_dirs(loop, at("x/y/z"), 0700);
}

static avow_promise_t *remove_tree(void) {
  return avow_remove_tree(loop, at("tree"));
}

static avow_channel_t *channel;

static avow_promise_t *first_entry(void) {
  channel = avow_tree_entries(loop, at("tree"));
  return avow_channel_next(channel);
}

static void end_walk(void) {
  avow_channel_unref(channel);
}

static avow_promise_t *glob(void) {
  return avow_glob(loop, at("tree/**/[a-c]"));
}

static avow_promise_t *copy_tree(void) {
  return avow_copy_tree(loop, at("tree"), at("copy"), NULL);
}

static avow_promise_t *temp_dir(void) {
  return avow_temp_dir(loop, "avow-");
}

/* Processes that end after they read a line from a FIFO. */

static int fifo; /* open for reading and writing */

static void make_fifo(void) {
  assert_int_equal(mkfifo(at("fifo"), 0600), 0);
  fifo = open(at("fifo"), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  assert_true(fifo >= 0);
}

static void close_fifo(void) {
  (void) close(fifo);
}

static void say_line(void) {
  assert_int_equal(write(fifo, "hello\n", 6), 6);
}

static avow_promise_t *spawn(void) {
  char path[64];
  char *args[] = { "head", "-n", "1", path, NULL };
  (void) snprintf(path, sizeof(path), "%s", at("fifo")); /* the path is short */
  const uv_process_options_t options = { .file = args[0], .args = args };
  return avow_spawn(loop, &options);
}

static avow_value_t process;

static void set_process(void) {
  make_fifo();
  process = made(spawn());
}

static void strike_process(void) {
  discard(&process);
  close_fifo();
}

static avow_promise_t *process_wait(void) {
  return avow_process_wait(&process);
}

static avow_promise_t *command(void) {
  const char *args[] = { "head", "-n", "1", at("fifo"), NULL };
  const avow_command_t head = { .args = args };
  return avow_command(loop, &head, avow_string("what it does not read"));
}

static avow_promise_t *command_start(void) {
  const char *args[] = { "head", "-n", "1", at("fifo"), NULL };
  const avow_command_t head = { .args = args, .group = true };
  return avow_command_start(loop, &head);
}

static const subject_t subjects[] = {
  { "avow_read_file", IN_POOL, AT_ONCE, read_file, .set = set_file },
  { "avow_write_file", IN_POOL, AT_ONCE, .start = write_file },
  { "avow_append_file", IN_POOL, AT_ONCE, .start = append_file },
  { "avow_replace_file", IN_POOL, AT_ONCE, replace_file, .set = set_file },
  { "avow_make_dirs", IN_POOL, AT_ONCE, .start = make_dirs },
  { "avow_remove_tree", IN_POOL, AT_ONCE, remove_tree, .set = set_tree },
  { "avow_tree_entries", IN_POOL, AT_ONCE, first_entry, .set = set_tree,
    .strike = end_walk },
  { "avow_glob", IN_POOL, AT_ONCE, glob, .set = set_tree },
  { "avow_copy_tree", IN_POOL, AT_ONCE, copy_tree, .set = set_tree },
  { "avow_temp_dir", IN_POOL, AT_ONCE, .start = temp_dir },
  { "avow_spawn", WHEN_TOLD, TOO_LATE, spawn, say_line, .set = make_fifo,
    .strike = close_fifo },
  { "avow_process_wait", WHEN_TOLD, AT_ONCE, process_wait, say_line,
    .set = set_process, .strike = strike_process },
  { "avow_command", WHEN_TOLD, AT_ONCE, command, say_line, .set = make_fifo,
    .strike = close_fifo },
  { "avow_command_start", WHEN_TOLD, TOO_LATE, command_start, say_line,
    .set = make_fifo, .strike = close_fifo },
};

const subjects_t disk_subjects = SUBJECTS(subjects);
