// SPDX-License-Identifier: GPL-2.0
/*
 * A struct page that is read without a reference can change at once. The reads here
 * only choose where alloc_contig_range() or CMA is called, and these check again under
 * zone->lock. The reads themselves are safe: the struct pages of online memory stay, and
 * each order or pointer read from one is checked before it is followed.
 */
#include <linux/hugetlb.h>
#include <linux/limits.h>
#include <linux/memory_hotplug.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "compat.h"
#include "pfn_scan.h"

/* Neither in use nor in a free list. */
static bool pfn_is_loose(unsigned long pfn)
{
	struct page *page = pfn_to_page(pfn);

	return !page_ref_count(page) && !PageCompound(page) && !PageBuddy(page);
}

/*
 * Does a block of pages that is not compound, so that only its first page has a
 * reference count, reach from @first to @pfn? Within a pageblock the answer does
 * not matter: one unmovable page makes all of the pageblock useless.
 */
static bool pfn_in_block_of(unsigned long first, unsigned int order, unsigned long pfn)
{
	unsigned int half;

	if (first >= pageblock_start_pfn(pfn))
		return true;
	for (half = 0; half < order; half++) {
		if (!pfn_is_loose(first + (1UL << half)))
			return false;
	}
	return true;
}

/**
 * ctgm_pfn_in_free_block() - is a frame in one of the page allocator's free blocks?
 * @pfn: frame of online memory
 * @least: smallest order of the block
 * @run: @run->first and @run->last are set to the block's frames if it is
 *
 * Context: Any.
 * Return: true if it is.
 */
bool ctgm_pfn_in_free_block(unsigned long pfn, unsigned int least, struct ctgm_frame_run *run)
{
	unsigned int order;

	for (order = least; order <= MAX_PAGE_ORDER; order++) {
		unsigned long first = ALIGN_DOWN(pfn, 1UL << order);
		struct page *head = pfn_to_page(first);
		unsigned long at;

		if (!PageBuddy(head))
			continue;
		/* The block may have been allocated since, and its order mean anything. */
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
 * or in a per-CPU list, which alloc_contig_range() drains.
 */
static void pfn_scan_unreferenced(unsigned long pfn, struct ctgm_frame_run *run,
				  const char **kind)
{
	unsigned int order;

	run->state = CTGM_FRAME_FREE;
	if (ctgm_pfn_in_free_block(pfn, 0, run))
		return;
	for (order = 1; order <= MAX_PAGE_ORDER; order++) {
		unsigned long first = ALIGN_DOWN(pfn, 1UL << order);
		struct page *head = pfn_to_page(first);

		if (page_ref_count(head) && !PageCompound(head) && !pfn_may_move(head) &&
		    !compat_page_has_movable_ops(head) && pfn_in_block_of(first, order, pfn)) {
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
	unsigned int order = compound_order(head);

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

/**
 * ctgm_pfn_scan() - the state of a page frame
 * @pfn: frame of online memory
 * @run: set to the frame's state and to the frames around it that share it
 * @kind: set to what the page is, a constant string, unless it is free or can be moved
 *
 * Context: Any.
 */
void ctgm_pfn_scan(unsigned long pfn, struct ctgm_frame_run *run, const char **kind)
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

/**
 * ctgm_pfn_skip_reason() - why no frame of a pageblock may be allocated
 * @pfn: a frame of the pageblock
 *
 * Context: Any.
 * Return: a constant string; NULL if the frames have to be scanned one by one.
 */
const char *ctgm_pfn_skip_reason(unsigned long pfn)
{
	if (!pfn_to_online_page(pfn))
		return "offline";
	if (compat_pageblock_is_cma(pfn))
		return "CMA";
	/* The page allocator's reserve for atomic callers. */
	return compat_pageblock_type(pfn) == MIGRATE_HIGHATOMIC ? "highatomic" : NULL;
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
		struct page *page = pfn_to_online_page(pfn);
		unsigned long order;

		if (!(pfn % pageblock_nr_pages))
			cond_resched();
		/* The block may have been allocated since, and its order mean anything. */
		order = page && PageBuddy(page) ? READ_ONCE(page->private) : ULONG_MAX;
		if (order > MAX_PAGE_ORDER) {
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
