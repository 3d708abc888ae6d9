// SPDX-License-Identifier: GPL-2.0
/*
 * Arenas: pools of whole pageblocks of one node and one cache type, which
 * alloc_contig_range() or the page allocator gave, sub-allocated at page granularity in
 * any context but NMI.
 *
 * Idle arenas are bounded in size and age; a worker and a shrinker give them back. A
 * partition's arena is never idle: the partition gives it back.
 */
#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/pfn.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "arena.h"
#include "compat.h"

static unsigned int arena_idle_mb = 16;
module_param(arena_idle_mb, uint, 0644);
MODULE_PARM_DESC(arena_idle_mb, "MiB of memory that may lie idle in arenas");

static unsigned int arena_idle_seconds = 30;
module_param(arena_idle_seconds, uint, 0644);
MODULE_PARM_DESC(arena_idle_seconds, "seconds that an arena may lie idle");

/**
 * struct ctgm_arena - one pool
 * @list: in the list of its cache type, or of the partitions'; protected by
 *	ctgm_arena_list_lock, readers are under RCU
 * @released: in the list of the arenas that a task gives back; private to that task
 * @rcu: frees the record after the last reader
 * @lock: protects @all_offline, @usable, @free, @next, @idle_since and @busy, and is taken
 *	to change @dead
 * @frames: the pageblocks; constant
 * @nid: node; constant
 * @zone: zone; constant
 * @of_partition: serves a partition; constant
 * @dead: being given back: serves no block
 * @has_offline_pages: pages without a block may be PageOffline. Set under @lock while the
 *	arena is idle, cleared by the owner of a block that covers the arena
 * @all_offline: all pages are
 * @usable: frames that are not poisoned
 * @free: usable frames without a block
 * @next: where the search for a partition's next block starts: behind the last block,
 *	or at the block freed last
 * @idle_since: in jiffies, when @free became @usable
 * @busy: a bit for each frame with a block, and for each poisoned one
 */
struct ctgm_arena {
	struct list_head list;
	struct list_head released;
	struct rcu_head rcu;
	spinlock_t lock;	/* taken with interrupts off */
	struct ctgm_frames frames;
	int nid;
	int zone;
	bool of_partition;
	bool dead;
	bool has_offline_pages;
	bool all_offline;
	unsigned long usable;
	unsigned long free;
	unsigned long next;
	unsigned long idle_since;
	unsigned long busy[];
};

/* Steps under the lock before interrupts are enabled for a moment: 7,000 instructions. */
#define ARENA_STEPS_UNDER_LOCK	64
/* Bits of the bitmap read beyond those of the block itself: as many instructions. */
#define ARENA_BITS_UNDER_LOCK	(4096 * BITS_PER_LONG)

static struct list_head arena_lists[CONTIGMEM_NR_CACHES];
static LIST_HEAD(arena_partitions);
static DEFINE_SPINLOCK(ctgm_arena_list_lock);	/* for writers of the lists */

/* Held while arenas are given back: never in a free, only tried in reclaim. */
static DEFINE_MUTEX(ctgm_arena_release_lock);

static atomic_long_t arena_count;
static atomic_long_t arena_frames;
static atomic_long_t arena_idle_frames;

static struct shrinker *arena_shrinker;

static long arena_idle_limit(void)
{
	return (long)READ_ONCE(arena_idle_mb) << (20 - PAGE_SHIFT);
}

static bool arena_is_idle(const struct ctgm_arena *arena)
{
	return READ_ONCE(arena->free) == READ_ONCE(arena->usable);
}

static unsigned long arena_last(const struct ctgm_arena *arena)
{
	return arena->frames.first + arena->frames.nr - 1;
}

/**
 * ctgm_arena_create() - allocate the record of an arena, before its frames
 * @nr: frames that it will have
 * @reclaim: gfp bits for the record; the OOM killer is not called for it
 *
 * Return: the record, for ctgm_arena_add(), ctgm_arena_add_partition() or
 *	ctgm_arena_destroy(); NULL if there is no memory for it.
 */
