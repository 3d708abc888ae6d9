// SPDX-License-Identifier: GPL-2.0
/*
 * CMA areas, for a caller that may sleep and whom nobody else could serve: what
 * is in them is meant for devices without an alternative. CMA takes no range:
 * frames.c looks at what comes.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pfn.h>
#include <linux/platform_device.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "compat.h"
#include "cma.h"
#include "source.h"

#ifdef COMPAT_CMA_AREAS
int cma_init(void)
{
	return 0;
}

void cma_exit(void)
{
}

/* Take a block from one area; sleeps. False if none was had that fits. */
bool cma_take(struct cma *area, const struct placement *place, struct frames *frames)
{
	/*
	 * Aligned to its size rounded up, a block crosses no boundary. Of a busy area
	 * CMA tries all places that far apart, each as long as pages there may move.
	 */
	unsigned long align = roundup_pow_of_two(place->nr);
	struct page *page;

	if (!place->boundary)
		align = min(align, pageblock_nr_pages);
	page = cma_alloc(area, place->nr, ilog2(max(place->align, align)), true);
	if (!page)
		return false;
	frames->first = page_to_pfn(page);
	frames->area = area;
	if (placement_fits(place, frames->first))
		return true;
	cma_put(frames);
	return false;
}

/* All areas are the usual one, where there is one, and then those by index. */
static struct cma *next_area(unsigned int *index)
{
	struct cma *area;

	do {
		area = dma_contiguous_get_area_by_idx((*index)++);
	} while (area && area == dev_get_cma_area(NULL));
	return area;
}

static struct cma *first_area(unsigned int *index)
{
	return dev_get_cma_area(NULL) ?: next_area(index);
}

/* The area with this name; NULL if there is none. */
struct cma *cma_find(const char *name)
{
	unsigned int index = 0;
	struct cma *area = first_area(&index);

	while (area && strcmp(cma_get_name(area), name))
		area = next_area(&index);
	return area;
}

static bool take_from_any(const struct need *need, struct frames *frames,
			  struct contigmem_verdict *verdict)
{
	unsigned int index = 0;
	struct cma *area = first_area(&index);

	while (area) {
		verdict->windows++;
		verdict->attempts++;
		if (cma_take(area, &need->place, frames))
			return true;
		area = next_area(&index);
	}
	return false;
}

void cma_put(const struct frames *frames)
{
	WARN_ON(!cma_release(frames->area, pfn_to_page(frames->first), frames->nr));
}
#else
/* No area can be named. */
struct cma *cma_find(const char *name)
{
	return NULL;
}

bool cma_take(struct cma *area, const struct placement *place, struct frames *frames)
{
	return false;
}

/* The DMA API reaches CMA for a device, and knows of a constraint the highest address. */
static struct platform_device *device;
static DEFINE_MUTEX(mask_lock);	/* for as long as its mask is a request's */

int cma_init(void)
{
	int error;

	device = platform_device_register_simple("contigmem", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(device))
		return PTR_ERR(device);
	error = dma_coerce_mask_and_coherent(&device->dev, DMA_BIT_MASK(64));
	if (error)
		platform_device_unregister(device);
	return error;
}

void cma_exit(void)
{
	platform_device_unregister(device);
}

static bool take_from_any(const struct need *need, struct frames *frames,
			  struct contigmem_verdict *verdict)
{
	size_t size = need->place.nr << PAGE_SHIFT;
	struct page *page;
	dma_addr_t handle;

	verdict->windows++;
	verdict->attempts++;
	mutex_lock(&mask_lock);
	device->dev.coherent_dma_mask = PFN_PHYS(need->place.last) + PAGE_SIZE - 1;
	page = dma_alloc_pages(&device->dev, size, &handle, DMA_BIDIRECTIONAL,
			       need->reclaim | __GFP_NOWARN);
	mutex_unlock(&mask_lock);
	if (!page)
		return false;
	frames->first = page_to_pfn(page);
	/* Where CMA has none the DMA API asks the page allocator, as was done before. */
	if (handle == PFN_PHYS(frames->first) && compat_pageblock_is_cma(frames->first) &&
	    placement_fits(&need->place, frames->first))
		return true;
	dma_free_pages(&device->dev, size, page, handle, DMA_BIDIRECTIONAL);
	return false;
}

void cma_put(const struct frames *frames)
{
	dma_free_pages(&device->dev, frames->nr << PAGE_SHIFT, pfn_to_page(frames->first),
		       PFN_PHYS(frames->first), DMA_BIDIRECTIONAL);
}
#endif

/* CMA takes no range, and tries long what cannot fit: has it a pageblock in the request's? */
static bool is_in_reach(const struct need *need, const struct memmap *map, int nid)
{
	unsigned int i;

	for (i = 0; i < map->nr; i++) {
		const struct extent *extent = &map->extent[i];
		struct placement place = placement_within(&need->place, extent->first,
							  extent->last);
		unsigned long pfn;

		if (extent->nid != nid)
			continue;
		for (pfn = place.first; pfn <= place.last; pfn = pageblock_end_pfn(pfn)) {
			if (pfn_to_online_page(pfn) && compat_pageblock_is_cma(pfn))
				return true;
			cond_resched();
		}
	}
	return false;
}

static enum contigmem_reason get(const struct need *need, const struct memmap *map, int nid,
				 bool migrate, struct frames *frames,
				 struct contigmem_verdict *verdict)
{
	if (!migrate || !is_in_reach(need, map, nid) || !take_from_any(need, frames, verdict))
		return CONTIGMEM_NO_FREE_RUN;
	return CONTIGMEM_OK;
}

const struct source source_cma = {
	.id = CONTIGMEM_SOURCE_CMA,
	.guesses = true,
	.get = get,
};
