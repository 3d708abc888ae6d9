// SPDX-License-Identifier: GPL-2.0
/*
 * Magazines of the blocks freed last, by processor and kind: owner, which is a tag's account;
 * partition, or node and zone; cache type; size. A block in a magazine has its record, its frames,
 * its address and its account, so neither a free nor the owner's next request touches what other
 * processors touch. Other processors take the lock of a magazine only to empty it.
 *
 * The frames in magazines are idle memory. They are bounded by a share of what may lie idle in
 * arenas; those not needed for a second go back to their sources, and all of them when the
 * kernel is short of memory, a request finds no free run, or memory goes offline.
 */
#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/hash.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/lockdep.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "arena.h"
#include "compat.h"
#include "context.h"
#include "magazine.h"
#include "pfn_online.h"
#include "ranges.h"

/* A processor uses few kinds in turn; of those that meet at one place the first two are kept. */
#define MAGAZINE_BITS		6
/* Blocks in a magazine: a driver's ring is filled in less batches than it has buffers. */
#define MAGAZINE_BLOCKS		32U
/* Blocks that a request with a range, an alignment or a boundary looks at: 100 instructions. */
#define MAGAZINE_TRIES		8U
/* All processors together keep at most this share of what may lie idle in arenas. */
#define MAGAZINE_SHARE		4

/**
 * struct ctgm_magazine - blocks of one kind
 * @kind: from magazine_kind(); constant while there are blocks
 * @count: how many blocks
 * @least: fewest of them since the worker came by
 * @top: the one put last
 */
struct ctgm_magazine {
	u64 kind;
	struct ctgm_kept *top;
	unsigned int count;
	unsigned int least;
};

/**
 * struct ctgm_magazine_cpu - the magazines of a processor
 * @lock: protects the members below; taken with interrupts off
 * @frames: in all of them
 * @largest: no block in them has more frames
 * @hits: requests that they served
 * @magazine: by the hash of the kind
 */
struct ctgm_magazine_cpu {
	raw_spinlock_t lock;
	unsigned long frames;
	unsigned long largest;
	u64 hits;
	struct ctgm_magazine magazine[1 << MAGAZINE_BITS];
};

static struct ctgm_magazine_cpu __percpu *magazine_cpus;
static void (*magazine_destroy)(struct ctgm_kept *kept);
static struct shrinker *magazine_shrinker;
static atomic_t magazine_drainers;
static bool magazine_open;

static void magazine_age(struct work_struct *work);
static DECLARE_DELAYED_WORK(magazine_age_work, magazine_age);

#define KIND_NR_BITS	11
#define KIND_CACHE_BITS	2
#define KIND_ZONE_BITS	3
#define KIND_NODE_BITS	10
#define KIND_PARTITION_SHIFT	(KIND_NR_BITS + KIND_CACHE_BITS + KIND_ZONE_BITS + KIND_NODE_BITS)
#define KIND_OWNER_SHIFT	(KIND_PARTITION_SHIFT + const_ilog2(CTGM_MAGAZINE_PARTITIONS))

static_assert(CTGM_MAGAZINE_MOST < 1 << KIND_NR_BITS);
static_assert(CONTIGMEM_NR_CACHES <= 1 << KIND_CACHE_BITS);
static_assert(MAX_NR_ZONES <= 1 << KIND_ZONE_BITS);
static_assert(MAX_NUMNODES <= 1 << KIND_NODE_BITS);
static_assert(KIND_OWNER_SHIFT + const_ilog2(CTGM_MAGAZINE_OWNERS) <= 64);

static u64 kind_whose(u64 owner, u64 partition)
{
	return owner << KIND_OWNER_SHIFT | partition << KIND_PARTITION_SHIFT;
}

/* In a partition, whose memory is in one zone, node and zone are 0. */
static u64 magazine_kind(u64 whose, int nid, int zone, enum contigmem_cache cache,
			 unsigned long nr)
{
	u32 where = (u32)nid << KIND_ZONE_BITS | zone;

	return whose | (where << KIND_CACHE_BITS | cache) << KIND_NR_BITS | nr;
}

