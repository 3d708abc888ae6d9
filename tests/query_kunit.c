// SPDX-License-Identifier: GPL-2.0
/*
 * Queries: the answer is what the request gets at once, and nothing changes by asking. The reasons
 * that other suites provoke are asked for there, with test_query().
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/pfn.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "audit.h"
#include "suites.h"

static struct rnd_state rnd;

/* The partition of a test, closed after a failed assertion. */
static struct contigmem_partition *opened;

/**
 * struct kind - a kind of request that is served
 * @size: bytes
 * @high: last byte; 0 for anywhere
 * @low_memory: the last byte is that of low memory
 * @align: alignment
 * @boundary: boundary
 * @cache: cache type
 * @flags: flags
 * @gfp: context
 */
struct kind {
	size_t size;
	phys_addr_t high;
	bool low_memory;
	phys_addr_t align;
	phys_addr_t boundary;
	enum contigmem_cache cache;
	unsigned int flags;
	gfp_t gfp;
};

static const struct kind kinds[] = {
	{ .size = 1, .gfp = GFP_KERNEL },
	{ .size = SZ_64K, .gfp = GFP_KERNEL },
	{ .size = SZ_64K, .high = SZ_4G - 1, .gfp = GFP_KERNEL },
	{ .size = SZ_64K, .low_memory = true, .gfp = GFP_KERNEL },
	{ .size = TEST_ODD_SIZE, .align = TEST_ODD_ALIGN, .boundary = SZ_2M, .gfp = GFP_KERNEL },
	{ .size = SZ_64K, .cache = CONTIGMEM_WRITECOMBINE, .gfp = GFP_KERNEL },
	{ .size = SZ_2M, .cache = CONTIGMEM_UNCACHED, .gfp = GFP_NOIO },
	{ .size = SZ_4M + PAGE_SIZE, .gfp = GFP_KERNEL },
	{ .size = SZ_32M, .gfp = GFP_KERNEL },
	{ .size = SZ_64K, .flags = CONTIGMEM_FAST, .gfp = GFP_KERNEL },
	{ .size = SZ_64K, .flags = CONTIGMEM_READONLY, .gfp = GFP_NOFS },
	{ .size = SZ_4K, .gfp = GFP_ATOMIC },
	{ .size = SZ_64K, .gfp = GFP_NOWAIT },
	{ .size = SZ_64K, .gfp = GFP_KERNEL | GFP_DMA32 },
};

static struct contigmem_request request_of(const struct kind *kind)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(kind->size);

	if (kind->low_memory)
		req.high = test_low_end();
	else if (kind->high)
		req.high = kind->high;
	req.align = kind->align;
	req.boundary = kind->boundary;
	req.cache = kind->cache;
	req.flags = kind->flags;
	return req;
}

static void what_is_served_is_called_served(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct contigmem_request req = request_of(&kinds[i]);
		struct contigmem_answer answer;

		test_query(test, &req, kinds[i].gfp, CONTIGMEM_OK, &answer);
		if (answer.phys) {
			KUNIT_EXPECT_LE(test, (u64)answer.phys + PAGE_ALIGN(req.size) - 1,
					(u64)req.high);
			KUNIT_EXPECT_EQ(test, (u64)answer.phys % max_t(u64, req.align, PAGE_SIZE),
					0ULL);
		}
		test_free(test, test_alloc(test, &req, kinds[i].gfp));
		/* From here on an arena may serve it. */
		test_query(test, &req, kinds[i].gfp, CONTIGMEM_OK, &answer);
	}
}

/* What is at hand in an arena is told with its place, where the block then is. */
static void an_arena_tells_the_place(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(SZ_64K);
	struct contigmem_answer answer;
	struct contigmem_info info;
	void *first, *second;

	req.cache = CONTIGMEM_WRITECOMBINE;
	first = test_alloc(test, &req, GFP_KERNEL);
	test_query(test, &req, GFP_KERNEL, CONTIGMEM_OK, &answer);
	second = test_alloc(test, &req, GFP_KERNEL);
	KUNIT_ASSERT_EQ(test, contigmem_describe(second, &info), 0);
	KUNIT_EXPECT_EQ(test, answer.verdict.source, info.source);
	KUNIT_EXPECT_EQ(test, (u64)answer.phys, (u64)info.phys);
	KUNIT_EXPECT_EQ(test, answer.pages_to_move, 0UL);
	/* The arena keeps the type while it has the other block. */
	test_forget(second);
	contigmem_free(second);
	test_free(test, first);
}

