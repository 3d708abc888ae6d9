// SPDX-License-Identifier: GPL-2.0
/*
 * A struct page that is read without a reference can change at once. The reads here
 * only choose where alloc_contig_range() or CMA is called, and these check again under
 * zone->lock. The reads themselves are safe: the struct pages of online memory stay while
 * one frame is read, and each order or pointer read from one is checked before it is followed.
 */
#include <linux/hugetlb.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "compat.h"
#include "pfn_online.h"
#include "pfn_scan.h"

/* Neither in use nor in a free list. */
static bool pfn_is_loose(unsigned long pfn)
{
	struct page *page = pfn_to_page(pfn);

	return !page_ref_count(page) && !PageCompound(page) && !PageBuddy(page);
}

/*
 * May a page be the first of a block of @order that is not compound, so that only the first page
 * has a reference count?
 */
static bool pfn_begins_block(unsigned long first, unsigned int order)
{
	unsigned int half;

	for (half = 0; half < order; half++) {
		if (!pfn_is_loose(first + (1UL << half)))
			return false;
	}
	return true;
}

/* The order of the page allocator's free block that begins with a page; -1 if none does. */
static int page_free_order(struct page *page)
{
	unsigned long order;

	if (!PageBuddy(page))
		return -1;
	/* The block may have been allocated since, and its order mean anything. */
	order = READ_ONCE(page->private);
	return order <= MAX_PAGE_ORDER ? order : -1;
}

static bool pfn_in_free_block(unsigned long pfn, unsigned int least, struct ctgm_frame_run *run)
{
	unsigned int order;

	for (order = least; order <= MAX_PAGE_ORDER; order++) {
		unsigned long first = ALIGN_DOWN(pfn, 1UL << order);
		int at;

		if (!PageBuddy(pfn_to_page(first)))
			continue;
		at = page_free_order(pfn_to_page(first));
		if (at < (int)order)
			return false;
		run->first = first;
		run->last = first + (1UL << at) - 1;
		return true;
	}
	return false;
}

/*
 * Can the kernel migrate this page? It can if the page is on an LRU list. A page off the
 * lists that is anonymous or of a file is in a CPU's batch, or isolated by compaction,
 * reclaim or a migration, and returns to a list.
 */
static bool pfn_may_move(struct page *head)
{
	return PageLRU(head) ||
	       (READ_ONCE(head->mapping) && !PageSlab(head) && !page_has_type(head));
}

/*
 * A frame without references is in a free block, in a block that is not compound,
 * or in a per-CPU list, which alloc_contig_range() and src/gather.c drain.
 */
static void pfn_scan_unreferenced(unsigned long pfn, struct ctgm_frame_run *run,
				  const char **kind)
{
	unsigned int order;

	run->state = CTGM_FRAME_FREE;
	if (pfn_in_free_block(pfn, 0, run))
		return;
	for (order = 1; order <= MAX_PAGE_ORDER; order++) {
		unsigned long first = ALIGN_DOWN(pfn, 1UL << order);
		struct page *head = pfn_to_page(first);

		if (page_ref_count(head) && !PageCompound(head) && !pfn_may_move(head) &&
		    !compat_page_has_movable_ops(head) && pfn_begins_block(first, order)) {
			run->first = first;
			run->state = CTGM_FRAME_UNMOVABLE;
			*kind = "kernel";
			return;
		}
	}
}

/*
 * Does an anonymous page have references beside its mappings? Compaction leaves such pages
 * alone as well: a pipe or direct I/O keeps them where they are. A page off the LRU lists has
 * the reference of whoever isolated it.
 */
static bool pfn_is_referenced(struct page *head, unsigned int order)
{
	struct folio *folio = (struct folio *)head;

	return PageLRU(head) && folio_test_anon(folio) && !folio_test_swapcache(folio) &&
	       page_ref_count(head) > compat_mapcount(folio, order);
}

/* Movable pages that are pinned for a device stay where they are. */
static void pfn_scan_movable(struct page *head, unsigned int order, struct ctgm_frame_run *run,
			     const char **kind)
{
	bool pinned = order ? folio_maybe_dma_pinned((struct folio *)head) :
		      page_ref_count(head) >= GUP_PIN_COUNTING_BIAS;

	pinned |= pfn_is_referenced(head, order);
	run->state = pinned ? CTGM_FRAME_PINNED : CTGM_FRAME_MOVABLE;
	*kind = "pinned";
}

