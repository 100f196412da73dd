/* SPDX-License-Identifier: MIT */
/*
 * avow: promises on top of libuv. This header includes the core, and avow/all.h
 * includes the other parts, too.
 *
 * The comments of the headers have labels. @settles names the type of the value
 * with which a promise settles, and @items the type of a channel's items:
 *
 *   NONE    no result, or the end of a stream or a channel (avow_is_none())
 *   INT     a number (avow_to_int())
 *   BYTES   bytes, followed by a NUL (avow_to_bytes())
 *   LIST    values (avow_list_at())
 *   OBJECT  an object, which a function such as avow_to_stat() reads
 *
 * A word after the type tells what the value means: "INT bytes" is an INT that
 * counts bytes, "INT file" is an INT that identifies a file, and "BYTES path"
 * is BYTES that contain a path. After OBJECT, the word names the class: "OBJECT
 * connection" is an object of the class for connections.
 *
 * @rejects and @fails name the error codes, each with its condition. @cancel
 * tells what a cancellation of the returned promise does.
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
