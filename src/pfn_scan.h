/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state of a page frame, read from its struct page without a reference or a lock.
 */
#ifndef CTGM_PFN_SCAN_H
#define CTGM_PFN_SCAN_H

#include <linux/limits.h>
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

/**
 * struct ctgm_pfn_reader - what a scan knows of the pageblock that it reads in
 * @pageblock: first frame of the pageblock
 * @generation: no memory has come or gone since it was this number
 * @skip: why no frame of the pageblock may be allocated; NULL if some may
 */
struct ctgm_pfn_reader {
	unsigned long pageblock;
	unsigned int generation;
	const char *skip;
};

/* A reader that has read nothing. */
#define CTGM_PFN_READER		((struct ctgm_pfn_reader){ .pageblock = ULONG_MAX })

void ctgm_pfn_scan(struct ctgm_pfn_reader *reader, unsigned long pfn,
		   struct ctgm_frame_run *run, const char **kind);
bool ctgm_pfn_in_free_block(struct ctgm_pfn_reader *reader, unsigned long pfn,
			    unsigned int least, struct ctgm_frame_run *run);
void ctgm_pfn_scan_cma(unsigned long pfn, struct ctgm_frame_run *run, const char **kind);
int ctgm_pfn_free_order(struct ctgm_pfn_reader *reader, unsigned long pfn);
int ctgm_pfn_type(unsigned long pfn);
const char *ctgm_pfn_skip_reason(unsigned long pfn);
bool ctgm_pfn_is_held(unsigned long pfn);
bool ctgm_pfn_is_clean_cache(unsigned long pfn);
bool ctgm_pfn_is_cold_cache(unsigned long pfn);
struct page *ctgm_pfn_online_head(unsigned long pfn);
unsigned long ctgm_pfn_flags(unsigned long pfn);
struct ctgm_free_count ctgm_pfn_count_free(unsigned long first, unsigned long last);

#endif /* CTGM_PFN_SCAN_H */
