// SPDX-License-Identifier: GPL-2.0
/*
 * alloc_contig_range() on a window that was searched for: free runs first,
 * then windows whose pages can be moved.
 */
#include <linux/delay.h>
#include <linux/hugetlb.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "arena.h"
#include "batches.h"
#include "claim.h"
#include "compat.h"
#include "mapping.h"
#include "source.h"

static unsigned int budget_attempts = 32;
module_param(budget_attempts, uint, 0644);
MODULE_PARM_DESC(budget_attempts, "windows of a node that may turn out busy before a request is given up");

static unsigned int budget_moves = 256 << 10;
module_param(budget_moves, uint, 0644);
MODULE_PARM_DESC(budget_moves, "pages that a request may have moved in vain");

static unsigned int budget_reads = 64 << 20;
module_param(budget_reads, uint, 0644);
MODULE_PARM_DESC(budget_reads, "page frames of a node that may be read for a request");

/* Looks at the same memory, in case what was in the way no longer is. */
#define MAX_LOOKS	3
/* As long as not much was done in vain. */
#define MAX_CHEAP_LOOKS	10
#define FEW_READS	SZ_16K
#define FEW_MOVES	SZ_4K
/* Between looks: whoever isolates pages isolates 32, and is done with them sooner. */
#define USECS_BETWEEN_LOOKS	1000
/* Frames read between two looks at whether somebody else wants the CPU. */
#define READS_PER_RESCHED	1024
/* To move a page takes about as long: less if it can be dropped, more if it is copied. */
#define READS_PER_MOVE	64
#define NO_PAGEBLOCK	ULONG_MAX
/* Windows to choose the cheapest from, and to try one after the other. */
#define NR_CANDIDATES	8

/**
 * struct candidate - a window that could be cleared
 * @start: first frame
 * @cost: pages to move in its pageblocks
 */
struct candidate {
	unsigned long start;
	unsigned long cost;
};

/**
 * struct search - serving one request on one node
 * @windows: where the search of an extent stands
 * @need: the request
 * @verdict: its verdict
 * @kind: what was read last, where it cannot be moved
 * @pageblock: first frame of the pageblock that was read in last
 * @barred: what all of it is, NULL if its frames have to be looked at
 * @saw_pinned: a pinned page was read
 * @signal: a fatal signal ended the search
 * @spent: a budget is, which ended it
 * @busy: a window that looked good was not
 * @free: the free frames read last, one after the other downwards
 * @reads: frames read
 * @attempts: windows that turned out busy
 * @moved: pages that were to move in them
 * @best: the cheapest windows found, which do not overlap, cheapest first
 * @nr_best: how many
 */
struct search {
	struct window_search windows;
	const struct need *need;
	struct contigmem_verdict *verdict;
	const char *kind;
	unsigned long pageblock;
	const char *barred;
	bool saw_pinned;
	bool signal;
	bool spent;
	bool busy;
	struct frame_run free;
	unsigned long reads;
	unsigned long attempts;
	unsigned long moved;
	struct candidate best[NR_CANDIDATES];
	unsigned int nr_best;
};

/* Neither in use nor in the page allocator's lists, as far as can be seen. */
static bool is_loose(unsigned long pfn)
{
	struct page *page = pfn_to_page(pfn);

	return !page_ref_count(page) && !PageCompound(page) && !PageBuddy(page);
}

/*
 * Does a block of pages that is not compound, so that only its first page has a
 * reference count, reach from @first to this frame? Within a pageblock it does
 * not matter: with an unmovable page in it, all of it is useless.
 */
static bool reaches(unsigned long first, unsigned int order, unsigned long pfn)
{
	unsigned int half;

	if (first >= pageblock_start_pfn(pfn))
		return true;
	for (half = 0; half < order; half++) {
		if (!is_loose(first + (1UL << half)))
			return false;
	}
	return true;
}

