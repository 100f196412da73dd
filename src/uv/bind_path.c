/* SPDX-License-Identifier: MIT */
/* Binding to a name: Unix domain sockets and Windows pipes. */
#include <string.h>

#include "avow/net.h"
#include "base/options_check.h"
#include "uv/connect_pipe.h"
#include "uv/op.h"
#include "uv/pipe_bind.h"
#include "uv/stream_value.h"

enum { MODES = 0777 };

static avow_value_t bound_path(uv_loop_t *loop, const char *name,
                               const avow_bind_path_options_t *options) {
  const avow_value_t v = avow__owned_new(loop, UV_NAMED_PIPE);
  if (avow_is_error(&v))
    return v;
  avow__socket_name_t *bound = NULL;
  const int err = avow__pipe_bind((uv_pipe_t *) avow__owned_handle(&v), name,
                                  options, &bound);
  if (err == 0) {
    avow__owned_has_name(&v, bound);
    return v;
  }
  avow__value_unref(v);
  return avow_error(err);
}

avow_promise_t *avow_bind_path(uv_loop_t *loop, const char *name,
                               const avow_bind_path_options_t *options) {
  avow__check_ready(loop);
  static const avow_bind_path_options_t defaults = { .mode = 0 };
  int err = name == NULL ? UV_EINVAL : avow__pipe_check_name(strlen(name));
  if (err == 0)
    err = AVOW__RESERVED(options);
  if (err == 0 && options != NULL && options->mode > MODES)
    err = UV_EINVAL;
  if (err != 0)
    return avow__refuse(loop, err, "bind", name);
  const avow_value_t v =
      bound_path(loop, name, options != NULL ? options : &defaults);
  return avow_is_error(&v) ? avow__refuse(loop, v.code, "bind", name)
                           : avow_promise_resolve(loop, v);
}