/*
 * Huge pages of the page allocator's sizes can be migrated, and alloc_contig_range() replaces
 * free ones, so that the pool keeps its size.
 */
static void pfn_scan_hugetlb(struct page *head, unsigned int order, struct ctgm_frame_run *run,
			     const char **kind)
{
	*kind = "hugetlb";
	if (order > MAX_PAGE_ORDER || !IS_ENABLED(CONFIG_ARCH_ENABLE_HUGEPAGE_MIGRATION))
		return;
	if (page_ref_count(head) && folio_maybe_dma_pinned((struct folio *)head))
		run->state = CTGM_FRAME_PINNED;
	else
		run->state = CTGM_FRAME_MOVABLE;
}

static void pfn_scan_compound(unsigned long pfn, struct page *page, struct ctgm_frame_run *run,
			      const char **kind)
{
	struct page *head = compound_head(page);
	unsigned long first = page_to_pfn(head);
	unsigned int order;

	/* A huge page that reaches into other memory: that may be leaving while this is not. */
	if (pfn_to_section_nr(first) != pfn_to_section_nr(pfn) && !ctgm_pfn_online_page(first)) {
		*kind = "offline";
		return;
	}
	order = compound_order(head);
	/* While the compound page is split or freed its order may be wrong: one frame then. */
	if (first <= pfn && order <= MAX_PAGE_ORDER && pfn - first < 1UL << order) {
		run->first = first;
		run->last = first + (1UL << order) - 1;
	}
	if (PageHuge(page))
		pfn_scan_hugetlb(head, order, run, kind);
	else if (pfn_may_move(head))
		pfn_scan_movable(head, order, run, kind);
	else
		*kind = PageSlab(head) ? "slab" : "kernel";
}

static void pfn_scan(unsigned long pfn, struct ctgm_frame_run *run, const char **kind)
{
	struct page *page = pfn_to_page(pfn);

	*run = (struct ctgm_frame_run){ .first = pfn, .last = pfn, .state = CTGM_FRAME_UNMOVABLE };
	if (PageReserved(page))
		*kind = "reserved";
	else if (PageCompound(page))
		pfn_scan_compound(pfn, page, run, kind);
	else if (PageSlab(page))
		*kind = "slab";
	else if (!page_ref_count(page))
		pfn_scan_unreferenced(pfn, run, kind);
	else if (pfn_may_move(page) || compat_page_has_movable_ops(page))
		pfn_scan_movable(page, 0, run, kind);
	else
		*kind = "kernel";
}

/* Why no frame of a pageblock may be allocated; NULL if they have to be read one by one. */
static const char *pfn_skip_reason(unsigned long pfn)
{
	if (!ctgm_pfn_online_page(pfn))
		return "offline";
	if (compat_pageblock_is_cma(pfn))
		return "CMA";
	/* The page allocator's reserve for atomic callers. */
	return compat_pageblock_type(pfn) == MIGRATE_HIGHATOMIC ? "highatomic" : NULL;
}

/* The same, kept as long as the reader stays in the pageblock and no memory comes or goes. */
static const char *pfn_reader_skip(struct ctgm_pfn_reader *reader, unsigned long pfn)
{
	unsigned int generation = ctgm_pfn_online_generation();
	unsigned long first = pageblock_start_pfn(pfn);

	if (first != reader->pageblock || generation != reader->generation)
		*reader = (struct ctgm_pfn_reader){ first, generation, pfn_skip_reason(pfn) };
	return reader->skip;
}

/**
 * ctgm_pfn_scan() - the state of a page frame
 * @reader: the reader
 * @pfn: any frame
 * @run: set to the frame's state and to the frames around it that share it: to all of the
 *	pageblock, as unmovable, if no frame of it may be allocated
 * @kind: set to what the page is, a constant string, unless it is free or can be moved
 *
 * Context: Any.
 */
void ctgm_pfn_scan(struct ctgm_pfn_reader *reader, unsigned long pfn,
		   struct ctgm_frame_run *run, const char **kind)
{
	const char *skip;

