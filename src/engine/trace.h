/* Where and when a promise was made, as far as the build knows. */
#ifndef AVOW_TRACE_PRIVATE_H
#define AVOW_TRACE_PRIVATE_H

#include "engine/engine.h"

/* "file:line", in memory of the thread's that the next call uses again; NULL if
   it is not known. */
const char *avow__where(const avow_promise_t *p);

#if AVOW__DEBUG
/* "here" or "at file:line": where its deferred was settled first. */
const char *avow__where_settled(const avow_promise_t *p);
#endif

#endif