struct ctgm_arena *ctgm_arena_create(unsigned long nr, gfp_t reclaim)
{
	/* The bitmap of a large partition need not be contiguous. */
	struct ctgm_arena *arena = kvzalloc(struct_size(arena, busy, BITS_TO_LONGS(nr)),
					    reclaim | __GFP_NORETRY | __GFP_NOWARN);

	if (arena)
		spin_lock_init(&arena->lock);
	return arena;
}

/* Free a record that was never added. */
void ctgm_arena_destroy(struct ctgm_arena *arena)
{
	kvfree(arena);
}

static void arena_own(struct ctgm_arena *arena, const struct ctgm_frames *all)
{
	arena->frames = *all;
	arena->nid = page_to_nid(pfn_to_page(all->first));
	arena->zone = page_zonenum(pfn_to_page(all->first));
	arena->usable = all->nr;
	arena->free = all->nr;
	arena->next = all->first;
}

static void arena_take(struct ctgm_arena *arena, unsigned long first, struct ctgm_frames *frames)
{
	lockdep_assert_held(&arena->lock);
	arena->all_offline = false;
	bitmap_set(arena->busy, first - arena->frames.first, frames->nr);
	arena->free -= frames->nr;
	arena->next = first + frames->nr;
	frames->first = first;
	frames->cache = arena->frames.cache;
	frames->home = arena->frames.cache;
}

/**
 * ctgm_arena_add() - make an arena of pageblocks, and a block in it
 * @arena: from ctgm_arena_create()
 * @all: the pageblocks, with the arena's cache type; the arena's from now on
 * @first: first frame of the block
 * @frames: @nr is the size of the block; the rest is set
 */
void ctgm_arena_add(struct ctgm_arena *arena, const struct ctgm_frames *all,
		    unsigned long first, struct ctgm_frames *frames)
{
	unsigned long flags;

	arena_own(arena, all);
	frames->source = &ctgm_source_arena;
	frames->owner = arena;
	spin_lock_irqsave(&arena->lock, flags);
	arena_take(arena, first, frames);
	spin_unlock_irqrestore(&arena->lock, flags);
	atomic_long_inc(&arena_count);
	atomic_long_add(all->nr, &arena_frames);
	spin_lock_irqsave(&ctgm_arena_list_lock, flags);
	list_add_rcu(&arena->list, &arena_lists[all->cache]);
	spin_unlock_irqrestore(&ctgm_arena_list_lock, flags);
}

/*
 * Find the first place from *from on whose frames are all free. Gives up after a number
 * of tries: *from is where to go on, or beyond the last acceptable frame if there is no
 * place.
 */
static bool arena_find(const struct ctgm_arena *arena, const struct ctgm_constraints *place,
		       unsigned long *from, unsigned long *start)
{
	unsigned long read = 0;
	unsigned int tries;

	lockdep_assert_held(&arena->lock);
	for (tries = 0; tries < ARENA_STEPS_UNDER_LOCK && read < ARENA_BITS_UNDER_LOCK; tries++) {
		unsigned long at, blocker, end;

		if (!ctgm_place_next(place, *from, start)) {
			*from = place->last + 1;
			return false;
		}
		at = *start - arena->frames.first;
		blocker = find_next_bit(arena->busy, at + place->nr, at);
		if (blocker >= at + place->nr)
			return true;
		/* Where all of these are busy, the next try goes on behind them. */
		end = min(blocker + ARENA_BITS_UNDER_LOCK, arena->frames.nr);
		end = find_next_zero_bit(arena->busy, end, blocker);
		*from = arena->frames.first + end;
		read += end - at;
	}
	return false;
}

/* Clear PageOffline on pages that a block gets or that the arena gives back. */
static void arena_unmark_offline(unsigned long first, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++) {
		struct page *page = pfn_to_page(first + i);

		if (PageOffline(page))
			__ClearPageOffline(page);
	}
}

