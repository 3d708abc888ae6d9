/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page cache, dropped where it lies in the way, or for its zone.
 */
#ifndef CTGM_PAGE_CACHE_H
#define CTGM_PAGE_CACHE_H

#include <linux/types.h>

struct ctgm_alloc_control;
struct ctgm_frame_run;

bool ctgm_page_cache_drop(unsigned long pfn);
bool ctgm_page_cache_shrink(const struct ctgm_alloc_control *ac, unsigned long nr,
			    const struct ctgm_frame_run *stays);

#endif /* CTGM_PAGE_CACHE_H */
