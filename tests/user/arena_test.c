// SPDX-License-Identifier: GPL-2.0
/*
 * src/arena.c hands out no frame twice, gives back no frame in use, and finds a place where
 * there is one: random calls against a record of each frame. Wherever the code holds no
 * lock, other calls come between, as from an interrupt or another processor.
 */
#include "kernel.h"
#include <rbtree.c>

static struct shrinker test_shrinker;

static struct shrinker *
compat_shrinker_register(const char *name,
			 unsigned long (*count)(struct shrinker *, struct shrink_control *),
			 unsigned long (*scan)(struct shrinker *, struct shrink_control *))
{
	test_shrinker = (struct shrinker){ count, scan };
	return &test_shrinker;
}

static void compat_shrinker_unregister(struct shrinker *shrinker)
{
}

#include "../../src/frames.c"
#include "../../src/arena.c"
#include "place_model.h"

#define PARTITIONS	3
#define SMALL		(CTGM_ARENA_SMALL_PAGEBLOCKS * pageblock_nr_pages)
#define OPS		20000
#define RUNS		100

enum owner { KERNEL, IDLE, BLOCK };

/* What each frame is, and in which arena of how many; arenas have numbers from 1 on. */
static struct {
	enum owner owner;
	unsigned int arena;
	unsigned long nr;
	bool of_partition;
	enum contigmem_cache cache;
	enum contigmem_cache type;	/* what it is mapped with */
	long mapping;			/* the mapping apart that has it; 0 for none */
	unsigned long since;		/* in jiffies, when it became what it is */
} frame[USER_FRAMES];

/* Live blocks, and the partition of each. */
static struct {
	struct ctgm_frames frames;
	struct ctgm_arena *partition;
} blocks[USER_FRAMES];
static unsigned int nr_blocks;

static struct ctgm_arena *partitions[PARTITIONS];
static struct ctgm_frames partition_frames[PARTITIONS];
static unsigned int arenas_made;
static unsigned int live_at[1 << 22];	/* when each arena was last seen with a block */
static unsigned int depth;		/* calls inside calls */
static unsigned long between;		/* calls between others */
static unsigned long served, refused, from_large, regained, unchanged;
static unsigned long refills;		/* asked for */
static unsigned long aged;		/* frames of arenas with blocks */
static bool by_age;			/* only age gives frames of such arenas back now */
static bool changes_fail;		/* some changes of a cache type do */
static bool apart;			/* another type than cached is that of a mapping apart */
static long mappings;			/* made so far */

static void set_type(unsigned long first, unsigned long nr, enum contigmem_cache type)
{
	for (; nr--; first++)
		frame[first - USER_BASE].type = type;
}

bool ctgm_memtype_is_apart(void)
{
	return apart;
}

static void unmap(unsigned long first, unsigned long nr)
{
	unsigned long i;

	set_type(first, nr, CONTIGMEM_CACHED);
	for (i = 0; i < nr; i++)
		frame[first - USER_BASE + i].mapping = 0;
}

/* How many frames a mapping has. */
static unsigned long mapped_in(long mapping)
{
	unsigned long i, nr = 0;

	for (i = 0; i < USER_FRAMES; i++)
		nr += frame[i].mapping == mapping;
	return nr;
}

int ctgm_memtype_set(unsigned long first, unsigned long nr, enum contigmem_cache cache,
		     long *shift)
{
	unsigned long i;

	set_type(first, nr, cache);
	if (apart)
		*shift = ++mappings;
	for (i = 0; i < nr; i++)
		frame[first - USER_BASE + i].mapping = *shift;
	return 0;
}

/* Is an arena with a frame, of this cache type, in its pool? */
static bool is_in_pool(unsigned long pfn, enum contigmem_cache cache)
{
	struct ctgm_arena_pool *pool = &arena_pools[0][ZONE_NORMAL][cache][ARENA_SMALL];
	struct ctgm_arena *arena;
	bool found;

	raw_spin_lock_irq(&pool->lock);
	arena = arena_lowest(pool, pfn);
	found = arena && arena->frames.first <= pfn;
	raw_spin_unlock_irq(&pool->lock);
	return found;
}

