// SPDX-License-Identifier: GPL-2.0
/*
 * alloc_contig_range() on a candidate range found by a search: free ranges first,
 * then ranges whose pages can be migrated.
 */
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "arena.h"
#include "compat.h"
#include "context.h"
#include "contig.h"
#include "lru_drain.h"
#include "pfn_scan.h"
#include "range_lock.h"
#include "ranges.h"
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
/* Frames given back between two calls of cond_resched(): a millisecond. */
#define CONTIG_FREE_STEP	8192UL

/* Frames read between two calls of cond_resched(): about 110,000 instructions. */
#define CONTIG_READS_PER_RESCHED	1024
/* Frames that can be read for the price of migrating one page. */
#define CONTIG_READS_PER_MOVE	64
/* The cheapest ranges kept: a quarter of budget_attempts, so the list can fill again. */
#define CONTIG_CANDIDATES	8
#define CONTIG_NO_PAGEBLOCK	ULONG_MAX

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
 * @pageblock: first frame of the pageblock that was read in last
 * @skip_reason: why no frame of that pageblock can be allocated; NULL if some may
 * @saw_pinned: a pinned page was read
 * @signal: a fatal signal ended the search
 * @late: the request's time limit did
 * @spent: a spent budget did
 * @busy: a candidate range turned out busy
 * @free: the free frames read last that are adjacent
 * @reads: frames read
 * @attempts: candidate ranges that turned out busy
 * @moved: pages that were to be migrated out of those
 * @best: the cheapest candidate ranges, which do not overlap, cheapest first
 * @nr_best: how many
 */
struct ctgm_contig_search {
	struct ctgm_window_search windows;
	struct ctgm_alloc_control *ac;
	struct ctgm_frames *frames;
	const char *kind;
	unsigned long pageblock;
	const char *skip_reason;
	bool saw_pinned;
	bool signal;
	bool late;
	bool spent;
	bool busy;
	struct ctgm_frame_run free;
	unsigned long reads;
	unsigned long attempts;
	unsigned long moved;
	struct ctgm_candidate best[CONTIG_CANDIDATES];
	unsigned int nr_best;
};

static void contig_search_init(struct ctgm_contig_search *search, struct ctgm_alloc_control *ac,
			       struct ctgm_frames *frames)
{
	*search = (struct ctgm_contig_search){
		.windows = { .place = ac->place, .granule = pageblock_nr_pages },
		.pageblock = CONTIG_NO_PAGEBLOCK,
		.ac = ac,
		.frames = frames,
	};
}

/* Skip pageblocks that are not to be touched; the result is cached while the scan stays in one. */
static bool contig_skip(struct ctgm_contig_search *search, unsigned long pfn,
			struct ctgm_frame_run *run)
{
	unsigned long first = pageblock_start_pfn(pfn);

	if (first != search->pageblock) {
		search->pageblock = first;
		search->skip_reason = ctgm_pfn_skip_reason(pfn);
	}
	if (!search->skip_reason)
		return false;
	*run = (struct ctgm_frame_run){ first, pageblock_end_pfn(pfn) - 1, CTGM_FRAME_UNMOVABLE };
	search->kind = search->skip_reason;
	return true;
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
		/* The pageblock may have gone offline meanwhile. */
		search->pageblock = CONTIG_NO_PAGEBLOCK;
	}
	search->spent |= search->reads >= READ_ONCE(budget_reads);
	search->windows.stop = search->signal || search->late || search->spent;
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
	if (!ctgm_pfn_skip_reason(first) && ctgm_pfn_in_free_block(first, pageblock_order, run)) {
		run->state = CTGM_FRAME_FREE;
		contig_note_free(search, run);
	}
}

static void contig_read_frame(struct ctgm_window_search *windows, unsigned long pfn,
			      struct ctgm_frame_run *run)
{
	struct ctgm_contig_search *search = container_of(windows, struct ctgm_contig_search,
							 windows);
	struct contigmem_verdict *verdict = &search->ac->verdict;

