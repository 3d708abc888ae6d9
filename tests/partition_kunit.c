// SPDX-License-Identifier: GPL-2.0
/*
 * Partitions: requests that name one are served from it alone, in any context, and other
 * requests never.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "contigmem_wdm.h"
#include "suites.h"

#define SIZE		SZ_4M
#define PAGES		(SIZE / PAGE_SIZE)

static DEFINE_SPINLOCK(lock);

/* The open partition of the test; partition_exit() closes it after a failed assertion. */
static struct contigmem_partition *opened;

static int partition_init(struct kunit *test)
{
	opened = NULL;
	return test_init(test);
}

static void partition_exit(struct kunit *test)
{
	test_exit(test);
	if (opened)
		KUNIT_EXPECT_EQ(test, contigmem_partition_close(opened), 0);
	opened = NULL;
	test_audit(test);
}

static struct contigmem_partition *create(struct kunit *test, enum contigmem_cache cache)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(SIZE);

	req.low = SZ_16M;
	req.high = SZ_4G - 1;
	req.align = SZ_64K;
	req.cache = cache;
	opened = contigmem_partition_create("test", &req);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, opened);
	test_audit(test);
	return opened;
}

static void close(struct kunit *test, struct contigmem_partition *partition)
{
	opened = NULL;
	KUNIT_EXPECT_EQ(test, contigmem_partition_close(partition), 0);
	test_audit(test);
}

static struct contigmem_partition_info info_of(struct kunit *test,
					       struct contigmem_partition *partition)
{
	struct contigmem_partition_info info = {};

	KUNIT_ASSERT_EQ(test, contigmem_partition_describe(partition, &info), 0);
	return info;
}

static struct contigmem_request request_in(struct contigmem_partition *partition, size_t size,
					   enum contigmem_cache cache)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(size);

	req.partition = partition;
	req.cache = cache;
	return req;
}

static void expect_inside(struct kunit *test, const struct contigmem_partition_info *info,
			  const void *vaddr, size_t size)
{
	phys_addr_t phys = test_phys(test, vaddr);

	KUNIT_EXPECT_GE(test, (u64)phys, (u64)info->phys);
	KUNIT_EXPECT_LE(test, (u64)phys + size, (u64)info->phys + info->size);
}

static void refused(struct kunit *test, const struct contigmem_request *req, gfp_t gfp, int error)
{
	int answer = contigmem_query(req, gfp, NULL);
	void *vaddr = contigmem_alloc(req, gfp | __GFP_NOWARN);

	KUNIT_EXPECT_EQ_MSG(test, answer, error, "query: %s", test_text(test, req, gfp));
	KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(vaddr), error, "%s", test_text(test, req, gfp));
	if (!IS_ERR(vaddr))
		contigmem_free(vaddr);
}

static void refused_because(struct kunit *test, const struct contigmem_request *req, gfp_t gfp,
			    enum contigmem_reason reason)
{
	struct contigmem_request asked = *req;
	struct contigmem_verdict verdict = {};
	struct contigmem_answer answer;

	test_query(test, req, gfp, reason, &answer);
	asked.verdict = &verdict;
	refused(test, &asked, gfp, -EOPNOTSUPP);
	KUNIT_EXPECT_EQ_MSG(test, verdict.reason, reason, "%s", test_text(test, req, gfp));
}

#define BLOCKS		(SIZE / SZ_64K)

/* Allocate all of the partition, and free it again. */
static void fill(struct kunit *test, const struct contigmem_request *req,
		 const struct contigmem_partition_info *info)
{
	void **vaddr = kunit_kcalloc(test, BLOCKS, sizeof(*vaddr), GFP_KERNEL);
	struct contigmem_info block;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	for (i = 0; i < BLOCKS; i++) {
		vaddr[i] = test_alloc(test, req, GFP_KERNEL);
		expect_inside(test, info, vaddr[i], SZ_64K);
		KUNIT_ASSERT_EQ(test, contigmem_describe(vaddr[i], &block), 0);
		KUNIT_EXPECT_EQ(test, block.source, CONTIGMEM_SOURCE_PARTITION);
	}
	refused(test, req, GFP_KERNEL, -ENOSPC);
	KUNIT_EXPECT_EQ(test, info_of(test, req->partition).free, (size_t)0);
	KUNIT_EXPECT_EQ(test, info_of(test, req->partition).blocks, (unsigned long)BLOCKS);
	for (i = 0; i < BLOCKS; i++) {
		test_forget(vaddr[i]);
		contigmem_free(vaddr[i]);
		/* The freed frames stay in the partition, with its type. */
		test_check_type(test, info->phys + (phys_addr_t)i * SZ_64K, SZ_64K, req->cache);
	}
	test_audit(test);
}

