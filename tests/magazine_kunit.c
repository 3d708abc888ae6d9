// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks that magazines keep for the next request: which one they serve, and what is seen of them.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kstrtox.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>

#include "suites.h"

/* More than a magazine keeps, and than a request looks at. */
#define BLOCKS	40

/* With magazines: each test begins without, see test_init(). */
static int magazine_init(struct kunit *test)
{
	int error = test_init(test);

	test_set_parameter(test, "arena_idle_mb", 64);
	return error;
}

/* A second processor; nr_cpu_ids if there is none. */
static unsigned int other_cpu(void)
{
	return cpumask_next(cpumask_first(cpu_online_mask), cpu_online_mask);
}

/**
 * struct call - what a worker does on a processor
 * @req: the request; NULL to free
 * @vaddr: the block
 */
struct call {
	const struct contigmem_request *req;
	void *vaddr;
};

static long do_call(void *data)
{
	struct call *call = data;

	if (call->req)
		call->vaddr = contigmem_alloc(call->req, GFP_ATOMIC | __GFP_NOWARN);
	else
		contigmem_free(call->vaddr);
	return 0;
}

static void *alloc_on(unsigned int cpu, const struct contigmem_request *req)
{
	struct call call = { .req = req };

	return work_on_cpu(cpu, do_call, &call) ? ERR_PTR(-ENXIO) : call.vaddr;
}

static void free_on(unsigned int cpu, void *vaddr)
{
	struct call call = { .vaddr = vaddr };

	work_on_cpu(cpu, do_call, &call);
}

/* A block that no address finds any more, and that no walk comes by. */
static void check_unseen(struct kunit *test, const void *vaddr)
{
	struct contigmem_info info;

	KUNIT_EXPECT_EQ(test, contigmem_describe(vaddr, &info), -ENOENT);
	KUNIT_EXPECT_EQ(test, contigmem_phys(vaddr), (phys_addr_t)0);
	if (!contigmem_next(vaddr, &info))
		KUNIT_EXPECT_PTR_NE(test, info.vaddr, vaddr);
}

/* What a processor freed it gets again, with another number; and so does another one. */
static void a_freed_block_serves_the_next_request(struct kunit *test)
{
	static const size_t sizes[] = { PAGE_SIZE, TEST_ODD_SIZE, SZ_64K, SZ_1M };
	unsigned int cpu = cpumask_first(cpu_online_mask), other = other_cpu(), i;
	struct contigmem_info info, again;
	enum contigmem_cache cache;
	void *vaddr, *got;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++) {
			struct contigmem_request req = CONTIGMEM_REQUEST(sizes[i]);

			req.cache = cache;
			req.nid = cpu_to_node(cpu);
			vaddr = test_alloc(test, &req, GFP_KERNEL);
			KUNIT_ASSERT_EQ(test, contigmem_describe(vaddr, &info), 0);
			test_forget(vaddr);
			free_on(cpu, vaddr);
			check_unseen(test, vaddr);
			got = alloc_on(cpu, &req);
			KUNIT_ASSERT_NOT_ERR_OR_NULL(test, got);
			test_keep(test, got);
			KUNIT_EXPECT_PTR_EQ(test, got, vaddr);
			KUNIT_ASSERT_EQ(test, contigmem_describe(got, &again), 0);
			KUNIT_EXPECT_EQ(test, again.phys, info.phys);
			KUNIT_EXPECT_EQ(test, again.size, info.size);
			KUNIT_EXPECT_NE(test, again.id, info.id);
			test_check_block(test, got, &req, GFP_KERNEL);
			test_forget(got);
			free_on(cpu, got);
			if (other >= nr_cpu_ids)
				continue;
			got = alloc_on(other, &req);
			KUNIT_ASSERT_NOT_ERR_OR_NULL(test, got);
			KUNIT_EXPECT_PTR_EQ(test, got, vaddr);
			free_on(other, got);
		}
	}
	test_audit(test);
}

