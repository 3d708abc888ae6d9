// SPDX-License-Identifier: GPL-2.0
/*
 * Free frames beside pages that cannot be migrated: alloc_contig_range() refuses the
 * pageblock of such a page. The page allocator hands them out, but takes no range. So one
 * order of its free blocks is chosen, of which the largest share lies in the range, and
 * blocks of it are taken until one meets the request. The others go back.
 */
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "arena.h"
#include "buddy.h"
#include "catch.h"
#include "compat.h"
#include "pfn_scan.h"
#include "ranges.h"
#include "watermark.h"

/* Blocks taken for a request: about 500 instructions each. */
#define CATCH_TRIES		2048
#define CATCH_TRIES_FAST	64
/* Of the frames above the zone's low watermark so many are held: others may need some. */
#define CATCH_SHARE_OF_SPARE	4
/* Places for a free block that are read: about 20 instructions each. */
#define CATCH_READS		65536
#define CATCH_READS_PER_RESCHED	4096

/**
 * struct ctgm_catch_choice - which free blocks to take
 * @order: their order
 * @type: the type of their pageblocks
 * @share: of a thousand free blocks of this order in the zone, how many are in the range
 */
struct ctgm_catch_choice {
	unsigned int order;
	int type;
	unsigned long share;
};

/* The page allocator looks in pageblocks of the caller's mobility first. */
static const struct {
	int type;
	gfp_t mobility;
} catch_types[CTGM_CATCH_TYPES] = {
	[CTGM_CATCH_UNMOVABLE] = { MIGRATE_UNMOVABLE, 0 },
	[CTGM_CATCH_MOVABLE] = { MIGRATE_MOVABLE, __GFP_MOVABLE },
	[CTGM_CATCH_RECLAIMABLE] = { MIGRATE_RECLAIMABLE, __GFP_RECLAIMABLE },
};

/**
 * struct ctgm_catch_counts - the free blocks that the request fits into
 * @reads: how many struct pages were read
 * @in_range: by type of the pageblock and order
 */
struct ctgm_catch_counts {
	unsigned int reads;
	unsigned long in_range[ARRAY_SIZE(catch_types)][MAX_PAGE_ORDER + 1];
};

/* The zone that is tried now. */
struct zone *ctgm_catch_zone(const struct ctgm_alloc_control *ac)
{
	return &NODE_DATA(ac->node)->node_zones[ac->zone];
}

/* The index of a pageblock's type among those that blocks are taken from; or -1. */
int ctgm_catch_type(unsigned long pfn)
{
	int type, index;

	type = ctgm_pfn_type(pfn);
	for (index = 0; index < CTGM_CATCH_TYPES; index++) {
		if (type == catch_types[index].type)
			return index;
	}
	return -1;
}

/* Has the zone no block of this type and order in its free lists? */
bool ctgm_catch_is_out(const struct ctgm_alloc_control *ac, int type, unsigned int order)
{
	const struct free_area *area = &ctgm_catch_zone(ac)->free_area[order];

	return list_empty(&area->free_list[catch_types[type].type]);
}

/* Where the request fits into a block of the page allocator. */
static bool catch_fits(const struct ctgm_alloc_control *ac, unsigned long pfn, unsigned int order,
		       unsigned long *start)
{
	struct ctgm_constraints place = ctgm_place_within(&ac->place, pfn,
							  pfn + (1UL << order) - 1);

	return place.first <= place.last && ctgm_place_next(&place, 0, start);
}

/*
 * Count the free blocks of a range that the request fits into. Blocks of @least pages or
 * more begin at multiples of that. Returns false once enough was read.
 */
static bool catch_count(struct ctgm_alloc_control *ac, const struct ctgm_range *range,
			unsigned int least, struct ctgm_catch_counts *counts)
{
	unsigned long pfn = ALIGN_DOWN(max(range->first, ac->place.first), 1UL << least);
	unsigned long last = min(range->last, ac->place.last), start;
	struct ctgm_pfn_reader reader = CTGM_PFN_READER;
	int type;

	for (; pfn <= last; pfn += 1UL << least) {
		int order;

		if (pfn < range->first)
			continue;
		order = ctgm_pfn_free_order(&reader, pfn);
		if (reader.skip) {
			pfn = pageblock_end_pfn(pfn) - (1UL << least);
			continue;
		}
		ac->verdict.frames_read++;
		if (!(++counts->reads % CATCH_READS_PER_RESCHED)) {
			cond_resched();
			if (counts->reads >= CATCH_READS || ctgm_is_late(ac))
				return false;
		}
		if (order < (int)least || !catch_fits(ac, pfn, order, &start))
			continue;
		type = ctgm_catch_type(pfn);
		if (type >= 0)
			counts->in_range[type][order]++;
		pfn += (1UL << order) - (1UL << least);
	}
	return true;
}

