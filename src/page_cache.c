// SPDX-License-Identifier: GPL-2.0
/*
 * Nothing that modules may call migrates a page out of a pageblock in which another page has to
 * stay. But clean page cache can be dropped, as reclaim would: whoever needs it reads it again.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "page_cache.h"
#include "pfn_online.h"
#include "pfn_scan.h"

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
