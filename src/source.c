// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) "contigmem: " fmt

#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sched.h>
#include <linux/topology.h>

#include "arena.h"
#include "buddy.h"
#include "catch.h"
#include "cma.h"
#include "contig.h"
#include "gather.h"
#include "magazine.h"
#include "memtype.h"
#include "partition.h"
#include "ranges.h"
#include "source.h"
#include "watermark.h"

#ifdef CONFIG_DMA_CMA
#define SOURCE_CMA	(&ctgm_source_cma)
#else
#define SOURCE_CMA	NULL
#endif

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

/**
 * struct ctgm_source_order - the sources of a request, cheapest first
 * @free: take free frames; ends with NULL
 * @migrate: migrate or reclaim pages; ends with NULL
 */
struct ctgm_source_order {
	const struct ctgm_source *free[6];
	const struct ctgm_source *migrate[8];
};

static const struct ctgm_source_order source_order_cached = {
	.free = { &ctgm_source_arena, &ctgm_source_buddy, &ctgm_source_contig,
		  &ctgm_source_catch, NULL },
	.migrate = { &ctgm_source_arena, &ctgm_source_buddy, &ctgm_source_migrate,
		     &ctgm_source_gather, NULL },
};

/*
 * To change the cache type of single pages costs more than to allocate a pageblock and
 * change the type of all of it once. It splits a large page of the direct map for good as well,
 * so a pageblock is cleared before that.
 */
static const struct ctgm_source_order source_order_typed = {
	.free = { &ctgm_source_arena, &ctgm_source_pageblocks, &ctgm_source_catch_unsplit, NULL },
	.migrate = { &ctgm_source_arena, &ctgm_source_migrate,
		     &ctgm_source_catch_unsplit_drained, &ctgm_source_contig, &ctgm_source_buddy,
		     &ctgm_source_catch, &ctgm_source_gather, NULL },
};

/* The same where no page may be migrated, or where the direct map keeps its type. */
static const struct ctgm_source_order source_order_typed_free = {
	.free = { &ctgm_source_arena, &ctgm_source_contig, &ctgm_source_catch_unsplit,
		  &ctgm_source_buddy, &ctgm_source_catch, NULL },
	.migrate = { &ctgm_source_arena, &ctgm_source_migrate, &ctgm_source_buddy,
		     &ctgm_source_gather, NULL },
};

/*
 * A driver that needs low memory asks for it in particular, and most often more than
 * once: an arena then serves it again without the page allocator.
 */
static const struct ctgm_source_order source_order_low = {
	.free = { &ctgm_source_arena, &ctgm_source_pageblock, &ctgm_source_buddy,
		  &ctgm_source_contig, &ctgm_source_catch, NULL },
	.migrate = { &ctgm_source_arena, &ctgm_source_buddy, &ctgm_source_migrate,
		     &ctgm_source_gather, NULL },
};

/* What no arena has yet, for a new arena. */
static const struct ctgm_source_order source_order_fresh = {
	.free = { &ctgm_source_contig, NULL },
	.migrate = { &ctgm_source_migrate, NULL },
};

/* The memory in CMA areas is meant for devices without an alternative. */
static const struct ctgm_source * const sources_last[] = { SOURCE_CMA, NULL };

static bool source_may_migrate(const struct ctgm_alloc_control *ac)
{
	return ac->may_sleep && ac->io_fs && !ac->fast;
}

static const struct ctgm_source_order *source_order(const struct ctgm_alloc_control *ac)
{
	const struct ctgm_node_zones *machine = ctgm_machine_zones();

	if (ac->fresh)
		return &source_order_fresh;
	if (ac->cache != CONTIGMEM_CACHED)
		return source_may_migrate(ac) && !ctgm_memtype_is_apart() ?
		       &source_order_typed : &source_order_typed_free;
	/* Is there memory in a higher zone, all of it above the request's range? */
	if (ctgm_nth_zone(machine, ac->place.last, 0) < ctgm_nth_zone(machine, ULONG_MAX - 1, 0))
		return &source_order_low;
	return &source_order_cached;
}

