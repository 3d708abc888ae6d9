// SPDX-License-Identifier: GPL-2.0
/*
 * Arenas: whole pageblocks that source_range.c claimed or the page allocator gave,
 * of one node and one cache type, sub-allocated at page granularity in any context.
 *
 * What is idle is bounded, and given back by a worker and by a shrinker. A
 * partition's arena is never idle: it is the partition's to give back.
 */
#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/jiffies.h>
#include <linux/list.h>
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
#include "frames.h"
#include "mapping.h"
#include "source.h"

static unsigned int arena_idle_mb = 16;
module_param(arena_idle_mb, uint, 0644);
MODULE_PARM_DESC(arena_idle_mb, "MiB of claimed memory that may lie idle");

static unsigned int arena_idle_seconds = 30;
module_param(arena_idle_seconds, uint, 0644);
MODULE_PARM_DESC(arena_idle_seconds, "how long it may");

/**
 * struct arena - whole pageblocks
 * @list: in its cache type's list, or the partitions'; readers are under RCU
 * @released: in the list of those that are being given back
 * @rcu: for readers who still see it
 * @lock: protects what changes
 * @first: first frame
 * @nr: frames
 * @nid: node
 * @cache: cache type of all of them
 * @whole: they are one block of the page allocator's
 * @owned: a partition's
 * @dead: being given back, or typed: takes no blocks
 * @typed: pages that no block is in may have the type of offline pages
 * @offered: all have
 * @free: frames that no block is in
 * @next: where a partition's next block is looked for first: behind the last one,
 *	or where one was freed
 * @idle_since: in jiffies, when @free became @nr
 * @busy: a bit for each frame that a block is in
 */
struct arena {
	struct list_head list;
	struct list_head released;
	struct rcu_head rcu;
	/* Protects all below but typed, which changes while dead, or all of one block. */
	spinlock_t lock;
	unsigned long first;
	unsigned long nr;
	int nid;
	enum contigmem_cache cache;
	bool whole;
	bool owned;
	bool dead;
	bool typed;
	bool offered;
	unsigned long free;
	unsigned long next;
	unsigned long idle_since;
	unsigned long busy[];
};

/* Places that are tried without a pause: interrupts are off. */
#define TRIES_UNDER_LOCK	64

static struct list_head arenas[CONTIGMEM_NR_CACHES];
static LIST_HEAD(partitions);
static DEFINE_SPINLOCK(lists_lock);	/* for writers */

/* Held until what is being given back is: not in a free, only tried in reclaim. */
static DEFINE_MUTEX(release_lock);

static atomic_long_t nr_arenas;
static atomic_long_t nr_frames;
static atomic_long_t nr_idle;

static struct shrinker *shrinker;

static long idle_limit(void)
{
	return (long)READ_ONCE(arena_idle_mb) << (20 - PAGE_SHIFT);
}

/**
 * arena_new() - the record of an arena, before its frames are claimed
 * @first: first frame, of a pageblock
 * @nr: frames, whole pageblocks
 * @nid: node
 * @cache: cache type that they will have
 * @reclaim: gfp bits that may be used for the record; no process is killed for it
 *
 * Return: the record, to be given to arena_add() or arena_discard(); NULL if
 *	there is no memory for it.
 */
struct arena *arena_new(unsigned long first, unsigned long nr, int nid,
			enum contigmem_cache cache, gfp_t reclaim)
{
	/* A partition can be larger than a bitmap that is in one piece. */
	struct arena *arena = kvzalloc(struct_size(arena, busy, BITS_TO_LONGS(nr)),
				       reclaim | __GFP_NORETRY | __GFP_NOWARN);

	if (!arena)
		return NULL;
	spin_lock_init(&arena->lock);
	arena->first = first;
	arena->nr = nr;
	arena->nid = nid;
	arena->cache = cache;
	arena->free = nr;
	return arena;
}

void arena_discard(struct arena *arena)
{
	kvfree(arena);
}

