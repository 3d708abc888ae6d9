// SPDX-License-Identifier: GPL-2.0
/*
 * alloc_contig_range() looks at no watermark, and an allocation that compacts may be
 * given a block below it. What is counted here is what the page allocator counts for a
 * caller that has no right to its reserves.
 */
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/swap.h>
#include <linux/vmstat.h>

#include "compat.h"
#include "page_cache.h"
#include "ranges.h"
#include "watermark.h"

/* Frames of lower zones that may be taken before reclaim works: as many as ZONE_DMA has. */
#define WATERMARK_LOWER_FRAMES	(SZ_16M >> PAGE_SHIFT)

static atomic_long_t *watermark_pending(const struct ctgm_alloc_control *ac)
{
	return &ctgm_node_zones[ac->node].pending[ac->zone];
}

/*
 * Free frames of a zone above a watermark and the reserve that the zone keeps from
 * requests that zones up to @highest can serve, as far as other allocations will not take them.
 */
static long watermark_room_for(const struct ctgm_alloc_control *ac, int zonenum,
			       enum zone_watermarks mark, int highest)
{
	struct zone *zone = &NODE_DATA(ac->node)->node_zones[zonenum];
	long free = zone_page_state_snapshot(zone, NR_FREE_PAGES);

#ifdef CONFIG_CMA
	free -= zone_page_state_snapshot(zone, NR_FREE_CMA_PAGES);
#endif
	if (unlikely(ac->query) && zonenum == ac->zone)
		free += ac->credit;
	return free - (long)(READ_ONCE(zone->nr_reserved_highatomic) + wmark_pages(zone, mark)) -
	       READ_ONCE(zone->lowmem_reserve[highest]) -
	       atomic_long_read(&ctgm_node_zones[ac->node].pending[zonenum]);
}

/* The same for the request: the highest zone of the machine that can serve it. */
static long watermark_room_in(const struct ctgm_alloc_control *ac, int zonenum,
			      enum zone_watermarks mark)
{
	return watermark_room_for(ac, zonenum, mark,
				  ctgm_nth_zone(ctgm_machine_zones(), ac->place.last, 0));
}

static long watermark_room(const struct ctgm_alloc_control *ac, enum zone_watermarks mark)
{
	return watermark_room_in(ac, ac->zone, mark);
}

/*
 * Free pages of @ac->zone in the processors' lists, which the page allocator does not count
 * as free. alloc_contig_range() returns them to the free lists before it takes frames. After
 * reclaim there are thousands.
 */
static long watermark_listed(const struct ctgm_alloc_control *ac)
{
	struct zone *zone = &NODE_DATA(ac->node)->node_zones[ac->zone];
	long listed = 0;
	int cpu;

	for_each_online_cpu(cpu)
		listed += READ_ONCE(per_cpu_ptr(zone->per_cpu_pageset, cpu)->count);
	return listed;
}

/* Would a zone of @ac->node hold its min watermark without @nr more frames? Any context. */
bool ctgm_watermark_leaves_min(const struct ctgm_alloc_control *ac, int zonenum, unsigned long nr)
{
	return watermark_room_in(ac, zonenum, WMARK_MIN) >= (long)nr;
}

/* Does @ac->zone hold its low watermark now? Any context. */
bool ctgm_watermark_holds_low(const struct ctgm_alloc_control *ac)
{
	return watermark_room(ac, WMARK_LOW) >= 0;
}

/* Half of a zone's pages that reclaim can free: of the others some are dirty or in use. */
static long watermark_reclaimable(const struct ctgm_alloc_control *ac, int zonenum)
{
	struct zone *zone = &NODE_DATA(ac->node)->node_zones[zonenum];
	long file = zone_page_state(zone, NR_ZONE_INACTIVE_FILE) +
		    zone_page_state(zone, NR_ZONE_ACTIVE_FILE);
	long anon = zone_page_state(zone, NR_ZONE_INACTIVE_ANON) +
		    zone_page_state(zone, NR_ZONE_ACTIVE_ANON);

	return (file + min(anon, get_nr_swap_pages())) / 2;
}

/*
 * Pages that reclaim can free beyond those that other tasks need. Free pages in the lists of one
 * processor serve no task on another, and no watermark counts them; the lists of a zone hold as
 * many as its low watermark. A task that finds neither free pages nor any to reclaim ends in
 * the OOM killer meanwhile.
 */
