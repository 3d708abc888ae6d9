// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks and bytes charged to a tag, and its limit.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>

#include "contigmem_wdm.h"
#include "suites.h"

static DEFINE_SPINLOCK(lock);
static u32 last_tag = 'T' | 'a' << 8 | 'g' << 16;

/* A tag without blocks so far. */
static u32 new_tag(void)
{
	struct contigmem_tag_info info;

	do {
		last_tag += 1 << 24;
	} while (!contigmem_tag_describe(last_tag, &info));
	return last_tag;
}

static struct contigmem_tag_info info_of(struct kunit *test, u32 tag)
{
	struct contigmem_tag_info info = {};

	KUNIT_EXPECT_EQ(test, contigmem_tag_describe(tag, &info), 0);
	return info;
}

static void expect(struct kunit *test, u32 tag, u64 blocks, u64 bytes, u64 peak, u64 total,
		   u64 failures)
{
	struct contigmem_tag_info info = info_of(test, tag);

	KUNIT_EXPECT_EQ(test, info.tag, tag);
	KUNIT_EXPECT_EQ(test, info.blocks, blocks);
	KUNIT_EXPECT_EQ(test, info.bytes, bytes);
	KUNIT_EXPECT_EQ(test, info.bytes_peak, peak);
	KUNIT_EXPECT_EQ(test, info.total, total);
	KUNIT_EXPECT_EQ(test, info.failures, failures);
}

static void blocks_and_bytes_are_counted(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(TEST_ODD_SIZE - 1);
	struct contigmem_tag_info info;
	void *first, *second;
	u32 tag = new_tag();

	KUNIT_EXPECT_EQ(test, contigmem_tag_describe(tag, &info), -ENOENT);
	req.tag = tag;
	first = test_alloc(test, &req, GFP_KERNEL);
	expect(test, tag, 1, TEST_ODD_SIZE, TEST_ODD_SIZE, 1, 0);
	req.cache = CONTIGMEM_WRITECOMBINE;
	second = test_alloc(test, &req, GFP_KERNEL);
	expect(test, tag, 2, 2 * TEST_ODD_SIZE, 2 * TEST_ODD_SIZE, 2, 0);
	test_free(test, first);
	expect(test, tag, 1, TEST_ODD_SIZE, 2 * TEST_ODD_SIZE, 2, 0);
	req.cache = CONTIGMEM_CACHED;
	first = test_alloc(test, &req, GFP_KERNEL);
	expect(test, tag, 2, 2 * TEST_ODD_SIZE, 2 * TEST_ODD_SIZE, 3, 0);
	test_free(test, first);
	test_free(test, second);
	expect(test, tag, 0, 0, 2 * TEST_ODD_SIZE, 3, 0);
}

static void failures_are_counted(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(1ULL << 51);
	u32 tag = new_tag();

	req.tag = tag;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(contigmem_alloc(&req, GFP_KERNEL | __GFP_NOWARN)),
			-ERANGE);
	expect(test, tag, 0, 0, 0, 0, 1);
	req.size = 0;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(contigmem_alloc(&req, GFP_KERNEL | __GFP_NOWARN)),
			-EINVAL);
	expect(test, tag, 0, 0, 0, 0, 2);
}

static void a_new_tag_under_a_lock(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(PAGE_SIZE);
	unsigned long flags;
	void *vaddr;

	req.tag = new_tag();
	spin_lock_irqsave(&lock, flags);
	vaddr = contigmem_alloc(&req, GFP_ATOMIC);
	contigmem_free(IS_ERR(vaddr) ? NULL : vaddr);
	spin_unlock_irqrestore(&lock, flags);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, vaddr);
	expect(test, req.tag, 0, 0, PAGE_SIZE, 1, 0);
}

static void refuse_over_limit(struct kunit *test, const struct contigmem_request *req)
{
	struct contigmem_request asked = *req;
	struct contigmem_verdict verdict;
	struct contigmem_answer answer;
	void *vaddr;

	test_query(test, req, GFP_KERNEL, CONTIGMEM_OVER_LIMIT, &answer);
	asked.verdict = &verdict;
	vaddr = contigmem_alloc(&asked, GFP_KERNEL | __GFP_NOWARN);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(vaddr), -ENOSPC);
	KUNIT_EXPECT_EQ(test, verdict.reason, CONTIGMEM_OVER_LIMIT);
	if (!IS_ERR(vaddr))
		contigmem_free(vaddr);
}