static bool is_one_of(void *const vaddr[], const void *wanted)
{
	int i;

	for (i = 0; i < BLOCKS; i++) {
		if (vaddr[i] == wanted)
			return true;
	}
	return false;
}

/* A request gets no block that lies outside of its range or across its boundary. */
static void constraints_hold(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(TEST_ODD_SIZE), narrow;
	unsigned int cpu = cpumask_first(cpu_online_mask), i;
	void *vaddr[BLOCKS], *other[BLOCKS];
	enum contigmem_cache cache;

	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++) {
		phys_addr_t lowest = -1;

		req.cache = cache;
		req.nid = cpu_to_node(cpu);
		for (i = 0; i < BLOCKS; i++) {
			vaddr[i] = test_alloc(test, &req, GFP_KERNEL);
			lowest = min(lowest, test_phys(test, vaddr[i]));
		}
		for (i = 0; i < BLOCKS; i++) {
			test_forget(vaddr[i]);
			free_on(cpu, vaddr[i]);
		}
		narrow = req;
		narrow.high = lowest - 1;
		narrow.boundary = SZ_16K;
		for (i = 0; i < BLOCKS; i++) {
			other[i] = contigmem_alloc(&narrow, GFP_KERNEL | __GFP_NOWARN);
			if (IS_ERR(other[i]))
				break;
			test_keep(test, other[i]);
			test_check_block(test, other[i], &narrow, GFP_KERNEL);
			KUNIT_EXPECT_FALSE(test, is_one_of(vaddr, other[i]));
		}
		KUNIT_EXPECT_GT(test, i, 0);
		while (i--) {
			test_forget(other[i]);
			free_on(cpu, other[i]);
		}
	}
	test_audit(test);
}

/* A block that is freed twice is none of any owner's, wherever it waits. */
static void a_second_free_is_refused(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(PAGE_SIZE);
	struct contigmem_info info;
	void *vaddr, *again;

	vaddr = contigmem_alloc(&req, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vaddr);
	contigmem_free(vaddr);
	test_expect_warning("contigmem_free");
	contigmem_free(vaddr);
	again = test_alloc(test, &req, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, contigmem_describe(again, &info), 0);
	vaddr = test_alloc(test, &req, GFP_KERNEL);
	KUNIT_EXPECT_PTR_NE(test, vaddr, again);
	test_free(test, again);
	test_free(test, vaddr);
}

/* Blocks that one processor allocates and another frees are counted for their tag exactly. */
static void tags_are_exact_across_processors(struct kunit *test)
{
	unsigned int first = cpumask_first(cpu_online_mask), other = other_cpu(), i;
	struct contigmem_request req = CONTIGMEM_REQUEST(SZ_64K);
	struct contigmem_tag_info info;
	void *vaddr;

	if (other >= nr_cpu_ids)
		kunit_skip(test, "one processor");
	req.tag = 'M' | 'a' << 8 | 'g' << 16;
	for (i = 0; i < BLOCKS; i++) {
		vaddr = alloc_on(i & 1 ? first : other, &req);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vaddr);
		KUNIT_ASSERT_EQ(test, contigmem_tag_describe(req.tag, &info), 0);
		KUNIT_EXPECT_EQ(test, info.blocks, 1ULL);
		KUNIT_EXPECT_EQ(test, info.bytes, (u64)SZ_64K);
		free_on(i & 1 ? other : first, vaddr);
		/* Half of the time, so that the processors' shares are told only then. */
		if (i & 2)
			continue;
		KUNIT_ASSERT_EQ(test, contigmem_tag_describe(req.tag, &info), 0);
		KUNIT_EXPECT_EQ(test, info.blocks, 0ULL);
		KUNIT_EXPECT_EQ(test, info.bytes, 0ULL);
		KUNIT_EXPECT_EQ(test, info.total, i + 1ULL);
	}
	KUNIT_EXPECT_EQ(test, info.bytes_peak, (u64)SZ_64K);
	/* What is left of the blocks is no part of a limit that is set afterwards. */
	KUNIT_ASSERT_EQ(test, contigmem_tag_limit(req.tag, SZ_64K), 0);
	vaddr = alloc_on(first, &req);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, vaddr);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(alloc_on(other, &req)), -ENOSPC);
	free_on(other, vaddr);
	vaddr = alloc_on(other, &req);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, vaddr);
	free_on(first, vaddr);
	KUNIT_ASSERT_EQ(test, contigmem_tag_limit(req.tag, 0), 0);
}

