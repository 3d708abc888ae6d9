// SPDX-License-Identifier: GPL-2.0
/*
 * A candidate range found by a search: free ranges first, whole pageblocks of them from the page
 * allocator, then ranges whose pages alloc_contig_range() can migrate.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/nodemask.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmstat.h>

#include "arena.h"
#include "catch.h"
#include "compat.h"
#include "context.h"
#include "contig.h"
#include "give_back.h"
#include "lru_drain.h"
#include "memtype.h"
#include "pfn_scan.h"
#include "range_lock.h"
#include "ranges.h"
#include "trace.h"
#include "watermark.h"

static unsigned int budget_attempts = 32;
module_param(budget_attempts, uint, 0644);
MODULE_PARM_DESC(budget_attempts, "windows of a zone that may turn out busy before a request leaves it");

static unsigned int budget_moves = 256 << 10;
module_param(budget_moves, uint, 0644);
MODULE_PARM_DESC(budget_moves, "pages of a zone that a request may have moved in vain");

static unsigned int budget_reads = 64 << 20;
module_param(budget_reads, uint, 0644);
MODULE_PARM_DESC(budget_reads, "page frames of a zone that may be read for a request");

/* Passes over the same memory where a candidate range turned out busy. */
#define CONTIG_MAX_PASSES	3
/* There may be more while all of them together are cheap: under 2 M instructions of */
#define CONTIG_MAX_CHEAP_PASSES	10
/* reading, at about 110 a frame, and under 30 M of migrating, at about 7,000 a page. */
#define CONTIG_CHEAP_READS	16384
#define CONTIG_CHEAP_MOVES	4096
/* Between passes: reclaim and compaction isolate 32 pages, and put them back sooner. */
#define CONTIG_USECS_BETWEEN	1000
/* Pages in the way, read last, that are looked at once more before memory is read again. */
#define CONTIG_DOUBTS		16
/* Frames given back between two calls of cond_resched(): a millisecond. */
#define CONTIG_FREE_STEP	8192UL

/* Frames read between two calls of cond_resched(): about 110,000 instructions. */
#define CONTIG_READS_PER_RESCHED	1024
/* Frames that can be read for the price of migrating one page of a file: 2,650 instructions. */
#define CONTIG_READS_PER_MOVE	24
/* One frame of so many is read to estimate a block of up to 4 MiB, and a larger one. */
#define CONTIG_SAMPLE_SMALL	16
#define CONTIG_SAMPLE_LARGE	64
/* Among many estimates the lowest may be wrong by one part of so many. */
#define CONTIG_SAMPLE_ERROR	4
/* The cheapest ranges kept: a quarter of budget_attempts, so the list can fill again. */
#define CONTIG_CANDIDATES	8

/**
 * struct ctgm_candidate - a candidate range that could be cleared
 * @start: first frame
 * @cost: pages to migrate out of its pageblocks
 */
struct ctgm_candidate {
	unsigned long start;
	unsigned long cost;
};

/**
 * struct ctgm_contig_pass - how a range of memory is searched
 * @read: reads the state of a frame
 * @inside: the worst state allowed in the block
 * @beside: the worst state allowed in the rest of the block's pageblocks
 */
struct ctgm_contig_pass {
	void (*read)(struct ctgm_window_search *search, unsigned long pfn,
		     struct ctgm_frame_run *run);
	enum ctgm_frame_state inside;
	enum ctgm_frame_state beside;
};

/**
 * struct ctgm_contig_search - one request served on one node
 * @windows: the state of the search
 * @ac: the request
 * @frames: set when it is served
 * @kind: the kind of the frame read last, where it cannot be migrated
 * @reader: reads struct pages
 * @saw_pinned: a pinned page was read
 * @signal: a fatal signal ended the search
 * @late: the request's time limit did
 * @spent: a spent budget did
 * @busy: a candidate range turned out busy, or has a page that is held
 * @wary: after one did, ranges with pages that others hold are passed over
 * @free: the free frames read last that are adjacent
 * @doubts: pages in the way that were read last
 * @nr_doubts: how many were read
 * @reads: frames read
 * @attempts: candidate ranges that turned out busy
 * @moved: pages that were to be migrated out of those
 * @spare: free frames that the zone can spare
 * @is_short: a candidate range has more than that
 * @estimate: pages to migrate out of the cheapest range, where memory was sampled; or 0
 * @best: the cheapest candidate ranges, which do not overlap, cheapest first
 * @nr_best: how many
 */
struct ctgm_contig_search {
	struct ctgm_window_search windows;
	struct ctgm_alloc_control *ac;
	struct ctgm_frames *frames;
	const char *kind;
	struct ctgm_pfn_reader reader;
	bool saw_pinned;
	bool signal;
	bool late;
	bool spent;
	bool busy;
	bool wary;
	struct ctgm_frame_run free;
	unsigned long doubts[CONTIG_DOUBTS];
	unsigned long nr_doubts;
	unsigned long reads;
	unsigned long attempts;
	unsigned long moved;
	unsigned long spare;
	bool is_short;
	unsigned long estimate;
	struct ctgm_candidate best[CONTIG_CANDIDATES];
	unsigned int nr_best;
};

static void contig_search_init(struct ctgm_contig_search *search, struct ctgm_alloc_control *ac,
			       struct ctgm_frames *frames)
{
	*search = (struct ctgm_contig_search){
		.windows = { .place = ac->place, .granule = pageblock_nr_pages },
		.reader = CTGM_PFN_READER,
		.ac = ac,
		.frames = frames,
	};
}

static void contig_note_free(struct ctgm_contig_search *search, const struct ctgm_frame_run *run)
{
	struct contigmem_verdict *verdict = &search->ac->verdict;

	if (search->free.last + 1 == run->first)
		search->free.last = run->last;
	else if (run->last + 1 == search->free.first)
		search->free.first = run->first;
	else
		search->free = *run;
	verdict->largest_free = max(verdict->largest_free,
				    search->free.last - search->free.first + 1);
}