static u32 kind_owner(u64 kind)
{
	return kind >> KIND_OWNER_SHIFT;
}

static unsigned long kind_nr(u64 kind)
{
	return kind & ((1 << KIND_NR_BITS) - 1);
}

/* The kind of an owner's block in a partition, or with 0 in none; 0 if it is too large. */
u64 ctgm_magazine_kind(const struct ctgm_frames *frames, u32 owner, u32 partition)
{
	const struct page *page = pfn_to_page(frames->first);

	if (frames->nr > CTGM_MAGAZINE_MOST)
		return 0;
	if (partition)
		return magazine_kind(kind_whose(owner, partition), 0, 0, frames->cache, frames->nr);
	return magazine_kind(kind_whose(owner, 0), page_to_nid(page), page_zonenum(page),
			     frames->cache, frames->nr);
}

/* The magazine that has a kind; NULL if none has. */
static struct ctgm_magazine *magazine_having(struct ctgm_magazine_cpu *cpu, u64 kind)
{
	unsigned int at = hash_64(kind, MAGAZINE_BITS);

	lockdep_assert_held(&cpu->lock);
	if (likely(cpu->magazine[at].kind == kind))
		return &cpu->magazine[at];
	return cpu->magazine[at ^ 1].kind == kind ? &cpu->magazine[at ^ 1] : NULL;
}

/* The magazine that a kind may have: its own, or one without a block; NULL if there is none. */
static struct ctgm_magazine *magazine_for(struct ctgm_magazine_cpu *cpu, u64 kind)
{
	struct ctgm_magazine *magazine = magazine_having(cpu, kind);
	unsigned int at = hash_64(kind, MAGAZINE_BITS);

	if (likely(magazine))
		return magazine;
	if (!cpu->magazine[at].count)
		return &cpu->magazine[at];
	return cpu->magazine[at ^ 1].count ? NULL : &cpu->magazine[at ^ 1];
}

/* May each processor keep so many frames? */
static bool magazine_may_keep(unsigned long frames)
{
	return frames <= CTGM_MAGAZINE_MOST &&
	       (long)(frames * MAGAZINE_SHARE * num_online_cpus()) <= ctgm_arena_idle_limit();
}

/* Take out all blocks of a magazine but so many on top. Returns the first of them. */
static struct ctgm_kept *magazine_cut(struct ctgm_magazine_cpu *cpu, struct ctgm_magazine *magazine,
				      unsigned int left)
{
	struct ctgm_kept **link = &magazine->top, *cut;
	unsigned int i;

	lockdep_assert_held(&cpu->lock);
	for (i = 0; i < left; i++)
		link = &(*link)->next;
	cut = *link;
	*link = NULL;
	WRITE_ONCE(cpu->frames,
		   cpu->frames - (magazine->count - left) * kind_nr(magazine->kind));
	magazine->count = left;
	magazine->least = left;
	return cut;
}

/*
 * Is there room for so many frames, or was it made by taking out a larger block? A few large blocks
 * would keep out many small ones, of which each saves as much.
 */
static bool magazine_has_room(struct ctgm_magazine_cpu *cpu, unsigned long nr,
			      struct ctgm_kept **out)
{
	struct ctgm_magazine *magazine, *largest = NULL;

	if (likely(magazine_may_keep(cpu->frames + nr)))
		return true;
	if (nr >= cpu->largest || !ctgm_may_free_records())
		return false;
	cpu->largest = 0;
	for (magazine = cpu->magazine; magazine < cpu->magazine + ARRAY_SIZE(cpu->magazine);
	     magazine++) {
		if (magazine->count && kind_nr(magazine->kind) > cpu->largest) {
			largest = magazine;
			cpu->largest = kind_nr(magazine->kind);
		}
	}
	if (nr >= cpu->largest || !magazine_may_keep(cpu->frames - cpu->largest + nr))
		return false;
	/* A request that finds no memory meanwhile tries again. */
	atomic_inc(&magazine_drainers);
	*out = magazine_cut(cpu, largest, largest->count - 1);
	return true;
}