	contig_count_read(search);
	if (!contig_skip(search, pfn, run))
		ctgm_pfn_scan(pfn, run, &search->kind);
	if (run->state == CTGM_FRAME_FREE) {
		contig_note_free(search, run);
	} else if (run->state >= CTGM_FRAME_PINNED && !verdict->blocker_kind) {
		verdict->blocker = pfn;
		verdict->blocker_kind = search->kind;
	}
	search->saw_pinned |= run->state == CTGM_FRAME_PINNED;
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
				free_contig_range(first, at - first);
			return error;
		}
	}
	return 0;
}

/*
 * Take frames with the range locked. A caller that must not wait for I/O would wait for it
 * in the migration of a page that was allocated since the scan: for such a caller all
 * frames are looked at again, and other tasks' locks are only tried.
 */
static int contig_lock_and_alloc(struct ctgm_contig_search *search, unsigned long first,
				 unsigned long end)
{
	const struct ctgm_alloc_control *ac = search->ac;
	bool wait = ac->io_fs && !ac->fast;
	struct ctgm_range_lock locked;
	int error;

	error = ctgm_range_lock(&locked, first, end - 1,
				wait ? CTGM_RANGE_WAIT : CTGM_RANGE_TRY);
	if (error)
		return error;
	/* Memory may have gone offline while this task slept. */
	search->pageblock = CONTIG_NO_PAGEBLOCK;
	if (ac->migrate || contig_is_free(search, first, end)) {
		search->ac->verdict.attempts++;
		error = contig_alloc_locked(first, end, ac->reclaim | __GFP_NOWARN);
	} else {
		error = -EBUSY;
	}
	ctgm_range_unlock(&locked);
	search->pageblock = CONTIG_NO_PAGEBLOCK;
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
	struct ctgm_contig_search search;
	int error;

	if (!ctgm_watermark_reserve(ac, end - first, false))
		return -ENOMEM;
	contig_search_init(&search, ac, NULL);
	error = contig_lock_and_alloc(&search, first, end);
	ctgm_watermark_unreserve(ac, end - first);
	return error;
}

