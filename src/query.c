// SPDX-License-Identifier: GPL-2.0
/*
 * Would a request be served, and if not, what is in its way and what would help? A request goes
 * through the sources with @query set, where the code that serves it stops before it takes or
 * moves anything. What would help is found by asking again.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/topology.h>

#include "account.h"
#include "contig.h"
#include "magazine.h"
#include "partition.h"
#include "pfn_scan.h"
#include "query.h"
#include "ranges.h"
#include "request.h"
#include "source.h"

/* Ask the sources. @assume has bits of CTGM_QUERY that are to hold from the start. */
static enum contigmem_reason query_ask(const struct contigmem_request *req, gfp_t gfp,
				       unsigned int assume, struct ctgm_alloc_control *ac,
				       struct ctgm_frames *frames)
{
	enum contigmem_reason reason = ctgm_request_resolve(req, gfp, ac);
	struct ctgm_account *account;

	if (reason)
		return reason;
	ac->query = CTGM_QUERY | assume;
	account = ctgm_account_find(req->tag);
	if (account && !ctgm_account_has_room(account, ac->place.nr << PAGE_SHIFT))
		return CONTIGMEM_OVER_LIMIT;
	return ctgm_source_alloc(ac, frames);
}

/* Would it be served if? */
static bool query_is_served(const struct contigmem_request *req, gfp_t gfp, unsigned int assume)
{
	struct ctgm_alloc_control ac;
	struct ctgm_frames frames;

	return !query_ask(req, gfp, assume, &ac, &frames);
}

/* May a block of the request lie on this node? */
static bool query_accepts_node(const struct ctgm_alloc_control *ac, int nid)
{
	return !ac->strict || nid == ac->nid;
}

/* Find the windows with the fewest frames in the way, on all nodes and in all zones. */
static void query_find_windows(struct ctgm_alloc_control *ac, struct contigmem_answer *answer)
{
	struct ctgm_ranges *ranges = ctgm_ranges_get();
	struct ctgm_nearest nearest = {};
	unsigned int i;

	ac->ranges = ranges;
	for_each_node_state(ac->node, N_MEMORY) {
		if (!query_accepts_node(ac, ac->node))
			continue;
		for (ac->rank = 0; ac->rank <= ZONE_NORMAL; ac->rank++) {
			ac->zone = ctgm_nth_zone(&ctgm_node_zones[ac->node], ac->place.last,
						 ac->rank);
			if (ac->zone >= 0)
				ctgm_contig_nearest(ac, &nearest);
		}
	}
	ctgm_ranges_put(ranges);
	for (i = 0; i < nearest.nr; i++) {
		const struct ctgm_obstructed *window = &nearest.windows[i];

		answer->windows[i] = (struct contigmem_window){
			.phys = PFN_PHYS(window->start),
			.in_the_way = window->in_the_way,
			.first = window->first,
			.kind = window->kind,
			.flags = ctgm_pfn_flags(window->first),
		};
	}
	answer->nr_windows = nearest.nr;
}

/* Would another node serve? The nearest one that does. */
static void query_help_node(const struct contigmem_request *req, gfp_t gfp,
			    struct contigmem_answer *answer)
{
	int nid, from = req->nid == NUMA_NO_NODE ? numa_mem_id() : req->nid, least = INT_MAX;
	struct contigmem_request other = *req;

	/* Only a strict request does not ask the other nodes as well. */
	if (!(gfp & __GFP_THISNODE))
		return;
	for_each_node_state(nid, N_MEMORY) {
		int distance = from >= 0 && from < nr_node_ids ? node_distance(from, nid) : 0;

		other.nid = nid;
		if (nid == from || distance >= least || !query_is_served(&other, gfp, 0))
			continue;
		least = distance;
		answer->help |= CONTIGMEM_HELP_NODE;
		answer->help_nid = nid;
	}
}

/* Would a larger range serve? Of higher addresses the lowest power of two less one is told. */
static void query_help_range(const struct contigmem_request *req, gfp_t gfp,
			     struct contigmem_answer *answer)
{
	struct contigmem_request other = *req;
	phys_addr_t end;

	other.low = 0;
	if (req->low && query_is_served(&other, gfp, 0)) {
		answer->help |= CONTIGMEM_HELP_LOW;
		answer->help_low = 0;
	}
	other = *req;
	other.high = (phys_addr_t)-1;
	if (req->high == other.high || !query_is_served(&other, gfp, 0))
		return;
	answer->help |= CONTIGMEM_HELP_HIGH;
	answer->help_high = other.high;
	/* The next power of two from the byte behind @high on; at 0 the address space ends. */
	for (end = roundup_pow_of_two(max_t(u64, req->high + 1, PAGE_SIZE)); end; end <<= 1) {
		other.high = end - 1;
		if (other.high <= req->high)
			continue;
		if (query_is_served(&other, gfp, 0)) {
			answer->help_high = other.high;
			break;
		}
	}
}

static void query_help_shape(const struct contigmem_request *req, gfp_t gfp,
			     struct contigmem_answer *answer)
{
	struct contigmem_request other = *req;

	other.align = 0;
	if ((req->align > PAGE_SIZE || (req->align && !is_power_of_2(req->align))) &&
	    query_is_served(&other, gfp, 0))
		answer->help |= CONTIGMEM_HELP_ALIGN;
	other = *req;
	other.boundary = 0;
	if (req->boundary && query_is_served(&other, gfp, 0))
		answer->help |= CONTIGMEM_HELP_BOUNDARY;
}

