/* SPDX-License-Identifier: MIT */
/*
 * The floors of benchmarks for promises alone: a queue of jobs as a careful
 * program would write it, with functions that create and post a job.
 *
 * A job is a block of 64 bytes, which is one cache line. The block has two
 * links, so that it can be removed from anywhere in the queue, a callback with
 * its data, and a value of 16 bytes. Blocks come from a freelist and return to
 * it. An operation uses one block: it is taken off the freelist, filled and
 * appended. When all jobs are queued, it is taken off the queue, its callback
 * is called, and it returns to the freelist.
 *
 * avow needs two blocks for a promise and its handler. It also counts
 * references and keeps states. The ratio to this floor shows that cost.
 */
#ifndef FLOOR_H
#define FLOOR_H

#include <stddef.h>
#include <stdint.h>

/* Queues `n` jobs and then runs them. */
uint64_t floor_queue(size_t n, size_t rounds);

/* Creates `n` jobs first. Each job that has run appends the next one. */
uint64_t floor_chain(size_t n, size_t rounds);

/* Runs `n` jobs, each of which creates and posts the next one. */
uint64_t floor_again(size_t n, size_t rounds);

/* Puts `n` free blocks in a random order. */
void floor_scatter(size_t n);

#endif
