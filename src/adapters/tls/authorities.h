/* SPDX-License-Identifier: MIT */
/* The system's certificate authorities, loaded when a handshake needs them. */
#ifndef AVOW_TLS_AUTHORITIES_H
#define AVOW_TLS_AUTHORITIES_H

#include "settings.h"

/* The settings believe the system's authorities. False: no memory. */
bool avow__tls_authorities_prepare(avow__tls_settings_t *settings);
/* Whether a handshake needs them, and they have to be read. */
bool avow__tls_authorities_lack(const avow__tls_settings_t *settings,
                                bool client);
/* Reads them, on any thread. False: no memory. */
bool avow__tls_authorities_load(avow__tls_settings_t *settings);

#endif
