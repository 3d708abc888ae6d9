// SPDX-License-Identifier: GPL-2.0
/*
 * A run of frames beside pages that cannot be migrated, which no single free block of the
 * page allocator contains, and whose pageblocks alloc_contig_range() refuses. Its pieces are
 * gathered: whole pageblocks from alloc_contig_range(), and free blocks from the page
 * allocator, as src/catch.c takes them. Asked last, since it reads long. Where no run is free,
 * clean page cache is dropped for one.
 */
#include <linux/bitmap.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "arena.h"
#include "catch.h"
#include "compat.h"
#include "contig.h"
#include "gather.h"
#include "give_back.h"
#include "page_cache.h"
#include "pfn_scan.h"
#include "ranges.h"
#include "watermark.h"

/* Larger runs than this have whole pageblocks enough around them. */
#define GATHER_MOST_PAGEBLOCKS	4
/* Frames that are read in search of runs: about 110 instructions each. */
#define GATHER_READS		(128 << 10)
#define GATHER_READS_PER_RESCHED	1024
/* The cheapest runs found are tried. */
#define GATHER_RUNS		8
/* Blocks taken for a request, most of them from processors' lists: 1,000 instructions each. */
#define GATHER_TAKES		(32 << 10)
/* The pieces change while others allocate and free: they are looked up so often. */
#define GATHER_ROUNDS		32
/* Blocks that another task may have put before the pieces, which are at the head of a list. */
#define GATHER_FEW		8U
/* A page that is dropped costs as much as so many blocks that are taken. */
#define GATHER_COST_OF_DROP	4
/* Pageblocks of a zone that are looked at, for one that gets the processors' lists drained. */
#define GATHER_DRAIN_LOOKS	128

/**
 * struct ctgm_gather_run - a run of frames that could be gathered
 * @range: the memory that it lies in
 * @start: its first frame
 * @cost: the blocks that have to be taken for it, and the page cache that is dropped
 */
struct ctgm_gather_run {
	const struct ctgm_range *range;
	unsigned long start;
	unsigned long cost;
};

/**
 * struct ctgm_gather - one request served on one node
 * @windows: the state of the search
 * @ac: the request
 * @reads: frames read
 * @takes: blocks taken
 * @drops: page cache that can be dropped counts as free
 * @saw_cache: there is some
 * @at_cache: the frame that was read last is such page cache
 * @undrained: nothing in the zone gets the processors' lists drained
 * @reader: reads struct pages
 * @best: the cheapest runs, cheapest first
 * @nr_best: how many
 * @start: the run that is gathered
 * @end: the frame behind it
 * @base: the frame of the first bit of @held
 * @nr_held: bits of @held
 * @held: a bit for each frame that was taken
 */
struct ctgm_gather {
	struct ctgm_window_search windows;
	struct ctgm_alloc_control *ac;
	unsigned long reads;
	unsigned long takes;
	bool drops;
	bool saw_cache;
	bool at_cache;
	bool undrained;
	struct ctgm_pfn_reader reader;
	struct ctgm_gather_run best[GATHER_RUNS];
	unsigned int nr_best;
	unsigned long start;
	unsigned long end;
	unsigned long base;
	unsigned long nr_held;
	unsigned long held[];
};

static void gather_count_read(struct ctgm_gather *gather)
{
	gather->ac->verdict.frames_read++;
	if (!(++gather->reads % GATHER_READS_PER_RESCHED)) {
		cond_resched();
		gather->windows.stop = gather->reads >= GATHER_READS ||
				       fatal_signal_pending(current) || ctgm_is_late(gather->ac);
	}
}

/* In a query: a frame of an idle arena, which the request has given back before it gathers. */
static bool gather_gets_back(const struct ctgm_gather *gather, unsigned long pfn,
			     struct ctgm_frame_run *run)
{
	return gather->ac->query & CTGM_QUERY_IDLE_GONE &&
	       ctgm_arena_idle_around(gather->ac, pfn, run);
}

static void gather_read(struct ctgm_window_search *windows, unsigned long pfn,
			struct ctgm_frame_run *run)
{
	struct ctgm_gather *gather = container_of(windows, struct ctgm_gather, windows);
	const char *kind;

