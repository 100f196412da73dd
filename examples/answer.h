/* SPDX-License-Identifier: MIT */
/* Answers of an HTTP server of files; to be called in async functions. */
#ifndef ANSWER_H
#define ANSWER_H

#include <avow.h>

#include "request.h"

/* Answers with the file that the path of the request stands for below the
   directory, an absolute path without links, or with what is wrong. False if
   the connection is of no use any more. */
bool answer_file(uv_loop_t *loop, avow_stream_t stream, const char *directory,
                 const request_t *request);

/* Answers with the status alone; likewise. */
bool answer_status(avow_stream_t stream, int status, const request_t *request);

#endif
