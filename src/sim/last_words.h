/* SPDX-License-Identifier: MIT */
/* What is said if a signal ends the process, or exit(), which then fails: a
   program that has gone cannot be asked any more which run that was. */
#ifndef AVOW_SIM_LAST_WORDS_H
#define AVOW_SIM_LAST_WORDS_H

/* From now on this command, of malloc(), which is taken; NULL: nothing. */
void sim_last_words(char *command);

#endif
