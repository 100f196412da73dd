/* SPDX-License-Identifier: MIT */
/* Questions about the system objects behind a handle. A simulated handle has
   none. */
#include "sim/event_log.h"
#include "sim/stream_state.h"

SIM_ANCHOR(fileno)

static const sim_socket_t *socket_behind(const uv_handle_t *handle) {
  const sim_stream_t *stream = sim_stream_of(handle);
  return stream != NULL ? stream->socket : NULL;
}

static bool is_socket(const uv_handle_t *handle) {
  return handle->type == UV_TCP || handle->type == UV_NAMED_PIPE;
}

int uv_fileno(const uv_handle_t *handle, uv_os_fd_t *fd) {
  if (!is_socket(handle))
    return UV_EINVAL;
  return socket_behind(handle) != NULL ? sim_refuse("uv_fileno") : UV_EBADF;
}

/* A size that is set has no effect, because the seed chooses the sizes. */
static int buffer_size(const uv_handle_t *handle, int *value) {
  if (handle == NULL || value == NULL)
    return UV_EINVAL;
  if (!is_socket(handle))
    return UV_ENOTSUP;
  if (socket_behind(handle) == NULL)
    return UV_EBADF;
  if (*value == 0)
    *value = 212992;
  return 0;
}

int uv_send_buffer_size(uv_handle_t *handle, int *value) {
  return buffer_size(handle, value);
}

int uv_recv_buffer_size(uv_handle_t *handle, int *value) {
  return buffer_size(handle, value);
}
