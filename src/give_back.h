/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Frames given back to the page allocator.
 */
#ifndef CTGM_GIVE_BACK_H
#define CTGM_GIVE_BACK_H

void ctgm_give_back(unsigned long first, unsigned long nr);

#endif /* CTGM_GIVE_BACK_H */
