/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which page frames exist: RAM by node and zone.
 */
#ifndef CTGM_RANGES_H
#define CTGM_RANGES_H

#include <linux/kref.h>
#include <linux/mmzone.h>

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
 * struct ctgm_ranges - all ranges; constant between two events of memory hotplug
 * @ref: taken by ctgm_ranges_get()
 * @top_first: lowest frame of the highest zone of the machine
 * @node: by node
 * @nr: how many ranges
 * @room: private: how many fit
 * @range: by node, then from the highest address down, so that low memory,
 *	which few devices need and nothing replaces, is the last to be used
 */
struct ctgm_ranges {
	struct kref ref;
	unsigned long top_first;
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

int ctgm_ranges_rebuild(void);
void ctgm_ranges_exit(void);
struct ctgm_ranges *ctgm_ranges_get(void);
void ctgm_ranges_put(struct ctgm_ranges *ranges);
bool ctgm_ranges_have_place(const struct ctgm_ranges *ranges,
			    const struct ctgm_constraints *place, int nid);

#endif /* CTGM_RANGES_H */
