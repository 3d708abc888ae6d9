// SPDX-License-Identifier: GPL-2.0
/*
 * Arenas: frames that are allocated once and sub-allocated, as callers see them.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/pfn.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "contigmem_wdm.h"
#include "pagetable.h"
#include "suites.h"

static const enum contigmem_cache types[] = {
	CONTIGMEM_UNCACHED, CONTIGMEM_WRITECOMBINE,
};

static DEFINE_SPINLOCK(lock);

static enum contigmem_source source_of(struct kunit *test, const void *vaddr)
{
	struct contigmem_info info;

	KUNIT_ASSERT_EQ(test, contigmem_describe(vaddr, &info), 0);
	return info.source;
}

/* A block in a pageblock that has no other page in use. */
static void *in_a_free_pageblock(struct kunit *test, const struct contigmem_request *req,
				 phys_addr_t *base)
{
	struct contigmem_request shape = *req;
	void *vaddr;

	shape.low = 0;
	shape.high = SZ_2M - 1;
	vaddr = test_alloc_near(test, &shape, base);
	KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(test, vaddr, "%s", test_text(test, &shape, GFP_KERNEL));
	return vaddr;
}

/* The arena that the first block created serves the second without a change of type. */
static void second_typed_block_is_served_from_the_first_ones_pageblock(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(SZ_64K);
		phys_addr_t base;
		void *first, *second;

		req.cache = types[i];
		first = in_a_free_pageblock(test, &req, &base);
		req.low = base;
		req.high = base + SZ_2M - 1;
		second = test_alloc(test, &req, GFP_KERNEL);
		KUNIT_EXPECT_EQ(test, source_of(test, second), CONTIGMEM_SOURCE_ARENA);
		contigmem_free(first);
		test_forget(first);
		/* The second block keeps its type and its frames. */
		test_check_block(test, second, &req, GFP_KERNEL);
		test_free(test, second);
	}
}

/* Two blocks in one pageblock of a window: alloc_contig_range() alone refuses the second. */
static void neighbours_in_one_pageblock(struct kunit *test)
{
	struct contigmem_request shape = CONTIGMEM_REQUEST(SZ_64K);
	struct contigmem_request next;
	void *first, *second;
	phys_addr_t base;

	shape.low = SZ_1M;
	shape.high = SZ_1M + SZ_64K - 1;
	first = test_alloc_near(test, &shape, &base);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, first);
	next = CONTIGMEM_REQUEST(SZ_64K);
	next.low = base + SZ_1M + SZ_64K;
	next.high = next.low + SZ_64K - 1;
	second = test_alloc(test, &next, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, test_phys(test, second), test_phys(test, first) + SZ_64K);
	test_free(test, second);
	test_free(test, first);
}

/* A window is served in one type after the other: idle arenas in it are released. */
static void idle_pageblocks_are_in_nobodys_way(struct kunit *test)
{
	struct contigmem_request shape = CONTIGMEM_REQUEST(SZ_64K);
	struct contigmem_request again;
	phys_addr_t base;
	void *vaddr;
	int i;

	shape.low = SZ_1M;
	shape.high = SZ_1M + SZ_64K - 1;
	vaddr = test_alloc_near(test, &shape, &base);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vaddr);
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		test_forget(vaddr);
		contigmem_free(vaddr);
		again = CONTIGMEM_REQUEST(SZ_64K);
		again.low = base + SZ_1M;
		again.high = again.low + SZ_64K - 1;
		again.cache = types[i];
		vaddr = test_alloc(test, &again, GFP_KERNEL);
	}
	test_free(test, vaddr);
}

static void atomic_caller_is_served_where_the_type_is_there(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(3 * PAGE_SIZE);
		struct contigmem_info info;
		unsigned long flags;
		phys_addr_t base;
		void *first, *second;

		req.cache = types[i];
		first = in_a_free_pageblock(test, &req, &base);

		spin_lock_irqsave(&lock, flags);
		second = contigmem_alloc(&req, GFP_ATOMIC);
		spin_unlock_irqrestore(&lock, flags);
		KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(test, second, "%s",
						 test_text(test, &req, GFP_ATOMIC));
		test_keep(test, second);
		test_check_block(test, second, &req, GFP_ATOMIC);

		test_forget(second);
		spin_lock_irqsave(&lock, flags);
		contigmem_free(second);
		spin_unlock_irqrestore(&lock, flags);
		KUNIT_EXPECT_EQ(test, contigmem_describe(second, &info), -ENOENT);
		test_free(test, first);
	}
}