static void arena_mark_page_offline(unsigned long pfn)
{
	struct page *page = pfn_to_page(pfn);

	if (!PageOffline(page))
		__SetPageOffline(page);
}

/* Take the first place in the arena from @from on, whatever its frames are. */
static bool arena_take_any(struct ctgm_arena *arena, const struct ctgm_constraints *place,
			   unsigned long from, struct ctgm_frames *frames)
{
	unsigned long flags, start;
	bool found = false;

	while (!found && from <= place->last) {
		spin_lock_irqsave(&arena->lock, flags);
		if (arena->dead || arena->free < place->nr) {
			from = place->last + 1;
		} else if (arena_find(arena, place, &from, &start)) {
			if (arena_is_idle(arena) && !arena->of_partition)
				atomic_long_sub(arena->frames.nr, &arena_idle_frames);
			arena_take(arena, start, frames);
			found = true;
		}
		spin_unlock_irqrestore(&arena->lock, flags);
	}
	if (found && arena->has_offline_pages) {
		arena_unmark_offline(frames->first, frames->nr);
		/* This block covers the arena, so no other task marks its pages. */
		if (frames->nr == arena->frames.nr)
			arena->has_offline_pages = false;
	}
	return found;
}

static struct ctgm_constraints arena_place(const struct ctgm_arena *arena,
					   const struct ctgm_constraints *place)
{
	return ctgm_place_within(place, arena->frames.first, arena_last(arena));
}

static unsigned long arena_idle_age(void)
{
	return READ_ONCE(arena_idle_seconds) * HZ;
}

/* How often the worker looks after idle arenas: each second, or at once. */
static unsigned long arena_idle_period(void)
{
	return READ_ONCE(arena_idle_seconds) ? HZ : 0;
}

static void arena_release_excess(struct work_struct *work);
static void arena_release_old(struct work_struct *work);
static void arena_release_all(struct work_struct *work);
static DECLARE_WORK(arena_excess_work, arena_release_excess);
static DECLARE_DELAYED_WORK(arena_old_work, arena_release_old);
static DECLARE_WORK(arena_reclaim_work, arena_release_all);

/* Take a block's frames back. Any context but NMI. */
void ctgm_arena_free_in(struct ctgm_arena *arena, const struct ctgm_frames *frames)
{
	unsigned long flags;
	long idle = 0;

	spin_lock_irqsave(&arena->lock, flags);
	bitmap_clear(arena->busy, frames->first - arena->frames.first, frames->nr);
	arena->free += frames->nr;
	arena->next = frames->first;
	if (arena_is_idle(arena) && !arena->of_partition) {
		arena->idle_since = jiffies;
		idle = atomic_long_add_return(arena->frames.nr, &arena_idle_frames);
	}
	spin_unlock_irqrestore(&arena->lock, flags);

	/* From here on the shrinker or a worker may have given the arena back. */
	if (idle > arena_idle_limit())
		schedule_work(&arena_excess_work);
	else if (idle)
		schedule_delayed_work(&arena_old_work, arena_idle_period());
}

/* Give the good frames of a block back, and keep the poisoned ones from later blocks. */
static void arena_free_good(struct ctgm_arena *arena, const struct ctgm_frames *frames)
{
	struct ctgm_frames run = *frames;
	unsigned long flags;

	spin_lock_irqsave(&arena->lock, flags);
	arena->usable -= ctgm_frames_count_poisoned(frames);
	spin_unlock_irqrestore(&arena->lock, flags);
	run.nr = 0;
	while (ctgm_frames_next_good(frames, &run))
		ctgm_arena_free_in(arena, &run);
}

/* Take the first place in the arena from @from on that has no poisoned frame. */
static bool arena_take_from(struct ctgm_arena *arena, const struct ctgm_constraints *place,
			    unsigned long from, struct ctgm_frames *frames)
{
	while (arena_take_any(arena, place, from, frames)) {
		if (!ctgm_frames_count_poisoned(frames))
			return true;
		arena_free_good(arena, frames);
	}
	return false;
}

