// SPDX-License-Identifier: GPL-2.0
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/overflow.h>
#include <linux/pfn.h>
#include <linux/sched/mm.h>
#include <linux/timekeeping.h>
#include <linux/topology.h>

#include "context.h"
#include "memtype.h"
#include "partition.h"
#include "ranges.h"
#include "request.h"

/* The gfp bits of the table in contigmem.h: contexts and modifiers, zones, and those ignored. */
#define REQUEST_GFP	(GFP_KERNEL | GFP_NOWAIT | GFP_ATOMIC | \
			 __GFP_ZERO | __GFP_THISNODE | __GFP_NOWARN | \
			 __GFP_DMA | __GFP_DMA32 | \
			 __GFP_HARDWALL | __GFP_COMP | __GFP_NORETRY | __GFP_RETRY_MAYFAIL)

#define CAUSE(name, words)	{ .error = -(name), .error_name = #name, .text = (words) }

static const struct {
	int error;
	const char *error_name;
	const char *text;
} request_reasons[CONTIGMEM_NR_REASONS] = {
	[CONTIGMEM_OK] = { .error_name = "OK", .text = "served" },
	[CONTIGMEM_BAD_SIZE] = CAUSE(EINVAL, "size is 0 or too large"),
	[CONTIGMEM_BAD_RANGE] = CAUSE(EINVAL, "low is above high"),
	[CONTIGMEM_BAD_ALIGN] = CAUSE(EINVAL, "align is not a power of two"),
	[CONTIGMEM_BAD_BOUNDARY] =
		CAUSE(EINVAL, "boundary is not a power of two, or smaller than a page or the size"),
	[CONTIGMEM_BAD_NODE] = CAUSE(EINVAL, "no such node online"),
	[CONTIGMEM_BAD_CACHE] = CAUSE(EINVAL, "no such cache type"),
	[CONTIGMEM_BAD_PARTITION] = CAUSE(EINVAL, "not an open partition"),
	[CONTIGMEM_BAD_FLAGS] = CAUSE(EINVAL, "unknown flag"),
	[CONTIGMEM_BAD_GFP] = CAUSE(EINVAL, "gfp bit without a meaning here"),
	[CONTIGMEM_NO_PLACE] =
		CAUSE(ERANGE, "range, alignment and boundary leave no place for the size"),
	[CONTIGMEM_NO_MEMORY] = CAUSE(ERANGE, "this machine has no memory there"),
	[CONTIGMEM_NODE_HAS_NONE] = CAUSE(ERANGE, "the node has no memory there"),
	[CONTIGMEM_NOT_IN_PARTITION] = CAUSE(ERANGE, "the partition has no memory there"),
	[CONTIGMEM_OVER_LIMIT] = CAUSE(ENOSPC, "the tag's limit is reached"),
	[CONTIGMEM_NO_FREE_RUN] = CAUSE(ENOSPC, "no free run of that size there"),
	[CONTIGMEM_BLOCKED] = CAUSE(EBUSY, "every window has a page that cannot be moved"),
	[CONTIGMEM_STILL_BUSY] = CAUSE(EBUSY, "pages that should move stayed, try again"),
	[CONTIGMEM_BUDGET_SPENT] = CAUSE(EBUSY, "gave up, see the budget_ parameters"),
	[CONTIGMEM_NO_TARGET] = CAUSE(ENOMEM, "no free memory to move pages to"),
	[CONTIGMEM_LOW_MEMORY] = CAUSE(ENOMEM, "it would leave the zone below its watermark"),
	[CONTIGMEM_NO_BOOKKEEPING] = CAUSE(ENOMEM, "no memory for bookkeeping"),
	[CONTIGMEM_WOULD_SLEEP] = CAUSE(EAGAIN, "only a caller that may sleep can have this"),
	[CONTIGMEM_NO_CACHE_TYPE] =
		CAUSE(EOPNOTSUPP, "this kernel or CPU cannot give that cache type"),
	[CONTIGMEM_PARTITION_CACHE] = CAUSE(EOPNOTSUPP, "the partition has another cache type"),
	[CONTIGMEM_PARTITION_MIGRATES] =
		CAUSE(EOPNOTSUPP, "a CMA area may have to move pages, which the request forbids"),
	[CONTIGMEM_TIMED_OUT] = CAUSE(ETIMEDOUT, "the request's time limit passed"),
	[CONTIGMEM_INTERRUPTED] = CAUSE(EINTR, "interrupted by a fatal signal"),
};