static void contig_count_read(struct ctgm_contig_search *search)
{
	search->ac->verdict.frames_read++;
	if (!(++search->reads % CONTIG_READS_PER_RESCHED)) {
		cond_resched();
		search->signal = fatal_signal_pending(current);
		search->late = ctgm_is_late(search->ac);
	}
	search->spent |= search->reads >= READ_ONCE(budget_reads);
	search->windows.stop = search->signal || search->late || search->spent;
}

/* In a query: will the pageblock be free once the request has had idle arenas given back? */
static bool contig_pageblock_idle(const struct ctgm_contig_search *search, unsigned long first)
{
	struct ctgm_frame_run run;

	return search->ac->query & CTGM_QUERY_IDLE_GONE &&
	       ctgm_arena_idle_around(search->ac, first, &run) &&
	       run.last >= pageblock_end_pfn(first) - 1;
}

/* In a query: a frame that will be free by the time that the request takes it is free. */
static void contig_foresee(const struct ctgm_contig_search *search, unsigned long pfn,
			   struct ctgm_frame_run *run)
{
	unsigned int query = search->ac->query;

	if (query & CTGM_QUERY_IDLE_GONE && run->state == CTGM_FRAME_UNMOVABLE &&
	    ctgm_arena_idle_around(search->ac, pfn, run))
		run->state = CTGM_FRAME_FREE;
	else if (query & CTGM_QUERY_CACHE_GONE && run->state == CTGM_FRAME_MOVABLE &&
		 ctgm_pfn_is_clean_cache(pfn))
		run->state = CTGM_FRAME_FREE;
}

/*
 * Read one frame for a pageblock: is the pageblock one free block, or part of one? Pages
 * in per-CPU lists make the result no. To be exact all free blocks would have to be read.
 */
static void contig_read_pageblock(struct ctgm_window_search *windows, unsigned long pfn,
				  struct ctgm_frame_run *run)
{
	struct ctgm_contig_search *search = container_of(windows, struct ctgm_contig_search,
							 windows);
	unsigned long first = pageblock_start_pfn(pfn);

	contig_count_read(search);
	*run = (struct ctgm_frame_run){ first, pageblock_end_pfn(pfn) - 1, CTGM_FRAME_UNMOVABLE };
	if (ctgm_pfn_in_free_block(&search->reader, first, pageblock_order, run) ||
	    (unlikely(search->ac->query) && !search->reader.skip &&
	     contig_pageblock_idle(search, first))) {
		run->state = CTGM_FRAME_FREE;
		contig_note_free(search, run);
	}
}

/* The window that the search looks at is passed over if this frame has too bad a state. */
static void contig_trace_blocked(const struct ctgm_contig_search *search, unsigned long pfn,
				 const struct ctgm_frame_run *run)
{
	const struct ctgm_window_search *windows = &search->windows;
	unsigned long nr = windows->place.nr;
	bool inside = pfn - windows->at < nr;

	if (!search->ac->query && run->state > (inside ? windows->inside : windows->beside))
		trace_contigmem_window(windows->at, nr, 0, pfn,
				       run->state == CTGM_FRAME_MOVABLE ? "movable" : search->kind,
				       -EBUSY);
}

static void contig_read_frame(struct ctgm_window_search *windows, unsigned long pfn,
			      struct ctgm_frame_run *run)
{
	struct ctgm_contig_search *search = container_of(windows, struct ctgm_contig_search,
							 windows);
	struct contigmem_verdict *verdict = &search->ac->verdict;

	contig_count_read(search);
	ctgm_pfn_scan(&search->reader, pfn, run, &search->kind);
	if (unlikely(search->ac->query) && !search->reader.skip)
		contig_foresee(search, pfn, run);
	if (search->wary && run->state == CTGM_FRAME_MOVABLE && ctgm_pfn_is_held(pfn)) {
		run->state = CTGM_FRAME_PINNED;
		search->kind = "pinned";
		search->busy = true;
	}
	if (trace_contigmem_window_enabled())
		contig_trace_blocked(search, pfn, run);
	if (run->state == CTGM_FRAME_FREE) {
		contig_note_free(search, run);
	} else if (run->state >= CTGM_FRAME_PINNED && !verdict->blocker_kind) {
		verdict->blocker = pfn;
		verdict->blocker_kind = search->kind;
	}
	search->saw_pinned |= run->state == CTGM_FRAME_PINNED;
	if (run->state >= CTGM_FRAME_PINNED && !search->reader.skip)
		search->doubts[search->nr_doubts++ % CONTIG_DOUBTS] = pfn;
}

/* Whole pageblocks first: they are found by few reads, and serve later requests as well. */
static const struct ctgm_contig_pass contig_free_pageblocks = {
	contig_read_pageblock, CTGM_FRAME_FREE, CTGM_FRAME_FREE
};

static const struct ctgm_contig_pass contig_free_frames = {
	contig_read_frame, CTGM_FRAME_FREE, CTGM_FRAME_PINNED
};

static const struct ctgm_contig_pass contig_clearable = {
	contig_read_frame, CTGM_FRAME_MOVABLE, CTGM_FRAME_MOVABLE
};

/*
 * Read one frame in place of all in its stride: any of them, so that no regular pattern in
 * memory meets only the frames that are read.
 */
static void contig_read_sample(struct ctgm_window_search *windows, unsigned long pfn,
			       struct ctgm_frame_run *run)
{
	bool large = windows->place.nr > CTGM_ARENA_SMALL_PAGEBLOCKS * pageblock_nr_pages;
	unsigned long stride = large ? CONTIG_SAMPLE_LARGE : CONTIG_SAMPLE_SMALL;
	unsigned long first = ALIGN_DOWN(pfn, stride);

	contig_read_frame(windows, first + hash_long(first, ilog2(stride)), run);
	run->first = min(run->first, first);
	run->last = max(run->last, first + stride - 1);
}

