/* SPDX-License-Identifier: MIT */
/*
 * A command that says what it is told. Where it cannot be told all, since it
 * seems not to listen, what it says is all there is.
 */
#include "avow/command.h"
#include "scenario.h"

enum { LEN = 20000 };

static char input[LEN];
static bool is_whole, is_part;

static avow_value_t compare(const avow_value_t *v, void *data) {
  const avow_output_t *output = avow_to_output(v);
  size_t len, err_len;
  const char *said = avow_to_bytes(&output->out, &len);
  (void) avow_to_bytes(&output->err, &err_len);
  is_part = output->status == 0 && output->signal == 0 && err_len == 0 &&
            len <= LEN && memcmp(said, input, len) == 0;
  is_whole = is_part && len == LEN;
  return avow_none();
}

static avow_promise_t *start(void) {
  static const char *const args[] = { "cat", NULL };
  const avow_command_t command = { .args = args };
  for (size_t i = 0; i < LEN; i++)
    input[i] = (char) (i * 7 % 251);
  is_whole = is_part = false;
  return avow_then(avow_command(loop, &command, avow_bytes(input, LEN)),
                   compare, NULL, NULL);
}

static bool seems_deaf(void) {
  const int code = scenario_expected();
  return (inject_hit() & BIT(CALL_SEND)) != 0 &&
         (code == UV_EPIPE || code == UV_ECONNRESET);
}

static bool is_said(void) {
  return is_whole || (is_part && seems_deaf());
}

const scenario_t commanding = { .name = "a command",
                                .start = start,
                                .is_intact = is_said,
                                .calls = BIT(CALL_PIPE) | BIT(CALL_FORK) |
                                         BIT(CALL_RECEIVE) | BIT(CALL_SEND),
                                .optional = BIT(CALL_SEND) };
