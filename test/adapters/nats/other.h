/* SPDX-License-Identifier: MIT */
/*
 * The other end of what tests ask, by libnats alone: a connection of its own,
 * which answers by the subject that it hears.
 *
 *   echo     with the payload and the header "Seen" of the question
 *   twice    that, twice
 *   silent   not at all
 */
#ifndef OTHER_H
#define OTHER_H

#include <nats/nats.h>

/* Once the server knows what it listens to. */
void other_begin(const char *url);
void other_end(void);

/* Its connection; how many messages it has heard, and what the last said. */
extern natsConnection *other;
int other_heard(void);
const char *other_last(void);

#endif