/* The block of the page allocator's free ones, of some order, that the frame is in. */
static bool in_free_block(unsigned long pfn, unsigned int least, struct frame_run *run)
{
	unsigned int order;

	for (order = least; order <= MAX_PAGE_ORDER; order++) {
		unsigned long first = ALIGN_DOWN(pfn, 1UL << order);
		struct page *head = pfn_to_page(first);
		unsigned long at;

		if (!PageBuddy(head))
			continue;
		/* It may have been taken since, and mean anything. */
		at = READ_ONCE(head->private);
		if (at < order || at > MAX_PAGE_ORDER)
			return false;
		run->first = first;
		run->last = first + (1UL << at) - 1;
		return true;
	}
	return false;
}

/*
 * Off the LRU lists, and yet anonymous or of a file: in a processor's batch, or isolated
 * by who moves or reclaims it. It comes back to a list.
 */
static bool is_in_transit(struct page *head)
{
	return READ_ONCE(head->mapping) && !PageSlab(head) && !page_has_type(head);
}

static bool may_move(struct page *head)
{
	return PageLRU(head) || is_in_transit(head);
}

/*
 * A frame without references: in a free block, in a block that is not compound,
 * or in a per-CPU list, which is emptied before a claim. Nothing is locked.
 */
static void look_at_unreferenced(unsigned long pfn, struct frame_run *run, const char **kind)
{
	unsigned int order;

	run->state = FRAME_FREE;
	if (in_free_block(pfn, 0, run))
		return;
	for (order = 1; order <= MAX_PAGE_ORDER; order++) {
		unsigned long first = ALIGN_DOWN(pfn, 1UL << order);
		struct page *head = pfn_to_page(first);

		if (page_ref_count(head) && !PageCompound(head) && !may_move(head) &&
		    !compat_page_has_movable_ops(head) && reaches(first, order, pfn)) {
			run->first = first;
			run->state = FRAME_UNMOVABLE;
			*kind = "kernel";
			return;
		}
	}
}

/* Movable pages that somebody holds for a device stay where they are. */
static void look_at_movable(struct page *head, unsigned int order, struct frame_run *run,
			    const char **kind)
{
	bool pinned = order ? folio_maybe_dma_pinned((struct folio *)head) :
		      page_ref_count(head) >= GUP_PIN_COUNTING_BIAS;

	run->state = pinned ? FRAME_PINNED : FRAME_MOVABLE;
	*kind = "pinned";
}

static void look_at_compound(unsigned long pfn, struct page *page, struct frame_run *run,
			     const char **kind)
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
		*kind = "hugetlb";
	else if (may_move(head))
		look_at_movable(head, order, run, kind);
	else
		*kind = PageSlab(head) ? "slab" : "kernel";
}

/* Read without locks: it may be out of date at once, alloc_contig_range() has the last word. */
static void look_at(unsigned long pfn, struct frame_run *run, const char **kind)
{
	struct page *page = pfn_to_page(pfn);

	*run = (struct frame_run){ .first = pfn, .last = pfn, .state = FRAME_UNMOVABLE };
	if (PageReserved(page))
		*kind = "reserved";
	else if (PageCompound(page))
		look_at_compound(pfn, page, run, kind);
	else if (PageSlab(page))
		*kind = "slab";
	else if (!page_ref_count(page))
		look_at_unreferenced(pfn, run, kind);
	else if (may_move(page) || compat_page_has_movable_ops(page))
		look_at_movable(page, 0, run, kind);
	else
		*kind = "kernel";
}

/* Is all of the pageblock somebody's? Asked once for the reads in a row in one. */
static bool is_barred(struct search *search, unsigned long pfn, struct frame_run *run)
{
	unsigned long first = pageblock_start_pfn(pfn);

	if (first != search->pageblock) {
		search->pageblock = first;
		search->barred = NULL;
		if (!pfn_to_online_page(pfn))
			search->barred = "offline";
		else if (compat_pageblock_is_cma(pfn))
			search->barred = "CMA";
	}
	if (!search->barred)
		return false;
	*run = (struct frame_run){ first, pageblock_end_pfn(pfn) - 1, FRAME_UNMOVABLE };
	search->kind = search->barred;
	return true;
}

