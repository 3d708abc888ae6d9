// SPDX-License-Identifier: GPL-2.0
/*
 * Memory in which many live: what arenas keep for a few blocks, free memory beside movable
 * pages until it is used up, and drivers that come and go.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/shmem_fs.h>
#include <linux/sizes.h>
#include <linux/timex.h>
#include <linux/vmalloc.h>

#include "arch.h"
#include "bench.h"
#include "../compat.h"

#define SEED		20261122
#define GFP_BENCH	(GFP_KERNEL | __GFP_NOWARN)

/* Neither reclaims nor wakes kswapd: takes what is free. */
#define GFP_FREE	__GFP_NOWARN

/* No memory above is looked at. */
#define HIGHEST		(64ULL << 30)

/* Pages left to the kernel. */
#define RESERVE		(SZ_64M >> PAGE_SHIFT)

/* Calls of the shrinkers, at most, and those in a row that change nothing. */
#define SHRINKS		100
#define SHRINKS_IN_VAIN	5
#define SHRINK_MS	20

static struct file *scattered;		/* its pages are movable */
static struct page **whole;		/* pageblocks that are taken as a whole */
static unsigned long nr_whole;

/* One page of each pageblock that the file has a page in. */
struct keeper {
	unsigned long index;		/* in the file */
	unsigned long seen;		/* pages of the pageblock so far */
};

static unsigned long last_frame(const struct bench_job *job)
{
	return min_t(u64, job->high >> PAGE_SHIFT, HIGHEST >> PAGE_SHIFT);
}

static bool is_within(const struct bench_job *job, unsigned long pfn)
{
	return pfn >= job->low >> PAGE_SHIFT && pfn <= last_frame(job);
}

static bool is_free(unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);

	return page && is_free_buddy_page(page) && !compat_pageblock_is_cma(pfn);
}

static bool is_free_whole(unsigned long first)
{
	unsigned long pfn = first;

	while (pfn < first + pageblock_nr_pages && is_free(pfn))
		pfn++;
	cond_resched();
	return pfn == first + pageblock_nr_pages;
}

static void take_zone(gfp_t zone, unsigned long most)
{
	while (nr_whole < most) {
		struct page *page = alloc_pages(GFP_FREE | zone, pageblock_order);

		if (!page)
			break;
		whole[nr_whole++] = page;
		cond_resched();
	}
}

/* Take the pageblocks that are free as a whole and in the range. */
int bench_take(const struct bench_job *job)
{
	unsigned long most = totalram_pages() / pageblock_nr_pages, i, kept = 0;

	if (whole)
		return -EINVAL;
	whole = vmalloc_array(most, sizeof(*whole));
	if (!whole)
		return -ENOMEM;
	take_zone(0, most);
	take_zone(GFP_DMA32, most);
	take_zone(GFP_DMA, most);
	for (i = 0; i < nr_whole; i++) {
		if (is_within(job, page_to_pfn(whole[i])))
			whole[kept++] = whole[i];
		else
			__free_pages(whole[i], pageblock_order);
	}
	nr_whole = kept;
	return 0;
}

static unsigned long fill_file(struct keeper *keepers, unsigned long nr, unsigned long most)
{
	struct rnd_state rnd;
	unsigned long i;

	prandom_seed_state(&rnd, SEED);
	for (i = 0; i < most && si_mem_available() > RESERVE; i++) {
		struct page *page = shmem_read_mapping_page(scattered->f_mapping, i);
		struct keeper *keeper;

		if (IS_ERR(page))
			break;
		keeper = &keepers[page_to_pfn(page) >> pageblock_order];
		if (page_to_pfn(page) >> pageblock_order < nr &&
		    !(prandom_u32_state(&rnd) % ++keeper->seen))
			keeper->index = i;
		put_page(page);
		cond_resched();
	}
	return i;
}

static void drop_pages(unsigned long first, unsigned long end)
{
	if (end > first)
		shmem_truncate_range(file_inode(scattered), (loff_t)first << PAGE_SHIFT,
				     ((loff_t)end << PAGE_SHIFT) - 1);
	cond_resched();
}

/*
 * Leave one movable page in each pageblock, and no pageblock of the range that is free as a
 * whole. Adds a row with the pageblocks that have their page, and those that are free.
 */
int bench_scatter(const struct bench_job *job)
{
	unsigned long nr = HIGHEST >> (PAGE_SHIFT + pageblock_order), most = totalram_pages();
	unsigned long pfn, pageblock, i, kept = 0, nr_free = 0, from = 0;
	unsigned long *keep = bitmap_zalloc(most, GFP_KERNEL);
	struct keeper *keepers = vcalloc(nr, sizeof(*keepers));
	int error = -ENOMEM;

	if (!keep || !keepers)
		goto out;
	error = -EINVAL;
	if (scattered)
		goto out;
	scattered = compat_shmem_file("contigmem-bench", PFN_PHYS(most));
	error = PTR_ERR_OR_ZERO(scattered);
	if (error)
		goto out;
	most = fill_file(keepers, nr, most);
	for (pageblock = 0; pageblock < nr; pageblock++) {
		if (keepers[pageblock].seen) {
			__set_bit(keepers[pageblock].index, keep);
			kept += is_within(job, pageblock << pageblock_order);
		}
	}
	for_each_set_bit(i, keep, most) {
		drop_pages(from, i);
		from = i + 1;
	}
	drop_pages(from, most);
	error = bench_take(job);
	for (pfn = pageblock_align(job->low >> PAGE_SHIFT);
	     pfn + pageblock_nr_pages - 1 <= last_frame(job); pfn += pageblock_nr_pages)
		nr_free += is_free_whole(pfn);
	bench_row("scatter,%s,%lu,%lu,%lu", job->place, kept, nr_free, nr_whole);
out:
	bitmap_free(keep);
	vfree(keepers);
	return error;
}

