/* copy FROM TO: copies a file, unless SIGINT or SIGTERM comes first. */
#include <stdio.h>
#include <sys/stat.h>

#include "copy.h"
#include "program.h"

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

int main(int argc, char *argv[]) {
  if (argc != 3) {
    fprintf(stderr, "usage: copy FROM TO\n");
    return 2;
  }
  uv_loop_t *loop = program_begin("copy");
  avow_promise_t *interrupted = program_interrupted(loop);
  avow_promise_t *p = copy_file(loop, argv[1], argv[2]);
  const avow_value_t size = avow_run(avow_until(p, interrupted));
  avow_cancel(interrupted);
  avow_unref(interrupted);
  if (!avow_is_error(&size))
    printf("copied %lld bytes\n", (long long) avow_to_int(&size));
  else
    fprintf(stderr, "copy: %s\n", avow_error_message(&size));
  const int status = avow_is_error(&size) ? 1 : 0;
  avow_value_unref(size);
  program_end(loop);
  return status;
}