/* Blocks can fill the partition, in its cache type, and one more is refused. */
static void serves_all_of_itself_and_nothing_else(struct kunit *test)
{
	enum contigmem_cache cache;

	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++) {
		struct contigmem_partition *partition = create(test, cache);
		struct contigmem_request req = request_in(partition, SZ_64K, cache);
		struct contigmem_partition_info info = info_of(test, partition);

		KUNIT_EXPECT_EQ(test, info.size, (size_t)SIZE);
		KUNIT_EXPECT_EQ(test, info.free, (size_t)SIZE);
		KUNIT_EXPECT_GE(test, (u64)info.phys, (u64)SZ_16M);
		KUNIT_EXPECT_LE(test, (u64)info.phys + SIZE, (u64)SZ_4G);
		fill(test, &req, &info);
		fill(test, &req, &info);
		info = info_of(test, partition);
		KUNIT_EXPECT_EQ(test, info.blocks, 0UL);
		KUNIT_EXPECT_EQ(test, info.blocks_peak, (unsigned long)BLOCKS);
		KUNIT_EXPECT_EQ(test, info.failures, 2UL);
		close(test, partition);
		test_check_type_ends(test, info.phys, SIZE);
	}
}

static void others_are_not_served_from_it(struct kunit *test)
{
	struct contigmem_partition *partition = create(test, CONTIGMEM_CACHED);
	struct contigmem_partition_info info = info_of(test, partition);
	struct contigmem_request req = CONTIGMEM_REQUEST(SZ_64K);
	void *vaddr;

	req.low = info.phys;
	req.high = info.phys + info.size - 1;
	vaddr = contigmem_alloc(&req, GFP_KERNEL | __GFP_NOWARN);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(vaddr), -EBUSY);
	if (!IS_ERR(vaddr))
		contigmem_free(vaddr);
	close(test, partition);
}

static void constraints_hold_inside(struct kunit *test)
{
	struct contigmem_partition *partition = create(test, CONTIGMEM_WRITECOMBINE);
	struct contigmem_partition_info info = info_of(test, partition);
	struct contigmem_request req = request_in(partition, TEST_ODD_SIZE, info.cache);

	req.low = info.phys + SZ_1M + 1;
	req.align = SZ_64K;
	test_free(test, test_alloc(test, &req, GFP_KERNEL));
	req.high = info.phys + SZ_2M - 1;
	test_free(test, test_alloc(test, &req, GFP_KERNEL | __GFP_ZERO));

	/* 16 pages that may not cross 64 KiB lie on a multiple of it. */
	req = request_in(partition, SZ_64K, info.cache);
	req.boundary = SZ_64K;
	req.low = info.phys + PAGE_SIZE;
	test_free(test, test_alloc(test, &req, GFP_KERNEL));

	req.flags = CONTIGMEM_READONLY;
	test_free(test, test_alloc(test, &req, GFP_KERNEL));
	close(test, partition);
}

static void what_is_not_inside_is_refused(struct kunit *test)
{
	struct contigmem_partition *partition = create(test, CONTIGMEM_CACHED);
	struct contigmem_partition_info info = info_of(test, partition);
	struct contigmem_request req = request_in(partition, SZ_64K, info.cache);

	req.high = info.phys + SZ_64K - 2;
	refused(test, &req, GFP_KERNEL, -ERANGE);
	req = request_in(partition, SIZE + 1, info.cache);
	refused(test, &req, GFP_KERNEL, -ERANGE);
	req = request_in(partition, SZ_64K, info.cache);
	req.low = info.phys + SIZE;
	refused(test, &req, GFP_KERNEL, -ERANGE);
	close(test, partition);
}