/* Costs are estimated, by a sixteenth of the reads: a range is read before it is cleared. */
static const struct ctgm_contig_pass contig_sampled = {
	contig_read_sample, CTGM_FRAME_MOVABLE, CTGM_FRAME_MOVABLE
};

static const struct ctgm_contig_pass contig_beside_pinned = {
	contig_read_frame, CTGM_FRAME_MOVABLE, CTGM_FRAME_PINNED
};

/* Count the pages that would have to be migrated out of these frames. */
static unsigned long contig_count_movable(struct ctgm_contig_search *search, unsigned long first,
					  unsigned long end)
{
	unsigned long movable = 0, at = end;
	struct ctgm_frame_run run;

	while (at > first) {
		contig_read_frame(&search->windows, at - 1, &run);
		if (run.state == CTGM_FRAME_MOVABLE)
			movable += at - max(run.first, first);
		at = max(run.first, first);
	}
	return movable;
}

static bool contig_is_free(struct ctgm_contig_search *search, unsigned long first,
			   unsigned long end)
{
	struct ctgm_frame_run run;

	for (; end > first; end = max(run.first, first)) {
		contig_read_frame(&search->windows, end - 1, &run);
		if (run.state != CTGM_FRAME_FREE)
			return false;
	}
	return true;
}

/* Does a page in these frames stay because of references, where a migration has failed? */
static bool contig_is_held(struct ctgm_contig_search *search, unsigned long first,
			   unsigned long end)
{
	for (; first < end; first++) {
		contig_count_read(search);
		if (ctgm_pfn_is_held(first))
			return true;
	}
	return false;
}

/* Where the pageblocks end that have the type of the first one. */
static unsigned long contig_type_end(unsigned long first, unsigned long end)
{
	unsigned int type = compat_pageblock_type(first);
	unsigned long pfn = first;

	do {
		pfn = pageblock_end_pfn(pfn);
	} while (pfn < end && compat_pageblock_type(pfn) == type);
	return min(pfn, end);
}

/*
 * Call alloc_contig_range() with the range locked. A failed call ends the isolation of all
 * pageblocks of the range, whichever task began it, and before 6.17 a call gives them all
 * one type: so no call on pageblocks that CMA or memory offlining has isolated, and one
 * call for each type.
 */
static int contig_alloc_locked(unsigned long first, unsigned long end, gfp_t gfp)
{
	unsigned long at, next;
	int error;

	/* The task may have slept since the scan: look again. */
	for (at = first; at < end; at = pageblock_end_pfn(at)) {
		if (ctgm_pfn_skip_reason(at) || compat_pageblock_is_isolated(at))
			return -EBUSY;
	}
	for (at = first; at < end; at = next) {
		next = COMPAT_ISOLATION_KEEPS_TYPES ? end : contig_type_end(at, end);
		error = compat_alloc_contig_range(at, next, compat_pageblock_type(at), gfp);
		if (error) {
			if (at > first)
				ctgm_give_back(first, at - first);
			return error;
		}
	}
	return 0;
}

/*
 * Would a call take these frames? In a query, in place of contig_lock_and_alloc(): the same
 * reasons why not, as far as they can be seen before.
 */
static int contig_would_alloc(struct ctgm_contig_search *search, unsigned long first,
			      unsigned long end)
{
	const struct ctgm_alloc_control *ac = search->ac;
	unsigned long at, next, moves = 0;
	struct ctgm_frame_run run;

	for (at = first; at < end; at = pageblock_end_pfn(at)) {
		if (ctgm_pfn_skip_reason(at) || compat_pageblock_is_isolated(at))
			return -EBUSY;
	}
	if (fatal_signal_pending(current))
		return -EINTR;
	if (!ac->migrate)
		return contig_is_free(search, first, end) ? 0 : -EBUSY;
	for (at = first; at < end; at = next) {
		contig_read_frame(&search->windows, at, &run);
		next = min(run.last, end - 1) + 1;
		if (run.state == CTGM_FRAME_MOVABLE) {
			if (ctgm_pfn_is_held(at))
				return -EBUSY;
			moves += next - at;
		}
	}
	return ctgm_watermark_has_targets(ac, moves, end - first - moves) ? 0 : -ENOMEM;
}

/*
 * Take a range of free pageblocks from the page allocator, block by block, where its blocks are
 * larger than a pageblock: that isolates no pageblock, and drains no list of another processor.
 * -EINTR after a fatal signal, or -EBUSY if another task was faster.
 */
static int contig_take_blocks(struct ctgm_contig_search *search, unsigned long first,
			      unsigned long end)
{
	struct ctgm_frame_run block;
	unsigned long at;

	if (!pageblock_aligned(first) || !pageblock_aligned(end))
		return -EBUSY;
	/* A part of the range would be taken in vain. */
	for (at = first; at < end; at = block.last + 1) {
		if (!ctgm_pfn_in_free_block(&search->reader, at, pageblock_order + 1, &block))
			return -EBUSY;
	}
	for (at = first; at < end && !fatal_signal_pending(current); at = block.last + 1) {
		if (!ctgm_pfn_in_free_block(&search->reader, at, pageblock_order + 1, &block) ||
		    !ctgm_catch_block(search->ac, block.first,
				      ilog2(block.last - block.first + 1)))
			break;
		ctgm_give_back(block.first, at - block.first);
		cond_resched();
	}
	if (at >= end) {
		ctgm_give_back(end, at - end);
		return 0;
	}
	ctgm_give_back(first, at - first);
	return fatal_signal_pending(current) ? -EINTR : -EBUSY;
}

/*
 * Take the frames of a range. A caller that must not wait for I/O would wait for it in the
 * migration of a page that was allocated since the scan: for such a caller all frames are looked
 * at again.
 */
