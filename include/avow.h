/* SPDX-License-Identifier: MIT */
/*
 * avow: promises on top of libuv. The one header to include.
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

#include "avow/address.h"
#include "avow/async.h"
#include "avow/broadcast.h"
#include "avow/cache.h"
#include "avow/cancel.h"
#include "avow/channel.h"
#include "avow/combine.h"
#include "avow/command.h"
#include "avow/deadline.h"
#include "avow/descriptor.h"
#include "avow/dns.h"
#include "avow/duplex.h"
#include "avow/error.h"
#include "avow/events.h"
#include "avow/file.h"
#include "avow/fs.h"
#include "avow/group.h"
#include "avow/handle.h"
#include "avow/inlet.h"
#include "avow/limiter.h"
#include "avow/local.h"
#include "avow/loop.h"
#include "avow/loops.h"
#include "avow/mailbox.h"
#include "avow/map.h"
#include "avow/net.h"
#include "avow/once.h"
#include "avow/outcomes.h"
#include "avow/pace.h"
#include "avow/phase.h"
#include "avow/process.h"
#include "avow/promise.h"
#include "avow/random.h"
#include "avow/rate.h"
#include "avow/reader.h"
#include "avow/remote.h"
#include "avow/retry.h"
#include "avow/select.h"
#include "avow/sender.h"
#include "avow/stages.h"
#include "avow/stream.h"
#include "avow/timer.h"
#include "avow/tree.h"
#include "avow/udp.h"
#include "avow/value.h"
#include "avow/version.h"
#include "avow/watch.h"
#include "avow/work.h"

/* Last: it gives functions of the others a place. */
#include "avow/trace.h"

#endif
