// SPDX-License-Identifier: GPL-2.0
/*
 * CMA areas, for a caller that may sleep and that no other source could serve: the
 * memory in them is meant for devices without an alternative. CMA takes neither a range
 * nor a node.
 */
#include <linux/bits.h>
#include <linux/cc_platform.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pfn.h>
#include <linux/platform_device.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "cma.h"
#include "compat.h"
#include "pfn_scan.h"
#include "ranges.h"

#ifdef COMPAT_CMA_AREAS
/*
 * The alignment that CMA is asked for. Aligned to its size rounded up, a block crosses no
 * boundary. In a busy area CMA tries all places that far apart, each as long as its pages may be
 * migrated.
 */
static unsigned int cma_order(const struct ctgm_constraints *place)
{
	unsigned long align = roundup_pow_of_two(place->nr);

	if (!place->boundary)
		align = min(align, pageblock_nr_pages);
	return ilog2(max(place->align, align));
}

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
	struct page *page = cma_alloc(area, place->nr, cma_order(place), true);

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
/* The alignment with which the DMA API asks CMA. */
static unsigned int cma_order(const struct ctgm_constraints *place)
{
	return min_t(unsigned int, order_base_2(place->nr), CONFIG_CMA_ALIGNMENT);
}

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

/* Frames read in a query of all areas, and between two calls of cond_resched(). */
#define CMA_QUERY_READS		BIT(20)
#define CMA_READS_PER_RESCHED	1024

/* Read a place in an area upwards. Returns its end, or the frame that CMA could not clear. */
static unsigned long cma_read_place(struct ctgm_alloc_control *ac, unsigned long first,
				    unsigned long end, unsigned long *moves)
{
	struct ctgm_frame_run run;
	unsigned long at, next;
	const char *kind;

	*moves = 0;
	for (at = first; at < end; at = next) {
		ctgm_pfn_scan_cma(at, &run, &kind);
		if (!(++ac->verdict.frames_read % CMA_READS_PER_RESCHED))
			cond_resched();
		if (run.state > CTGM_FRAME_MOVABLE)
			return at;
		next = min(run.last, end - 1) + 1;
		if (run.state == CTGM_FRAME_MOVABLE)
			*moves += next - at;
	}
	return end;
}

/* The place that CMA would give in a range of its memory: the first one that can be cleared. */
static bool cma_query_range(struct ctgm_alloc_control *ac, const struct ctgm_range *range,
			    unsigned long most_reads, struct ctgm_frames *frames)
{
	struct ctgm_constraints area = {
		.first = range->first,
		.last = range->last,
		.nr = ac->place.nr,
		.align = 1UL << cma_order(&ac->place),
	};
	unsigned long from = 0, start, end, moves;

	while (ac->verdict.frames_read < most_reads && !ctgm_is_late(ac) &&
	       !fatal_signal_pending(current) && ctgm_place_next(&area, from, &start)) {
		end = start + area.nr;
		from = cma_read_place(ac, start, end, &moves);
		if (from < end) {
			from++;
			continue;
		}
		frames->first = start;
		if (!ctgm_place_fits(&ac->place, start))
			return false;
		ac->verdict.pages_migrated += moves;
		return true;
	}
	return false;
}

/**
 * ctgm_cma_query() - would a CMA area serve a request?
 * @ac: the request; @ac->node is the area's, or NUMA_NO_NODE
 * @frames: the first frame is set on success
 *
 * The areas are not told apart where they adjoin, and which pages CMA could not migrate is known
 * as little as in the other sources.
 *
 * Context: Sleeps.
 * Return: %CONTIGMEM_OK or why not.
 */
enum contigmem_reason ctgm_cma_query(struct ctgm_alloc_control *ac, struct ctgm_frames *frames)
{
	unsigned long most_reads = ac->verdict.frames_read + CMA_QUERY_READS;
	struct ctgm_ranges *ranges = ctgm_ranges_get();
	bool served = false;
	unsigned int i;

	for (i = 0; i < ranges->nr && !served; i++) {
		const struct ctgm_range *range = &ranges->range[i];

		if (range->is_cma && (ac->node == NUMA_NO_NODE || range->nid == ac->node))
			served = cma_query_range(ac, range, most_reads, frames);
	}
	ctgm_ranges_put(ranges);
	return served ? CONTIGMEM_OK : CONTIGMEM_NO_FREE_RUN;
}

static enum contigmem_reason cma_source_query(struct ctgm_alloc_control *ac,
					      struct ctgm_frames *frames)
{
	return cma_is_in_reach(ac) ? ctgm_cma_query(ac, frames) : CONTIGMEM_NO_FREE_RUN;
}

const struct ctgm_source ctgm_source_cma = {
	.id = CONTIGMEM_SOURCE_CMA,
	.guesses = true,
	.alloc = cma_source_alloc,
	.query = cma_source_query,
	.free = cma_free,
};
