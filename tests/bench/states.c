// SPDX-License-Identifier: GPL-2.0
/*
 * States of memory: fragmented by unmovable pages, and with pages pinned as for a device.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>

#include "bench.h"
#include "../compat.h"

/* The same random pages stay in each run. */
#define SEED	20261122

/* Pages left to the kernel. */
#define RESERVE	(SZ_64M >> PAGE_SHIFT)

static unsigned long *taken;	/* first frames of pageblocks */
static unsigned long nr_taken;
static unsigned long *spoilers;	/* frames of pages that cannot be moved */
static unsigned long nr_spoilers;
static struct page **pinned;
static unsigned long nr_pinned;

static int compare(const void *left, const void *right)
{
	const unsigned long *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

static void take_pageblocks(unsigned long most)
{
	gfp_t gfp = GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN;

	while (nr_taken < most && si_mem_available() > RESERVE) {
		struct page *page = alloc_pages(gfp, pageblock_order);

		if (!page)
			break;
		split_page(page, pageblock_order);
		taken[nr_taken++] = page_to_pfn(page);
		cond_resched();
	}
	sort(taken, nr_taken, sizeof(*taken), compare, NULL);
}

/* Free all pages of a pageblock but one. */
static void spoil(unsigned long first, unsigned long at)
{
	if (at)
		free_contig_range(first, at);
	if (at + 1 < pageblock_nr_pages)
		free_contig_range(first + at + 1, pageblock_nr_pages - at - 1);
	spoilers[nr_spoilers++] = first + at;
}

/*
 * Leave an unmovable page in one of @period pageblocks, except in @gap_mib MiB in the
 * middle.
 */
int bench_spoil(unsigned int period, unsigned int gap_mib)
{
	unsigned long most = totalram_pages() / pageblock_nr_pages, i, chosen = 0;
	unsigned long gap = (unsigned long)gap_mib << (20 - PAGE_SHIFT), hole;
	struct rnd_state rnd;

	if (taken || !period)
		return -EINVAL;
	taken = vmalloc_array(most, sizeof(*taken));
	spoilers = vmalloc_array(most, sizeof(*spoilers));
	if (!taken || !spoilers)
		return -ENOMEM;
	prandom_seed_state(&rnd, SEED);
	take_pageblocks(most);
	hole = nr_taken ? taken[nr_taken / 2] : 0;
	for (i = 0; i < nr_taken; i++) {
		if (i % period == 0)
			chosen = i + prandom_u32_state(&rnd) % period;
		if (i == chosen && (taken[i] < hole || taken[i] >= hole + gap))
			spoil(taken[i], prandom_u32_state(&rnd) % pageblock_nr_pages);
		else
			free_contig_range(taken[i], pageblock_nr_pages);
		cond_resched();
	}
	pr_info("contigmem_bench: %lu of %lu pageblocks spoilt, seed %u\n", nr_spoilers, nr_taken,
		SEED);
	return 0;
}

/* Pin a page in each @step bytes of the caller's memory, as for a transfer. */
int bench_pin(unsigned long start, unsigned long bytes, unsigned long step)
{
	unsigned long most, at;

	if (pinned || !step || step & ~PAGE_MASK)
		return -EINVAL;
	most = bytes / step;
	pinned = vmalloc_array(most, sizeof(*pinned));
	if (!pinned)
		return -ENOMEM;
	for (at = start; nr_pinned < most; at += step) {
		int got = pin_user_pages_fast(at, 1, FOLL_WRITE, &pinned[nr_pinned]);

		if (got != 1)
			return got < 0 ? got : -EFAULT;
		nr_pinned++;
		cond_resched();
	}
	pr_info("contigmem_bench: %lu pages pinned\n", nr_pinned);
	return 0;
}

void bench_mend(void)
{
	while (nr_spoilers)
		__free_page(pfn_to_page(spoilers[--nr_spoilers]));
	while (nr_pinned)
		unpin_user_page(pinned[--nr_pinned]);
	vfree(taken);
	vfree(spoilers);
	vfree(pinned);
	taken = NULL;
	spoilers = NULL;
	pinned = NULL;
	nr_taken = 0;
}