	gather_count_read(gather);
	ctgm_pfn_scan(&gather->reader, pfn, run, &kind);
	gather->at_cache = run->state == CTGM_FRAME_MOVABLE &&
			   (gather->drops || !gather->saw_cache) && ctgm_pfn_is_clean_cache(pfn);
	gather->saw_cache |= gather->at_cache;
	if ((gather->at_cache && gather->drops) ||
	    (run->state == CTGM_FRAME_UNMOVABLE && gather_gets_back(gather, pfn, run)))
		run->state = CTGM_FRAME_FREE;
}

/* Blocks of an order that may be taken for a run, and held all at once. */
static unsigned long gather_most(const struct ctgm_gather *gather, unsigned int order)
{
	unsigned long most = ctgm_catch_most(gather->ac, order);

	return gather->drops ? max_t(unsigned long, most, GATHER_FEW) : most;
}

/*
 * What does it cost to gather all of a run, in blocks that have to be taken? Once page cache is
 * dropped, ULONG_MAX for a run without any: it was tried before.
 */
static unsigned long gather_cost(struct ctgm_gather *gather, unsigned long start)
{
	unsigned long end = start + gather->ac->place.nr, pfn, cost = 0;
	bool futile = gather->drops;
	struct ctgm_frame_run run;

	for (pfn = start; pfn < end && !gather->windows.stop; pfn = run.last + 1) {
		gather_read(&gather->windows, pfn, &run);
		if (gather->at_cache)
			cost += GATHER_COST_OF_DROP * (run.last - run.first + 1);
		else if (run.last - run.first + 1 < pageblock_nr_pages)
			cost++;
		futile &= !gather->at_cache;
	}
	return futile ? ULONG_MAX : cost;
}

static void gather_keep(struct ctgm_gather *gather, const struct ctgm_range *range,
			unsigned long start)
{
	unsigned long cost = gather_cost(gather, start);
	unsigned int at = gather->nr_best;

	if (cost == ULONG_MAX)
		return;
	if (at < GATHER_RUNS)
		gather->nr_best++;
	else if (gather->best[--at].cost <= cost)
		return;
	for (; at && gather->best[at - 1].cost > cost; at--)
		gather->best[at] = gather->best[at - 1];
	gather->best[at] = (struct ctgm_gather_run){ range, start, cost };
}

/* Find the cheapest runs of a range of memory, which do not overlap. */
static void gather_find(struct ctgm_gather *gather, const struct ctgm_range *range)
{
	unsigned long start;

	gather->windows = (struct ctgm_window_search){
		.place = ctgm_place_within(&gather->ac->place, range->first, range->last),
		.granule = 1,
		.inside = CTGM_FRAME_FREE,
		.beside = CTGM_FRAME_UNMOVABLE,
		.read = gather_read,
		.stop = gather->windows.stop,
	};
	if (gather->windows.place.first > gather->windows.place.last)
		return;
	while (ctgm_window_next(&gather->windows, &start)) {
		gather_keep(gather, range, start);
		if (!start)
			break;
		gather->windows.to = start;
	}
	gather->ac->verdict.windows += gather->windows.windows;
}

static bool gather_has(const struct ctgm_gather *gather, unsigned long pfn)
{
	return test_bit(pfn - gather->base, gather->held);
}

static void gather_hold(struct ctgm_gather *gather, unsigned long first, unsigned long nr)
{
	bitmap_set(gather->held, first - gather->base, nr);
}

/* Does a block of the page allocator contain frames of the run? */
static bool gather_wants(const struct ctgm_gather *gather, unsigned long first,
			 unsigned int order)
{
	return first < gather->end && first + (1UL << order) > gather->start;
}

/* Keep a block that the page allocator gave if it is a piece, otherwise put it aside. */
static bool gather_sort(struct ctgm_gather *gather, struct page *page, unsigned int order,
			struct list_head *others)
{
	unsigned long first = page_to_pfn(page);

	if (!gather_wants(gather, first, order)) {
		list_add(&page->lru, others);
		return false;
	}
	/* A reference count for each page. */
	split_page(page, order);
	gather_hold(gather, first, 1UL << order);
	return true;
}

/**
 * struct ctgm_gather_pieces - the pieces of a run that are not held yet
 * @blocks: free blocks, by the type of their pageblock and order
 * @loose: frames that are neither in a free block nor in use: in a processor's list
 * @cache: frames of page cache that can be dropped
 * @other: frames in use, or that nobody may allocate
 */
