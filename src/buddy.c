// SPDX-License-Identifier: GPL-2.0
/*
 * The page allocator: where a zone lies within the request's range, a block of
 * 2^n pages has every alignment and respects every boundary that n allows.
 */
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mm.h>

#include "arena.h"
#include "buddy.h"
#include "compat.h"
#include "give_back.h"
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
static bool buddy_takes_zone(const struct ctgm_alloc_control *ac, int zone)
{
	return zone == ac->zone ||
	       (ac->cache == CONTIGMEM_CACHED && ctgm_zone_gfp(zone) != __GFP_DMA);
}

static bool buddy_takes(const struct ctgm_alloc_control *ac, const struct page *page)
{
	int zone = page_zonenum(page);

	return zone == ac->zone ||
	       (buddy_takes_zone(ac, zone) && page_to_pfn(page) >= ac->place.first);
}

/**
 * struct ctgm_buddy_call - how the page allocator is asked
 * @order: of the block
 * @zone: the zone that it tries first
 * @gfp: its gfp, without the zone
 */
struct ctgm_buddy_call {
	unsigned int order;
	int zone;
	gfp_t gfp;
};

/* How to ask the page allocator for a request; or why not to ask it. */
static enum contigmem_reason buddy_prepare(const struct ctgm_alloc_control *ac,
					   struct ctgm_buddy_call *call)
{
	const struct ctgm_constraints *place = &ac->place;
	unsigned long pages = max(roundup_pow_of_two(place->nr), place->align);
	const struct ctgm_node_ranges *node = &ac->ranges->node[ac->node];
	const struct ctgm_zonelist_span *span;

	if (!ac->may_sleep && ac->cache != CONTIGMEM_CACHED)
		return CONTIGMEM_WOULD_SLEEP;
	if (place->nr > MAX_ORDER_NR_PAGES || pages > 1UL << MAX_PAGE_ORDER)
		return CONTIGMEM_NO_FREE_RUN;
	call->order = ilog2(pages);

	call->zone = buddy_choose_zone(node, place->last);
	span = &node->zonelist[call->zone];
	/*
	 * A caller that cannot wait for a search may be lucky: src/source.c checks the frames. A
	 * query does not count on luck.
	 */
	if ((ac->may_sleep || ac->query) &&
	    (span->last > place->last || span->first < place->first))
		return CONTIGMEM_NO_FREE_RUN;

	call->gfp = __GFP_NOWARN | __GFP_THISNODE;
	if (ac->migrate)
		call->gfp |= ac->reclaim | __GFP_NORETRY;
	else if (!ac->may_sleep && !ac->fast)
		call->gfp |= ac->reclaim;
	return CONTIGMEM_OK;
}

/*
 * Single pages are for tasks to live on down to the min watermark, but compaction hands a block to
 * the task that it works for below it as well. Callers with GFP_ATOMIC may use its reserves.
 */
static bool buddy_spares(const struct ctgm_alloc_control *ac, unsigned int order, int zone,
			 unsigned long nr)
{
	return !order || ac->reclaim & __GFP_HIGH || ctgm_watermark_spares(ac, zone, nr);
}

/* The same for a request that may have page cache dropped for a block. */
static bool buddy_may_take(const struct ctgm_alloc_control *ac, unsigned int order, int zone,
			   unsigned long nr)
{
	return buddy_spares(ac, order, zone, nr) ||
	       (ac->migrate && ctgm_watermark_replaces(ac, zone, 1UL << order, NULL));
}

/*
 * A block that its zone can spare. The page allocator knows a lower mark: where its zone has less
 * than contigmem leaves it is asked again, for one of a lower zone.
 */
static enum contigmem_reason buddy_ask(struct ctgm_alloc_control *ac,
				       const struct ctgm_buddy_call *call, struct page **page)
{
	enum contigmem_reason reason = CONTIGMEM_NO_FREE_RUN;
	int zone = call->zone;

	do {
		gfp_t gfp = call->gfp | ctgm_zone_gfp(zone);

		/* Compaction and reclaim would work in vain. */
		if (ac->migrate && !buddy_spares(ac, call->order, zone, 1UL << call->order))
			gfp &= ~__GFP_RECLAIM;
		ac->verdict.attempts++;
		*page = alloc_pages_node(ac->node, gfp, call->order);
		if (!*page)
			return reason;
		zone = page_zonenum(*page);
		if (!buddy_takes(ac, *page)) {
			__free_pages(*page, call->order);
			return reason;
		}
		if (buddy_may_take(ac, call->order, zone, 0))
			return CONTIGMEM_OK;
		__free_pages(*page, call->order);
		reason = CONTIGMEM_LOW_MEMORY;
	} while (zone--);
	return reason;
}