static struct {
	atomic64_t tries;
	atomic64_t hits;
	atomic64_t frames_read;
	atomic64_t migrated;
	atomic64_t attempts;
} source_counts[CONTIGMEM_NR_SOURCES];

/* The one place where the frames of every source are held against the request. */
static bool source_fits(const struct ctgm_alloc_control *ac, const struct ctgm_frames *frames)
{
	struct page *head = pfn_to_page(frames->first);
	struct page *tail = pfn_to_page(frames->first + ac->place.nr - 1);

	return ctgm_place_fits(&ac->place, frames->first) &&
	       (ac->node == NUMA_NO_NODE || page_to_nid(head) == ac->node) &&
	       page_zone(head) == page_zone(tail);
}

/* Most often there is nothing to add. */
static void source_count(atomic64_t *counter, unsigned long more)
{
	if (more)
		atomic64_add(more, counter);
}

/* A query is no try of a source. */
static enum contigmem_reason source_query(const struct ctgm_source *source,
					  struct ctgm_alloc_control *ac,
					  struct ctgm_frames *frames)
{
	enum contigmem_reason reason = source->query(ac, frames);

	if (!reason)
		ac->verdict.source = source->id;
	return reason;
}

static enum contigmem_reason source_ask(const struct ctgm_source *source,
					struct ctgm_alloc_control *ac, struct ctgm_frames *frames)
{
	unsigned long frames_read = ac->verdict.frames_read;
	unsigned long migrated = ac->verdict.pages_migrated;
	unsigned long attempts = ac->verdict.attempts;
	enum contigmem_reason reason;

	*frames = (struct ctgm_frames){ .nr = ac->place.nr, .source = source };
	if (unlikely(ac->query))
		return source_query(source, ac, frames);
	reason = source->alloc(ac, frames);
	if (!reason && !source_fits(ac, frames)) {
		WARN(!source->guesses, "contigmem: source %s gave frame %#lx for [%#lx, %#lx]\n",
		     contigmem_source_name(source->id), frames->first,
		     ac->place.first, ac->place.last);
		ctgm_frames_put(frames);
		reason = CONTIGMEM_NO_FREE_RUN;
	}
	if (!reason)
		ac->verdict.source = source->id;

	source_count(&source_counts[source->id].tries, 1);
	source_count(&source_counts[source->id].hits, !reason);
	source_count(&source_counts[source->id].frames_read,
		     ac->verdict.frames_read - frames_read);
	source_count(&source_counts[source->id].migrated, ac->verdict.pages_migrated - migrated);
	source_count(&source_counts[source->id].attempts, ac->verdict.attempts - attempts);
	return reason;
}

/* Remove the node nearest to @from; NUMA_NO_NODE when none is left. */
static int source_take_nearest(int from, nodemask_t *left)
{
	int nid, nearest = NUMA_NO_NODE, least = INT_MAX;

	for_each_node_mask(nid, *left) {
		if (node_distance(from, nid) < least) {
			least = node_distance(from, nid);
			nearest = nid;
		}
	}
	if (nearest != NUMA_NO_NODE)
		node_clear(nearest, *left);
	return nearest;
}

/* No other node, zone or source can change this result. */
static bool source_is_final(enum contigmem_reason reason)
{
	return reason == CONTIGMEM_OK || reason == CONTIGMEM_TIMED_OUT ||
	       reason == CONTIGMEM_INTERRUPTED;
}

/* The result to report of two: one that is final, or the later in the enum. */
static enum contigmem_reason source_report(enum contigmem_reason reason,
					   enum contigmem_reason result)
{
	return source_is_final(result) ? result : max(reason, result);
}