static int contig_claim(struct ctgm_contig_search *search, unsigned long first, unsigned long end)
{
	const struct ctgm_alloc_control *ac = search->ac;
	bool is_free = contig_is_free(search, first, end);
	int error = -EBUSY;
	u64 start;

	if (!ac->migrate && !is_free)
		return -EBUSY;
	search->ac->verdict.attempts++;
	trace_contigmem_claim(first, end - first, ac->migrate, false, 0, 0);
	start = trace_contigmem_claim_enabled() ? ktime_get_mono_fast_ns() : 0;
	if (is_free)
		error = contig_take_blocks(search, first, end);
	if (error == -EBUSY && (ac->migrate || contig_is_free(search, first, end)))
		error = contig_alloc_locked(first, end, ac->reclaim | __GFP_NOWARN);
	if (start)
		trace_contigmem_claim(first, end - first, ac->migrate, true, error,
				      ktime_get_mono_fast_ns() - start);
	return error;
}

/* Take frames with the range locked. Who must not wait only tries the locks of other tasks. */
static int contig_lock_and_alloc(struct ctgm_contig_search *search, unsigned long first,
				 unsigned long end)
{
	const struct ctgm_alloc_control *ac = search->ac;
	bool wait = ac->io_fs && !ac->fast;
	struct ctgm_range_lock locked;
	int error;

	if (unlikely(ac->query))
		return contig_would_alloc(search, first, end);
	error = ctgm_range_lock(&locked, first, end - 1,
				wait ? CTGM_RANGE_WAIT : CTGM_RANGE_TRY);
	if (error)
		return error;
	error = contig_claim(search, first, end);
	ctgm_range_unlock(&locked);
	return error;
}

/**
 * ctgm_contig_take() - allocate a part of the frames that a source gathers
 * @ac: the allocation
 * @first: first frame
 * @end: the frame behind the last
 *
 * Context: Sleeps.
 * Return: 0, or an error with nothing taken.
 */
int ctgm_contig_take(struct ctgm_alloc_control *ac, unsigned long first, unsigned long end)
{
	unsigned long taken = end - first;
	struct ctgm_contig_search search;
	int error;

	contig_search_init(&search, ac, NULL);
	taken -= contig_count_movable(&search, first, end);
	if (!ctgm_watermark_reserve(ac, taken, CTGM_KEPT))
		return -ENOMEM;
	error = contig_lock_and_alloc(&search, first, end);
	ctgm_watermark_unreserve(ac, taken);
	return error;
}

static enum contigmem_reason contig_alloc_range(struct ctgm_contig_search *search,
						unsigned long first, unsigned long end,
						unsigned long moves)
{
	struct ctgm_alloc_control *ac = search->ac;
	/* The page allocator gives the targets of migrated pages, and keeps watermarks itself. */
	unsigned long taken = end - first - min(moves, end - first);
	bool reserved = ctgm_watermark_reserve(ac, taken, CTGM_KEPT);
	const struct ctgm_frame_run range = { first, end - 1 };
	int error;

	if (!reserved && ac->migrate) {
		if (taken && ctgm_watermark_replaces(ac, ac->zone, taken, &range))
			taken = 0;
		else
			ctgm_watermark_reclaim(ac, taken);
		reserved = ctgm_watermark_reserve(ac, taken, CTGM_REPLACED);
	}
	if (!reserved)
		return ctgm_is_late(ac) ? CONTIGMEM_TIMED_OUT : CONTIGMEM_LOW_MEMORY;
	error = contig_lock_and_alloc(search, first, end);
	ctgm_watermark_unreserve(ac, taken);
	if (likely(!ac->query))
		trace_contigmem_window(first, end - first, moves, 0, "", error);
	if (!error && ac->migrate && taken && !ctgm_watermark_holds_low(ac))
		ctgm_watermark_reclaim(ac, taken);

	switch (error) {
	case 0:
		ac->verdict.pages_migrated += moves;
		return CONTIGMEM_OK;
	case -EINTR:
		return CONTIGMEM_INTERRUPTED;
	case -ENOMEM:
		return CONTIGMEM_NO_TARGET;
	}
	WARN_ONCE(error != -EBUSY && error != -EAGAIN,
		  "contigmem: unexpected %d from alloc_contig_range()\n", error);
	search->busy = true;
	search->wary |= contig_is_held(search, first, end);
	search->moved += moves;
	search->spent |= ++search->attempts >= READ_ONCE(budget_attempts) ||
			 search->moved >= READ_ONCE(budget_moves);
	if (ctgm_is_late(ac))
		return CONTIGMEM_TIMED_OUT;
	return search->spent ? CONTIGMEM_BUDGET_SPENT : CONTIGMEM_STILL_BUSY;
}

static void contig_free_range(const struct ctgm_frames *run)
{
	unsigned long at = run->first, end = at + run->nr, nr;

	for (; at < end; at += nr) {
		nr = min(end - at, CONTIG_FREE_STEP);
		ctgm_give_back(at, nr);
		if (ctgm_may_sleep())
			cond_resched();
	}
}

static void contig_free(const struct ctgm_frames *frames)
{
	ctgm_frames_free_good(frames, contig_free_range);
}

/*
 * Allocate the frames from @first to below @end and make them an arena, with the block at
 * @start in it: they stay at hand for later requests.
 */
static enum contigmem_reason contig_alloc_arena(struct ctgm_contig_search *search,
						unsigned long first, unsigned long end,
						unsigned long start, unsigned long moves)
{
	struct ctgm_frames all = {
		.first = first,
		.nr = end - first,
		.source = &ctgm_source_contig,
	};
	enum contigmem_reason reason;
	struct ctgm_arena *arena;

	if (unlikely(search->ac->query)) {
		search->frames->first = start;
		return contig_alloc_range(search, first, end, moves);
	}
	arena = ctgm_arena_create(all.nr, search->ac->reclaim);
	if (!arena)
		return CONTIGMEM_NO_BOOKKEEPING;
	reason = contig_alloc_range(search, first, end, moves);
	if (reason) {
		ctgm_arena_destroy(arena);
		return reason;
	}
	return ctgm_arena_make(arena, &all, search->ac->cache, start, search->frames);
}

