// SPDX-License-Identifier: GPL-2.0
/*
 * The errno table of the native API row by row, each asked for with a query before, and invalid
 * frees.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/pfn.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "pagetable.h"
#include "suites.h"

/* No machine has memory here, and every address below is a physical one. */
#define NOWHERE		BIT_ULL(51)

static DEFINE_SPINLOCK(lock);

static void refused(struct kunit *test, void *vaddr, int error,
		    const struct contigmem_request *req, gfp_t gfp)
{
	KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(vaddr), error, "%s", test_text(test, req, gfp));
	if (!IS_ERR_OR_NULL(vaddr))
		contigmem_free(vaddr);
}

/* Refused with this errno and reason; without a verdict with the same errno. */
static void expect_refusal(struct kunit *test, const struct contigmem_request *req, gfp_t gfp,
			   int error, enum contigmem_reason reason)
{
	struct contigmem_request asked = *req;
	struct contigmem_verdict verdict;
	struct contigmem_answer answer;

	test_query(test, req, gfp, reason, &answer);
	KUNIT_EXPECT_EQ_MSG(test, contigmem_query(req, gfp, NULL), error, "%s",
			    test_text(test, req, gfp));

	memset(&verdict, 0xa5, sizeof(verdict));
	asked.verdict = &verdict;
	refused(test, contigmem_alloc(&asked, gfp), error, req, gfp);
	KUNIT_EXPECT_EQ_MSG(test, verdict.reason, reason, "\"%s\", should be \"%s\": %s",
			    contigmem_reason_text(verdict.reason), contigmem_reason_text(reason),
			    test_text(test, req, gfp));
	KUNIT_EXPECT_EQ_MSG(test, verdict.source, CONTIGMEM_SOURCE_NONE, "%s",
			    test_text(test, req, gfp));
	KUNIT_EXPECT_EQ_MSG(test, verdict.pages_migrated, 0UL, "%s", test_text(test, req, gfp));

	asked.verdict = NULL;
	refused(test, contigmem_alloc(&asked, gfp), error, req, gfp);
}

static void bad_size(struct kunit *test)
{
	static const size_t sizes[] = { 0, SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - PAGE_SIZE + 2 };
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		expect_refusal(test, &CONTIGMEM_REQUEST(sizes[i]), GFP_KERNEL, -EINVAL,
			       CONTIGMEM_BAD_SIZE);
}

static void bad_range(struct kunit *test)
{
	static const phys_addr_t ranges[][2] = {
		{ 1, 0 }, { SZ_16M, SZ_16M - 1 }, { SZ_16M, 0 }, { (phys_addr_t)-1, 0 },
		{ (phys_addr_t)-1, (phys_addr_t)-2 },
	};
	struct contigmem_request req = CONTIGMEM_REQUEST(PAGE_SIZE);
	int i;

	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		req.low = ranges[i][0];
		req.high = ranges[i][1];
		expect_refusal(test, &req, GFP_KERNEL, -EINVAL, CONTIGMEM_BAD_RANGE);
	}
}

static void bad_align(struct kunit *test)
{
	static const phys_addr_t aligns[] = {
		3, PAGE_SIZE - 1, PAGE_SIZE + 1, 3 * PAGE_SIZE, (1ULL << 63) + 1, (phys_addr_t)-1,
		-PAGE_SIZE,
	};
	struct contigmem_request req = CONTIGMEM_REQUEST(PAGE_SIZE);
	int i;

	for (i = 0; i < ARRAY_SIZE(aligns); i++) {
		req.align = aligns[i];
		expect_refusal(test, &req, GFP_KERNEL, -EINVAL, CONTIGMEM_BAD_ALIGN);
	}
}

static void bad_boundary(struct kunit *test)
{
	static const struct {
		phys_addr_t boundary;
		size_t size;
	} cases[] = {
		{ 1, 1 }, { PAGE_SIZE / 2, 1 }, { PAGE_SIZE - 1, 1 }, { 3 * PAGE_SIZE, 1 },
		{ SZ_64K + 1, 1 }, { (phys_addr_t)-1, 1 }, { SZ_64K, SZ_64K + 1 },
		{ PAGE_SIZE, PAGE_SIZE + 1 }, { SZ_64K, SZ_8M },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(cases[i].size);

		req.boundary = cases[i].boundary;
		expect_refusal(test, &req, GFP_KERNEL, -EINVAL, CONTIGMEM_BAD_BOUNDARY);
	}
}

