/* SPDX-License-Identifier: MIT */
/*
 * A command that repeats its input. Its pipes do not fail. libuv aborts if the
 * pipe for starting a process fails, and the test cannot tell these pipes
 * apart.
 */
#include "avow/command.h"
#include "scenario.h"

enum { LEN = 20000 };

static char input[LEN];
static bool is_whole;

static avow_value_t compare(const avow_value_t *v, void *data) {
  const avow_output_t *output = avow_to_output(v);
  size_t len, err_len;
  const char *said = avow_to_bytes(&output->out, &len);
  (void) avow_to_bytes(&output->err, &err_len);
  is_whole = output->status == 0 && output->signal == 0 && err_len == 0 &&
             len == LEN && memcmp(said, input, len) == 0;
  return avow_none();
}

static avow_promise_t *start(void) {
  static const char *const args[] = { "cat", NULL };
  const avow_command_t command = { .args = args };
  for (size_t i = 0; i < LEN; i++)
    input[i] = (char) (i * 7 % 251);
  is_whole = false;
  return avow_then(avow_command(loop, &command, avow_bytes(input, LEN)),
                   compare, NULL, NULL);
}

static bool is_said(void) {
  return is_whole;
}

const scenario_t commanding = { .name = "a command",
                                .start = start,
                                .is_intact = is_said,
                                .calls = BIT(CALL_PIPE) | BIT(CALL_FORK) };