static void catch_count_all(struct ctgm_alloc_control *ac, unsigned int least,
			    struct ctgm_catch_counts *counts)
{
	const struct ctgm_range *range = NULL;

	*counts = (struct ctgm_catch_counts){};
	while ((range = ctgm_range_next(ac->ranges, ac->node, range))) {
		if (range->zone == ac->zone && !range->is_cma &&
		    !catch_count(ac, range, least, counts))
			break;
	}
}

/* Choose what to take, each order and mobility once; false if nothing is left. */
static bool catch_choose(struct ctgm_alloc_control *ac, struct ctgm_catch_counts *counts,
			 struct ctgm_catch_choice *choice)
{
	const struct free_area *areas = ctgm_catch_zone(ac)->free_area;
	unsigned long *best = NULL;
	unsigned int order, i;

	choice->share = 0;
	for (i = 0; i < ARRAY_SIZE(catch_types); i++) {
		for (order = 0; order <= MAX_PAGE_ORDER; order++) {
			unsigned long *in = &counts->in_range[i][order];
			unsigned long all = max(READ_ONCE(areas[order].nr_free), *in);
			unsigned long share = *in * 1000 / max(all, 1UL);

			if (!*in || (best && share <= choice->share))
				continue;
			best = in;
			*choice = (struct ctgm_catch_choice){
				order, i, share
			};
		}
	}
	if (!best)
		return false;
	ac->verdict.windows += *best;
	*best = 0;
	return true;
}

/* Take a block as long as the zone keeps its watermark; NULL if there is none. */
struct page *ctgm_catch_take(struct ctgm_alloc_control *ac, int type, unsigned int order)
{
	gfp_t gfp = __GFP_NOWARN | __GFP_THISNODE | ctgm_zone_gfp(ac->zone) |
		    catch_types[type].mobility;
	struct page *page;

	if (!ctgm_watermark_reserve(ac, 1UL << order, false))
		return NULL;
	ac->verdict.attempts++;
	page = alloc_pages_node(ac->node, gfp, order);
	ctgm_watermark_unreserve(ac, 1UL << order);
	/* The page allocator goes on to a lower zone where this one has no such block. */
	if (page && page_zonenum(page) != ac->zone) {
		__free_pages(page, order);
		page = NULL;
	}
	return page;
}

/* Free blocks that are linked by their first pages, so that the first is taken first again. */
void ctgm_catch_give_back(struct list_head *blocks, unsigned int order)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, blocks, lru) {
		list_del(&page->lru);
		__free_pages(page, order);
	}
}

/* Blocks of an order that may be taken for a request, and held all at once. */
unsigned long ctgm_catch_most(const struct ctgm_alloc_control *ac, unsigned int order)
{
	unsigned long most = ac->fast ? CATCH_TRIES_FAST : CATCH_TRIES;

	return min(most, ctgm_watermark_spare(ac) / CATCH_SHARE_OF_SPARE >> order);
}

/*
 * Was this block the half of a larger one? The page allocator splits one only when it has no
 * block of the order and the mobility left, and goes on to pageblocks of other mobilities,
 * which it retypes. The other half is free then.
 */
static bool catch_was_split(struct page *page, unsigned int order)
{
	struct page *half = pfn_to_page(page_to_pfn(page) ^ (1UL << order));

	return PageBuddy(half) && READ_ONCE(half->private) == order;
}