struct ctgm_gather_pieces {
	unsigned int blocks[CTGM_CATCH_TYPES][MAX_PAGE_ORDER + 1];
	unsigned long loose;
	unsigned long cache;
	unsigned long other;
};

/* Read the frames of the run that are not held, from *@pfn on; false behind the last. */
static bool gather_next(struct ctgm_gather *gather, unsigned long *pfn, struct ctgm_frame_run *run)
{
	while (*pfn < gather->end && gather_has(gather, *pfn))
		++*pfn;
	if (*pfn >= gather->end)
		return false;
	gather_read(&gather->windows, *pfn, run);
	return true;
}

static void gather_look_up(struct ctgm_gather *gather, struct ctgm_gather_pieces *pieces)
{
	unsigned long pfn = gather->start;
	struct ctgm_frame_run run;
	int type;

	*pieces = (struct ctgm_gather_pieces){};
	for (; gather_next(gather, &pfn, &run); pfn = run.last + 1) {
		if (gather_gets_back(gather, pfn, &run))
			continue;
		type = ctgm_catch_type(pfn);
		if (run.state != CTGM_FRAME_FREE || type < 0)
			pieces->other++;
		else if (gather->at_cache)
			pieces->cache++;
		else if (ctgm_pfn_in_free_block(&gather->reader, pfn, 0, &run))
			pieces->blocks[type][ilog2(run.last - run.first + 1)]++;
		else
			pieces->loose++;
	}
}

/* Have the pieces of one type and order come next in the page allocator's list. */
static void gather_bring(struct ctgm_gather *gather, int type, unsigned int order)
{
	unsigned long pfn = gather->start;
	struct ctgm_frame_run run;

	for (; gather_next(gather, &pfn, &run); pfn = run.last + 1) {
		if (ctgm_pfn_in_free_block(&gather->reader, pfn, 0, &run) &&
		    run.last - run.first == (1UL << order) - 1)
			ctgm_catch_bring(gather->ac, run.first, type, order);
	}
}

/*
 * Is a block that is no piece one that another task has put before the pieces? A small one may come
 * from this processor's list, and a movable one may be CMA's.
 */
static bool gather_is_stray(const struct page *page, unsigned int order)
{
	return order > PAGE_ALLOC_COSTLY_ORDER && !ctgm_pfn_skip_reason(page_to_pfn(page));
}

/*
 * Take blocks of one type and order until so many pieces are found. @dropped: they are in this
 * processor's list, which the page allocator gives from first.
 */
static unsigned int gather_take(struct ctgm_gather *gather, int type, unsigned int order,
				unsigned int wanted, bool dropped)
{
	unsigned long most = dropped ? wanted + GATHER_FEW : gather_most(gather, order), tries;
	unsigned int found = 0, strays = 0;
	LIST_HEAD(others);

	if (!dropped)
		gather_bring(gather, type, order);
	for (tries = 0; tries < most && found < wanted && strays < GATHER_FEW; tries++) {
		struct page *page;

		/* The page allocator would go on to larger blocks, or to other pageblocks. */
		if (!dropped && ctgm_catch_is_out(gather->ac, type, order))
			break;
		page = ctgm_catch_take(gather->ac, type, order,
				       gather->drops ? CTGM_REPLACED : CTGM_BRIEFLY);
		if (!page)
			break;
		if (gather_sort(gather, page, order, &others))
			found++;
		else
			strays += gather_is_stray(page, order);
		cond_resched();
		if (++gather->takes >= GATHER_TAKES || fatal_signal_pending(current) ||
		    ctgm_is_late(gather->ac))
			break;
	}
	ctgm_catch_give_back(&others, order);
	return found;
}

/* Can alloc_contig_range() take frames of this pageblock? */
static bool gather_is_clean(struct ctgm_pfn_reader *reader, const struct ctgm_range *range,
			    unsigned long pfn)
{
	unsigned long end = pageblock_end_pfn(pfn), at;
	const char *kind;
	struct ctgm_frame_run run;

	if (pageblock_start_pfn(pfn) < range->first || end - 1 > range->last)
		return false;
	for (at = pageblock_start_pfn(pfn); at < end; at = run.last + 1) {
		ctgm_pfn_scan(reader, at, &run, &kind);
		if (run.state > CTGM_FRAME_MOVABLE)
			return false;
	}
	return true;
}

