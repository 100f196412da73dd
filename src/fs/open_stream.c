/*
 * The stream of a descriptor that is open. libuv gets a copy, which it closes
 * with its handle.
 */
#include "avow/descriptor.h"
#include "avow/error.h"
#include "net/owned.h"

#ifdef _WIN32

avow_value_t avow_open_stream(uv_loop_t *loop, uv_file descriptor) {
  return avow_error(UV_ENOTSUP);
}

#else

#  include <errno.h>
#  include <fcntl.h>
#  include <unistd.h>

static avow_value_t open_copy(uv_loop_t *loop, uv_handle_type type,
                              uv_file descriptor) {
  const int fd = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
  if (fd < 0)
    return avow_error(uv_translate_sys_error(errno));
  const avow_value_t v = avow__owned_open(loop, type, fd);
  if (avow_is_error(&v))
    (void) close(fd); /* nobody else has it */
  return v;
}

avow_value_t avow_open_stream(uv_loop_t *loop, uv_file descriptor) {
  const uv_handle_type type = uv_guess_handle(descriptor);
  if (type == UV_FILE)
    return avow_file_stream(loop, descriptor, -1, UINT64_MAX);
  if (type == UV_TCP || type == UV_NAMED_PIPE || type == UV_TTY)
    return open_copy(loop, type, descriptor);
  return avow_error(fcntl(descriptor, F_GETFD) < 0 ? UV_EBADF : UV_ENOTSUP);
}

#endif