/*
 * Allocate all pageblocks of a block: with the block in them, alloc_contig_range() could not
 * allocate the rest of them for a later request.
 */
static enum contigmem_reason contig_alloc_pageblocks(struct ctgm_contig_search *search,
						     unsigned long start, unsigned long moves)
{
	return contig_alloc_arena(search, pageblock_start_pfn(start),
				  pageblock_align(start + search->frames->nr), start, moves);
}

/* Allocate the block's frames alone. A partition's are not at hand for others once it is closed. */
static enum contigmem_reason contig_alloc_block(struct ctgm_contig_search *search,
						unsigned long start, unsigned long moves)
{
	if (search->ac->aside) {
		search->frames->first = start;
		return contig_alloc_range(search, start, start + search->frames->nr, moves);
	}
	return contig_alloc_arena(search, start, start + search->frames->nr, start, moves);
}

/*
 * Does a block take its pageblocks? Other blocks share them where they are few. Where the direct
 * map has the cache type, a part of a large page would split it for good.
 */
static bool contig_takes_pageblocks(const struct ctgm_contig_search *search, unsigned long start)
{
	unsigned long end = pageblock_align(start + search->frames->nr);

	if (search->ac->cache != CONTIGMEM_CACHED && !search->ac->aside &&
	    !ctgm_memtype_is_apart())
		return true;
	return end - pageblock_start_pfn(start) <=
	       CTGM_ARENA_SMALL_PAGEBLOCKS * pageblock_nr_pages;
}

/*
 * Clear the pageblocks of a candidate range, or the range alone if a page beside it
 * stays or has nowhere to go.
 */
static enum contigmem_reason contig_clear(struct ctgm_contig_search *search,
					  const struct ctgm_candidate *candidate)
{
	unsigned long start = candidate->start, end = start + search->frames->nr;
	enum contigmem_reason reason;

	/* It was found before another one failed. */
	if (search->wary && contig_is_held(search, start, end))
		return CONTIGMEM_STILL_BUSY;
	if (contig_takes_pageblocks(search, start)) {
		reason = contig_alloc_pageblocks(search, start, candidate->cost);
		if (reason == CONTIGMEM_OK || reason == CONTIGMEM_INTERRUPTED ||
		    reason == CONTIGMEM_TIMED_OUT || search->spent ||
		    (pageblock_aligned(start) && pageblock_aligned(end)))
			return reason;
		/* Without the pages beside the block the same page would stay. */
		if (search->wary && contig_is_held(search, start, end))
			return reason;
	}
	return contig_alloc_block(search, start, contig_count_movable(search, start, end));
}

/*
 * Read all of a candidate range that was sampled. False if a page in its pageblocks stays, or when
 * the search ends.
 */
static bool contig_confirm(struct ctgm_contig_search *search, struct ctgm_candidate *candidate)
{
	unsigned long first = pageblock_start_pfn(candidate->start);
	unsigned long at = pageblock_align(candidate->start + search->frames->nr), movable = 0;
	struct ctgm_frame_run run;

	for (; at > first; at = max(run.first, first)) {
		contig_read_frame(&search->windows, at - 1, &run);
		if (run.state > CTGM_FRAME_MOVABLE || search->windows.stop)
			return false;
		if (run.state == CTGM_FRAME_MOVABLE)
			movable += at - max(run.first, first);
	}
	candidate->cost = movable;
	return true;
}

/* Begin to search a range of memory; false if no block fits into it. */
static bool contig_begin(struct ctgm_contig_search *search, const struct ctgm_range *range,
			 const struct ctgm_contig_pass *pass)
{
	/*
	 * In a pageblock that is not wholly inside the zone and RAM the check of the
	 * block's edge pageblocks would run off the zone.
	 */
	unsigned long first = pageblock_align(range->first);
	unsigned long end = pageblock_start_pfn(range->last + 1);
	struct ctgm_window_search *windows = &search->windows;
	unsigned int *moves = windows->moves;
	unsigned long start;

	if (range->is_cma || first >= end)
		return false;
	*windows = (struct ctgm_window_search){
		.place = ctgm_place_within(&search->ac->place, first, end - 1),
		.granule = pageblock_nr_pages,
		.inside = pass->inside,
		.beside = pass->beside,
		.read = pass->read,
		.moves = moves,
		.nr_moves = windows->nr_moves,
	};
	return ctgm_place_next(&windows->place, 0, &start);
}

/* Does the search go on with the next candidate range, or the next range of memory? */
static bool contig_goes_on(enum contigmem_reason reason)
{
	return reason == CONTIGMEM_NO_FREE_RUN || reason == CONTIGMEM_STILL_BUSY;
}

/* The result of a range of memory that did not serve the request. */
static enum contigmem_reason contig_end(struct ctgm_contig_search *search,
					enum contigmem_reason reason)
{
	search->ac->verdict.windows += search->windows.windows;
	if (!contig_goes_on(reason))
		return reason;
	if (search->signal)
		return CONTIGMEM_INTERRUPTED;
	if (search->late)
		return CONTIGMEM_TIMED_OUT;
	if (search->spent)
		return CONTIGMEM_BUDGET_SPENT;
	return CONTIGMEM_NO_FREE_RUN;
}

/* A small block takes its pageblocks where they are free. */
static enum contigmem_reason contig_take_free(struct ctgm_contig_search *search,
					      unsigned long start)
{
	unsigned long end = pageblock_align(start + search->frames->nr);
	enum contigmem_reason reason;

	if (contig_takes_pageblocks(search, start) &&
	    contig_is_free(search, pageblock_start_pfn(start), end)) {
		reason = contig_alloc_pageblocks(search, start, 0);
		/* The rest of the pageblocks may be too much for the zone. */
		if (reason != CONTIGMEM_LOW_MEMORY)
			return reason;
	}
	return contig_alloc_block(search, start, 0);
}