/* Take a free frame of a pageblock by alloc_contig_range(), and give it back; in a query as if. */
static bool gather_pass_through(struct ctgm_alloc_control *ac, struct ctgm_pfn_reader *reader,
				unsigned long first)
{
	unsigned long pfn;
	struct ctgm_frame_run run;

	for (pfn = first; pfn < first + pageblock_nr_pages; pfn = run.last + 1) {
		if (!ctgm_pfn_in_free_block(reader, pfn, 0, &run)) {
			run.last = pfn;
			continue;
		}
		if (ctgm_contig_take(ac, pfn, pfn + 1))
			return false;
		if (!ac->query)
			ctgm_give_back(pfn, 1);
		return true;
	}
	return false;
}

/*
 * Have the processors' lists given back to the zone's, or in a query say whether they would be.
 * alloc_contig_range() does that for whoever has a pageblock where it can take anything.
 */
static bool gather_drain_lists(struct ctgm_alloc_control *ac)
{
	struct ctgm_pfn_reader reader = CTGM_PFN_READER;
	const struct ctgm_range *range = NULL;
	unsigned long first, step, looks = 0;

	/* All over the zone: what the kernel took when it booted lies together. */
	step = ctgm_catch_zone(ac)->spanned_pages / GATHER_DRAIN_LOOKS;
	step = pageblock_align(step + 1);
	while ((range = ctgm_range_next(ac->ranges, ac->node, range))) {
		if (range->zone != ac->zone || range->is_cma)
			continue;
		first = pageblock_align(range->first);
		for (; first <= range->last; first += step) {
			if (looks++ == GATHER_DRAIN_LOOKS || fatal_signal_pending(current) ||
			    ctgm_is_late(ac))
				return false;
			if (gather_is_clean(&reader, range, first) &&
			    gather_pass_through(ac, &reader, first))
				return true;
			cond_resched();
		}
	}
	return false;
}

/* Take the pieces that are not held, the largest first. True if all are. */
static bool gather_take_all(struct ctgm_gather *gather)
{
	struct ctgm_gather_pieces pieces;
	unsigned int round, found, order;
	bool drained = false;
	int type;

	for (round = 0; round < GATHER_ROUNDS; round++) {
		gather_look_up(gather, &pieces);
		if (pieces.other)
			return false;
		found = 0;
		for (order = pageblock_order; order-- && !found;) {
			for (type = 0; type < CTGM_CATCH_TYPES && !found; type++) {
				unsigned int wanted = pieces.blocks[type][order];

				if (wanted)
					found = gather_take(gather, type, order, wanted, false);
				if (wanted && !found)
					return false;
			}
		}
		if (found)
			continue;
		if (!pieces.loose)
			return bitmap_weight(gather->held, gather->nr_held) >=
			       gather->end - gather->start;
		if (drained || !gather_drain_lists(gather->ac))
			return false;
		drained = true;
	}
	return false;
}

/* Take the part of the run in pageblocks without a page that stays; in a query as if. */
static bool gather_take_clean(struct ctgm_gather *gather, const struct ctgm_range *range)
{
	unsigned long first = gather->start, end = gather->end;

	if (!gather_is_clean(&gather->reader, range, first))
		first = pageblock_end_pfn(first);
	if (first < end && !gather_is_clean(&gather->reader, range, end - 1))
		end = pageblock_start_pfn(end - 1);
	if (first >= end)
		return true;
	if (ctgm_contig_take(gather->ac, first, end))
		return false;
	gather_hold(gather, first, end - first);
	return true;
}

static void gather_give_back(struct ctgm_gather *gather)
{
	unsigned long at = 0, end;

	for (; at < gather->nr_held; at = end) {
		at = find_next_bit(gather->held, gather->nr_held, at);
		end = find_next_zero_bit(gather->held, gather->nr_held, at);
		if (at < end)
			ctgm_give_back(gather->base + at, end - at);
	}
}

/*
 * Can the pieces that are not held be had? They can where so many blocks may be held. In a query
 * the frames in processors' lists are as good.
 */
