/* Addresses as messages show them. */
#include "address.h"

#include <stdio.h>
#include <string.h>

static int port_of(const struct sockaddr *address) {
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
  if (address->sa_family == AF_INET6) {
    memcpy(&v6, address, sizeof(v6));
    return ntohs(v6.sin6_port);
  }
  memcpy(&v4, address, sizeof(v4));
  return ntohs(v4.sin_port);
}

void avow__address_print(const struct sockaddr *address,
                         char out[AVOW__ADDRESS_MAX]) {
  char host[48];
  if (address == NULL)
    (void) snprintf(out, AVOW__ADDRESS_MAX, "NULL"); /* fits */
  else if (uv_ip_name(address, host, sizeof(host)) != 0)
    (void) snprintf(out, AVOW__ADDRESS_MAX, "?:0"); /* fits */
  else
    (void) snprintf(out, AVOW__ADDRESS_MAX, /* fits */
                    address->sa_family == AF_INET6 ? "[%s]:%d" : "%s:%d", host,
                    port_of(address));
}