/* Try the candidate ranges of a pass one by one. */
static enum contigmem_reason contig_take(struct ctgm_contig_search *search,
					 const struct ctgm_range *range,
					 const struct ctgm_contig_pass *pass)
{
	enum contigmem_reason reason = CONTIGMEM_NO_FREE_RUN;
	unsigned long start;

	if (!contig_begin(search, range, pass))
		return reason;
	while (contig_goes_on(reason) && ctgm_window_next(&search->windows, &start)) {
		unsigned long end = start + search->frames->nr;

		if (pass->inside == CTGM_FRAME_FREE)
			reason = contig_take_free(search, start);
		else
			reason = contig_alloc_block(search, start,
						    contig_count_movable(search, start, end));
	}
	return contig_end(search, reason);
}

/* Keep a candidate range, unless one in the same pageblocks is cheaper. */
static void contig_keep(struct ctgm_contig_search *search, unsigned long start,
			unsigned long cost)
{
	unsigned long end = start + search->frames->nr;
	unsigned int at = 0, i, kept = 0;

	for (i = 0; i < search->nr_best; i++) {
		struct ctgm_candidate *other = &search->best[i];
		unsigned long other_end = other->start + search->frames->nr;

		if (pageblock_start_pfn(start) < pageblock_align(other_end) &&
		    pageblock_start_pfn(other->start) < pageblock_align(end)) {
			if (other->cost <= cost)
				return;
			continue;
		}
		search->best[kept++] = *other;
		if (other->cost <= cost)
			at = kept;
	}
	if (at == CONTIG_CANDIDATES)
		return;
	kept = min(kept, CONTIG_CANDIDATES - 1);
	memmove(&search->best[at + 1], &search->best[at], (kept - at) * sizeof(search->best[0]));
	search->best[at] = (struct ctgm_candidate){ start, cost };
	search->nr_best = kept + 1;
}

/* Has a candidate range more free frames than the zone can spare? */
static bool contig_is_short(struct ctgm_contig_search *search, unsigned long cost)
{
	bool is_short = search->frames->nr > cost + search->spare;

	search->is_short |= is_short;
	return is_short;
}

/*
 * Migrate pages out of the candidate ranges that are kept, the cheapest first. Of those that
 * were sampled only as many as are read quickly: what was not seen may block all of them.
 */
static enum contigmem_reason contig_clear_kept(struct ctgm_contig_search *search, bool sampled)
{
	enum contigmem_reason reason = CONTIGMEM_NO_FREE_RUN;
	unsigned long since = search->reads;
	unsigned int i;

	for (i = 0; i < search->nr_best && contig_goes_on(reason); i++) {
		if (sampled && search->reads - since >= CONTIG_CHEAP_READS)
			break;
		if (!sampled || (contig_confirm(search, &search->best[i]) &&
				 !contig_is_short(search, search->best[i].cost)))
			reason = contig_clear(search, &search->best[i]);
	}
	search->nr_best = 0;
	return reason;
}

/*
 * Is it cheaper to read on than to clear the cheapest range found so far? Not where that is
 * hardly dearer than all that the samples promise.
 */
static bool contig_reads_on(const struct ctgm_contig_search *search, unsigned long reads)
{
	unsigned long cost = search->best[0].cost;

	if (!search->nr_best)
		return true;
	return reads / CONTIG_READS_PER_MOVE < cost &&
	       cost > search->estimate + search->estimate / CONTIG_SAMPLE_ERROR;
}

/* Find the cheapest candidate ranges of a range of memory, and clear one of them. */
static enum contigmem_reason contig_clear_cheapest(struct ctgm_contig_search *search,
						   const struct ctgm_range *range)
{
	enum contigmem_reason reason = CONTIGMEM_NO_FREE_RUN;
	unsigned long start, cost, since = search->reads;
	bool more;

	if (!contig_begin(search, range, &contig_clearable))
		return reason;
	do {
		more = ctgm_window_next_cost(&search->windows, &start, &cost);
		if (more && !contig_is_short(search, cost))
			contig_keep(search, start, cost);
		if (more && contig_reads_on(search, search->reads - since))
			continue;
		reason = contig_clear_kept(search, false);
		since = search->reads;
	} while (more && contig_goes_on(reason));
	return contig_end(search, reason);
}

/* Estimate what the candidate ranges of a range of memory cost, and clear one of the cheapest. */
static enum contigmem_reason contig_clear_sampled(struct ctgm_contig_search *search,
						  const struct ctgm_range *range)
{
	enum contigmem_reason reason = CONTIGMEM_NO_FREE_RUN;
	unsigned long start, cost;

	if (!contig_begin(search, range, &contig_sampled))
		return reason;
	while (ctgm_window_next_cost(&search->windows, &start, &cost)) {
		if (contig_is_short(search, cost))
			continue;
		contig_keep(search, start, cost);
		if (!search->estimate || cost < search->estimate)
			search->estimate = max(cost, 1UL);
	}
	/* The zone can spare no more for what a full search finds. */
	if (!search->nr_best && search->is_short)
		return contig_end(search, CONTIGMEM_LOW_MEMORY);
	return contig_end(search, contig_clear_kept(search, true));
}

/* Clear a candidate range of the node: in the first pass one of the cheapest by sample. */
static enum contigmem_reason contig_clear_any(struct ctgm_contig_search *search, bool sampled)
{
	enum contigmem_reason reason = CONTIGMEM_NO_FREE_RUN;
	const struct ctgm_alloc_control *ac = search->ac;
	const struct ctgm_range *range = NULL;

	while ((range = ctgm_range_next(ac->ranges, ac->node, range)) && contig_goes_on(reason)) {
		if (range->zone != ac->zone)
			continue;
		if (sampled) {
			reason = contig_clear_sampled(search, range);
			continue;
		}
		reason = contig_clear_cheapest(search, range);
		if (contig_goes_on(reason) && search->saw_pinned)
			reason = contig_take(search, range, &contig_beside_pinned);
	}
	return reason;
}

