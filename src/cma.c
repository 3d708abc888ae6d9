// SPDX-License-Identifier: GPL-2.0
/*
 * CMA areas, for a caller that may sleep and that no other source could serve: the
 * memory in them is meant for devices without an alternative. CMA takes no range, and a node
 * only from the DMA API.
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
			    unsigned int order, unsigned long most_reads,
			    struct ctgm_frames *frames)
{
	struct ctgm_constraints area = {
		.first = range->first,
		.last = range->last,
		.nr = ac->place.nr,
		.align = 1UL << order,
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

/*
 * Would an area serve a request if it were asked for this alignment? The areas are not told apart
 * where they adjoin, and which pages CMA could not migrate is known as little as in the other
 * sources.
 */
static bool cma_query_aligned(struct ctgm_alloc_control *ac, unsigned int order,
			      struct ctgm_frames *frames)
{
	unsigned long most_reads = ac->verdict.frames_read + CMA_QUERY_READS;
	struct ctgm_ranges *ranges = ctgm_ranges_get();
	bool served = false;
	unsigned int i;

	for (i = 0; i < ranges->nr && !served; i++) {
		const struct ctgm_range *range = &ranges->range[i];

		if (range->is_cma && (ac->node == NUMA_NO_NODE || range->nid == ac->node))
			served = cma_query_range(ac, range, order, most_reads, frames);
	}
	ctgm_ranges_put(ranges);
	return served;
}

/*
 * The DMA API reaches the areas of the nodes, and the default one. It takes a device, whose node
 * and mask are those of one request at a time.
 */
static struct platform_device *cma_device;
static DEFINE_MUTEX(ctgm_cma_device_lock);

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

/* The alignment with which the DMA API asks CMA. */
static unsigned int cma_device_order(const struct ctgm_constraints *place)
{
	return min_t(unsigned int, order_base_2(place->nr), CONFIG_CMA_ALIGNMENT);
}

/*
 * Does the DMA API ask CMA for such a block? Single pages are the page allocator's, and where
 * memory is encrypted it decrypts what it hands out.
 */
static bool cma_serves_device(const struct ctgm_alloc_control *ac)
{
	return ac->place.nr > 1 && !cc_platform_has(CC_ATTR_MEM_ENCRYPT);
}

static bool cma_query_device(struct ctgm_alloc_control *ac, struct ctgm_frames *frames)
{
	return cma_serves_device(ac) && cma_query_aligned(ac, cma_device_order(&ac->place), frames);
}

/* CMA takes no range, and an area may lie on another node. */
static bool cma_meets(const struct ctgm_alloc_control *ac, const struct ctgm_frames *frames)
{
	return ctgm_place_fits(&ac->place, frames->first) &&
	       page_to_nid(pfn_to_page(frames->first)) == ac->node;
}

/*
 * Take a block from the area of a node or, if that has none, from the default one; with
 * NUMA_NO_NODE from the default one. Returns 0, -ENOMEM if they have none, or -ERANGE if what they
 * gave does not meet the request.
 */
static int cma_take_for_device(struct ctgm_alloc_control *ac, int nid, struct ctgm_frames *frames)
{
	size_t size = ac->place.nr << PAGE_SHIFT;
	struct device *dev = &cma_device->dev;
	struct page *page;
	dma_addr_t handle;

	if (!cma_serves_device(ac))
		return -ENOMEM;
	ac->verdict.windows++;
	ac->verdict.attempts++;
	mutex_lock(&ctgm_cma_device_lock);
	set_dev_node(dev, nid);
	/* The area of a node is not asked for a device that needs low memory. */
	dev->coherent_dma_mask = nid == NUMA_NO_NODE ? PFN_PHYS(ac->place.last) + PAGE_SIZE - 1 :
				 DMA_BIT_MASK(64);
	/* What the DMA API then asks the page allocator for must end no program. */
	page = dma_alloc_pages(dev, size, &handle, DMA_BIDIRECTIONAL,
			       ac->reclaim | __GFP_NORETRY | __GFP_NOWARN);
	mutex_unlock(&ctgm_cma_device_lock);
	if (!page)
		return -ENOMEM;
	frames->first = page_to_pfn(page);
	frames->owner = NULL;
	/* Where CMA has none the DMA API asks the page allocator, which src/buddy.c did. */
	if (handle == PFN_PHYS(frames->first) && compat_pageblock_is_cma(frames->first) &&
	    cma_meets(ac, frames))
		return 0;
	dma_free_pages(dev, size, page, handle, DMA_BIDIRECTIONAL);
	return -ERANGE;
}