static void note_free(struct search *search, const struct frame_run *run)
{
	if (run->last + 1 == search->free.first)
		search->free.first = run->first;
	else
		search->free = *run;
	search->verdict->largest_free = max(search->verdict->largest_free,
					    search->free.last - search->free.first + 1);
}

static void count_read(struct search *search)
{
	search->verdict->frames_read++;
	if (!(++search->reads % READS_PER_RESCHED)) {
		cond_resched();
		search->signal = fatal_signal_pending(current);
		search->pageblock = NO_PAGEBLOCK;	/* it may be gone */
	}
	search->spent |= search->reads >= READ_ONCE(budget_reads);
	search->windows.stop = search->signal || search->spent;
}

/*
 * A pageblock at a glance: is it one free block, or in one? Pages in a per-CPU
 * list make that a no. To know better all of its free blocks would be read.
 */
static void read_pageblock(struct window_search *windows, unsigned long pfn, struct frame_run *run)
{
	struct search *search = container_of(windows, struct search, windows);
	unsigned long first = pageblock_start_pfn(pfn);

	count_read(search);
	*run = (struct frame_run){ first, pageblock_end_pfn(pfn) - 1, FRAME_UNMOVABLE };
	if (pfn_to_online_page(first) && in_free_block(first, pageblock_order, run) &&
	    !compat_pageblock_is_cma(first)) {
		run->state = FRAME_FREE;
		note_free(search, run);
	}
}

static void read_frame(struct window_search *windows, unsigned long pfn, struct frame_run *run)
{
	struct search *search = container_of(windows, struct search, windows);

	count_read(search);
	if (!is_barred(search, pfn, run))
		look_at(pfn, run, &search->kind);
	if (run->state == FRAME_FREE) {
		note_free(search, run);
	} else if (run->state >= FRAME_PINNED && !search->verdict->blocker_kind) {
		search->verdict->blocker = pfn;
		search->verdict->blocker_kind = search->kind;
	}
	search->saw_pinned |= run->state == FRAME_PINNED;
}

/* The pages that would have to move out of these frames, as far as can be seen. */
static unsigned long count_movable(struct search *search, unsigned long first, unsigned long end)
{
	unsigned long movable = 0, at = end;
	struct frame_run run;

	while (at > first) {
		read_frame(&search->windows, at - 1, &run);
		if (run.state == FRAME_MOVABLE)
			movable += at - max(run.first, first);
		at = max(run.first, first);
	}
	return movable;
}

static bool is_free(struct search *search, unsigned long first, unsigned long end)
{
	struct frame_run run;

	for (; end > first; end = max(run.first, first)) {
		read_frame(&search->windows, end - 1, &run);
		if (run.state != FRAME_FREE)
			return false;
	}
	return true;
}

static enum contigmem_reason claim(struct search *search, unsigned long first,
				   unsigned long end, unsigned long moves)
{
	struct claim claimed;
	int error;

	error = claim_begin(&claimed, first, end - 1);
	if (!error) {
		search->verdict->attempts++;
		error = compat_alloc_contig_range(first, end,
						  search->need->reclaim | __GFP_NOWARN);
		claim_end(&claimed);
	}

	switch (error) {
	case 0:
		search->verdict->pages_migrated += moves;
		return CONTIGMEM_OK;
	case -EINTR:
		return CONTIGMEM_INTERRUPTED;
	case -ENOMEM:
		return CONTIGMEM_NO_TARGET;
	}
	WARN_ONCE(error != -EBUSY, "contigmem: unexpected %d from alloc_contig_range()\n", error);
	search->busy = true;
	search->moved += moves;
	search->spent |= ++search->attempts >= READ_ONCE(budget_attempts) ||
			 search->moved >= READ_ONCE(budget_moves);
	return search->spent ? CONTIGMEM_BUDGET_SPENT : CONTIGMEM_STILL_BUSY;
}

/*
 * Claim all of the window's pageblocks and make them an arena: the rest of them
 * would be of no use to the next claim, with this block in them.
 */