/*
 * Is a page no longer in the way? A page that was just allocated, for a file or as the target of a
 * migration, looks like a kernel page until it has its mapping.
 */
static bool contig_doubt_resolved(struct ctgm_contig_search *search)
{
	unsigned int i;
	struct ctgm_frame_run run;
	const char *kind;

	for (i = 0; i < min_t(unsigned long, search->nr_doubts, CONTIG_DOUBTS); i++) {
		contig_count_read(search);
		ctgm_pfn_scan(&search->reader, search->doubts[i], &run, &kind);
		if (run.state < CTGM_FRAME_PINNED)
			return true;
	}
	return false;
}

/*
 * Pages that tasks have isolated, to migrate or to reclaim them. The nodes count them, and each
 * processor those that it has not told the nodes yet.
 */
static long contig_count_isolated(enum node_stat_item item)
{
	long pages = global_node_page_state(item);
	int nid, cpu;

	for_each_node_state(nid, N_MEMORY) {
		struct per_cpu_nodestat __percpu *stats = NODE_DATA(nid)->per_cpu_nodestats;

		for_each_online_cpu(cpu)
			pages += READ_ONCE(per_cpu_ptr(stats, cpu)->vm_node_stat_diff[item]);
	}
	return pages;
}

static bool contig_others_migrate(void)
{
	return contig_count_isolated(NR_ISOLATED_ANON) > 0 ||
	       contig_count_isolated(NR_ISOLATED_FILE) > 0;
}

/*
 * Wait, and say whether another pass over the same memory is worth it. It is if a candidate range
 * turned out busy. Where all ranges were blocked, it is if the pass was cheap and a page is no
 * longer in the way: at once, or after a while if other tasks migrate pages.
 */
static bool contig_tries_again(struct ctgm_contig_search *search, unsigned int passes)
{
	bool cheap = search->reads <= CONTIG_CHEAP_READS && search->moved <= CONTIG_CHEAP_MOVES;
	unsigned int most = cheap ? CONTIG_MAX_CHEAP_PASSES : CONTIG_MAX_PASSES, waits;

	if (search->busy) {
		/* Ranges that failed are tried again once, after all others. */
		search->wary &= passes + 1 < most;
		if (passes >= most)
			return false;
		fsleep(CONTIG_USECS_BETWEEN);
		return true;
	}
	if (!cheap || passes >= CONTIG_MAX_PASSES)
		return false;
	for (waits = passes; waits < CONTIG_MAX_PASSES; waits++) {
		if (contig_doubt_resolved(search))
			return true;
		if (!contig_others_migrate())
			return false;
		fsleep(CONTIG_USECS_BETWEEN);
	}
	return contig_doubt_resolved(search);
}

/* Allocate from a node by migrating pages. */
static enum contigmem_reason contig_alloc_migrate(struct ctgm_alloc_control *ac,
						  struct ctgm_frames *frames)
{
	enum contigmem_reason reason;
	struct ctgm_contig_search search;
	struct ctgm_window_search *windows = &search.windows;
	unsigned int passes = 0;

	contig_search_init(&search, ac, frames);
	reason = ctgm_watermark_takes(ac, &search.spare);
	if (reason)
		return reason;
	windows->nr_moves = ctgm_window_granules(windows);
	windows->moves = kvmalloc_array(windows->nr_moves, sizeof(*windows->moves),
					ac->reclaim | __GFP_NORETRY | __GFP_NOWARN);
	if (!windows->moves)
		return CONTIGMEM_NO_BOOKKEEPING;
	do {
		search.busy = false;
		search.nr_doubts = 0;
		ctgm_lru_drain();
		if (!passes)
			reason = contig_clear_any(&search, true);
		if (contig_goes_on(reason))
			reason = contig_clear_any(&search, false);
		if (!contig_goes_on(reason))
			goto free_moves;
	} while (contig_tries_again(&search, ++passes));
	if (search.busy)
		reason = CONTIGMEM_STILL_BUSY;
	else if (ac->verdict.blocker_kind)
		reason = CONTIGMEM_BLOCKED;
	else
		reason = CONTIGMEM_NO_FREE_RUN;
free_moves:
	kvfree(windows->moves);
	return reason;
}

/* Allocate free frames of a node: whole pageblocks, and then any frames. */
static enum contigmem_reason contig_alloc_free(struct ctgm_alloc_control *ac,
					       struct ctgm_frames *frames, bool any_frames)
{
	struct ctgm_contig_search search;
	const struct ctgm_range *range = NULL;
	enum contigmem_reason reason;

	if (!ac->may_sleep)
		return CONTIGMEM_WOULD_SLEEP;
	reason = ctgm_watermark_refuses(ac);
	if (reason)
		return reason;
	contig_search_init(&search, ac, frames);
	while ((range = ctgm_range_next(ac->ranges, ac->node, range))) {
		if (range->zone != ac->zone)
			continue;
		reason = contig_take(&search, range, &contig_free_pageblocks);
		if (contig_goes_on(reason) && any_frames)
			reason = contig_take(&search, range, &contig_free_frames);
		if (!contig_goes_on(reason))
			return reason;
	}
	return CONTIGMEM_NO_FREE_RUN;
}

static enum contigmem_reason contig_alloc_pageblock(struct ctgm_alloc_control *ac,
						    struct ctgm_frames *frames)
{
	if (ac->place.nr > pageblock_nr_pages)
		return CONTIGMEM_NO_FREE_RUN;
	return contig_alloc_free(ac, frames, false);
}

static enum contigmem_reason contig_alloc_free_pageblocks(struct ctgm_alloc_control *ac,
							  struct ctgm_frames *frames)
{
	return contig_alloc_free(ac, frames, false);
}

