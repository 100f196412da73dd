/* SPDX-License-Identifier: MIT */
/*
 * The peer of the tests, which uses libnats only. It has a connection of its
 * own and answers by the subject of a message:
 *
 *   echo     the payload and the header "Seen" of the message
 *   twice    the same answer, twice
 *   silent   no answer
 */
#ifndef OTHER_H
#define OTHER_H

#include <nats/nats.h>

/* Returns when the server knows the subscriptions. */
void other_begin(const char *url);
void other_end(void);

/* Its connection, the number of messages it has received, and the last one. */
extern natsConnection *other;
int other_heard(void);
const char *other_last(void);

#endif
