/* SPDX-License-Identifier: MIT */
/*
 * Where the messages of avow go.
 *
 * By default, avow prints its messages to stderr, one line each. The functions
 * that set another destination affect the whole process. Call them before other
 * threads use avow.
 */
#ifndef AVOW_LOG_H
#define AVOW_LOG_H

#include "avow/config.h"

AVOW_HEADER_BEGIN

/**
 * Type of the function that receives the messages of avow.
 *
 * `line` has no newline and is valid until the function returns. The function
 * must not call avow.
 *
 * @called on any thread
 */
typedef void (*avow_log_cb)(const char *line, void *data);

/**
 * Passes each line that avow would print to `cb` instead.
 *
 * If `cb` is NULL, avow prints to stderr again. One message still goes to
 * stderr: the report of a stack overflow, which a signal handler prints.
 *
 * @thread any
 */
AVOW_API void avow_set_log(avow_log_cb cb, void *data);

/**
 * Type of the function that runs before misuse aborts the process.
 *
 * `message` is the message that avow has just printed. When the function
 * returns, the process aborts. Misuse inside the function aborts at once.
 *
 * @called on the thread that misused avow
 */
typedef void (*avow_misuse_cb)(const char *message, void *data);

/**
 * Calls `cb` before misuse aborts the process.
 *
 * `cb` can write a report, for example. If it is NULL, avow calls no function.
 * Only checked builds report misuse; see docs/misuse.md. An exception that
 * leaves a handler aborts in all builds.
 *
 * @thread any
 */
AVOW_API void avow_set_misuse(avow_misuse_cb cb, void *data);

/**
 * Reports misuse and aborts, also in a release build.
 *
 * Libraries that use avow call it for mistakes of their callers. avow prints
 * "avow: ", then `message`, and calls the function of avow_set_misuse().
 *
 * @thread any
 */
AVOW_API void avow_misuse(const char *message);

AVOW_HEADER_END

#endif
