// SPDX-License-Identifier: GPL-2.0
#include <linux/bits.h>
#include <linux/delay.h>
#include <linux/ioport.h>
#include <linux/limits.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/overflow.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/spinlock.h>

#include "compat.h"
#include "pfn_online.h"
#include "ranges.h"

struct ctgm_node_zones *ctgm_node_zones;

static DEFINE_SPINLOCK(ctgm_ranges_lock);
static struct ctgm_ranges *current_ranges;	/* the pointer is protected by ctgm_ranges_lock */
static DEFINE_MUTEX(ctgm_ranges_rebuild_lock);	/* the ranges read last are the newest */

/* The zone that a frame may be allocated from; NULL if there is none. */
static struct zone *range_zone(unsigned long pfn)
{
	struct zone *zone = NULL;
	struct page *page;

	ctgm_pfn_online_begin();
	page = ctgm_pfn_online_page(pfn);
	if (page)
		zone = page_zone(page);
	ctgm_pfn_online_end();
	if (!zone)
		return NULL;
	/* Unmovable memory in ZONE_MOVABLE would break offlining; ZONE_DEVICE is a driver's. */
	if (zone_idx(zone) > ZONE_NORMAL)
		return NULL;
	/* A frame outside its zone's span (frame 0 on x86) does not belong to the zone. */
	return zone_spans_pfn(zone, pfn) ? zone : NULL;
}

static int range_add(struct ctgm_ranges **where, const struct ctgm_range *new)
{
	struct ctgm_ranges *ranges = *where;
	struct ctgm_range *range = ranges->range + ranges->nr - 1;

	if (ranges->nr && range->last + 1 == new->first && range->nid == new->nid &&
	    range->zone == new->zone && range->is_cma == new->is_cma) {
		range->last = new->last;
		return 0;
	}
	if (ranges->nr == ranges->room) {
		unsigned int room = ranges->room * 2;
		struct ctgm_ranges *larger;

		larger = krealloc(ranges, struct_size(ranges, range, room), GFP_KERNEL);
		if (!larger)
			return -ENOMEM;
		larger->room = room;
		*where = larger;
		ranges = larger;
	}
	ranges->range[ranges->nr++] = *new;
	return 0;
}

/*
 * Does the pageblock belong to a CMA area? Before 6.17 CMA hides the type while it
 * allocates, which takes milliseconds: a pageblock that stays isolated is left alone until
 * the ranges are read again, after a memory hotplug.
 */
static bool range_is_cma(unsigned long pfn)
{
	unsigned int tries;

	for (tries = 0; tries < 100; tries++) {
		bool isolated = false, cma = true;

		ctgm_pfn_online_begin();
		if (ctgm_pfn_online_page(pfn)) {
			isolated = compat_pageblock_is_isolated(pfn);
			cma = compat_pageblock_is_cma(pfn);
		}
		ctgm_pfn_online_end();
		if (COMPAT_ISOLATION_KEEPS_TYPES || !isolated)
			return cma;
		fsleep(1000);
	}
	return true;
}

static int range_add_ram(struct resource *ram, void *arg)
{
	unsigned long pfn = PFN_UP(ram->start);
	unsigned long end = PFN_DOWN(ram->end + 1);

	while (pfn < end) {
		unsigned long next = min(end, pageblock_end_pfn(pfn));
		struct zone *zone = range_zone(pfn);
		int error;

		/* A border inside a pageblock: go on frame by frame. */
		if (zone != range_zone(next - 1))
			next = pfn + 1;
		if (zone) {
			struct ctgm_range range = {
				.first = pfn,
				.last = next - 1,
				.nid = zone_to_nid(zone),
				.zone = zone_idx(zone),
				.is_cma = range_is_cma(pfn),
			};

			error = range_add(arg, &range);
			if (error)
				return error;
		}
		pfn = next;
		cond_resched();
	}
	return 0;
}

static int range_compare(const void *left, const void *right)
{
	const struct ctgm_range *a = left, *b = right;

	if (a->nid != b->nid)
		return a->nid < b->nid ? -1 : 1;
	return a->first > b->first ? -1 : 1;
}

static struct ctgm_zonelist_span range_zonelist_span(const struct ctgm_ranges *ranges, int nid,
						     enum zone_type highest)
{
	struct ctgm_zonelist_span span = { 0, ULONG_MAX };
	enum zone_type top = 0;
	const struct ctgm_range *range = NULL;
	bool found = false;

	while ((range = ctgm_range_next(ranges, nid, range))) {
		if (range->zone > highest)
			continue;
		/* The first one seen has the highest address. */
		if (!found)
			span.last = range->last;
		if (!found || range->zone >= top) {
			top = range->zone;
			span.first = range->first;
		}
		found = true;
	}
	return span;
}

/* What a request would have to compute from the sorted ranges. */
static void ranges_index(struct ctgm_ranges *ranges)
{
	enum zone_type zone;
	unsigned int i;
	int nid;

	for (i = 0; i < ranges->nr; i++) {
		struct ctgm_node_ranges *node = &ranges->node[ranges->range[i].nid];

		if (!node->end)
			node->begin = i;
		node->end = i + 1;
	}
	for (nid = 0; nid < nr_node_ids; nid++) {
		for (zone = 0; zone <= ZONE_NORMAL; zone++)
			ranges->node[nid].zonelist[zone] = range_zonelist_span(ranges, nid, zone);
	}
}

