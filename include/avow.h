/* SPDX-License-Identifier: MIT */
/*
 * avow: promises for programs on libuv.
 *
 * This header includes the core. avow/all.h also includes most other headers.
 *
 * The comments in the headers have labels. @settles names the type of the value
 * with which a promise fulfills, and @items the type of a channel's items:
 *
 *   NONE    no result, or the end of a stream or a channel (avow_is_none())
 *   INT     a number of 64 bits (avow_to_int())
 *   BYTES   bytes, followed by a NUL (avow_to_bytes())
 *   LIST    values (avow_list_at())
 *   OBJECT  an object, which a function such as avow_to_stat() reads
 *
 * A word after the type tells what the value means. "INT bytes" is a number of
 * bytes, "INT file" identifies a file, and "BYTES path" is a path. "OBJECT
 * connection" is an object of the class for connections.
 *
 * The labels for errors are @rejects for promises and @fails for channels. They
 * name an error code and its condition. "@rejects as open(2) fails" stands for
 * every error of open(2). The label @cancel tells what happens when the program
 * cancels the returned promise.
 */
#ifndef AVOW_H
#define AVOW_H

#include "avow/async.h"
#include "avow/cancel.h"
#include "avow/channel.h"
#include "avow/combine.h"
#include "avow/config.h"
#include "avow/fs.h"
#include "avow/limiter.h"
#include "avow/loop.h"
#include "avow/map.h"
#include "avow/net.h"
#include "avow/post.h"
#include "avow/process.h"
#include "avow/promise.h"
#include "avow/retry.h"
#include "avow/stream.h"
#include "avow/timer.h"
#include "avow/value.h"
#include "avow/work.h"

#endif
