/* SPDX-License-Identifier: MIT */
/* Certificates and keys, which the test makes in memory. */
#ifndef PAPERS_H
#define PAPERS_H

#include <openssl/evp.h>
#include <openssl/x509.h>

/* A key and its certificate, as PEM and as objects. free_papers() frees
   them. */
typedef struct {
  char *certificate, *key;
  X509 *x;
  EVP_PKEY *pkey;
} papers_t;

/* If a field is zero, its default applies. */
typedef struct {
  const char *name;       /* such as "DNS:localhost"; default: no name */
  const char *title;      /* of one without a name; default: "Authority" */
  const papers_t *signer; /* default: self-signed */
  long from, to;          /* seconds from now; default: -3600 and 3600 */
  unsigned rsa;           /* bits of an RSA key; default: a P-256 key */
  const char *digest;     /* digest of the signature; default: "SHA256" */
  const char *use;        /* the only use, such as "clientAuth"; default: any */
  const char *permits;    /* limits an authority: "permitted;DNS:x.org" */
  const char *behind_nul; /* follows a NUL byte in the name */
} wanted_t;

papers_t make_papers(const wanted_t *wanted);
void free_papers(papers_t *papers);

#endif
