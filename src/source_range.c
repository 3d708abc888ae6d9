// SPDX-License-Identifier: GPL-2.0
/*
 * alloc_contig_range() on a window that was searched for: free runs first,
 * then windows whose pages can be moved.
 */
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "arena.h"
#include "compat.h"
#include "mapping.h"
#include "source.h"

/* Windows that may turn out busy before a request is given up. */
#define MAX_ATTEMPTS	32
/* Searches of the same memory, in case what was busy no longer is. */
#define MAX_PASSES	3
/* Frames read between two looks at whether somebody else wants the CPU. */
#define READS_PER_RESCHED	1024

/*
 * Two callers on the same or adjacent pageblocks undo each other's isolation,
 * and both fail: one claim at a time.
 */
static DEFINE_MUTEX(claim_lock);

enum frame_state { FRAME_FREE, FRAME_MOVABLE, FRAME_UNMOVABLE };

/**
 * struct frame_run - frames that share one state
 * @first: first frame
 * @last: last frame, inclusive
 * @state: whether they are in the way of a block
 * @kind: what they are, when they cannot be moved
 */
struct frame_run {
	unsigned long first;
	unsigned long last;
	enum frame_state state;
	const char *kind;
};

struct search {
	const struct need *need;
	struct contigmem_verdict *verdict;
	bool migrate;
	unsigned long movable;	/* frames to migrate in the window at hand */
	bool edges_free;	/* so is the rest of its pageblocks */
};

/* The free block of the page allocator that holds a frame; nothing is locked. */
static bool free_block(unsigned long pfn, struct frame_run *run)
{
	unsigned int order;

	for (order = 0; order <= MAX_PAGE_ORDER; order++) {
		unsigned long first = ALIGN_DOWN(pfn, 1UL << order);
		struct page *head = pfn_to_page(first);

		if (PageBuddy(head)) {
			unsigned long at = READ_ONCE(head->private);

			/* It may have been taken since, and mean anything. */
			if (at < order || at > MAX_PAGE_ORDER)
				return false;
			run->first = first;
			run->last = first + (1UL << at) - 1;
			run->state = FRAME_FREE;
			return true;
		}
	}
	return false;
}

static void read_compound(unsigned long pfn, struct page *page, struct frame_run *run)
{
	struct page *head = compound_head(page);
	unsigned long first = page_to_pfn(head);
	unsigned int order = compound_order(head);

	/* It may be splitting or on its way back: then this frame alone. */
	if (first <= pfn && order <= MAX_PAGE_ORDER && pfn - first < 1UL << order) {
		run->first = first;
		run->last = first + (1UL << order) - 1;
	}
	if (PageHuge(page))
		run->kind = "hugetlb";
	else if (PageLRU(head))
		run->state = FRAME_MOVABLE;
	else
		run->kind = PageSlab(head) ? "slab" : "kernel";
}

/*
 * What is at a frame, and how far it reaches. Read without locks: it may be out
 * of date at once, and alloc_contig_range() has the last word.
 */
static void read_frame(struct search *search, unsigned long pfn, struct frame_run *run)
{
	struct page *page = pfn_to_online_page(pfn);

	if (!(++search->verdict->frames_read % READS_PER_RESCHED))
		cond_resched();

	*run = (struct frame_run){ .first = pfn, .last = pfn, .state = FRAME_UNMOVABLE };
	if (!page)
		run->kind = "offline";
	else if (PageReserved(page))
		run->kind = "reserved";
	else if (PageCompound(page))
		read_compound(pfn, page, run);
	else if (!page_ref_count(page) && free_block(pfn, run))
		return;
	else if (PageSlab(page))
		run->kind = "slab";
	else if (!page_ref_count(page))
		run->state = FRAME_FREE;	/* on a per-CPU list: drained before the claim */
	else if (PageLRU(page) || compat_page_has_movable_ops(page))
		run->state = FRAME_MOVABLE;
	else
		run->kind = "kernel";
}

static void note_blocker(struct search *search, const struct frame_run *run, unsigned long pfn)
{
	if (search->verdict->blocker_kind)
		return;
	search->verdict->blocker = pfn;
	search->verdict->blocker_kind = run->kind;
}

/*
 * Read frames from the last down to the first until one is in the way.
 * Returns whether one was, and in *beyond the first frame that a window which
 * avoids it may start at.
 */
static bool blocked(struct search *search, unsigned long first, unsigned long last,
		    bool must_be_free, unsigned long *beyond)
{
	unsigned long pfn = last + 1;
	struct frame_run run;

	while (pfn > first) {
		pfn--;
		read_frame(search, pfn, &run);
		if (run.state == FRAME_UNMOVABLE) {
			note_blocker(search, &run, pfn);
			/* alloc_contig_range() wants whole pageblocks without any. */
			*beyond = pageblock_end_pfn(run.last);
			return true;
		}
		if (run.state == FRAME_MOVABLE && must_be_free) {
			*beyond = run.last + 1;
			return true;
		}
		if (run.state == FRAME_MOVABLE)
			search->movable += pfn - max(run.first, first) + 1;
		else
			search->verdict->largest_free = max(search->verdict->largest_free,
							    run.last - run.first + 1);
		pfn = max(run.first, first);
	}
	search->verdict->largest_free = max(search->verdict->largest_free,
					    must_be_free ? last - first + 1 : 0);
	return false;
}