static void bad_node(struct kunit *test)
{
	static const int nodes[] = { -2, INT_MIN, MAX_NUMNODES, MAX_NUMNODES + 1, INT_MAX };
	struct contigmem_request req = CONTIGMEM_REQUEST(PAGE_SIZE);
	int i;

	for (i = 0; i < ARRAY_SIZE(nodes); i++) {
		req.nid = nodes[i];
		expect_refusal(test, &req, GFP_KERNEL, -EINVAL, CONTIGMEM_BAD_NODE);
		expect_refusal(test, &req, GFP_KERNEL | __GFP_THISNODE, -EINVAL,
			       CONTIGMEM_BAD_NODE);
	}
	for (i = 0; i < MAX_NUMNODES; i++) {
		if (node_online(i))
			continue;
		req.nid = i;
		expect_refusal(test, &req, GFP_KERNEL, -EINVAL, CONTIGMEM_BAD_NODE);
	}
}

static void bad_cache(struct kunit *test)
{
	static const int caches[] = { CONTIGMEM_NR_CACHES, -1, INT_MAX, INT_MIN };
	struct contigmem_request req = CONTIGMEM_REQUEST(PAGE_SIZE);
	int i;

	for (i = 0; i < ARRAY_SIZE(caches); i++) {
		req.cache = (enum contigmem_cache)caches[i];
		expect_refusal(test, &req, GFP_KERNEL, -EINVAL, CONTIGMEM_BAD_CACHE);
	}
}

static void bad_partition(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(PAGE_SIZE);
	u64 stranger[8] = { };

	req.partition = (void *)stranger;
	expect_refusal(test, &req, GFP_KERNEL, -EINVAL, CONTIGMEM_BAD_PARTITION);
	req.partition = (void *)8;
	expect_refusal(test, &req, GFP_KERNEL, -EINVAL, CONTIGMEM_BAD_PARTITION);
	req.partition = ERR_PTR(-ENOMEM);
	expect_refusal(test, &req, GFP_KERNEL, -EINVAL, CONTIGMEM_BAD_PARTITION);
}

static void bad_flags(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(PAGE_SIZE);
	int bit;

	for (bit = 0; bit < 32; bit++) {
		if (BIT(bit) & (CONTIGMEM_FAST | CONTIGMEM_READONLY | CONTIGMEM_ZERO))
			continue;
		req.flags = BIT(bit);
		expect_refusal(test, &req, GFP_KERNEL, -EINVAL, CONTIGMEM_BAD_FLAGS);
		req.flags |= CONTIGMEM_FAST;
		expect_refusal(test, &req, GFP_KERNEL, -EINVAL, CONTIGMEM_BAD_FLAGS);
	}
}

static void bad_gfp(struct kunit *test)
{
	static const gfp_t bits[] = {
		__GFP_HIGHMEM, __GFP_MOVABLE, __GFP_RECLAIMABLE, __GFP_WRITE, __GFP_ACCOUNT,
		__GFP_NOFAIL, __GFP_MEMALLOC, __GFP_NOMEMALLOC, __GFP_NOFAIL | __GFP_COMP,
		GFP_HIGHUSER_MOVABLE, __GFP_MOVABLE | __GFP_NOWARN,
	};
	struct contigmem_request req = CONTIGMEM_REQUEST(PAGE_SIZE);
	int i;

	for (i = 0; i < ARRAY_SIZE(bits); i++) {
		expect_refusal(test, &req, GFP_KERNEL | bits[i], -EINVAL, CONTIGMEM_BAD_GFP);
		expect_refusal(test, &req, GFP_NOWAIT | bits[i], -EINVAL, CONTIGMEM_BAD_GFP);
	}
}

static void good_gfp(struct kunit *test)
{
	static const gfp_t contexts[] = {
		GFP_KERNEL, GFP_NOIO, GFP_NOFS, GFP_NOWAIT, GFP_ATOMIC,
	};
	struct contigmem_request req = CONTIGMEM_REQUEST(PAGE_SIZE);
	int i;

	req.nid = numa_mem_id();
	for (i = 0; i < ARRAY_SIZE(contexts); i++) {
		gfp_t all = contexts[i] | __GFP_ZERO | __GFP_THISNODE | __GFP_NOWARN;

		test_free(test, test_alloc(test, &req, contexts[i]));
		test_free(test, test_alloc(test, &req, all));
	}
}