/* Freed frames are allocated again: the second round has as many blocks as the first. */
static void a_freed_place_is_used_again(struct kunit *test)
{
	struct contigmem_request shape = CONTIGMEM_REQUEST(SZ_256K);
	struct contigmem_request fill;
	void *vaddr[8], *first, *refused;
	phys_addr_t base;
	int round, i;

	shape.low = 0;
	shape.high = SZ_256K - 1;
	first = test_alloc_near(test, &shape, &base);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, first);
	fill = CONTIGMEM_REQUEST(SZ_256K);
	fill.low = base;
	fill.high = base + SZ_2M - 1;
	for (round = 0; round < 2; round++) {
		for (i = 1; i < ARRAY_SIZE(vaddr); i++)
			vaddr[i] = test_alloc(test, &fill, GFP_KERNEL);
		refused = contigmem_alloc(&fill, GFP_KERNEL | __GFP_NOWARN);
		KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(refused), -EBUSY);
		for (i = 1; i < ARRAY_SIZE(vaddr); i++) {
			test_forget(vaddr[i]);
			contigmem_free(vaddr[i]);
		}
	}
	test_free(test, first);
}

/* Whole pageblocks from the page allocator become an arena that serves the next request. */
static void whole_pageblocks_are_at_hand_again(struct kunit *test)
{
	static const size_t sizes[] = { SZ_2M, SZ_4M };
	int i, nid = numa_mem_id();

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(sizes[i]);
		unsigned int before;
		void *vaddr;

		/* The scheduler may move the thread to the other node. */
		req.nid = nid;
		before = test_set_parameter(test, "arena_idle_mb", 16);
		test_free(test, test_alloc(test, &req, GFP_KERNEL));
		vaddr = test_alloc(test, &req, GFP_KERNEL);
		test_set_parameter(test, "arena_idle_mb", before);
		KUNIT_EXPECT_EQ(test, source_of(test, vaddr), CONTIGMEM_SOURCE_ARENA);
		test_free(test, vaddr);
	}
}

/* For the node where the test began: the scheduler may move the thread to the other one. */
static struct contigmem_request large_request(int nid, size_t size, enum contigmem_cache cache)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(size);

	req.nid = nid;
	req.cache = cache;
	return req;
}

static unsigned long pageblock_of(struct kunit *test, const void *vaddr)
{
	return pageblock_start_pfn(PHYS_PFN(test_phys(test, vaddr)));
}

/* The pageblocks of a large block are there for the next request. */
static void large_blocks_are_at_hand_again(struct kunit *test)
{
	static const size_t sizes[] = { 5 * SZ_2M + SZ_64K, SZ_16M, SZ_32M };
	enum contigmem_cache cache;
	int i, nid = numa_mem_id();

	test_set_parameter(test, "arena_idle_mb", 64);
	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++) {
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			struct contigmem_request req = large_request(nid, sizes[i], cache);
			struct contigmem_verdict verdict;
			unsigned long pageblock;
			void *vaddr;

			vaddr = test_alloc(test, &req, GFP_KERNEL);
			pageblock = pageblock_of(test, vaddr);
			contigmem_free(vaddr);
			test_forget(vaddr);
			req.verdict = &verdict;
			vaddr = contigmem_alloc(&req, GFP_KERNEL);
			KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vaddr);
			test_keep(test, vaddr);
			test_check_block(test, vaddr, &req, GFP_KERNEL);
			KUNIT_EXPECT_EQ(test, pageblock_of(test, vaddr), pageblock);
			KUNIT_EXPECT_EQ(test, verdict.source, CONTIGMEM_SOURCE_ARENA);
			KUNIT_EXPECT_EQ(test, verdict.frames_read, 0);
			contigmem_free(vaddr);
			test_forget(vaddr);
		}
	}
	test_set_parameter(test, "arena_idle_mb", 0);
}

