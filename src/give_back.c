// SPDX-License-Identifier: GPL-2.0
/*
 * Frames for the page allocator. Single pages would wait in this processor's lists by the hundred,
 * where no other processor gets them, no watermark counts them, and no large block comes of them.
 */
#include <linux/bitops.h>
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/page_ref.h>

#include "give_back.h"

/*
 * Give back the first block of some frames. Only its first page has a reference, as before
 * split_page(); where another task has one on a page, all pages are put one by one. The
 * processors' lists have whole pageblocks as well, for transparent huge pages, and a larger block
 * lies in two pageblocks, of which one may be isolated.
 */
static unsigned long give_back_block(unsigned long first, unsigned long nr)
{
	unsigned int order = min_t(unsigned int, ilog2(nr), pageblock_order - 1);
	struct page *page = pfn_to_page(first);
	unsigned long frozen = 0;

	if (first)
		order = min_t(unsigned int, order, __ffs(first));
	nr = 1UL << order;
	/* The lists have small blocks anyway; the profile of an allocation is kept by the page. */
	if (order > PAGE_ALLOC_COSTLY_ORDER && !IS_ENABLED(CONFIG_MEM_ALLOC_PROFILING)) {
		for (frozen = 1; frozen < nr && page_ref_freeze(page + frozen, 1);)
			frozen++;
	}
	if (frozen == nr) {
		__free_pages(page, order);
		return nr;
	}
	while (frozen-- > 1)
		page_ref_unfreeze(page + frozen, 1);
	free_contig_range(first, nr);
	return nr;
}

/**
 * ctgm_give_back() - give frames back to the page allocator
 * @first: first frame
 * @nr: how many
 *
 * In blocks of up to half a pageblock. What free_contig_range() frees waits in the lists: before
 * 7.2 all of it, and since then pageblocks.
 *
 * Context: Any but NMI.
 */
void ctgm_give_back(unsigned long first, unsigned long nr)
{
	unsigned long freed;

	for (; nr; first += freed, nr -= freed)
		freed = give_back_block(first, nr);
}
