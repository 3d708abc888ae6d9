// SPDX-License-Identifier: GPL-2.0
/*
 * The page allocator: where a zone lies within the request's range, a block of
 * 2^n pages has every alignment and respects every boundary that n allows.
 */
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/mm.h>

#include "arena.h"
#include "buddy.h"
#include "compat.h"
#include "ranges.h"
#include "watermark.h"

/*
 * Whole pageblocks stay at hand as an arena for a while: the page allocator needs several
 * times as long to give as much again.
 */
static void buddy_make_arena(const struct ctgm_alloc_control *ac, struct ctgm_frames *frames)
{
	struct ctgm_arena *arena;
	struct ctgm_frames all = *frames;

	if (ac->cache != CONTIGMEM_CACHED || !pageblock_aligned(frames->first | frames->nr))
		return;
	arena = ctgm_arena_create(frames->nr, ac->reclaim);
	if (arena)
		ctgm_arena_add(arena, &all, all.first, frames);
}

/* Of the zones that the page allocator can be asked for the highest that is low enough. */
static int buddy_choose_zone(const struct ctgm_node_ranges *node, unsigned long last)
{
	int zone;

	for (zone = ZONE_NORMAL; zone > 0; zone--) {
		if (node->zonelist[zone].last <= last)
			break;
	}
	return zone;
}

/*
 * The page allocator goes on to a lower zone before it reclaims or migrates anything, as far
 * as that zone's lowmem_reserve lets it. ZONE_DMA is too small for blocks that could lie
 * elsewhere, and a block of another cache type is cheaper as a part of an arena above.
 */
static bool buddy_takes(const struct ctgm_alloc_control *ac, const struct page *page)
{
	int zone = page_zonenum(page);

	return zone == ac->zone ||
	       (ac->cache == CONTIGMEM_CACHED && ctgm_zone_gfp(zone) != __GFP_DMA &&
		page_to_pfn(page) >= ac->place.first);
}

static enum contigmem_reason buddy_alloc(struct ctgm_alloc_control *ac, struct ctgm_frames *frames)
{
	const struct ctgm_constraints *place = &ac->place;
	unsigned long pages = max(roundup_pow_of_two(place->nr), place->align);
	gfp_t gfp = __GFP_NOWARN | __GFP_THISNODE;
	const struct ctgm_node_ranges *node = &ac->ranges->node[ac->node];
	const struct ctgm_zonelist_span *span;
	unsigned int order, i;
	struct page *page;
	int zone;

	if (!ac->may_sleep && ac->cache != CONTIGMEM_CACHED)
		return CONTIGMEM_WOULD_SLEEP;
	if (place->nr > MAX_ORDER_NR_PAGES || pages > 1UL << MAX_PAGE_ORDER)
		return CONTIGMEM_NO_FREE_RUN;
	order = ilog2(pages);

	zone = buddy_choose_zone(node, place->last);
	span = &node->zonelist[zone];
	/* A caller that cannot wait for a search may be lucky: src/source.c checks the frames. */
	if (ac->may_sleep && (span->last > place->last || span->first < place->first))
		return CONTIGMEM_NO_FREE_RUN;

	gfp |= ctgm_zone_gfp(zone);
	if (ac->migrate)
		gfp |= ac->reclaim | __GFP_NORETRY;
	else if (!ac->may_sleep && !ac->fast)
		gfp |= ac->reclaim;

	ac->verdict.windows++;
	ac->verdict.attempts++;
	page = alloc_pages_node(ac->node, gfp, order);
	if (!page)
		return CONTIGMEM_NO_FREE_RUN;
	if (!buddy_takes(ac, page)) {
		__free_pages(page, order);
		return CONTIGMEM_NO_FREE_RUN;
	}
	/*
	 * Single pages are for tasks to live on down to the min watermark, but compaction hands
	 * a block to the task that it works for below it as well. Atomic callers have rights
	 * that the page allocator knows.
	 */
	if (ac->may_sleep && order &&
	    !ctgm_watermark_holds(ac, page_zonenum(page), WMARK_LOW)) {
		__free_pages(page, order);
		return CONTIGMEM_LOW_MEMORY;
	}

	frames->first = page_to_pfn(page);
	/* A reference count for each page, so that a driver may map, pin and send it. */
	split_page(page, order);
	for (i = place->nr; i < 1U << order; i++)
		__free_page(page + i);
	buddy_make_arena(ac, frames);
	return CONTIGMEM_OK;
}

static void buddy_free_range(const struct ctgm_frames *run)
{
	free_contig_range(run->first, run->nr);
}

static void buddy_free(const struct ctgm_frames *frames)
{
	ctgm_frames_free_good(frames, buddy_free_range);
}

const struct ctgm_source ctgm_source_buddy = {
	.id = CONTIGMEM_SOURCE_BUDDY,
	.guesses = true,
	.alloc = buddy_alloc,
	.free = buddy_free,
};