/* A preferred other node is ignored, a strict one is refused. */
static void is_on_one_node(struct kunit *test)
{
	struct contigmem_partition *partition = create(test, CONTIGMEM_CACHED);
	struct contigmem_partition_info info = info_of(test, partition);
	struct contigmem_request req = request_in(partition, SZ_64K, info.cache);
	int nid;

	for_each_node_state(nid, N_MEMORY) {
		req.nid = nid;
		if (nid == info.nid) {
			test_free(test, test_alloc(test, &req, GFP_KERNEL | __GFP_THISNODE));
			continue;
		}
		test_free(test, test_alloc(test, &req, GFP_KERNEL));
		refused(test, &req, GFP_KERNEL | __GFP_THISNODE, -ERANGE);
	}
	close(test, partition);
}

static void another_cache_type_is_refused(struct kunit *test)
{
	enum contigmem_cache has, wanted;

	for (has = 0; has < CONTIGMEM_NR_CACHES; has++) {
		struct contigmem_partition *partition = create(test, has);

		for (wanted = 0; wanted < CONTIGMEM_NR_CACHES; wanted++) {
			struct contigmem_request req = request_in(partition, PAGE_SIZE, wanted);

			if (wanted != has)
				refused(test, &req, GFP_KERNEL, -EOPNOTSUPP);
		}
		close(test, partition);
	}
}

static void serves_under_a_lock(struct kunit *test)
{
	enum contigmem_cache cache;

	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++) {
		struct contigmem_partition *partition = create(test, cache);
		struct contigmem_request req = request_in(partition, TEST_ODD_SIZE, cache);
		struct contigmem_info info;
		unsigned long flags;
		void *vaddr, *other;

		spin_lock_irqsave(&lock, flags);
		vaddr = contigmem_alloc(&req, GFP_ATOMIC | __GFP_ZERO);
		other = contigmem_alloc(&req, GFP_ATOMIC);
		contigmem_free(IS_ERR(other) ? NULL : other);
		spin_unlock_irqrestore(&lock, flags);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vaddr);
		test_keep(test, vaddr);
		KUNIT_EXPECT_NOT_ERR_OR_NULL(test, other);
		KUNIT_EXPECT_EQ(test, contigmem_describe(other, &info), -ENOENT);
		test_check_block(test, vaddr, &req, GFP_ATOMIC);
		KUNIT_EXPECT_NULL(test, memchr_inv(vaddr, 0, TEST_ODD_SIZE));
		test_audit(test);
		test_free(test, vaddr);
		close(test, partition);
	}
}

static void names(struct kunit *test)
{
	static const char * const bad[] = {
		"", "a b", "a:b", "a,b", "a=b", "a\nb", "\xc3\xa4",
		"12345678901234567890123456789012",
	};
	struct contigmem_request req = CONTIGMEM_REQUEST(PAGE_SIZE);
	struct contigmem_partition *partition, *again;
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(contigmem_partition_create(bad[i], &req)),
				    -EINVAL, "'%s'", bad[i]);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(contigmem_partition_open("test")), -ENOENT);
	partition = create(test, CONTIGMEM_CACHED);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(contigmem_partition_create("test", &req)), -EEXIST);
	test_audit(test);
	again = contigmem_partition_open("test");
	KUNIT_EXPECT_PTR_EQ(test, again, partition);
	KUNIT_EXPECT_EQ(test, info_of(test, partition).handles, 2U);
	KUNIT_EXPECT_STREQ(test, info_of(test, partition).name, "test");
	KUNIT_EXPECT_EQ(test, contigmem_partition_close(again), 0);
	close(test, partition);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(contigmem_partition_open("test")), -ENOENT);

	opened = contigmem_partition_create("1234567890123456789012345678901", &req);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, opened);
	close(test, opened);
}

static void create_refuses_what_it_cannot_be(struct kunit *test)
{
	struct contigmem_partition *partition = create(test, CONTIGMEM_CACHED);
	struct contigmem_request req = CONTIGMEM_REQUEST(0);

	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(contigmem_partition_create("x", &req)), -EINVAL);
	req = CONTIGMEM_REQUEST(PAGE_SIZE);
	req.flags = CONTIGMEM_READONLY;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(contigmem_partition_create("x", &req)), -EINVAL);
	req.flags = 0;
	req.partition = partition;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(contigmem_partition_create("x", &req)), -EINVAL);
	req = CONTIGMEM_REQUEST(1ULL << 51);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(contigmem_partition_create("x", &req)), -ERANGE);
	close(test, partition);
}