static void no_place(struct kunit *test)
{
	static const struct {
		size_t size;
		phys_addr_t low, high, align, boundary;
	} cases[] = {
		/* No whole page in the range. */
		{ 1, SZ_16M + 1, SZ_16M + PAGE_SIZE - 1 },
		{ 1, SZ_16M, SZ_16M },
		{ 1, 0, 0 },
		{ 1, (phys_addr_t)-2, (phys_addr_t)-1 },
		/* Whole pages, too few. */
		{ PAGE_SIZE + 1, SZ_16M, SZ_16M + PAGE_SIZE - 1 },
		{ SZ_64K, SZ_16M, SZ_16M + SZ_64K - 2 },
		{ SZ_16M + 1, 0, SZ_16M - 1 },
		{ SZ_64K, (phys_addr_t)-SZ_32K, (phys_addr_t)-1 },
		/* No multiple of the alignment. */
		{ PAGE_SIZE, 1, SZ_1G - 1, SZ_1G },
		{ SZ_64K, SZ_16M + 1, SZ_16M + SZ_2M - 1, SZ_2M },
		{ SZ_64K, 1, (1ULL << 63) + SZ_64K - 2, 1ULL << 63, SZ_64K },
		/* Only across the boundary. */
		{ 2 * PAGE_SIZE, SZ_16M - PAGE_SIZE, SZ_16M + PAGE_SIZE - 1, 0, SZ_64K },
		{ SZ_64K, SZ_16M + 1, SZ_16M + SZ_128K - 2, 0, SZ_64K },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(cases[i].size);

		req.low = cases[i].low;
		req.high = cases[i].high;
		req.align = cases[i].align;
		req.boundary = cases[i].boundary;
		expect_refusal(test, &req, GFP_KERNEL, -ERANGE, CONTIGMEM_NO_PLACE);
	}
}

static void no_memory(struct kunit *test)
{
	static const struct {
		size_t size;
		phys_addr_t low, high, align;
	} cases[] = {
		{ PAGE_SIZE, NOWHERE, (phys_addr_t)-1 },
		{ PAGE_SIZE, NOWHERE, NOWHERE + PAGE_SIZE - 1 },
		{ PAGE_SIZE, (phys_addr_t)-PAGE_SIZE, (phys_addr_t)-1 },
		{ SZ_2M, NOWHERE + 1, (phys_addr_t)-1 },
		{ NOWHERE, 0, (phys_addr_t)-1 },
		{ 1ULL << 63, 0, (phys_addr_t)-1 },
		{ PAGE_SIZE, PAGE_SIZE, (phys_addr_t)-1, NOWHERE },
#ifdef CONFIG_X86
		/* The local APIC: MMIO and no memory. */
		{ PAGE_SIZE, 0xfee00000, 0xfee00fff },
#endif
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(cases[i].size);

		req.low = cases[i].low;
		req.high = cases[i].high;
		req.align = cases[i].align;
		expect_refusal(test, &req, GFP_KERNEL, -ERANGE, CONTIGMEM_NO_MEMORY);
		req.nid = numa_mem_id();
		expect_refusal(test, &req, GFP_KERNEL, -ERANGE, CONTIGMEM_NO_MEMORY);
	}
}

static void node_has_none(struct kunit *test)
{
	static const size_t sizes[] = { PAGE_SIZE, TEST_ODD_SIZE, SZ_64K };
	int i, nid = test_node_without(test_low_end());

	if (nid == NUMA_NO_NODE)
		kunit_skip(test, "every node has low memory");
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(sizes[i]);

		req.nid = nid;
		req.high = test_low_end();
		expect_refusal(test, &req, GFP_KERNEL | __GFP_THISNODE, -ERANGE,
			       CONTIGMEM_NODE_HAS_NONE);
	}
}

static void a_live_block_is_a_blocker(struct kunit *test)
{
	static const unsigned int offsets[] = { 0, 1, 2 };
	struct contigmem_request held = CONTIGMEM_REQUEST(TEST_ODD_SIZE);
	struct contigmem_verdict verdict;
	phys_addr_t phys;
	void *vaddr;
	int i;

	held.low = SZ_16M;
	vaddr = test_alloc(test, &held, GFP_KERNEL);
	phys = test_phys(test, vaddr);
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(PAGE_SIZE);

		req.low = phys + offsets[i] * PAGE_SIZE;
		req.high = req.low + PAGE_SIZE - 1;
		expect_refusal(test, &req, GFP_KERNEL, -EBUSY, CONTIGMEM_BLOCKED);

		req.verdict = &verdict;
		refused(test, contigmem_alloc(&req, GFP_KERNEL), -EBUSY, &req, GFP_KERNEL);
		KUNIT_EXPECT_EQ_MSG(test, verdict.blocker, PFN_DOWN(req.low), "%s",
				    test_text(test, &req, GFP_KERNEL));
		KUNIT_EXPECT_NOT_NULL_MSG(test, verdict.blocker_kind, "%s",
					  test_text(test, &req, GFP_KERNEL));
	}
	test_check_block(test, vaddr, &held, GFP_KERNEL);
	test_free(test, vaddr);
}

