/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Free pages that wait in the processors' lists: hundreds of MiB on 7.2. They count as free for no
 * watermark, and one of them keeps its pageblock from being one free block.
 */
#ifndef CONTIGMEM_TESTS_DRAIN_H
#define CONTIGMEM_TESTS_DRAIN_H

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>

#include "../src/compat.h"

/*
 * alloc_contig_range() drains the lists of its zone, once it has isolated the pageblock: that of a
 * block that was just freed.
 */
static inline void drain_zone(struct zone *zone)
{
	gfp_t gfp = GFP_KERNEL | __GFP_MOVABLE | __GFP_THISNODE | __GFP_NORETRY | __GFP_NOWARN;
	struct page *page;
	unsigned long pfn;

	if (!populated_zone(zone))
		return;
#ifdef CONFIG_ZONE_DMA32
	if (zone_idx(zone) == ZONE_DMA32)
		gfp |= __GFP_DMA32;
#endif
	page = alloc_pages_node(zone_to_nid(zone), gfp, pageblock_order);
	if (!page)
		return;
	pfn = page_to_pfn(page);
	__free_pages(page, pageblock_order);
	if (page_zone(page) == zone &&
	    !compat_alloc_contig_range(pfn, pfn + 1, compat_pageblock_type(pfn),
				       GFP_KERNEL | __GFP_NOWARN))
		__free_page(page);
}

/* Have all of them given back. */
static inline void drain_all_zones(void)
{
	int nid, zone;

	for_each_node_state(nid, N_MEMORY) {
		for (zone = 0; zone <= ZONE_NORMAL; zone++)
			drain_zone(&NODE_DATA(nid)->node_zones[zone]);
	}
}

#endif /* CONTIGMEM_TESTS_DRAIN_H */