	ctgm_pfn_online_begin();
	skip = pfn_reader_skip(reader, pfn);
	if (!skip)
		pfn_scan(pfn, run, kind);
	ctgm_pfn_online_end();
	if (!skip)
		return;
	*run = (struct ctgm_frame_run){
		pageblock_start_pfn(pfn), pageblock_end_pfn(pfn) - 1, CTGM_FRAME_UNMOVABLE
	};
	*kind = skip;
}

/**
 * ctgm_pfn_in_free_block() - is a frame in a free block that may be allocated?
 * @reader: the reader
 * @pfn: any frame
 * @least: smallest order of the block
 * @run: @run->first and @run->last are set to the block's frames if it is
 *
 * Context: Any.
 * Return: true if it is.
 */
bool ctgm_pfn_in_free_block(struct ctgm_pfn_reader *reader, unsigned long pfn,
			    unsigned int least, struct ctgm_frame_run *run)
{
	bool found;

	ctgm_pfn_online_begin();
	found = !pfn_reader_skip(reader, pfn) && pfn_in_free_block(pfn, least, run);
	ctgm_pfn_online_end();
	return found;
}

/**
 * ctgm_pfn_free_order() - the free block that begins at a frame and may be allocated
 * @reader: the reader
 * @pfn: any frame
 *
 * Context: Any.
 * Return: its order, or -1 if none begins here. If none does in all of the pageblock
 *	@reader->skip is not NULL.
 */
int ctgm_pfn_free_order(struct ctgm_pfn_reader *reader, unsigned long pfn)
{
	int order = -1;

	ctgm_pfn_online_begin();
	if (!pfn_reader_skip(reader, pfn))
		order = page_free_order(pfn_to_page(pfn));
	ctgm_pfn_online_end();
	return order;
}

/**
 * ctgm_pfn_type() - the migrate type of a pageblock
 * @pfn: any frame
 *
 * Context: Any.
 * Return: the type, or -1 if the pageblock is offline.
 */
int ctgm_pfn_type(unsigned long pfn)
{
	int type = -1;

	ctgm_pfn_online_begin();
	if (ctgm_pfn_online_page(pfn))
		type = compat_pageblock_type(pfn);
	ctgm_pfn_online_end();
	return type;
}

/*
 * The head of the page at a frame; NULL if either is offline, or about to be. Between
 * ctgm_pfn_online_begin() and ctgm_pfn_online_end().
 */
struct page *ctgm_pfn_online_head(unsigned long pfn)
{
	struct page *page = ctgm_pfn_online_page(pfn), *head;

	if (!page)
		return NULL;
	head = compound_head(page);
	return head == page || ctgm_pfn_online_page(page_to_pfn(head)) ? head : NULL;
}

/*
 * Does a page have references that its mappings, the page cache and private data do not explain?
 * Not seen where the kernel does not tell modules how many page tables map the page.
 */
static bool page_is_held(struct page *head)
{
	struct folio *folio = (struct folio *)head;
	unsigned int order = PageCompound(head) ? compound_order(head) : 0;
	long known;

	if (!PageLRU(head) || PageHuge(head) || order > MAX_PAGE_ORDER)
		return false;
	known = compat_mapcount(folio, order);
	if (known == INT_MAX)
		return false;
	if (!folio_test_anon(folio))
		known += (READ_ONCE(folio->mapping) ? 1L << order : 0) + folio_has_private(folio);
	else if (folio_test_swapcache(folio))
		known += 1L << order;
	return page_ref_count(head) > known;
}

/**
 * ctgm_pfn_is_held() - does another task refer to the page at a frame?
 * @pfn: any frame
 *
 * A migration waits for none of such references. Most are short: of a task that reads a file, or
 * of reclaim. So they are a reason to pass over a page only where a migration has failed.
 *
 * Context: Any.
 * Return: true if one does.
 */
bool ctgm_pfn_is_held(unsigned long pfn)
{
	struct page *head;
	bool held;

	ctgm_pfn_online_begin();
	head = ctgm_pfn_online_head(pfn);
	held = head && page_is_held(head);
	ctgm_pfn_online_end();
	return held;
}

