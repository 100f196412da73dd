/* SPDX-License-Identifier: MIT */
/* What a run holds on to, so that a linker does. */
#ifndef AVOW_SIM_LINK_ANCHORS_H
#define AVOW_SIM_LINK_ANCHORS_H

extern const char *const sim_anchors[];

#endif