int ctgm_memtype_reset(unsigned long first, unsigned long nr, enum contigmem_cache cache,
		       long *shift)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		user_check(frame[first - USER_BASE + i].type == cache &&
			   frame[first - USER_BASE + i].owner == IDLE &&
			   frame[first - USER_BASE + i].mapping == *shift, "frame %#lx is reset",
			   first + i);
	user_check(!*shift || mapped_in(*shift) == nr, "a part of a mapping is reset");
	if (changes_fail && !user_below(3)) {
		unchanged++;
		/* Of an arena that was to go as a whole, each run that stays is one now. */
		if (!is_in_pool(first, cache)) {
			user_check(++arenas_made < ARRAY_SIZE(live_at), "too many arenas");
			for (i = 0; i < nr; i++)
				frame[first - USER_BASE + i].arena = arenas_made;
		}
		return -ENOMEM;
	}
	unmap(first, nr);
	*shift = 0;
	return 0;
}

static void set_owner(unsigned long first, unsigned long nr, enum owner from, enum owner to)
{
	for (; nr--; first++) {
		user_check(frame[first - USER_BASE].owner == from, "frame %#lx: %d, not %d", first,
			   frame[first - USER_BASE].owner, from);
		user_check(!pfn_to_page(first)->offline, "frame %#lx is marked as offline", first);
		frame[first - USER_BASE].owner = to;
		frame[first - USER_BASE].since = jiffies;
	}
}

static bool arena_has_block(unsigned int arena)
{
	unsigned long i;

	for (i = 0; i < USER_FRAMES; i++) {
		if (frame[i].arena == arena && frame[i].owner == BLOCK)
			return true;
	}
	return false;
}

/* Of an arena with a block, only what has been free for long goes with age. */
static void check_age(const struct ctgm_frames *frames)
{
	unsigned long at = frames->first - USER_BASE, i;

	if (!by_age || user_preempt || !arena_has_block(frame[at].arena))
		return;
	for (i = 0; i < frames->nr; i++)
		user_check(time_after_eq(jiffies, frame[at + i].since + arena_idle_age()),
			   "frame %#lx is given back too early", frames->first + i);
	aged += frames->nr;
}

/* The source of the arenas' frames takes them back. */
static void take_back(const struct ctgm_frames *frames)
{
	unsigned long i;

	check_age(frames);
	set_owner(frames->first, frames->nr, IDLE, KERNEL);
	for (i = 0; i < frames->nr; i++) {
		user_check(frame[frames->first - USER_BASE + i].type == CONTIGMEM_CACHED,
			   "frame %#lx is given back with its type", frames->first + i);
		frame[frames->first - USER_BASE + i].arena = 0;
	}
}

static void take_back_partition(unsigned int nr)
{
	unmap(partition_frames[nr].first, partition_frames[nr].nr);
	take_back(&partition_frames[nr]);
}

static const struct ctgm_source test_source = { .free = take_back };

static struct ctgm_constraints any_place(void)
{
	struct ctgm_constraints place = {
		.last = ULONG_MAX,
		.nr = 1 + user_below(user_below(4) ? 4 : 36),
		.align = 1UL << user_below(user_below(2) ? 1 : 4),
	};

	if (user_below(2)) {
		place.first = USER_BASE + user_below(USER_FRAMES);
		place.last = place.first + user_below(USER_FRAMES);
	}
	if (!user_below(3)) {
		for (place.boundary = 1; place.boundary < place.nr;)
			place.boundary *= 2;
	}
	return place;
}

static void add_block(const struct ctgm_frames *frames, struct ctgm_arena *partition)
{
	unsigned long i;

	set_owner(frames->first, frames->nr, IDLE, BLOCK);
	for (i = 1; i < frames->nr; i++)
		user_check(frame[frames->first - USER_BASE + i].arena ==
			   frame[frames->first - USER_BASE].arena &&
			   frame[frames->first - USER_BASE + i].mapping == frames->shift,
			   "a block in two arenas");
	blocks[nr_blocks].frames = *frames;
	blocks[nr_blocks++].partition = partition;
	served++;
}

/* Are these frames of one arena, all idle and good? */
static bool all_idle(unsigned long at, unsigned long nr)
{
	unsigned int arena = frame[at].arena;

	while (nr && at < USER_FRAMES && frame[at].owner == IDLE && frame[at].arena == arena &&
	       !user_pages[at].poisoned) {
		at++;
		nr--;
	}
	return !nr;
}

static bool has_bad_frame(unsigned long at)
{
	unsigned int arena = frame[at].arena;
	unsigned long i;

	for (i = 0; i < USER_FRAMES; i++) {
		if (frame[i].arena == arena && user_pages[i].poisoned)
			return true;
	}
	return false;
}

