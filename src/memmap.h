/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which page frames exist.
 */
#ifndef CONTIGMEM_MEMMAP_H
#define CONTIGMEM_MEMMAP_H

#include <linux/kref.h>
#include <linux/mmzone.h>

#include "placement.h"

/**
 * struct extent - a run of page frames of RAM, online, in one zone
 * @first: first frame
 * @last: last frame, inclusive
 * @nid: node
 * @zone: zone, ZONE_NORMAL or below
 */
struct extent {
	unsigned long first;
	unsigned long last;
	int nid;
	enum zone_type zone;
};

/**
 * struct memmap - all extents; does not change once made
 * @ref: taken by memmap_get()
 * @nr: how many
 * @room: how many fit
 * @extent: by node, then from the highest address down, so that low memory,
 *	which few devices need and nothing replaces, is the last to be used
 */
struct memmap {
	struct kref ref;
	unsigned int nr;
	unsigned int room;
	struct extent extent[];
};

/**
 * struct extent_use - what of an extent is in use, as far as can be seen
 * @free: page frames that the page allocator has
 * @largest_free: in its longest run of those
 */
struct extent_use {
	unsigned long free;
	unsigned long largest_free;
};

int memmap_init(void);
int memmap_rebuild(void);
void memmap_exit(void);
struct memmap *memmap_get(void);
void memmap_put(struct memmap *map);
struct extent_use memmap_use_of(const struct extent *extent);
bool memmap_has_above(const struct memmap *map, unsigned long last);
bool memmap_has_place(const struct memmap *map, const struct placement *place, int nid);

#endif /* CONTIGMEM_MEMMAP_H */
