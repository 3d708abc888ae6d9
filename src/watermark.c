// SPDX-License-Identifier: GPL-2.0
/*
 * alloc_contig_range() looks at no watermark, and an allocation that compacts may be
 * given a block below it. What is counted here is what the page allocator counts for a
 * caller that has no right to its reserves.
 */
#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/vmstat.h>

#include "compat.h"
#include "ranges.h"
#include "watermark.h"

static atomic_long_t *watermark_pending(const struct ctgm_alloc_control *ac)
{
	return &ctgm_node_zones[ac->node].pending[ac->zone];
}

/*
 * Free frames of @ac->zone above a watermark and the reserve that the zone keeps from
 * requests that higher zones can serve, as far as other allocations will not take them.
 */
static long watermark_room(const struct ctgm_alloc_control *ac, enum zone_watermarks mark)
{
	struct zone *zone = &NODE_DATA(ac->node)->node_zones[ac->zone];
	int highest = ctgm_nth_zone(ctgm_machine_zones(), ac->place.last, 0);
	long free = zone_page_state_snapshot(zone, NR_FREE_PAGES);

#ifdef CONFIG_CMA
	free -= zone_page_state_snapshot(zone, NR_FREE_CMA_PAGES);
#endif
	return free - (long)(READ_ONCE(zone->nr_reserved_highatomic) + wmark_pages(zone, mark)) -
	       READ_ONCE(zone->lowmem_reserve[highest]) -
	       atomic_long_read(watermark_pending(ac));
}

/* Does the zone hold a watermark now? Any context. */
bool ctgm_watermark_holds(const struct ctgm_alloc_control *ac, enum zone_watermarks mark)
{
	return watermark_room(ac, mark) >= 0;
}

/**
 * ctgm_watermark_reserve() - reserve frames of a zone for an allocation
 * @ac: the allocation; @node and @zone say where
 * @nr: frames that it will take
 *
 * Below the low watermark the page allocator serves single pages to tasks that reclaim
 * for them. A caller that asks until it is refused must not use these pages up, or the
 * tasks end in the OOM killer.
 *
 * Context: Any.
 * Return: false if the zone would not hold its low watermark. Otherwise
 *	ctgm_watermark_unreserve() follows once the frames are taken.
 */
bool ctgm_watermark_reserve(const struct ctgm_alloc_control *ac, unsigned long nr)
{
	atomic_long_add(nr, watermark_pending(ac));
	if (ctgm_watermark_holds(ac, WMARK_LOW))
		return true;
	atomic_long_sub(nr, watermark_pending(ac));
	return false;
}

/**
 * ctgm_watermark_reserve_reclaimable() - reserve frames that the page cache can replace
 * @ac: the allocation
 * @nr: frames that it will take
 *
 * In memory full of page cache the zones stay near their low watermark. There the frames
 * may be taken as long as reclaim has more clean or dirty file pages to free than they are.
 *
 * Context: Any.
 * Return: as ctgm_watermark_reserve(); ctgm_watermark_reclaim() follows as well.
 */
bool ctgm_watermark_reserve_reclaimable(const struct ctgm_alloc_control *ac, unsigned long nr)
{
	struct zone *zone = &NODE_DATA(ac->node)->node_zones[ac->zone];
	long files = zone_page_state(zone, NR_ZONE_INACTIVE_FILE) +
		     zone_page_state(zone, NR_ZONE_ACTIVE_FILE);

	atomic_long_add(nr, watermark_pending(ac));
	/* Twice as many: some are mapped, dirty or in use. */
	if (watermark_room(ac, WMARK_LOW) + files / 2 >= 0)
		return true;
	atomic_long_sub(nr, watermark_pending(ac));
	return false;
}

void ctgm_watermark_unreserve(const struct ctgm_alloc_control *ac, unsigned long nr)
{
	atomic_long_sub(nr, watermark_pending(ac));
}

/**
 * ctgm_watermark_reclaim() - let reclaim work until frames could be reserved
 * @ac: the allocation
 * @nr: how many
 *
 * Blocks are allocated as any task allocates large ones, which reclaims and compacts
 * once, and all freed in the end.
 *
 * Context: Sleeps.
 */
void ctgm_watermark_reclaim(const struct ctgm_alloc_control *ac, unsigned long nr)
{
	gfp_t gfp = ac->reclaim | __GFP_NORETRY | __GFP_NOWARN | __GFP_THISNODE |
		    ctgm_zone_gfp(ac->zone);
	const unsigned int order = min_t(unsigned int, order_base_2(nr), MAX_PAGE_ORDER);
	struct page *page, *next;
	unsigned long held;
	LIST_HEAD(pages);

	/* With @held frames out of the free lists, the others have to suffice. */
	for (held = 0; held < nr && watermark_room(ac, WMARK_LOW) < (long)(nr - held);
	     held += 1UL << order) {
		page = alloc_pages_node(ac->node, gfp, order);
		if (!page)
			break;
		list_add(&page->lru, &pages);
		/* The page allocator prefers a lower zone with memory to reclaim. */
		if (page_zonenum(page) != ac->zone || fatal_signal_pending(current))
			break;
		cond_resched();
	}
	list_for_each_entry_safe(page, next, &pages, lru)
		__free_pages(page, order);
}