/* May an arena have this block? A large one has one at a time, of more than half of it. */
static bool may_have(unsigned long at, unsigned long nr)
{
	unsigned int arena = frame[at].arena;

	if (frame[at].of_partition || frame[at].nr <= SMALL)
		return true;
	while (at && frame[at - 1].arena == arena)
		at--;
	return nr > frame[at].nr / 2 && all_idle(at, frame[at].nr);
}

/*
 * The frames of the smallest arena with a place whose frames are all idle and good; all small
 * arenas count as equal. 0 if there is none.
 */
static unsigned long best_arena(const struct ctgm_constraints *place, bool of_partition,
				enum contigmem_cache cache, unsigned int arena)
{
	unsigned long start, best = 0;

	for (start = USER_BASE; start + place->nr <= USER_BASE + USER_FRAMES; start++) {
		unsigned long at = start - USER_BASE;

		if (!model_fits(place, start) || frame[at].of_partition != of_partition ||
		    frame[at].cache != cache || (arena && frame[at].arena != arena))
			continue;
		if (all_idle(at, place->nr) && may_have(at, place->nr) &&
		    (!best || frame[at].nr < best))
			best = max(frame[at].nr, SMALL);
	}
	return best;
}

/* @best: frames of the arena that should serve, 0 for none; @alone: no call came between. */
static void check_result(bool ok, const struct ctgm_constraints *place,
			 const struct ctgm_frames *frames, unsigned long best, bool alone)
{
	unsigned long nr;

	if (!ok) {
		user_check(!best || !alone, "a place was missed for %lu frames", place->nr);
		refused++;
		return;
	}
	nr = frame[frames->first - USER_BASE].nr;
	/* A frame of an arena without a block may have gone bad unseen, beside the block. */
	user_check(!alone || max(nr, SMALL) == best ||
		   (nr > SMALL && has_bad_frame(frames->first - USER_BASE)),
		   "an arena of %lu frames, not of %lu", nr, best);
	from_large += nr > SMALL;
	user_check(model_fits(place, frames->first), "frames %#lx outside the request",
		   frames->first);
	/* A frame may go bad later; in this test none does during a call. */
	user_check(!ctgm_frames_count_poisoned(frames), "a bad frame in a block");
}

static void call_alloc(void)
{
	struct ctgm_alloc_control ac = {
		.place = any_place(), .zone = ZONE_NORMAL,
		.cache = user_below(CONTIGMEM_NR_CACHES),
	};
	struct ctgm_frames frames = { .nr = ac.place.nr, .source = &ctgm_source_arena };
	unsigned long since = between;
	unsigned long best = best_arena(&ac.place, false, ac.cache, 0);
	bool ok = ctgm_source_arena.alloc(&ac, &frames) == CONTIGMEM_OK;

	check_result(ok, &ac.place, &frames, best, !depth && between == since);
	if (ok)
		add_block(&frames, NULL);
}

static void call_alloc_in(void)
{
	unsigned int nr = user_below(PARTITIONS);
	struct ctgm_constraints place = any_place();
	struct ctgm_frames frames = { .nr = place.nr };
	unsigned long since = between;
	unsigned long best;
	bool ok;

	if (!partitions[nr])
		return;
	best = best_arena(&place, true, partition_frames[nr].cache,
			  frame[partition_frames[nr].first - USER_BASE].arena);
	user_check(!best || ctgm_arena_has_place(partitions[nr], &place), "a place is denied");
	ok = ctgm_arena_alloc_in(partitions[nr], &place, &frames);
	check_result(ok, &place, &frames, best, !depth && between == since);
	if (ok)
		add_block(&frames, partitions[nr]);
}

static void call_free(void)
{
	unsigned int nr;
	struct ctgm_frames frames;
	struct ctgm_arena *partition;

	if (!nr_blocks)
		return;
	nr = user_below(nr_blocks);
	frames = blocks[nr].frames;
	partition = blocks[nr].partition;
	blocks[nr] = blocks[--nr_blocks];
	set_owner(frames.first, frames.nr, BLOCK, IDLE);
	if (partition)
		ctgm_arena_free_in(partition, &frames);
	else
		ctgm_source_arena.free(&frames);
}

static void call_shrinker(void)
{
	struct shrink_control control = { .nr_to_scan = 1 + user_below(64) };

	if (test_shrinker.count(&test_shrinker, &control) != SHRINK_EMPTY)
		test_shrinker.scan(&test_shrinker, &control);
}

