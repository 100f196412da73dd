/* Which values may change threads. */
#ifndef AVOW_CROSS_H
#define AVOW_CROSS_H

#include "value/value.h"

/* Whether it and all that is inside belong to no loop. */
bool avow__crosses(const avow_value_t *v);

/* v itself, if it and all that is inside belong to no loop. If not, v is
   released, and this is the error of that operation that names what stays. */
avow_value_t avow__crossing(const char *name, avow_value_t v);

#endif