static bool gather_has_all(struct ctgm_gather *gather)
{
	const struct ctgm_alloc_control *ac = gather->ac;
	unsigned long takes = gather->takes;
	struct ctgm_gather_pieces pieces;
	unsigned int order;
	int type;

	gather_look_up(gather, &pieces);
	if (pieces.other || (ac->query && pieces.loose && !gather_drain_lists(gather->ac)))
		return false;
	/* Which blocks there will be once page cache is dropped a query cannot know. */
	if (pieces.cache)
		return ac->query;
	for (order = 0; order < pageblock_order; order++) {
		for (type = 0; type < CTGM_CATCH_TYPES; type++) {
			unsigned int nr = pieces.blocks[type][order];

			if (nr > gather_most(gather, order))
				return false;
			takes += nr;
		}
	}
	return takes <= GATHER_TAKES;
}

/* Drop the page cache in a run. @dropped says in which of this processor's lists its frames are. */
static bool gather_drop_all(struct ctgm_gather *gather, struct ctgm_gather_pieces *dropped)
{
	unsigned long pfn = gather->start;
	struct ctgm_frame_run run;
	int type;

	*dropped = (struct ctgm_gather_pieces){};
	for (; gather_next(gather, &pfn, &run); pfn = run.last + 1) {
		if (!gather->at_cache)
			continue;
		type = ctgm_catch_type(pfn);
		if (type < 0 || !ctgm_page_cache_drop(pfn))
			return false;
		dropped->blocks[type][ilog2(run.last - run.first + 1)]++;
		cond_resched();
	}
	return true;
}

/* Take back what was dropped: what this processor freed last, it is given first. */
static void gather_take_dropped(struct ctgm_gather *gather,
				const struct ctgm_gather_pieces *dropped)
{
	unsigned int order;
	int type;

	for (type = 0; type < CTGM_CATCH_TYPES; type++) {
		for (order = 0; order < pageblock_order; order++) {
			unsigned int nr = dropped->blocks[type][order];

			if (nr)
				gather_take(gather, type, order, nr, true);
		}
	}
}

/*
 * Have clean page cache make room. Where free frames are beside it the processors' lists are
 * drained, so that all become one block.
 */
static bool gather_drop(struct ctgm_gather *gather)
{
	struct ctgm_gather_pieces pieces, dropped;
	unsigned int order, free = 0;
	int type;

	gather_look_up(gather, &pieces);
	if (pieces.other)
		return false;
	for (type = 0; type < CTGM_CATCH_TYPES; type++) {
		for (order = 0; order <= MAX_PAGE_ORDER; order++)
			free += pieces.blocks[type][order];
	}
	if (!gather_drop_all(gather, &dropped))
		return false;
	if (free && !gather->undrained && gather_drain_lists(gather->ac))
		return true;
	gather->undrained |= free;
	gather_take_dropped(gather, &dropped);
	return true;
}

/*
 * Gather all frames of a run, or in a query say whether they could be. What was gathered of one
 * that turned out busy goes back.
 */
static bool gather_run(struct ctgm_gather *gather, const struct ctgm_gather_run *run)
{
	bool done;

	gather->start = run->start;
	gather->end = run->start + gather->ac->place.nr;
	gather->base = pageblock_start_pfn(run->start);
	bitmap_zero(gather->held, gather->nr_held);
	done = gather_take_clean(gather, run->range) &&
	       (!gather->drops || gather->ac->query || gather_drop(gather)) &&
	       gather_has_all(gather);
	if (gather->ac->query)
		return done;
	done = done && gather_take_all(gather);
	if (!done)
		gather_give_back(gather);
	return done;
}

/* The whole run stays at hand as an arena, with what was taken beyond its ends. */
static enum contigmem_reason gather_make_arena(struct ctgm_gather *gather,
					       struct ctgm_frames *frames)
{
	unsigned long first = find_first_bit(gather->held, gather->nr_held);
	struct ctgm_frames all = {
		.first = gather->base + first,
		.nr = find_next_zero_bit(gather->held, gather->nr_held, first) - first,
		.source = &ctgm_source_contig,
	};
	struct ctgm_arena *arena = ctgm_arena_create(all.nr, gather->ac->reclaim);

