/* SPDX-License-Identifier: MIT */
/*
 * avow: promises on top of libuv. What every program needs of them; the header
 * avow/all.h has the rest, too.
 *
 * In capitals the headers say what a promise settles with, or what the items of
 * a channel are: NONE says nothing, or that a stream or a channel is at its end
 * (avow_is_none()), INT is a number (avow_to_int()), BYTES are bytes with a NUL
 * behind them (avow_to_bytes()), a LIST has values (avow_list_at()), and an
 * OBJECT is what the function gives that the comment names, such as
 * avow_to_stat().
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