/* Of the large arenas at hand the smallest serves, and none a block of half of it or less. */
static void the_smallest_large_arena_serves(struct kunit *test)
{
	static const struct {
		size_t size;
		int from;
	} again[] = { { 6 * SZ_2M, 0 }, { 8 * SZ_2M, 2 }, { 9 * SZ_2M, 1 }, { 5 * SZ_2M, -1 } };
	static const size_t sizes[] = { 6 * SZ_2M, 10 * SZ_2M, 8 * SZ_2M };
	void *vaddr[ARRAY_SIZE(again)];
	phys_addr_t phys[ARRAY_SIZE(sizes)];
	struct contigmem_request req;
	int i, nid = numa_mem_id();

	test_set_parameter(test, "arena_idle_mb", 64);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		req = large_request(nid, sizes[i], CONTIGMEM_WRITECOMBINE);
		vaddr[i] = test_alloc(test, &req, GFP_KERNEL);
		phys[i] = test_phys(test, vaddr[i]);
	}
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		test_forget(vaddr[i]);
		contigmem_free(vaddr[i]);
	}
	for (i = 0; i < ARRAY_SIZE(again); i++) {
		req = large_request(nid, again[i].size, CONTIGMEM_WRITECOMBINE);
		vaddr[i] = test_alloc(test, &req, GFP_KERNEL);
		if (again[i].from < 0)
			KUNIT_EXPECT_NE(test, source_of(test, vaddr[i]), CONTIGMEM_SOURCE_ARENA);
		else
			KUNIT_EXPECT_EQ(test, test_phys(test, vaddr[i]), phys[again[i].from]);
	}
	test_set_parameter(test, "arena_idle_mb", 0);
	for (i = 0; i < ARRAY_SIZE(again); i++)
		test_free(test, vaddr[i]);
}

/* A small block gets no part of a large arena, which would be kept for it. */
static void a_small_block_keeps_no_large_arena(struct kunit *test)
{
	struct contigmem_request req = large_request(numa_mem_id(), SZ_32M, CONTIGMEM_WRITECOMBINE);
	struct contigmem_arena_info arena;
	phys_addr_t base;
	void *vaddr;

	test_set_parameter(test, "arena_idle_mb", 64);
	vaddr = test_alloc(test, &req, GFP_KERNEL);
	base = test_phys(test, vaddr);
	test_forget(vaddr);
	contigmem_free(vaddr);
	req.size = SZ_16M;
	req.low = base;
	req.high = base + SZ_32M - 1;
	vaddr = contigmem_alloc(&req, GFP_ATOMIC | __GFP_NOWARN);
	KUNIT_EXPECT_TRUE(test, IS_ERR(vaddr));
	vaddr = test_alloc(test, &req, GFP_KERNEL);
	KUNIT_ASSERT_EQ(test, contigmem_next_arena(test_phys(test, vaddr), &arena), 0);
	KUNIT_EXPECT_EQ(test, arena.size, SZ_16M);
	test_set_parameter(test, "arena_idle_mb", 0);
	test_free(test, vaddr);
}

/* A block above the limit of idle memory goes back to the kernel, and nothing else. */
static void a_block_above_the_limit_goes_alone(struct kunit *test)
{
	struct contigmem_request small = CONTIGMEM_REQUEST(SZ_64K);
	struct contigmem_arena_info arena;
	struct contigmem_request large;
	unsigned int tries;
	phys_addr_t base;
	void *vaddr;

	test_set_parameter(test, "arena_idle_mb", 16);
	small.cache = CONTIGMEM_UNCACHED;
	vaddr = in_a_free_pageblock(test, &small, &base);
	test_forget(vaddr);
	contigmem_free(vaddr);

	large = large_request(numa_mem_id(), SZ_32M, CONTIGMEM_WRITECOMBINE);
	vaddr = test_alloc(test, &large, GFP_KERNEL);
	large.low = test_phys(test, vaddr);
	test_forget(vaddr);
	contigmem_free(vaddr);
	for (tries = 0; tries < 200; tries++) {
		if (contigmem_next_arena(large.low, &arena) ||
		    arena.phys > large.low + SZ_32M - 1)
			break;
		msleep(50);
	}
	KUNIT_EXPECT_LT(test, tries, 200);
	KUNIT_EXPECT_EQ(test, contigmem_next_arena(base, &arena), 0);
	KUNIT_EXPECT_EQ(test, arena.phys, base);
	test_set_parameter(test, "arena_idle_mb", 0);
}

/* What all arenas keep, in bytes. */
static size_t kept_size(void)
{
	struct contigmem_arena_info arena;
	phys_addr_t phys = 0;
	size_t size = 0;

	for (; !contigmem_next_arena(phys, &arena); phys = arena.phys + arena.size)
		size += arena.size;
	return size;
}

