/* What is said if a signal ends the process, or exit(), which then fails: a
   program that has gone cannot be asked any more which run that was. */
#ifndef AVOW_SIM_LAST_WORDS_H
#define AVOW_SIM_LAST_WORDS_H

/* From now on these, of which a part may be cut off; NULL: none. */
void sim_last_words(const char *words);

#endif