static void query_help_partition(const struct contigmem_request *req, gfp_t gfp,
				 struct contigmem_answer *answer)
{
	struct contigmem_request other = *req;
	char name[CONTIGMEM_PARTITION_NAME_MAX + 1];
	unsigned int nth;

	for (nth = 0; (other.partition = ctgm_partition_nth(nth, name)); nth++) {
		if (IS_ERR(other.partition) || other.partition == req->partition ||
		    !query_is_served(&other, gfp, 0))
			continue;
		answer->help |= CONTIGMEM_HELP_PARTITION;
		strscpy(answer->help_partition, name, sizeof(answer->help_partition));
		break;
	}
}

static void query_help_memory(const struct contigmem_request *req, gfp_t gfp,
			      struct contigmem_answer *answer)
{
	if (query_is_served(req, gfp, CTGM_QUERY_CACHE_GONE))
		answer->help |= CONTIGMEM_HELP_DROP_CACHES;
	if (query_is_served(req, gfp, CTGM_QUERY_IDLE_GONE))
		answer->help |= CONTIGMEM_HELP_SHRINK_IDLE;
}

/* Are there windows, which something is in the way of? */
static bool query_has_windows(const struct ctgm_alloc_control *ac, enum contigmem_reason reason)
{
	return reason >= CONTIGMEM_NO_FREE_RUN && reason <= CONTIGMEM_LOW_MEMORY &&
	       ac->may_sleep && !ac->partition;
}

/**
 * ctgm_query() - would a request be served now?
 * @req: the request, as the caller passed it
 * @gfp: the context
 * @answer: filled; NULL if the result alone is wanted, which is found sooner
 *
 * Context: Any but NMI, as @gfp says.
 * Return: %CONTIGMEM_OK or why not.
 */
enum contigmem_reason ctgm_query(const struct contigmem_request *req, gfp_t gfp,
				 struct contigmem_answer *answer)
{
	u64 start = ktime_get_mono_fast_ns();
	struct ctgm_frames frames = {};
	struct ctgm_alloc_control ac;
	enum contigmem_reason reason;

	might_sleep_if(gfpflags_allow_blocking(gfp));
	/* What magazines keep a request would take, or have given back. */
	ctgm_magazine_settle();
	reason = query_ask(req, gfp, 0, &ac, &frames);
	if (!answer)
		return reason;
	ac.verdict.reason = reason;
	*answer = (struct contigmem_answer){
		.verdict = ac.verdict,
		.pages_to_move = ac.verdict.pages_migrated,
		.help_nid = NUMA_NO_NODE,
	};
	answer->verdict.pages_migrated = 0;
	answer->verdict.ns = ktime_get_mono_fast_ns() - start;
	if (!reason) {
		/* Another candidate range avoids it. */
		answer->verdict.blocker = 0;
		answer->verdict.blocker_kind = NULL;
		answer->phys = PFN_PHYS(frames.first);
		return reason;
	}
	if (reason == CONTIGMEM_INTERRUPTED)
		return reason;
	if (query_has_windows(&ac, reason))
		query_find_windows(&ac, answer);
	query_help_node(req, gfp, answer);
	query_help_range(req, gfp, answer);
	query_help_shape(req, gfp, answer);
	query_help_partition(req, gfp, answer);
	query_help_memory(req, gfp, answer);
	return reason;
}

/* No block of the request is larger than this many frames. */
static unsigned long query_most_frames(const struct ctgm_alloc_control *ac)
{
	struct ctgm_ranges *ranges = ctgm_ranges_get();
	unsigned long most = 0;
	unsigned int i;

	for (i = 0; i < ranges->nr; i++) {
		const struct ctgm_range *range = &ranges->range[i];
		struct ctgm_constraints place = ctgm_place_within(&ac->place, range->first,
								  range->last);

		if (place.first <= place.last && query_accepts_node(ac, range->nid))
			most = max(most, place.last - place.first + 1);
	}
	ctgm_ranges_put(ranges);
	return ac->place.boundary ? min(most, ac->place.boundary) : most;
}

/**
 * ctgm_query_largest() - the size of the largest block that a request would be served with
 * @req: the request; its size and time limit do not matter
 * @gfp: the context
 * @largest: set to the size in bytes, 0 if there is none
 *
 * A smaller block has a place wherever a larger one has, so that the size is found by halves.
 *
 * Context: Any but NMI, as @gfp says.
 * Return: %CONTIGMEM_OK, or which rule the request breaks, or %CONTIGMEM_INTERRUPTED.
 */
enum contigmem_reason ctgm_query_largest(const struct contigmem_request *req, gfp_t gfp,
					 size_t *largest)
{
	struct contigmem_request asked = *req;
	struct ctgm_alloc_control ac;
	enum contigmem_reason reason;
	struct ctgm_frames frames;
	unsigned long served = 0, refused, nr;

	might_sleep_if(gfpflags_allow_blocking(gfp));
	ctgm_magazine_settle();
	asked.size = PAGE_SIZE;
	asked.timeout_ns = 0;
	reason = ctgm_request_resolve(&asked, gfp, &ac);
	if (reason)
		return reason;
	refused = query_most_frames(&ac) + 1;
	while (served + 1 < refused) {
		nr = served + (refused - served) / 2;
		asked.size = nr << PAGE_SHIFT;
		reason = query_ask(&asked, gfp, 0, &ac, &frames);
		if (reason == CONTIGMEM_INTERRUPTED)
			return reason;
		if (reason)
			refused = nr;
		else
			served = nr;
	}
	*largest = served << PAGE_SHIFT;
	return CONTIGMEM_OK;
}
