// SPDX-License-Identifier: GPL-2.0
/*
 * Free frames beside pages that cannot be migrated: alloc_contig_range() refuses the
 * pageblock of such a page. The page allocator hands them out, but takes no range. It gives
 * the block at the head of a free list first. So a block that meets the request is moved there.
 *
 * To change the cache type of a part of a large page of the direct map splits it for good. So such
 * a block is looked for first where the direct map has small pages already.
 */
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>

#include "arena.h"
#include "buddy.h"
#include "catch.h"
#include "compat.h"
#include "memtype.h"
#include "pfn_online.h"
#include "pfn_scan.h"
#include "ranges.h"
#include "watermark.h"

/* Blocks taken for a request. */
#define CATCH_TRIES		2048
#define CATCH_TRIES_FAST	64
/* Of the frames above the zone's low watermark so many are held: others may need some. */
#define CATCH_SHARE_OF_SPARE	2
/* Places for a free block that are read: about 20 instructions each. */
#define CATCH_READS		65536
#define CATCH_READS_PER_RESCHED	4096
/* To look at the direct map takes as long as so many reads. */
#define CATCH_READS_PER_LOOK	4
/* Searches, where another task has taken the block that was found. */
#define CATCH_SEARCHES		3
/* No frame. */
#define CATCH_NONE		ULONG_MAX

/**
 * struct ctgm_catch_choice - which free block to take
 * @pfn: its first frame
 * @order: its order
 * @type: the type of its pageblock
 */
struct ctgm_catch_choice {
	unsigned long pfn;
	unsigned int order;
	int type;
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
 * struct ctgm_catch_found - free blocks that the request fits into
 * @reads: how many struct pages were read
 * @pfn: the highest one in each free list, by type of the pageblock and order; or CATCH_NONE
 */
struct ctgm_catch_found {
	unsigned int reads;
	unsigned long pfn[ARRAY_SIZE(catch_types)][MAX_PAGE_ORDER + 1];
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

/* May no frame of this pageblock be taken, since a large page would be split for it? */
static bool catch_splits(const struct ctgm_alloc_control *ac, unsigned long pfn)
{
	return ac->unsplit && ctgm_memtype_splits(pfn);
}

/* Where the request fits into a block of the page allocator. */
static bool catch_fits(const struct ctgm_alloc_control *ac, unsigned long pfn, unsigned int order,
		       unsigned long *start)
{
	struct ctgm_constraints place = ctgm_place_within(&ac->place, pfn,
							  pfn + (1UL << order) - 1);

	return place.first <= place.last && ctgm_place_next(&place, 0, start) &&
	       !catch_splits(ac, pfn);
}

/* Returns false once enough was read. */
static bool catch_count_reads(const struct ctgm_alloc_control *ac, struct ctgm_catch_found *found,
			      unsigned int nr)
{
	unsigned int before = found->reads / CATCH_READS_PER_RESCHED;

	found->reads += nr;
	if (found->reads / CATCH_READS_PER_RESCHED == before)
		return true;
	cond_resched();
	return found->reads < CATCH_READS && !ctgm_is_late(ac);
}

/*
 * Find free blocks from @pfn to before @end, in one pageblock, that the request fits into. Returns
 * false once enough was read or found.
 */
static bool catch_find_in(struct ctgm_alloc_control *ac, unsigned long pfn, unsigned long end,
			  unsigned int least, struct ctgm_catch_found *found)
{
	struct ctgm_pfn_reader reader = CTGM_PFN_READER;
	unsigned long start;
	int type;

	if (ac->unsplit) {
		if (!catch_count_reads(ac, found, CATCH_READS_PER_LOOK))
			return false;
		if (ctgm_memtype_splits(pfn))
			return true;
		ac->saw_small_pages = true;
	}
	for (; pfn < end; pfn += 1UL << least) {
		int order = ctgm_pfn_free_order(&reader, pfn);

		if (reader.skip)
			return true;
		ac->verdict.frames_read++;
		if (!catch_count_reads(ac, found, 1))
			return false;
		if (order < (int)least || !catch_fits(ac, pfn, order, &start))
			continue;
		ac->verdict.windows++;
		type = ctgm_catch_type(pfn);
		if (type >= 0 && found->pfn[type][order] == CATCH_NONE)
			found->pfn[type][order] = pfn;
		/* There is no larger one beside a page that stays. */
		if (type >= 0 && order >= pageblock_order - 1)
			return false;
		pfn += (1UL << order) - (1UL << least);
	}
	return true;
}

/*
 * Find free blocks of a range that the request fits into, in the highest pageblocks first. Blocks
 * of @least pages or more begin at multiples of that. Returns false once enough was read or found.
 */
static bool catch_find(struct ctgm_alloc_control *ac, const struct ctgm_range *range,
		       unsigned int least, struct ctgm_catch_found *found)
{
	unsigned long first = ALIGN_DOWN(max(range->first, ac->place.first), 1UL << least);
	unsigned long end = min(range->last, ac->place.last) + 1, from;

	if (first < range->first)
		first += 1UL << least;
	for (; end > first; end = from) {
		from = max(pageblock_start_pfn(end - 1), first);
		if (!catch_find_in(ac, from, end, least, found))
			return false;
	}
	return true;
}

static void catch_find_all(struct ctgm_alloc_control *ac, unsigned int least,
			   struct ctgm_catch_found *found)
{
	const struct ctgm_range *range = NULL;