static void fast_does_not_wait_for_a_place(struct kunit *test)
{
	struct contigmem_request held = CONTIGMEM_REQUEST(SZ_64K);
	struct contigmem_request req = CONTIGMEM_REQUEST(SZ_64K);
	void *vaddr, *got;

	held.low = SZ_16M;
	vaddr = test_alloc(test, &held, GFP_KERNEL);
	req.low = test_phys(test, vaddr);
	req.high = req.low + SZ_64K - 1;
	req.flags = CONTIGMEM_FAST;
	got = contigmem_alloc(&req, GFP_KERNEL);
	KUNIT_EXPECT_TRUE_MSG(test, got == ERR_PTR(-ENOSPC) || got == ERR_PTR(-EBUSY), "%d: %s",
			      PTR_ERR_OR_ZERO(got), test_text(test, &req, GFP_KERNEL));
	test_free(test, vaddr);
}

static void would_sleep(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(PAGE_SIZE);

	req.flags = CONTIGMEM_READONLY;
	for (req.cache = 0; req.cache < CONTIGMEM_NR_CACHES; req.cache++) {
		expect_refusal(test, &req, GFP_ATOMIC, -EAGAIN, CONTIGMEM_WOULD_SLEEP);
		expect_refusal(test, &req, GFP_NOWAIT, -EAGAIN, CONTIGMEM_WOULD_SLEEP);
	}
}

/* A malformed request is -EINVAL in each context. */
static void malformed_from_an_atomic_caller(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(PAGE_SIZE);
	unsigned long flags;
	void *vaddr;

	req.cache = CONTIGMEM_UNCACHED;
	req.boundary = 3 * PAGE_SIZE;
	spin_lock_irqsave(&lock, flags);
	vaddr = contigmem_alloc(&req, GFP_ATOMIC);
	spin_unlock_irqrestore(&lock, flags);
	refused(test, vaddr, -EINVAL, &req, GFP_ATOMIC);
}

/* The request is larger than an arena: only a search checks for fatal signals. */
static void a_fatal_signal_interrupts(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(SZ_8M + SZ_4M);
	struct contigmem_verdict verdict = { };
	struct contigmem_answer answer = { };
	void *vaddr;
	int error;

	req.verdict = &verdict;
	allow_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
	error = contigmem_query(&req, GFP_KERNEL, &answer);
	vaddr = contigmem_alloc(&req, GFP_KERNEL);
	disallow_signal(SIGKILL);
	flush_signals(current);
	refused(test, vaddr, -EINTR, &req, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, error, -EINTR);
	KUNIT_EXPECT_EQ(test, answer.verdict.reason, CONTIGMEM_INTERRUPTED);
	KUNIT_EXPECT_EQ(test, verdict.reason, CONTIGMEM_INTERRUPTED);
}

/* What is at hand is taken however short the limit, and a long limit changes nothing. */
static void a_time_limit_leaves_what_is_at_hand(struct kunit *test)
{
	static const u64 limits[] = { 1, U64_MAX };
	struct contigmem_request req = CONTIGMEM_REQUEST(PAGE_SIZE);
	int i;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		req.timeout_ns = limits[i];
		test_free(test, test_alloc(test, &req, GFP_KERNEL));
		test_free(test, test_alloc(test, &req, GFP_ATOMIC));
	}
	req.size = SZ_8M + SZ_4M;
	test_free(test, test_alloc(test, &req, GFP_KERNEL));
}

static unsigned long free_pages_now(void)
{
	struct sysinfo info;

	si_meminfo(&info);
	return info.freeram;
}

