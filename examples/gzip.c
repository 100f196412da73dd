/* SPDX-License-Identifier: MIT */
/*
 * Compresses a file or standard input to standard output. One stream is pumped
 * into another, and the compressor between them is a stream as well. Memory use
 * therefore does not depend on the size, and reading is never faster than
 * writing.
 */
#include <avow.h>
#include <avow/descriptor.h>
#include <avow/pump.h>
#include <fcntl.h>
#include <string.h>

#include "gzipped.h"
#include "options.h"
#include "program.h"

static const command_line_t command_line = {
  .operands = "[FILE]",
  .least = 0,
  .most = 1,
  .about = "Compresses the file, or standard input, to standard output.",
  .status = "0, or 1 after a failure",
  .example = "notes >notes.gz",
};

/* Gives write errors the wording that all examples use. */
static int complain(avow_value_t v) {
  const int code = avow_error_code(&v);
  if (strncmp(avow_error_message(&v), "write", 5) == 0) {
    avow_value_unref(v);
    v = avow_error_new(code, avow_none(), "cannot write: %s",
                       uv_strerror(code));
  }
  return program_complain(v);
}

/* INT: the number of bytes. The file may be closed afterwards. */
static avow_value_t pump(uv_loop_t *loop, uv_file from, uv_file to) {
  const avow_value_t in = gzipped(loop, avow_open_stream(loop, from));
  const avow_value_t out = avow_open_stream(loop, to);
  avow_value_t v = avow_value_ref(avow_is_error(&in) ? &in : &out);
  if (!avow_is_error(&v)) {
    const avow_stream_t packed = avow_to_stream(&in);
    avow_value_unref(v);
    v = avow_run(avow_pump(packed, avow_to_stream(&out), NULL));
    avow_ignore(avow_run(avow_close(packed)));
  }
  avow_value_unref(in);
  avow_value_unref(out);
  return v;
}

/* Opens the named file, or returns standard input if the name is NULL. The
   result may be an error. */
static avow_value_t open_input(uv_loop_t *loop, const char *name) {
  if (name == NULL)
    return avow_int(0);
  return avow_run(avow_fs_open(loop, name, O_RDONLY | O_CLOEXEC, 0));
}

int main(int argc, char *argv[]) {
  size_t n;
  char **names = options_parse(&command_line, argc, argv, &n);
  uv_loop_t *loop = program_begin();
  const avow_value_t input = open_input(loop, n > 0 ? names[0] : NULL);
  if (avow_is_error(&input))
    return program_end(loop, program_complain(input));
  const uv_file from = (uv_file) avow_to_int(&input);
  const avow_value_t v = pump(loop, from, 1);
  const int status = avow_is_error(&v) ? complain(v) : 0;
  avow_ignore(avow_run(avow_fs_close(loop, from)));
  return program_end(loop, status);
}
