/* SPDX-License-Identifier: MIT */
/*
 * The floors of what is nothing but promises: a queue of jobs as a careful
 * program has one, with calls for making and for posting a job.
 *
 * A job is a block of 64 bytes (one cache line) with two links, so that it can
 * be taken from anywhere in the queue, a callback, its data, and a value of 16
 * bytes. Blocks come from a freelist and go back to it. An operation is ONE
 * block: taken off the freelist, filled and appended; later, when all are
 * there, taken off the queue, called through its pointer, put back. avow needs
 * two blocks for a promise and its handler, counts references and keeps states:
 * that is what the ratio to this shows.
 */
#ifndef FLOOR_H
#define FLOOR_H

#include <stddef.h>
#include <stdint.h>

/* n jobs are queued, then all run. */
uint64_t floor_queue(size_t n, size_t rounds);

/* n jobs that are all made first; each, once it has run, appends the next. */
uint64_t floor_chain(size_t n, size_t rounds);

/* n jobs of which each makes and posts the next. */
uint64_t floor_again(size_t n, size_t rounds);

/* Puts n free blocks in a random order. */
void floor_scatter(size_t n);

#endif
