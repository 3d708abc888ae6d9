// SPDX-License-Identifier: GPL-2.0
/*
 * Arenas: frames of one node and one cache type, which alloc_contig_range() or the page
 * allocator gave, sub-allocated at page granularity in any context but NMI.
 *
 * The small arenas of a zone and a cache type are in one tree by address, which knows how
 * long the free runs below each node are: a request finds its arena in a few steps, however
 * many there are. The highest that serves is taken, so that lower memory stays for who needs
 * it and the lower arenas empty.
 *
 * A large arena keeps a large block's frames and their cache type at hand after it was
 * freed. It has one block at a time, and only one that takes more than half of it: no small
 * block keeps many frames from the page allocator. The smallest that serves is taken.
 *
 * Idle arenas are bounded in size and age; a worker and a shrinker give them back. Where few
 * blocks keep many small arenas, their free frames are given back as well, with age or under
 * pressure. A partition's arena is never idle: the partition gives it back.
 */
#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/pfn.h>
#include <linux/rbtree_augmented.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "arena.h"
#include "compat.h"
#include "memtype.h"
#include "trace.h"

/* The default is a share of the machine's memory: the module's load computes it. */
#define ARENA_IDLE_MB_DEFAULT	UINT_MAX
#define ARENA_IDLE_SHARE	64
#define ARENA_IDLE_MB_LEAST	16UL
#define ARENA_IDLE_MB_MOST	1024UL

unsigned int ctgm_arena_idle_mb = ARENA_IDLE_MB_DEFAULT;
module_param_named(arena_idle_mb, ctgm_arena_idle_mb, uint, 0644);
MODULE_PARM_DESC(arena_idle_mb, "MiB of memory that may lie idle in arenas (default: a 64th of memory, 16 to 1024)");

static unsigned int arena_idle_seconds = 30;
module_param(arena_idle_seconds, uint, 0644);
MODULE_PARM_DESC(arena_idle_seconds, "seconds that an arena, or what few blocks leave of one, may lie idle");

/**
 * struct ctgm_arena_pool - the small or the large arenas of a zone and a cache type, or that
 *	of a partition
 * @lock: protects the members below and all arenas in the pool
 * @arenas: by address, each with the longest run in its subtree; not a partition's
 * @idle: those without a block, the oldest first; not a partition's
 * @ready: large ones without a block or a poisoned frame, the smallest first, of equal ones
 *	the highest
 * @free: their frames without a block; not a partition's
 * @idle_frames: frames of those in @idle
 */
struct ctgm_arena_pool {
	raw_spinlock_t lock;	/* taken with interrupts off */
	struct rb_root arenas;
	struct list_head idle;
	struct rb_root ready;
	unsigned long free;
	unsigned long idle_frames;
};

/**
 * struct ctgm_arena - frames that are sub-allocated
 * @by_address: in the tree of its pool
 * @by_size: in the tree of its pool's large arenas that are ready, or clear
 * @list: in its pool's list of idle arenas; in the list of those that a task gives back,
 *	private to that task; a partition's in the list of the partitions', for readers
 *	under RCU
 * @rcu: frees the record of a partition's arena after the last reader
 * @pool: where it is; constant
 * @own: the pool of a partition's arena
 * @base: the frame of the first bit of the bitmaps; constant
 * @size: bits of a bitmap; constant
 * @frames: its page frames; from its ends frames may be given back while blocks stay
 * @nid: node; constant
 * @zone: zone; constant
 * @has_offline_pages: pages without a block may be PageOffline. Set under the pool's lock
 *	while the arena is idle, cleared by the owner of a block that covers the arena
 * @all_offline: all pages are
 * @usable: frames that are neither poisoned nor gone
 * @free: usable frames without a block
 * @longest: no run of free frames is longer; constant in a large arena, not kept for a
 *	partition
 * @subtree_longest: the largest @longest in the subtree
 * @next: where the search for a partition's next block starts: behind the last block,
 *	or at the block freed last
 * @idle_since: in jiffies, when @free became @usable
 * @gone: frames between the others that were given back while blocks stayed
 * @any_rested: the third bitmap may have a bit
 * @busy: a bit for each frame with a block, each poisoned one and each that was given back.
 *	In a small arena a bit for each that was given back follows, and one for each that was
 *	free when the worker came by, and has been since
 *
 * The members from @all_offline on are protected by the pool's lock.
 */
struct ctgm_arena {
	struct rb_node by_address;
	struct rb_node by_size;
	struct list_head list;
	struct rcu_head rcu;
	struct ctgm_arena_pool *pool;
	struct ctgm_arena_pool own;
	unsigned long base;
	unsigned long size;
	struct ctgm_frames frames;
	int nid;
	int zone;
	bool has_offline_pages;
	bool all_offline;
	unsigned long usable;
	unsigned long free;
	unsigned long longest;
	unsigned long subtree_longest;
	unsigned long next;
	unsigned long idle_since;
	unsigned long gone;
	bool any_rested;
	unsigned long busy[];
};

static inline unsigned long arena_longest(struct ctgm_arena *arena)
{
	return arena->longest;
}

RB_DECLARE_CALLBACKS_MAX(static, arena_augment, struct ctgm_arena, by_address, unsigned long,
			 subtree_longest, arena_longest)

/* Steps under the lock before interrupts are enabled for a moment: 7,000 instructions. */
#define ARENA_STEPS_UNDER_LOCK	64
/* Bits of the bitmap read beyond those of the block itself: as many instructions. */
#define ARENA_BITS_UNDER_LOCK	(4096 * BITS_PER_LONG)

enum ctgm_arena_kind {
	ARENA_SMALL,
	ARENA_LARGE,
	ARENA_NR_KINDS,
};

/* By node. */
static struct ctgm_arena_pool (*arena_pools)[MAX_NR_ZONES][CONTIGMEM_NR_CACHES][ARENA_NR_KINDS];
static LIST_HEAD(arena_partitions);
static DEFINE_SPINLOCK(ctgm_arena_list_lock);	/* for writers of the list of partitions' arenas */

/* Held while arenas are given back: never in a free, only tried in reclaim. */
static DEFINE_MUTEX(ctgm_arena_release_lock);

static atomic_long_t arena_count;
static atomic_long_t arena_frames;
static atomic_long_t arena_idle_frames;

/*
 * By cache type, the free frames of small arenas that each node keeps for callers that cannot
 * wait, and what fetches more.
 */
static unsigned long arena_reserves[CONTIGMEM_NR_CACHES];
static struct delayed_work *arena_refill_work;

static struct shrinker *arena_shrinker;
static bool arena_exiting;	/* no work is scheduled any more */

static bool arena_is_idle(const struct ctgm_arena *arena)
{
	return READ_ONCE(arena->free) == READ_ONCE(arena->usable);
}

static bool arena_is_partitions(const struct ctgm_arena *arena)
{
	return arena->pool == &arena->own;
}

static unsigned long arena_small_frames(void)
{
	return CTGM_ARENA_SMALL_PAGEBLOCKS * pageblock_nr_pages;
}

static bool arena_is_large(const struct ctgm_arena *arena)
{
	return !arena_is_partitions(arena) && arena->frames.nr > arena_small_frames();
}

/* Is the longest run of free frames kept for its tree? */
static bool arena_keeps_longest(const struct ctgm_arena *arena)
{
	return !arena_is_partitions(arena) && !arena_is_large(arena);
}

static unsigned long arena_last(const struct ctgm_arena *arena)
{
	return arena->frames.first + arena->frames.nr - 1;
}

/* Words of all bitmaps of an arena. */
static unsigned long arena_bitmap_longs(unsigned long nr)
{
	return (nr <= arena_small_frames() ? 3 : 1) * BITS_TO_LONGS(nr);
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
	return kvzalloc(struct_size_t(struct ctgm_arena, busy, arena_bitmap_longs(nr)),
			reclaim | __GFP_NORETRY | __GFP_NOWARN);
}

/* Free a record that was never added. */
void ctgm_arena_destroy(struct ctgm_arena *arena)
{
	kvfree(arena);
}

static void arena_pool_init(struct ctgm_arena_pool *pool)
{
	raw_spin_lock_init(&pool->lock);
	pool->arenas = RB_ROOT;
	INIT_LIST_HEAD(&pool->idle);
	pool->ready = RB_ROOT;
}