/* A live block is in the way, with all of its pages, and any of the larger ranges helps. */
static void a_block_in_the_way_is_named(struct kunit *test)
{
	struct contigmem_request held = CONTIGMEM_REQUEST(TEST_ODD_SIZE);
	struct contigmem_request req = CONTIGMEM_REQUEST(TEST_ODD_SIZE), other;
	const unsigned int larger = CONTIGMEM_HELP_LOW | CONTIGMEM_HELP_HIGH;
	struct contigmem_answer answer;
	void *vaddr;

	held.low = SZ_16M;
	vaddr = test_alloc(test, &held, GFP_KERNEL);
	req.low = test_phys(test, vaddr);
	req.high = req.low + TEST_ODD_SIZE - 1;
	test_query(test, &req, GFP_KERNEL, CONTIGMEM_BLOCKED, &answer);
	KUNIT_ASSERT_EQ(test, answer.nr_windows, 1U);
	KUNIT_EXPECT_EQ(test, (u64)answer.windows[0].phys, (u64)req.low);
	KUNIT_EXPECT_EQ(test, answer.windows[0].in_the_way, TEST_ODD_SIZE / PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, answer.windows[0].first, PHYS_PFN(req.low));
	KUNIT_EXPECT_STREQ(test, answer.windows[0].kind, "kernel");
	KUNIT_EXPECT_EQ(test, answer.verdict.blocker, PHYS_PFN(req.low));
	KUNIT_EXPECT_EQ(test, answer.help, larger);

	other = req;
	other.low = answer.help_low;
	test_free(test, test_alloc(test, &other, GFP_KERNEL));
	other = req;
	other.high = answer.help_high;
	test_free(test, test_alloc(test, &other, GFP_KERNEL));
	test_free(test, vaddr);
}

/* Each help alone, in a request that has one fault; with it the request is served. */
static void what_would_help_is_true(struct kunit *test)
{
	int nid = test_node_without(test_low_end());
	struct contigmem_request req, made;
	struct contigmem_answer answer;

	if (nid != NUMA_NO_NODE) {
		req = CONTIGMEM_REQUEST(SZ_64K);
		req.nid = nid;
		req.high = test_low_end();
		test_query(test, &req, GFP_KERNEL | __GFP_THISNODE, CONTIGMEM_NODE_HAS_NONE,
			   &answer);
		KUNIT_EXPECT_TRUE(test, answer.help & CONTIGMEM_HELP_NODE);
		KUNIT_EXPECT_TRUE(test, answer.help & CONTIGMEM_HELP_HIGH);
		req.nid = answer.help_nid;
		test_free(test, test_alloc(test, &req, GFP_KERNEL | __GFP_THISNODE));
		req.nid = nid;
		req.high = answer.help_high;
		test_free(test, test_alloc(test, &req, GFP_KERNEL | __GFP_THISNODE));
	}

	req = CONTIGMEM_REQUEST(PAGE_SIZE);
	req.low = SZ_16M + 1;
	req.high = SZ_4G - 1;
	req.align = SZ_4G;
	test_query(test, &req, GFP_KERNEL, CONTIGMEM_NO_PLACE, &answer);
	KUNIT_EXPECT_TRUE(test, answer.help & CONTIGMEM_HELP_ALIGN);
	req.align = 0;
	test_free(test, test_alloc(test, &req, GFP_KERNEL));

	req = CONTIGMEM_REQUEST(SZ_128K);
	req.boundary = SZ_64K;
	test_query(test, &req, GFP_KERNEL, CONTIGMEM_BAD_BOUNDARY, &answer);
	KUNIT_EXPECT_EQ(test, answer.help, (unsigned int)CONTIGMEM_HELP_BOUNDARY);
	req.boundary = 0;
	test_free(test, test_alloc(test, &req, GFP_KERNEL));

	/* Where an arena or the page allocator has nothing for an atomic caller a partition has. */
	made = CONTIGMEM_REQUEST(SZ_4M);
	made.cache = CONTIGMEM_UNCACHED;
	opened = contigmem_partition_create("query", &made);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, opened);
	req = CONTIGMEM_REQUEST(SZ_2M);
	req.cache = CONTIGMEM_UNCACHED;
	test_query(test, &req, GFP_ATOMIC, CONTIGMEM_WOULD_SLEEP, &answer);
	KUNIT_EXPECT_TRUE(test, answer.help & CONTIGMEM_HELP_PARTITION);
	KUNIT_EXPECT_STREQ(test, answer.help_partition, "query");
	req.partition = opened;
	test_query(test, &req, GFP_ATOMIC, CONTIGMEM_OK, &answer);
	test_free(test, test_alloc(test, &req, GFP_ATOMIC));
}

