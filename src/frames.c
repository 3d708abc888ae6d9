// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) "contigmem: " fmt

#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/topology.h>

#include "arena.h"
#include "cma.h"
#include "frames.h"
#include "partition.h"
#include "source.h"

#ifdef CONFIG_DMA_CMA
#define SOURCE_CMA	(&source_cma)
#else
#define SOURCE_CMA	NULL
#endif

/*
 * Cheapest first: to change the cache type of the page allocator's pages costs
 * more than to claim a pageblock and change the type of all of it once.
 */
static const struct source * const sources_cached[] = {
	&source_arena, &source_buddy, &source_range, SOURCE_CMA, NULL
};

static const struct source * const sources_typed[] = {
	&source_arena, &source_range, &source_buddy, SOURCE_CMA, NULL
};

/*
 * Low memory has to be asked for in particular, most often by somebody who will
 * ask again: an arena answers in a quarter of the page allocator's time.
 */
static const struct source * const sources_low[] = {
	&source_arena, &source_pageblock, &source_buddy, &source_range, SOURCE_CMA, NULL
};

static const struct source * const *sources_of(const struct need *need, const struct memmap *map)
{
	if (need->cache != CONTIGMEM_CACHED)
		return sources_typed;
	return memmap_has_above(map, need->place.last) ? sources_low : sources_cached;
}

static struct {
	atomic64_t tries;
	atomic64_t hits;
	atomic64_t frames_read;
	atomic64_t migrated;
	atomic64_t attempts;
} counts[CONTIGMEM_NR_SOURCES];

static atomic64_t leaked;

/* The one place where an answer is held against the request. */
static bool answer_fits(const struct need *need, int nid, unsigned long first)
{
	struct page *head = pfn_to_page(first);
	struct page *tail = pfn_to_page(first + need->place.nr - 1);

	return placement_fits(&need->place, first) &&
	       (nid == NUMA_NO_NODE || page_to_nid(head) == nid) &&
	       page_zone(head) == page_zone(tail);
}

/* Most often there is nothing to add. */
static void count(atomic64_t *counter, unsigned long more)
{
	if (more)
		atomic64_add(more, counter);
}

static enum contigmem_reason ask(const struct source *source, const struct need *need,
				 const struct memmap *map, int nid, bool migrate,
				 struct frames *frames, struct contigmem_verdict *verdict)
{
	struct contigmem_verdict before = *verdict;
	enum contigmem_reason reason;

	*frames = (struct frames){ .nr = need->place.nr, .source = source->id };
	reason = source->get(need, map, nid, migrate, frames, verdict);
	if (!reason) {
		if (!answer_fits(need, nid, frames->first)) {
			WARN(!source->guesses, "contigmem: source %s gave frame %#lx for [%#lx, %#lx]\n",
			     contigmem_source_name(source->id), frames->first,
			     need->place.first, need->place.last);
			frames_put(frames);
			reason = CONTIGMEM_NO_FREE_RUN;
		}
	}

	count(&counts[source->id].tries, 1);
	count(&counts[source->id].hits, !reason);
	count(&counts[source->id].frames_read, verdict->frames_read - before.frames_read);
	count(&counts[source->id].migrated, verdict->pages_migrated - before.pages_migrated);
	count(&counts[source->id].attempts, verdict->attempts - before.attempts);
	return reason;
}

/* Of the nodes left the one nearest to @from; NUMA_NO_NODE when none is left. */
static int take_nearest(int from, nodemask_t *left)
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

/* What no other node can mend. */
static bool is_final(enum contigmem_reason reason)
{
	return reason == CONTIGMEM_OK || reason == CONTIGMEM_INTERRUPTED;
}

/*
 * Serve from these nodes, nearest first: from what is free on any of them, and
 * only then by moving pages. Of several reasons the one that got furthest is
 * told, which is the later in the enum.
 */
static enum contigmem_reason get_from(const struct need *need, const struct memmap *map,
				      int from, const nodemask_t *nodes, struct frames *frames,
				      struct contigmem_verdict *verdict)
{
	const struct source * const *sources = sources_of(need, map), * const *source;
	enum contigmem_reason reason = CONTIGMEM_NO_FREE_RUN;
	bool may_migrate = need->may_sleep && !need->fast;
	bool released = false;
	int effort, nid;