static void arena_own(struct ctgm_arena *arena, const struct ctgm_frames *all)
{
	arena->base = all->first;
	arena->size = all->nr;
	arena->frames = *all;
	arena->nid = page_to_nid(pfn_to_page(all->first));
	arena->zone = page_zonenum(pfn_to_page(all->first));
	arena->usable = all->nr;
	arena->free = all->nr;
	arena->longest = all->nr;
	arena->next = all->first;
	RB_CLEAR_NODE(&arena->by_size);
}

/* Does the first of two large arenas come before a size and an address? */
static bool arena_is_before(const struct ctgm_arena *arena, unsigned long nr, unsigned long first)
{
	return arena->frames.nr < nr || (arena->frames.nr == nr && arena->frames.first > first);
}

static bool arena_less(struct rb_node *a, const struct rb_node *b)
{
	const struct ctgm_arena *other = rb_entry(b, struct ctgm_arena, by_size);

	return arena_is_before(rb_entry(a, struct ctgm_arena, by_size), other->frames.nr,
			       other->frames.first);
}

/* Frames that were not given back. */
static unsigned long arena_kept(const struct ctgm_arena *arena)
{
	return arena->frames.nr - arena->gone;
}

static unsigned long *arena_gone_bits(struct ctgm_arena *arena)
{
	return arena->busy + BITS_TO_LONGS(arena->size);
}

static unsigned long *arena_rested_bits(struct ctgm_arena *arena)
{
	return arena->busy + 2 * BITS_TO_LONGS(arena->size);
}

/* The first run of frames from @from on that were not given back; false if there is none. */
static bool arena_next_kept(struct ctgm_arena *arena, unsigned long from, struct ctgm_frames *run)
{
	unsigned long end = arena->frames.first + arena->frames.nr - arena->base;
	unsigned long at = max(from, arena->frames.first) - arena->base, last = end;

	if (arena->gone && at < end) {
		at = find_next_zero_bit(arena_gone_bits(arena), end, at);
		last = find_next_bit(arena_gone_bits(arena), end, at);
	}
	if (at >= end)
		return false;
	*run = arena->frames;
	run->first = arena->base + at;
	run->nr = last - at;
	return true;
}

/* Enter an arena into the list of idle ones if it is. Returns the idle frames of all if so. */
static long arena_note_idle(struct ctgm_arena *arena)
{
	lockdep_assert_held(&arena->pool->lock);
	if (arena_is_partitions(arena) || !arena_is_idle(arena))
		return 0;
	arena->idle_since = jiffies;
	list_add_tail(&arena->list, &arena->pool->idle);
	arena->pool->idle_frames += arena_kept(arena);
	if (arena_is_large(arena) && arena->usable == arena->frames.nr)
		rb_add(&arena->by_size, &arena->pool->ready, arena_less);
	return atomic_long_add_return(arena_kept(arena), &arena_idle_frames);
}

/* Take an arena out of the list of idle ones. */
static void arena_forget_idle(struct ctgm_arena *arena)
{
	lockdep_assert_held(&arena->pool->lock);
	list_del(&arena->list);
	arena->pool->idle_frames -= arena_kept(arena);
	if (!RB_EMPTY_NODE(&arena->by_size)) {
		rb_erase(&arena->by_size, &arena->pool->ready);
		RB_CLEAR_NODE(&arena->by_size);
	}
	atomic_long_sub(arena_kept(arena), &arena_idle_frames);
}

/* Enter an arena into its pool, without a block. */
static void arena_insert(struct ctgm_arena *arena)
{
	struct rb_node **link = &arena->pool->arenas.rb_node, *parent = NULL;

	lockdep_assert_held(&arena->pool->lock);
	arena->subtree_longest = arena->longest;
	while (*link) {
		struct ctgm_arena *above = rb_entry(*link, struct ctgm_arena, by_address);

		parent = *link;
		above->subtree_longest = max(above->subtree_longest, arena->longest);
		link = arena->frames.first < above->frames.first ? &parent->rb_left :
								   &parent->rb_right;
	}
	rb_link_node(&arena->by_address, parent, link);
	rb_insert_augmented(&arena->by_address, &arena->pool->arenas, &arena_augment);
	arena->pool->free += arena->free;
	arena_note_idle(arena);
}

static void arena_set_longest(struct ctgm_arena *arena, unsigned long longest)
{
	if (longest == arena->longest)
		return;
	arena->longest = longest;
	arena_augment_propagate(&arena->by_address, NULL);
}

static void arena_take(struct ctgm_arena *arena, unsigned long first, struct ctgm_frames *frames)
{
	lockdep_assert_held(&arena->pool->lock);
	if (!arena_is_partitions(arena) && arena_is_idle(arena))
		arena_forget_idle(arena);
	arena->all_offline = false;
	bitmap_set(arena->busy, first - arena->base, frames->nr);
	if (arena->any_rested)
		bitmap_clear(arena_rested_bits(arena), first - arena->base, frames->nr);
	arena->free -= frames->nr;
	arena->pool->free -= frames->nr;
	arena->next = first + frames->nr;
	/* Not each time: to go up the tree takes as long as the rest. */
	if (arena_keeps_longest(arena) && arena->free < arena->longest / 2)
		arena_set_longest(arena, arena->free);
	frames->first = first;
	frames->cache = arena->frames.cache;
	frames->home = arena->frames.cache;
	frames->shift = arena->frames.shift;
}

/* How long the run of free frames around these is. */
static unsigned long arena_run_around(const struct ctgm_arena *arena,
				      const struct ctgm_frames *frames)
{
	unsigned long at = frames->first - arena->base;
	unsigned long end = find_next_bit(arena->busy, arena->size, at + frames->nr);
	unsigned long before = find_last_bit(arena->busy, at);

	/* @before is @at where all frames below are free. */
	return before < at ? end - before - 1 : end;
}

static struct ctgm_arena *arena_of_node(struct rb_node *node)
{
	return rb_entry_safe(node, struct ctgm_arena, by_address);
}

static bool arena_subtree_has(struct rb_node *node, unsigned long nr)
{
	return node && arena_of_node(node)->subtree_longest >= nr;
}

/* The highest arena of a subtree that may have a run of @nr free frames. */
static struct ctgm_arena *arena_highest_in(struct rb_node *node, unsigned long nr)
{
	while (arena_subtree_has(node, nr)) {
		bool right = arena_subtree_has(node->rb_right, nr);

		if (!right && arena_of_node(node)->longest >= nr)
			return arena_of_node(node);
		node = right ? node->rb_right : node->rb_left;
	}
	return NULL;
}

/* The highest arena that begins at @last or below and may have a run of @nr free frames. */
static struct ctgm_arena *arena_highest(const struct ctgm_arena_pool *pool, unsigned long nr,
					unsigned long last)
{
	struct rb_node *node = pool->arenas.rb_node, *passed = NULL;

	lockdep_assert_held(&pool->lock);
	/* Down to the highest that begins at @last or below, noting what may serve beside it. */
	while (arena_subtree_has(node, nr)) {
		if (arena_of_node(node)->frames.first > last) {
			node = node->rb_left;
			continue;
		}
		if (arena_of_node(node)->longest >= nr || arena_subtree_has(node->rb_left, nr))
			passed = node;
		node = node->rb_right;
	}
	if (!passed || arena_of_node(passed)->longest >= nr)
		return arena_of_node(passed);
	return arena_highest_in(passed->rb_left, nr);
}

static struct ctgm_arena_pool *arena_pool_for(const struct ctgm_arena *arena)
{
	return &arena_pools[arena->nid][arena->zone][arena->frames.cache]
			   [arena->size > arena_small_frames() ? ARENA_LARGE : ARENA_SMALL];
}

/* Frames that an arena had given back, from between others, are its own again. */
static void arena_regain(struct ctgm_arena *arena, const struct ctgm_frames *run)
{
	bool idle = arena_is_idle(arena);

	lockdep_assert_held(&arena->pool->lock);
	if (idle)
		arena_forget_idle(arena);
	bitmap_clear(arena->busy, run->first - arena->base, run->nr);
	bitmap_clear(arena_gone_bits(arena), run->first - arena->base, run->nr);
	arena->gone -= run->nr;
	arena->usable += run->nr;
	arena->free += run->nr;
	arena->pool->free += run->nr;
	arena_set_longest(arena, max(arena->longest, arena_run_around(arena, run)));
	if (idle)
		arena_note_idle(arena);
}

/**
 * ctgm_arena_add() - make an arena of frames, and a block in it
 * @arena: from ctgm_arena_create(); freed if another arena, around the frames, gets them
 * @all: the frames, with the arena's cache type; the arena's from now on
 * @first: first frame of the block
 * @frames: @nr is the size of the block; the rest is set
 */