/* Reasons that no other suite provokes. */
static void a_full_partition_and_others(struct kunit *test)
{
	struct contigmem_request made = CONTIGMEM_REQUEST(SZ_64K), req, fast;
	struct contigmem_verdict verdict;
	struct contigmem_answer answer;
	void *all, *vaddr;

	opened = contigmem_partition_create("query", &made);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, opened);
	req = made;
	req.partition = opened;
	test_query(test, &req, GFP_KERNEL, CONTIGMEM_OK, &answer);
	all = test_alloc(test, &req, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, (u64)answer.phys, (u64)test_phys(test, all));

	req.verdict = &verdict;
	test_query(test, &req, GFP_KERNEL, CONTIGMEM_NO_FREE_RUN, &answer);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(contigmem_alloc(&req, GFP_KERNEL)), -ENOSPC);
	KUNIT_EXPECT_EQ(test, verdict.reason, CONTIGMEM_NO_FREE_RUN);
	req.size = SZ_128K;
	test_query(test, &req, GFP_KERNEL, CONTIGMEM_NOT_IN_PARTITION, &answer);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(contigmem_alloc(&req, GFP_KERNEL)), -ERANGE);
	KUNIT_EXPECT_EQ(test, verdict.reason, CONTIGMEM_NOT_IN_PARTITION);
	req.size = SZ_64K;
	req.cache = CONTIGMEM_UNCACHED;
	test_query(test, &req, GFP_KERNEL, CONTIGMEM_PARTITION_CACHE, &answer);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(contigmem_alloc(&req, GFP_KERNEL)), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, verdict.reason, CONTIGMEM_PARTITION_CACHE);

	/* Fast: the pages of the block are in the way, and are not moved. */
	fast = CONTIGMEM_REQUEST(SZ_64K);
	fast.low = test_phys(test, all);
	fast.high = fast.low + SZ_64K - 1;
	fast.flags = CONTIGMEM_FAST;
	fast.verdict = &verdict;
	test_query(test, &fast, GFP_KERNEL, CONTIGMEM_NO_FREE_RUN, &answer);
	KUNIT_EXPECT_EQ(test, answer.nr_windows, 1U);
	KUNIT_EXPECT_EQ(test, answer.windows[0].in_the_way, SZ_64K / PAGE_SIZE);
	vaddr = contigmem_alloc(&fast, GFP_KERNEL | __GFP_NOWARN);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(vaddr), -ENOSPC);
	KUNIT_EXPECT_EQ(test, verdict.reason, CONTIGMEM_NO_FREE_RUN);
	test_free(test, all);
}

