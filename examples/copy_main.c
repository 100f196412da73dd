/* SPDX-License-Identifier: MIT */
/* Copies a file, unless SIGINT or SIGTERM arrives first. See copy --help. */
#include <stdio.h>
#include <sys/stat.h>

#include "copy.h"
#include "options.h"
#include "program.h"
#include "text.h"

static const command_line_t command_line = {
  .operands = "FROM TO",
  .least = 2,
  .most = 2,
  .about =
      "Copies the file FROM to TO. If the copy fails, or SIGINT or\n"
      "SIGTERM interrupts it, no partial file remains.",
  .status = "0 if the file was copied, 1 if not",
  .example = "from.txt to.txt",
};

avow_value_t copy_error(const char *name, const avow_value_t *reason) {
  const int code = avow_error_code(reason);
  return avow_error_new(code, avow_value_ref(reason), "'%s': %s", name,
                        avow_strerror(code));
}

static avow_value_t refuse(const char *name, const char *problem) {
  return avow_error_new(UV_EINVAL, avow_none(), "'%s': %s", name, problem);
}

avow_value_t copy_check_source(const char *from, const uv_stat_t *source) {
  return S_ISREG(source->st_mode) ? avow_none()
                                  : refuse(from, "not a regular file");
}

avow_value_t copy_check_target(const char *to, const uv_stat_t *target,
                               const uv_stat_t *source) {
  if (!S_ISREG(target->st_mode))
    return refuse(to, "not a regular file");
  if (target->st_dev == source->st_dev && target->st_ino == source->st_ino)
    return refuse(to, "that is the file to copy");
  return avow_none();
}

void copy_say_removing(const char *half_written) {
  fprintf(stderr, "%s: removing the half-written '", program_name());
  (void) text_print(stderr, half_written, TEXT_WHOLE);
  fprintf(stderr, "'\n");
}

int main(int argc, char *argv[]) {
  size_t n;
  char **names = options_parse(&command_line, argc, argv, &n);
  uv_loop_t *loop = program_begin();
  avow_promise_t *interrupted = program_interrupted(loop);
  avow_promise_t *p = copy_file(loop, names[0], names[1]);
  const avow_value_t size = avow_run(avow_until(p, interrupted));
  program_forget(interrupted);
  if (avow_is_error(&size))
    return program_end(loop, program_complain(size));
  printf("copied %lld bytes\n", (long long) avow_to_int(&size));
  return program_end(loop, 0);
}
