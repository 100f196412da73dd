/* SPDX-License-Identifier: MIT */
/* The system's certificate authorities, loaded when a handshake needs them. */
#ifndef AVOW_TLS_AUTHORITIES_H
#define AVOW_TLS_AUTHORITIES_H

#include "settings.h"

/* Makes the settings trust the system's authorities. Returns false if out of
   memory. */
bool avow__tls_authorities_prepare(avow__tls_settings_t *settings);
/* Whether a handshake needs the authorities and they are not loaded. */
bool avow__tls_authorities_lack(const avow__tls_settings_t *settings,
                                bool client);
/* Loads the authorities, on any thread. Returns false if out of memory. */
bool avow__tls_authorities_load(avow__tls_settings_t *settings);

#endif