void ctgm_arena_add(struct ctgm_arena *arena, const struct ctgm_frames *all,
		    unsigned long first, struct ctgm_frames *frames)
{
	struct ctgm_arena *around;
	unsigned long flags;

	arena_own(arena, all);
	arena->pool = arena_pool_for(arena);
	frames->source = &ctgm_source_arena;
	atomic_long_add(all->nr, &arena_frames);
	raw_spin_lock_irqsave(&arena->pool->lock, flags);
	around = arena_highest(arena->pool, 0, all->first);
	if (around && arena_last(around) > all->first) {
		arena_regain(around, all);
	} else {
		arena_insert(arena);
		around = arena;
	}
	arena_take(around, first, frames);
	raw_spin_unlock_irqrestore(&arena->pool->lock, flags);
	frames->owner = around;
	trace_contigmem_arena(all->first, all->nr, page_to_nid(pfn_to_page(all->first)), all->cache,
			      true);
	if (around == arena)
		atomic_long_inc(&arena_count);
	else
		ctgm_arena_destroy(arena);
}

/**
 * ctgm_arena_make() - make an arena of frames just allocated, and a block in it
 * @arena: from ctgm_arena_create(), and freed on failure
 * @all: the frames, cached; the arena's from now on, and given back on failure
 * @cache: the cache type that they get
 * @first: first frame of the block
 * @frames: @nr is the size of the block; the rest is set
 *
 * Context: Sleeps.
 * Return: %CONTIGMEM_OK or why they cannot have the type.
 */
enum contigmem_reason ctgm_arena_make(struct ctgm_arena *arena, struct ctgm_frames *all,
				      enum contigmem_cache cache, unsigned long first,
				      struct ctgm_frames *frames)
{
	enum contigmem_reason reason = ctgm_frames_set_type(all, cache);

	if (reason) {
		ctgm_frames_put(all);
		ctgm_arena_destroy(arena);
		return reason;
	}
	ctgm_arena_add(arena, all, first, frames);
	return CONTIGMEM_OK;
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