static void refused_requests_keep_no_memory(struct kunit *test)
{
	unsigned long before = free_pages_now();
	int i, row;

	for (i = 0; i < 256; i++) {
		for (row = 0; row < 6; row++) {
			struct contigmem_request req = CONTIGMEM_REQUEST(SZ_2M);
			gfp_t gfp = GFP_KERNEL;
			int error = -EINVAL;

			switch (row) {
			case 0:
				req.cache = CONTIGMEM_NR_CACHES;
				break;
			case 1:
				req.partition = (void *)8;
				break;
			case 2:
				req.flags = BIT(31);
				break;
			case 3:
				gfp |= __GFP_MOVABLE;
				break;
			case 4:
				req.low = NOWHERE;
				error = -ERANGE;
				break;
			case 5:
				req.cache = CONTIGMEM_WRITECOMBINE;
				gfp = GFP_ATOMIC;
				error = -EAGAIN;
				break;
			}
			KUNIT_ASSERT_EQ_MSG(test, PTR_ERR_OR_ZERO(contigmem_alloc(&req, gfp)),
					    error, "%s", test_text(test, &req, gfp));
		}
	}
	/* A leak in one row would be 512 MiB; the rest of the system allocates little. */
	KUNIT_EXPECT_GT(test, free_pages_now() + (SZ_64M >> PAGE_SHIFT), before);
}

static void every_reason_has_a_text(struct kunit *test)
{
	int reason;

	for (reason = -1; reason <= CONTIGMEM_NR_REASONS; reason++) {
		const char *text = contigmem_reason_text(reason);

		KUNIT_ASSERT_NOT_NULL_MSG(test, text, "reason %d", reason);
		KUNIT_EXPECT_GT_MSG(test, strlen(text), 0UL, "reason %d", reason);
	}
}

static void every_name_is_a_word(struct kunit *test)
{
	int i;

	for (i = -1; i <= CONTIGMEM_NR_CACHES; i++)
		KUNIT_EXPECT_NOT_NULL_MSG(test, contigmem_cache_name(i), "cache %d", i);
	for (i = -1; i <= CONTIGMEM_NR_SOURCES; i++)
		KUNIT_EXPECT_NOT_NULL_MSG(test, contigmem_source_name(i), "source %d", i);
}

static void unknown_addresses_are_not_described(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(TEST_ODD_SIZE);
	u8 *block = test_alloc(test, &req, GFP_KERNEL);
	void *foreign = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	struct contigmem_info info;

	KUNIT_ASSERT_NOT_NULL(test, foreign);
	KUNIT_EXPECT_EQ(test, contigmem_describe(NULL, &info), -ENOENT);
	KUNIT_EXPECT_EQ(test, contigmem_describe(&info, &info), -ENOENT);
	KUNIT_EXPECT_EQ(test, contigmem_describe(foreign, &info), -ENOENT);
	KUNIT_EXPECT_EQ(test, contigmem_describe(block - 1, &info), -ENOENT);
	KUNIT_EXPECT_EQ(test, contigmem_describe(block + TEST_ODD_SIZE, &info), -ENOENT);
	KUNIT_EXPECT_EQ(test, (u64)contigmem_phys(NULL), 0ULL);
	KUNIT_EXPECT_EQ(test, (u64)contigmem_phys(&info), 0ULL);
	KUNIT_EXPECT_EQ(test, (u64)contigmem_phys(foreign), 0ULL);
	test_free(test, block);
}

static void freeing_null_is_silent(struct kunit *test)
{
	contigmem_free(NULL);
}

/* One WARN, declared; the live block and the module are as before. */
static void free_wrongly(struct kunit *test, const void *wrong)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(TEST_ODD_SIZE);
	u8 *block = test_alloc(test, &req, GFP_KERNEL);

	memset(block, 0x3c, TEST_ODD_SIZE);
	test_expect_warning("contigmem_free");
	contigmem_free(wrong);
	test_check_block(test, block, &req, GFP_KERNEL);
	KUNIT_EXPECT_NULL(test, memchr_inv(block, 0x3c, TEST_ODD_SIZE));
	test_free(test, block);
	test_free(test, test_alloc(test, &req, GFP_KERNEL));
}

static void free_of_an_interior_address(struct kunit *test)
{
	static const unsigned int flags[] = { 0, CONTIGMEM_READONLY };
	int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(TEST_ODD_SIZE);
		u8 *block;

		req.flags = flags[i];
		block = test_alloc(test, &req, GFP_KERNEL);
		free_wrongly(test, block + 1);
		free_wrongly(test, block + PAGE_SIZE);
		free_wrongly(test, block + TEST_ODD_SIZE - 1);
		test_check_block(test, block, &req, GFP_KERNEL);
		test_free(test, block);
	}
}

