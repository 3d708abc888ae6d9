// SPDX-License-Identifier: GPL-2.0
/*
 * The peers: contigmem and the kernel's own allocators of contiguous memory, each called
 * in the cheapest way for the job.
 */
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/platform_device.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "arch.h"
#include "bench.h"
#include "../compat.h"

#define GFP_BENCH	(GFP_KERNEL | __GFP_NOWARN)

struct contigmem_verdict bench_verdict;
bool bench_wants_verdict = true;

static struct platform_device *device;

static unsigned long frames_of(const struct bench_job *job)
{
	return job->size >> PAGE_SHIFT;
}

static bool anywhere(const struct bench_job *job)
{
	return !job->low && job->high == (phys_addr_t)-1;
}

/* A block that is aligned to its size crosses no boundary. */
static bool below_16m(const struct bench_job *job)
{
	return !job->low && job->high == SZ_16M - 1;
}

static gfp_t zone_of(const struct bench_job *job)
{
	return below_16m(job) ? GFP_DMA : 0;
}

static bool one_order(const struct bench_job *job)
{
	return get_order(job->size) <= MAX_PAGE_ORDER;
}

/* The page allocator takes zones and no cache types. */
static enum bench_fit fit_buddy(const struct bench_job *job)
{
	if (job->cache != CONTIGMEM_CACHED || !one_order(job))
		return BENCH_CANNOT;
	return anywhere(job) || below_16m(job) ? BENCH_MEETS : BENCH_CANNOT;
}

/* Allocators that take no address. */
static enum bench_fit fit_anywhere(const struct bench_job *job)
{
	if (job->cache != CONTIGMEM_CACHED)
		return BENCH_CANNOT;
	return anywhere(job) ? BENCH_MEETS : BENCH_ELSEWHERE;
}

static struct contigmem_request request_of(const struct bench_job *job)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(job->size);

	req.low = job->low;
	req.high = job->high;
	req.boundary = job->boundary;
	req.cache = job->cache;
	return req;
}

static enum bench_fit contigmem_fit(const struct bench_job *job)
{
	return BENCH_MEETS;
}

static bool contigmem_get(const struct bench_job *job, struct bench_block *block)
{
	struct contigmem_request req = request_of(job);

	req.verdict = bench_wants_verdict ? &bench_verdict : NULL;
	block->vaddr = contigmem_alloc(&req, GFP_BENCH);
	return !IS_ERR(block->vaddr);
}

static void contigmem_put(const struct bench_job *job, const struct bench_block *block)
{
	contigmem_free(block->vaddr);
}

static bool alloc_pages_get(const struct bench_job *job, struct bench_block *block)
{
	block->page = alloc_pages(GFP_BENCH | zone_of(job), get_order(job->size));
	return block->page;
}

static void alloc_pages_put(const struct bench_job *job, const struct bench_block *block)
{
	__free_pages(block->page, get_order(job->size));
}

static bool alloc_pages_exact_get(const struct bench_job *job, struct bench_block *block)
{
	block->vaddr = alloc_pages_exact(job->size, GFP_BENCH | zone_of(job));
	return block->vaddr;
}

static void alloc_pages_exact_put(const struct bench_job *job, const struct bench_block *block)
{
	free_pages_exact(block->vaddr, job->size);
}

/* alloc_contig_range() on a range that is free and reserved: no search, no retry. */
static enum bench_fit range_fit(const struct bench_job *job)
{
	return job->cache == CONTIGMEM_CACHED && job->range ? BENCH_MEETS : BENCH_CANNOT;
}

static void range_before(const struct bench_job *job)
{
	free_contig_range(job->range, max(frames_of(job), pageblock_nr_pages));
}

static void range_after(const struct bench_job *job)
{
	unsigned long nr = max(frames_of(job), pageblock_nr_pages);

	WARN_ON(compat_alloc_contig_range(job->range, job->range + nr, MIGRATE_MOVABLE,
					  GFP_BENCH));
}

