/* What turns libcurl: its multi handle's descriptors and timer on the loop. */
#ifndef AVOW_CURL_ENGINE_H
#define AVOW_CURL_ENGINE_H

#include "client.h"

/* False without memory, and then nothing is on the loop. */
bool avow__curl_engine_start(client_t *c);

/* One more transfer is in the multi handle. */
void avow__curl_engine_count(client_t *c);

/* Ends the multi handle, which has no transfers, and closes all handles. */
void avow__curl_engine_stop(client_t *c);

#endif