/* Has the shrinker run until the arenas keep this much or less, for 10 s at most. */
static void expect_kept(struct kunit *test, size_t most)
{
	int tries;

	for (tries = 0; tries < 100; tries++) {
		KUNIT_ASSERT_EQ(test, test_swap_file("/proc/sys/vm/drop_caches", "2", NULL, 0), 0);
		if (kept_size() <= most)
			break;
		msleep(100);
	}
	KUNIT_EXPECT_LE(test, kept_size(), most);
}

/* Where few blocks are left in many arenas, the shrinker has the rest given back. */
static void few_blocks_keep_few_frames(struct kunit *test)
{
	static void *vaddr[128];
	size_t before = kept_size();
	int i, j, nid = numa_mem_id();

	if (PAGETABLE_APART)
		kunit_skip(test, "frames with a type go back with the whole arena here");
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		struct contigmem_request req = large_request(nid, SZ_64K, types[i]);
		unsigned int live = 0;

		for (j = 0; j < ARRAY_SIZE(vaddr); j++)
			vaddr[j] = test_alloc(test, &req, GFP_KERNEL);
		for (j = 0; j < ARRAY_SIZE(vaddr); j++) {
			if (j % 32 == 31) {
				live++;
				continue;
			}
			test_forget(vaddr[j]);
			contigmem_free(vaddr[j]);
		}
		expect_kept(test, before + 2 * live * SZ_64K);
		/* What was given back has its own type again, and what stays has the block's. */
		test_audit(test);
		for (j = 31; j < ARRAY_SIZE(vaddr); j += 32)
			test_check_block(test, vaddr[j], &req, GFP_KERNEL);
		/* What is left of the arenas serves, and goes back as a whole. */
		vaddr[0] = test_alloc(test, &req, GFP_KERNEL);
		for (j = 31; j < ARRAY_SIZE(vaddr); j += 32) {
			test_forget(vaddr[j]);
			contigmem_free(vaddr[j]);
		}
		test_free(test, vaddr[0]);
		expect_kept(test, before);
	}
}

/* The same without need of memory, but only after a time. */
static void few_blocks_keep_few_frames_with_age(struct kunit *test)
{
	static void *vaddr[128];
	struct contigmem_request req = large_request(numa_mem_id(), SZ_64K, CONTIGMEM_WRITECOMBINE);
	unsigned long end;
	size_t before, live = 0;
	int i;

	if (PAGETABLE_APART)
		kunit_skip(test, "frames with a type go back with the whole arena here");
	test_set_file(test, "/sys/module/contigmem/parameters/arena_idle_seconds", "3600");
	KUNIT_ASSERT_EQ(test, test_settled(test, 0), 0UL);
	before = kept_size();
	for (i = 0; i < ARRAY_SIZE(vaddr); i++)
		vaddr[i] = test_alloc(test, &req, GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(vaddr); i++) {
		if (i % 32 == 31) {
			live += SZ_64K;
			continue;
		}
		test_forget(vaddr[i]);
		contigmem_free(vaddr[i]);
	}
	/* The worker looks each second. */
	msleep(3000);
	KUNIT_EXPECT_GT(test, kept_size(), before + 2 * live);
	test_set_parameter(test, "arena_idle_seconds", 1);
	end = jiffies + 60 * HZ;
	while (kept_size() > before + 2 * live && time_before(jiffies, end))
		msleep(100);
	KUNIT_EXPECT_LE(test, kept_size(), before + 2 * live);
	/* What was given back has its own type again, and what stays has the block's. */
	test_audit(test);
	for (i = 31; i < ARRAY_SIZE(vaddr); i += 32) {
		test_check_block(test, vaddr[i], &req, GFP_KERNEL);
		test_forget(vaddr[i]);
		contigmem_free(vaddr[i]);
	}
	KUNIT_EXPECT_EQ(test, test_settled(test, 0), 0UL);
}

/* Free bytes of a cache type in the arenas of the node that has the fewest. */
static size_t least_free(enum contigmem_cache cache)
{
	size_t least = SIZE_MAX;
	int nid;

	for_each_node_state(nid, N_NORMAL_MEMORY) {
		struct contigmem_arena_info arena;
		phys_addr_t phys = 0;
		size_t free = 0;

		for (; !contigmem_next_arena(phys, &arena); phys = arena.phys + arena.size) {
			if (arena.nid == nid && arena.cache == cache)
				free += arena.free;
		}
		least = min(least, free);
	}
	return least;
}

