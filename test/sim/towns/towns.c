/* SPDX-License-Identifier: MIT */
/*
 * Runs an unmodified example together with its clients in the simulator:
 *
 *   towns NAME [OPTION...]    with the options of avow_sim_main()
 */
#include <avow/sim.h>
#include <signal.h>
#include <string.h>

#include "quiet.h"

static const struct {
  const char *name;
  avow_sim_fn begin;
  unsigned faults;
} towns[] = {
  { "chat", chat_town, AVOW_SIM_NET },
  { "proxy", proxy_town, 0 },
  { "proxy_breaks", proxy_town, AVOW_SIM_NET },
#ifdef WITH_UPLOAD
  { "upload", upload_town, AVOW_SIM_NET | AVOW_SIM_FS },
#endif
};

enum { TOWNS = sizeof(towns) / sizeof(towns[0]) };

int main(int argc, char *argv[]) {
  (void) signal(SIGPIPE, SIG_IGN);
  quiet_stderr = fopen("/dev/null", "w");
  for (int i = 0; i < TOWNS && argc > 1; i++) {
    if (strcmp(argv[1], towns[i].name) != 0)
      continue;
    const avow_sim_options_t options = { .faults = towns[i].faults };
    void *data = towns[i].faults != 0 ? argv : NULL; /* tells it about faults */
    char name[200]; /* command that repeats a failure */
    (void) snprintf(name, sizeof(name), "%s %s", argv[0], argv[1]);
    argv[1] = name;
    return avow_sim_main(argc - 1, argv + 1, towns[i].begin, data, &options);
  }
  return 1; /* unknown name */
}