static enum contigmem_reason buddy_alloc(struct ctgm_alloc_control *ac, struct ctgm_frames *frames)
{
	const struct ctgm_constraints *place = &ac->place;
	struct ctgm_buddy_call call;
	enum contigmem_reason reason;
	unsigned int order, i;
	struct page *page;

	reason = buddy_prepare(ac, &call);
	if (reason)
		return reason;
	order = call.order;
	ac->verdict.windows++;
	reason = buddy_ask(ac, &call, &page);
	if (reason)
		return reason;

	frames->first = page_to_pfn(page);
	/* A reference count for each page, so that a driver may map, pin and send it. */
	split_page(page, order);
	for (i = place->nr; i < 1U << order; i++)
		__free_page(page + i);
	buddy_make_arena(ac, frames);
	return CONTIGMEM_OK;
}

/* Is a block of this order, or a larger one, in a free list that the page allocator takes from? */
static bool buddy_has_block(const struct zone *zone, unsigned int order)
{
	static const int types[] = { MIGRATE_UNMOVABLE, MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE };
	unsigned int i;

	for (; order <= MAX_PAGE_ORDER; order++) {
		for (i = 0; i < ARRAY_SIZE(types); i++) {
			if (!list_empty(&zone->free_area[order].free_list[types[i]]))
				return true;
		}
	}
	return false;
}

/* Will such a block be free once the request has had idle arenas given back? */
static bool buddy_gets_back(const struct ctgm_alloc_control *ac, unsigned long pages)
{
	struct ctgm_alloc_control block = *ac;
	unsigned long start;

	if (!(ac->query & CTGM_QUERY_IDLE_GONE))
		return false;
	block.place.nr = pages;
	block.place.align = pages;
	block.place.boundary = 0;
	return ctgm_arena_idle_place(&block, &start);
}

/*
 * Would the page allocator give a block? As it does, go down the zones to the first that has one
 * and holds its watermark. Which block it is, it does not say. What compaction would make is not
 * counted on; the search for ranges whose pages can be migrated follows.
 */
static enum contigmem_reason buddy_query(struct ctgm_alloc_control *ac, struct ctgm_frames *frames)
{
	struct ctgm_buddy_call call;
	enum contigmem_reason reason = buddy_prepare(ac, &call);
	unsigned long pages;
	int zone;

	if (reason)
		return reason;
	pages = 1UL << call.order;
	reason = CONTIGMEM_NO_FREE_RUN;
	for (zone = call.zone; zone >= 0; zone--) {
		struct zone *in = &NODE_DATA(ac->node)->node_zones[zone];
		bool reclaims = ac->migrate && !call.order && ctgm_watermark_reclaimable(ac);

		if (!populated_zone(in) ||
		    (!reclaims && !ctgm_watermark_leaves_min(ac, zone, pages)) ||
		    (!reclaims && !buddy_has_block(in, call.order) &&
		     !(zone == ac->zone && buddy_gets_back(ac, pages))))
			continue;
		if (!buddy_takes_zone(ac, zone))
			return reason;
		if (buddy_may_take(ac, call.order, zone, pages))
			return CONTIGMEM_OK;
		reason = CONTIGMEM_LOW_MEMORY;
	}
	return reason;
}

static void buddy_free_range(const struct ctgm_frames *run)
{
	ctgm_give_back(run->first, run->nr);
}

static void buddy_free(const struct ctgm_frames *frames)
{
	ctgm_frames_free_good(frames, buddy_free_range);
}

const struct ctgm_source ctgm_source_buddy = {
	.id = CONTIGMEM_SOURCE_BUDDY,
	.guesses = true,
	.alloc = buddy_alloc,
	.query = buddy_query,
	.free = buddy_free,
};