	if (!arena) {
		gather_give_back(gather);
		return CONTIGMEM_NO_BOOKKEEPING;
	}
	return ctgm_arena_make(arena, &all, gather->ac->cache, gather->start, frames);
}

static enum contigmem_reason gather_search(struct ctgm_gather *gather, struct ctgm_frames *frames,
					   bool drops)
{
	struct ctgm_alloc_control *ac = gather->ac;
	const struct ctgm_range *range = NULL;
	unsigned int i;

	gather->drops = drops;
	gather->reads = 0;
	gather->nr_best = 0;
	while ((range = ctgm_range_next(ac->ranges, ac->node, range)) && !gather->windows.stop) {
		if (range->zone == ac->zone && !range->is_cma)
			gather_find(gather, range);
	}
	/* What the search may read is spent: what was found is tried all the same. */
	gather->windows.stop = false;
	for (i = 0; i < gather->nr_best && gather->takes < GATHER_TAKES; i++) {
		if (fatal_signal_pending(current))
			return CONTIGMEM_INTERRUPTED;
		if (ctgm_is_late(ac))
			return CONTIGMEM_TIMED_OUT;
		if (!gather_run(gather, &gather->best[i]))
			continue;
		if (!ac->query)
			return gather_make_arena(gather, frames);
		frames->first = gather->start;
		return CONTIGMEM_OK;
	}
	return CONTIGMEM_NO_FREE_RUN;
}

static enum contigmem_reason gather_alloc(struct ctgm_alloc_control *ac, struct ctgm_frames *frames)
{
	unsigned long bits = (GATHER_MOST_PAGEBLOCKS + 2) * pageblock_nr_pages;
	enum contigmem_reason reason;
	struct ctgm_gather *gather;
	bool free, drops;

	if (!ac->may_sleep)
		return CONTIGMEM_WOULD_SLEEP;
	if (ac->fast || ac->place.nr > GATHER_MOST_PAGEBLOCKS * pageblock_nr_pages)
		return CONTIGMEM_NO_FREE_RUN;
	reason = ctgm_watermark_refuses(ac);
	drops = ctgm_watermark_droppable(ac);
	if (reason && !drops)
		return reason;
	/* A single free page is src/catch.c's, unless a processor's list has it. */
	free = !reason &&
	       (ac->place.nr > 1 || ac->place.last - ac->place.first < pageblock_nr_pages);
	reason = CONTIGMEM_NO_FREE_RUN;
	gather = kzalloc(struct_size(gather, held, BITS_TO_LONGS(bits)),
			 ac->reclaim | __GFP_NORETRY | __GFP_NOWARN);
	if (!gather)
		return CONTIGMEM_NO_BOOKKEEPING;
	gather->ac = ac;
	gather->nr_held = bits;
	gather->reader = CTGM_PFN_READER;
	if (free) {
		reason = gather_search(gather, frames, false);
		drops &= gather->saw_cache;
	}
	if (reason == CONTIGMEM_NO_FREE_RUN && drops)
		reason = gather_search(gather, frames, true);
	if (!reason && gather->drops && !ac->query && !ctgm_watermark_holds_low(ac))
		ctgm_watermark_reclaim(ac, ac->place.nr);
	kfree(gather);
	return reason;
}

/* What it gathered is an arena's. */
const struct ctgm_source ctgm_source_gather = {
	.id = CONTIGMEM_SOURCE_BUDDY,
	.alloc = gather_alloc,
	.query = gather_alloc,
};

/*
 * Free frames where large pages of the direct map are split already, once the processors' lists are
 * drained: what a block there gave back waits in them.
 */
static enum contigmem_reason gather_catch_unsplit(struct ctgm_alloc_control *ac,
						  struct ctgm_frames *frames)
{
	if (!ac->may_sleep)
		return CONTIGMEM_WOULD_SLEEP;
	if (!ac->saw_small_pages || !gather_drain_lists(ac))
		return CONTIGMEM_NO_FREE_RUN;
	return ctgm_source_catch_unsplit.alloc(ac, frames);
}

const struct ctgm_source ctgm_source_catch_unsplit_drained = {
	.id = CONTIGMEM_SOURCE_BUDDY,
	.alloc = gather_catch_unsplit,
	.query = gather_catch_unsplit,
};