static void arena_free(const struct ctgm_frames *frames)
{
	ctgm_arena_free_in(frames->owner, frames);
}

static enum contigmem_reason arena_alloc(struct ctgm_alloc_control *ac, struct ctgm_frames *frames)
{
	enum contigmem_reason reason = CONTIGMEM_NO_FREE_RUN;
	struct ctgm_arena *arena;

	rcu_read_lock();
	list_for_each_entry_rcu(arena, &arena_lists[ac->cache], list) {
		struct ctgm_constraints place;

		if (arena->nid != ac->node || arena->zone != ac->zone ||
		    READ_ONCE(arena->free) < ac->place.nr)
			continue;
		place = arena_place(arena, &ac->place);
		if (place.first > place.last || place.last - place.first < place.nr - 1)
			continue;
		ac->verdict.windows++;
		if (arena_take_from(arena, &place, place.first, frames)) {
			frames->owner = arena;
			reason = CONTIGMEM_OK;
			break;
		}
	}
	rcu_read_unlock();
	return reason;
}

const struct ctgm_source ctgm_source_arena = {
	.id = CONTIGMEM_SOURCE_ARENA,
	.recycles = true,
	.alloc = arena_alloc,
	.free = arena_free,
};

/* Give back an arena that is in no list any more. May sleep. */
static void arena_give_back(struct ctgm_arena *arena)
{
	if (arena->has_offline_pages)
		arena_unmark_offline(arena->frames.first, arena->frames.nr);
	atomic_long_dec(&arena_count);
	atomic_long_sub(arena->frames.nr, &arena_frames);
	ctgm_frames_put(&arena->frames);
	kvfree_rcu(arena, rcu);
}

/**
 * struct ctgm_arena_limits - what may lie idle
 * @idle: frames of all arenas together
 * @age: jiffies
 * @most: frames to give back at most
 * @first: only arenas with frames from this one
 * @last: to this one, inclusive
 * @nodes: only arenas of these nodes; NULL for all
 * @cached_only: only arenas whose cache type need not be restored
 */
struct ctgm_arena_limits {
	long idle;
	unsigned long age;
	unsigned long most;
	unsigned long first;
	unsigned long last;
	const nodemask_t *nodes;
	bool cached_only;
};

static const struct ctgm_arena_limits arena_nothing_idle = {
	.idle = -1,
	.most = ULONG_MAX,
	.last = ULONG_MAX,
};

static bool arena_reaches_into(const struct ctgm_arena *arena, unsigned long first,
			       unsigned long last)
{
	return arena->frames.first <= last && arena_last(arena) >= first;
}

static bool arena_exceeds(const struct ctgm_arena *arena, const struct ctgm_arena_limits *limits)
{
	lockdep_assert_held(&arena->lock);
	return arena_is_idle(arena) &&
	       arena_reaches_into(arena, limits->first, limits->last) &&
	       (!limits->nodes || node_isset(arena->nid, *limits->nodes)) &&
	       (!limits->cached_only || arena->frames.cache == CONTIGMEM_CACHED) &&
	       (atomic_long_read(&arena_idle_frames) > limits->idle ||
		time_after_eq(jiffies, arena->idle_since + limits->age));
}

/* Remove an arena beyond the limits from its list; @released is the caller's to use then. */
static bool arena_remove(struct ctgm_arena *arena, const struct ctgm_arena_limits *limits)
{
	unsigned long flags;
	bool removed;

	if (!arena_is_idle(arena))
		return false;
	spin_lock_irqsave(&arena->lock, flags);
	removed = !arena->dead && arena_exceeds(arena, limits);
	if (removed) {
		arena->dead = true;
		atomic_long_sub(arena->frames.nr, &arena_idle_frames);
	}
	spin_unlock_irqrestore(&arena->lock, flags);
	if (!removed)
		return false;
	spin_lock_irqsave(&ctgm_arena_list_lock, flags);
	list_del_rcu(&arena->list);
	spin_unlock_irqrestore(&ctgm_arena_list_lock, flags);
	return true;
}