	found->reads = 0;
	memset(found->pfn, 0xff, sizeof(found->pfn));
	while ((range = ctgm_range_next(ac->ranges, ac->node, range))) {
		if (range->zone == ac->zone && !range->is_cma &&
		    !catch_find(ac, range, least, found))
			break;
	}
}

/*
 * Is a free block, as it was found, still in its free list? Called with the zone's lock held.
 * Meanwhile its memory may even have gone.
 */
static bool catch_is_listed(const struct zone *zone, unsigned long pfn, int type,
			    unsigned int order)
{
	struct page *page;
	bool listed;

	ctgm_pfn_online_begin();
	page = ctgm_pfn_online_page(pfn);
	listed = page && page_zone(page) == zone && PageBuddy(page) &&
		 page_private(page) == order &&
		 compat_pageblock_type(pfn) == catch_types[type].type &&
		 !compat_pageblock_is_isolated(pfn);
	ctgm_pfn_online_end();
	return listed;
}

/**
 * ctgm_catch_bring() - have the page allocator give a certain free block next
 * @ac: the allocation; @node and @zone say where
 * @pfn: its first frame
 * @type: type of its pageblock
 * @order: its order
 *
 * Moves it to the head of the free list of its pageblock's type, as free page reporting does with
 * those that it comes to. On 6.1 a block may lie in another type's list. A processor's list of
 * small blocks is used up before that, and another task may be faster. In a query the block stays
 * where it is.
 *
 * Context: Any.
 * Return: false if it is no such free block any more.
 */
bool ctgm_catch_bring(const struct ctgm_alloc_control *ac, unsigned long pfn, int type,
		      unsigned int order)
{
	struct zone *zone = ctgm_catch_zone(ac);
	unsigned long flags;
	bool listed;

	spin_lock_irqsave(&zone->lock, flags);
	listed = catch_is_listed(zone, pfn, type, order);
	if (listed && likely(!ac->query))
		list_move(&pfn_to_page(pfn)->buddy_list,
			  &zone->free_area[order].free_list[catch_types[type].type]);
	spin_unlock_irqrestore(&zone->lock, flags);
	return listed;
}

/* Choose the largest block, of which most stays at hand, each once; false if none is left. */
static bool catch_choose(struct ctgm_catch_found *found, struct ctgm_catch_choice *choice)
{
	unsigned int order;
	int type;

	for (order = MAX_PAGE_ORDER + 1; order--;) {
		for (type = 0; type < CTGM_CATCH_TYPES; type++) {
			unsigned long *pfn = &found->pfn[type][order];

			if (*pfn == CATCH_NONE)
				continue;
			*choice = (struct ctgm_catch_choice){ *pfn, order, type };
			*pfn = CATCH_NONE;
			return true;
		}
	}
	return false;
}

/* Take the block at the head of a free list; NULL if there is none. */
static struct page *catch_alloc_pages(const struct ctgm_alloc_control *ac, int type,
				      unsigned int order)
{
	gfp_t gfp = __GFP_NOWARN | __GFP_THISNODE | ctgm_zone_gfp(ac->zone) |
		    catch_types[type].mobility;
	struct page *page = alloc_pages_node(ac->node, gfp, order);

	/* The page allocator goes on to a lower zone where this one has no such block. */
	if (page && page_zonenum(page) != ac->zone) {
		__free_pages(page, order);
		page = NULL;
	}
	return page;
}

/* Take a block that the zone has to spare for this use; NULL if there is none. */
struct page *ctgm_catch_take(struct ctgm_alloc_control *ac, int type, unsigned int order,
			     enum ctgm_watermark_use use)
{
	struct page *page;

	if (!ctgm_watermark_reserve(ac, 1UL << order, use))
		return NULL;
	ac->verdict.attempts++;
	page = catch_alloc_pages(ac, type, order);
	ctgm_watermark_unreserve(ac, 1UL << order);
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

