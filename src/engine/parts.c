/*
 * The table of parts, in the order in which they are closed and freed. With
 * kinds.c, it is where the engine names what stands above it.
 */
#include "engine/parts.h"

#include "base/check.h"

const avow__part_t avow__parts[AVOW__PARTS] = {
  /* what drains the queue */
  { avow__tick_close, avow__tick_free, AVOW__CHECKED(avow__tick_check) },
  { avow__dumpers_close, avow__dumpers_free, NULL }, /* dumps for signals */
  { avow__lag_close, NULL, NULL },   /* how long its turns take */
  { avow__owner_close, NULL, NULL }, /* what debug builds look by */
  /* what time it is, where that is the loop's own affair */
  { avow__clock_close, avow__clock_free, AVOW__CHECKED(avow__clock_check) },
  /* sleeps */
  { avow__wheel_close, avow__wheel_free, AVOW__CHECKED(avow__wheel_check) },
  /* whoever waits for a phase */
  { avow__phases_close, avow__phases_free, AVOW__CHECKED(avow__phases_check) },
  { avow__remotes_close, NULL, NULL },           /* what others will settle */
  { avow__port_close, avow__port_free, NULL },   /* the way they come by */
  { avow__owned_close, avow__owned_free, NULL }, /* streams that values own */
  { avow__streams_quiet, NULL, NULL }, /* streams that are watched on */
  { avow__channels_close, NULL, AVOW__CHECKED(avow__channels_check) },
  { NULL, avow__strays_free, NULL }, /* what the program closed itself */
  { NULL, avow__room_free, NULL },   /* what streams are read to */
  { NULL, avow__spares_free, NULL }, /* blocks of operations */
  /* cache lines of errands */
  { NULL, avow__errands_free, NULL },
};