/* Called with the arena's lock held, or before anybody else knows it. */
static void take(struct arena *arena, unsigned long first, struct frames *frames)
{
	arena->offered = false;
	bitmap_set(arena->busy, first - arena->first, frames->nr);
	arena->free -= frames->nr;
	arena->next = first + frames->nr;
	frames->first = first;
	frames->cache = arena->cache;
	frames->arena = arena;
}

/**
 * arena_add() - an arena whose frames are claimed, with its first block
 * @arena: from arena_new(); its frames have its cache type
 * @first: first frame of the block
 * @frames: @nr is what to take; the rest is filled
 */
void arena_add(struct arena *arena, unsigned long first, struct frames *frames)
{
	unsigned long flags;

	arena->whole = frames->whole;
	take(arena, first, frames);
	atomic_long_inc(&nr_arenas);
	atomic_long_add(arena->nr, &nr_frames);
	spin_lock_irqsave(&lists_lock, flags);
	list_add_rcu(&arena->list, &arenas[arena->cache]);
	spin_unlock_irqrestore(&lists_lock, flags);
}

/*
 * The first place in the arena from a frame on whose frames are all free. Gives
 * up for now after a while: *from is where to go on, or beyond the place's last
 * frame if there is nothing. Called with the arena's lock held.
 */
static bool find(const struct arena *arena, const struct placement *place, unsigned long *from,
		 unsigned long *start)
{
	unsigned int tries;

	for (tries = 0; tries < TRIES_UNDER_LOCK; tries++) {
		unsigned long at, blocker;

		if (!placement_next(place, *from, start)) {
			*from = place->last + 1;
			return false;
		}
		at = *start - arena->first;
		blocker = find_next_bit(arena->busy, at + place->nr, at);
		if (blocker >= at + place->nr)
			return true;
		*from = arena->first + find_next_zero_bit(arena->busy, arena->nr, blocker);
	}
	return false;
}

/* Undo what offer() did to pages that are in use again, some of them not for the first time. */
static void clear_type(unsigned long first, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++) {
		struct page *page = pfn_to_page(first + i);

		if (PageOffline(page))
			__ClearPageOffline(page);
	}
}

/* The first place in the arena from a frame on. */
static bool get_from(struct arena *arena, const struct placement *place, unsigned long from,
		     struct frames *frames)
{
	unsigned long flags, start;
	bool found = false;

	while (!found && from <= place->last) {
		spin_lock_irqsave(&arena->lock, flags);
		if (arena->dead || arena->free < place->nr) {
			from = place->last + 1;
		} else if (find(arena, place, &from, &start)) {
			if (arena->free == arena->nr && !arena->owned)
				atomic_long_sub(arena->nr, &nr_idle);
			take(arena, start, frames);
			found = true;
		}
		spin_unlock_irqrestore(&arena->lock, flags);
	}
	if (found && arena->typed) {
		clear_type(frames->first, frames->nr);
		/* All are this block's: nobody else looks at it, or offers them. */
		if (frames->nr == arena->nr)
			arena->typed = false;
	}
	return found;
}

static enum contigmem_reason get(const struct need *need, const struct memmap *map, int nid,
				 bool migrate, struct frames *frames,
				 struct contigmem_verdict *verdict)
{
	enum contigmem_reason reason = CONTIGMEM_NO_FREE_RUN;
	struct arena *arena;

	rcu_read_lock();
	list_for_each_entry_rcu(arena, &arenas[need->cache], list) {
		struct placement place;

		if (arena->nid != nid || READ_ONCE(arena->free) < need->place.nr)
			continue;
		place = placement_within(&need->place, arena->first, arena->first + arena->nr - 1);
		if (place.first > place.last || place.last - place.first < place.nr - 1)
			continue;
		verdict->windows++;
		if (get_from(arena, &place, place.first, frames)) {
			reason = CONTIGMEM_OK;
			break;
		}
	}
	rcu_read_unlock();
	return reason;
}