	for (effort = 0; effort <= may_migrate; effort++) {
		nodemask_t left = *nodes;

		while ((nid = take_nearest(from, &left)) != NUMA_NO_NODE) {
			for (source = sources; *source; source++) {
				enum contigmem_reason said;

				said = ask(*source, need, map, nid, effort > 0, frames, verdict);
				if (is_final(said) || said == CONTIGMEM_NO_TARGET)
					return said;
				reason = max(reason, said);
			}
		}
		/* What lies idle, perhaps with another cache type, is in nobody's way. */
		if (!effort && !released && need->may_sleep && arena_release_idle()) {
			released = true;
			effort--;
		}
	}
	return reason;
}

static enum contigmem_reason get_with(const struct need *need, const struct memmap *map,
				      struct frames *frames, struct contigmem_verdict *verdict)
{
	nodemask_t nodes = NODE_MASK_NONE, preferred;
	enum contigmem_reason reason;
	int nid;

	if (need->partition)
		return ask(&source_partition, need, map, need->strict ? need->nid : NUMA_NO_NODE,
			   false, frames, verdict);
	for_each_node_state(nid, N_MEMORY) {
		if (memmap_has_place(map, &need->place, nid))
			node_set(nid, nodes);
	}
	if (nodes_empty(nodes))
		return CONTIGMEM_NO_MEMORY;
	if (need->nid == NUMA_NO_NODE)
		return get_from(need, map, numa_mem_id(), &nodes, frames, verdict);

	if (node_isset(need->nid, nodes)) {
		preferred = nodemask_of_node(need->nid);
		reason = get_from(need, map, need->nid, &preferred, frames, verdict);
		if (is_final(reason) || need->strict)
			return reason;
		node_clear(need->nid, nodes);
		if (nodes_empty(nodes))
			return reason;
	} else if (need->strict) {
		return CONTIGMEM_NODE_HAS_NONE;
	}
	return get_from(need, map, need->nid, &nodes, frames, verdict);
}

/**
 * frames_get() - get the page frames of a block
 * @need: what they must be like
 * @frames: filled on success
 * @verdict: what was read and tried is added
 *
 * Context: Sleeps only if @need->may_sleep.
 * Return: %CONTIGMEM_OK or why not.
 */
enum contigmem_reason frames_get(const struct need *need, struct frames *frames,
				 struct contigmem_verdict *verdict)
{
	struct memmap *map = memmap_get();
	enum contigmem_reason reason = get_with(need, map, frames, verdict);

	memmap_put(map);
	return reason;
}

/* Give frames back; any context. */
void frames_put(const struct frames *frames)
{
	if (frames->arena)
		arena_put(frames);
	else if (frames->area || frames->source == CONTIGMEM_SOURCE_CMA)
		cma_put(frames);
	else if (frames->whole)
		__free_pages(pfn_to_page(frames->first), ilog2(frames->nr));
	else
		free_contig_range(frames->first, frames->nr);
	if (frames->partition)
		partition_put(frames->partition);
}

/* Keep frames that would poison their next owner, and say so. */
void frames_leak(const struct frames *frames)
{
	atomic64_add(frames->nr, &leaked);
	pr_err("cache type of frames %#lx-%#lx cannot be restored: they stay unused until the next boot\n",
	       frames->first, frames->first + frames->nr - 1);
	if (frames->partition)
		partition_put(frames->partition);
}

struct frames_stats frames_stats_of(enum contigmem_source source)
{
	return (struct frames_stats){
		.tries = atomic64_read(&counts[source].tries),
		.hits = atomic64_read(&counts[source].hits),
		.frames_read = atomic64_read(&counts[source].frames_read),
		.migrated = atomic64_read(&counts[source].migrated),
		.attempts = atomic64_read(&counts[source].attempts),
	};
}

u64 frames_leaked(void)
{
	return atomic64_read(&leaked);
}