/* The lowest frame of a zone, on a node or with NUMA_NO_NODE on any. */
static unsigned long range_zone_first(const struct ctgm_ranges *ranges, int nid,
				      enum zone_type zone)
{
	unsigned long first = ULONG_MAX;
	unsigned int i;

	for (i = 0; i < ranges->nr; i++) {
		const struct ctgm_range *range = &ranges->range[i];

		if (range->zone == zone && (nid == NUMA_NO_NODE || range->nid == nid))
			first = min(first, range->first);
	}
	return first;
}

static void ranges_publish_zones(const struct ctgm_ranges *ranges)
{
	enum zone_type zone;
	int nid;

	lockdep_assert_held(&ctgm_ranges_rebuild_lock);
	for (zone = 0; zone <= ZONE_NORMAL; zone++) {
		for (nid = 0; nid < nr_node_ids; nid++)
			WRITE_ONCE(ctgm_node_zones[nid].first[zone],
				   range_zone_first(ranges, nid, zone));
		WRITE_ONCE(ctgm_node_zones[nr_node_ids].first[zone],
			   range_zone_first(ranges, NUMA_NO_NODE, zone));
	}
}

static void ranges_free(struct ctgm_ranges *ranges)
{
	kfree(ranges->node);
	kfree(ranges);
}

static int ranges_read(struct ctgm_ranges **where)
{
	int error;

	error = walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY,
				    0, -1, where, range_add_ram);
	if (error)
		return error;
	sort((*where)->range, (*where)->nr, sizeof((*where)->range[0]), range_compare, NULL);
	ranges_index(*where);
	return 0;
}

/* Read which memory there is now. Sleeps. Returns 0 or -ENOMEM. */
int ctgm_ranges_rebuild(void)
{
	struct ctgm_ranges *old, *ranges;
	unsigned int room = 16;
	int error;

	ranges = kzalloc(struct_size(ranges, range, room), GFP_KERNEL);
	if (!ranges)
		return -ENOMEM;
	kref_init(&ranges->ref);
	ranges->room = room;
	ranges->node = kcalloc(nr_node_ids, sizeof(*ranges->node), GFP_KERNEL);
	if (!ranges->node) {
		kfree(ranges);
		return -ENOMEM;
	}

	mutex_lock(&ctgm_ranges_rebuild_lock);
	error = ranges_read(&ranges);
	if (error) {
		mutex_unlock(&ctgm_ranges_rebuild_lock);
		ranges_free(ranges);
		return error;
	}
	spin_lock_irq(&ctgm_ranges_lock);
	old = current_ranges;
	current_ranges = ranges;
	spin_unlock_irq(&ctgm_ranges_lock);
	ranges_publish_zones(ranges);
	mutex_unlock(&ctgm_ranges_rebuild_lock);
	if (old)
		ctgm_ranges_put(old);
	return 0;
}

int ctgm_ranges_init(void)
{
	ctgm_node_zones = kcalloc(nr_node_ids + 1, sizeof(*ctgm_node_zones), GFP_KERNEL);
	return ctgm_node_zones ? 0 : -ENOMEM;
}

void ctgm_ranges_exit(void)
{
	if (current_ranges)
		ctgm_ranges_put(current_ranges);
	kfree(ctgm_node_zones);
}

/* The ranges as they are now, for any context but NMI; to be released with ctgm_ranges_put(). */
struct ctgm_ranges *ctgm_ranges_get(void)
{
	struct ctgm_ranges *ranges;
	unsigned long flags;

	spin_lock_irqsave(&ctgm_ranges_lock, flags);
	ranges = current_ranges;
	kref_get(&ranges->ref);
	spin_unlock_irqrestore(&ctgm_ranges_lock, flags);
	return ranges;
}

static void ranges_release(struct kref *ref)
{
	ranges_free(container_of(ref, struct ctgm_ranges, ref));
}

void ctgm_ranges_put(struct ctgm_ranges *ranges)
{
	kref_put(&ranges->ref, ranges_release);
}

/* The first frame above all that a block may ever have. Any context but NMI. */
unsigned long ctgm_ranges_end(void)
{
	struct ctgm_ranges *ranges = ctgm_ranges_get();
	unsigned long end = 0;
	unsigned int i;

	for (i = 0; i < ranges->nr; i++)
		end = max(end, ranges->range[i].last + 1);
	ctgm_ranges_put(ranges);
	return end;
}

/**
 * ctgm_ranges_have_place() - could a block ever lie on a node?
 * @ranges: the ranges
 * @place: where it may lie
 * @nid: the node
 * @zones: a bit for each zone of it that may serve
 *
 * Return: true if all of the block fits into one range.
 */
bool ctgm_ranges_have_place(const struct ctgm_ranges *ranges,
			    const struct ctgm_constraints *place, int nid, unsigned int zones)
{
	const struct ctgm_range *range = NULL;

	while ((range = ctgm_range_next(ranges, nid, range))) {
		struct ctgm_constraints within = ctgm_place_within(place, range->first,
								   range->last);
		unsigned long at;

		if (zones & BIT(range->zone) && ctgm_place_next(&within, 0, &at))
			return true;
	}
	return false;
}
