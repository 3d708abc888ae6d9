// SPDX-License-Identifier: GPL-2.0
/*
 * Free frames beside pages that cannot be migrated: alloc_contig_range() refuses the
 * pageblock of such a page. The page allocator hands them out, but takes no range. So one
 * of its free lists is chosen, whose blocks up to one that meets the request are cheap to take,
 * and these are taken. The others go back.
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
/*
 * What the search costs, and each block beside its frames, counted in frames that the page
 * allocator prepares and frees: 40 instructions each.
 */
#define CATCH_SEARCH		800UL
#define CATCH_TAKE		12UL
/* What taking costs at most where another list costs less: more stays at hand of larger blocks. */
#define CATCH_QUICK		25000UL
/* Of the frames above the zone's low watermark so many are held: others may need some. */
#define CATCH_SHARE_OF_SPARE	2
/* Blocks of a free list that are read with the zone's lock held: about 20 instructions each. */
#define CATCH_LIST_STEP		512UL
/* The same where the direct map is looked at for each: about 100 instructions. */
#define CATCH_LIST_STEP_UNSPLIT	128UL
/* Places for a free block that are read: about 20 instructions each. */
#define CATCH_READS		65536
#define CATCH_READS_PER_RESCHED	4096
/* To look at the direct map takes as long as so many reads. */
#define CATCH_READS_PER_LOOK	4

/**
 * struct ctgm_catch_choice - which free blocks to take
 * @order: their order
 * @type: the type of their pageblocks
 * @tries: how many, up to the first that the request fits into
 */
struct ctgm_catch_choice {
	unsigned int order;
	int type;
	unsigned long tries;
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
static bool catch_count_reads(const struct ctgm_alloc_control *ac,
			      struct ctgm_catch_counts *counts, unsigned int nr)
{
	unsigned int before = counts->reads / CATCH_READS_PER_RESCHED;

