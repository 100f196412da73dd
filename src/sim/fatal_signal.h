/* SPDX-License-Identifier: MIT */
/* The message for a signal or an exit() that ends the process; exit() then
   fails. It names the run, which cannot be found out after the process has
   ended. */
#ifndef AVOW_SIM_FATAL_SIGNAL_H
#define AVOW_SIM_FATAL_SIGNAL_H

/* Takes ownership of the command, which malloc() allocated, and prints it from
   now on. NULL removes the handlers. */
void sim_fatal_signal_tell(char *command);

#endif