static void cma_free_for_device(const struct ctgm_frames *run)
{
	dma_free_pages(&cma_device->dev, run->nr << PAGE_SHIFT, pfn_to_page(run->first),
		       PFN_PHYS(run->first), DMA_BIDIRECTIONAL);
}

#ifdef COMPAT_CMA_AREAS
/*
 * The alignment that an area is asked for. Aligned to its size rounded up, a block crosses no
 * boundary. In a busy area CMA tries all places that far apart, each as long as its pages may be
 * migrated.
 */
static unsigned int cma_area_order(const struct ctgm_constraints *place)
{
	unsigned long align = roundup_pow_of_two(place->nr);

	if (!place->boundary)
		align = min(align, pageblock_nr_pages);
	return ilog2(max(place->align, align));
}

void ctgm_cma_free_in(struct cma *area, const struct ctgm_frames *frames)
{
	WARN_ON(!cma_release(area, pfn_to_page(frames->first), frames->nr));
}

/* Take a block from one area. Sleeps. False if the area gave none that fits. */
bool ctgm_cma_alloc_in(struct cma *area, const struct ctgm_constraints *place,
		       struct ctgm_frames *frames)
{
	struct page *page = cma_alloc(area, place->nr, cma_area_order(place), true);

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

/* Those of the nodes are not among the areas that modules can have. */
static bool cma_take(struct ctgm_alloc_control *ac, struct ctgm_frames *frames)
{
	unsigned int index = 0;
	struct cma *area = cma_first_area(&index);

	while (area) {
		ac->verdict.windows++;
		ac->verdict.attempts++;
		frames->owner = area;
		if (ctgm_cma_alloc_in(area, &ac->place, frames)) {
			if (cma_meets(ac, frames))
				return true;
			ctgm_cma_free_in(area, frames);
		}
		area = cma_next_area(&index);
	}
	return COMPAT_CMA_PER_NODE && !cma_take_for_device(ac, ac->node, frames);
}

static void cma_free_range(const struct ctgm_frames *run)
{
	if (run->owner)
		ctgm_cma_free_in(run->owner, run);
	else
		cma_free_for_device(run);
}

/**
 * ctgm_cma_query() - would an area that modules can have serve a request?
 * @ac: the request; @ac->node is the area's, or NUMA_NO_NODE
 * @frames: the first frame is set on success
 *
 * Context: Sleeps.
 * Return: true if it would.
 */
bool ctgm_cma_query(struct ctgm_alloc_control *ac, struct ctgm_frames *frames)
{
	return cma_query_aligned(ac, cma_area_order(&ac->place), frames);
}

static bool cma_query(struct ctgm_alloc_control *ac, struct ctgm_frames *frames)
{
	return ctgm_cma_query(ac, frames) || (COMPAT_CMA_PER_NODE && cma_query_device(ac, frames));
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

static bool cma_take(struct ctgm_alloc_control *ac, struct ctgm_frames *frames)
{
	int error = -ERANGE;

	if (COMPAT_CMA_PER_NODE)
		error = cma_take_for_device(ac, ac->node, frames);
	if (error == -ERANGE)
		error = cma_take_for_device(ac, NUMA_NO_NODE, frames);
	return !error;
}

static void cma_free_range(const struct ctgm_frames *run)
{
	cma_free_for_device(run);
}

bool ctgm_cma_query(struct ctgm_alloc_control *ac, struct ctgm_frames *frames)
{
	return false;
}

static bool cma_query(struct ctgm_alloc_control *ac, struct ctgm_frames *frames)
{
	return cma_query_device(ac, frames);
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

static enum contigmem_reason cma_source_query(struct ctgm_alloc_control *ac,
					      struct ctgm_frames *frames)
{
	return cma_is_in_reach(ac) && cma_query(ac, frames) ? CONTIGMEM_OK : CONTIGMEM_NO_FREE_RUN;
}

const struct ctgm_source ctgm_source_cma = {
	.id = CONTIGMEM_SOURCE_CMA,
	.guesses = true,
	.alloc = cma_source_alloc,
	.query = cma_source_query,
	.free = cma_free,
};