/* Put a block into its magazine. @out: set to one that had to make room for it. */
static bool magazine_push(struct ctgm_magazine_cpu *cpu, struct ctgm_kept *kept,
			  struct ctgm_kept **out)
{
	struct ctgm_magazine *magazine = magazine_for(cpu, kept->kind);
	unsigned long nr = kind_nr(kept->kind);

	if (!READ_ONCE(magazine_open) || !magazine || magazine->count == MAGAZINE_BLOCKS)
		return false;
	/* Nobody finds a block here, which the memory would wait for. */
	if (ctgm_pfn_is_leaving(kept->first, kept->first + nr - 1))
		return false;
	if (!magazine_has_room(cpu, nr, out))
		return false;
	cpu->largest = max(cpu->largest, nr);
	WRITE_ONCE(magazine->kind, kept->kind);
	magazine->count++;
	kept->next = magazine->top;
	magazine->top = kept;
	WRITE_ONCE(cpu->frames, cpu->frames + nr);
	return true;
}

/* Destroy blocks that were taken out of a magazine. Returns how many frames they had. */
static unsigned long magazine_discard(struct ctgm_kept *kept)
{
	unsigned long done = 0;
	struct ctgm_kept *next;

	for (; kept; kept = next) {
		next = kept->next;
		done += kind_nr(kept->kind);
		magazine_destroy(kept);
	}
	return done;
}

/**
 * ctgm_magazine_put() - keep a block that has no owner any more
 * @kept: the block; another processor may destroy it at once, or this one hand it out
 *
 * Context: Any but NMI.
 * Return: false if there is no room for it.
 */
bool ctgm_magazine_put(struct ctgm_kept *kept)
{
	struct ctgm_kept *out = NULL;
	struct ctgm_magazine_cpu *cpu;
	unsigned long flags;
	bool put;

	local_irq_save(flags);
	cpu = this_cpu_ptr(magazine_cpus);
	raw_spin_lock(&cpu->lock);
	put = magazine_push(cpu, kept, &out);
	raw_spin_unlock(&cpu->lock);
	local_irq_restore(flags);
	if (unlikely(out)) {
		magazine_discard(out);
		atomic_dec(&magazine_drainers);
	}
	/* Most often the work waits already, which is cheap to see. */
	if (put && !delayed_work_pending(&magazine_age_work))
		schedule_delayed_work(&magazine_age_work, HZ);
	return put;
}

static struct ctgm_kept *magazine_pop(struct ctgm_magazine_cpu *cpu, u64 kind,
				      const struct ctgm_constraints *place)
{
	struct ctgm_magazine *magazine = magazine_having(cpu, kind);
	struct ctgm_kept **link, *kept;
	unsigned int tries;

	if (!magazine)
		return NULL;
	link = &magazine->top;
	for (tries = 0; tries < MAGAZINE_TRIES && (kept = *link); tries++) {
		if (ctgm_place_fits(place, kept->first)) {
			*link = kept->next;
			magazine->count--;
			magazine->least = min(magazine->least, magazine->count);
			WRITE_ONCE(cpu->frames, cpu->frames - place->nr);
			cpu->hits++;
			return kept;
		}
		link = &kept->next;
	}
	return NULL;
}

/**
 * ctgm_magazine_kind_wanted() - the kind of the blocks that may serve a request
 * @owner: number of the owner
 * @partition: number of the partition; 0 for none
 * @nid: node, where it is in no partition
 * @cache: cache type
 * @place: size and range
 *
 * A block that may lie in a higher zone of the node is not taken from a lower one.
 *
 * Context: Any.
 * Return: the kind, or 0 if no magazine has such blocks.
 */
u64 ctgm_magazine_kind_wanted(u32 owner, u32 partition, int nid, enum contigmem_cache cache,
			      const struct ctgm_constraints *place)
{
	int zone;

	if (place->nr > CTGM_MAGAZINE_MOST)
		return 0;
	if (partition)
		return magazine_kind(kind_whose(owner, partition), 0, 0, cache, place->nr);
	zone = ctgm_nth_zone(&ctgm_node_zones[nid], place->last, 0);
	return zone < 0 ? 0 : magazine_kind(kind_whose(owner, 0), nid, zone, cache, place->nr);
}