static long watermark_replaceable(const struct ctgm_alloc_control *ac, int zonenum)
{
	struct zone *zone = &NODE_DATA(ac->node)->node_zones[zonenum];

	return watermark_reclaimable(ac, zonenum) - (long)low_wmark_pages(zone);
}

/*
 * Free frames of a zone that a request may take without reclaim: those above the low watermark,
 * without what other tasks need and cannot reclaim.
 */
static long watermark_spare(const struct ctgm_alloc_control *ac, int zonenum)
{
	return watermark_room_in(ac, zonenum, WMARK_LOW) +
	       min(watermark_replaceable(ac, zonenum), 0L);
}

/* Could a zone of @ac->node spare @nr more frames? Any context. */
bool ctgm_watermark_spares(const struct ctgm_alloc_control *ac, int zonenum, unsigned long nr)
{
	return watermark_spare(ac, zonenum) >= (long)nr;
}

/* Half of the pages of @ac->zone that reclaim can free. Any context. */
unsigned long ctgm_watermark_reclaimable(const struct ctgm_alloc_control *ac)
{
	return max(watermark_reclaimable(ac, ac->zone), 0L);
}

/*
 * Pages of @ac->zone that are page cache, and neither mapped, dirty nor written back: dropping the
 * caches frees them. The mapped ones are those of all zones. Any context.
 */
unsigned long ctgm_watermark_droppable(const struct ctgm_alloc_control *ac)
{
	struct zone *zone = &NODE_DATA(ac->node)->node_zones[ac->zone];
	long pages = zone_page_state(zone, NR_ZONE_INACTIVE_FILE) +
		     zone_page_state(zone, NR_ZONE_ACTIVE_FILE) -
		     zone_page_state(zone, NR_ZONE_WRITE_PENDING) -
		     global_node_page_state(NR_FILE_MAPPED);

	return max(pages, 0L);
}

/**
 * ctgm_watermark_has_targets() - has the machine memory to migrate pages to?
 * @ac: the allocation; @node and @zone say where
 * @moves: pages to migrate
 * @taken: free frames of the zone that are no targets, since they are part of the range
 *
 * Migrated pages go to any zone of any node, down to its min watermark, and reclaim works for them.
 *
 * Context: Any.
 * Return: true if it has.
 */
bool ctgm_watermark_has_targets(const struct ctgm_alloc_control *ac, unsigned long moves,
				unsigned long taken)
{
	struct ctgm_alloc_control at = *ac;
	long room = -(long)taken;
	int zone;

	for_each_node_state(at.node, N_MEMORY) {
		for (zone = 0; zone < MAX_NR_ZONES; zone++) {
			struct zone *in = &NODE_DATA(at.node)->node_zones[zone];
			long free = zone_page_state(in, NR_FREE_PAGES) - min_wmark_pages(in);

			if (!populated_zone(in))
				continue;
			room += max(free, 0L) + watermark_reclaimable(&at, zone);
		}
	}
	return room >= (long)moves;
}

/* Free frames of @ac->zone that may be taken if most go back at once. Any context. */
unsigned long ctgm_watermark_spare_briefly(const struct ctgm_alloc_control *ac)
{
	return max(watermark_room(ac, WMARK_LOW), 0L);
}

/* The reason of a zone that can spare nothing: that does not matter where no block could lie. */
static enum contigmem_reason watermark_is_low(const struct ctgm_alloc_control *ac)
{
	return ctgm_ranges_have_place(ac->ranges, &ac->place, ac->node, BIT(ac->zone)) ?
	       CONTIGMEM_LOW_MEMORY : CONTIGMEM_NO_FREE_RUN;
}

/**
 * ctgm_watermark_refuses() - can a zone not spare the free frames of a request?
 * @ac: the allocation; @node and @zone say where
 *
 * Asked before frames are read: in memory full of page cache that would be in vain for each
 * request.
 *
 * Context: Any.
 * Return: %CONTIGMEM_OK if it can. Otherwise why not, %CONTIGMEM_NO_FREE_RUN if pages may be
 *	migrated afterwards, which tells more, or if no block could lie in the zone anyway.
 */
enum contigmem_reason ctgm_watermark_refuses(const struct ctgm_alloc_control *ac)
{
	if (watermark_spare(ac, ac->zone) >= (long)ac->place.nr)
		return CONTIGMEM_OK;
	if (!ac->fast && ac->io_fs)
		return CONTIGMEM_NO_FREE_RUN;
	return watermark_is_low(ac);
}