static bool is_kernels(unsigned long at)
{
	return frame[at].owner == KERNEL && !user_pages[at].poisoned;
}

/* Frames of the kernel for a new arena; 0 if the ones drawn are not all the kernel's. */
static unsigned long any_free_range(unsigned long nr)
{
	unsigned long first = user_below((USER_FRAMES - nr) / 4 + 1) * 4, i;

	for (i = first; i < first + nr; i++) {
		if (!is_kernels(i))
			return 0;
	}
	return USER_BASE + first;
}

static bool is_arenas(unsigned long at, enum contigmem_cache cache)
{
	return frame[at].arena && !frame[at].of_partition && frame[at].cache == cache;
}

/* The arena that gave frames around these back and has some on both sides; 0 if there is none. */
static unsigned int arena_around(const struct ctgm_frames *all)
{
	unsigned long below = all->first - USER_BASE, above = below + all->nr;

	while (below-- && !is_arenas(below, all->cache))
		;
	while (above < USER_FRAMES && !is_arenas(above, all->cache))
		above++;
	return below < USER_FRAMES && above < USER_FRAMES &&
	       frame[below].arena == frame[above].arena ? frame[below].arena : 0;
}

/* Look for 1 or 2 frames in a gap of an arena; true with their cache type. */
static bool any_gap(struct ctgm_frames *all)
{
	unsigned long at, i;

	all->nr = 1 + user_below(2);
	for (at = 0; at < USER_FRAMES - 1; at++) {
		all->first = USER_BASE + at;
		for (i = at; i < at + all->nr && is_kernels(i);)
			i++;
		if (i < at + all->nr)
			continue;
		for (all->cache = 0; all->cache < CONTIGMEM_NR_CACHES; all->cache++) {
			if (arena_around(all))
				return true;
		}
	}
	return false;
}

static struct ctgm_arena *new_arena(struct ctgm_frames *all, bool of_partition)
{
	struct ctgm_arena *arena;
	unsigned int around;
	/* Small ones, and large ones of up to twice as much. */
	unsigned long i, nr = 4 * (1 + user_below(8));

	*all = (struct ctgm_frames){ .source = &test_source };
	if (of_partition || user_below(2) || !any_gap(all)) {
		all->first = any_free_range(nr);
		all->nr = nr;
		all->cache = user_below(CONTIGMEM_NR_CACHES);
	}
	nr = all->nr;
	if (!all->first)
		return NULL;
	arena = ctgm_arena_create(nr, GFP_KERNEL);
	user_check(arena, "no memory");
	user_check(++arenas_made < ARRAY_SIZE(live_at), "too many arenas");
	around = of_partition ? 0 : arena_around(all);
	regained += !!around;
	set_owner(all->first, nr, KERNEL, IDLE);
	if (all->cache != CONTIGMEM_CACHED)
		ctgm_memtype_set(all->first, nr, all->cache, &all->shift);
	for (i = all->first - USER_BASE; nr--; i++) {
		frame[i].arena = around ?: arenas_made;
		frame[i].nr = around ? SMALL : all->nr;
		frame[i].of_partition = of_partition;
		frame[i].cache = all->cache;
	}
	return arena;
}

static void call_add(void)
{
	struct ctgm_frames all, frames = {};
	struct ctgm_arena *arena = new_arena(&all, false);
	unsigned long at;

	if (!arena)
		return;
	frames.nr = 1 + user_below(all.nr);
	if (all.nr > SMALL)
		frames.nr = all.nr / 2 + 1 + user_below(all.nr / 2);
	at = user_below(all.nr - frames.nr + 1);
	ctgm_arena_add(arena, &all, all.first + at, &frames);
	user_check(frames.first == all.first + at, "the block lies elsewhere");
	add_block(&frames, NULL);
}

static void call_partition(void)
{
	unsigned int nr = user_below(PARTITIONS), i;
	struct ctgm_arena *arena = partitions[nr];

	if (!arena) {
		arena = new_arena(&partition_frames[nr], true);
		if (arena)
			ctgm_arena_add_partition(arena, &partition_frames[nr]);
		partitions[nr] = arena;
		return;
	}
	for (i = 0; i < nr_blocks; i++) {
		if (blocks[i].partition == arena)
			return;
	}
	partitions[nr] = NULL;
	ctgm_arena_remove_partition(arena);
	take_back_partition(nr);
}

