// SPDX-License-Identifier: GPL-2.0
/*
 * The page allocator: where a zone lies within the request's range, a block of
 * 2^n pages has every alignment and respects every boundary that n allows.
 */
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/mm.h>

#include "arena.h"
#include "compat.h"
#include "source.h"

static const struct {
	enum zone_type zone;
	gfp_t gfp;
} zones[] = {	/* from the highest down */
	{ ZONE_NORMAL, 0 },
#ifdef CONFIG_ZONE_DMA32
	{ ZONE_DMA32, __GFP_DMA32 },
#endif
#ifdef CONFIG_ZONE_DMA
	{ ZONE_DMA, __GFP_DMA },
#endif
};

/*
 * The page allocator given this zone's gfp serves from it, or from a lower zone
 * where it has none left: does all that lie at or below the last frame?
 */
static bool zones_end_below(const struct memmap *map, int nid, enum zone_type highest,
			    unsigned long last)
{
	unsigned int i;

	for (i = 0; i < map->nr; i++) {
		const struct extent *extent = &map->extent[i];

		if (extent->nid == nid && extent->zone <= highest && extent->last > last)
			return false;
	}
	return true;
}

/* Does the zone that is served from first lie at or above the first frame? */
static bool top_zone_starts_above(const struct memmap *map, int nid, enum zone_type highest,
				  unsigned long first)
{
	const struct extent *lowest = NULL;
	unsigned int i;

	for (i = 0; i < map->nr; i++) {
		const struct extent *extent = &map->extent[i];

		/* Extents come from the highest down. */
		if (extent->nid == nid && extent->zone <= highest &&
		    (!lowest || extent->zone == lowest->zone))
			lowest = extent;
	}
	return lowest && lowest->first >= first;
}

/*
 * What is made of whole pageblocks stays at hand for a while: to get as much from
 * the page allocator again takes it several times as long as an arena.
 */
static void make_arena(const struct need *need, int nid, struct frames *frames)
{
	struct arena *arena;

	if (need->cache != CONTIGMEM_CACHED || !pageblock_aligned(frames->nr))
		return;
	arena = arena_new(frames->first, frames->nr, nid, need->cache, need->reclaim);
	if (arena)
		arena_add(arena, frames->first, frames);
}

static enum contigmem_reason get(const struct need *need, const struct memmap *map, int nid,
				 bool migrate, struct frames *frames,
				 struct contigmem_verdict *verdict)
{
	const struct placement *place = &need->place;
	unsigned long pages = max(roundup_pow_of_two(place->nr), place->align);
	gfp_t gfp = __GFP_NOWARN | __GFP_THISNODE;
	unsigned int order, i, last = ARRAY_SIZE(zones) - 1;
	struct page *page;

	if (!need->may_sleep && need->cache != CONTIGMEM_CACHED)
		return CONTIGMEM_WOULD_SLEEP;
	if (place->nr > MAX_ORDER_NR_PAGES || pages > 1UL << MAX_PAGE_ORDER)
		return CONTIGMEM_NO_FREE_RUN;
	order = ilog2(pages);

	for (i = 0; i < last; i++) {
		if (zones_end_below(map, nid, zones[i].zone, place->last))
			break;
	}
	/* Who cannot wait for a search may be lucky; frames.c looks at the answer. */
	if (need->may_sleep &&
	    (!zones_end_below(map, nid, zones[i].zone, place->last) ||
	     !top_zone_starts_above(map, nid, zones[i].zone, place->first)))
		return CONTIGMEM_NO_FREE_RUN;

	gfp |= zones[i].gfp;
	if (migrate)
		gfp |= need->reclaim | __GFP_NORETRY;
	else if (!need->may_sleep && !need->fast)
		gfp |= need->reclaim;

	verdict->windows++;
	verdict->attempts++;
	page = alloc_pages_node(nid, gfp, order);
	if (!page)
		return CONTIGMEM_NO_FREE_RUN;

	frames->first = page_to_pfn(page);
	if (place->nr == 1UL << order) {
		frames->whole = true;
		make_arena(need, nid, frames);
		return CONTIGMEM_OK;
	}
	split_page(page, order);
	for (i = place->nr; i < 1U << order; i++)
		__free_page(page + i);
	return CONTIGMEM_OK;
}

const struct source source_buddy = {
	.id = CONTIGMEM_SOURCE_BUDDY,
	.guesses = true,
	.get = get,
};
