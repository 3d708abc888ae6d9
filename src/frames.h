/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an allocation and a source exchange: the request in page frames, the frames that
 * serve it, and the operations of a source.
 */
#ifndef CTGM_FRAMES_H
#define CTGM_FRAMES_H

#include <linux/bits.h>
#include <linux/mm.h>
#include <linux/timekeeping.h>

#include "../contigmem.h"
#include "placement.h"

struct ctgm_ranges;
struct ctgm_source;

/**
 * struct ctgm_alloc_control - one allocation on its way
 * @place: where the block may lie
 * @nid: node, NUMA_NO_NODE for any
 * @strict: no other node than @nid
 * @fast: neither migrate nor reclaim
 * @may_sleep: the caller may
 * @cache: cache type
 * @aside: the frames are set aside as a partition
 * @fresh: frames that no arena has yet
 * @partition: from this partition alone; NULL for all memory but partitions
 * @reclaim: the reclaim bits of the caller's gfp
 * @deadline: ktime_get_mono_fast_ns() at which the search ends; U64_MAX for none
 * @io_fs: the caller may wait for I/O and file systems
 * @node: node that is tried now; NUMA_NO_NODE for any
 * @rank: how many higher zones of the nodes were tried before
 * @zone: zone of @node that is tried now
 * @unsplit: no large page of the direct map may be split for it; in src/catch.c alone
 * @saw_small_pages: large pages of the direct map are split already, on one of the nodes; set by
 *	src/catch.c
 * @migrate: pages may be migrated and reclaimed now; otherwise only free frames are taken
 * @ranges: the machine's RAM
 * @query: bits of CTGM_QUERY; 0 for a request that is to be served
 * @credit: in a query, frames of @zone that count as free beside those that are
 * @verdict: what was read and tried so far
 *
 * src/request.c sets the members up to @io_fs, src/block.c @aside, and src/reserve.c @fresh; they
 * are constant afterwards. src/source.c sets the next ones for each call of a source, and
 * src/query.c @query.
 */
struct ctgm_alloc_control {
	struct ctgm_constraints place;
	int nid;
	bool strict;
	bool fast;
	bool may_sleep;
	enum contigmem_cache cache;
	bool aside;
	bool fresh;
	struct contigmem_partition *partition;
	u64 deadline;
	gfp_t reclaim;
	bool io_fs;
	int node;
	unsigned int rank;
	int zone;
	bool unsplit;
	bool saw_small_pages;
	bool migrate;
	const struct ctgm_ranges *ranges;
	unsigned int query;
	unsigned long credit;
	struct contigmem_verdict verdict;
};

/* Say whether the request would be served, and how; take nothing, move nothing. */
#define CTGM_QUERY		BIT(0)
/* As if the idle arenas that a request gives back before it fails had been given back. */
#define CTGM_QUERY_IDLE_GONE	BIT(1)
/* As if the clean page cache had been dropped. */
#define CTGM_QUERY_CACHE_GONE	BIT(2)

/**
 * struct ctgm_frames - page frames that a source has handed out
 * @first: first frame
 * @nr: how many
 * @source: takes them back
 * @owner: the source's own: the arena, CMA area or partition that they belong to
 * @cache: the cache type that they have now
 * @home: the cache type with which @source takes them back
 * @shift: bytes from their address in the direct map to the one with this type, which owners
 *	get; 0 where that is the direct map's
 * @recycled: an earlier block may have left content in them
 */
struct ctgm_frames {
	unsigned long first;
	unsigned long nr;
	const struct ctgm_source *source;
	void *owner;
	enum contigmem_cache cache;
	enum contigmem_cache home;
	long shift;
	bool recycled;
};

/**
 * struct ctgm_source - one way to get page frames
 * @id: its public name
 * @guesses: the frames may miss the request, which is then no fault of the source
 * @recycles: frames that it takes back go to later blocks, not to the kernel
 * @alloc: take @frames->nr frames on @ac->node. @frames has this source and otherwise
 *	zeroes; the source sets the first frame and what differs. Adds to the verdict what
 *	was read and tried, and the first blocker. Returns %CONTIGMEM_OK, or why not with
 *	nothing taken.
 * @query: would @alloc serve the request now? Takes and moves nothing, and follows the rules of
 *	@alloc with its code. On success the first frame is set, or 0 where the kernel chooses
 *	it, and the pages to migrate are added to the verdict
 * @free: take frames back that have their @home cache type; any context but NMI. Poisoned
 *	frames are kept from the next owner. NULL if no frames name this source
 * @leak: NULL, or forget frames that can never be given back; any context but NMI
 */
struct ctgm_source {
	enum contigmem_source id;
	bool guesses;
	bool recycles;
	enum contigmem_reason (*alloc)(struct ctgm_alloc_control *ac, struct ctgm_frames *frames);
	enum contigmem_reason (*query)(struct ctgm_alloc_control *ac, struct ctgm_frames *frames);
	void (*free)(const struct ctgm_frames *frames);
	void (*leak)(const struct ctgm_frames *frames);
};

/* Has the request's time limit passed? */
static inline bool ctgm_is_late(const struct ctgm_alloc_control *ac)
{
	return ac->deadline != U64_MAX && ktime_get_mono_fast_ns() >= ac->deadline;
}

/* Where the frames are mapped with their cache type. */
static inline void *ctgm_frames_address(const struct ctgm_frames *frames)
{
	return page_address(pfn_to_page(frames->first)) + frames->shift;
}

/* How many frames has the kernel found bad? It marks them also while they are in use. */
#ifdef CONFIG_MEMORY_FAILURE
unsigned long ctgm_frames_count_poisoned(const struct ctgm_frames *frames);
#else
static inline unsigned long ctgm_frames_count_poisoned(const struct ctgm_frames *frames)
{
	return 0;
}
#endif

bool ctgm_frames_are_held(const struct ctgm_frames *frames);
bool ctgm_frames_next_good(const struct ctgm_frames *frames, struct ctgm_frames *run);
void ctgm_frames_free_good(const struct ctgm_frames *frames,
			   void (*free)(const struct ctgm_frames *run));
u64 ctgm_frames_poisoned(void);
enum contigmem_reason ctgm_frames_set_type(struct ctgm_frames *frames, enum contigmem_cache cache);
bool ctgm_frames_reset_type(struct ctgm_frames *frames);
void ctgm_frames_restore(struct ctgm_frames *frames);
u64 ctgm_frames_leaked(void);

/* Does ctgm_frames_put() sleep? */
static inline bool ctgm_frames_put_sleeps(const struct ctgm_frames *frames)
{
	return frames->cache != frames->home;
}

/* Give frames back to their source. Sleeps if ctgm_frames_put_sleeps(). */
static inline void ctgm_frames_put(struct ctgm_frames *frames)
{
	if (ctgm_frames_put_sleeps(frames))
		ctgm_frames_restore(frames);
	else
		frames->source->free(frames);
}

#endif /* CTGM_FRAMES_H */