	counts->reads += nr;
	if (counts->reads / CATCH_READS_PER_RESCHED == before)
		return true;
	cond_resched();
	return counts->reads < CATCH_READS && !ctgm_is_late(ac);
}

/*
 * Count the free blocks of a range that the request fits into. Blocks of @least pages or
 * more begin at multiples of that. Returns false once enough was read.
 */
static bool catch_count(struct ctgm_alloc_control *ac, const struct ctgm_range *range,
			unsigned int least, struct ctgm_catch_counts *counts)
{
	unsigned long pfn = ALIGN_DOWN(max(range->first, ac->place.first), 1UL << least);
	unsigned long last = min(range->last, ac->place.last), start, looked = 0;
	struct ctgm_pfn_reader reader = CTGM_PFN_READER;
	int type;

	for (; pfn <= last; pfn += 1UL << least) {
		int order;

		if (pfn < range->first)
			continue;
		if (ac->unsplit && pfn >= looked) {
			looked = pageblock_end_pfn(pfn);
			if (!catch_count_reads(ac, counts, CATCH_READS_PER_LOOK))
				return false;
			if (ctgm_memtype_splits(pfn)) {
				pfn = looked - (1UL << least);
				continue;
			}
			ac->saw_small_pages = true;
		}
		order = ctgm_pfn_free_order(&reader, pfn);
		if (reader.skip) {
			pfn = pageblock_end_pfn(pfn) - (1UL << least);
			continue;
		}
		ac->verdict.frames_read++;
		if (!catch_count_reads(ac, counts, 1))
			return false;
		if (order < (int)least || !catch_fits(ac, pfn, order, &start))
			continue;
		ac->verdict.windows++;
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

/*
 * Is a block, which was in this free list, still in it? Called with the zone's lock held. Meanwhile
 * its memory may even have gone.
 */
static bool catch_is_listed(unsigned long pfn, int type, unsigned int order)
{
	struct page *page;
	bool listed;

	ctgm_pfn_online_begin();
	page = ctgm_pfn_online_page(pfn);
	listed = page && PageBuddy(page) && page_private(page) == order &&
		 compat_pageblock_type(pfn) == catch_types[type].type &&
		 !compat_pageblock_is_isolated(pfn);
	ctgm_pfn_online_end();
	return listed;
}

/**
 * ctgm_catch_distance() - how many blocks of a free list have to be taken for those that are wanted
 * @ac: the allocation; @node and @zone say where
 * @type: type of their pageblocks
 * @order: their order
 * @most: blocks that may be taken
 * @wanted: the blocks that are wanted
 *
 * The page allocator takes them from the head of the list, once a processor's list is used up.
 *
 * Context: Any.
 * Return: how many, or 0 if not all that are wanted are among @most, or if other tasks took from
 *	the list meanwhile as far as it was read.
 */
unsigned long ctgm_catch_distance(const struct ctgm_alloc_control *ac, int type,
				  unsigned int order, unsigned long most,
				  const struct ctgm_catch_wanted *wanted)
{
	struct zone *zone = ctgm_catch_zone(ac);
	unsigned long step = ac->unsplit ? CATCH_LIST_STEP_UNSPLIT : CATCH_LIST_STEP;
	unsigned long blocks = 0, pfn = 0, flags, until;
	unsigned int left = wanted->nr;
	struct list_head *list, *at;
	bool lost;

	list = &zone->free_area[order].free_list[catch_types[type].type];
	do {
		until = min(most, blocks + step);
		spin_lock_irqsave(&zone->lock, flags);
		lost = blocks && !catch_is_listed(pfn, type, order);
		at = blocks && !lost ? &pfn_to_page(pfn)->buddy_list : list;
		for (; !lost && left && blocks < until && at->next != list; blocks++) {
			at = at->next;
			pfn = page_to_pfn(list_entry(at, struct page, buddy_list));
			left -= wanted->is_one(wanted->data, pfn, order);
		}
		spin_unlock_irqrestore(&zone->lock, flags);
	} while (left && blocks == until && blocks < most);
	return left ? 0 : blocks;
}

/* Does the request fit into a block of the page allocator? */
static bool catch_wants(const void *data, unsigned long first, unsigned int order)
{
	const struct ctgm_alloc_control *ac = data;
	unsigned long start;

	return first <= ac->place.last && first + (1UL << order) > ac->place.first &&
	       catch_fits(ac, first, order, &start);
}

/*
 * How many blocks of this order may be taken for a frame to cost less than by the choice so far? Of
 * a larger block more stays at hand, without another search.
 */
static unsigned long catch_cheaper(const struct ctgm_catch_choice *choice, unsigned int order)
{
	unsigned long cost = CATCH_SEARCH + choice->tries * (CATCH_TAKE + (1UL << choice->order));

	if (!choice->tries)
		return ULONG_MAX;
	cost = cost << order >> choice->order;
	if (cost <= CATCH_SEARCH)
		return 0;
	return (cost - CATCH_SEARCH - 1) / (CATCH_TAKE + (1UL << order));
}

/* Choose the list whose frames are the cheapest to get, of those where all takes cost so much. */
static bool catch_choose_within(const struct ctgm_alloc_control *ac,
				const struct ctgm_catch_counts *counts, unsigned long cost,
				struct ctgm_catch_choice *choice)
{
	const struct ctgm_catch_wanted wanted = { 1, catch_wants, ac };
	unsigned int order, i;

	choice->tries = 0;
	for (order = MAX_PAGE_ORDER + 1; order--;) {
		for (i = 0; i < ARRAY_SIZE(catch_types); i++) {
			unsigned long most, tries;

			if (!counts->in_range[i][order])
				continue;
			most = min3(ctgm_catch_most(ac, order), catch_cheaper(choice, order),
				    cost / (CATCH_TAKE + (1UL << order)));
			tries = ctgm_catch_distance(ac, i, order, most, &wanted);
			if (tries)
				*choice = (struct ctgm_catch_choice){ order, i, tries };
		}
	}
	return choice->tries;
}

/* Choose the list to take from, each once; false if none is left that has a block in reach. */
static bool catch_choose(const struct ctgm_alloc_control *ac, struct ctgm_catch_counts *counts,
			 struct ctgm_catch_choice *choice)
{
	if (!catch_choose_within(ac, counts, CATCH_QUICK, choice) &&
	    !catch_choose_within(ac, counts, ULONG_MAX, choice))
		return false;
	counts->in_range[choice->type][choice->order] = 0;
	return true;
}

/* Take a block that the zone has to spare for this use; NULL if there is none. */
struct page *ctgm_catch_take(struct ctgm_alloc_control *ac, int type, unsigned int order,
			     enum ctgm_watermark_use use)
{
	gfp_t gfp = __GFP_NOWARN | __GFP_THISNODE | ctgm_zone_gfp(ac->zone) |
		    catch_types[type].mobility;
	struct page *page;

	if (!ctgm_watermark_reserve(ac, 1UL << order, use))
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

	return min(most, ctgm_watermark_spare_briefly(ac) / CATCH_SHARE_OF_SPARE >> order);
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

/* Would a block be caught, also where idle arenas will have been given back as free blocks? */
static enum contigmem_reason catch_predict(struct ctgm_alloc_control *ac,
					   struct ctgm_catch_counts *counts,
					   struct ctgm_frames *frames)
{
	struct ctgm_catch_choice choice;

	if (ac->query & CTGM_QUERY_IDLE_GONE && ctgm_arena_idle_place(ac, &frames->first))
		return CONTIGMEM_OK;
	while (!ctgm_is_late(ac) && catch_choose(ac, counts, &choice)) {
		if (ctgm_watermark_reserve(ac, 1UL << choice.order, CTGM_BRIEFLY))
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