static void call_release(void)
{
	unsigned long first = USER_BASE + user_below(USER_FRAMES);
	unsigned long last = first + user_below(USER_FRAMES);
	nodemask_t nodes = { user_below(2) };

	if (user_below(2))
		ctgm_arena_release_idle(first, last, user_below(2) ? &nodes : NULL, user_below(2));
	else
		ctgm_arena_release_in(first, last);
}

static void call_refill(struct work_struct *work)
{
	refills++;
}

static DECLARE_DELAYED_WORK(refill, call_refill);

/* Frames of small arenas without a block. Of poisoned ones the arena may not know yet. */
static unsigned long small_free(enum contigmem_cache cache)
{
	unsigned long free = 0, i;

	for (i = 0; i < USER_FRAMES; i++)
		free += frame[i].arena && !frame[i].of_partition && frame[i].nr <= SMALL &&
			frame[i].cache == cache && frame[i].owner == IDLE;
	return free;
}

static void call_reserve(void)
{
	ctgm_arena_set_reserve(1 + user_below(CONTIGMEM_NR_CACHES - 1),
			       user_below(4) ? 0 : user_below(24), &refill);
}

/* Neither the limits nor the kernel's need of memory take the reserve. */
static void call_release_keeps_reserve(void)
{
	unsigned long since = between, free[CONTIGMEM_NR_CACHES];
	enum contigmem_cache cache;
	unsigned long reserved = 0;

	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++)
		reserved += arena_reserves[cache];
	if (!reserved)
		return;
	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++)
		free[cache] = min(small_free(cache), arena_reserves[cache]);
	if (user_below(2))
		arena_release_all(NULL);
	else
		ctgm_arena_release_idle(0, ULONG_MAX, NULL, true);
	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++)
		user_check(between != since || small_free(cache) >= free[cache],
			   "the reserve was %lu frames and is %lu", free[cache],
			   small_free(cache));
}

/* The arenas keep no more than twice what is live, and what may lie idle. */
static void check_kept(const char *when)
{
	unsigned long kept = 0, free = 0, i;

	/* An arena without a block goes as a whole, and so may be more than the reserve. */
	for (i = 0; i < CONTIGMEM_NR_CACHES; i++) {
		if (arena_reserves[i])
			return;
	}
	for (i = 0; i < USER_FRAMES; i++) {
		if (!frame[i].arena || frame[i].of_partition)
			continue;
		kept++;
		/* A mapping apart goes as a whole. */
		free += frame[i].owner == IDLE && !user_pages[i].poisoned && !frame[i].mapping;
	}
	user_check(changes_fail || 2 * free <= kept + ctgm_arena_idle_limit(),
		   "%lu of %lu frames are free %s", free, kept, when);
}

static void call_pressure(void)
{
	unsigned long since = between;

	arena_release_all(NULL);
	if (between == since)
		check_kept("under pressure");
}

/* The worker looks after arenas each second. */
static void call_old(void)
{
	by_age = true;
	arena_release_old(NULL);
	by_age = false;
}

/* Twice the age of an idle arena without a call. */
static void call_age(void)
{
	unsigned long since = between;
	unsigned int i;

	/* It leaves few arenas, and so is rare. */
	if (user_below(3))
		return;
	for (i = 0; i < 3; i++) {
		call_old();
		jiffies += arena_idle_age() + 1;
	}
	if (between == since)
		check_kept("after a while");
}

/* The calls for any context come between others as well. */
static void (* const calls[])(void) = {
	call_alloc, call_alloc, call_alloc_in, call_free, call_free, call_shrinker,
};

static void (* const sleeping_calls[])(void) = {
	call_add, call_add, call_partition, call_release, call_pressure, call_reserve,
	call_release_keeps_reserve, call_old, call_old, call_age, user_run_work,
};

static void call_between(void)
{
	if (depth == 2 || user_below(4))
		return;
	depth++;
	between++;
	calls[user_below(ARRAY_SIZE(calls))]();
	depth--;
}

/* The counters against the frames, while no call is under way. */
static void check_stats(void)
{
	struct ctgm_arena_stats stats = ctgm_arena_stats();
	unsigned long frames = 0, idle = 0, i;
	static unsigned int now;

	now++;
	for (i = 0; i < USER_FRAMES; i++) {
		if (frame[i].owner == BLOCK)
			live_at[frame[i].arena] = now;
	}
	for (i = 0; i < USER_FRAMES; i++) {
		if (!frame[i].arena || frame[i].of_partition)
			continue;
		frames++;
		idle += live_at[frame[i].arena] != now;
	}
	user_check(stats.frames == frames && stats.idle == idle,
		   "%lu frames, %lu idle: not %lu, %lu", stats.frames, stats.idle, frames, idle);
}

