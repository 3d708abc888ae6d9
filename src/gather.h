/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Runs of frames beside pages that stay, gathered piece by piece.
 */
#ifndef CTGM_GATHER_H
#define CTGM_GATHER_H

#include "frames.h"

extern const struct ctgm_source ctgm_source_gather, ctgm_source_catch_unsplit_drained;

#endif /* CTGM_GATHER_H */
