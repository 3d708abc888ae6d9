// SPDX-License-Identifier: GPL-2.0
#include <linux/ioport.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/spinlock.h>

#include "compat.h"
#include "memmap.h"

static DEFINE_SPINLOCK(lock);	/* protects current_map, not what it points to */
static struct memmap *current_map;
static DEFINE_MUTEX(rebuild_lock);	/* the map made last is the newest */

/* The zone that a frame may be allocated from; NULL if there is none. */
static struct zone *usable_zone(unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);
	struct zone *zone;

	if (!page)
		return NULL;
	zone = page_zone(page);
	/* Unmovable memory in ZONE_MOVABLE would break offlining; ZONE_DEVICE is not ours. */
	if (zone_idx(zone) > ZONE_NORMAL)
		return NULL;
	/* A frame outside its zone's span (frame 0 on x86) is not the zone's. */
	return zone_spans_pfn(zone, pfn) ? zone : NULL;
}

static int add_frames(struct memmap **pmap, unsigned long first, unsigned long last,
		      struct zone *zone)
{
	struct memmap *map = *pmap;
	struct extent *extent = map->extent + map->nr - 1;
	int nid = zone_to_nid(zone);

	if (map->nr && extent->last + 1 == first && extent->nid == nid &&
	    extent->zone == zone_idx(zone)) {
		extent->last = last;
		return 0;
	}
	if (map->nr == map->room) {
		unsigned int room = map->room * 2;
		struct memmap *larger;

		larger = krealloc(map, struct_size(map, extent, room), GFP_KERNEL);
		if (!larger)
			return -ENOMEM;
		larger->room = room;
		*pmap = larger;
		map = larger;
	}
	map->extent[map->nr++] = (struct extent){ first, last, nid, zone_idx(zone) };
	return 0;
}

static int add_ram(struct resource *ram, void *arg)
{
	unsigned long pfn = PFN_UP(ram->start);
	unsigned long end = PFN_DOWN(ram->end + 1);

	while (pfn < end) {
		unsigned long next = min(end, pageblock_end_pfn(pfn));
		struct zone *zone = usable_zone(pfn);
		int error;

		/* A border inside a pageblock: go on frame by frame. */
		if (zone != usable_zone(next - 1))
			next = pfn + 1;
		if (zone) {
			error = add_frames(arg, pfn, next - 1, zone);
			if (error)
				return error;
		}
		pfn = next;
		cond_resched();
	}
	return 0;
}

static int by_node_then_down(const void *left, const void *right)
{
	const struct extent *a = left, *b = right;

	if (a->nid != b->nid)
		return a->nid < b->nid ? -1 : 1;
	return a->first > b->first ? -1 : 1;
}

/* Learn what memory there is now. Sleeps. */
int memmap_rebuild(void)
{
	unsigned int room = 16;
	struct memmap *old, *map;
	int error;

	map = kmalloc(struct_size(map, extent, room), GFP_KERNEL);
	if (!map)
		return -ENOMEM;
	kref_init(&map->ref);
	map->nr = 0;
	map->room = room;

	mutex_lock(&rebuild_lock);
	error = walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY,
				    0, -1, &map, add_ram);
	if (error) {
		mutex_unlock(&rebuild_lock);
		kfree(map);
		return error;
	}
	sort(map->extent, map->nr, sizeof(map->extent[0]), by_node_then_down, NULL);

	spin_lock_irq(&lock);
	old = current_map;
	current_map = map;
	spin_unlock_irq(&lock);
	mutex_unlock(&rebuild_lock);
	if (old)
		memmap_put(old);
	return 0;
}

int memmap_init(void)
{
	return memmap_rebuild();
}

void memmap_exit(void)
{
	memmap_put(current_map);
}

/* The extents as they are now, for any context; give them back with memmap_put(). */
struct memmap *memmap_get(void)
{
	struct memmap *map;
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	map = current_map;
	kref_get(&map->ref);
	spin_unlock_irqrestore(&lock, flags);
	return map;
}

static void release(struct kref *ref)
{
	kfree(container_of(ref, struct memmap, ref));
}

void memmap_put(struct memmap *map)
{
	kref_put(&map->ref, release);
}

/* Read without locks; sleeps. */
struct extent_use memmap_use_of(const struct extent *extent)
{
	unsigned long pfn = extent->first, run = 0, nr;
	struct extent_use use = {};

	for (; pfn <= extent->last; pfn += nr) {
		struct page *page = pfn_to_online_page(pfn);
		unsigned long order;

		if (!(pfn % pageblock_nr_pages))
			cond_resched();
		/* It may have been taken since, and its order mean anything. */
		order = page && PageBuddy(page) ? READ_ONCE(page->private) : ULONG_MAX;
		if (order > MAX_PAGE_ORDER) {
			nr = 1;
			run = 0;
			continue;
		}
		nr = 1UL << order;
		run += nr;
		use.free += nr;
		use.largest_free = max(use.largest_free, run);
	}
	return use;
}

/* Is there memory in a higher zone, all of it above a frame? */
bool memmap_has_above(const struct memmap *map, unsigned long last)
{
	enum zone_type highest = 0;
	unsigned int i;

	for (i = 0; i < map->nr; i++)
		highest = max(highest, map->extent[i].zone);
	for (i = 0; i < map->nr; i++) {
		if (map->extent[i].zone == highest && map->extent[i].first <= last)
			return false;
	}
	return true;
}

/**
 * memmap_has_place() - could a block ever lie here?
 * @map: the extents
 * @place: where it may lie
 * @nid: on this node only, NUMA_NO_NODE for any
 *
 * Return: true if all of one fits into an extent.
 */
bool memmap_has_place(const struct memmap *map, const struct placement *place, int nid)
{
	unsigned int i;

	for (i = 0; i < map->nr; i++) {
		const struct extent *extent = &map->extent[i];
		struct placement within = placement_within(place, extent->first, extent->last);
		unsigned long at;

		if ((nid == NUMA_NO_NODE || nid == extent->nid) &&
		    placement_next(&within, 0, &at))
			return true;
	}
	return false;
}
