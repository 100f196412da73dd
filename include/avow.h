/* SPDX-License-Identifier: MIT */
/*
 * avow: promises on top of libuv. This header includes the core, and avow/all.h
 * includes the other parts, too.
 *
 * The comments of the headers have labels: @settles tells with which type of
 * value a promise settles, and @items which items a channel has. NONE is no
 * result, or the end of a stream or a channel (avow_is_none()). INT is a number
 * (avow_to_int()). BYTES are bytes and a NUL after the last one
 * (avow_to_bytes()). A LIST has values (avow_list_at()). An OBJECT is an object
 * of the class that the comment names; a function such as avow_to_stat() reads
 * it.
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