/* Larger than any arena of pageblocks: nothing but a partition has exactly this memory. */
#define LARGE_SIZE	(SZ_8M + SZ_64K)

static struct contigmem_partition *create_large(struct kunit *test, enum contigmem_cache cache)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(LARGE_SIZE);

	req.cache = cache;
	opened = contigmem_partition_create("test", &req);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, opened);
	return opened;
}

/* Is the memory that a large partition had still set aside? */
static bool is_set_aside(const struct contigmem_partition_info *info)
{
	struct contigmem_arena_info arena;
	phys_addr_t phys = info->phys;

	return !contigmem_next_arena(phys, &arena) && arena.phys == info->phys &&
	       arena.size == info->size;
}

/* The partition is closed and a block is in it: nothing but the block keeps the memory. */
static void expect_closed(struct kunit *test, struct contigmem_partition *partition,
			  const struct contigmem_partition_info *info)
{
	struct contigmem_request req = request_in(partition, PAGE_SIZE, info->cache);
	struct contigmem_partition_info closed;

	opened = NULL;
	KUNIT_EXPECT_TRUE(test, is_set_aside(info));
	refused(test, &req, GFP_KERNEL, -EINVAL);
	refused(test, &req, GFP_ATOMIC, -EINVAL);
	KUNIT_EXPECT_EQ(test, contigmem_partition_describe(partition, &closed), -EINVAL);
	KUNIT_EXPECT_EQ(test, contigmem_partition_close(partition), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(contigmem_partition_open("test")), -ENOENT);
	/* The name is free. */
	close(test, create(test, info->cache));
}

static void expect_gone(struct kunit *test, const struct contigmem_partition_info *info)
{
	KUNIT_EXPECT_FALSE(test, is_set_aside(info));
	test_check_type_ends(test, info->phys, info->size);
	test_audit(test);
}

/* The last block takes a closed partition along. */
static void the_owner_closes_before_its_blocks_are_freed(struct kunit *test)
{
	enum contigmem_cache cache;

	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++) {
		struct contigmem_partition *partition = create_large(test, cache);
		struct contigmem_partition_info info = info_of(test, partition);
		struct contigmem_request req = request_in(partition, TEST_ODD_SIZE, cache);
		void *first = test_alloc(test, &req, GFP_KERNEL);
		void *second = test_alloc(test, &req, GFP_KERNEL);

		KUNIT_EXPECT_EQ(test, contigmem_partition_close(partition), 0);
		expect_closed(test, partition, &info);
		test_check_block(test, first, &req, GFP_KERNEL);
		test_free(test, first);
		KUNIT_EXPECT_TRUE(test, is_set_aside(&info));
		test_check_block(test, second, &req, GFP_KERNEL);
		test_forget(second);
		contigmem_free(second);
		expect_gone(test, &info);
	}
	KUNIT_EXPECT_EQ(test, contigmem_partition_close(NULL), 0);
}

/* Another opener's block, as that of an operator, neither loses nor keeps the partition. */
static void another_opener_leaves_a_block(struct kunit *test)
{
	bool owner_first;
	int i;

	for (i = 0; i < 2; i++) {
		struct contigmem_partition *partition = create_large(test, CONTIGMEM_WRITECOMBINE);
		struct contigmem_partition_info info = info_of(test, partition);
		struct contigmem_request req = request_in(partition, SZ_64K, info.cache);
		struct contigmem_partition *other = contigmem_partition_open("test");
		void *vaddr;

		owner_first = i;
		KUNIT_EXPECT_PTR_EQ(test, other, partition);
		vaddr = test_alloc(test, &req, GFP_KERNEL);
		KUNIT_EXPECT_EQ(test, contigmem_partition_close(partition), 0);
		/* Open once more, it serves on. */
		KUNIT_EXPECT_EQ(test, info_of(test, partition).handles, 1U);
		test_free(test, test_alloc(test, &req, GFP_KERNEL));
		if (owner_first) {
			KUNIT_EXPECT_EQ(test, contigmem_partition_close(partition), 0);
			expect_closed(test, partition, &info);
			test_forget(vaddr);
			contigmem_free(vaddr);
		} else {
			test_free(test, vaddr);
			close(test, partition);
		}
		expect_gone(test, &info);
	}
}