/* Free frames of the zone that a request may take where page cache replaces them. */
static long watermark_takeable(const struct ctgm_alloc_control *ac)
{
	return min(watermark_room(ac, WMARK_LOW) + watermark_replaceable(ac, ac->zone),
		   watermark_room(ac, WMARK_MIN) + watermark_listed(ac));
}

/* Does the zone hold its watermark without @nr more frames? */
static bool watermark_has_room(const struct ctgm_alloc_control *ac, unsigned long nr,
			       enum ctgm_watermark_use use)
{
	switch (use) {
	case CTGM_BRIEFLY:
		return watermark_room(ac, WMARK_LOW) >= (long)nr;
	case CTGM_REPLACED:
		return watermark_takeable(ac) >= (long)nr;
	default:
		return watermark_spare(ac, ac->zone) >= (long)nr;
	}
}

/* Frames of the zone for a caller that reclaims: those in the processors' lists as well. */
static long watermark_within_reach(const struct ctgm_alloc_control *ac)
{
	return watermark_room(ac, WMARK_LOW) + watermark_listed(ac);
}

/* Frames of lower zones that the page allocator serves from before it reclaims in @ac->zone. */
static long watermark_lower(const struct ctgm_alloc_control *ac)
{
	long lower = 0;
	int zonenum;

	for (zonenum = 0; zonenum < ac->zone; zonenum++) {
		if (populated_zone(&NODE_DATA(ac->node)->node_zones[zonenum]))
			lower += max(watermark_room_for(ac, zonenum, WMARK_MIN, ac->zone), 0L);
	}
	return lower;
}

/*
 * Would reclaim work for @nr frames? Not where there are enough, or lower zones have so much free
 * memory that the page allocator serves from them instead. Nor where it would use up what other
 * tasks need: all down to the min watermark is taken before the page allocator reclaims.
 */
static bool watermark_reclaims(const struct ctgm_alloc_control *ac, unsigned long nr)
{
	long lacks = (long)nr - watermark_within_reach(ac);
	long before = watermark_room(ac, WMARK_MIN) - watermark_room(ac, WMARK_LOW);

	return lacks > 0 && watermark_lower(ac) <= WATERMARK_LOWER_FRAMES &&
	       lacks + before <= watermark_replaceable(ac, ac->zone);
}

/* Pages that move away leave the zone as it is, as long as page cache makes room for them. */
static bool watermark_lets_move(const struct ctgm_alloc_control *ac)
{
	return watermark_room(ac, WMARK_LOW) + watermark_replaceable(ac, ac->zone) >= 0;
}

/**
 * ctgm_watermark_replaces() - drop page cache of a zone for free frames that a request takes
 * @ac: the request; @node says where
 * @zonenum: zone
 * @nr: how many
 * @from: what they are taken from; NULL if the page allocator gave them
 *
 * A zone that has as many free frames afterwards as before stays as it is. Not where lower zones
 * have free memory: pages can be migrated there. A query drops nothing.
 *
 * Context: Sleeps; enters file systems.
 * Return: false if there is too little.
 */
bool ctgm_watermark_replaces(const struct ctgm_alloc_control *ac, int zonenum, unsigned long nr,
			     const struct ctgm_frame_run *from)
{
	struct ctgm_alloc_control at = *ac;

	at.zone = zonenum;
	if (watermark_lower(&at) > WATERMARK_LOWER_FRAMES || !watermark_lets_move(&at) ||
	    ctgm_watermark_droppable(&at) / 2 < nr)
		return false;
	return unlikely(ac->query) || ctgm_page_cache_shrink(&at, nr, from);
}

/*
 * Is there so much memory beside what stays for sure? Where there is not, a block would be had by
 * nothing that is migrated or reclaimed, and all that others can reclaim would go in the attempt.
 */
static bool watermark_is_conceivable(unsigned long nr)
{
	long anon = global_node_page_state(NR_INACTIVE_ANON) +
		    global_node_page_state(NR_ACTIVE_ANON);
	long stays = max(anon - get_nr_swap_pages(), 0L) + global_node_page_state(NR_UNEVICTABLE) +
		     global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B) +
		     global_node_page_state(NR_PAGETABLE);

	return (long)totalram_pages() - stays >= (long)nr;
}

/**
 * ctgm_watermark_takes() - free frames of a zone that a request may take that has pages migrated
 * @ac: the request; @node and @zone say where
 * @spare: set to as many as ctgm_watermark_reserve() reserves if page cache may replace them;
 *	%LONG_MAX where ctgm_watermark_reclaim() would get more
 *
 * Context: Any.
 * Return: %CONTIGMEM_OK. Otherwise why it may not even have pages migrated: %CONTIGMEM_NO_TARGET if
 *	the machine cannot have so much memory, %CONTIGMEM_NO_FREE_RUN if no block could lie in the
 *	zone anyway.
 */