/* The errno of each reason: 0 or negative. */
int ctgm_reason_errno(enum contigmem_reason reason)
{
	return request_reasons[reason].error;
}

/* Its name, without a sign. */
const char *ctgm_reason_errno_name(enum contigmem_reason reason)
{
	return request_reasons[reason].error_name;
}

/**
 * contigmem_reason_text() - a reason in words
 * @reason: from a verdict
 *
 * Context: Any.
 * Return: A constant string, never NULL.
 */
const char *contigmem_reason_text(enum contigmem_reason reason)
{
	if (reason < 0 || reason >= CONTIGMEM_NR_REASONS)
		return "?";
	return request_reasons[reason].text;
}
EXPORT_SYMBOL_GPL(contigmem_reason_text);

/**
 * contigmem_cache_name() - a cache type in a word
 * @cache: cache type
 *
 * Context: Any.
 * Return: A constant string, never NULL.
 */
const char *contigmem_cache_name(enum contigmem_cache cache)
{
	static const char * const names[CONTIGMEM_NR_CACHES] = {
		[CONTIGMEM_CACHED] = "cached",
		[CONTIGMEM_UNCACHED] = "uncached",
		[CONTIGMEM_WRITECOMBINE] = "wc",
	};

	return cache >= 0 && cache < CONTIGMEM_NR_CACHES ? names[cache] : "?";
}
EXPORT_SYMBOL_GPL(contigmem_cache_name);

/* The last byte at which a caller that names a zone can have a block. */
static phys_addr_t request_high(phys_addr_t high, gfp_t gfp)
{
	unsigned long last = ULONG_MAX;

#ifdef CONFIG_ZONE_DMA32
	if (gfp & __GFP_DMA32)
		last = ctgm_zone_last(ZONE_DMA32);
#endif
#ifdef CONFIG_ZONE_DMA
	if (gfp & __GFP_DMA)
		last = ctgm_zone_last(ZONE_DMA);
#endif
	return last < PHYS_PFN(high) ? PFN_PHYS(last + 1) - 1 : high;
}

/* The whole pages of [low, high]; false if there is none. */
static bool request_whole_pages(phys_addr_t low, phys_addr_t high,
				struct ctgm_constraints *place)
{
	/* PFN_UP() would wrap at the top of the address space. */
	unsigned long first = PFN_DOWN(low) + !!(low & ~PAGE_MASK);
	unsigned long end = PFN_DOWN(high) + ((high & ~PAGE_MASK) == ~PAGE_MASK);

	if (first >= end)
		return false;
	place->first = first;
	place->last = end - 1;
	return true;
}

/**
 * ctgm_request_check() - check a request, and translate where it may lie to page frames
 * @req: the request as the caller passed it
 * @gfp: the context as the caller passed it
 * @place: set on success
 *
 * The rules are tried in the order of MmAllocateContiguousMemoryEx()'s
 * arguments, so that of several faults the first argument's is reported. The last one is left
 * to ctgm_request_resolve(): is there a place of the size in the range at all?
 *
 * Context: Any but NMI.
 * Return: %CONTIGMEM_OK, or the rule that is broken.
 */
