// SPDX-License-Identifier: GPL-2.0
/*
 * The same request in an odd window to each allocator, each in the way that a driver would
 * use it for that.
 */
#include <linux/err.h>
#include <linux/io.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/timex.h>

#include "arch.h"
#include "bench.h"
#include "../compat.h"

#define SEED		20261122
#define GFP_BENCH	(GFP_KERNEL | __GFP_NOWARN)

/* No window reaches into the kernel's and the devices' low memory. */
#define LOWEST		SZ_16M

/* An allocator that took so much has given up. */
#define CYCLES_MOST	300000000ULL

/* The share of available memory that is held while alloc_pages() is asked again. */
#define HELD_SHARE	4

#define DRAWS		1000

/* A request, and when it was made. */
struct question {
	struct bench_job job;
	u64 start;
};

static bool is_over(const struct question *question)
{
	cond_resched();
	return bench_cycles_since(question->start) > CYCLES_MOST;
}

static bool is_inside(const struct bench_job *job, const struct page *page)
{
	phys_addr_t first = page_to_phys(page);

	return first >= job->low && first + job->size - 1 <= job->high;
}

/* Online memory without a CMA area, which alloc_contig_range() may not have. */
static bool is_usable(phys_addr_t low, phys_addr_t high)
{
	unsigned long pfn = pageblock_start_pfn(low >> PAGE_SHIFT);

	for (; pfn <= high >> PAGE_SHIFT; pfn += pageblock_nr_pages) {
		if (!pfn_to_online_page(pfn) || compat_pageblock_is_cma(pfn))
			return false;
	}
	return true;
}

static bool draw_window(struct bench_job *job, size_t bytes, struct rnd_state *rnd)
{
	unsigned long most = totalram_pages() + (LOWEST >> PAGE_SHIFT), draw;

	for (draw = 0; draw < DRAWS; draw++) {
		job->low = LOWEST + PFN_PHYS(prandom_u32_state(rnd) % most);
		job->high = job->low + bytes - 1;
		if (is_usable(job->low, job->high))
			return true;
	}
	return false;
}

static bool ask_peer(const char *name, const struct question *question,
		     struct bench_block *block)
{
	const struct bench_peer *peer = bench_peer_of(name);

	return peer->fit(&question->job) && peer->get(&question->job, block);
}

static bool contigmem_ask(const struct question *question, struct bench_block *block)
{
	if (!ask_peer("contigmem", question, block))
		return false;
	block->page = virt_to_page(block->vaddr);
	return true;
}

static void contigmem_end(const struct bench_job *job, const struct bench_block *block)
{
	contigmem_free(block->vaddr);
}

/* The test that alloc_contig_pages() makes of a range before it tries it. */
static bool is_worth_trying(unsigned long first, unsigned long nr)
{
	struct zone *zone = page_zone(pfn_to_page(first));
	unsigned long pfn;

	for (pfn = first; pfn < first + nr; pfn++) {
		struct page *page = pfn_to_online_page(pfn);

		if (!page || page_zone(page) != zone || PageReserved(page) || PageHuge(page))
			return false;
	}
	return true;
}

/* alloc_contig_range() for one range of the window after the other. */
static bool range_ask(const struct question *question, struct bench_block *block)
{
	unsigned long nr = question->job.size >> PAGE_SHIFT;
	unsigned long pfn = ALIGN(question->job.low >> PAGE_SHIFT, nr);

	for (; PFN_PHYS(pfn + nr) - 1 <= question->job.high && !is_over(question); pfn += nr) {
		if (!is_worth_trying(pfn, nr) ||
		    compat_alloc_contig_range(pfn, pfn + nr, compat_pageblock_type(pfn), GFP_BENCH))
			continue;
		block->page = pfn_to_page(pfn);
		return true;
	}
	return false;
}

static void range_end(const struct bench_job *job, const struct bench_block *block)
{
	free_contig_range(page_to_pfn(block->page), job->size >> PAGE_SHIFT);
}