/* The last block of a closed partition is freed where nothing may sleep. */
static void the_last_block_goes_under_a_lock(struct kunit *test)
{
	enum contigmem_cache cache;

	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++) {
		struct contigmem_partition *partition = create_large(test, cache);
		struct contigmem_partition_info info = info_of(test, partition);
		struct contigmem_request req = request_in(partition, PAGE_SIZE, cache);
		void *vaddr = test_alloc(test, &req, GFP_KERNEL);
		unsigned long flags;
		int i;

		KUNIT_EXPECT_EQ(test, contigmem_partition_close(partition), 0);
		opened = NULL;
		test_forget(vaddr);
		spin_lock_irqsave(&lock, flags);
		contigmem_free(vaddr);
		spin_unlock_irqrestore(&lock, flags);
		for (i = 0; i < 1000 && is_set_aside(&info); i++)
			msleep(20);
		expect_gone(test, &info);
	}
}

/* A worker has yet to destroy the block: closing waits for it, and the memory is back. */
static void closed_after_a_readonly_block_was_freed_under_a_lock(struct kunit *test)
{
	unsigned int i, all = test_share(80, 20), kept = 0;

	for (i = 0; i < all; i++) {
		struct contigmem_partition *partition = create_large(test, CONTIGMEM_CACHED);
		struct contigmem_partition_info info = info_of(test, partition);
		struct contigmem_request req = request_in(partition, PAGE_SIZE, CONTIGMEM_CACHED);
		unsigned long flags;
		void *vaddr;

		req.flags = CONTIGMEM_READONLY;
		vaddr = test_alloc(test, &req, GFP_KERNEL);
		test_forget(vaddr);
		spin_lock_irqsave(&lock, flags);
		contigmem_free(vaddr);
		spin_unlock_irqrestore(&lock, flags);
		KUNIT_ASSERT_EQ(test, contigmem_partition_close(partition), 0);
		opened = NULL;
		kept += is_set_aside(&info);
	}
	KUNIT_EXPECT_EQ(test, kept, 0);
}

/*
 * To give GiBs back takes long, and so does to look at their frames: not with interrupts
 * off. The worker is one of this CPU, so it has not run when the lock is still held.
 */
static void a_large_block_is_not_given_back_under_a_lock(struct kunit *test)
{
	static const struct {
		size_t size;
		bool at_once;
	} cases[] = { { SZ_16M, true }, { SZ_16M + PAGE_SIZE, false }, { SZ_32M, false } };
	struct contigmem_request req = CONTIGMEM_REQUEST(SZ_32M);
	struct contigmem_partition_info info;
	unsigned long flags;
	void *vaddr;
	int i, tries;

	opened = contigmem_partition_create("test", &req);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, opened);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		req = request_in(opened, cases[i].size, CONTIGMEM_CACHED);
		vaddr = test_alloc(test, &req, GFP_KERNEL);
		test_forget(vaddr);
		spin_lock_irqsave(&lock, flags);
		contigmem_free(vaddr);
		contigmem_partition_describe(opened, &info);
		spin_unlock_irqrestore(&lock, flags);
		KUNIT_EXPECT_EQ_MSG(test, info.free == SZ_32M, cases[i].at_once, "%zu",
				    cases[i].size);
		for (tries = 0; tries < 1000 && info_of(test, opened).blocks; tries++)
			msleep(20);
		KUNIT_EXPECT_EQ(test, info_of(test, opened).free, (size_t)SZ_32M);
		test_audit(test);
	}
	close(test, opened);
}

