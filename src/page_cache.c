// SPDX-License-Identifier: GPL-2.0
/*
 * Nothing that modules may call migrates a page out of a pageblock in which another page has to
 * stay. But clean page cache can be dropped, as reclaim would: whoever needs it reads it again.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "frames.h"
#include "page_cache.h"
#include "pfn_online.h"
#include "pfn_scan.h"
#include "ranges.h"

/* Frames that are read for each that is to be dropped: about 110 instructions each. */
#define PAGE_CACHE_READS	32
#define PAGE_CACHE_READS_PER_RESCHED	1024
/* After so many in a row that cannot go, the rest of the pageblock is passed over. */
#define PAGE_CACHE_MISSES	8

/* The folio at a frame, with a reference; NULL if none can be taken, or it is on no LRU list. */
static struct folio *page_cache_get(unsigned long pfn)
{
	struct folio *folio;
	struct page *head;

	ctgm_pfn_online_begin();
	head = ctgm_pfn_online_head(pfn);
	folio = head && folio_try_get((struct folio *)head) ? (struct folio *)head : NULL;
	ctgm_pfn_online_end();
	if (!folio)
		return NULL;
	/* It may have been freed, and the frame allocated again, before the reference was taken. */
	if (page_folio(pfn_to_page(pfn)) == folio && folio_test_lru(folio))
		return folio;
	folio_put(folio);
	return NULL;
}

/* Which part of which file is it? The inode comes with a reference; NULL if it is no page cache. */
static struct inode *page_cache_find(struct folio *folio, struct address_space **mapping,
				     pgoff_t *first, pgoff_t *last)
{
	struct inode *inode = NULL;

	if (!folio_trylock(folio))
		return NULL;
	*mapping = folio->mapping;
	/* While the folio is locked its file cannot go. */
	if (*mapping && !folio_test_anon(folio) && !folio_test_swapbacked(folio) &&
	    (*mapping)->host)
		inode = igrab((*mapping)->host);
	*first = folio->index;
	*last = folio->index + folio_nr_pages(folio) - 1;
	folio_unlock(folio);
	return inode;
}

/**
 * ctgm_page_cache_drop() - drop the page cache at a frame
 * @pfn: any frame
 *
 * All of the folio goes, unless it is dirty, written back, mapped, or in use by another task. Its
 * frames are free afterwards, in this processor's list.
 *
 * Context: Sleeps; enters file systems.
 * Return: true if it is gone.
 */
bool ctgm_page_cache_drop(unsigned long pfn)
{
	struct address_space *mapping;
	struct folio *folio;
	struct inode *inode;
	pgoff_t first, last;
	bool dropped;

	folio = page_cache_get(pfn);
	if (!folio)
		return false;
	inode = page_cache_find(folio, &mapping, &first, &last);
	folio_put(folio);
	if (!inode)
		return false;
	dropped = invalidate_mapping_pages(mapping, first, last);
	iput(inode);
	return dropped;
}

/**
 * struct ctgm_page_cache_search - page cache of a zone that is looked for, and dropped
 * @ac: the allocation that it is dropped for
 * @reader: reads struct pages
 * @stays: frames whose page cache stays, or NULL
 * @nr: frames that are still wanted
 * @reads: frames that may still be read
 */
struct ctgm_page_cache_search {
	const struct ctgm_alloc_control *ac;
	struct ctgm_pfn_reader reader;
	const struct ctgm_frame_run *stays;
	long nr;
	long reads;
};

static bool page_cache_goes_on(const struct ctgm_page_cache_search *search)
{
	return search->nr > 0 && search->reads > 0 && !fatal_signal_pending(current) &&
	       !ctgm_is_late(search->ac);
}

/* Drop what is cold in a range of memory, downwards; return the frame that was reached. */
static unsigned long page_cache_shrink_range(struct ctgm_page_cache_search *search,
					     unsigned long first, unsigned long last)
{
	const struct ctgm_frame_run *stays = search->stays;
	unsigned long end = last + 1;
	unsigned int misses = 0;
	struct ctgm_frame_run run;
	const char *kind;

	while (end > first && page_cache_goes_on(search)) {
		if (stays && end - 1 >= stays->first && end - 1 <= stays->last) {
			end = max(stays->first, first);
			continue;
		}
		ctgm_pfn_scan(&search->reader, end - 1, &run, &kind);
		misses++;
		if (run.state == CTGM_FRAME_MOVABLE && ctgm_pfn_is_cold_cache(end - 1) &&
		    ctgm_page_cache_drop(end - 1)) {
			search->nr -= run.last - run.first + 1;
			misses = 0;
		}
		if (misses == PAGE_CACHE_MISSES) {
			run.first = pageblock_start_pfn(end - 1);
			misses = 0;
		}
		end = max(run.first, first);
		if (!(--search->reads % PAGE_CACHE_READS_PER_RESCHED))
			cond_resched();
	}
	return end;
}

/* Drop what is cold in the zone's frames from @first to @last. */
static void page_cache_shrink_zone(struct ctgm_page_cache_search *search, unsigned long first,
				   unsigned long last)
{
	const struct ctgm_alloc_control *ac = search->ac;
	unsigned long *dropped = &ctgm_node_zones[ac->node].dropped[ac->zone];
	const struct ctgm_range *range = NULL;

	while ((range = ctgm_range_next(ac->ranges, ac->node, range)) &&
	       page_cache_goes_on(search)) {
		unsigned long from = max(range->first, first), to = min(range->last, last);

		/* What is free in a CMA area serves no request. */
		if (range->zone == ac->zone && !range->is_cma && from <= to)
			WRITE_ONCE(*dropped, page_cache_shrink_range(search, from, to));
	}
}

/**
 * ctgm_page_cache_shrink() - drop clean page cache of a zone that was read once at most
 * @ac: the allocation; @node and @zone say where
 * @nr: frames that are to become free
 * @stays: frames whose page cache stays, since they are to be taken; NULL for none
 *
 * The page allocator reclaims in all zones, or in lower ones first, where one lacks memory. Goes
 * round the zone, so that page cache has the time of a whole round to prove useful.
 *
 * Context: Sleeps; enters file systems.
 * Return: true if as many are free now. Others may have taken them.
 */
bool ctgm_page_cache_shrink(const struct ctgm_alloc_control *ac, unsigned long nr,
			    const struct ctgm_frame_run *stays)
{
	unsigned long dropped = READ_ONCE(ctgm_node_zones[ac->node].dropped[ac->zone]);
	struct ctgm_page_cache_search search = {
		.ac = ac,
		.reader = CTGM_PFN_READER,
		.stays = stays,
		.nr = nr,
		.reads = nr * PAGE_CACHE_READS,
	};

	if (dropped)
		page_cache_shrink_zone(&search, 0, dropped - 1);
	page_cache_shrink_zone(&search, dropped, ULONG_MAX);
	return search.nr <= 0;
}