	return min(most, ctgm_watermark_spare_briefly(ac) / CATCH_SHARE_OF_SPARE >> order);
}

/**
 * ctgm_catch_block() - take a certain free block of more than a pageblock
 * @ac: the allocation; @node and @zone say where. It has reserved the frames
 * @pfn: its first frame
 * @order: its order
 *
 * A pageblock alone may come from this processor's lists, and another one goes into them then.
 *
 * Context: Sleeps.
 * Return: the first page; each has a reference of its own. NULL if another task was faster.
 */
struct page *ctgm_catch_block(const struct ctgm_alloc_control *ac, unsigned long pfn,
			      unsigned int order)
{
	int type = ctgm_catch_type(pfn);
	struct page *page;

	if (type < 0 || !ctgm_catch_bring(ac, pfn, type, order))
		return NULL;
	page = catch_alloc_pages(ac, type, order);
	if (page && page_to_pfn(page) != pfn) {
		__free_pages(page, order);
		return NULL;
	}
	if (page)
		split_page(page, order);
	return page;
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

/*
 * Take blocks until one meets the request. Its first page, or NULL. @lost: set if another task has
 * taken the one that was chosen.
 */
static struct page *catch_search(struct ctgm_alloc_control *ac,
				 const struct ctgm_catch_choice *choice, unsigned long *start,
				 bool *lost)
{
	unsigned long most = ctgm_catch_most(ac, choice->order), tries;
	struct page *page = NULL;
	LIST_HEAD(others);
	bool last;

	for (tries = 0; tries < most; tries++) {
		/* A smaller block may have come into this processor's list. */
		if (!ctgm_catch_bring(ac, choice->pfn, choice->type, choice->order) &&
		    (!tries || choice->order > PAGE_ALLOC_COSTLY_ORDER)) {
			*lost = true;
			break;
		}
		page = ctgm_catch_take(ac, choice->type, choice->order, CTGM_BRIEFLY);
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
					       struct ctgm_frames *frames, bool *lost)
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
	page = catch_search(ac, choice, &start, lost);
	if (!page) {
		ctgm_arena_destroy(arena);
		return CONTIGMEM_NO_FREE_RUN;
	}
	all.first = page_to_pfn(page);
	/* A reference count for each page. */
	split_page(page, choice->order);
	return ctgm_arena_make(arena, &all, ac->cache, start, frames);
}

/* Would a block be caught, also where idle arenas will have been given back as free blocks? */
static enum contigmem_reason catch_predict(struct ctgm_alloc_control *ac, unsigned int least,
					   struct ctgm_frames *frames)
{
	struct ctgm_catch_choice choice;
	struct ctgm_catch_found found;

	catch_find_all(ac, least, &found);
	if (ac->query & CTGM_QUERY_IDLE_GONE && ctgm_arena_idle_place(ac, &frames->first))
		return CONTIGMEM_OK;
	while (!ctgm_is_late(ac) && catch_choose(&found, &choice)) {
		if (ctgm_catch_bring(ac, choice.pfn, choice.type, choice.order) &&
		    ctgm_watermark_reserve(ac, 1UL << choice.order, CTGM_BRIEFLY))
			return CONTIGMEM_OK;
	}
	return CONTIGMEM_NO_FREE_RUN;
}

static enum contigmem_reason catch_alloc(struct ctgm_alloc_control *ac, struct ctgm_frames *frames)
{
	unsigned int least = order_base_2(ac->place.nr), searches = 0;
	struct ctgm_catch_choice choice;
	struct ctgm_catch_found found;
	enum contigmem_reason reason;
	bool lost;

	if (!ac->may_sleep)
		return CONTIGMEM_WOULD_SLEEP;
	reason = ctgm_watermark_refuses(ac);
	if (reason)
		return reason;
	/* Larger free blocks are whole pageblocks, which src/contig.c takes. */
	if (least >= pageblock_order)
		return CONTIGMEM_NO_FREE_RUN;
	if (unlikely(ac->query))
		return catch_predict(ac, least, frames);
	reason = CONTIGMEM_NO_FREE_RUN;
	do {
		lost = false;
		catch_find_all(ac, least, &found);
		while (reason == CONTIGMEM_NO_FREE_RUN && !fatal_signal_pending(current) &&
		       !ctgm_is_late(ac) && catch_choose(&found, &choice))
			reason = catch_alloc_arena(ac, &choice, frames, &lost);
	} while (reason == CONTIGMEM_NO_FREE_RUN && lost && ++searches < CATCH_SEARCHES);
	return reason;
}

static enum contigmem_reason catch_alloc_unsplit(struct ctgm_alloc_control *ac,
						 struct ctgm_frames *frames)
{
	enum contigmem_reason reason;

	if (ctgm_memtype_is_apart())
		return CONTIGMEM_NO_FREE_RUN;
	ac->unsplit = true;
	reason = catch_alloc(ac, frames);
	ac->unsplit = false;
	return reason;
}

/* What it caught is the page allocator's and an arena's. */
const struct ctgm_source ctgm_source_catch = {
	.id = CONTIGMEM_SOURCE_BUDDY,
	.alloc = catch_alloc,
	.query = catch_alloc,
};

/* Free frames whose type can be changed without splitting a large page of the direct map. */
const struct ctgm_source ctgm_source_catch_unsplit = {
	.id = CONTIGMEM_SOURCE_BUDDY,
	.alloc = catch_alloc_unsplit,
	.query = catch_alloc_unsplit,
};