const struct source source_arena = {
	.id = CONTIGMEM_SOURCE_ARENA,
	.get = get,
};

/* Nobody sees the arena any more. May sleep. */
static void give_back(struct arena *arena)
{
	struct frames frames = {
		.first = arena->first,
		.nr = arena->nr,
		.cache = arena->cache,
		.whole = arena->whole,
	};

	if (arena->typed)
		clear_type(arena->first, arena->nr);
	atomic_long_dec(&nr_arenas);
	atomic_long_sub(arena->nr, &nr_frames);
	mapping_put(&frames);
	kvfree_rcu(arena, rcu);
}

/**
 * struct limits - what may lie idle
 * @idle: frames of all arenas
 * @age: jiffies
 * @most: frames to give back at most
 * @first: only of arenas that have frames from this one
 * @last: to this one, inclusive
 */
struct limits {
	long idle;
	unsigned long age;
	unsigned long most;
	unsigned long first;
	unsigned long last;
};

static const struct limits nothing_idle = {
	.idle = -1,
	.most = ULONG_MAX,
	.last = ULONG_MAX,
};

static bool reaches_into(const struct arena *arena, unsigned long first, unsigned long last)
{
	return arena->first <= last && arena->first + arena->nr - 1 >= first;
}

/* Is it time? Called with the arena's lock held. */
static bool outlived(const struct arena *arena, const struct limits *limits)
{
	return arena->free == arena->nr &&
	       reaches_into(arena, limits->first, limits->last) &&
	       (atomic_long_read(&nr_idle) > limits->idle ||
		time_after_eq(jiffies, arena->idle_since + limits->age));
}

/* Takes the arena out of everybody's sight if it is time; its lists are the caller's then. */
static bool take_out(struct arena *arena, const struct limits *limits)
{
	unsigned long flags;
	bool out;

	if (READ_ONCE(arena->free) < arena->nr)
		return false;
	spin_lock_irqsave(&arena->lock, flags);
	out = !arena->dead && outlived(arena, limits);
	if (out) {
		arena->dead = true;
		atomic_long_sub(arena->nr, &nr_idle);
	}
	spin_unlock_irqrestore(&arena->lock, flags);
	if (!out)
		return false;
	spin_lock_irqsave(&lists_lock, flags);
	list_del_rcu(&arena->list);
	spin_unlock_irqrestore(&lists_lock, flags);
	return true;
}

/* Give back idle arenas beyond the limits. Called with the release lock held. */
static unsigned long release(const struct limits *limits)
{
	struct arena *arena, *next;
	enum contigmem_cache cache;
	unsigned long done = 0;
	unsigned int scope;
	LIST_HEAD(gone);

	rcu_read_lock();
	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++) {
		list_for_each_entry_rcu(arena, &arenas[cache], list) {
			if (done >= limits->most)
				break;
			if (take_out(arena, limits)) {
				list_add(&arena->released, &gone);
				done += arena->nr;
			}
		}
	}
	rcu_read_unlock();

	/* Whoever waits for the release lock may be what I/O is waiting for. */
	scope = memalloc_noio_save();
	list_for_each_entry_safe(arena, next, &gone, released) {
		give_back(arena);
		cond_resched();
	}
	memalloc_noio_restore(scope);
	return done;
}

/* Give back all that is idle; sleeps. Returns whether anything came back meanwhile. */
bool arena_release_idle(void)
{
	bool others = !mutex_trylock(&release_lock);
	unsigned long done;

	if (others)
		mutex_lock(&release_lock);
	done = release(&nothing_idle);
	mutex_unlock(&release_lock);
	return done || others;
}

static bool any_in(unsigned long first, unsigned long last)
{
	enum contigmem_cache cache;
	struct arena *arena;
	bool found = false;

	rcu_read_lock();
	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++) {
		list_for_each_entry_rcu(arena, &arenas[cache], list)
			found |= reaches_into(arena, first, last);
	}
	list_for_each_entry_rcu(arena, &partitions, list)
		found |= reaches_into(arena, first, last);
	rcu_read_unlock();
	return found;
}