/* Frames of the zone that a query counts as free beside those that are. */
static unsigned long source_credit(const struct ctgm_alloc_control *ac)
{
	unsigned long credit = 0;

	if (ac->query & CTGM_QUERY_IDLE_GONE)
		credit += ctgm_arena_count_idle(ac);
	if (ac->query & CTGM_QUERY_CACHE_GONE)
		credit += ctgm_watermark_droppable(ac);
	return credit;
}

/* Ask these sources on each of these nodes, nearest first, in the zone of this rank. */
static enum contigmem_reason source_try(struct ctgm_alloc_control *ac, int from,
					const nodemask_t *nodes,
					const struct ctgm_source * const *sources,
					struct ctgm_frames *frames)
{
	enum contigmem_reason reason = CONTIGMEM_NO_FREE_RUN;
	const struct ctgm_source * const *source;
	nodemask_t left = *nodes;

	while ((ac->node = source_take_nearest(from, &left)) != NUMA_NO_NODE) {
		ac->zone = ctgm_nth_zone(&ctgm_node_zones[ac->node], ac->place.last, ac->rank);
		if (ac->zone < 0)
			continue;
		if (unlikely(ac->query))
			ac->credit = source_credit(ac);
		for (source = sources; *source; source++) {
			reason = source_report(reason, source_ask(*source, ac, frames));
			if (source_is_final(reason))
				return reason;
		}
	}
	return reason;
}

/* Give back the idle arenas in the request's way, or in a query have them count as free. */
static bool source_release_idle(struct ctgm_alloc_control *ac, const nodemask_t *nodes)
{
	if (likely(!ac->query))
		return ctgm_arena_release_idle(ac->place.first, ac->place.last, nodes, ac->io_fs);
	if (ac->query & CTGM_QUERY_IDLE_GONE)
		return false;
	if (ac->io_fs)
		ctgm_arena_wait_released();
	ac->query |= CTGM_QUERY_IDLE_GONE;
	return true;
}

/*
 * Serve from one zone of these nodes: from free frames on any of them, then from frames that
 * magazines and then idle arenas gave back, and only then by migrating pages.
 */
static enum contigmem_reason source_from_zones(struct ctgm_alloc_control *ac, int from,
					       const nodemask_t *nodes,
					       struct ctgm_frames *frames)
{
	const struct ctgm_source_order *order = source_order(ac);
	enum contigmem_reason reason;
	unsigned int tries;

	ac->migrate = false;
	reason = source_try(ac, from, nodes, order->free, frames);
	for (tries = 0; tries < CTGM_MAGAZINE_DRAINS && !source_is_final(reason) &&
	     ctgm_magazine_drain(); tries++) {
		/* The task that has taken it out may have lost its processor. */
		if (ac->may_sleep && tries)
			schedule_timeout_uninterruptible(1);
		reason = source_report(reason, source_try(ac, from, nodes, order->free, frames));
	}
	if (source_is_final(reason) || !ac->may_sleep)
		return reason;
	if (ctgm_is_late(ac))
		return CONTIGMEM_TIMED_OUT;
	if (!ac->rank && source_release_idle(ac, nodes)) {
		reason = source_report(reason, source_try(ac, from, nodes, order->free, frames));
		if (source_is_final(reason))
			return reason;
	}
	if (!source_may_migrate(ac))
		return reason;
	if (ctgm_is_late(ac))
		return CONTIGMEM_TIMED_OUT;
	ac->migrate = true;
	return source_report(reason, source_try(ac, from, nodes, order->migrate, frames));
}

/*
 * Serve from these nodes, from their highest zones down: few devices need low memory, and
 * no other memory can replace it.
 */
static enum contigmem_reason source_from_nodes(struct ctgm_alloc_control *ac, int from,
					       const nodemask_t *nodes,
					       struct ctgm_frames *frames)
{
	enum contigmem_reason reason = CONTIGMEM_NO_FREE_RUN;

