/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The page allocator as a source.
 */
#ifndef CTGM_BUDDY_H
#define CTGM_BUDDY_H

#include "frames.h"

extern const struct ctgm_source ctgm_source_buddy;

#endif /* CTGM_BUDDY_H */