static enum contigmem_reason contig_alloc_range(struct ctgm_contig_search *search,
						unsigned long first, unsigned long end,
						unsigned long moves)
{
	struct ctgm_alloc_control *ac = search->ac;
	/* The page allocator gives the targets of migrated pages, and keeps watermarks itself. */
	unsigned long taken = end - first - min(moves, end - first);
	bool reserved = ctgm_watermark_reserve(ac, taken, false);
	int error;

	if (!reserved && ac->migrate) {
		ctgm_watermark_reclaim(ac, taken);
		reserved = ctgm_watermark_reserve(ac, taken, true);
	}
	if (!reserved)
		return ctgm_is_late(ac) ? CONTIGMEM_TIMED_OUT : CONTIGMEM_LOW_MEMORY;
	error = contig_lock_and_alloc(search, first, end);
	ctgm_watermark_unreserve(ac, taken);
	if (!error && ac->migrate && !ctgm_watermark_holds(ac, ac->zone, WMARK_LOW))
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
		free_contig_range(at, nr);
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

/* Are the pageblocks of a block few enough for other blocks to share them? */
static bool contig_shares_pageblocks(const struct ctgm_contig_search *search, unsigned long start)
{
	unsigned long end = pageblock_align(start + search->frames->nr);

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

	if (contig_shares_pageblocks(search, start)) {
		reason = contig_alloc_pageblocks(search, start, candidate->cost);
		if (reason == CONTIGMEM_OK || reason == CONTIGMEM_INTERRUPTED ||
		    reason == CONTIGMEM_TIMED_OUT || search->spent ||
		    (pageblock_aligned(start) && pageblock_aligned(end)))
			return reason;
	}
	return contig_alloc_block(search, start, contig_count_movable(search, start, end));
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

	if (contig_shares_pageblocks(search, start) &&
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

/* Migrate pages out of candidate ranges, the cheapest first. */
static enum contigmem_reason contig_clear_cheapest(struct ctgm_contig_search *search,
						   const struct ctgm_range *range)
{
	enum contigmem_reason reason = CONTIGMEM_NO_FREE_RUN;
	unsigned long start, cost, since = search->reads;
	unsigned int i;
	bool more;

	if (!contig_begin(search, range, &contig_clearable))
		return reason;
	do {
		more = ctgm_window_next_cost(&search->windows, &start, &cost);
		if (more)
			contig_keep(search, start, cost);
		/* To read on is cheaper than to clear the cheapest range found so far. */
		if (more &&
		    (!search->nr_best ||
		     (search->reads - since) / CONTIG_READS_PER_MOVE < search->best[0].cost))
			continue;
		for (i = 0; i < search->nr_best && contig_goes_on(reason); i++)
			reason = contig_clear(search, &search->best[i]);
		search->nr_best = 0;
		since = search->reads;
	} while (more && contig_goes_on(reason));
	return contig_end(search, reason);
}

/*
 * Is another pass over the same memory worth it? Yes if a candidate range turned out busy.
 * Where all ranges were blocked, only if the pass was cheap: a page that was just
 * allocated, for a file or as the target of a migration, looks like a kernel page until
 * it has its mapping.
 */
static bool contig_tries_again(const struct ctgm_contig_search *search, unsigned int passes)
{
	bool cheap = search->reads <= CONTIG_CHEAP_READS && search->moved <= CONTIG_CHEAP_MOVES;

	if (search->busy)
		return passes < (cheap ? CONTIG_MAX_CHEAP_PASSES : CONTIG_MAX_PASSES);
	return search->ac->verdict.blocker_kind && cheap && passes < CONTIG_MAX_PASSES;
}

/* Allocate from a node by migrating pages. */
static enum contigmem_reason contig_alloc_migrate(struct ctgm_alloc_control *ac,
						  struct ctgm_frames *frames)
{
	enum contigmem_reason reason = CONTIGMEM_NO_FREE_RUN;
	struct ctgm_contig_search search;
	struct ctgm_window_search *windows = &search.windows;
	const struct ctgm_range *range = NULL;
	unsigned int passes = 0;

	contig_search_init(&search, ac, frames);
	windows->nr_moves = ctgm_window_granules(windows);
	windows->moves = kvmalloc_array(windows->nr_moves, sizeof(*windows->moves),
					ac->reclaim | __GFP_NORETRY | __GFP_NOWARN);
	if (!windows->moves)
		return CONTIGMEM_NO_BOOKKEEPING;
	do {
		search.busy = false;
		if (passes)
			fsleep(CONTIG_USECS_BETWEEN);
		ctgm_lru_drain();
		while ((range = ctgm_range_next(ac->ranges, ac->node, range))) {
			if (range->zone != ac->zone)
				continue;
			reason = contig_clear_cheapest(&search, range);
			if (contig_goes_on(reason) && search.saw_pinned)
				reason = contig_take(&search, range, &contig_beside_pinned);
			if (!contig_goes_on(reason))
				goto free_moves;
		}
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

static enum contigmem_reason contig_alloc(struct ctgm_alloc_control *ac,
					  struct ctgm_frames *frames)
{
	return contig_alloc_free(ac, frames, true);
}

/* A small request from free pageblocks, which become an arena. */
const struct ctgm_source ctgm_source_pageblock = {
	.id = CONTIGMEM_SOURCE_RANGE,
	.alloc = contig_alloc_pageblock,
	.free = contig_free,
};

const struct ctgm_source ctgm_source_contig = {
	.id = CONTIGMEM_SOURCE_RANGE,
	.alloc = contig_alloc,
	.free = contig_free,
};

/* For callers that may sleep. */
const struct ctgm_source ctgm_source_migrate = {
	.id = CONTIGMEM_SOURCE_RANGE,
	.alloc = contig_alloc_migrate,
	.free = contig_free,
};
