/* SPDX-License-Identifier: MIT */
/* References that make the linker keep the simulated functions. */
#ifndef AVOW_SIM_LINK_ANCHORS_H
#define AVOW_SIM_LINK_ANCHORS_H

extern const char *const sim_anchors[];

#endif