/* A zone keeps its watermark: what would leave less free is refused, and the answer says so. */
static void a_zone_keeps_its_watermark(struct kunit *test)
{
	static const unsigned int flags[] = { 0, CONTIGMEM_FAST };
	struct contigmem_request req = CONTIGMEM_REQUEST(0);
	struct contigmem_verdict verdict;
	struct contigmem_answer answer;
	size_t free, moving;
	void *vaddr;
	int i;

	req.high = SZ_16M - 1;
	test_drain_lists();
	KUNIT_ASSERT_EQ(test, contigmem_largest(&req, GFP_KERNEL, &free, &moving), 0);
	if (free < SZ_8M)
		kunit_skip(test, "%zu bytes are free below 16 MiB", free);
	req.size = free;
	req.verdict = &verdict;
	test_free(test, test_alloc(test, &req, GFP_KERNEL));
	/* A worker has yet to give it back: until then it is at hand, whatever is free. */
	KUNIT_ASSERT_EQ(test, test_settled(test, 0), 0UL);
	/* The low watermark is 30 percent of each zone then, and the lowest stays as it is. */
	test_set_file(test, "/proc/sys/vm/watermark_scale_factor", "3000");
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		req.flags = flags[i];
		test_query(test, &req, GFP_KERNEL, CONTIGMEM_LOW_MEMORY, &answer);
		KUNIT_EXPECT_TRUE(test, answer.help & CONTIGMEM_HELP_HIGH);
		vaddr = contigmem_alloc(&req, GFP_KERNEL | __GFP_NOWARN);
		KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(vaddr), -ENOMEM);
		KUNIT_EXPECT_EQ(test, verdict.reason, CONTIGMEM_LOW_MEMORY);
		if (!IS_ERR(vaddr))
			contigmem_free(vaddr);
	}
}

/* A caller that cannot sleep would be served, were there no idle arena of another type. */
static void idle_memory_in_the_way_is_told(struct kunit *test)
{
	/* The page allocator keeps no block of that size in a processor's list. */
	struct contigmem_request idle = CONTIGMEM_REQUEST(0), req = CONTIGMEM_REQUEST(SZ_4M);
	struct contigmem_verdict verdict;
	struct contigmem_answer answer;
	size_t free, moving;
	void *vaddr;
	int i;

	idle.high = SZ_16M - 1;
	idle.cache = CONTIGMEM_UNCACHED;
	test_drain_lists();
	KUNIT_ASSERT_EQ(test, contigmem_largest(&idle, GFP_KERNEL, &free, &moving), 0);
	if (free < SZ_8M)
		kunit_skip(test, "%zu bytes are free below 16 MiB", free);
	idle.size = free;
	test_set_file(test, "/sys/module/contigmem/parameters/arena_idle_seconds", "3600");
	test_set_file(test, "/sys/module/contigmem/parameters/arena_idle_mb", "64");
	vaddr = test_alloc(test, &idle, GFP_KERNEL);
	test_forget(vaddr);
	contigmem_free(vaddr);

	req.high = SZ_16M - 1;
	if (!contigmem_query(&req, GFP_ATOMIC, &answer))
		kunit_skip(test, "%llu bytes are free beside the arena", (u64)req.size);
	KUNIT_EXPECT_TRUE(test, answer.help & CONTIGMEM_HELP_SHRINK_IDLE);
	req.verdict = &verdict;
	vaddr = contigmem_alloc(&req, GFP_ATOMIC | __GFP_NOWARN);
	/* The page allocator wakes kswapd, whose shrinkers may give the arena back meanwhile. */
	if (!IS_ERR(vaddr))
		contigmem_free(vaddr);
	else
		KUNIT_EXPECT_EQ(test, verdict.reason, answer.verdict.reason);
	/* A worker gives it back. */
	test_set_parameter(test, "arena_idle_mb", 0);
	for (i = 0; i < 250 && contigmem_query(&req, GFP_ATOMIC, NULL); i++)
		msleep(20);
	test_free(test, test_alloc(test, &req, GFP_ATOMIC));
}

/* More than the machine's free memory, but not than its memory: refused for the same reason. */
static void more_than_is_free(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(PAGE_SIZE);
	gfp_t gfp = GFP_KERNEL | __GFP_THISNODE | __GFP_NOWARN;
	struct contigmem_verdict verdict;
	struct contigmem_answer answer;
	void *vaddr;
	int nid;

	req.verdict = &verdict;
	for_each_node_state(nid, N_MEMORY) {
		struct pglist_data *node = NODE_DATA(nid);
		struct zone *zone = &node->node_zones[ZONE_NORMAL];

		if (!populated_zone(zone))
			zone = &node->node_zones[ZONE_DMA32];
		req.nid = nid;
		req.low = PFN_PHYS(pageblock_align(zone->zone_start_pfn));
		req.high = PFN_PHYS(pageblock_start_pfn(zone_end_pfn(zone))) - 1;
		req.size = req.high - req.low + 1;
		contigmem_query(&req, gfp, &answer);
		vaddr = contigmem_alloc(&req, gfp);
		if (!IS_ERR(vaddr))
			contigmem_free(vaddr);
		KUNIT_EXPECT_TRUE(test, IS_ERR(vaddr));
		KUNIT_EXPECT_EQ_MSG(test, answer.verdict.reason, verdict.reason,
				    "\"%s\", should be \"%s\", node %d",
				    contigmem_reason_text(answer.verdict.reason),
				    contigmem_reason_text(verdict.reason), nid);
	}
}