	for (ac->rank = 0; ac->rank <= ZONE_NORMAL; ac->rank++) {
		reason = source_report(reason, source_from_zones(ac, from, nodes, frames));
		if (source_is_final(reason))
			return reason;
	}
	if (!ac->migrate || ac->fresh)
		return reason;
	if (ctgm_is_late(ac))
		return CONTIGMEM_TIMED_OUT;
	ac->rank = 0;
	return source_report(reason, source_try(ac, from, nodes, sources_last, frames));
}

/* The nodes on which a block could ever lie. */
static void source_nodes(const struct ctgm_alloc_control *ac, nodemask_t *nodes)
{
	int nid;

	nodes_clear(*nodes);
	for_each_node_state(nid, N_MEMORY) {
		if (ctgm_ranges_have_place(ac->ranges, &ac->place, nid, CTGM_ALL_ZONES))
			node_set(nid, *nodes);
	}
}

/* Serve from the preferred node, and then from the others unless it is strict. */
static enum contigmem_reason source_from_ranges(struct ctgm_alloc_control *ac,
						struct ctgm_frames *frames)
{
	enum contigmem_reason reason;
	nodemask_t nodes, preferred;

	source_nodes(ac, &nodes);
	if (nodes_empty(nodes))
		return CONTIGMEM_NO_MEMORY;
	if (ac->nid == NUMA_NO_NODE)
		return source_from_nodes(ac, numa_mem_id(), &nodes, frames);
	if (!node_isset(ac->nid, nodes))
		return ac->strict ? CONTIGMEM_NODE_HAS_NONE :
				    source_from_nodes(ac, ac->nid, &nodes, frames);

	preferred = nodemask_of_node(ac->nid);
	reason = source_from_nodes(ac, ac->nid, &preferred, frames);
	if (source_is_final(reason) || ac->strict)
		return reason;
	node_clear(ac->nid, nodes);
	if (nodes_empty(nodes))
		return reason;
	return source_report(reason, source_from_nodes(ac, ac->nid, &nodes, frames));
}

/**
 * ctgm_source_alloc() - get the page frames of a block, or in a query say whether it could
 * @ac: the request; what was read and tried is added to its verdict
 * @frames: set on success; in a query the first frame alone, which may be 0: unknown
 *
 * Context: Sleeps only if @ac->may_sleep.
 * Return: %CONTIGMEM_OK or why not.
 */
enum contigmem_reason ctgm_source_alloc(struct ctgm_alloc_control *ac, struct ctgm_frames *frames)
{
	struct ctgm_ranges *ranges;
	enum contigmem_reason reason;

	if (ac->partition) {
		ac->node = ac->strict ? ac->nid : NUMA_NO_NODE;
		return source_ask(&ctgm_source_partition, ac, frames);
	}
	/* An arena in the highest zone of the nearest node is found without the ranges. */
	ac->node = ac->nid == NUMA_NO_NODE ? numa_mem_id() : ac->nid;
	ac->zone = ctgm_nth_zone(&ctgm_node_zones[ac->node], ac->place.last, 0);
	if (!ac->fresh && !source_ask(&ctgm_source_arena, ac, frames))
		return CONTIGMEM_OK;

	ranges = ctgm_ranges_get();
	ac->ranges = ranges;
	reason = source_from_ranges(ac, frames);
	ctgm_ranges_put(ranges);
	return reason;
}

/* What a source has done since the module was loaded. */
struct ctgm_source_stats ctgm_source_stats(enum contigmem_source source)
{
	return (struct ctgm_source_stats){
		.tries = atomic64_read(&source_counts[source].tries),
		.hits = atomic64_read(&source_counts[source].hits),
		.frames_read = atomic64_read(&source_counts[source].frames_read),
		.migrated = atomic64_read(&source_counts[source].migrated),
		.attempts = atomic64_read(&source_counts[source].attempts),
	};
}