static bool page_is_clean_cache(struct page *head)
{
	struct folio *folio = (struct folio *)head;
	unsigned int order = PageCompound(head) ? compound_order(head) : 0;

	return PageLRU(head) && !PageHuge(head) && READ_ONCE(folio->mapping) &&
	       !folio_test_anon(folio) && !folio_test_swapbacked(folio) &&
	       !folio_test_dirty(folio) && !folio_test_writeback(folio) &&
	       !folio_test_unevictable(folio) && order <= MAX_PAGE_ORDER &&
	       page_ref_count(head) <= (1 << order) + folio_test_private(folio);
}

/**
 * ctgm_pfn_is_clean_cache() - would the page go if the caches were dropped?
 * @pfn: any frame
 *
 * Context: Any.
 * Return: true if it is page cache, of which nothing has to be written first and no mapping exists.
 */
bool ctgm_pfn_is_clean_cache(unsigned long pfn)
{
	struct page *head;
	bool clean;

	ctgm_pfn_online_begin();
	head = ctgm_pfn_online_head(pfn);
	clean = head && page_is_clean_cache(head);
	ctgm_pfn_online_end();
	return clean;
}

/**
 * ctgm_pfn_is_cold_cache() - would reclaim take the page first?
 * @pfn: any frame
 *
 * Context: Any.
 * Return: true if it is clean page cache that was read once at most, as far as the kernel knows.
 */
bool ctgm_pfn_is_cold_cache(unsigned long pfn)
{
	struct page *head;
	bool cold;

	ctgm_pfn_online_begin();
	head = ctgm_pfn_online_head(pfn);
	cold = head && page_is_clean_cache(head) && !folio_test_active((struct folio *)head) &&
	       !folio_test_workingset((struct folio *)head);
	ctgm_pfn_online_end();
	return cold;
}

/* The flags of a page, as the kernel's "%pGp" prints them; 0 if it is offline. Any context. */
unsigned long ctgm_pfn_flags(unsigned long pfn)
{
	unsigned long flags = 0;
	struct page *page;

	ctgm_pfn_online_begin();
	page = ctgm_pfn_online_page(pfn);
	if (page)
		flags = compat_page_flags(page);
	ctgm_pfn_online_end();
	return flags;
}

/**
 * ctgm_pfn_scan_cma() - the state of a page frame in memory of CMA, which CMA alone allocates
 * @pfn: any frame
 * @run: set as by ctgm_pfn_scan()
 * @kind: likewise
 *
 * Context: Any.
 */
void ctgm_pfn_scan_cma(unsigned long pfn, struct ctgm_frame_run *run, const char **kind)
{
	*run = (struct ctgm_frame_run){ pfn, pfn, CTGM_FRAME_UNMOVABLE };
	*kind = "offline";
	ctgm_pfn_online_begin();
	if (ctgm_pfn_online_page(pfn))
		pfn_scan(pfn, run, kind);
	ctgm_pfn_online_end();
}

/**
 * ctgm_pfn_skip_reason() - why no frame of a pageblock may be allocated
 * @pfn: a frame of the pageblock
 *
 * Context: Any.
 * Return: a constant string; NULL if the frames have to be scanned one by one.
 */
const char *ctgm_pfn_skip_reason(unsigned long pfn)
{
	const char *reason;

	ctgm_pfn_online_begin();
	reason = pfn_skip_reason(pfn);
	ctgm_pfn_online_end();
	return reason;
}

/**
 * ctgm_pfn_count_free() - count the free frames of a range
 * @first: first frame
 * @last: last frame, inclusive
 *
 * Frames in per-CPU lists are not counted.
 *
 * Context: Sleeps.
 * Return: how many, and the longest run.
 */
struct ctgm_free_count ctgm_pfn_count_free(unsigned long first, unsigned long last)
{
	struct ctgm_free_count count = {};
	unsigned long pfn = first, run = 0, nr;

	for (; pfn <= last; pfn += nr) {
		struct page *page;
		int order;

		if (!(pfn % pageblock_nr_pages))
			cond_resched();
		ctgm_pfn_online_begin();
		page = ctgm_pfn_online_page(pfn);
		order = page ? page_free_order(page) : -1;
		ctgm_pfn_online_end();
		if (order < 0) {
			nr = 1;
			run = 0;
			continue;
		}
		nr = 1UL << order;
		run += nr;
		count.free += nr;
		count.largest_free = max(count.largest_free, run);
	}
	return count;
}
