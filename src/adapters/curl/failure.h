/* SPDX-License-Identifier: MIT */
/* What libcurl says of a transfer that failed, as an error of avow's. */
#ifndef AVOW_CURL_FAILURE_H
#define AVOW_CURL_FAILURE_H

#include "avow/curl.h"

/* message is what it has to say beyond the code, and may be empty. */
avow_value_t avow__curl_failure(CURL *easy, CURLcode code, const char *message);

/* Whether so few descriptors are left that a transfer may have failed with that
   code for want of some. */
bool avow__curl_lacks_descriptors(CURLcode code);

#endif