/* The largest block is had, and one page more is not, at each address and on each node. */
static void the_largest_is_had(struct kunit *test)
{
	const phys_addr_t highs[] = { test_low_end(), SZ_4G - 1, (phys_addr_t)-1 };
	/* To allocate all memory several times takes a minute. */
	phys_addr_t most = test_scale == 1 ? 0 : SZ_32M;
	int i, nid;

	for (i = 0; i < ARRAY_SIZE(highs); i++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(0);

		req.high = highs[i];
		req.boundary = most;
		test_largest(test, &req, GFP_KERNEL);
		req.boundary = SZ_1M;
		test_largest(test, &req, GFP_KERNEL);
	}
	for_each_node_state(nid, N_MEMORY) {
		struct contigmem_request req = CONTIGMEM_REQUEST(0);

		req.nid = nid;
		req.boundary = most;
		test_largest(test, &req, GFP_KERNEL | __GFP_THISNODE);
	}
}

static void the_largest_of_a_malformed_request(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(0);
	size_t free = 1, moving = 1;

	req.boundary = PAGE_SIZE * 3;
	KUNIT_EXPECT_EQ(test, contigmem_largest(&req, GFP_KERNEL, &free, &moving), -EINVAL);
	req.boundary = 0;
	KUNIT_EXPECT_EQ(test, contigmem_largest(&req, GFP_KERNEL | __GFP_MOVABLE, &free, &moving),
			-EINVAL);
	req.low = SZ_16M + 1;
	req.high = SZ_16M + PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, contigmem_largest(&req, GFP_KERNEL, &free, &moving), -ERANGE);
	/* There is no memory: no block, and no fault of the request. */
	req.low = BIT_ULL(51);
	req.high = (phys_addr_t)-1;
	KUNIT_EXPECT_EQ(test, contigmem_largest(&req, GFP_KERNEL, &free, &moving), 0);
	KUNIT_EXPECT_EQ(test, free, (size_t)0);
	KUNIT_EXPECT_EQ(test, moving, (size_t)0);
}

/**
 * struct snapshot - what a query must not change
 * @free: free pages of all nodes
 * @held: frames that contigmem has
 * @arenas: its arenas
 * @tag: the account of blocks without a tag
 * @types: of each pageblock
 * @nr: how many pageblocks
 */
struct snapshot {
	unsigned long free;
	unsigned long held;
	unsigned long arenas;
	struct contigmem_tag_info tag;
	u8 *types;
	unsigned long nr;
};

static unsigned long count_arenas(void)
{
	struct contigmem_arena_info arena;
	unsigned long nr = 0;
	phys_addr_t phys = 0;

	for (; !contigmem_next_arena(phys, &arena); phys = arena.phys + arena.size)
		nr++;
	return nr;
}

static void take_snapshot(struct kunit *test, struct snapshot *shot)
{
	unsigned long i;
	int nid;

	*shot = (struct snapshot){ .arenas = count_arenas() };
	for_each_node_state(nid, N_MEMORY) {
		shot->free += test_free_pages_of(nid);
		shot->nr = max(shot->nr, node_end_pfn(nid) / pageblock_nr_pages);
	}
	KUNIT_ASSERT_EQ(test, contigmem_audit_held(&shot->held), 0);
	contigmem_tag_describe(0, &shot->tag);
	shot->types = vmalloc(shot->nr);
	KUNIT_ASSERT_NOT_NULL(test, shot->types);
	for (i = 0; i < shot->nr; i++) {
		unsigned long pfn = i * pageblock_nr_pages;

		shot->types[i] = pfn_to_online_page(pfn) ? compat_pageblock_type(pfn) : 0xff;
		/* The page allocator retypes what it takes pages from for the kernel. */
		if (shot->types[i] == MIGRATE_UNMOVABLE || shot->types[i] == MIGRATE_RECLAIMABLE)
			shot->types[i] = MIGRATE_MOVABLE;
	}
}