/* Blocks of a partition that one processor keeps are there for a request on another. */
static void a_partition_is_whole_on_any_processor(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(SZ_2M), small, whole;
	unsigned int first = cpumask_first(cpu_online_mask), other = other_cpu(), i;
	struct contigmem_partition_info info;
	void *vaddr[BLOCKS];

	if (other >= nr_cpu_ids)
		kunit_skip(test, "one processor");
	req.partition = contigmem_partition_create("magazines", &req);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, req.partition);
	whole = req;
	small = req;
	small.size = SZ_64K;
	for (i = 0; i < SZ_2M / SZ_64K; i++) {
		vaddr[i] = alloc_on(first, &small);
		KUNIT_EXPECT_NOT_ERR_OR_NULL(test, vaddr[i]);
	}
	KUNIT_EXPECT_TRUE(test, IS_ERR(alloc_on(other, &small)));
	while (i--)
		free_on(first, vaddr[i]);
	vaddr[0] = alloc_on(other, &whole);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, vaddr[0]);
	KUNIT_ASSERT_EQ(test, contigmem_partition_describe(req.partition, &info), 0);
	KUNIT_EXPECT_EQ(test, info.blocks, 1UL);
	KUNIT_EXPECT_EQ(test, info.free, (size_t)0);
	free_on(other, vaddr[0]);
	KUNIT_ASSERT_EQ(test, contigmem_partition_describe(req.partition, &info), 0);
	KUNIT_EXPECT_EQ(test, info.blocks, 0UL);
	KUNIT_EXPECT_EQ(test, info.free, (size_t)SZ_2M);
	KUNIT_EXPECT_EQ(test, info.blocks_peak, SZ_2M / SZ_64K + 0UL);
	/* Closed, it serves nobody, and its last block takes it along. */
	vaddr[0] = alloc_on(first, &small);
	vaddr[1] = alloc_on(first, &small);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vaddr[0]);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vaddr[1]);
	free_on(first, vaddr[0]);
	KUNIT_EXPECT_EQ(test, contigmem_partition_close(req.partition), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(alloc_on(first, &small)), -EINVAL);
	contigmem_free(vaddr[1]);
	req.partition = NULL;
	req.partition = contigmem_partition_create("magazines", &req);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, req.partition);
	KUNIT_EXPECT_EQ(test, contigmem_partition_close(req.partition), 0);
}

/* What no request needs goes back to its arena with age, also of a processor that is idle. */
static void what_is_kept_goes_with_age(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(SZ_64K);
	struct contigmem_arena_info arena;
	void *vaddr[8];
	phys_addr_t phys;
	int i, tries;

	req.cache = CONTIGMEM_WRITECOMBINE;
	for (i = 0; i < ARRAY_SIZE(vaddr); i++)
		vaddr[i] = test_alloc(test, &req, GFP_KERNEL);
	phys = test_phys(test, vaddr[0]);
	for (i = 0; i < ARRAY_SIZE(vaddr); i++) {
		test_forget(vaddr[i]);
		free_on(cpumask_first(cpu_online_mask), vaddr[i]);
	}
	/* Once between one and two seconds have passed; a guest may be slow. */
	for (tries = 0; tries < 600; tries++) {
		if (contigmem_next_arena(phys, &arena) || arena.phys > phys ||
		    arena.free == arena.size)
			break;
		msleep(100);
	}
	KUNIT_EXPECT_LT(test, tries, 600);
}