/* Give back idle arenas beyond the limits. Returns how many frames. */
static unsigned long arena_release(const struct ctgm_arena_limits *limits)
{
	struct ctgm_arena *arena, *next;
	enum contigmem_cache cache;
	unsigned long done = 0;
	unsigned int scope;
	LIST_HEAD(removed);

	lockdep_assert_held(&ctgm_arena_release_lock);
	rcu_read_lock();
	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++) {
		list_for_each_entry_rcu(arena, &arena_lists[cache], list) {
			if (done >= limits->most)
				break;
			if (arena_remove(arena, limits)) {
				list_add(&arena->released, &removed);
				done += arena->frames.nr;
			}
		}
	}
	rcu_read_unlock();

	/* I/O may be waiting for a task that waits for the release lock. */
	scope = memalloc_noio_save();
	list_for_each_entry_safe(arena, next, &removed, released) {
		arena_give_back(arena);
		cond_resched();
	}
	memalloc_noio_restore(scope);
	return done;
}

/**
 * ctgm_arena_release_idle() - give back the idle arenas that may be in a request's way
 * @first: first frame that the request accepts
 * @last: last one, inclusive
 * @nodes: the nodes that it is tried on
 * @wait: the caller may wait for a task that gives arenas back
 *
 * Context: Sleeps.
 * Return: true if any memory came back meanwhile.
 */
bool ctgm_arena_release_idle(unsigned long first, unsigned long last, const nodemask_t *nodes,
			     bool wait)
{
	struct ctgm_arena_limits limits = arena_nothing_idle;
	bool others = !mutex_trylock(&ctgm_arena_release_lock);
	unsigned long done;

	if (others && !wait)
		return false;
	if (others)
		mutex_lock(&ctgm_arena_release_lock);
	limits.first = first;
	limits.last = last;
	limits.nodes = nodes;
	done = arena_release(&limits);
	mutex_unlock(&ctgm_arena_release_lock);
	return done || others;
}

static bool arena_any_in(unsigned long first, unsigned long last)
{
	enum contigmem_cache cache;
	struct ctgm_arena *arena;
	bool found = false;

	rcu_read_lock();
	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++) {
		list_for_each_entry_rcu(arena, &arena_lists[cache], list)
			found |= arena_reaches_into(arena, first, last);
	}
	list_for_each_entry_rcu(arena, &arena_partitions, list)
		found |= arena_reaches_into(arena, first, last);
	rcu_read_unlock();
	return found;
}

/**
 * ctgm_arena_release_in() - give back the idle arenas in a range
 * @first: first frame
 * @last: last frame, inclusive
 *
 * Context: Sleeps.
 * Return: true if no arena, a partition's included, is left in the range.
 */
bool ctgm_arena_release_in(unsigned long first, unsigned long last)
{
	struct ctgm_arena_limits limits = arena_nothing_idle;

	limits.first = first;
	limits.last = last;
	mutex_lock(&ctgm_arena_release_lock);
	arena_release(&limits);
	mutex_unlock(&ctgm_arena_release_lock);
	return !arena_any_in(first, last);
}

static void arena_release_all(struct work_struct *work)
{
	mutex_lock(&ctgm_arena_release_lock);
	arena_release(&arena_nothing_idle);
	mutex_unlock(&ctgm_arena_release_lock);
}

static void arena_release_excess(struct work_struct *work)
{
	struct ctgm_arena_limits limits = arena_nothing_idle;

	limits.idle = arena_idle_limit();
	limits.age = arena_idle_age();
	mutex_lock(&ctgm_arena_release_lock);
	arena_release(&limits);
	mutex_unlock(&ctgm_arena_release_lock);
}

