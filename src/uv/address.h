/* SPDX-License-Identifier: MIT */
/* Addresses as text. */
#ifndef AVOW_ADDRESS_PRIVATE_H
#define AVOW_ADDRESS_PRIVATE_H

#include <uv.h>

#include "avow/net.h"

enum { AVOW__ADDRESS_MAX = sizeof(((avow_address_t *) 0)->text) };

/* Prints "127.0.0.1:80" or "[::1]:80", "NULL" for NULL, and "?:0" for another
   family. */
void avow__address_print(const struct sockaddr *address,
                         char out[AVOW__ADDRESS_MAX]);

#endif