/* Frees a block on a processor: does that processor keep it? Its arena counts it as used then. */
static bool is_kept(struct kunit *test, unsigned int cpu, void *vaddr)
{
	phys_addr_t phys = test_phys(test, vaddr);
	struct contigmem_arena_info arena;

	test_forget(vaddr);
	free_on(cpu, vaddr);
	return !contigmem_next_arena(phys, &arena) && arena.phys <= phys && arena.free < arena.size;
}

/* A few large blocks, which fill a processor's magazines, keep no small one out. */
static void a_small_block_takes_a_large_ones_place(struct kunit *test)
{
	struct contigmem_request large = CONTIGMEM_REQUEST(SZ_2M);
	struct contigmem_request small = CONTIGMEM_REQUEST(SZ_64K);
	unsigned int cpu = cpumask_first(cpu_online_mask), tries, i;
	void *vaddr[4], *block;
	bool kept = false;

	large.cache = CONTIGMEM_WRITECOMBINE;
	small.cache = CONTIGMEM_UNCACHED;
	/* What no request needs goes back once a second: that may be just now. */
	for (tries = 0; tries < 10 && !kept; tries++) {
		for (i = 0; i < ARRAY_SIZE(vaddr); i++)
			vaddr[i] = test_alloc(test, &large, GFP_KERNEL);
		block = test_alloc(test, &small, GFP_KERNEL);
		for (i = 0; i < ARRAY_SIZE(vaddr); i++) {
			test_forget(vaddr[i]);
			free_on(cpu, vaddr[i]);
		}
		kept = is_kept(test, cpu, block);
	}
	KUNIT_EXPECT_TRUE(test, kept);
	test_audit(test);
}

/* References on contigmem; -1 if sysfs is not mounted. */
static int module_references(void)
{
	char text[16];
	int references;

	if (test_swap_file("/sys/module/contigmem/refcnt", NULL, text, sizeof(text)) ||
	    kstrtoint(text, 10, &references))
		return -1;
	return references;
}

/*
 * The count of the references on contigmem is one for all processors: a block that a magazine
 * keeps has its own, so that neither a free nor the next allocation writes to it.
 */
static void a_kept_block_holds_the_module(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(SZ_64K);
	unsigned int cpu = cpumask_first(cpu_online_mask), tries;
	int live, kept, again;
	void *vaddr;

	if (module_references() < 0)
		kunit_skip(test, "no sysfs");
	/* What no request needs goes back once a second: that may be just now. */
	for (tries = 0; tries < 10; tries++) {
		vaddr = test_alloc(test, &req, GFP_KERNEL);
		live = module_references();
		test_forget(vaddr);
		free_on(cpu, vaddr);
		kept = module_references();
		vaddr = alloc_on(cpu, &req);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vaddr);
		again = module_references();
		free_on(cpu, vaddr);
		if (kept == live && again == live)
			break;
	}
	KUNIT_EXPECT_LT(test, tries, 10);
	test_audit(test);
}

static struct kunit_case magazine_cases[] = {
	KUNIT_CASE(a_freed_block_serves_the_next_request),
	KUNIT_CASE(constraints_hold),
	KUNIT_CASE(a_second_free_is_refused),
	KUNIT_CASE(tags_are_exact_across_processors),
	KUNIT_CASE(a_partition_is_whole_on_any_processor),
	KUNIT_CASE(a_small_block_takes_a_large_ones_place),
	KUNIT_CASE(a_kept_block_holds_the_module),
	KUNIT_CASE(what_is_kept_goes_with_age),
	{}
};

struct kunit_suite magazine_suite = {
	.name = "contigmem_magazine",
	.init = magazine_init,
	.exit = test_exit,
	.test_cases = magazine_cases,
};
