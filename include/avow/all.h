/* SPDX-License-Identifier: MIT */
/*
 * Includes avow.h and most other headers.
 *
 * A program includes these headers by name: auto.h, closure.h, curl.h, napi.h,
 * nats.h, sim.h, stackless.h, stream_class.h and tls.h.
 */
#ifndef AVOW_ALL_H
#define AVOW_ALL_H

#include "avow.h"
#include "avow/broadcast.h"
#include "avow/cache.h"
#include "avow/command.h"
#include "avow/descriptor.h"
#include "avow/duplex.h"
#include "avow/local.h"
#include "avow/log.h"
#include "avow/loops.h"
#include "avow/pump.h"
#include "avow/replace.h"
#include "avow/select.h"
#include "avow/sender.h"
#include "avow/stages.h"
#include "avow/trace.h"
#include "avow/tree.h"
#include "avow/watch.h"

#endif
