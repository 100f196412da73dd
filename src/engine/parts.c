/*
 * The table of parts, in the order in which they are closed and freed. With
 * kinds.c, it is where the engine names what stands above it.
 */
#include "engine/parts.h"

const avow__part_t avow__parts[AVOW__PARTS] = {
  { avow__tick_close, avow__tick_free },     /* what drains the queue */
  { avow__owner_close, NULL },               /* what debug builds look by */
  { avow__wheel_close, avow__wheel_free },   /* sleeps */
  { avow__phases_close, avow__phases_free }, /* whoever waits for a phase */
  { avow__port_close, avow__port_free },     /* the other threads' way in */
  { avow__owned_close, avow__owned_free },   /* streams that values own */
  { avow__channels_close, NULL },
  { NULL, avow__strays_free }, /* what the program closed itself */
  { NULL, avow__spares_free }, /* blocks of operations */
};