/**
 * ctgm_magazine_take() - take a block that this processor keeps
 * @kind: its kind
 * @place: where it may lie
 *
 * Context: Any but NMI.
 * Return: the block, or NULL if none fits.
 */
struct ctgm_kept *ctgm_magazine_take(u64 kind, const struct ctgm_constraints *place)
{
	struct ctgm_magazine_cpu *cpu;
	struct ctgm_kept *kept;
	unsigned long flags;

	local_irq_save(flags);
	cpu = this_cpu_ptr(magazine_cpus);
	raw_spin_lock(&cpu->lock);
	kept = magazine_pop(cpu, kind, place);
	raw_spin_unlock(&cpu->lock);
	local_irq_restore(flags);
	return kept;
}

/* Is it worth to take the lock of another processor's magazines? */
static bool magazine_may_have(const struct ctgm_magazine_cpu *cpu, u64 kind)
{
	unsigned int at = hash_64(kind, MAGAZINE_BITS);

	return READ_ONCE(cpu->magazine[at].kind) == kind ||
	       READ_ONCE(cpu->magazine[at ^ 1].kind) == kind;
}

/**
 * ctgm_magazine_take_elsewhere() - take a block that another processor keeps
 * @kind: its kind
 * @place: where it may lie
 *
 * A task moves between processors, and one may free what another allocates: to take the block
 * there is cheaper than to make one.
 *
 * Context: Any but NMI.
 * Return: the block, or NULL if none fits.
 */
struct ctgm_kept *ctgm_magazine_take_elsewhere(u64 kind, const struct ctgm_constraints *place)
{
	struct ctgm_kept *kept;
	unsigned long flags;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct ctgm_magazine_cpu *of = per_cpu_ptr(magazine_cpus, cpu);

		if (!magazine_may_have(of, kind))
			continue;
		raw_spin_lock_irqsave(&of->lock, flags);
		kept = magazine_pop(of, kind, place);
		raw_spin_unlock_irqrestore(&of->lock, flags);
		if (kept)
			return kept;
	}
	return NULL;
}

/**
 * struct ctgm_magazine_which - which blocks to destroy
 * @unneeded: only those not needed since the worker came by
 * @owner: only this one's; CTGM_MAGAZINE_OWNERS for all
 */
struct ctgm_magazine_which {
	bool unneeded;
	u32 owner;
};

static unsigned long magazine_shrink(struct ctgm_magazine_cpu *cpu,
				     struct ctgm_magazine *magazine,
				     const struct ctgm_magazine_which *which)
{
	struct ctgm_kept *kept = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&cpu->lock, flags);
	if (which->owner == CTGM_MAGAZINE_OWNERS || which->owner == kind_owner(magazine->kind))
		kept = magazine_cut(cpu, magazine,
				    which->unneeded ? magazine->count - magazine->least : 0);
	raw_spin_unlock_irqrestore(&cpu->lock, flags);
	return magazine_discard(kept);
}

static unsigned long magazine_shrink_all(const struct ctgm_magazine_which *which)
{
	unsigned long done = 0;
	unsigned int i;
	int cpu;

	atomic_inc(&magazine_drainers);
	/* Also processors that are offline now. */
	for_each_possible_cpu(cpu) {
		struct ctgm_magazine_cpu *of = per_cpu_ptr(magazine_cpus, cpu);
		unsigned long flags, frames;

		/* Under the lock: what was put before is seen. */
		raw_spin_lock_irqsave(&of->lock, flags);
		frames = of->frames;
		raw_spin_unlock_irqrestore(&of->lock, flags);
		for (i = 0; frames && i < ARRAY_SIZE(of->magazine); i++) {
			if (READ_ONCE(of->magazine[i].count))
				done += magazine_shrink(of, &of->magazine[i], which);
		}
	}
	atomic_dec(&magazine_drainers);
	return done;
}

