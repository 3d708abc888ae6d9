/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which page frames exist: RAM by node and zone.
 */
#ifndef CTGM_RANGES_H
#define CTGM_RANGES_H

#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/kref.h>
#include <linux/limits.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>

#include "placement.h"

/**
 * struct ctgm_range - adjacent page frames of RAM, online, in one zone
 * @first: first frame
 * @last: last frame, inclusive
 * @nid: node
 * @zone: zone, ZONE_NORMAL or below
 * @is_cma: they belong to CMA areas, which alone may hand them out
 */
struct ctgm_range {
	unsigned long first;
	unsigned long last;
	int nid;
	enum zone_type zone;
	bool is_cma;
};

/**
 * struct ctgm_zonelist_span - where the page allocator serves from, asked for one zone
 * @first: lowest frame of the zone that it tries first: the zone itself, or the next
 *	lower one with memory
 * @last: highest frame of that zone and of the lower ones
 *
 * Where there is no such memory, [0, ULONG_MAX], which no request's range contains.
 */
struct ctgm_zonelist_span {
	unsigned long first;
	unsigned long last;
};

/**
 * struct ctgm_node_ranges - the ranges of one node
 * @begin: index of the first
 * @end: index behind the last; @begin if the node has none
 * @zonelist: by zone
 */
struct ctgm_node_ranges {
	unsigned int begin;
	unsigned int end;
	struct ctgm_zonelist_span zonelist[ZONE_NORMAL + 1];
};

/**
 * struct ctgm_node_zones - the zones of one node, or of the machine
 * @first: by zone, its lowest frame; ULONG_MAX if it has none
 * @pending: by zone, frames that allocations under way will take
 * @dropped: by zone, the frame below which page cache is dropped next; 0 at first
 *
 * Read without a lock: memory hotplug changes one word at a time.
 */
struct ctgm_node_zones {
	unsigned long first[ZONE_NORMAL + 1];
	atomic_long_t pending[ZONE_NORMAL + 1];
	unsigned long dropped[ZONE_NORMAL + 1];
};

/**
 * struct ctgm_ranges - all ranges; constant between two events of memory hotplug
 * @ref: taken by ctgm_ranges_get()
 * @node: by node
 * @nr: how many ranges
 * @room: private: how many fit
 * @range: by node, then from the highest address down, so that low memory,
 *	which few devices need and nothing replaces, is the last to be used
 */
struct ctgm_ranges {
	struct kref ref;
	struct ctgm_node_ranges *node;
	unsigned int nr;
	unsigned int room;
	struct ctgm_range range[];
};

/* Walk the ranges of a node, beginning with NULL; NULL after the last. */
static inline const struct ctgm_range *ctgm_range_next(const struct ctgm_ranges *ranges, int nid,
						       const struct ctgm_range *range)
{
	const struct ctgm_node_ranges *node = &ranges->node[nid];

	range = range ? range + 1 : ranges->range + node->begin;
	return range < ranges->range + node->end ? range : NULL;
}

/* By node; behind the last node, the whole machine. */
extern struct ctgm_node_zones *ctgm_node_zones;

static inline const struct ctgm_node_zones *ctgm_machine_zones(void)
{
	return &ctgm_node_zones[nr_node_ids];
}

/**
 * ctgm_nth_zone() - the zones in which a block may lie, the highest first
 * @zones: of a node, or of the machine
 * @last: last acceptable frame
 * @nth: how many zones to pass over
 *
 * Context: Any.
 * Return: the zone, or -1 if there are fewer.
 */
static inline int ctgm_nth_zone(const struct ctgm_node_zones *zones, unsigned long last,
				unsigned int nth)
{
	int zone;

	for (zone = ZONE_NORMAL; zone >= 0; zone--) {
		if (READ_ONCE(zones->first[zone]) <= last && !nth--)
			return zone;
	}
	return -1;
}

/* The last frame below all memory of higher zones; ULONG_MAX if there is none. Any context. */
static inline unsigned long ctgm_zone_last(int zone)
{
	unsigned long end = ULONG_MAX;

	while (++zone <= ZONE_NORMAL)
		end = min(end, READ_ONCE(ctgm_machine_zones()->first[zone]));
	return end == ULONG_MAX ? end : end - 1;
}

/* The gfp bit with which the page allocator tries a zone first. */
static inline gfp_t ctgm_zone_gfp(int zone)
{
#ifdef CONFIG_ZONE_DMA
	if (zone == ZONE_DMA)
		return __GFP_DMA;
#endif
#ifdef CONFIG_ZONE_DMA32
	if (zone == ZONE_DMA32)
		return __GFP_DMA32;
#endif
	return 0;
}

#define CTGM_ALL_ZONES	UINT_MAX

int ctgm_ranges_init(void);
int ctgm_ranges_rebuild(void);
void ctgm_ranges_exit(void);
struct ctgm_ranges *ctgm_ranges_get(void);
unsigned long ctgm_ranges_end(void);
void ctgm_ranges_put(struct ctgm_ranges *ranges);
bool ctgm_ranges_have_place(const struct ctgm_ranges *ranges,
			    const struct ctgm_constraints *place, int nid, unsigned int zones);

#endif /* CTGM_RANGES_H */