/* PartitionObject of the Windows API, and its statuses. */
static void the_windows_face_is_served(struct kunit *test)
{
	struct contigmem_partition *partition = create(test, CONTIGMEM_WRITECOMBINE);
	struct contigmem_partition_info info = info_of(test, partition);
	PHYSICAL_ADDRESS none = { .QuadPart = -1 }, zero = { .QuadPart = 0 };
	ULONG protect = PAGE_READWRITE | PAGE_WRITECOMBINE;
	SIZE_T size = SZ_64K - 1;
	PVOID base, other;

	KUNIT_ASSERT_EQ(test, MmAllocateContiguousMemoryEx(&size, zero, none, zero, MM_ANY_NODE_OK,
							   protect, partition, 0, 0, &base),
			STATUS_SUCCESS);
	test_keep(test, base);
	expect_inside(test, &info, base, size);
	KUNIT_EXPECT_EQ(test, size, (SIZE_T)SZ_64K);

	size = SIZE;
	KUNIT_EXPECT_EQ(test, MmAllocateContiguousMemoryEx(&size, zero, none, zero, MM_ANY_NODE_OK,
							   protect, partition, 0, 0, &other),
			STATUS_INSUFFICIENT_RESOURCES);
	size = PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, MmAllocateContiguousMemoryEx(&size, zero, none, zero, MM_ANY_NODE_OK,
							   PAGE_READWRITE, partition, 0, 0, &other),
			STATUS_NOT_SUPPORTED);
	test_forget(base);
	MmFreeContiguousMemory(base);
	close(test, partition);
	KUNIT_EXPECT_EQ(test, MmAllocateContiguousMemoryEx(&size, zero, none, zero, MM_ANY_NODE_OK,
							   protect, partition, 0, 0, &other),
			STATUS_OBJECT_TYPE_MISMATCH);
}

/* A model with one byte for each page decides whether a block fits. */
static void random_blocks_against_a_model(struct kunit *test)
{
	struct contigmem_partition *partition = create(test, CONTIGMEM_CACHED);
	struct contigmem_partition_info info = info_of(test, partition);
	u8 *used = kunit_kzalloc(test, PAGES, GFP_KERNEL);
	int op, i, served = 0, refusals = 0;
	void *held[64] = { };
	struct rnd_state rnd;

	KUNIT_ASSERT_NOT_NULL(test, used);
	test_random_start(test, &rnd);
	for (op = 0; op < 4000; op++) {
		int slot = test_random_below(&rnd, ARRAY_SIZE(held));
		struct contigmem_request req = request_in(partition, 0, CONTIGMEM_CACHED);
		unsigned long align, nr, run = 0, first;
		struct contigmem_info block;
		bool fits = false;

		if (held[slot]) {
			KUNIT_ASSERT_EQ(test, contigmem_describe(held[slot], &block), 0);
			first = (block.phys - info.phys) / PAGE_SIZE;
			memset(used + first, 0, block.size / PAGE_SIZE);
			test_forget(held[slot]);
			contigmem_free(held[slot]);
			held[slot] = NULL;
			continue;
		}
		nr = 1 + test_random_below(&rnd, 1 << test_random_below(&rnd, 9));
		align = 1UL << test_random_below(&rnd, 6);
		req.size = nr * PAGE_SIZE;
		req.align = align * PAGE_SIZE;
		for (i = 0; i < PAGES && !fits; i++) {
			unsigned long start;

			run = used[i] ? 0 : run + 1;
			start = i + 1 - nr;
			/* Every start in a run of free pages is tried. */
			fits = run >= nr && !((info.phys / PAGE_SIZE + start) % align);
		}
		held[slot] = contigmem_alloc(&req, GFP_ATOMIC | __GFP_NOWARN);
		if (IS_ERR(held[slot])) {
			KUNIT_EXPECT_FALSE_MSG(test, fits, "operation %d: %ld: %s", op,
					       PTR_ERR(held[slot]),
					       test_text(test, &req, GFP_ATOMIC));
			held[slot] = NULL;
			refusals++;
			continue;
		}
		test_keep(test, held[slot]);
		KUNIT_EXPECT_TRUE_MSG(test, fits, "operation %d", op);
		test_check_block(test, held[slot], &req, GFP_ATOMIC);
		expect_inside(test, &info, held[slot], req.size);
		first = (test_phys(test, held[slot]) - info.phys) / PAGE_SIZE;
		for (i = first; i < first + nr; i++) {
			KUNIT_EXPECT_EQ_MSG(test, used[i], 0, "operation %d: page %d", op, i);
			used[i] = 1;
		}
		served++;
	}
	kunit_info(test, "%d served, %d refused", served, refusals);
	KUNIT_EXPECT_GT(test, served, 500);
	KUNIT_EXPECT_GT(test, refusals, 100);
	for (i = 0; i < ARRAY_SIZE(held); i++) {
		test_forget(held[i]);
		contigmem_free(held[i]);
	}
	KUNIT_EXPECT_EQ(test, info_of(test, partition).free, (size_t)SIZE);
	close(test, partition);
}