enum contigmem_reason ctgm_request_check(const struct contigmem_request *req, gfp_t gfp,
					 struct ctgm_constraints *place)
{
	if (!req->size || req->size > SIZE_MAX - (PAGE_SIZE - 1))
		return CONTIGMEM_BAD_SIZE;
	if (req->low > req->high)
		return CONTIGMEM_BAD_RANGE;
	if (req->align && !is_power_of_2(req->align))
		return CONTIGMEM_BAD_ALIGN;
	if (req->boundary && (!is_power_of_2(req->boundary) || req->boundary < PAGE_SIZE ||
			      req->boundary < PAGE_ALIGN(req->size)))
		return CONTIGMEM_BAD_BOUNDARY;
	if (req->nid != NUMA_NO_NODE &&
	    (req->nid < 0 || req->nid >= MAX_NUMNODES || !node_online(req->nid)))
		return CONTIGMEM_BAD_NODE;
	if (req->cache < 0 || req->cache >= CONTIGMEM_NR_CACHES)
		return CONTIGMEM_BAD_CACHE;
	if (req->partition && !ctgm_partition_is_live(req->partition))
		return CONTIGMEM_BAD_PARTITION;
	if (req->flags & ~(CONTIGMEM_FAST | CONTIGMEM_READONLY | CONTIGMEM_ZERO))
		return CONTIGMEM_BAD_FLAGS;
	if (gfp & ~REQUEST_GFP)
		return CONTIGMEM_BAD_GFP;

	place->nr = PFN_UP(req->size);
	place->align = max_t(phys_addr_t, 1, PFN_DOWN(req->align));
	place->boundary = PFN_DOWN(req->boundary);
	return request_whole_pages(req->low, request_high(req->high, gfp), place) ?
	       CONTIGMEM_OK : CONTIGMEM_NO_PLACE;
}

/**
 * ctgm_request_resolve() - check a request and translate it to page frames
 * @req: the request as the caller passed it
 * @gfp: the context as the caller passed it
 * @ac: the verdict is empty; the rest is set on success
 *
 * Context: Any but NMI.
 * Return: %CONTIGMEM_OK, or the rule that is broken, of those of ctgm_request_check() first.
 */
enum contigmem_reason ctgm_request_resolve(const struct contigmem_request *req, gfp_t gfp,
					   struct ctgm_alloc_control *ac)
{
	enum contigmem_reason reason;
	unsigned long at;

	*ac = (struct ctgm_alloc_control){};
	reason = ctgm_request_check(req, gfp, &ac->place);
	if (reason)
		return reason;
	if (!ctgm_place_next(&ac->place, 0, &at))
		return CONTIGMEM_NO_PLACE;
	ac->strict = gfp & __GFP_THISNODE;
	ac->nid = req->nid;
	if (ac->strict && ac->nid == NUMA_NO_NODE)
		ac->nid = numa_mem_id();	/* as in alloc_pages() */
	ac->fast = req->flags & CONTIGMEM_FAST;
	/* A task may be in a scope of memalloc_noio_save() or memalloc_nofs_save(). */
	gfp = current_gfp_context(gfp);
	ac->may_sleep = gfpflags_allow_blocking(gfp);
	ac->io_fs = (gfp & GFP_KERNEL) == GFP_KERNEL;
	ac->cache = req->cache;
	ac->partition = req->partition;
	ac->deadline = U64_MAX;
	if (req->timeout_ns &&
	    check_add_overflow(ktime_get_mono_fast_ns(), req->timeout_ns, &ac->deadline))
		ac->deadline = U64_MAX;
	ac->reclaim = gfp & (__GFP_RECLAIM | __GFP_IO | __GFP_FS);
	/* The other bits of GFP_ATOMIC let the page allocator use its reserves. */
	if (!ac->may_sleep)
		ac->reclaim |= gfp & GFP_ATOMIC;
	if (ac->cache != CONTIGMEM_CACHED && !ctgm_memtype_exists())
		return CONTIGMEM_NO_CACHE_TYPE;
	if (req->flags & CONTIGMEM_READONLY && !ac->may_sleep)
		return CONTIGMEM_WOULD_SLEEP;
	/* From here on locks are taken that are not raw, whatever the gfp says. */
	if (ctgm_raw_locks_only())
		return CONTIGMEM_WOULD_SLEEP;
	return CONTIGMEM_OK;
}