/* Give back all that is idle in these frames; sleeps. Returns whether no arena is left there. */
bool arena_release_in(unsigned long first, unsigned long last)
{
	struct limits limits = nothing_idle;

	limits.first = first;
	limits.last = last;
	mutex_lock(&release_lock);
	release(&limits);
	mutex_unlock(&release_lock);
	return !any_in(first, last);
}

static unsigned long idle_age(void)
{
	return READ_ONCE(arena_idle_seconds) * HZ;
}

static void release_too_many(struct work_struct *work)
{
	struct limits limits = nothing_idle;

	limits.idle = idle_limit();
	limits.age = idle_age();
	mutex_lock(&release_lock);
	release(&limits);
	mutex_unlock(&release_lock);
}

/*
 * Memory offlining gives up at a page that is in use, before it asks anybody to
 * give something back, unless the page's type says that its owner will. To
 * change the type of all pages takes longer than a small allocation: the worker
 * does it, for what has been idle for a while. Called with the release lock held.
 */
static void offer(struct arena *arena)
{
	unsigned long flags, i;
	bool idle;

	spin_lock_irqsave(&arena->lock, flags);
	idle = !arena->dead && !arena->offered && arena->free == arena->nr;
	if (idle)
		arena->dead = true;
	spin_unlock_irqrestore(&arena->lock, flags);
	if (!idle)
		return;
	for (i = 0; i < arena->nr; i++)
		__SetPageOffline(pfn_to_page(arena->first + i));
	arena->typed = true;
	spin_lock_irqsave(&arena->lock, flags);
	arena->offered = true;
	arena->dead = false;
	spin_unlock_irqrestore(&arena->lock, flags);
}

static void offer_idle(void)
{
	enum contigmem_cache cache;
	struct arena *arena;

	mutex_lock(&release_lock);
	rcu_read_lock();
	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++) {
		list_for_each_entry_rcu(arena, &arenas[cache], list)
			offer(arena);
	}
	rcu_read_unlock();
	mutex_unlock(&release_lock);
}

/* Looks after idle arenas every second, or when they are to be given back. */
static unsigned long idle_period(void)
{
	return min_t(unsigned long, HZ, idle_age());
}

static void release_too_old(struct work_struct *work)
{
	release_too_many(work);
	offer_idle();
	if (atomic_long_read(&nr_idle))
		schedule_delayed_work(to_delayed_work(work), idle_period());
}

static DECLARE_WORK(too_many_work, release_too_many);
static DECLARE_DELAYED_WORK(too_old_work, release_too_old);

/* Take a block's frames back; any context. */
void arena_put(const struct frames *frames)
{
	struct arena *arena = frames->arena;
	unsigned long flags;
	long idle = 0;

	spin_lock_irqsave(&arena->lock, flags);
	bitmap_clear(arena->busy, frames->first - arena->first, frames->nr);
	arena->free += frames->nr;
	arena->next = frames->first;
	if (arena->free == arena->nr && !arena->owned) {
		arena->idle_since = jiffies;
		idle = atomic_long_add_return(arena->nr, &nr_idle);
	}
	spin_unlock_irqrestore(&arena->lock, flags);

	/* The arena may be gone by now. */
	if (idle > idle_limit())
		schedule_work(&too_many_work);
	else if (idle)
		schedule_delayed_work(&too_old_work, idle_period());
}

static unsigned long count_idle(struct shrinker *unused, struct shrink_control *control)
{
	return atomic_long_read(&nr_idle) ?: SHRINK_EMPTY;
}

static unsigned long release_some(struct shrinker *unused, struct shrink_control *control)
{
	struct limits limits = nothing_idle;
	unsigned long done;

	/* Whoever holds it may be waiting for memory, this task included. */
	if (!mutex_trylock(&release_lock))
		return SHRINK_STOP;
	limits.most = control->nr_to_scan;
	done = release(&limits);
	mutex_unlock(&release_lock);
	return done ?: SHRINK_STOP;
}

