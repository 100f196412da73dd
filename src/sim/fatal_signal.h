/* SPDX-License-Identifier: MIT */
/* What is said if a signal ends the process, or exit(), which then fails: a
   program that has gone cannot be asked any more which run that was. */
#ifndef AVOW_SIM_FATAL_SIGNAL_H
#define AVOW_SIM_FATAL_SIGNAL_H

/* From now on this command, of malloc(), which is taken; NULL: nothing. */
void sim_fatal_signal_tell(char *command);

#endif