static bool range_get(const struct bench_job *job, struct bench_block *block)
{
	return !compat_alloc_contig_range(job->range, job->range + frames_of(job),
					  MIGRATE_MOVABLE, GFP_BENCH);
}

static void range_put(const struct bench_job *job, const struct bench_block *block)
{
	free_contig_range(job->range, frames_of(job));
}

static enum bench_fit contig_pages_fit(const struct bench_job *job)
{
	return compat_has_alloc_contig_pages() ? fit_anywhere(job) : BENCH_CANNOT;
}

static bool contig_pages_get(const struct bench_job *job, struct bench_block *block)
{
	block->page = compat_alloc_contig_pages(frames_of(job), GFP_BENCH, numa_node_id());
	return block->page;
}

static void contig_pages_put(const struct bench_job *job, const struct bench_block *block)
{
	free_contig_range(page_to_pfn(block->page), frames_of(job));
}

#ifdef COMPAT_CMA_AREAS
static enum bench_fit cma_fit(const struct bench_job *job)
{
	return dev_get_cma_area(NULL) ? fit_anywhere(job) : BENCH_CANNOT;
}

static bool cma_get(const struct bench_job *job, struct bench_block *block)
{
	block->page = cma_alloc(dev_get_cma_area(NULL), frames_of(job), 0, true);
	return block->page;
}

static void cma_put(const struct bench_job *job, const struct bench_block *block)
{
	cma_release(dev_get_cma_area(NULL), block->page, frames_of(job));
}
#else
static enum bench_fit cma_fit(const struct bench_job *job)
{
	return BENCH_CANNOT;
}

static bool cma_get(const struct bench_job *job, struct bench_block *block)
{
	return false;
}

static void cma_put(const struct bench_job *job, const struct bench_block *block)
{
}
#endif

/*
 * The DMA API takes a highest address, and zeroes the memory. On arm64 it is uncached and
 * write-combined for a device that does not snoop, as this one.
 */
static enum bench_fit dma_fit(const struct bench_job *job)
{
	bool cached = job->cache == CONTIGMEM_CACHED;

	if (cached != dev_is_dma_coherent(&device->dev) || !(anywhere(job) || below_16m(job)))
		return BENCH_CANNOT;
	return one_order(job) || cma_fit(job) ? BENCH_MEETS : BENCH_CANNOT;
}

static void dma_before(const struct bench_job *job)
{
	unsigned int bits = below_16m(job) ? 24 : 64;

	WARN_ON(dma_coerce_mask_and_coherent(&device->dev, DMA_BIT_MASK(bits)));
}

static bool dma_coherent_get(const struct bench_job *job, struct bench_block *block)
{
	block->vaddr = dma_alloc_coherent(&device->dev, job->size, &block->handle, GFP_BENCH);
	return block->vaddr;
}

static void dma_coherent_put(const struct bench_job *job, const struct bench_block *block)
{
	dma_free_coherent(&device->dev, job->size, block->vaddr, block->handle);
}

/* On x86 this attribute saves the zeroing. On arm64 the processor cannot use the memory. */
static enum bench_fit dma_attrs_fit(const struct bench_job *job)
{
	return dev_is_dma_coherent(&device->dev) ? dma_fit(job) : BENCH_CANNOT;
}

static bool dma_attrs_get(const struct bench_job *job, struct bench_block *block)
{
	block->vaddr = dma_alloc_attrs(&device->dev, job->size, &block->handle, GFP_BENCH,
				       DMA_ATTR_NO_KERNEL_MAPPING);
	return block->vaddr;
}

static void dma_attrs_put(const struct bench_job *job, const struct bench_block *block)
{
	dma_free_attrs(&device->dev, job->size, block->vaddr, block->handle,
		       DMA_ATTR_NO_KERNEL_MAPPING);
}

/* A driver without contigmem allocates pages and changes their type itself. */
static struct bench_job untyped(const struct bench_job *job)
{
	struct bench_job other = *job;

	other.cache = CONTIGMEM_CACHED;
	return other;
}

