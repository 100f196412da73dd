/* SPDX-License-Identifier: MIT */
/* Responses of an HTTP file server. The functions must be called in async
   functions. */
#ifndef ANSWER_H
#define ANSWER_H

#include <avow.h>

#include "request.h"

/* Sends the file that the path of the request names below the directory, or an
   error status. `directory` is an absolute path without links. Returns false if
   the connection can no longer be used. */
bool answer_file(uv_loop_t *loop, avow_stream_t stream, const char *directory,
                 const request_t *request);

/* Sends only a status. Returns false if the connection can no longer be
   used. */
bool answer_status(avow_stream_t stream, int status, const request_t *request);

#endif