static enum contigmem_reason claim_arena(struct search *search, int nid, unsigned long start,
					 unsigned long moves, struct frames *frames)
{
	unsigned long first = pageblock_start_pfn(start);
	struct frames all = { .first = first, .nr = pageblock_align(start + frames->nr) - first };
	enum contigmem_cache cache = search->need->cache;
	enum contigmem_reason reason;
	struct arena *arena;

	arena = arena_new(first, all.nr, nid, cache, search->need->reclaim);
	if (!arena)
		return CONTIGMEM_NO_BOOKKEEPING;
	reason = claim(search, first, first + all.nr, moves);
	if (reason)
		goto discard;
	reason = mapping_set_type(&all, cache);
	if (reason)
		goto put;
	arena_add(arena, start, frames);
	return CONTIGMEM_OK;

put:
	mapping_put(&all);
discard:
	arena_discard(arena);
	return reason;
}

/* Claim the window alone. */
static enum contigmem_reason claim_window(struct search *search, unsigned long start,
					  unsigned long moves, struct frames *frames)
{
	frames->first = start;
	return claim(search, start, start + frames->nr, moves);
}

static bool makes_arena(const struct search *search, unsigned long start)
{
	unsigned long end = pageblock_align(start + search->need->place.nr);

	return end - pageblock_start_pfn(start) <= ARENA_MAX_PAGEBLOCKS * pageblock_nr_pages;
}

/*
 * Clear the window's pageblocks, or if a page beside the window stays, or there
 * is nowhere for it to go, the window.
 */
static enum contigmem_reason clear_window(struct search *search, int nid,
					  const struct candidate *window, struct frames *frames)
{
	unsigned long start = window->start, end = start + search->need->place.nr;
	enum contigmem_reason reason;

	if (makes_arena(search, start)) {
		reason = claim_arena(search, nid, start, window->cost, frames);
		if (reason == CONTIGMEM_OK || reason == CONTIGMEM_INTERRUPTED || search->spent ||
		    (pageblock_aligned(start) && pageblock_aligned(end)))
			return reason;
	}
	return claim_window(search, start, count_movable(search, start, end), frames);
}

typedef void (*read_fn)(struct window_search *search, unsigned long pfn, struct frame_run *run);

/* Begin to search an extent; false if no block fits into it. */
static bool search_extent(struct search *search, const struct extent *extent, read_fn read,
			  enum frame_state inside, enum frame_state beside)
{
	/*
	 * A window in a pageblock that is not wholly inside the zone and RAM
	 * would have its edge check run off the zone.
	 */
	unsigned long first = pageblock_align(extent->first);
	unsigned long end = pageblock_start_pfn(extent->last + 1);
	unsigned int *moves = search->windows.moves;
	struct window_search *windows = &search->windows;
	unsigned long start;

	if (first >= end)
		return false;
	*windows = (struct window_search){
		.place = placement_within(&search->need->place, first, end - 1),
		.granule = pageblock_nr_pages,
		.inside = inside,
		.beside = beside,
		.read = read,
		.moves = moves,
		.nr_moves = search->windows.nr_moves,
	};
	return placement_next(&windows->place, 0, &start);
}

/* What a search that found nothing says. */
static enum contigmem_reason nothing(const struct search *search)
{
	if (search->signal)
		return CONTIGMEM_INTERRUPTED;
	if (search->spent)
		return CONTIGMEM_BUDGET_SPENT;
	return CONTIGMEM_NO_FREE_RUN;
}

/* A reason to go on with the next extent, or to try the next window. */
static bool goes_on(enum contigmem_reason reason)
{
	return reason == CONTIGMEM_NO_FREE_RUN || reason == CONTIGMEM_STILL_BUSY;
}

/* Small windows in free pageblocks take all of those, for the next request. */
static enum contigmem_reason take_free(struct search *search, int nid, unsigned long start,
				       struct frames *frames)
{
	unsigned long end = pageblock_align(start + search->need->place.nr);
	enum contigmem_reason reason = CONTIGMEM_NO_BOOKKEEPING;