static enum bench_fit set_memory_fit(const struct bench_job *job)
{
	struct bench_job pages = untyped(job);

	if (job->cache == CONTIGMEM_CACHED || !IS_ENABLED(CONFIG_X86))
		return BENCH_CANNOT;
	return one_order(job) ? fit_buddy(&pages) : contig_pages_fit(&pages);
}

static void pages_put(const struct bench_job *job, const struct bench_block *block)
{
	if (one_order(job))
		alloc_pages_put(job, block);
	else
		contig_pages_put(job, block);
}

static bool set_memory_get(const struct bench_job *job, struct bench_block *block)
{
	int error;

	if (!(one_order(job) ? alloc_pages_get(job, block) : contig_pages_get(job, block)))
		return false;
	error = bench_set_memory((unsigned long)page_address(block->page), frames_of(job),
				 job->cache);
	if (error)
		pages_put(job, block);
	return !error;
}

static void set_memory_put(const struct bench_job *job, const struct bench_block *block)
{
	if (!WARN_ON(bench_set_memory((unsigned long)page_address(block->page), frames_of(job),
				      CONTIGMEM_CACHED)))
		pages_put(job, block);
}

const struct bench_peer bench_peers[BENCH_NR_PEERS] = {
	{ "contigmem", contigmem_fit, contigmem_get, contigmem_put },
	{ "alloc_pages", fit_buddy, alloc_pages_get, alloc_pages_put },
	{ "alloc_pages_exact", fit_buddy, alloc_pages_exact_get, alloc_pages_exact_put },
	{ "alloc_contig_range", range_fit, range_get, range_put, range_before, range_after },
	{ "alloc_contig_pages", contig_pages_fit, contig_pages_get, contig_pages_put },
	{ "cma_alloc", cma_fit, cma_get, cma_put },
	{ "dma_alloc_coherent", dma_fit, dma_coherent_get, dma_coherent_put, dma_before },
	{ "dma_alloc_attrs", dma_attrs_fit, dma_attrs_get, dma_attrs_put, dma_before },
	{ "set_memory", set_memory_fit, set_memory_get, set_memory_put },
};

const struct bench_peer *bench_peer_of(const char *name)
{
	unsigned int i;

	for (i = 0; i < BENCH_NR_PEERS; i++) {
		if (!strcmp(bench_peers[i].name, name))
			return &bench_peers[i];
	}
	return NULL;
}

/* Are all frames free and outside CMA areas? */
static bool is_free_range(unsigned long first, unsigned long nr)
{
	unsigned long pfn;

	for (pfn = first; pfn < first + nr; pfn++) {
		struct page *page = pfn_to_online_page(pfn);

		if (!page || compat_pageblock_is_cma(pfn) || !is_free_buddy_page(page) ||
		    page_zone(page) != page_zone(pfn_to_page(first)))
			return false;
	}
	return true;
}

/* Reserves a free range for the job until bench_release_range(). */
bool bench_reserve_range(struct bench_job *job)
{
	unsigned long nr = max(frames_of(job), pageblock_nr_pages);
	unsigned long first = pageblock_align(PFN_UP(max_t(u64, job->low, SZ_2M)));
	unsigned long end = min_t(u64, job->high >> PAGE_SHIFT, SZ_16G >> PAGE_SHIFT) + 1;

	for (; first + nr <= end; first += pageblock_nr_pages) {
		if (is_free_range(first, nr) &&
		    !compat_alloc_contig_range(first, first + nr, MIGRATE_MOVABLE,
						       GFP_BENCH)) {
			job->range = first;
			return true;
		}
	}
	return false;
}

void bench_release_range(struct bench_job *job)
{
	if (job->range)
		range_before(job);
	job->range = 0;
}

int bench_peers_init(void)
{
	device = platform_device_register_simple("contigmem-bench", PLATFORM_DEVID_NONE, NULL, 0);
	return PTR_ERR_OR_ZERO(device);
}

void bench_peers_exit(void)
{
	platform_device_unregister(device);
}