/* How many blocks the free runs of the range hold. */
static unsigned long possible_in(const struct bench_job *job)
{
	unsigned long nr = job->size >> PAGE_SHIFT, blocks = 0, run = 0, pfn;

	for (pfn = job->low >> PAGE_SHIFT; pfn <= last_frame(job); pfn++) {
		run = is_free(pfn) ? run + 1 : 0;
		if (run == nr) {
			blocks++;
			run = 0;
		}
		if (!(pfn % pageblock_nr_pages))
			cond_resched();
	}
	return blocks;
}

/* Asks contigmem for blocks until as many are served as the free runs hold, or one is not. */
int bench_drain(const struct bench_job *job)
{
	const struct bench_peer *peer = &bench_peers[0];
	unsigned long possible = possible_in(job), held = 0, asked = 0;
	struct bench_block *blocks = vmalloc_array(possible + 1, sizeof(*blocks));
	u64 *cycles = vcalloc(possible + 1, sizeof(*cycles)), first;
	bool ok = true;

	if (!blocks || !cycles) {
		vfree(blocks);
		vfree(cycles);
		return -ENOMEM;
	}
	while (held < possible && ok) {
		u64 start = bench_cycles();

		ok = peer->get(job, &blocks[held]);
		cycles[asked++] = bench_cycles_since(start);
		held += ok;
		cond_resched();
	}
	first = cycles[0];
	bench_sort(cycles, asked);
	bench_row("drain,%s,%zu,%s,%lu,%lu,%llu,%llu,%llu,%llu,%s", job->place, job->size >> 10,
		  contigmem_cache_name(job->cache), possible, held, first,
		  bench_percentile(cycles, asked, 50), bench_percentile(cycles, asked, 99),
		  bench_percentile(cycles, asked, 100),
		  contigmem_reason_text(bench_verdict.reason));
	while (held)
		peer->put(job, &blocks[--held]);
	vfree(blocks);
	vfree(cycles);
	return 0;
}

/* Memory that arenas of this type have, in KiB. */
static unsigned long kept_kib(enum contigmem_cache cache)
{
	struct contigmem_arena_info info;
	unsigned long kib = 0;
	phys_addr_t at = 0;

	while (!contigmem_next_arena(at, &info)) {
		if (info.cache == cache)
			kib += info.size >> 10;
		at = info.phys + info.size;
	}
	return kib;
}

/* Calls the shrinkers until that changes nothing any more: a worker does what they ask. */
static int shrink_all(enum contigmem_cache cache)
{
	unsigned long before = kept_kib(cache), now;
	unsigned int i, vain = 0;

	for (i = 0; i < SHRINKS && vain < SHRINKS_IN_VAIN; i++) {
		int error = bench_drop_idle();

		if (error)
			return error;
		msleep(SHRINK_MS);
		now = kept_kib(cache);
		vain = now == before ? vain + 1 : 0;
		before = now;
	}
	return 0;
}

/* What arenas keep for the 1 in @period of @count blocks that live on. */
int bench_keep(const struct bench_job *job, unsigned int count, unsigned int period)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(job->size);
	void **blocks = vmalloc_array(count, sizeof(*blocks));
	unsigned int held, i, live = 0;
	unsigned long full, sparse;
	int error = 0;

	if (!blocks)
		return -ENOMEM;
	req.cache = job->cache;
	for (held = 0; held < count; held++) {
		blocks[held] = contigmem_alloc(&req, GFP_KERNEL);
		if (IS_ERR(blocks[held])) {
			error = PTR_ERR(blocks[held]);
			goto out;
		}
		cond_resched();
	}
	full = kept_kib(job->cache);
	for (i = 0; i < count; i++) {
		if (i % period)
			contigmem_free(blocks[i]);
		else
			blocks[live++] = blocks[i];
		cond_resched();
	}
	held = live;
	sparse = kept_kib(job->cache);
	error = shrink_all(job->cache);
	if (!error)
		bench_row("keep,%zu,%s,%u,%u,%lu,%lu,%lu,%lu", job->size >> 10,
			  contigmem_cache_name(job->cache), count, period,
			  live * (job->size >> 10), full, sparse, kept_kib(job->cache));
out:
	while (held)
		contigmem_free(blocks[--held]);
	vfree(blocks);
	return error;
}

/* What a driver with typed blocks does: allocates at probe, frees at remove. */
int bench_drive(void)
{
	static const struct {
		unsigned int kib;
		enum contigmem_cache cache;
	} typed[] = {
		{ 4, CONTIGMEM_UNCACHED }, { 16, CONTIGMEM_UNCACHED },
		{ 64, CONTIGMEM_WRITECOMBINE }, { 256, CONTIGMEM_UNCACHED },
		{ 1024, CONTIGMEM_WRITECOMBINE }, { 6144, CONTIGMEM_WRITECOMBINE },
	};
	void *blocks[ARRAY_SIZE(typed)];
	unsigned int held = 0, i;

	for (i = 0; i < ARRAY_SIZE(typed); i++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(typed[i].kib << 10);

		req.cache = typed[i].cache;
		blocks[held] = contigmem_alloc(&req, GFP_BENCH);
		held += !IS_ERR(blocks[held]);
	}
	bench_row("drive,%u,%zu", held, ARRAY_SIZE(typed));
	while (held)
		contigmem_free(blocks[--held]);
	return bench_drop_idle();
}

void bench_uncrowd(void)
{
	while (nr_whole)
		__free_pages(whole[--nr_whole], pageblock_order);
	vfree(whole);
	whole = NULL;
	if (!IS_ERR_OR_NULL(scattered))
		fput(scattered);
	scattered = NULL;
}