/* Skipped where modules cannot use CMA areas, or without cma=. */
static void a_cma_area_by_its_name(struct kunit *test)
{
	enum contigmem_cache cache;
	void *vaddr;

	opened = contigmem_partition_open("reserved");
	if (IS_ERR(opened)) {
		KUNIT_EXPECT_EQ(test, PTR_ERR(opened), -ENOENT);
		opened = NULL;
		kunit_skip(test, "no CMA area that a module may have");
	}
	KUNIT_EXPECT_TRUE(test, info_of(test, opened).is_cma);
	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++) {
		struct contigmem_request req = request_in(opened, SZ_64K, cache);

		req.boundary = SZ_64K;
		refused(test, &req, GFP_ATOMIC, -EAGAIN);
		/* CMA cannot promise to move no page: a caller that may sleep is told so. */
		refused_because(test, &req, GFP_NOIO, CONTIGMEM_PARTITION_MIGRATES);
		refused_because(test, &req, GFP_NOFS, CONTIGMEM_PARTITION_MIGRATES);
		req.flags = CONTIGMEM_FAST;
		refused_because(test, &req, GFP_KERNEL, CONTIGMEM_PARTITION_MIGRATES);
		refused_because(test, &req, GFP_ATOMIC, CONTIGMEM_PARTITION_MIGRATES);
		req.flags = 0;
		vaddr = test_alloc(test, &req, GFP_KERNEL);
		KUNIT_EXPECT_EQ(test, info_of(test, opened).blocks, 1UL);
		/* Its block keeps the record of the area, which is found again. */
		KUNIT_ASSERT_EQ(test, contigmem_partition_close(opened), 0);
		refused(test, &req, GFP_KERNEL, -EINVAL);
		opened = contigmem_partition_open("reserved");
		KUNIT_ASSERT_PTR_EQ(test, opened, req.partition);
		KUNIT_EXPECT_EQ(test, info_of(test, opened).blocks, 1UL);
		test_free(test, vaddr);
		req.high = SZ_16M - 1;
		refused(test, &req, GFP_KERNEL, -ENOSPC);
	}
	KUNIT_EXPECT_EQ(test, info_of(test, opened).blocks, 0UL);
	close(test, opened);
}

static struct kunit_case partition_cases[] = {
	KUNIT_CASE(serves_all_of_itself_and_nothing_else),
	KUNIT_CASE(others_are_not_served_from_it),
	KUNIT_CASE(constraints_hold_inside),
	KUNIT_CASE(what_is_not_inside_is_refused),
	KUNIT_CASE(is_on_one_node),
	KUNIT_CASE(another_cache_type_is_refused),
	KUNIT_CASE(serves_under_a_lock),
	KUNIT_CASE(names),
	KUNIT_CASE(create_refuses_what_it_cannot_be),
	KUNIT_CASE(the_owner_closes_before_its_blocks_are_freed),
	KUNIT_CASE(another_opener_leaves_a_block),
	KUNIT_CASE(the_last_block_goes_under_a_lock),
	KUNIT_CASE(closed_after_a_readonly_block_was_freed_under_a_lock),
	KUNIT_CASE(a_large_block_is_not_given_back_under_a_lock),
	KUNIT_CASE(the_windows_face_is_served),
	KUNIT_CASE_SLOW(random_blocks_against_a_model),
	KUNIT_CASE(a_cma_area_by_its_name),
	{}
};

struct kunit_suite partition_suite = {
	.name = "contigmem_partition",
	.init = partition_init,
	.exit = partition_exit,
	.test_cases = partition_cases,
};