/* All arenas, in the order of their addresses. */
static void check_order(void)
{
	struct contigmem_arena_info info;
	phys_addr_t from = 0;
	unsigned long i, j;

	for (i = 0; i < USER_FRAMES; i = j) {
		for (j = i; j < USER_FRAMES && frame[j].arena == frame[i].arena;)
			j++;
		if (!frame[i].arena)
			continue;
		user_check(ctgm_arena_find_from(from, &info), "arena %u is not listed",
			   frame[i].arena);
		user_check(info.phys == PFN_PHYS(USER_BASE + i) && info.size == PFN_PHYS(j - i) &&
			   info.cache == frame[i].cache,
			   "arena %u is listed as %#llx", frame[i].arena, info.phys);
		/* Any address in it finds it. */
		from = info.phys + PFN_PHYS(user_below(j - i));
		user_check(ctgm_arena_find_from(from, &info) &&
			   info.phys == PFN_PHYS(USER_BASE + i),
			   "arena %u is not found by an address in it", frame[i].arena);
		from = info.phys + info.size;
	}
	user_check(!ctgm_arena_find_from(from, &info), "an arena too many");
}

/* Any frame, or one of a large arena that has no block. */
static unsigned long frame_to_poison(void)
{
	unsigned long at = user_below(USER_FRAMES);

	if (user_below(2)) {
		while (at < USER_FRAMES - 1 && (frame[at].nr <= SMALL || frame[at].owner != IDLE))
			at++;
	}
	return at;
}

static void run(u64 seed)
{
	unsigned long op, i;

	user_seed = seed;
	memset(user_pages, 0, sizeof(user_pages));
	/* All of the memory, or none. */
	ctgm_arena_idle_mb = user_below(2);
	arena_idle_seconds = user_below(100);
	user_preempt = NULL;
	changes_fail = seed / 2 % 2;
	apart = seed / 4 % 2;
	arena_exiting = false;
	user_check(!ctgm_arena_init(), "not loaded");
	for (op = 0; op < OPS; op++) {
		/* Half of the runs have no call between others, and so miss no place. */
		user_preempt = seed % 2 ? call_between : NULL;
		if (user_below(8))
			calls[user_below(ARRAY_SIZE(calls))]();
		else
			sleeping_calls[user_below(ARRAY_SIZE(sleeping_calls))]();
		/* A bad frame is rare, or all would be bad soon. */
		if (!user_below(2000))
			user_pages[frame_to_poison()].poisoned = true;
		jiffies += user_below(HZ);
		check_stats();
		if (!(op % 16)) {
			user_preempt = NULL;
			check_order();
		}
	}
	user_preempt = NULL;
	changes_fail = false;
	while (nr_blocks)
		call_free();
	for (i = 0; i < PARTITIONS; i++) {
		if (partitions[i]) {
			ctgm_arena_remove_partition(partitions[i]);
			take_back_partition(i);
			partitions[i] = NULL;
		}
	}
	for (i = 0; i < CONTIGMEM_NR_CACHES; i++)
		ctgm_arena_set_reserve(i, 0, &refill);
	cancel_delayed_work_sync(&refill);
	ctgm_arena_exit();
	for (i = 0; i < USER_FRAMES; i++)
		user_check(frame[i].owner == KERNEL, "frame %#lx is lost", USER_BASE + i);
}

int main(void)
{
	u64 seed;

	for (seed = 1; seed <= RUNS; seed++)
		run(seed);
	user_check(served > 100000 && refused > 100000 && between > 100000 &&
		   from_large > 10000 && regained > 10 && refills > 1000 && aged > 200 &&
		   unchanged > 4000,
		   "too few: %lu blocks, %lu of large arenas or partitions, %lu refused, %lu gaps filled, %lu changes failed, %lu refills, %lu frames aged, %lu calls between others",
		   served, from_large, refused, regained, unchanged, refills, aged, between);
	printf("arenas: %u made, %lu blocks, %lu of large arenas or partitions, %lu refused, ",
	       arenas_made, served, from_large, refused);
	printf("%lu gaps filled, %lu changes of type failed, %lu calls between others, 0 wrong\n",
	       regained, unchanged, between);
	return 0;
}
