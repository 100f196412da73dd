/* Addresses as text. */
#ifndef AVOW_ADDRESS_H
#define AVOW_ADDRESS_H

#include <uv.h>

enum { AVOW__ADDRESS_MAX = 64 }; /* of avow_address_t, too */

/* "127.0.0.1:80", "[::1]:80"; "NULL" for none, "?:0" for another family. */
void avow__address_print(const struct sockaddr *address,
                         char out[AVOW__ADDRESS_MAX]);

#endif