/*
 * Memory offlining gives up at a page in use before it calls any notifier, unless the
 * page is PageOffline, which means that its owner lets it go. To mark all pages takes
 * longer than a small allocation, so the worker does it, for arenas that have been idle
 * for a while, and a few pages at a time: requests are served meanwhile.
 */
static void arena_mark_offline(struct ctgm_arena *arena)
{
	unsigned long flags, at = 0, end;
	bool idle;

	lockdep_assert_held(&ctgm_arena_release_lock);
	do {
		spin_lock_irqsave(&arena->lock, flags);
		idle = !arena->dead && !arena->all_offline && arena_is_idle(arena);
		if (idle) {
			arena->has_offline_pages = true;
			end = min(at + ARENA_STEPS_UNDER_LOCK, arena->frames.nr);
			for (; at < end; at++)
				arena_mark_page_offline(arena->frames.first + at);
			arena->all_offline = at == arena->frames.nr;
		}
		spin_unlock_irqrestore(&arena->lock, flags);
		cond_resched();
	} while (idle && at < arena->frames.nr);
}

static void arena_mark_idle_offline(void)
{
	enum contigmem_cache cache;
	struct ctgm_arena *arena;

	mutex_lock(&ctgm_arena_release_lock);
	/* Arenas leave the lists under this lock only. */
	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++) {
		list_for_each_entry_rcu(arena, &arena_lists[cache], list,
					lockdep_is_held(&ctgm_arena_release_lock))
			arena_mark_offline(arena);
	}
	mutex_unlock(&ctgm_arena_release_lock);
}

static void arena_release_old(struct work_struct *work)
{
	arena_release_excess(work);
	arena_mark_idle_offline();
	if (atomic_long_read(&arena_idle_frames))
		schedule_delayed_work(to_delayed_work(work), arena_idle_period());
}

static unsigned long arena_count_objects(struct shrinker *unused, struct shrink_control *control)
{
	return atomic_long_read(&arena_idle_frames) ?: SHRINK_EMPTY;
}

static unsigned long arena_scan_objects(struct shrinker *unused, struct shrink_control *control)
{
	struct ctgm_arena_limits limits = arena_nothing_idle;
	unsigned long done;

	/* The holder, which may be this task, may be waiting for memory. */
	if (!mutex_trylock(&ctgm_arena_release_lock))
		return SHRINK_STOP;
	limits.most = control->nr_to_scan;
	limits.cached_only = true;
	done = arena_release(&limits);
	mutex_unlock(&ctgm_arena_release_lock);
	/* To change a cache type takes locks and page tables, so not within reclaim. */
	if (done < control->nr_to_scan && atomic_long_read(&arena_idle_frames))
		schedule_work(&arena_reclaim_work);
	return done ?: SHRINK_STOP;
}

struct ctgm_arena_stats ctgm_arena_stats(void)
{
	return (struct ctgm_arena_stats){
		.arenas = atomic_long_read(&arena_count),
		.frames = atomic_long_read(&arena_frames),
		.idle = atomic_long_read(&arena_idle_frames),
	};
}

/**
 * ctgm_arena_add_partition() - make a partition's arena
 * @arena: from ctgm_arena_create()
 * @all: the partition's frames, which stay the partition's to give back
 */
void ctgm_arena_add_partition(struct ctgm_arena *arena, const struct ctgm_frames *all)
{
	arena_own(arena, all);
	arena->of_partition = true;
	spin_lock_irq(&ctgm_arena_list_lock);
	list_add_rcu(&arena->list, &arena_partitions);
	spin_unlock_irq(&ctgm_arena_list_lock);
}

/* Free a partition's arena, which no block is in; its frames stay the partition's. */
void ctgm_arena_remove_partition(struct ctgm_arena *arena)
{
	spin_lock_irq(&ctgm_arena_list_lock);
	list_del_rcu(&arena->list);
	spin_unlock_irq(&ctgm_arena_list_lock);
	kvfree_rcu(arena, rcu);
}

