// SPDX-License-Identifier: GPL-2.0
/*
 * CMA areas, for a caller that may sleep and that no other source could serve: the
 * memory in them is meant for devices without an alternative. CMA takes neither a range
 * nor a node.
 */
#include <linux/cc_platform.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pfn.h>
#include <linux/platform_device.h>
#include <linux/string.h>

#include "cma.h"
#include "compat.h"
#include "ranges.h"

#ifdef COMPAT_CMA_AREAS
int ctgm_cma_init(void)
{
	return 0;
}

void ctgm_cma_exit(void)
{
}

void ctgm_cma_free_in(struct cma *area, const struct ctgm_frames *frames)
{
	WARN_ON(!cma_release(area, pfn_to_page(frames->first), frames->nr));
}

/* Take a block from one area. Sleeps. False if the area gave none that fits. */
bool ctgm_cma_alloc_in(struct cma *area, const struct ctgm_constraints *place,
		       struct ctgm_frames *frames)
{
	/*
	 * Aligned to its size rounded up, a block crosses no boundary. In a busy area CMA
	 * tries all places that far apart, each as long as its pages may be migrated.
	 */
	unsigned long align = roundup_pow_of_two(place->nr);
	struct page *page;

	if (!place->boundary)
		align = min(align, pageblock_nr_pages);
	page = cma_alloc(area, place->nr, ilog2(max(place->align, align)), true);
	if (!page)
		return false;
	frames->first = page_to_pfn(page);
	if (ctgm_place_fits(place, frames->first))
		return true;
	ctgm_cma_free_in(area, frames);
	return false;
}

/* The areas are the default one, where there is one, and then those by index. */
static struct cma *cma_next_area(unsigned int *index)
{
	struct cma *area;

	do {
		area = dma_contiguous_get_area_by_idx((*index)++);
	} while (area && area == dev_get_cma_area(NULL));
	return area;
}

static struct cma *cma_first_area(unsigned int *index)
{
	return dev_get_cma_area(NULL) ?: cma_next_area(index);
}

/* The area with this name; NULL if there is none. */
struct cma *ctgm_cma_find(const char *name)
{
	unsigned int index = 0;
	struct cma *area = cma_first_area(&index);

	while (area && strcmp(cma_get_name(area), name))
		area = cma_next_area(&index);
	return area;
}

static bool cma_take(struct ctgm_alloc_control *ac, struct ctgm_frames *frames)
{
	unsigned int index = 0;
	struct cma *area = cma_first_area(&index);

	while (area) {
		ac->verdict.windows++;
		ac->verdict.attempts++;
		frames->owner = area;
		if (ctgm_cma_alloc_in(area, &ac->place, frames))
			return true;
		area = cma_next_area(&index);
	}
	return false;
}

static void cma_free_range(const struct ctgm_frames *run)
{
	ctgm_cma_free_in(run->owner, run);
}
#else
/* No area can be named. */
struct cma *ctgm_cma_find(const char *name)
{
	return NULL;
}

bool ctgm_cma_alloc_in(struct cma *area, const struct ctgm_constraints *place,
		       struct ctgm_frames *frames)
{
	return false;
}

void ctgm_cma_free_in(struct cma *area, const struct ctgm_frames *frames)
{
}

/* The DMA API reaches CMA for a device, and takes the highest address as a constraint. */
static struct platform_device *cma_device;
static DEFINE_MUTEX(ctgm_cma_mask_lock);	/* the device's mask is one request's */

int ctgm_cma_init(void)
{
	int error;

	cma_device = platform_device_register_simple("contigmem", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(cma_device))
		return PTR_ERR(cma_device);
	error = dma_coerce_mask_and_coherent(&cma_device->dev, DMA_BIT_MASK(64));
	if (error)
		platform_device_unregister(cma_device);
	return error;
}

void ctgm_cma_exit(void)
{
	platform_device_unregister(cma_device);
}

static bool cma_take(struct ctgm_alloc_control *ac, struct ctgm_frames *frames)
{
	size_t size = ac->place.nr << PAGE_SHIFT;
	struct page *page;
	dma_addr_t handle;

	/* Where memory is encrypted the DMA API decrypts what it hands out. */
	if (cc_platform_has(CC_ATTR_MEM_ENCRYPT))
		return false;
	ac->verdict.windows++;
	ac->verdict.attempts++;
	mutex_lock(&ctgm_cma_mask_lock);
	cma_device->dev.coherent_dma_mask = PFN_PHYS(ac->place.last) + PAGE_SIZE - 1;
	page = dma_alloc_pages(&cma_device->dev, size, &handle, DMA_BIDIRECTIONAL,
			       ac->reclaim | __GFP_NOWARN);
	mutex_unlock(&ctgm_cma_mask_lock);
	if (!page)
		return false;
	frames->first = page_to_pfn(page);
	/* Where CMA has none the DMA API asks the page allocator, which src/buddy.c did. */
	if (handle == PFN_PHYS(frames->first) && compat_pageblock_is_cma(frames->first) &&
	    ctgm_place_fits(&ac->place, frames->first))
		return true;
	dma_free_pages(&cma_device->dev, size, page, handle, DMA_BIDIRECTIONAL);
	return false;
}

static void cma_free_range(const struct ctgm_frames *run)
{
	dma_free_pages(&cma_device->dev, run->nr << PAGE_SHIFT, pfn_to_page(run->first),
		       PFN_PHYS(run->first), DMA_BIDIRECTIONAL);
}
#endif

static void cma_free(const struct ctgm_frames *frames)
{
	ctgm_frames_free_good(frames, cma_free_range);
}

/*
 * Could a block in a CMA area meet the request? CMA takes no range, and would spend long
 * on a request that it cannot meet.
 */
static bool cma_is_in_reach(const struct ctgm_alloc_control *ac)
{
	const struct ctgm_range *range = NULL;

	while ((range = ctgm_range_next(ac->ranges, ac->node, range))) {
		struct ctgm_constraints place = ctgm_place_within(&ac->place, range->first,
								  range->last);
		unsigned long start;

		if (range->is_cma && ctgm_place_next(&place, 0, &start))
			return true;
	}
	return false;
}

static enum contigmem_reason cma_source_alloc(struct ctgm_alloc_control *ac,
					      struct ctgm_frames *frames)
{
	if (!cma_is_in_reach(ac) || !cma_take(ac, frames))
		return CONTIGMEM_NO_FREE_RUN;
	return CONTIGMEM_OK;
}

const struct ctgm_source ctgm_source_cma = {
	.id = CONTIGMEM_SOURCE_CMA,
	.guesses = true,
	.alloc = cma_source_alloc,
	.free = cma_free,
};