static bool contig_pages_ask(const struct question *question, struct bench_block *block)
{
	return compat_has_alloc_contig_pages() &&
	       (block->page = compat_alloc_contig_pages(question->job.size >> PAGE_SHIFT,
							 GFP_BENCH, numa_node_id()));
}

static bool cma_ask(const struct question *question, struct bench_block *block)
{
	struct question anywhere = *question;

	anywhere.job.low = 0;
	anywhere.job.high = (phys_addr_t)-1;
	return ask_peer("cma_alloc", &anywhere, block);
}

static void cma_end(const struct bench_job *job, const struct bench_block *block)
{
	bench_peer_of("cma_alloc")->put(job, block);
}

static bool pages_ask(const struct question *question, struct bench_block *block)
{
	block->page = alloc_pages(GFP_BENCH, get_order(question->job.size));
	return block->page;
}

static void pages_end(const struct bench_job *job, const struct bench_block *block)
{
	__free_pages(block->page, get_order(job->size));
}

/* What lies elsewhere is held until one block lies in the window. */
static bool held_ask(const struct question *question, struct bench_block *block)
{
	unsigned long nr = question->job.size >> PAGE_SHIFT;
	unsigned long most = si_mem_available() / HELD_SHARE / nr;
	struct page *page, *next;
	LIST_HEAD(held);
	bool ok = false;

	while (!ok && most-- && !is_over(question) && pages_ask(question, block)) {
		ok = is_inside(&question->job, block->page);
		if (!ok)
			list_add(&block->page->lru, &held);
	}
	list_for_each_entry_safe(page, next, &held, lru)
		__free_pages(page, get_order(question->job.size));
	return ok;
}

static const struct {
	const char *name;
	bool (*ask)(const struct question *question, struct bench_block *block);
	void (*end)(const struct bench_job *job, const struct bench_block *block);
} ways[] = {
	{ "contigmem", contigmem_ask, contigmem_end },
	{ "alloc_contig_range", range_ask, range_end },
	{ "alloc_contig_pages", contig_pages_ask, range_end },
	{ "cma_alloc", cma_ask, cma_end },
	{ "alloc_pages", pages_ask, pages_end },
	{ "alloc_pages held", held_ask, pages_end },
};

static void ask_way(unsigned int way, const struct bench_job *job, size_t window,
		    const char *suffix)
{
	struct question question = { .job = *job };
	struct bench_block block;
	u64 cycles;
	bool ok;

	question.start = bench_cycles();
	ok = ways[way].ask(&question, &block);
	cycles = bench_cycles_since(question.start);
	bench_row("ask,%zu,%zu,%s%s,%u,%u,%llu,%s,%lu,%lu", window >> 20, job->size >> 10,
		  ways[way].name, suffix, ok, ok && is_inside(job, block.page), cycles,
		  way ? "-" : contigmem_reason_text(bench_verdict.reason),
		  way ? 0 : bench_verdict.frames_read, way ? 0 : bench_verdict.pages_migrated);
	if (ok)
		ways[way].end(job, &block);
	cond_resched();
}

/*
 * Asks all for a block in a window that @round decides. Who is asked first changes from
 * round to round: what one allocator has moved is out of the way of the next.
 */
int bench_ask(unsigned int window_mib, unsigned long kib, unsigned int round)
{
	size_t window = (size_t)window_mib << 20;
	struct bench_job job = { .size = kib << 10 };
	struct rnd_state rnd;
	unsigned int i;
	int error;

	prandom_seed_state(&rnd, SEED + round * 1000000ULL + window_mib * 1000 + kib);
	if (!draw_window(&job, window, &rnd))
		return -ENOSPC;
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		unsigned int way = (i + round) % ARRAY_SIZE(ways);

		error = bench_drop_idle();
		if (error)
			return error;
		ask_way(way, &job, window, "");
		if (!way)
			ask_way(way, &job, window, " again");
	}
	return bench_drop_idle();
}