/* Pages that other tasks take and free meanwhile, a few lists of a processor. */
#define NOISE	(SZ_16M >> PAGE_SHIFT)

static void nothing_changes_by_asking(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(SZ_2M);
	unsigned int queries = test_share(2000, 200), served = 0, tries = 0, i;
	struct snapshot before, after;
	struct contigmem_answer answer;
	unsigned long differ = 0;
	void *vaddr;

	test_random_start(test, &rnd);
	test_set_file(test, "/sys/module/contigmem/parameters/arena_idle_mb", "64");
	test_set_file(test, "/sys/module/contigmem/parameters/arena_idle_seconds", "3600");
	/* An idle arena of another cache type, which a request would have given back. */
	req.cache = CONTIGMEM_UNCACHED;
	/* kswapd, which an earlier test woke, may have it given back: it has to stay a while. */
	do {
		vaddr = test_alloc(test, &req, GFP_KERNEL);
		test_forget(vaddr);
		contigmem_free(vaddr);
		msleep(500);
	} while (!count_arenas() && ++tries < 20);
	take_snapshot(test, &before);
	KUNIT_EXPECT_GT(test, before.arenas, 0UL);
	for (i = 0; i < queries; i++) {
		req = request_of(&kinds[test_random_below(&rnd, ARRAY_SIZE(kinds))]);
		req.size = test_random_size(&rnd, SZ_256M);
		req.low = test_random_u64(&rnd) % PFN_PHYS(before.nr * pageblock_nr_pages);
		req.high = req.low + (req.size << test_random_below(&rnd, 4)) - 1;
		if (req.boundary)
			req.boundary = roundup_pow_of_two(req.size);
		served += !contigmem_query(&req, i % 8 ? GFP_KERNEL : GFP_NOWAIT,
					   i % 8 ? NULL : &answer);
		cond_resched();
	}
	take_snapshot(test, &after);
	kunit_info(test, "%u of %u served; free %lu, was %lu", served, queries, after.free,
		   before.free);
	KUNIT_EXPECT_GT(test, served, 0U);
	KUNIT_EXPECT_LT(test, served, queries);
	/* What was freed before may come back from the processors' lists meanwhile. */
	KUNIT_EXPECT_LT(test, before.free, after.free + NOISE);
	KUNIT_EXPECT_EQ(test, before.held, after.held);
	KUNIT_EXPECT_EQ(test, before.arenas, after.arenas);
	KUNIT_EXPECT_EQ(test, memcmp(&before.tag, &after.tag, sizeof(before.tag)), 0);
	for (i = 0; i < before.nr; i++)
		differ += before.types[i] != after.types[i];
	KUNIT_EXPECT_EQ(test, differ, 0UL);
	vfree(before.types);
	vfree(after.types);
	test_audit(test);
}

static int query_init(struct kunit *test)
{
	opened = NULL;
	return test_init(test);
}

static void query_exit(struct kunit *test)
{
	test_exit(test);
	if (opened)
		KUNIT_EXPECT_EQ(test, contigmem_partition_close(opened), 0);
	opened = NULL;
}

static struct kunit_case query_cases[] = {
	KUNIT_CASE(what_is_served_is_called_served),
	KUNIT_CASE(an_arena_tells_the_place),
	KUNIT_CASE(a_block_in_the_way_is_named),
	KUNIT_CASE(what_would_help_is_true),
	KUNIT_CASE(a_full_partition_and_others),
	KUNIT_CASE(a_zone_keeps_its_watermark),
	KUNIT_CASE(idle_memory_in_the_way_is_told),
	KUNIT_CASE(more_than_is_free),
	KUNIT_CASE_SLOW(the_largest_is_had),
	KUNIT_CASE(the_largest_of_a_malformed_request),
	KUNIT_CASE_SLOW(nothing_changes_by_asking),
	{}
};

struct kunit_suite query_suite = {
	.name = "contigmem_query",
	.init = query_init,
	.exit = query_exit,
	.test_cases = query_cases,
};