/* The worker has made the reserve good, within 30 s. */
static void expect_reserve(struct kunit *test, enum contigmem_cache cache, size_t size)
{
	unsigned long end = jiffies + 30 * HZ;

	while (least_free(cache) < size && time_before(jiffies, end))
		msleep(50);
	KUNIT_EXPECT_GE(test, least_free(cache), size);
}

#define RESERVE_PAGEBLOCKS	2
#define RESERVE_SIZE		(RESERVE_PAGEBLOCKS * (pageblock_nr_pages << PAGE_SHIFT))
/* A driver allocates as many for each processor, in a DPC. */
#define RESERVE_PAGES		512

static void *windows_page(enum contigmem_cache cache)
{
	PHYSICAL_ADDRESS none = { .QuadPart = -1 }, zero = { .QuadPart = 0 };

	return MmAllocateContiguousMemorySpecifyCache(PAGE_SIZE, zero, none, zero,
						      cache == CONTIGMEM_UNCACHED ?
						      MmNonCached : MmWriteCombined);
}

/* Allocates single pages with interrupts off, also by a Windows call. Returns how many. */
static unsigned int take_atomic(const struct contigmem_request *req, bool windows, void **vaddr,
				unsigned int nr)
{
	unsigned int taken = 0;
	unsigned long flags;
	void *page;

	spin_lock_irqsave(&lock, flags);
	while (taken < nr) {
		page = windows ? windows_page(req->cache) :
				 contigmem_alloc(req, GFP_ATOMIC | __GFP_NOWARN);
		if (IS_ERR_OR_NULL(page))
			break;
		vaddr[taken++] = page;
	}
	spin_unlock_irqrestore(&lock, flags);
	return taken;
}

/* Callers that cannot wait have their type from the reserve, which is there again afterwards. */
static void the_reserve_serves_atomic_callers(struct kunit *test)
{
	static const char * const names[] = { "reserve_uncached", "reserve_write_combined" };
	static void *vaddr[2 * RESERVE_PAGES];
	size_t nodes = num_node_state(N_NORMAL_MEMORY);
	unsigned int taken, round;
	int i;

	KUNIT_ASSERT_EQ(test, test_settled(test, 0), 0UL);
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(PAGE_SIZE);

		req.cache = types[i];
		/* Without a reserve none is served. */
		KUNIT_EXPECT_EQ(test, take_atomic(&req, false, vaddr, 1), 0);
		test_set_parameter(test, names[i], RESERVE_PAGEBLOCKS);
		KUNIT_EXPECT_EQ(test, least_free(req.cache), RESERVE_SIZE);
		KUNIT_EXPECT_EQ(test, kept_size(), nodes * RESERVE_SIZE);
		test_audit(test);
		for (round = 0; round < 2; round++) {
			taken = take_atomic(&req, false, vaddr, RESERVE_PAGES);
			taken += take_atomic(&req, true, vaddr + taken, RESERVE_PAGES);
			KUNIT_EXPECT_EQ(test, taken, ARRAY_SIZE(vaddr));
			if (taken)
				test_check_block(test, vaddr[taken - 1], &req, GFP_ATOMIC);
			expect_reserve(test, req.cache, RESERVE_SIZE);
			while (taken--)
				contigmem_free(vaddr[taken]);
		}
		/* Nothing that gives idle arenas back takes the reserve. */
		KUNIT_ASSERT_EQ(test, test_swap_file("/proc/sys/vm/drop_caches", "2", NULL, 0), 0);
		expect_kept(test, nodes * RESERVE_SIZE);
		KUNIT_EXPECT_EQ(test, least_free(req.cache), RESERVE_SIZE);
		test_audit(test);
		test_set_parameter(test, names[i], 0);
		KUNIT_EXPECT_EQ(test, test_settled(test, 0), 0UL);
		test_audit(test);
	}
}