/* Could a block ever lie in this arena? */
bool ctgm_arena_has_place(const struct ctgm_arena *arena, const struct ctgm_constraints *place)
{
	struct ctgm_constraints within = arena_place(arena, place);
	unsigned long at;

	return ctgm_place_next(&within, 0, &at);
}

/**
 * ctgm_arena_alloc_in() - take a block from a partition's arena
 * @arena: the arena
 * @place: where the block may lie
 * @frames: @nr is the size of the block; first frame and cache type are set
 *
 * Context: Any but NMI.
 * Return: false if there is no room now.
 */
bool ctgm_arena_alloc_in(struct ctgm_arena *arena, const struct ctgm_constraints *place,
			 struct ctgm_frames *frames)
{
	struct ctgm_constraints within = arena_place(arena, place);
	unsigned long next = READ_ONCE(arena->next);

	return (next > within.first && arena_take_from(arena, &within, next, frames)) ||
	       arena_take_from(arena, &within, within.first, frames);
}

void ctgm_arena_describe(const struct ctgm_arena *arena, struct contigmem_arena_info *info)
{
	*info = (struct contigmem_arena_info){
		.phys = PFN_PHYS(arena->frames.first),
		.size = arena->frames.nr << PAGE_SHIFT,
		.free = READ_ONCE(arena->free) << PAGE_SHIFT,
		.nid = arena->nid,
		.cache = arena->frames.cache,
	};
}

/* The first of two arenas that end above a frame; of two that begin together the longer. */
static struct ctgm_arena *arena_lower(struct ctgm_arena *arena, struct ctgm_arena *lowest,
				      unsigned long pfn)
{
	if (arena_last(arena) < pfn)
		return lowest;
	if (lowest && (lowest->frames.first < arena->frames.first ||
		       (lowest->frames.first == arena->frames.first &&
			lowest->frames.nr >= arena->frames.nr)))
		return lowest;
	return arena;
}

/**
 * ctgm_arena_find_from() - describe the lowest arena that ends above an address
 * @phys: physical address
 * @info: filled on success
 *
 * Partitions' arenas are included. Where a partition lies in an arena, the arena is
 * described.
 *
 * Context: Any but NMI.
 * Return: false if there is none.
 */
bool ctgm_arena_find_from(phys_addr_t phys, struct contigmem_arena_info *info)
{
	struct ctgm_arena *arena, *lowest = NULL;
	enum contigmem_cache cache;

	rcu_read_lock();
	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++) {
		list_for_each_entry_rcu(arena, &arena_lists[cache], list)
			lowest = arena_lower(arena, lowest, PHYS_PFN(phys));
	}
	list_for_each_entry_rcu(arena, &arena_partitions, list)
		lowest = arena_lower(arena, lowest, PHYS_PFN(phys));
	if (lowest)
		ctgm_arena_describe(lowest, info);
	rcu_read_unlock();
	return lowest;
}

int ctgm_arena_init(void)
{
	enum contigmem_cache cache;

	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++)
		INIT_LIST_HEAD(&arena_lists[cache]);
	arena_shrinker = compat_shrinker_register("contigmem", arena_count_objects,
						  arena_scan_objects);
	return PTR_ERR_OR_ZERO(arena_shrinker);
}

/* No block is left but those whose frames other tasks hold, which stay allocated. */
void ctgm_arena_exit(void)
{
	struct ctgm_arena *arena, *next;
	enum contigmem_cache cache;

	compat_shrinker_unregister(arena_shrinker);
	cancel_work_sync(&arena_excess_work);
	cancel_work_sync(&arena_reclaim_work);
	cancel_delayed_work_sync(&arena_old_work);
	ctgm_arena_release_in(0, ULONG_MAX);
	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++) {
		list_for_each_entry_safe(arena, next, &arena_lists[cache], list)
			kvfree(arena);
	}
}
