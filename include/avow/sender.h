/* SPDX-License-Identifier: MIT */
/*
 * Senders: who has a reference to one may send to a channel, and the last to
 * let go of theirs ends it. What an inlet is for other threads this is for many
 * that send on the loop's own, none of whom knows who will be the last.
 */
#ifndef AVOW_SENDER_H
#define AVOW_SENDER_H

#include "avow/channel.h"

AVOW_HEADER_BEGIN

/** A sender, counted: the last to let go of it ends the channel. */
typedef struct avow_sender_s avow_sender_t;

/**
 * The sender of a channel, which it borrows and does not keep. When its last
 * reference goes the channel ends, behind what was sent. Never NULL: one that
 * could not be made says why each time that something is sent, and fails the
 * channel. But if that has a sender, of which avow_sender_ref() gives more, or
 * an inlet, or is fed by libuv, it is UV_EALREADY, and the channel goes on.
 */
AVOW_API AVOW_MUST_USE avow_sender_t *avow_sender_new(const avow_channel_t *c);

/**
 * As avow_channel_send(): NONE once there was room for the item, or somebody
 * took it, and cancelling takes it back out. Once the channel has ended, is
 * closed or gone it rejects with UV_EPIPE; if it has failed, with the code of
 * that. What waits for room outlives the sender.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_sender_send(const avow_sender_t *s,
                                                        avow_value_t item);

/** One more reference, for one more who sends. */
AVOW_API avow_sender_t *avow_sender_ref(const avow_sender_t *s);

/** Lets go of s, which may be NULL. */
AVOW_API void avow_sender_unref(avow_sender_t *s);

/** Lets go of *s, which may be NULL, and is NULL then. */
AVOW_API void avow_sender_clear(avow_sender_t **s);

AVOW_HEADER_END

#endif
