// SPDX-License-Identifier: GPL-2.0
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/pfn.h>
#include <linux/topology.h>

#include "partition.h"
#include "request.h"

/* What has a meaning here: the contexts, and three modifiers. */
#define REQUEST_GFP	(GFP_KERNEL | GFP_NOWAIT | GFP_ATOMIC | \
			 __GFP_ZERO | __GFP_THISNODE | __GFP_NOWARN)

#define SAYS(name, says)	{ .error = -(name), .error_name = #name, .text = (says) }

static const struct {
	int error;
	const char *error_name;
	const char *text;
} reasons[CONTIGMEM_NR_REASONS] = {
	[CONTIGMEM_OK] = { .error_name = "OK", .text = "served" },
	[CONTIGMEM_BAD_SIZE] = SAYS(EINVAL, "size is 0 or too large"),
	[CONTIGMEM_BAD_RANGE] = SAYS(EINVAL, "low is above high"),
	[CONTIGMEM_BAD_ALIGN] = SAYS(EINVAL, "align is not a power of two"),
	[CONTIGMEM_BAD_BOUNDARY] =
		SAYS(EINVAL, "boundary is not a power of two, or smaller than a page or the size"),
	[CONTIGMEM_BAD_NODE] = SAYS(EINVAL, "no such node online"),
	[CONTIGMEM_BAD_CACHE] = SAYS(EINVAL, "no such cache type"),
	[CONTIGMEM_BAD_PARTITION] = SAYS(EINVAL, "not a live partition"),
	[CONTIGMEM_BAD_FLAGS] = SAYS(EINVAL, "unknown flag"),
	[CONTIGMEM_BAD_GFP] = SAYS(EINVAL, "gfp bit without a meaning here"),
	[CONTIGMEM_NO_PLACE] =
		SAYS(ERANGE, "range, alignment and boundary leave no place for the size"),
	[CONTIGMEM_NO_MEMORY] = SAYS(ERANGE, "this machine has no memory there"),
	[CONTIGMEM_NODE_HAS_NONE] = SAYS(ERANGE, "the node has no memory there"),
	[CONTIGMEM_NOT_IN_PARTITION] = SAYS(ERANGE, "the partition has no memory there"),
	[CONTIGMEM_OVER_LIMIT] = SAYS(ENOSPC, "the tag's limit is reached"),
	[CONTIGMEM_NO_FREE_RUN] = SAYS(ENOSPC, "no free run of that size there"),
	[CONTIGMEM_BLOCKED] = SAYS(EBUSY, "every window has a page that cannot be moved"),
	[CONTIGMEM_STILL_BUSY] = SAYS(EBUSY, "pages that should move stayed, try again"),
	[CONTIGMEM_BUDGET_SPENT] = SAYS(EBUSY, "gave up, see the budget_ parameters"),
	[CONTIGMEM_NO_TARGET] = SAYS(ENOMEM, "no free memory to move pages to"),
	[CONTIGMEM_NO_BOOKKEEPING] = SAYS(ENOMEM, "no memory for bookkeeping"),
	[CONTIGMEM_WOULD_SLEEP] = SAYS(EAGAIN, "only a caller that may sleep can have this"),
	[CONTIGMEM_NO_CACHE_TYPE] =
		SAYS(EOPNOTSUPP, "this kernel or CPU cannot give that cache type"),
	[CONTIGMEM_PARTITION_CACHE] = SAYS(EOPNOTSUPP, "the partition has another cache type"),
	[CONTIGMEM_INTERRUPTED] = SAYS(EINTR, "interrupted by a fatal signal"),
};

/* The errno of each reason: 0 or negative. */
int request_errno(enum contigmem_reason reason)
{
	return reasons[reason].error;
}

/* Its name, without a sign. */
const char *request_errno_name(enum contigmem_reason reason)
{
	return reasons[reason].error_name;
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
	return reasons[reason].text;
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

/**
 * contigmem_source_name() - a source in a word
 * @source: source
 *
 * Context: Any.
 * Return: A constant string, never NULL.
 */
const char *contigmem_source_name(enum contigmem_source source)
{
	static const char * const names[CONTIGMEM_NR_SOURCES] = {
		[CONTIGMEM_SOURCE_NONE] = "none",
		[CONTIGMEM_SOURCE_ARENA] = "arena",
		[CONTIGMEM_SOURCE_BUDDY] = "buddy",
		[CONTIGMEM_SOURCE_RANGE] = "range",
		[CONTIGMEM_SOURCE_CMA] = "cma",
		[CONTIGMEM_SOURCE_PARTITION] = "partition",
	};

	return source >= 0 && source < CONTIGMEM_NR_SOURCES ? names[source] : "?";
}
EXPORT_SYMBOL_GPL(contigmem_source_name);

/* The whole pages of [low, high]; false if there is none. */
static bool whole_pages(phys_addr_t low, phys_addr_t high, struct placement *place)
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
 * request_resolve() - check a request and translate it to page frames
 * @req: what the caller passed
 * @gfp: what the caller passed
 * @need: filled on success
 *
 * The rules are tried in the order of MmAllocateContiguousMemoryEx()'s
 * arguments, so that of several faults the first argument's is reported.
 *
 * Return: %CONTIGMEM_OK, or the rule that is broken.
 */
enum contigmem_reason request_resolve(const struct contigmem_request *req, gfp_t gfp,
				      struct need *need)
{
	unsigned long at;

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
	if (req->partition && !partition_is_live(req->partition))
		return CONTIGMEM_BAD_PARTITION;
	if (req->flags & ~(CONTIGMEM_FAST | CONTIGMEM_READONLY))
		return CONTIGMEM_BAD_FLAGS;
	if (gfp & ~REQUEST_GFP)
		return CONTIGMEM_BAD_GFP;

	need->place = (struct placement){
		.nr = PFN_UP(req->size),
		.align = max_t(phys_addr_t, 1, PFN_DOWN(req->align)),
		.boundary = PFN_DOWN(req->boundary),
	};
	if (!whole_pages(req->low, req->high, &need->place) ||
	    !placement_next(&need->place, 0, &at))
		return CONTIGMEM_NO_PLACE;

	need->strict = gfp & __GFP_THISNODE;
	need->nid = req->nid;
	if (need->strict && need->nid == NUMA_NO_NODE)
		need->nid = numa_mem_id();	/* as in alloc_pages() */
	need->cache = req->cache;
	need->partition = req->partition;
	need->fast = req->flags & CONTIGMEM_FAST;
	need->may_sleep = gfpflags_allow_blocking(gfp);
	need->reclaim = gfp & (__GFP_RECLAIM | __GFP_IO | __GFP_FS);
	/* What GFP_ATOMIC has beyond that lets the page allocator dig into reserves. */
	if (!need->may_sleep)
		need->reclaim |= gfp & GFP_ATOMIC;
	return CONTIGMEM_OK;
}