static enum contigmem_reason contig_alloc(struct ctgm_alloc_control *ac,
					  struct ctgm_frames *frames)
{
	return contig_alloc_free(ac, frames, true);
}

/* Frames nearest to the top of memory come first among those with as much in the way. */
static void contig_note_obstructed(const struct ctgm_obstructed *window, unsigned long nr,
				   struct ctgm_nearest *nearest)
{
	unsigned int at, i, kept = 0;

	for (i = 0; i < nearest->nr; i++) {
		const struct ctgm_obstructed *other = &nearest->windows[i];

		if (window->start < other->start + nr && other->start < window->start + nr) {
			if (other->in_the_way <= window->in_the_way)
				return;
			continue;
		}
		nearest->windows[kept++] = *other;
	}
	for (at = kept; at && nearest->windows[at - 1].in_the_way > window->in_the_way; at--) {
		if (at < CONTIGMEM_ANSWER_WINDOWS)
			nearest->windows[at] = nearest->windows[at - 1];
	}
	if (at < CONTIGMEM_ANSWER_WINDOWS)
		nearest->windows[at] = *window;
	nearest->nr = min(kept + 1, CONTIGMEM_ANSWER_WINDOWS);
}

/* More in the way than this makes a window not one of the nearest. */
static unsigned long contig_nearest_most(const struct ctgm_nearest *nearest)
{
	return nearest->nr < CONTIGMEM_ANSWER_WINDOWS ? ULONG_MAX :
	       nearest->windows[nearest->nr - 1].in_the_way - 1;
}

/*
 * Add the frames of a part of a window that are in the way: those with a worse state than the
 * part's, which is allowed. Stops where there are more than @most.
 */
static void contig_add_obstructed(struct ctgm_contig_search *search,
				  const struct ctgm_frame_run *part, unsigned long most,
				  struct ctgm_obstructed *window)
{
	struct ctgm_frame_run run;
	unsigned long at, next;
	bool held;

	for (at = part->first; at <= part->last && window->in_the_way <= most &&
	     !search->windows.stop; at = next) {
		contig_read_frame(&search->windows, at, &run);
		next = min(run.last, part->last) + 1;
		held = run.state == CTGM_FRAME_MOVABLE && part->state == CTGM_FRAME_MOVABLE &&
		       ctgm_pfn_is_held(at);
		if (run.state <= part->state && !held)
			continue;
		if (!window->in_the_way) {
			window->first = at;
			window->kind = held ? "held" : run.state == CTGM_FRAME_MOVABLE ?
				       "movable" : search->kind;
		}
		window->in_the_way += next - at;
	}
}

static void contig_nearest_in(struct ctgm_contig_search *search, const struct ctgm_range *range,
			      struct ctgm_nearest *nearest)
{
	struct ctgm_alloc_control *ac = search->ac;
	bool moves = !ac->fast && ac->io_fs;
	enum ctgm_frame_state inside = moves ? CTGM_FRAME_MOVABLE : CTGM_FRAME_FREE;
	unsigned long nr = ac->place.nr, to = 0, start, most;

	if (!contig_begin(search, range, &contig_beside_pinned))
		return;
	while ((most = contig_nearest_most(nearest)) && !search->windows.stop &&
	       ctgm_place_prev(&search->windows.place, to - 1, &start)) {
		struct ctgm_obstructed window = { .start = start };
		unsigned long end = start + nr;
		/* The block, and the pages beside it that make its pageblocks useless. */
		const struct ctgm_frame_run parts[] = {
			{ start, end - 1, inside },
			{ pageblock_start_pfn(start), start - 1, CTGM_FRAME_PINNED },
			{ end, pageblock_align(end) - 1, CTGM_FRAME_PINNED },
		};
		unsigned int i;

		for (i = 0; i < ARRAY_SIZE(parts) && !window.in_the_way; i++)
			contig_add_obstructed(search, &parts[i], most, &window);
		if (window.in_the_way && window.in_the_way <= most)
			contig_note_obstructed(&window, nr, nearest);
		ac->verdict.windows++;
		/* Windows that overlap by half: none is missed by more than that. */
		to = start + nr / 2;
		if (!to)
			break;
	}
}

/**
 * ctgm_contig_nearest() - the windows of a zone with the fewest frames in the way of a request
 * @ac: a query that was refused; @node and @zone say where
 * @nearest: added to
 *
 * In the way are frames that the request could neither take nor have migrated.
 *
 * Context: Sleeps. Reads as many frames as a request may in a zone.
 */
void ctgm_contig_nearest(struct ctgm_alloc_control *ac, struct ctgm_nearest *nearest)
{
	struct ctgm_contig_search search;
	const struct ctgm_range *range = NULL;

	contig_search_init(&search, ac, NULL);
	while ((range = ctgm_range_next(ac->ranges, ac->node, range)) && !search.windows.stop) {
		if (range->zone == ac->zone)
			contig_nearest_in(&search, range, nearest);
	}
}

/* A small request from free pageblocks, which become an arena. */
const struct ctgm_source ctgm_source_pageblock = {
	.id = CONTIGMEM_SOURCE_RANGE,
	.alloc = contig_alloc_pageblock,
	.query = contig_alloc_pageblock,
	.free = contig_free,
};

/* From free pageblocks, whatever its size. */
const struct ctgm_source ctgm_source_pageblocks = {
	.id = CONTIGMEM_SOURCE_RANGE,
	.alloc = contig_alloc_free_pageblocks,
	.query = contig_alloc_free_pageblocks,
	.free = contig_free,
};

const struct ctgm_source ctgm_source_contig = {
	.id = CONTIGMEM_SOURCE_RANGE,
	.alloc = contig_alloc,
	.query = contig_alloc,
	.free = contig_free,
};

/* For callers that may sleep. */
const struct ctgm_source ctgm_source_migrate = {
	.id = CONTIGMEM_SOURCE_RANGE,
	.alloc = contig_alloc_migrate,
	.query = contig_alloc_migrate,
	.free = contig_free,
};