static void a_limit_holds_to_the_page(struct kunit *test)
{
	PHYSICAL_ADDRESS none = { .QuadPart = -1 }, zero = { .QuadPart = 0 };
	struct contigmem_request req = CONTIGMEM_REQUEST(SZ_64K);
	SIZE_T size = PAGE_SIZE;
	void *vaddr;
	PVOID base;

	req.tag = new_tag();
	KUNIT_ASSERT_EQ(test, contigmem_tag_limit(req.tag, SZ_64K), 0);
	KUNIT_EXPECT_EQ(test, info_of(test, req.tag).limit, (u64)SZ_64K);
	vaddr = test_alloc(test, &req, GFP_KERNEL);
	req.size = 1;
	refuse_over_limit(test, &req);
	KUNIT_EXPECT_EQ(test, MmAllocateContiguousMemoryEx(&size, zero, none, zero, MM_ANY_NODE_OK,
							   PAGE_READWRITE, NULL, req.tag, 0,
							   &base),
			STATUS_INSUFFICIENT_RESOURCES);
	test_free(test, vaddr);
	req.size = SZ_64K + 1;
	refuse_over_limit(test, &req);
	req.size = SIZE_MAX - PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(contigmem_alloc(&req, GFP_KERNEL | __GFP_NOWARN)),
			-ENOSPC);
	/* A request that fails for another reason is not charged. */
	req.size = SZ_64K;
	req.low = 1ULL << 51;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(contigmem_alloc(&req, GFP_KERNEL | __GFP_NOWARN)),
			-ERANGE);
	req.low = 0;
	vaddr = test_alloc(test, &req, GFP_KERNEL);

	/* A limit below the live bytes frees nothing; 0 removes the limit. */
	KUNIT_ASSERT_EQ(test, contigmem_tag_limit(req.tag, PAGE_SIZE), 0);
	req.size = PAGE_SIZE;
	refuse_over_limit(test, &req);
	KUNIT_ASSERT_EQ(test, contigmem_tag_limit(req.tag, 0), 0);
	test_free(test, test_alloc(test, &req, GFP_KERNEL));
	test_free(test, vaddr);
	KUNIT_EXPECT_EQ(test, info_of(test, req.tag).bytes, 0ULL);
}

#define THREADS		4
#define LIMIT_PAGES	6

/**
 * struct contender - a thread; together they want more than the limit
 * @tag: the tag of all threads
 * @done: the thread has ended
 * @served: blocks allocated
 * @most: most bytes of the tag that the thread saw
 */
struct contender {
	u32 tag;
	struct completion done;
	unsigned int served;
	u64 most;
};

static int contend(void *data)
{
	struct contender *contender = data;
	struct contigmem_request req = CONTIGMEM_REQUEST(2 * PAGE_SIZE);
	struct contigmem_tag_info info;
	void *vaddr[2];
	int round, i;

	req.tag = contender->tag;
	for (round = 0; round < 500; round++) {
		for (i = 0; i < ARRAY_SIZE(vaddr); i++) {
			vaddr[i] = contigmem_alloc(&req, GFP_KERNEL | __GFP_NOWARN);
			contender->served += !IS_ERR(vaddr[i]);
		}
		if (!contigmem_tag_describe(req.tag, &info))
			contender->most = max(contender->most, info.bytes);
		cond_resched();
		for (i = 0; i < ARRAY_SIZE(vaddr); i++)
			contigmem_free(IS_ERR(vaddr[i]) ? NULL : vaddr[i]);
	}
	kthread_complete_and_exit(&contender->done, 0);
}

static void a_limit_holds_among_threads(struct kunit *test)
{
	struct contender *all = kunit_kcalloc(test, THREADS, sizeof(*all), GFP_KERNEL);
	unsigned int served = 0;
	u32 tag = new_tag();
	int i;

	KUNIT_ASSERT_NOT_NULL(test, all);
	KUNIT_ASSERT_EQ(test, contigmem_tag_limit(tag, LIMIT_PAGES * PAGE_SIZE), 0);
	for (i = 0; i < THREADS; i++) {
		all[i].tag = tag;
		init_completion(&all[i].done);
		test_thread(test, contend, &all[i], &all[i].done);
	}
	for (i = 0; i < THREADS; i++) {
		wait_for_completion(&all[i].done);
		served += all[i].served;
		KUNIT_EXPECT_LE(test, all[i].most, (u64)LIMIT_PAGES * PAGE_SIZE);
	}
	/* The thread that runs alone is always served up to the limit. */
	KUNIT_EXPECT_GE(test, served, LIMIT_PAGES / 2U);
	KUNIT_EXPECT_LE(test, info_of(test, tag).bytes_peak, (u64)LIMIT_PAGES * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, info_of(test, tag).bytes, 0ULL);
}

static struct kunit_case tags_cases[] = {
	KUNIT_CASE(blocks_and_bytes_are_counted),
	KUNIT_CASE(failures_are_counted),
	KUNIT_CASE(a_new_tag_under_a_lock),
	KUNIT_CASE(a_limit_holds_to_the_page),
	KUNIT_CASE(a_limit_holds_among_threads),
	{}
};

struct kunit_suite tags_suite = {
	.name = "contigmem_tags",
	.init = test_init,
	.exit = test_exit,
	.test_cases = tags_cases,
};