	lockdep_assert_held(&arena->pool->lock);
	for (tries = 0; tries < ARENA_STEPS_UNDER_LOCK && read < ARENA_BITS_UNDER_LOCK; tries++) {
		unsigned long at, blocker, end;

		if (!ctgm_place_next(place, *from, start)) {
			*from = place->last + 1;
			return false;
		}
		at = *start - arena->base;
		blocker = find_next_bit(arena->busy, at + place->nr, at);
		if (blocker >= at + place->nr)
			return true;
		/* Where all of these are busy, the next try goes on behind them. */
		end = min(blocker + ARENA_BITS_UNDER_LOCK, arena->size);
		end = find_next_zero_bit(arena->busy, end, blocker);
		*from = arena->base + end;
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

/* A block was taken: its pages are in use. */
static void arena_unmark_block(struct ctgm_arena *arena, const struct ctgm_frames *frames)
{
	if (!arena->has_offline_pages)
		return;
	arena_unmark_offline(frames->first, frames->nr);
	/* This block covers the arena, so no other task marks its pages. */
	if (frames->nr == READ_ONCE(arena->frames.nr))
		arena->has_offline_pages = false;
}

/* Take the first place in a partition's arena from @from on, whatever its frames are. */
static bool arena_take_any(struct ctgm_arena *arena, const struct ctgm_constraints *place,
			   unsigned long from, struct ctgm_frames *frames)
{
	unsigned long flags, start;
	bool found = false;

	while (!found && from <= place->last) {
		raw_spin_lock_irqsave(&arena->pool->lock, flags);
		if (arena->free < place->nr) {
			from = place->last + 1;
		} else if (arena_find(arena, place, &from, &start)) {
			arena_take(arena, start, frames);
			found = true;
		}
		raw_spin_unlock_irqrestore(&arena->pool->lock, flags);
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

static void arena_release_excess(struct work_struct *work);
static void arena_release_old(struct work_struct *work);
static void arena_release_all(struct work_struct *work);
static DECLARE_WORK(arena_excess_work, arena_release_excess);
static DECLARE_DELAYED_WORK(arena_old_work, arena_release_old);
static DECLARE_WORK(arena_reclaim_work, arena_release_all);

/* Is more than half of a small arena free, beside blocks? */
static bool arena_is_sparse(const struct ctgm_arena *arena)
{
	lockdep_assert_held(&arena->pool->lock);
	return arena_keeps_longest(arena) && !arena_is_idle(arena) &&
	       arena->free > arena_kept(arena) / 2;
}

/* Free frames of a node's small arenas of a cache type, and of those how many are idle arenas'. */
static unsigned long arena_free_on(int nid, enum contigmem_cache cache, unsigned long *idle)
{
	unsigned long free = 0;
	unsigned int zone;

	*idle = 0;
	for (zone = 0; zone < MAX_NR_ZONES; zone++) {
		free += READ_ONCE(arena_pools[nid][zone][cache][ARENA_SMALL].free);
		*idle += READ_ONCE(arena_pools[nid][zone][cache][ARENA_SMALL].idle_frames);
	}
	return free;
}

/* Frames that are kept as the reserve, and of those how many must be idle arenas'. */
static unsigned long arena_reserved(unsigned long *idle)
{
	unsigned long reserve, free, idle_on, reserved = 0;
	enum contigmem_cache cache;
	unsigned int nid;

	*idle = 0;
	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++) {
		reserve = READ_ONCE(arena_reserves[cache]);
		for (nid = 0; reserve && nid < nr_node_ids; nid++) {
			free = arena_free_on(nid, cache, &idle_on);
			reserved += min(free, reserve);
			idle_on = min(free, idle_on);
			if (free - idle_on < reserve)
				*idle += min(idle_on, reserve - (free - idle_on));
		}
	}
	return reserved;
}

static long arena_reserved_idle(void)
{
	unsigned long idle;

	arena_reserved(&idle);
	return idle;
}

/* Frames of idle arenas that are no reserve. */
static long arena_idle_spare(void)
{
	return atomic_long_read(&arena_idle_frames) - arena_reserved_idle();
}

/* Free frames beside an arena that a node may lose, the reserve of a cache type kept. */
static unsigned long arena_spare_on(int nid, enum contigmem_cache cache)
{
	unsigned long reserve = READ_ONCE(arena_reserves[cache]), free, idle;

	if (!reserve)
		return ULONG_MAX;
	free = arena_free_on(nid, cache, &idle);
	return free > reserve ? free - reserve : 0;
}

/* Have the reserve of a cache type filled up if a node has too little. Any context but NMI. */
static void arena_refill(int nid, enum contigmem_cache cache)
{
	unsigned long reserve = READ_ONCE(arena_reserves[cache]), idle;

	if (unlikely(reserve) && arena_free_on(nid, cache, &idle) < reserve &&
	    !READ_ONCE(arena_exiting))
		schedule_delayed_work(arena_refill_work, 0);
}

/* Have a worker look after arenas, each second while some of them may have to go. */
static void arena_look_later(void)
{
	/* Most often the work waits already, which is cheap to see. */
	if (!READ_ONCE(arena_exiting) && !delayed_work_pending(&arena_old_work))
		schedule_delayed_work(&arena_old_work, HZ);
}

/* The same, or at once where one of them has to go. */
static void arena_look_after(long idle)
{
	if (!idle)
		return;
	idle -= arena_reserved_idle();
	if (idle <= ctgm_arena_idle_limit() && (idle <= 0 || READ_ONCE(arena_idle_seconds)))
		arena_look_later();
	else if (!READ_ONCE(arena_exiting))
		schedule_work(&arena_excess_work);
}

/* Take a block's frames back. Any context but NMI. */
void ctgm_arena_free_in(struct ctgm_arena *arena, const struct ctgm_frames *frames)
{
	struct ctgm_arena_pool *pool = arena->pool;
	unsigned long flags;
	bool sparse;
	long idle;

	raw_spin_lock_irqsave(&pool->lock, flags);
	bitmap_clear(arena->busy, frames->first - arena->base, frames->nr);
	arena->free += frames->nr;
	pool->free += frames->nr;
	arena->next = frames->first;
	if (arena_keeps_longest(arena) && arena->longest < arena->free)
		arena_set_longest(arena, max(arena->longest, arena_run_around(arena, frames)));
	idle = arena_note_idle(arena);
	sparse = arena_is_sparse(arena);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	/* From here on the shrinker or a worker may have given the arena back. */
	if (sparse)
		arena_look_later();
	arena_look_after(idle);
}

/* Give the good frames of a block back, and keep the poisoned ones from later blocks. */
static void arena_free_good(struct ctgm_arena *arena, const struct ctgm_frames *frames)
{
	struct ctgm_frames run = *frames;
	unsigned long flags;

	raw_spin_lock_irqsave(&arena->pool->lock, flags);
	arena->usable -= ctgm_frames_count_poisoned(frames);
	/* Where all of them are poisoned, no run is given back below. */
	arena_note_idle(arena);
	raw_spin_unlock_irqrestore(&arena->pool->lock, flags);
	run.nr = 0;
	while (ctgm_frames_next_good(frames, &run))
		ctgm_arena_free_in(arena, &run);
}

/* Take the first place in a partition's arena from @from on that has no poisoned frame. */
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

/* Is every run of free frames that is long enough a place? */
static bool arena_is_any_place(const struct ctgm_arena *arena,
			       const struct ctgm_constraints *place)
{
	return place->first <= arena->frames.first && place->last >= arena_last(arena) &&
	       place->align <= 1 && !place->boundary;
}

/*
 * Find a place in an arena from *from on, 0 for its first frame. Otherwise *from is where to
 * go on, or 0 if there is no place.
 */
static bool arena_find_in(struct ctgm_arena *arena, const struct ctgm_constraints *wanted,
			  unsigned long *from, unsigned long *start)
{
	struct ctgm_constraints place = arena_place(arena, wanted);
	bool whole = !*from;

	if (arena->free < place.nr) {
		arena_set_longest(arena, arena->free);
	} else if (place.last - place.first >= place.nr - 1) {
		*from = max(*from, place.first);
		if (arena_find(arena, &place, from, start))
			return true;
		if (*from <= place.last)
			return false;
		if (whole && arena_is_any_place(arena, wanted))
			arena_set_longest(arena, min(arena->longest, place.nr - 1));
	}
	*from = 0;
	return false;
}

/* Take a place that was found, or in a query say where it is. */
static void arena_serve(struct ctgm_arena *arena, const struct ctgm_alloc_control *ac,
			unsigned long start, struct ctgm_frames *frames)
{
	if (likely(!ac->query))
		arena_take(arena, start, frames);
	else
		frames->first = start;
}

/*
 * Take a place in an arena of the pool, whatever its frames are. Interrupts are enabled for
 * a moment after each arena and each part of one: the search goes on by address, since the
 * arena may be gone then.
 */
static struct ctgm_arena *arena_pool_take(struct ctgm_arena_pool *pool,
					  struct ctgm_alloc_control *ac,
					  struct ctgm_frames *frames)
{
	unsigned long last = ac->place.last - (ac->place.nr - 1);
	unsigned long flags, from = 0, start;
	struct ctgm_arena *arena;

	raw_spin_lock_irqsave(&pool->lock, flags);
	while ((arena = arena_highest(pool, ac->place.nr, last)) &&
	       arena_last(arena) >= ac->place.first) {
		ac->verdict.windows += !from;
		if (arena_find_in(arena, &ac->place, &from, &start)) {
			arena_serve(arena, ac, start, frames);
			raw_spin_unlock_irqrestore(&pool->lock, flags);
			if (likely(!ac->query))
				arena_unmark_block(arena, frames);
			return arena;
		}
		last = arena->frames.first;
		/* The next one is below, unless this one has more places. */
		if (!from && !last--)
			break;
		raw_spin_unlock_irqrestore(&pool->lock, flags);
		raw_spin_lock_irqsave(&pool->lock, flags);
	}
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	return NULL;
}

/* The first large arena that is ready and not before a size and an address. */
static struct ctgm_arena *arena_ready_from(const struct ctgm_arena_pool *pool, unsigned long nr,
					   unsigned long first)
{
	struct rb_node *node = pool->ready.rb_node;
	struct ctgm_arena *found = NULL;

	lockdep_assert_held(&pool->lock);
	while (node) {
		struct ctgm_arena *arena = rb_entry(node, struct ctgm_arena, by_size);
		bool before = arena_is_before(arena, nr, first);

		if (!before)
			found = arena;
		node = before ? node->rb_right : node->rb_left;
	}
	return found;
}

/*
 * Take a place in the smallest arena of a pool of large ones that has one. Interrupts are
 * enabled for a moment after each arena that is out of the request's way.
 */
static struct ctgm_arena *arena_large_take(struct ctgm_arena_pool *pool,
					   struct ctgm_alloc_control *ac,
					   struct ctgm_frames *frames)
{
	unsigned long nr = ac->place.nr, first = ULONG_MAX, flags, start;
	struct ctgm_arena *arena;

	raw_spin_lock_irqsave(&pool->lock, flags);
	while ((arena = arena_ready_from(pool, nr, first)) && arena->frames.nr / 2 < ac->place.nr) {
		struct ctgm_constraints place = arena_place(arena, &ac->place);

		ac->verdict.windows++;
		if (place.first <= place.last && ctgm_place_next(&place, 0, &start)) {
			arena_serve(arena, ac, start, frames);
			raw_spin_unlock_irqrestore(&pool->lock, flags);
			if (likely(!ac->query))
				arena_unmark_block(arena, frames);
			return arena;
		}
		/* The next one is lower or larger. */
		nr = arena->frames.nr;
		first = arena->frames.first - 1;
		raw_spin_unlock_irqrestore(&pool->lock, flags);
		raw_spin_lock_irqsave(&pool->lock, flags);
	}
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	return NULL;
}

/* Take a place of the highest small arena, or of the smallest large one, that has one. */
static struct ctgm_arena *arena_take_place(struct ctgm_arena_pool *pools,
					   struct ctgm_alloc_control *ac,
					   struct ctgm_frames *frames)
{
	struct ctgm_arena *arena = NULL;

	if (ac->place.nr <= arena_small_frames())
		arena = arena_pool_take(&pools[ARENA_SMALL], ac, frames);
	if (!arena && ac->place.nr > arena_small_frames() / 2)
		arena = arena_large_take(&pools[ARENA_LARGE], ac, frames);
	return arena;
}

static enum contigmem_reason arena_alloc(struct ctgm_alloc_control *ac, struct ctgm_frames *frames)
{
	struct ctgm_arena_pool *pools;
	struct ctgm_arena *arena;

	if (ac->zone < 0)
		return CONTIGMEM_NO_FREE_RUN;
	pools = arena_pools[ac->node][ac->zone][ac->cache];
	/* Most often no lock is needed to see that there is none. */
	if (!READ_ONCE(pools[ARENA_SMALL].arenas.rb_node) &&
	    !READ_ONCE(pools[ARENA_LARGE].ready.rb_node))
		return CONTIGMEM_NO_FREE_RUN;
	while ((arena = arena_take_place(pools, ac, frames))) {
		if (!ctgm_frames_count_poisoned(frames)) {
			frames->owner = arena;
			frames->recycled = true;
			arena_refill(arena->nid, ac->cache);
			return CONTIGMEM_OK;
		}
		arena_free_good(arena, frames);
	}
	return CONTIGMEM_NO_FREE_RUN;
}

/* A place with a poisoned frame is not looked past: the request would make it none. */
static enum contigmem_reason arena_query(struct ctgm_alloc_control *ac, struct ctgm_frames *frames)
{
	if (ac->zone >= 0 &&
	    arena_take_place(arena_pools[ac->node][ac->zone][ac->cache], ac, frames) &&
	    !ctgm_frames_count_poisoned(frames))
		return CONTIGMEM_OK;
	return CONTIGMEM_NO_FREE_RUN;
}

const struct ctgm_source ctgm_source_arena = {
	.id = CONTIGMEM_SOURCE_ARENA,
	.recycles = true,
	.alloc = arena_alloc,
	.query = arena_query,
	.free = arena_free,
};

/* Give back frames of an arena, with their source's cache type, that no block can get any more. */
static void arena_give_back_run(struct ctgm_frames *run)
{
	atomic_long_sub(run->nr, &arena_frames);
	trace_contigmem_arena(run->first, run->nr, page_to_nid(pfn_to_page(run->first)),
			      run->cache, false);
	ctgm_frames_put(run);
}

/*
 * Put frames into their pool again, with the record of their arena or a new one. They are in
 * one run that was never given back, so no new arena can lie between them.
 */
static void arena_put_back(struct ctgm_arena *arena, const struct ctgm_frames *run)
{
	memset(arena->busy, 0, arena_bitmap_longs(run->nr) * sizeof(long));
	arena->gone = 0;
	arena->any_rested = false;
	arena->has_offline_pages = false;
	arena->all_offline = false;
	arena_own(arena, run);
	arena->pool = arena_pool_for(arena);
	raw_spin_lock_irq(&arena->pool->lock);
	arena_insert(arena);
	raw_spin_unlock_irq(&arena->pool->lock);
	arena_look_later();
}

/* The same, without a record. */
static void arena_put_back_run(struct ctgm_frames *run)
{
	struct ctgm_arena *arena = ctgm_arena_create(run->nr, GFP_KERNEL);

	if (!arena) {
		arena_give_back_run(run);
		return;
	}
	atomic_long_inc(&arena_count);
	trace_contigmem_arena(run->first, run->nr, page_to_nid(pfn_to_page(run->first)),
			      run->cache, true);
	arena_put_back(arena, run);
}

/*
 * Give back an arena that is in no pool any more, but for frames whose cache type cannot be
 * changed now: they serve on. Returns how many frames the kernel got. May sleep.
 */
static unsigned long arena_give_back(struct ctgm_arena *arena)
{
	struct ctgm_frames run, kept = {};
	unsigned long from = 0, done = 0;

	while (arena_next_kept(arena, from, &run)) {
		from = run.first + run.nr;
		if (arena->has_offline_pages)
			arena_unmark_offline(run.first, run.nr);
		if (ctgm_frames_reset_type(&run)) {
			done += run.nr;
			arena_give_back_run(&run);
			continue;
		}
		/* The last of them gets the arena's record, which is read until then. */
		if (kept.nr)
			arena_put_back_run(&kept);
		kept = run;
	}
	if (kept.nr) {
		arena_put_back(arena, &kept);
		return done;
	}
	atomic_long_dec(&arena_count);
	kvfree(arena);
	return done;
}

/**
 * ctgm_arena_put() - give frames back to their source, or keep them where their type stays
 * @frames: frames of a block or a partition
 *
 * Frames whose cache type cannot be changed now become an arena, which serves later requests of
 * this type until it is given back.
 *
 * Context: Sleeps if ctgm_frames_put_sleeps().
 */
void ctgm_arena_put(struct ctgm_frames *frames)
{
	/* A source that counts what it leaks knows who has the frames. */
	if (frames->source->leak || ctgm_frames_reset_type(frames)) {
		ctgm_frames_put(frames);
		return;
	}
	atomic_long_add(frames->nr, &arena_frames);
	arena_put_back_run(frames);
}

/* Which idle arenas go, by the module's parameters as they are at that moment. */
enum ctgm_arena_goes {
	ARENA_GOES,
	ARENA_GOES_IF_TOO_LARGE,
	ARENA_GOES_IF_TOO_MUCH_OR_OLD,
};

/**
 * struct ctgm_arena_limits - which idle arenas to give back
 * @which: all, or those beyond the module's parameters
 * @most: frames to give back at most
 * @first: only arenas with frames from this one
 * @last: to this one, inclusive
 * @nodes: only arenas of these nodes; NULL for all
 * @cached_only: only arenas whose cache type need not be restored
 * @reserve: the reserve for callers that cannot wait as well
 */
struct ctgm_arena_limits {
	enum ctgm_arena_goes which;
	unsigned long most;
	unsigned long first;
	unsigned long last;
	const nodemask_t *nodes;
	bool cached_only;
	bool reserve;
};

static const struct ctgm_arena_limits arena_nothing_idle = {
	.most = ULONG_MAX,
	.last = ULONG_MAX,
};

static bool arena_reaches_into(const struct ctgm_arena *arena, unsigned long first,
			       unsigned long last)
{
	return arena->frames.first <= last && arena_last(arena) >= first;
}

static bool arena_goes(const struct ctgm_arena *arena, enum ctgm_arena_goes which)
{
	switch (which) {
	case ARENA_GOES_IF_TOO_LARGE:
		return (long)arena->frames.nr > ctgm_arena_idle_limit();
	case ARENA_GOES_IF_TOO_MUCH_OR_OLD:
		return arena_idle_spare() > ctgm_arena_idle_limit() ||
		       time_after_eq(jiffies, arena->idle_since + arena_idle_age());
	default:
		return true;
	}
}

/* Does its node need an arena that is idle for the reserve of its cache type? */
static bool arena_is_reserve(const struct ctgm_arena *arena)
{
	return !arena_is_large(arena) &&
	       arena_spare_on(arena->nid, arena->frames.cache) < arena->free;
}

static bool arena_exceeds(const struct ctgm_arena *arena, const struct ctgm_arena_limits *limits)
{
	lockdep_assert_held(&arena->pool->lock);
	return arena_is_idle(arena) && arena_goes(arena, limits->which) &&
	       arena_reaches_into(arena, limits->first, limits->last) &&
	       (!limits->nodes || node_isset(arena->nid, *limits->nodes)) &&
	       (!limits->cached_only || arena->frames.cache == CONTIGMEM_CACHED) &&
	       (limits->reserve || !arena_is_reserve(arena));
}

/* All pools, a node's beside each other. */
static unsigned int arena_nr_pools(void)
{
	return nr_node_ids * MAX_NR_ZONES * CONTIGMEM_NR_CACHES * ARENA_NR_KINDS;
}

static struct ctgm_arena_pool *arena_pool(unsigned int nr)
{
	return &arena_pools[0][0][0][0] + nr;
}

/*
 * A cursor in the list of a pool's idle arenas keeps a task's place while the list changes.
 * The task holds the release lock, so it is the only one, and arenas stay.
 */
static void arena_idle_begin(struct ctgm_arena_pool *pool, struct list_head *cursor)
{
	lockdep_assert_held(&ctgm_arena_release_lock);
	raw_spin_lock_irq(&pool->lock);
	list_add(cursor, &pool->idle);
	raw_spin_unlock_irq(&pool->lock);
}

static struct ctgm_arena *arena_idle_next(struct ctgm_arena_pool *pool, struct list_head *cursor)
{
	struct ctgm_arena *arena = NULL;

	raw_spin_lock_irq(&pool->lock);
	if (cursor->next != &pool->idle) {
		arena = list_entry(cursor->next, struct ctgm_arena, list);
		list_move(cursor, &arena->list);
	}
	raw_spin_unlock_irq(&pool->lock);
	return arena;
}

static void arena_idle_end(struct ctgm_arena_pool *pool, struct list_head *cursor)
{
	raw_spin_lock_irq(&pool->lock);
	list_del(cursor);
	raw_spin_unlock_irq(&pool->lock);
}

/* Remove an arena beyond the limits from its pool; it is the caller's then. */
static bool arena_remove(struct ctgm_arena *arena, const struct ctgm_arena_limits *limits)
{
	bool removed;

	raw_spin_lock_irq(&arena->pool->lock);
	removed = arena_exceeds(arena, limits);
	if (removed) {
		arena_forget_idle(arena);
		rb_erase_augmented(&arena->by_address, &arena->pool->arenas, &arena_augment);
		arena->pool->free -= arena->free;
	}
	raw_spin_unlock_irq(&arena->pool->lock);
	return removed;
}

/* Give back idle arenas beyond the limits. Returns how many frames. */
static unsigned long arena_release(const struct ctgm_arena_limits *limits)
{
	struct ctgm_arena *arena, *next;
	struct ctgm_arena_pool *pool;
	unsigned long nr = 0, done = 0;
	struct list_head cursor;
	unsigned int scope, i;
	LIST_HEAD(removed);

	for (i = 0; i < arena_nr_pools() && nr < limits->most; i++) {
		pool = arena_pool(i);
		if (list_empty(&pool->idle))
			continue;
		arena_idle_begin(pool, &cursor);
		while (nr < limits->most && (arena = arena_idle_next(pool, &cursor))) {
			if (arena_remove(arena, limits)) {
				list_add(&arena->list, &removed);
				nr += arena_kept(arena);
			}
		}
		arena_idle_end(pool, &cursor);
	}

	/* I/O may be waiting for a task that waits for the release lock. */
	scope = memalloc_noio_save();
	list_for_each_entry_safe(arena, next, &removed, list) {
		list_del(&arena->list);
		done += arena_give_back(arena);
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

/* The lowest arena of a pool that ends at a frame or above. */
static struct ctgm_arena *arena_lowest(const struct ctgm_arena_pool *pool, unsigned long pfn)
{
	struct rb_node *node = pool->arenas.rb_node;
	struct ctgm_arena *arena, *lowest = NULL;

	lockdep_assert_held(&pool->lock);
	while (node) {
		arena = arena_of_node(node);
		if (arena_last(arena) >= pfn)
			lowest = arena;
		node = arena_last(arena) >= pfn ? node->rb_left : node->rb_right;
	}
	return lowest;
}

/**
 * ctgm_arena_wait_released() - wait for a task that gives arenas back
 *
 * What it gives back is in no pool any more, and not free yet.
 *
 * Context: Sleeps.
 */
void ctgm_arena_wait_released(void)
{
	mutex_lock(&ctgm_arena_release_lock);
	mutex_unlock(&ctgm_arena_release_lock);
}

/* What ctgm_arena_release_idle() gives back for a request. */
static struct ctgm_arena_limits arena_limits_of(const struct ctgm_alloc_control *ac)
{
	struct ctgm_arena_limits limits = arena_nothing_idle;

	limits.first = ac->place.first;
	limits.last = ac->place.last;
	return limits;
}

/* The pools of the zone that is tried now, of all cache types and both kinds. */
static struct ctgm_arena_pool *arena_pool_of(const struct ctgm_alloc_control *ac, unsigned int nr)
{
	return &arena_pools[ac->node][ac->zone][0][0] + nr;
}

#define ARENA_POOLS_OF_ZONE	(CONTIGMEM_NR_CACHES * ARENA_NR_KINDS)

/**
 * ctgm_arena_count_idle() - frames that a request would have given back
 * @ac: the request; @node and @zone say where
 *
 * Context: Any but NMI.
 * Return: the frames of the zone's idle arenas that are in the request's way and no reserve.
 */
unsigned long ctgm_arena_count_idle(const struct ctgm_alloc_control *ac)
{
	struct ctgm_arena_limits limits = arena_limits_of(ac);
	unsigned long flags, from, nr = 0;
	struct ctgm_arena *arena;
	unsigned int i;

	for (i = 0; i < ARENA_POOLS_OF_ZONE; i++) {
		struct ctgm_arena_pool *pool = arena_pool_of(ac, i);

		from = 0;
		do {
			raw_spin_lock_irqsave(&pool->lock, flags);
			arena = arena_lowest(pool, from);
			if (arena) {
				from = arena_last(arena) + 1;
				if (arena_exceeds(arena, &limits))
					nr += arena_kept(arena);
			}
			raw_spin_unlock_irqrestore(&pool->lock, flags);
		} while (arena);
	}
	return nr;
}

/**
 * ctgm_arena_idle_around() - would a request have the arena around a frame given back?
 * @ac: the request; @node and @zone say where
 * @pfn: a frame of that zone
 * @run: @run->first and @run->last are set to frames of the arena around @pfn if so
 *
 * Context: Any but NMI.
 * Return: true if so.
 */
bool ctgm_arena_idle_around(const struct ctgm_alloc_control *ac, unsigned long pfn,
			    struct ctgm_frame_run *run)
{
	struct ctgm_arena_limits limits = arena_limits_of(ac);
	bool found = false;
	unsigned int i;

	for (i = 0; i < ARENA_POOLS_OF_ZONE && !found; i++) {
		struct ctgm_arena_pool *pool = arena_pool_of(ac, i);
		struct ctgm_arena *arena;
		struct ctgm_frames kept;
		unsigned long flags;

		if (!READ_ONCE(pool->arenas.rb_node))
			continue;
		raw_spin_lock_irqsave(&pool->lock, flags);
		arena = arena_highest(pool, 0, pfn);
		found = arena && arena_last(arena) >= pfn && arena_exceeds(arena, &limits) &&
			arena->usable == arena_kept(arena) &&
			arena_next_kept(arena, pfn, &kept) && kept.first <= pfn;
		if (found) {
			run->first = arena->gone ? pfn : arena->frames.first;
			run->last = kept.first + kept.nr - 1;
		}
		raw_spin_unlock_irqrestore(&pool->lock, flags);
	}
	return found;
}

/**
 * ctgm_arena_idle_place() - would a request fit into an arena that it would have given back?
 * @ac: the request; @node and @zone say where
 * @start: set to the first frame of the place
 *
 * Context: Any but NMI.
 * Return: true if so. An arena that has given frames back before is not looked at.
 */
bool ctgm_arena_idle_place(const struct ctgm_alloc_control *ac, unsigned long *start)
{
	struct ctgm_arena_limits limits = arena_limits_of(ac);
	bool found = false;
	unsigned int i;

	for (i = 0; i < ARENA_POOLS_OF_ZONE && !found; i++) {
		struct ctgm_arena_pool *pool = arena_pool_of(ac, i);
		struct ctgm_arena *arena;
		unsigned long flags, from = 0;

		do {
			raw_spin_lock_irqsave(&pool->lock, flags);
			arena = arena_lowest(pool, from);
			if (arena) {
				struct ctgm_constraints place = arena_place(arena, &ac->place);

				from = arena_last(arena) + 1;
				found = !arena->gone && arena->usable == arena->frames.nr &&
					arena_exceeds(arena, &limits) &&
					place.first <= place.last &&
					ctgm_place_next(&place, 0, start);
			}
			raw_spin_unlock_irqrestore(&pool->lock, flags);
		} while (arena && !found);
	}
	return found;
}

static bool arena_any_in(unsigned long first, unsigned long last)
{
	struct ctgm_arena *arena;
	bool found = false;
	unsigned int i;

	for (i = 0; i < arena_nr_pools() && !found; i++) {
		struct ctgm_arena_pool *pool = arena_pool(i);

		raw_spin_lock_irq(&pool->lock);
		/* Any arena has a run of 0 frames. */
		arena = arena_highest(pool, 0, last);
		found = arena && arena_last(arena) >= first;
		raw_spin_unlock_irq(&pool->lock);
	}
	rcu_read_lock();
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
 * A reserve in the range goes as well, and is made good elsewhere.
 *
 * Context: Sleeps.
 * Return: true if no arena, a partition's included, is left in the range.
 */
bool ctgm_arena_release_in(unsigned long first, unsigned long last)
{
	struct ctgm_arena_limits limits = arena_nothing_idle;
	enum contigmem_cache cache;
	unsigned int nid;

	limits.first = first;
	limits.last = last;
	limits.reserve = true;
	mutex_lock(&ctgm_arena_release_lock);
	arena_release(&limits);
	mutex_unlock(&ctgm_arena_release_lock);
	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++) {
		for (nid = 0; nid < nr_node_ids; nid++)
			arena_refill(nid, cache);
	}
	return !arena_any_in(first, last);
}

/**
 * ctgm_arena_set_reserve() - set how much each node keeps for callers that cannot wait
 * @cache: cache type
 * @nr: frames; what is kept beyond them is idle memory as any other
 * @refill: work that is scheduled, in any context but NMI, when a node has too little
 *
 * Context: Sleeps.
 */
void ctgm_arena_set_reserve(enum contigmem_cache cache, unsigned long nr,
			    struct delayed_work *refill)
{
	arena_refill_work = refill;
	/* The work is seen before it is needed. */
	smp_store_release(&arena_reserves[cache], nr);
	arena_look_after(atomic_long_read(&arena_idle_frames));
}

/* How many free frames a node has too little for the reserve of a cache type. */
unsigned long ctgm_arena_lacks(int nid, enum contigmem_cache cache)
{
	unsigned long reserve = READ_ONCE(arena_reserves[cache]), idle;
	unsigned long free = arena_free_on(nid, cache, &idle);

	return free < reserve ? reserve - free : 0;
}

/* Can parts of arenas go? A mapping of its own goes as a whole. */
static bool arena_pool_has_parts(unsigned int nr)
{
	return nr / ARENA_NR_KINDS % CONTIGMEM_NR_CACHES == CONTIGMEM_CACHED ||
	       !ctgm_memtype_is_apart();
}

/*
 * How many frames the arenas keep beyond the reserve, those that may lie idle, and twice those
 * of the blocks in them.
 */
static long arena_excess(void)
{
	unsigned long free = 0, idle;
	unsigned int i;

	for (i = 0; i < arena_nr_pools(); i++) {
		if (arena_pool_has_parts(i))
			free += READ_ONCE(arena_pool(i)->free);
	}
	return 2 * (long)free - atomic_long_read(&arena_frames) - ctgm_arena_idle_limit() -
	       arena_reserved(&idle);
}

/*
 * Frames of an arena, which were taken like a block of it, are to be given back while others
 * stay. Returns the idle frames of all arenas if this one is without a block now.
 */
static long arena_lose(struct ctgm_arena *arena, const struct ctgm_frames *run)
{
	struct ctgm_frames left;
	unsigned long first, end;

	lockdep_assert_held(&arena->pool->lock);
	bitmap_set(arena_gone_bits(arena), run->first - arena->base, run->nr);
	arena->gone += run->nr;
	arena->usable -= run->nr;
	arena_set_longest(arena, min(arena->longest, arena->free));
	/* An arena begins and ends with frames of its own, so a new one is in a gap or in none. */
	arena_next_kept(arena, 0, &left);
	first = left.first;
	do {
		end = left.first + left.nr;
	} while (arena_next_kept(arena, end, &left));
	arena->gone -= arena->frames.nr - (end - first);
	arena->frames.first = first;
	WRITE_ONCE(arena->frames.nr, end - first);
	return arena_note_idle(arena);
}

/**
 * struct ctgm_arena_parts - which free frames of arenas with blocks to give back
 * @rested: only those that were free when arena_note_rested() came by, and have been since
 * @whole: where the cache type changes only whole large pages of the direct map, which then are
 *	not split
 * @most: frames at most
 */
struct ctgm_arena_parts {
	bool rested;
	bool whole;
	unsigned long most;
};

/* The first run of bits that are set, or clear, from *at on; false if there is none. */
static bool arena_next_run(const unsigned long *bits, bool set, unsigned long end,
			   unsigned long *at, unsigned long *stop)
{
	*at = set ? find_next_bit(bits, end, *at) : find_next_zero_bit(bits, end, *at);
	if (*at >= end)
		return false;
	*stop = set ? find_next_zero_bit(bits, end, *at) : find_next_bit(bits, end, *at);
	return true;
}

/* Find a large page of the direct map from *at to @end whose bits are all set, or clear. */
static bool arena_next_page(const struct ctgm_arena *arena, const unsigned long *bits, bool set,
			    unsigned long *at, unsigned long end)
{
	unsigned long first, page, stop;

	for (page = ALIGN(arena->base + *at, CTGM_MEMTYPE_PAGE) - arena->base;
	     page + CTGM_MEMTYPE_PAGE <= end; page += CTGM_MEMTYPE_PAGE) {
		first = page;
		if (arena_next_run(bits, set, page + CTGM_MEMTYPE_PAGE, &first, &stop) &&
		    stop - first == CTGM_MEMTYPE_PAGE) {
			*at = page;
			return true;
		}
	}
	return false;
}

/* Find a run of free frames, from @from on, in an arena with few blocks, the reserve kept. */
static bool arena_find_part(struct ctgm_arena *arena, const struct ctgm_arena_parts *parts,
			    unsigned long from, struct ctgm_frames *run)
{
	const unsigned long *bits = parts->rested ? arena_rested_bits(arena) : arena->busy;
	unsigned long most = min(arena_spare_on(arena->nid, arena->frames.cache), parts->most);
	unsigned long at = max(from, arena->frames.first) - arena->base;
	unsigned long end = arena_last(arena) + 1 - arena->base, stop;

	if (!arena_is_sparse(arena) || !most)
		return false;
	if (parts->whole && arena->frames.cache != arena->frames.home) {
		if (most < CTGM_MEMTYPE_PAGE ||
		    !arena_next_page(arena, bits, parts->rested, &at, end))
			return false;
		stop = at + CTGM_MEMTYPE_PAGE;
	} else if (!arena_next_run(bits, parts->rested, end, &at, &stop)) {
		return false;
	}
	*run = arena->frames;
	run->first = arena->base + at;
	run->nr = min(stop - at, most);
	return true;
}

/*
 * Take a run of free frames, like a block, of an arena with few blocks, the lowest from *from on:
 * blocks are placed in the highest. Returns NULL if there is none; *from is where to go on.
 */
static struct ctgm_arena *arena_take_part(struct ctgm_arena_pool *pool,
					  const struct ctgm_arena_parts *parts,
					  unsigned long *from, struct ctgm_frames *run)
{
	struct ctgm_arena *arena;

	lockdep_assert_held(&ctgm_arena_release_lock);
	raw_spin_lock_irq(&pool->lock);
	while ((arena = arena_lowest(pool, *from))) {
		if (arena_find_part(arena, parts, *from, run)) {
			arena_take(arena, run->first, run);
			run->home = arena->frames.home;
			*from = run->first + run->nr;
			break;
		}
		*from = arena_last(arena) + 1;
		raw_spin_unlock_irq(&pool->lock);
		cond_resched();
		raw_spin_lock_irq(&pool->lock);
	}
	raw_spin_unlock_irq(&pool->lock);
	return arena;
}

/* Give back a part of an arena that was taken, or keep it there where its cache type stays. */
static void arena_give_back_part(struct ctgm_arena *arena, struct ctgm_frames *run)
{
	long idle;

	arena_unmark_block(arena, run);
	if (!ctgm_frames_reset_type(run)) {
		ctgm_arena_free_in(arena, run);
		return;
	}
	raw_spin_lock_irq(&arena->pool->lock);
	idle = arena_lose(arena, run);
	raw_spin_unlock_irq(&arena->pool->lock);
	arena_give_back_run(run);
	arena_look_after(idle);
}

/*
 * Give back free frames of small arenas that have blocks, until half of what is kept is live.
 * Returns false if there are more.
 */
static bool arena_release_parts(struct ctgm_arena_parts *parts)
{
	struct ctgm_arena *arena;
	struct ctgm_frames run;
	unsigned int i, scope;
	unsigned long from;

	/* I/O may be waiting for a task that waits for the release lock. */
	scope = memalloc_noio_save();
	for (i = ARENA_SMALL; i < arena_nr_pools(); i += ARENA_NR_KINDS) {
		if (!arena_pool_has_parts(i))
			continue;
		from = 0;
		while (parts->most && arena_excess() > 0 &&
		       (arena = arena_take_part(arena_pool(i), parts, &from, &run))) {
			parts->most -= run.nr;
			arena_give_back_part(arena, &run);
			cond_resched();
		}
	}
	memalloc_noio_restore(scope);
	return parts->most;
}

/* What can go without splitting large pages of the direct map goes first. */
static bool arena_release_most(bool rested, unsigned long most)
{
	struct ctgm_arena_parts parts = { .rested = rested, .whole = true, .most = most };

	if (!arena_release_parts(&parts))
		return false;
	parts.whole = false;
	return arena_release_parts(&parts);
}

/* Under pressure. */
static void arena_release_all(struct work_struct *work)
{
	mutex_lock(&ctgm_arena_release_lock);
	arena_release(&arena_nothing_idle);
	arena_release_most(false, ULONG_MAX);
	mutex_unlock(&ctgm_arena_release_lock);
}

static void arena_release_excess(struct work_struct *work)
{
	struct ctgm_arena_limits limits = arena_nothing_idle;

	mutex_lock(&ctgm_arena_release_lock);
	/* An arena larger than the limit goes alone, not after all others. */
	limits.which = ARENA_GOES_IF_TOO_LARGE;
	arena_release(&limits);
	limits.which = ARENA_GOES_IF_TOO_MUCH_OR_OLD;
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
	unsigned long at = 0, end;
	struct ctgm_frames run;
	bool idle;

	lockdep_assert_held(&ctgm_arena_release_lock);
	do {
		raw_spin_lock_irq(&arena->pool->lock);
		idle = !arena->all_offline && arena_is_idle(arena);
		if (idle) {
			arena->has_offline_pages = true;
			arena->all_offline = !arena_next_kept(arena, at, &run);
			end = run.first + min(run.nr, ARENA_STEPS_UNDER_LOCK);
			for (at = run.first; !arena->all_offline && at < end; at++)
				arena_mark_page_offline(at);
		}
		raw_spin_unlock_irq(&arena->pool->lock);
		cond_resched();
	} while (idle && !arena->all_offline);
}

static void arena_mark_idle_offline(void)
{
	struct list_head cursor;
	struct ctgm_arena *arena;
	unsigned int i;

	mutex_lock(&ctgm_arena_release_lock);
	for (i = 0; i < arena_nr_pools(); i++) {
		struct ctgm_arena_pool *pool = arena_pool(i);

		if (list_empty(&pool->idle))
			continue;
		arena_idle_begin(pool, &cursor);
		while ((arena = arena_idle_next(pool, &cursor)))
			arena_mark_offline(arena);
		arena_idle_end(pool, &cursor);
	}
	mutex_unlock(&ctgm_arena_release_lock);
}

/* Note which frames of small arenas are free now. */
static void arena_note_rested(void)
{
	struct ctgm_arena *arena;
	unsigned long from;
	unsigned int i;

	lockdep_assert_held(&ctgm_arena_release_lock);
	for (i = ARENA_SMALL; i < arena_nr_pools(); i += ARENA_NR_KINDS) {
		struct ctgm_arena_pool *pool = arena_pool(i);

		raw_spin_lock_irq(&pool->lock);
		for (from = 0; (arena = arena_lowest(pool, from));) {
			from = arena_last(arena) + 1;
			bitmap_complement(arena_rested_bits(arena), arena->busy, arena->size);
			arena->any_rested = true;
			raw_spin_unlock_irq(&pool->lock);
			cond_resched();
			raw_spin_lock_irq(&pool->lock);
		}
		raw_spin_unlock_irq(&pool->lock);
	}
}

/* Frames that the worker gives back in parts in a second: 32 large pages that are split. */
#define ARENA_RESTED_MOST	(SZ_64M >> PAGE_SHIFT)

/*
 * What few blocks leave free of their arenas goes with age: once between one and two times that of
 * idle arenas have passed since it became free.
 */
static void arena_release_rested(void)
{
	static unsigned long noted;

	if (arena_excess() <= 0 || time_before(jiffies, noted + arena_idle_age()))
		return;
	mutex_lock(&ctgm_arena_release_lock);
	if (arena_release_most(true, ARENA_RESTED_MOST)) {
		arena_note_rested();
		noted = jiffies;
	}
	mutex_unlock(&ctgm_arena_release_lock);
}

static void arena_release_old(struct work_struct *work)
{
	arena_release_excess(work);
	arena_release_rested();
	arena_mark_idle_offline();
	if (arena_idle_spare() > 0 || arena_excess() > 0)
		arena_look_later();
}

static unsigned long arena_count_objects(struct shrinker *unused, struct shrink_control *control)
{
	return max(max(arena_idle_spare(), arena_excess()), 0L) ?: SHRINK_EMPTY;
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
	if (done < control->nr_to_scan &&
	    (arena_idle_spare() > 0 || arena_excess() > 0))
		schedule_work(&arena_reclaim_work);
	return done ?: SHRINK_STOP;
}

struct ctgm_arena_stats ctgm_arena_stats(void)
{
	unsigned long idle;

	return (struct ctgm_arena_stats){
		.arenas = atomic_long_read(&arena_count),
		.frames = atomic_long_read(&arena_frames),
		.idle = atomic_long_read(&arena_idle_frames),
		.reserved = arena_reserved(&idle),
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
	arena->pool = &arena->own;
	arena_pool_init(&arena->own);
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

	frames->recycled = true;
	return (next > within.first && arena_take_from(arena, &within, next, frames)) ||
	       arena_take_from(arena, &within, within.first, frames);
}

/**
 * ctgm_arena_query_in() - would ctgm_arena_alloc_in() find room?
 * @arena: a partition's arena
 * @wanted: where the block may lie
 * @frames: @nr is the size of the block; the first frame of a place without poison is set
 *
 * Context: Any but NMI.
 * Return: false if there is no room now.
 */
bool ctgm_arena_query_in(struct ctgm_arena *arena, const struct ctgm_constraints *wanted,
			 struct ctgm_frames *frames)
{
	struct ctgm_constraints place = arena_place(arena, wanted);
	unsigned long flags, from = place.first;
	bool found;

	while (from <= place.last) {
		raw_spin_lock_irqsave(&arena->pool->lock, flags);
		found = arena->free >= place.nr && arena_find(arena, &place, &from, &frames->first);
		if (!found && arena->free < place.nr)
			from = place.last + 1;
		raw_spin_unlock_irqrestore(&arena->pool->lock, flags);
		if (found && !ctgm_frames_count_poisoned(frames))
			return true;
		from = found ? frames->first + 1 : from;
	}
	return false;
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

/* Does the first of two arenas come before the second? Of two that begin together the longer. */
static bool arena_comes_before(const struct contigmem_arena_info *a,
			       const struct contigmem_arena_info *b)
{
	return a->phys < b->phys || (a->phys == b->phys && a->size > b->size);
}

/*
 * Describe the first run of frames of an arena that was not given back and ends at a frame or
 * above; false if there is none.
 */
static bool arena_describe_from(struct ctgm_arena *arena, unsigned long pfn,
				struct contigmem_arena_info *info)
{
	unsigned long from = arena->frames.first, at, end, busy;
	struct ctgm_frames run;

	lockdep_assert_held(&arena->pool->lock);
	ctgm_arena_describe(arena, info);
	if (!arena->gone)
		return true;
	do {
		if (!arena_next_kept(arena, from, &run))
			return false;
		from = run.first + run.nr;
	} while (from <= pfn);
	info->phys = PFN_PHYS(run.first);
	info->size = PFN_PHYS(run.nr);
	info->free = 0;
	at = run.first - arena->base;
	end = at + run.nr;
	while ((at = find_next_zero_bit(arena->busy, end, at)) < end) {
		busy = find_next_bit(arena->busy, end, at);
		info->free += PFN_PHYS(busy - at);
		at = busy;
	}
	return true;
}

/* Describe the lowest run of frames of a pool that ends at a frame or above. */
static bool arena_pool_find_from(struct ctgm_arena_pool *pool, unsigned long pfn,
				 struct contigmem_arena_info *info)
{
	struct ctgm_arena *arena;
	unsigned long flags;

	raw_spin_lock_irqsave(&pool->lock, flags);
	arena = arena_lowest(pool, pfn);
	while (arena && !arena_describe_from(arena, pfn, info))
		arena = arena_of_node(rb_next(&arena->by_address));
	raw_spin_unlock_irqrestore(&pool->lock, flags);
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
	struct contigmem_arena_info other;
	struct ctgm_arena *arena;
	bool found = false;
	unsigned int i;

	for (i = 0; i < arena_nr_pools(); i++) {
		if (arena_pool_find_from(arena_pool(i), PHYS_PFN(phys), &other) &&
		    (!found || arena_comes_before(&other, info))) {
			*info = other;
			found = true;
		}
	}
	rcu_read_lock();
	list_for_each_entry_rcu(arena, &arena_partitions, list) {
		ctgm_arena_describe(arena, &other);
		if (arena_last(arena) >= PHYS_PFN(phys) &&
		    (!found || arena_comes_before(&other, info))) {
			*info = other;
			found = true;
		}
	}
	rcu_read_unlock();
	return found;
}

int ctgm_arena_init(void)
{
	unsigned int i;
	int error;

	arena_pools = kvcalloc(nr_node_ids, sizeof(*arena_pools), GFP_KERNEL);
	if (!arena_pools)
		return -ENOMEM;
	for (i = 0; i < arena_nr_pools(); i++)
		arena_pool_init(arena_pool(i));
	if (ctgm_arena_idle_mb == ARENA_IDLE_MB_DEFAULT)
		ctgm_arena_idle_mb =
			clamp(totalram_pages() / ARENA_IDLE_SHARE >> (20 - PAGE_SHIFT),
			      ARENA_IDLE_MB_LEAST, ARENA_IDLE_MB_MOST);
	arena_shrinker = compat_shrinker_register("contigmem", arena_count_objects,
						  arena_scan_objects);
	error = PTR_ERR_OR_ZERO(arena_shrinker);
	if (error)
		kvfree(arena_pools);
	return error;
}

/* Leak what an arena without a block still has: its cache type could not be changed. */
static void arena_leak(struct ctgm_arena *arena)
{
	struct ctgm_frames run;
	unsigned long from = 0;

	while (arena_next_kept(arena, from, &run)) {
		from = run.first + run.nr;
		arena_give_back_run(&run);
	}
}

/* No block is left but those whose frames other tasks hold, which stay allocated. */
void ctgm_arena_exit(void)
{
	struct ctgm_arena *arena, *next;
	unsigned int i;

	compat_shrinker_unregister(arena_shrinker);
	WRITE_ONCE(arena_exiting, true);
	cancel_work_sync(&arena_reclaim_work);
	cancel_work_sync(&arena_excess_work);
	cancel_delayed_work_sync(&arena_old_work);
	/* The others may have scheduled it before. */
	cancel_work_sync(&arena_excess_work);
	ctgm_arena_release_in(0, ULONG_MAX);
	for (i = 0; i < arena_nr_pools(); i++) {
		rbtree_postorder_for_each_entry_safe(arena, next, &arena_pool(i)->arenas,
						     by_address) {
			if (arena_is_idle(arena))
				arena_leak(arena);
			kvfree(arena);
		}
	}
	kvfree(arena_pools);
}