/* Another task still holds a frame of a freed block: nobody gets it until it is put. */
static void held_frames_are_not_handed_out(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(SZ_64K);
		void *first, *held, *again;
		unsigned int tries;
		struct page *page;
		phys_addr_t base;

		/* From an arena that is half in use a late worker of the shrinker takes nothing. */
		req.cache = types[i];
		req.size = SZ_1M;
		first = in_a_free_pageblock(test, &req, &base);
		req.size = SZ_64K;
		req.low = base;
		req.high = base + SZ_2M - 1;
		held = test_alloc(test, &req, GFP_KERNEL);
		req.low = test_phys(test, held);
		req.high = req.low + SZ_64K - 1;
		page = pfn_to_page(PHYS_PFN(req.low) + 3);
		get_page(page);
		test_forget(held);
		contigmem_free(held);
		again = contigmem_alloc(&req, GFP_KERNEL | __GFP_NOWARN);
		KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(again), -EBUSY);
		if (!IS_ERR(again))
			contigmem_free(again);
		KUNIT_EXPECT_EQ(test, page_ref_count(page), 2);
		put_page(page);
		/* A worker looks each second. */
		for (tries = 0; tries < 100; tries++) {
			again = contigmem_alloc(&req, GFP_KERNEL | __GFP_NOWARN);
			if (!IS_ERR(again))
				break;
			msleep(100);
		}
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, again);
		test_keep(test, again);
		test_check_block(test, again, &req, GFP_KERNEL);
		test_forget(again);
		contigmem_free(again);
		test_free(test, first);
	}
}

/* A poisoned frame stays out of later blocks, and the rest of its arena is in them. */
static void poisoned_frames_are_not_handed_out(struct kunit *test)
{
#ifdef CONFIG_MEMORY_FAILURE
	static void *blocks[SZ_2M / PAGE_SIZE];
	struct contigmem_request req = CONTIGMEM_REQUEST(PAGE_SIZE);
	unsigned long bad, nr;
	void *first, *vaddr;
	phys_addr_t base;

	req.cache = CONTIGMEM_WRITECOMBINE;
	first = in_a_free_pageblock(test, &req, &base);
	bad = PHYS_PFN(base) + 5;
	SetPageHWPoison(pfn_to_page(bad));
	req.low = base;
	req.high = base + SZ_2M - 1;
	for (nr = 1; nr < SZ_2M / PAGE_SIZE - 1; nr++) {
		vaddr = contigmem_alloc(&req, GFP_ATOMIC | __GFP_NOWARN);
		if (IS_ERR(vaddr))
			break;
		blocks[nr] = vaddr;
		KUNIT_EXPECT_NE(test, PHYS_PFN(virt_to_phys(vaddr)), bad);
	}
	KUNIT_EXPECT_EQ(test, nr, SZ_2M / PAGE_SIZE - 1);
	vaddr = contigmem_alloc(&req, GFP_ATOMIC | __GFP_NOWARN);
	KUNIT_EXPECT_TRUE(test, IS_ERR(vaddr));
	if (!IS_ERR(vaddr))
		contigmem_free(vaddr);
	while (--nr)
		contigmem_free(blocks[nr]);
	ClearPageHWPoison(pfn_to_page(bad));
	test_free(test, first);
#else
	kunit_skip(test, "this kernel has no CONFIG_MEMORY_FAILURE");
#endif
}

static struct kunit_case arena_cases[] = {
	KUNIT_CASE(second_typed_block_is_served_from_the_first_ones_pageblock),
	KUNIT_CASE(neighbours_in_one_pageblock),
	KUNIT_CASE(idle_pageblocks_are_in_nobodys_way),
	KUNIT_CASE(atomic_caller_is_served_where_the_type_is_there),
	KUNIT_CASE(a_freed_place_is_used_again),
	KUNIT_CASE(whole_pageblocks_are_at_hand_again),
	KUNIT_CASE(large_blocks_are_at_hand_again),
	KUNIT_CASE(the_smallest_large_arena_serves),
	KUNIT_CASE(a_small_block_keeps_no_large_arena),
	KUNIT_CASE(a_block_above_the_limit_goes_alone),
	KUNIT_CASE(few_blocks_keep_few_frames),
	KUNIT_CASE_SLOW(few_blocks_keep_few_frames_with_age),
	KUNIT_CASE(the_reserve_serves_atomic_callers),
	KUNIT_CASE_SLOW(held_frames_are_not_handed_out),
	KUNIT_CASE(poisoned_frames_are_not_handed_out),
	{}
};

struct kunit_suite arena_suite = {
	.name = "contigmem_arena",
	.init = test_init,
	.exit = test_exit,
	.test_cases = arena_cases,
};