struct arena_stats arena_stats(void)
{
	return (struct arena_stats){
		.arenas = atomic_long_read(&nr_arenas),
		.frames = atomic_long_read(&nr_frames),
		.idle = atomic_long_read(&nr_idle),
	};
}

/* An arena of frames that are a partition's; NULL if there is no memory for its record. */
struct arena *arena_of_partition(const struct frames *frames, int nid)
{
	struct arena *arena = arena_new(frames->first, frames->nr, nid, frames->cache, GFP_KERNEL);

	if (!arena)
		return NULL;
	arena->owned = true;
	arena->next = arena->first;
	spin_lock_irq(&lists_lock);
	list_add_rcu(&arena->list, &partitions);
	spin_unlock_irq(&lists_lock);
	return arena;
}

/* Remove a partition's arena that no block is in; its frames are the caller's. */
void arena_remove(struct arena *arena)
{
	spin_lock_irq(&lists_lock);
	list_del_rcu(&arena->list);
	spin_unlock_irq(&lists_lock);
	kvfree_rcu(arena, rcu);
}

static struct placement place_in(const struct arena *arena, const struct need *need)
{
	return placement_within(&need->place, arena->first, arena->first + arena->nr - 1);
}

/* Could the block ever lie in this arena? */
bool arena_has_place(const struct arena *arena, const struct need *need)
{
	struct placement place = place_in(arena, need);
	unsigned long at;

	return placement_next(&place, 0, &at);
}

/* Take a block from a partition's arena; any context. False if there is no room now. */
bool arena_serve(struct arena *arena, const struct need *need, struct frames *frames)
{
	struct placement place = place_in(arena, need);
	unsigned long next = READ_ONCE(arena->next);

	return (next > place.first && get_from(arena, &place, next, frames)) ||
	       get_from(arena, &place, place.first, frames);
}

void arena_describe(const struct arena *arena, struct contigmem_arena_info *info)
{
	*info = (struct contigmem_arena_info){
		.phys = PFN_PHYS(arena->first),
		.size = arena->nr << PAGE_SHIFT,
		.free = READ_ONCE(arena->free) << PAGE_SHIFT,
		.nid = arena->nid,
		.cache = arena->cache,
	};
}

/* The first of two that end above a frame; of two that begin together the longer. */
static struct arena *lower(struct arena *arena, struct arena *lowest, unsigned long pfn)
{
	if (arena->first + arena->nr <= pfn)
		return lowest;
	if (lowest && (lowest->first < arena->first ||
		       (lowest->first == arena->first && lowest->nr >= arena->nr)))
		return lowest;
	return arena;
}

/*
 * Describe the lowest arena that ends above a physical address, partitions' included;
 * false if there is none. A partition may lie in an arena, which stands for it then.
 */
bool arena_find_from(phys_addr_t phys, struct contigmem_arena_info *info)
{
	struct arena *arena, *lowest = NULL;
	enum contigmem_cache cache;

	rcu_read_lock();
	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++) {
		list_for_each_entry_rcu(arena, &arenas[cache], list)
			lowest = lower(arena, lowest, PHYS_PFN(phys));
	}
	list_for_each_entry_rcu(arena, &partitions, list)
		lowest = lower(arena, lowest, PHYS_PFN(phys));
	if (lowest)
		arena_describe(lowest, info);
	rcu_read_unlock();
	return lowest;
}

int arena_init(void)
{
	enum contigmem_cache cache;

	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++)
		INIT_LIST_HEAD(&arenas[cache]);
	shrinker = compat_shrinker_register("contigmem", count_idle, release_some);
	return PTR_ERR_OR_ZERO(shrinker);
}

/* No block is left. */
void arena_exit(void)
{
	compat_shrinker_unregister(shrinker);
	cancel_work_sync(&too_many_work);
	cancel_delayed_work_sync(&too_old_work);
	arena_release_idle();
}
