/* SPDX-License-Identifier: MIT */
/* The BIO through which OpenSSL reads and writes records. */
#ifndef AVOW_TLS_BIO_H
#define AVOW_TLS_BIO_H

#include <openssl/bio.h>

BIO_METHOD *avow__tls_bio_method(void); /* NULL: out of memory */

#endif
