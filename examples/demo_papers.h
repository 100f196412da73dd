/* SPDX-License-Identifier: MIT */
/* Certificates for servers that live as long as the program. */
#ifndef DEMO_PAPERS_H
#define DEMO_PAPERS_H

#include <stdbool.h>

/* PEM. */
typedef struct {
  char certificate[2048];
  char key[1024];
} papers_t;

/* A new key, and a certificate of 127.0.0.1 that it signs itself: to be
   believed by whoever was given it, and by nobody else. False without memory or
   random numbers. */
bool papers_make(papers_t *out, const char *name);

#endif
