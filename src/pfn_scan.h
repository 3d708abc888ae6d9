/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state of a page frame, read from its struct page without a reference or a lock.
 */
#ifndef CTGM_PFN_SCAN_H
#define CTGM_PFN_SCAN_H

#include <linux/types.h>

#include "placement.h"

/**
 * struct ctgm_free_count - free page frames, as far as the scan saw
 * @free: page frames in the page allocator's free lists
 * @largest_free: frames in the longest run of those
 */
struct ctgm_free_count {
	unsigned long free;
	unsigned long largest_free;
};

void ctgm_pfn_scan(unsigned long pfn, struct ctgm_frame_run *run, const char **kind);
bool ctgm_pfn_in_free_block(unsigned long pfn, unsigned int least, struct ctgm_frame_run *run);
const char *ctgm_pfn_skip_reason(unsigned long pfn);
struct ctgm_free_count ctgm_pfn_count_free(unsigned long first, unsigned long last);

#endif /* CTGM_PFN_SCAN_H */