	if (makes_arena(search, start) && is_free(search, pageblock_start_pfn(start), end))
		reason = claim_arena(search, nid, start, 0, frames);
	if (reason == CONTIGMEM_NO_BOOKKEEPING)
		reason = claim_window(search, start, 0, frames);
	return reason;
}

/* Windows in which nothing is worse than @inside, and around which than @beside. */
static enum contigmem_reason take_window(struct search *search, const struct extent *extent,
					 read_fn read, enum frame_state inside,
					 enum frame_state beside, struct frames *frames)
{
	enum contigmem_reason reason = CONTIGMEM_NO_FREE_RUN;
	unsigned long start;

	if (!search_extent(search, extent, read, inside, beside))
		return reason;
	while (goes_on(reason) && window_next(&search->windows, &start)) {
		unsigned long end = start + search->need->place.nr;

		if (inside == FRAME_FREE)
			reason = take_free(search, extent->nid, start, frames);
		else
			reason = claim_window(search, start, count_movable(search, start, end),
					      frames);
	}
	search->verdict->windows += search->windows.windows;
	return goes_on(reason) ? nothing(search) : reason;
}

/* Of windows in the same pageblocks keep the cheapest. */
static void keep(struct search *search, unsigned long start, unsigned long cost)
{
	unsigned int at = 0, i, kept = 0;

	for (i = 0; i < search->nr_best; i++) {
		struct candidate *other = &search->best[i];
		unsigned long other_end = other->start + search->need->place.nr;

		if (pageblock_start_pfn(start) < pageblock_align(other_end)) {
			if (other->cost <= cost)
				return;
			continue;
		}
		search->best[kept++] = *other;
		if (other->cost <= cost)
			at = kept;
	}
	if (at == NR_CANDIDATES)
		return;
	kept = min(kept, NR_CANDIDATES - 1);
	memmove(&search->best[at + 1], &search->best[at], (kept - at) * sizeof(search->best[0]));
	search->best[at] = (struct candidate){ start, cost };
	search->nr_best = kept + 1;
}

static enum contigmem_reason clear_best(struct search *search, int nid, struct frames *frames)
{
	enum contigmem_reason reason = CONTIGMEM_NO_FREE_RUN;
	unsigned int i;

	for (i = 0; i < search->nr_best && goes_on(reason); i++)
		reason = clear_window(search, nid, &search->best[i], frames);
	search->nr_best = 0;
	return reason;
}

/* Windows from which pages have to move, the cheapest first. */
static enum contigmem_reason clear_cheapest(struct search *search, const struct extent *extent,
					    struct frames *frames)
{
	enum contigmem_reason reason = CONTIGMEM_NO_FREE_RUN;
	unsigned long start, cost, since = search->reads;
	bool more;

	if (!search_extent(search, extent, read_frame, FRAME_MOVABLE, FRAME_MOVABLE))
		return reason;
	do {
		more = window_next_cost(&search->windows, &start, &cost);
		if (more)
			keep(search, start, cost);
		/* To read on costs more than the best found so far. */
		if (search->nr_best &&
		    (!more || (search->reads - since) / READS_PER_MOVE >= search->best[0].cost)) {
			reason = clear_best(search, extent->nid, frames);
			since = search->reads;
		}
	} while (more && goes_on(reason));
	search->verdict->windows += search->windows.windows;
	return goes_on(reason) ? nothing(search) : reason;
}

/*
 * Is another look at the same memory worth it? If a window looked good and turned out
 * busy; and if all was cheap, also if there was none: a page that was just taken, for a
 * file or to move another one there, looks like the kernel's own until it belongs to
 * something.
 */
static bool looks_again(const struct search *search, unsigned int looks)
{
	bool cheap = search->reads <= FEW_READS && search->moved <= FEW_MOVES;

	if (search->busy)
		return looks < (cheap ? MAX_CHEAP_LOOKS : MAX_LOOKS);
	return search->verdict->blocker_kind && cheap && looks < MAX_LOOKS;
}