/* Take blocks until one meets the request. Its first page, or NULL. */
static struct page *catch_search(struct ctgm_alloc_control *ac,
				 const struct ctgm_catch_choice *choice, unsigned long *start)
{
	unsigned long most = ctgm_catch_most(ac, choice->order), tries;
	struct page *page = NULL;
	LIST_HEAD(others);
	bool last;

	for (tries = 0; tries < most; tries++) {
		page = ctgm_catch_take(ac, choice->type, choice->order);
		if (!page)
			break;
		/* A movable block may be CMA's. */
		if (!ctgm_pfn_skip_reason(page_to_pfn(page)) &&
		    catch_fits(ac, page_to_pfn(page), choice->order, start))
			break;
		list_add(&page->lru, &others);
		last = catch_was_split(page, choice->order);
		page = NULL;
		cond_resched();
		if (last || fatal_signal_pending(current) || ctgm_is_late(ac))
			break;
	}
	ctgm_catch_give_back(&others, choice->order);
	return page;
}

/* The whole block stays at hand as an arena: to catch another one takes many tries. */
static enum contigmem_reason catch_alloc_arena(struct ctgm_alloc_control *ac,
					       const struct ctgm_catch_choice *choice,
					       struct ctgm_frames *frames)
{
	struct ctgm_frames all = {
		.nr = 1UL << choice->order,
		.source = &ctgm_source_buddy,
	};
	struct ctgm_arena *arena;
	unsigned long start;
	struct page *page;

	arena = ctgm_arena_create(all.nr, ac->reclaim);
	if (!arena)
		return CONTIGMEM_NO_BOOKKEEPING;
	page = catch_search(ac, choice, &start);
	if (!page) {
		ctgm_arena_destroy(arena);
		return CONTIGMEM_NO_FREE_RUN;
	}
	all.first = page_to_pfn(page);
	/* A reference count for each page. */
	split_page(page, choice->order);
	return ctgm_arena_make(arena, &all, ac->cache, start, frames);
}

/*
 * Of the blocks of this order and type as many may be taken as it needs, on the average, until one
 * of the range is among them: a query has no better knowledge of the page allocator's lists.
 */
static bool catch_is_likely(const struct ctgm_alloc_control *ac,
			    const struct ctgm_catch_choice *choice)
{
	return ctgm_catch_most(ac, choice->order) * (choice->share + 1) > 1000 &&
	       ctgm_watermark_reserve(ac, 1UL << choice->order, false);
}

/* Would a block be caught, also where idle arenas will have been given back as free blocks? */
static enum contigmem_reason catch_predict(struct ctgm_alloc_control *ac,
					   struct ctgm_catch_counts *counts,
					   struct ctgm_frames *frames)
{
	struct ctgm_catch_choice choice;

	if (ac->query & CTGM_QUERY_IDLE_GONE && ctgm_arena_idle_place(ac, &frames->first))
		return CONTIGMEM_OK;
	while (!ctgm_is_late(ac) && catch_choose(ac, counts, &choice)) {
		if (catch_is_likely(ac, &choice))
			return CONTIGMEM_OK;
	}
	return CONTIGMEM_NO_FREE_RUN;
}

static enum contigmem_reason catch_alloc(struct ctgm_alloc_control *ac, struct ctgm_frames *frames)
{
	unsigned int least = order_base_2(ac->place.nr);
	struct ctgm_catch_choice choice;
	struct ctgm_catch_counts counts;
	enum contigmem_reason reason;

	if (!ac->may_sleep)
		return CONTIGMEM_WOULD_SLEEP;
	reason = ctgm_watermark_refuses(ac);
	if (reason)
		return reason;
	/* Larger free blocks are whole pageblocks, which src/contig.c takes. */
	if (least >= pageblock_order)
		return CONTIGMEM_NO_FREE_RUN;
	reason = CONTIGMEM_NO_FREE_RUN;
	catch_count_all(ac, least, &counts);
	if (ac->query)
		return catch_predict(ac, &counts, frames);
	while (reason == CONTIGMEM_NO_FREE_RUN && !fatal_signal_pending(current) &&
	       !ctgm_is_late(ac) && catch_choose(ac, &counts, &choice))
		reason = catch_alloc_arena(ac, &choice, frames);
	return reason;
}

/* What it caught is the page allocator's and an arena's. */
const struct ctgm_source ctgm_source_catch = {
	.id = CONTIGMEM_SOURCE_BUDDY,
	.alloc = catch_alloc,
	.query = catch_alloc,
};