/* Is the window at @start one that alloc_contig_range() should accept? */
static bool window_opens(struct search *search, unsigned long start, unsigned long *beyond)
{
	unsigned long end = start + search->need->place.nr;
	unsigned long inside;

	search->verdict->windows++;
	search->movable = 0;
	if (blocked(search, start, end - 1, !search->migrate, beyond))
		return false;

	/* The rest of the edge pageblocks need not be free, but nothing unmovable. */
	inside = search->movable;
	if (!IS_ALIGNED(end, pageblock_nr_pages) &&
	    blocked(search, end, pageblock_end_pfn(end) - 1, false, beyond))
		return false;
	if (!IS_ALIGNED(start, pageblock_nr_pages) &&
	    blocked(search, pageblock_start_pfn(start), start - 1, false, beyond))
		return false;
	search->edges_free = search->movable == inside;
	search->movable = inside;
	return true;
}

static enum contigmem_reason claim(struct search *search, unsigned long start,
				   unsigned long end)
{
	int error;

	if (mutex_lock_killable(&claim_lock))
		return CONTIGMEM_INTERRUPTED;
	search->verdict->attempts++;
	error = compat_alloc_contig_range(start, end, search->need->reclaim | __GFP_NOWARN);
	mutex_unlock(&claim_lock);

	switch (error) {
	case 0:
		search->verdict->pages_migrated += search->movable;
		return CONTIGMEM_OK;
	case -EINTR:
		return CONTIGMEM_INTERRUPTED;
	case -ENOMEM:
		return CONTIGMEM_NO_TARGET;
	default:
		WARN_ONCE(error != -EBUSY, "contigmem: unexpected %d from alloc_contig_range()\n",
			  error);
		return CONTIGMEM_STILL_BUSY;
	}
}

/*
 * Claim all of the window's pageblocks and make them an arena: the rest of them
 * would be of no use to the next claim, with this block in them.
 */
static enum contigmem_reason claim_arena(struct search *search, struct arena *arena,
					 unsigned long start, struct frames *frames)
{
	enum contigmem_cache cache = search->need->cache;
	unsigned long first = pageblock_start_pfn(start);
	unsigned long end = pageblock_align(start + frames->nr);
	struct frames all = { .first = first, .nr = end - first };
	enum contigmem_reason reason;

	reason = claim(search, first, end);
	if (reason)
		return reason;
	reason = mapping_set_type(&all, cache);
	if (reason)
		mapping_put(&all);
	else
		arena_add(arena, start, frames);
	return reason;
}

static enum contigmem_reason claim_window(struct search *search, unsigned long start, int nid,
					  struct frames *frames)
{
	unsigned long first = pageblock_start_pfn(start);
	unsigned long nr = pageblock_align(start + frames->nr) - first;
	enum contigmem_reason reason;
	struct arena *arena = NULL;

	if (search->edges_free && nr <= ARENA_MAX_PAGEBLOCKS * pageblock_nr_pages)
		arena = arena_new(first, nr, nid, search->need->cache,
				  search->need->reclaim | __GFP_NOWARN);
	if (arena) {
		reason = claim_arena(search, arena, start, frames);
		if (reason)
			arena_discard(arena);
		return reason;
	}
	frames->first = start;
	return claim(search, start, start + frames->nr);
}

/* One pass over one extent. %CONTIGMEM_NO_FREE_RUN: no window opened. */
static enum contigmem_reason search_extent(struct search *search, const struct extent *extent,
					   struct frames *frames)
{
	/*
	 * A window in a pageblock that is not wholly inside the zone and RAM
	 * would have its edge check run off the zone.
	 */
	unsigned long whole = pageblock_align(extent->first);
	unsigned long end = pageblock_start_pfn(extent->last + 1);
	enum contigmem_reason reason = CONTIGMEM_NO_FREE_RUN;
	unsigned long from = 0, start;
	struct placement place;

	if (whole >= end)
		return reason;
	place = placement_within(&search->need->place, whole, end - 1);
	while (placement_next(&place, from, &start)) {
		if (fatal_signal_pending(current))
			return CONTIGMEM_INTERRUPTED;
		if (!window_opens(search, start, &from))
			continue;
		reason = claim_window(search, start, extent->nid, frames);
		if (reason != CONTIGMEM_STILL_BUSY || search->verdict->attempts >= MAX_ATTEMPTS)
			break;
		from = pageblock_end_pfn(start);	/* another window first */
	}
	return reason;
}

static enum contigmem_reason get(const struct need *need, const struct memmap *map, int nid,
				 bool migrate, struct frames *frames,
				 struct contigmem_verdict *verdict)
{
	struct search search = { .need = need, .verdict = verdict, .migrate = migrate };
	unsigned int i, pass;
	bool busy = false;

	if (!need->may_sleep)
		return CONTIGMEM_WOULD_SLEEP;

	/* Only a window that opened and turned out busy is worth another pass. */
	for (pass = 0; pass < MAX_PASSES && (!pass || busy); pass++) {
		for (i = 0; i < map->nr; i++) {
			enum contigmem_reason reason;

			if (map->extent[i].nid != nid)
				continue;
			reason = search_extent(&search, &map->extent[i], frames);
			if (reason == CONTIGMEM_STILL_BUSY)
				busy = true;
			else if (reason != CONTIGMEM_NO_FREE_RUN)
				return reason;
		}
		if (!migrate || verdict->attempts >= MAX_ATTEMPTS)
			break;
	}
	if (!migrate)
		return CONTIGMEM_NO_FREE_RUN;
	if (busy)
		return CONTIGMEM_STILL_BUSY;
	return verdict->blocker_kind ? CONTIGMEM_BLOCKED : CONTIGMEM_NO_FREE_RUN;
}

const struct source source_range = {
	.id = CONTIGMEM_SOURCE_RANGE,
	.get = get,
};