enum contigmem_reason ctgm_watermark_takes(const struct ctgm_alloc_control *ac,
					   unsigned long *spare)
{
	*spare = watermark_reclaims(ac, ac->place.nr) ? LONG_MAX :
		 max(watermark_takeable(ac), 0L);
	if (!*spare && !watermark_lets_move(ac))
		return watermark_is_low(ac);
	return watermark_is_conceivable(ac->place.nr) ? CONTIGMEM_OK : CONTIGMEM_NO_TARGET;
}

/**
 * ctgm_watermark_reserve() - reserve frames of a zone for an allocation
 * @ac: the allocation; @node and @zone say where
 * @nr: frames that it will take
 * @use: what becomes of them
 *
 * Below the low watermark the page allocator serves single pages to tasks that reclaim
 * for them. A caller that asks until it is refused must not use these pages up, or the
 * tasks end in the OOM killer. But in memory full of page cache the zones stay near their
 * low watermark, and there a caller that reclaims may go down to the min watermark, as in
 * the page allocator.
 *
 * A query reserves nothing, and lets the page cache count that reclaim would free for the caller.
 *
 * Context: Any.
 * Return: false if the zone would not hold its watermark. Otherwise
 *	ctgm_watermark_unreserve() follows once the frames are taken, and for %CTGM_REPLACED
 *	ctgm_watermark_reclaim() where the watermark does not hold then.
 */
bool ctgm_watermark_reserve(const struct ctgm_alloc_control *ac, unsigned long nr,
			    enum ctgm_watermark_use use)
{
	if (!nr && use == CTGM_REPLACED)
		return watermark_lets_move(ac);
	if (unlikely(ac->query))
		return watermark_has_room(ac, nr, use) ||
		       (use == CTGM_REPLACED && watermark_reclaims(ac, nr));
	atomic_long_add(nr, watermark_pending(ac));
	if (watermark_has_room(ac, 0, use))
		return true;
	atomic_long_sub(nr, watermark_pending(ac));
	return false;
}

/* The frames are taken, or not needed. A query reserves none. */
void ctgm_watermark_unreserve(const struct ctgm_alloc_control *ac, unsigned long nr)
{
	if (likely(!ac->query))
		atomic_long_sub(nr, watermark_pending(ac));
}

/**
 * ctgm_watermark_reclaim() - let reclaim work until frames could be reserved
 * @ac: the allocation
 * @nr: how many
 *
 * The page allocator reclaims for a task once a zone is at its min watermark. Pages are
 * taken until it does, and all freed in the end: not where less can be reclaimed than is
 * needed, since tasks that find neither free nor reclaimable pages meanwhile end in the OOM
 * killer. Reclaim has failed where the page allocator, which tries while any page comes free,
 * says so.
 *
 * Context: Sleeps.
 */
void ctgm_watermark_reclaim(const struct ctgm_alloc_control *ac, unsigned long nr)
{
	gfp_t gfp = ac->reclaim | __GFP_RETRY_MAYFAIL | __GFP_NOWARN | __GFP_THISNODE |
		    ctgm_zone_gfp(ac->zone);
	/* Each page that is taken leaves the zone at its min watermark at least. */
	long most = (long)nr + watermark_room(ac, WMARK_MIN) - watermark_room(ac, WMARK_LOW);
	long held = 0, lower = 0, has;
	struct page *page, *next;
	LIST_HEAD(pages);

	if (unlikely(ac->query) || !watermark_reclaims(ac, nr))
		return;
	has = watermark_within_reach(ac);
	/* With @held frames out of the free lists, the others have to suffice. */
	while (has < (long)nr && held < most && lower <= WATERMARK_LOWER_FRAMES &&
	       !fatal_signal_pending(current) && !ctgm_is_late(ac)) {
		page = alloc_pages_node(ac->node, gfp, 0);
		if (!page)
			break;
		list_add(&page->lru, &pages);
		/* The page allocator prefers a lower zone with free memory to reclaim. */
		if (page_zonenum(page) == ac->zone)
			held++;
		else
			lower++;
		has = watermark_within_reach(ac) + held;
		cond_resched();
	}
	list_for_each_entry_safe(page, next, &pages, lru)
		__free_page(page);
}
