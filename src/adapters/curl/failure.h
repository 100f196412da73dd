/* SPDX-License-Identifier: MIT */
/* Failures of libcurl's transfers as errors of avow. */
#ifndef AVOW_CURL_FAILURE_H
#define AVOW_CURL_FAILURE_H

#include "avow/curl.h"

/* `message` describes the failure in more detail than the code. It may be
   empty. */
avow_value_t avow__curl_failure(CURL *easy, CURLcode code, const char *message);

/* Whether a transfer may have failed with this code because descriptors were
   short. */
bool avow__curl_lacks_descriptors(CURLcode code);

#endif