enum effort { TAKE_FREE_PAGEBLOCKS, TAKE_FREE_FRAMES, MIGRATE };

static enum contigmem_reason pass(struct search *search, const struct extent *extent,
				  enum effort effort, struct frames *frames)
{
	enum contigmem_reason reason = CONTIGMEM_NO_FREE_RUN;

	if (effort < MIGRATE) {
		/* Whole pageblocks first: they are found in no time, and serve the next as well. */
		reason = take_window(search, extent, read_pageblock, FRAME_FREE, FRAME_FREE,
				     frames);
		if (goes_on(reason) && effort == TAKE_FREE_FRAMES)
			reason = take_window(search, extent, read_frame, FRAME_FREE, FRAME_PINNED,
					     frames);
		return reason;
	}
	reason = clear_cheapest(search, extent, frames);
	if (goes_on(reason) && search->saw_pinned)
		reason = take_window(search, extent, read_frame, FRAME_MOVABLE, FRAME_PINNED,
				     frames);
	return reason;
}

static enum contigmem_reason search_node(struct search *search, const struct memmap *map,
					 int nid, enum effort effort, struct frames *frames)
{
	enum contigmem_reason reason = CONTIGMEM_NO_FREE_RUN;
	unsigned int i, looks = 0;

	do {
		search->busy = false;
		if (looks)
			fsleep(USECS_BETWEEN_LOOKS);
		if (effort == MIGRATE)
			batches_drain();
		for (i = 0; i < map->nr; i++) {
			if (map->extent[i].nid != nid)
				continue;
			reason = pass(search, &map->extent[i], effort, frames);
			if (!goes_on(reason))
				return reason;
		}
		if (effort < MIGRATE)
			return CONTIGMEM_NO_FREE_RUN;
	} while (looks_again(search, ++looks));
	if (search->busy)
		return CONTIGMEM_STILL_BUSY;
	return search->verdict->blocker_kind ? CONTIGMEM_BLOCKED : CONTIGMEM_NO_FREE_RUN;
}

static enum contigmem_reason serve(const struct need *need, const struct memmap *map, int nid,
				   enum effort effort, struct frames *frames,
				   struct contigmem_verdict *verdict)
{
	struct search search = {
		.windows = { .place = need->place, .granule = pageblock_nr_pages },
		.pageblock = NO_PAGEBLOCK,
		.need = need,
		.verdict = verdict,
	};
	enum contigmem_reason reason;

	if (!need->may_sleep)
		return CONTIGMEM_WOULD_SLEEP;

	if (effort == MIGRATE) {
		search.windows.nr_moves = window_granules(&search.windows);
		search.windows.moves = kvmalloc_array(search.windows.nr_moves,
						      sizeof(*search.windows.moves),
						      need->reclaim | __GFP_NOWARN);
		if (!search.windows.moves)
			return CONTIGMEM_NO_BOOKKEEPING;
	}
	reason = search_node(&search, map, nid, effort, frames);
	kvfree(search.windows.moves);
	return reason;
}

static enum contigmem_reason get(const struct need *need, const struct memmap *map, int nid,
				 bool migrate, struct frames *frames,
				 struct contigmem_verdict *verdict)
{
	return serve(need, map, nid, migrate ? MIGRATE : TAKE_FREE_FRAMES, frames, verdict);
}

static enum contigmem_reason get_pageblock(const struct need *need, const struct memmap *map,
					   int nid, bool migrate, struct frames *frames,
					   struct contigmem_verdict *verdict)
{
	if (migrate || need->place.nr > pageblock_nr_pages)
		return CONTIGMEM_NO_FREE_RUN;
	return serve(need, map, nid, TAKE_FREE_PAGEBLOCKS, frames, verdict);
}

/* A small request from pageblocks that are wholly free, for an arena. */
const struct source source_pageblock = {
	.id = CONTIGMEM_SOURCE_RANGE,
	.get = get_pageblock,
};

const struct source source_range = {
	.id = CONTIGMEM_SOURCE_RANGE,
	.get = get,
};