static void free_of_the_direct_map_of_a_mapped_block(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(TEST_ODD_SIZE);
	void *block;

	req.flags = CONTIGMEM_READONLY;
	block = test_alloc(test, &req, GFP_KERNEL);
	free_wrongly(test, __va(test_phys(test, block)));
	test_check_block(test, block, &req, GFP_KERNEL);
	test_free(test, block);
}

static void free_of_foreign_memory(struct kunit *test)
{
	void *small = kmalloc(64, GFP_KERNEL);
	void *page = (void *)__get_free_page(GFP_KERNEL);
	void *mapped = vmalloc(TEST_ODD_SIZE);

	if (small && page && mapped) {
		memset(small, 0x77, 64);
		memset(page, 0x77, PAGE_SIZE);
		memset(mapped, 0x77, TEST_ODD_SIZE);
		free_wrongly(test, small);
		free_wrongly(test, page);
		free_wrongly(test, mapped);
		KUNIT_EXPECT_NULL(test, memchr_inv(small, 0x77, 64));
		KUNIT_EXPECT_NULL(test, memchr_inv(page, 0x77, PAGE_SIZE));
		KUNIT_EXPECT_NULL(test, memchr_inv(mapped, 0x77, TEST_ODD_SIZE));
	} else {
		KUNIT_FAIL(test, "no memory");
	}
	vfree(mapped);
	free_page((unsigned long)page);
	kfree(small);
}

static void free_of_the_stack(struct kunit *test)
{
	u64 local[4] = { 1, 2, 3, 4 };

	free_wrongly(test, local);
	KUNIT_EXPECT_EQ(test, local[0] + local[1] + local[2] + local[3], 10ULL);
}

static void free_of_no_address_at_all(struct kunit *test)
{
	free_wrongly(test, (void *)8);
	free_wrongly(test, (void *)0x0000123456789000UL);
	free_wrongly(test, (void *)0x1234567812345000UL);
}

static void free_twice(struct kunit *test)
{
	static const enum contigmem_cache caches[] = {
		CONTIGMEM_CACHED, CONTIGMEM_UNCACHED, CONTIGMEM_WRITECOMBINE,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(caches); i++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(SZ_64K);
		struct contigmem_info info;
		void *block;

		req.cache = caches[i];
		block = test_alloc(test, &req, GFP_KERNEL);
		KUNIT_ASSERT_EQ(test, contigmem_describe(block, &info), 0);
		test_free(test, block);
		test_expect_warning("contigmem_free");
		contigmem_free(block);
		test_check_gone(test, &info);
		test_free(test, test_alloc(test, &req, GFP_KERNEL));
	}
}

static struct kunit_case errors_cases[] = {
	KUNIT_CASE(bad_size),
	KUNIT_CASE(bad_range),
	KUNIT_CASE(bad_align),
	KUNIT_CASE(bad_boundary),
	KUNIT_CASE(bad_node),
	KUNIT_CASE(bad_cache),
	KUNIT_CASE(bad_partition),
	KUNIT_CASE(bad_flags),
	KUNIT_CASE(bad_gfp),
	KUNIT_CASE(good_gfp),
	KUNIT_CASE(no_place),
	KUNIT_CASE(no_memory),
	KUNIT_CASE(node_has_none),
	KUNIT_CASE(a_live_block_is_a_blocker),
	KUNIT_CASE(fast_does_not_wait_for_a_place),
	KUNIT_CASE(would_sleep),
	KUNIT_CASE(malformed_from_an_atomic_caller),
	KUNIT_CASE(a_fatal_signal_interrupts),
	KUNIT_CASE(a_time_limit_leaves_what_is_at_hand),
	KUNIT_CASE(refused_requests_keep_no_memory),
	KUNIT_CASE(every_reason_has_a_text),
	KUNIT_CASE(every_name_is_a_word),
	KUNIT_CASE(unknown_addresses_are_not_described),
	KUNIT_CASE(freeing_null_is_silent),
	KUNIT_CASE(free_of_an_interior_address),
	KUNIT_CASE(free_of_the_direct_map_of_a_mapped_block),
	KUNIT_CASE(free_of_foreign_memory),
	KUNIT_CASE(free_of_the_stack),
	KUNIT_CASE(free_of_no_address_at_all),
	KUNIT_CASE(free_twice),
	{}
};

struct kunit_suite errors_suite = {
	.name = "contigmem_errors",
	.init = test_init,
	.exit = test_exit,
	.test_cases = errors_cases,
};