/**
 * ctgm_magazine_drain() - give back what all processors keep
 *
 * Context: Any but NMI.
 * Return: true if any memory came back, or may do so soon: another task is at it.
 */
bool ctgm_magazine_drain(void)
{
	const struct ctgm_magazine_which all = { .owner = CTGM_MAGAZINE_OWNERS };
	unsigned long done = magazine_shrink_all(&all);

	return done || atomic_read(&magazine_drainers);
}

/*
 * Give back what all processors keep, and wait for other tasks that are at it: what is kept now
 * holds the module no longer. Sleeps.
 */
void ctgm_magazine_flush(void)
{
	ctgm_magazine_drain();
	while (atomic_read(&magazine_drainers))
		schedule_timeout_uninterruptible(1);
}

/*
 * Give back what all processors keep for a look at how much is in use or free. Where the
 * slab allocator may not take the records, what is kept counts as in use.
 */
void ctgm_magazine_settle(void)
{
	if (ctgm_may_free_records())
		ctgm_magazine_drain();
}

/* Give back what all processors keep of an owner. Any context but NMI. */
void ctgm_magazine_drain_of(u32 owner)
{
	const struct ctgm_magazine_which which = { .owner = owner };

	magazine_shrink_all(&which);
}

struct ctgm_magazine_stats ctgm_magazine_stats(void)
{
	struct ctgm_magazine_stats stats = {};
	int cpu;

	for_each_possible_cpu(cpu) {
		stats.frames += READ_ONCE(per_cpu_ptr(magazine_cpus, cpu)->frames);
		stats.hits += READ_ONCE(per_cpu_ptr(magazine_cpus, cpu)->hits);
	}
	return stats;
}

static void magazine_age(struct work_struct *work)
{
	const struct ctgm_magazine_which unneeded = {
		.unneeded = true,
		.owner = CTGM_MAGAZINE_OWNERS,
	};

	magazine_shrink_all(&unneeded);
	if (ctgm_magazine_stats().frames && READ_ONCE(magazine_open))
		schedule_delayed_work(&magazine_age_work, HZ);
}

static unsigned long magazine_count_objects(struct shrinker *unused,
					    struct shrink_control *control)
{
	return ctgm_magazine_stats().frames ?: SHRINK_EMPTY;
}

static unsigned long magazine_scan_objects(struct shrinker *unused,
					   struct shrink_control *control)
{
	const struct ctgm_magazine_which all = { .owner = CTGM_MAGAZINE_OWNERS };

	return magazine_shrink_all(&all) ?: SHRINK_STOP;
}

/**
 * ctgm_magazine_init() - begin to keep blocks
 * @destroy: destroys a block that is kept no longer; any context but NMI
 *
 * Context: Sleeps.
 * Return: 0 or -ENOMEM.
 */
int ctgm_magazine_init(void (*destroy)(struct ctgm_kept *kept))
{
	int cpu, error;

	magazine_cpus = alloc_percpu(struct ctgm_magazine_cpu);
	if (!magazine_cpus)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		raw_spin_lock_init(&per_cpu_ptr(magazine_cpus, cpu)->lock);
	magazine_destroy = destroy;
	magazine_shrinker = compat_shrinker_register("contigmem_magazines", magazine_count_objects,
						     magazine_scan_objects);
	error = PTR_ERR_OR_ZERO(magazine_shrinker);
	if (error)
		free_percpu(magazine_cpus);
	else
		WRITE_ONCE(magazine_open, true);
	return error;
}

/* Give back all, and keep nothing any more. Sleeps. */
void ctgm_magazine_close(void)
{
	/* A processor that puts a block later, under its lock, sees it. */
	WRITE_ONCE(magazine_open, false);
	ctgm_magazine_drain();
	cancel_delayed_work_sync(&magazine_age_work);
}

void ctgm_magazine_exit(void)
{
	ctgm_magazine_close();
	compat_shrinker_unregister(magazine_shrinker);
	free_percpu(magazine_cpus);
}
