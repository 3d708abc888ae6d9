// SPDX-License-Identifier: GPL-2.0
/*
 * Failure at every step of a typed block: each change of the cache type and each
 * allocation of the kernel fails in turn. Frames, types and ledger are as before.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/string.h>
#ifdef CONFIG_X86
#include <asm/set_memory.h>
#endif

#include "audit.h"
#include "contigmem_wdm.h"
#include "pagetable.h"
#include "suites.h"

/* Far more than the longest path has steps. */
#define STEPS_MAX	2000
/* More pageblocks than an arena has, so the range becomes no arena. */
#define WINDOW_SIZE	(SZ_16M + PAGE_SIZE)

/* Make every change of a cache type fail, or none. */
static int fail_changes(bool fail)
{
	return test_swap_file("/sys/module/contigmem/parameters/fail_cache_type",
			      fail ? "1,100,0,-1" : "1,0,0,-1", NULL, 0);
}

/* The module under test has the parameter. */
static bool changes_can_fail;

static int faults_init(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_FAULT_INJECTION))
		kunit_skip(test, "this kernel has no CONFIG_FAULT_INJECTION");
	test_init(test);
	changes_can_fail = !fail_changes(false);
	return changes_can_fail ? 0 : -ENODEV;
}

/* A test that has failed may have left the injection on. */
static void faults_exit(struct kunit *test)
{
	if (changes_can_fail)
		KUNIT_EXPECT_EQ(test, fail_changes(false), 0);
	changes_can_fail = false;
	test_exit(test);
}

/*
 * The n-th step from here on that can fail in this task fails; 0: none. Returns what is left
 * of the number that was set before.
 */
static unsigned int fail_nth_step(unsigned int nth)
{
#ifdef CONFIG_FAULT_INJECTION
	return xchg(&current->fail_nth, nth);
#else
	return 0;
#endif
}

/**
 * struct knob - a file of the kernel's fault injection
 * @path: the file
 * @value: its content during the suite
 * @before: its content before the suite
 * @error: it was not written, for this reason
 */
struct knob {
	const char *path;
	const char *value;
	char before[32];
	int error;
};

/*
 * Allocations fail even if they can sleep or are of order 0, and log nothing. By default only
 * those fail that cannot sleep.
 */
static struct knob knobs[] = {
#ifdef CONFIG_FAILSLAB
	{ "/sys/kernel/debug/failslab/ignore-gfp-wait", "N" },
	{ "/sys/kernel/debug/failslab/verbose", "0" },
#endif
#ifdef CONFIG_FAIL_PAGE_ALLOC
	{ "/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N" },
	{ "/sys/kernel/debug/fail_page_alloc/verbose", "0" },
	{ "/sys/kernel/debug/fail_page_alloc/min-order", "0" },
#endif
};

static int faults_suite_init(struct kunit_suite *suite)
{
	struct knob *knob;

	for (knob = knobs; knob < knobs + ARRAY_SIZE(knobs); knob++)
		knob->error = test_swap_debugfs(knob->path, knob->value, knob->before,
						sizeof(knob->before));
	return 0;
}

static void faults_suite_exit(struct kunit_suite *suite)
{
	char value[32];
	struct knob *knob;

	for (knob = knobs; knob < knobs + ARRAY_SIZE(knobs); knob++) {
		if (!knob->error &&
		    test_swap_debugfs(knob->path, knob->before, value, sizeof(value)))
			pr_err("%s cannot be restored\n", knob->path);
	}
}

/* Skips the test where allocations cannot be made to fail. */
static void need_failing_allocations(struct kunit *test)
{
	struct knob *knob;

	if (!IS_ENABLED(CONFIG_FAILSLAB))
		kunit_skip(test, "this kernel has no CONFIG_FAILSLAB");
	if (!IS_ENABLED(CONFIG_FAULT_INJECTION_DEBUG_FS))
		kunit_skip(test, "this kernel has no CONFIG_FAULT_INJECTION_DEBUG_FS");
	for (knob = knobs; knob < knobs + ARRAY_SIZE(knobs); knob++) {
		if (knob->error)
			kunit_skip(test, "%s: error %d: is debugfs mounted?", knob->path,
				   knob->error);
	}
}

/*
 * Make the n-th step that can fail in this task fail. Returns false if there are fewer
 * steps. The ledger keeps one spare record, which @other takes: @req has to allocate one.
 */
static bool alloc_with_fault(struct kunit *test, const struct contigmem_request *req,
			     unsigned int nth, void **other, void **vaddr)
{
	*other = contigmem_alloc(&CONTIGMEM_REQUEST(PAGE_SIZE), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, *other);
	fail_nth_step(nth);
	*vaddr = contigmem_alloc(req, GFP_KERNEL | __GFP_NOWARN);
	return !fail_nth_step(0);
}

/* Returns the number of steps. A failed step returns -ENOMEM or @refusal. */
static unsigned int fail_every_step(struct kunit *test, const struct contigmem_request *req,
				    long refusal)
{
	unsigned int nth, refused = 0;
	bool reached = true;
	void *vaddr, *other;

	for (nth = 1; reached && nth < STEPS_MAX; nth++) {
		reached = alloc_with_fault(test, req, nth, &other, &vaddr);
		if (IS_ERR(vaddr)) {
			KUNIT_EXPECT_TRUE_MSG(test, PTR_ERR(vaddr) == -ENOMEM ||
					      PTR_ERR(vaddr) == refusal, "step %u: %ld: %s", nth,
					      PTR_ERR(vaddr), test_text(test, req, GFP_KERNEL));
			refused++;
		} else {
			test_keep(test, vaddr);
			test_check_block(test, vaddr, req, GFP_KERNEL);
			test_audit(test);
			test_forget(vaddr);
			contigmem_free(vaddr);
		}
		contigmem_free(other);
		KUNIT_ASSERT_EQ_MSG(test, test_settled(test, 0), 0UL,
				    "step %u: frames are held: %s", nth,
				    test_text(test, req, GFP_KERNEL));
		test_audit(test);
	}
	KUNIT_EXPECT_FALSE(test, reached);
	/* The record has to be allocated; contigmem can recover from other failures. */
	KUNIT_EXPECT_GE(test, refused, 1);
	KUNIT_EXPECT_GE(test, nth - 2, 2);
	return nth - 2;
}

static void fail_all_kinds(struct kunit *test, size_t size, phys_addr_t low, phys_addr_t high,
			   long refusal)
{
	static const unsigned int flags[] = { 0, CONTIGMEM_READONLY };
	enum contigmem_cache cache;
	unsigned int steps = 0;
	int i;

	need_failing_allocations(test);
	KUNIT_ASSERT_EQ(test, test_settled(test, 0), 0UL);
	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++) {
		for (i = 0; i < ARRAY_SIZE(flags); i++) {
			struct contigmem_request req = CONTIGMEM_REQUEST(size);

			if (cache == CONTIGMEM_CACHED && !flags[i])
				continue;
			req.low = low;
			req.high = high;
			req.cache = cache;
			req.flags = flags[i];
			steps += fail_every_step(test, &req, refusal);
		}
	}
	kunit_info(test, "%u steps failed one by one", steps);
}

static void every_step_of_a_block_in_a_new_arena(struct kunit *test)
{
	fail_all_kinds(test, SZ_64K, 0, -1, -ENOMEM);
}

static void every_step_of_a_window_alone(struct kunit *test)
{
	fail_all_kinds(test, WINDOW_SIZE, 0, -1, -ENOMEM);
}

/* Only CMA serves a CMA area, and cma_alloc() does not return why it failed. */
static void every_step_of_a_block_in_cma(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(SZ_64K);
	unsigned long pfn = 0, end = 0;
	struct contigmem_info info;
	void *vaddr;
	int nid;

	for_each_node_state(nid, N_MEMORY)
		end = max(end, node_end_pfn(nid));
	while (pfn < end && !(pfn_to_online_page(pfn) && compat_pageblock_is_cma(pfn)))
		pfn += pageblock_nr_pages;
	if (pfn >= end)
		kunit_skip(test, "no CMA area");
	req.low = PFN_PHYS(pfn);
	req.high = req.low + SZ_2M - 1;
	vaddr = contigmem_alloc(&req, GFP_KERNEL | __GFP_NOWARN);
	if (IS_ERR(vaddr))
		kunit_skip(test, "the lowest CMA area is not a module's to use");
	KUNIT_EXPECT_EQ(test, contigmem_describe(vaddr, &info), 0);
	KUNIT_EXPECT_EQ(test, info.source, CONTIGMEM_SOURCE_CMA);
	contigmem_free(vaddr);
	fail_all_kinds(test, req.size, req.low, req.high, -EBUSY);
}

/* The Windows API has a status of its own for -ENOMEM. */
static void no_memory_for_bookkeeping(struct kunit *test)
{
	PHYSICAL_ADDRESS none = { .QuadPart = -1 }, zero = { .QuadPart = 0 };
	SIZE_T size = 1;
	NTSTATUS status;
	void *other;
	PVOID base;

	need_failing_allocations(test);
	other = contigmem_alloc(&CONTIGMEM_REQUEST(PAGE_SIZE), GFP_KERNEL);
	base = other;
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	fail_nth_step(1);
	status = MmAllocateContiguousMemoryEx(&size, zero, none, zero, MM_ANY_NODE_OK,
					      PAGE_READWRITE, NULL, 0, 0, &base);
	fail_nth_step(0);
	contigmem_free(other);
	KUNIT_EXPECT_EQ_MSG(test, status, STATUS_NO_MEMORY, "%#x", status);
	KUNIT_EXPECT_EQ(test, size, (SIZE_T)1);
	KUNIT_EXPECT_NULL(test, base);
}

static void every_step_of_a_partition(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(WINDOW_SIZE);
	struct contigmem_partition *partition, *none;
	unsigned int nth, refused = 0;
	bool reached = true;

	need_failing_allocations(test);
	KUNIT_ASSERT_EQ(test, test_settled(test, 0), 0UL);
	req.cache = CONTIGMEM_WRITECOMBINE;
	for (nth = 1; reached && nth < STEPS_MAX; nth++) {
		fail_nth_step(nth);
		partition = contigmem_partition_create("fault", &req);
		reached = !fail_nth_step(0);
		if (IS_ERR(partition)) {
			KUNIT_EXPECT_EQ_MSG(test, PTR_ERR(partition), -ENOMEM, "step %u", nth);
			none = contigmem_partition_open("fault");
			KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(none), -ENOENT);
			refused++;
		} else {
			test_audit(test);
			KUNIT_EXPECT_EQ(test, contigmem_partition_close(partition), 0);
		}
		KUNIT_ASSERT_EQ_MSG(test, test_settled(test, 0), 0UL, "step %u", nth);
		test_audit(test);
	}
	kunit_info(test, "%u steps failed one by one", nth - 2);
	KUNIT_EXPECT_FALSE(test, reached);
	/* The partition's record and the change of its type, at least. */
	KUNIT_EXPECT_GE(test, refused, 2);
}

/* Free the frames that contigmem leaked on purpose. Only on x86 has the direct map another type. */
static void bring_back(struct kunit *test, phys_addr_t phys, unsigned long nr)
{
#ifdef CONFIG_X86
	KUNIT_EXPECT_EQ(test, set_memory_wb((unsigned long)__va(phys), nr), 0);
#endif
	free_contig_range(PHYS_PFN(phys), nr);
	test_audit(test);
}

/*
 * Frames whose type cannot be restored are leaked. suite.sh compares the logged number
 * with frames_leaked in stats.
 */
static void expect_leak(struct kunit *test, unsigned long stray, unsigned long frames)
{
	struct contigmem_audit audit;
	int error;

	error = contigmem_audit(&audit, stray);
	KUNIT_EXPECT_EQ_MSG(test, error, 0, "%lu wrong, %lu stray, %lu should be: %s", audit.wrong,
			    audit.stray, stray, audit.first);
	KUNIT_EXPECT_EQ(test, audit.held, 0UL);
	pr_info("contigmem-test: leaked %lu frames\n", frames);
}

/*
 * Has every idle arena in a range given back, as far as its type can be changed: a request that
 * they are in the way of waits for the worker.
 */
static void try_to_give_back(phys_addr_t phys, size_t size)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(size);
	void *vaddr;

	req.low = phys;
	req.high = phys + size - 1;
	vaddr = contigmem_alloc(&req, GFP_KERNEL | __GFP_NOWARN);
	if (!IS_ERR(vaddr))
		contigmem_free(vaddr);
}

/*
 * An arena still has these frames, with their type, and none was leaked. The worker, which tries
 * again each second, may have the arena for a moment.
 */
static void expect_kept(struct kunit *test, const struct contigmem_arena_info *before, size_t free)
{
	unsigned long end = jiffies + 10 * HZ;
	struct contigmem_arena_info arena = {};

	while (contigmem_next_arena(before->phys, &arena) || arena.phys != before->phys ||
	       arena.size != before->size || arena.free != free) {
		if (time_after(jiffies, end))
			break;
		msleep(20);
	}
	KUNIT_EXPECT_EQ(test, arena.phys, before->phys);
	KUNIT_EXPECT_EQ(test, arena.size, before->size);
	KUNIT_EXPECT_EQ(test, arena.free, free);
	KUNIT_EXPECT_EQ(test, arena.cache, before->cache);
	test_check_type(test, before->phys, before->size, before->cache);
	/* All frames with a type are in the ledger. */
	test_audit(test);
}

/* The frames serve a caller that could not have their type changed. */
static void expect_served(struct kunit *test, const struct contigmem_arena_info *arena,
			  const struct contigmem_request *like)
{
	struct contigmem_request req = *like;
	unsigned long end = jiffies + 10 * HZ;
	void *vaddr;

	req.low = arena->phys;
	req.high = arena->phys + arena->size - 1;
	do {
		vaddr = contigmem_alloc(&req, GFP_ATOMIC | __GFP_NOWARN);
	} while (IS_ERR(vaddr) && time_before(jiffies, end) && !msleep_interruptible(20));
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vaddr);
	test_keep(test, vaddr);
	test_check_block(test, vaddr, &req, GFP_ATOMIC);
	test_forget(vaddr);
	contigmem_free(vaddr);
}

/* The kernel gets the frames once their type can be changed. */
static void expect_given_back(struct kunit *test, phys_addr_t phys, size_t size)
{
	try_to_give_back(phys, size);
	KUNIT_EXPECT_EQ(test, test_settled(test, 0), 0UL);
	test_check_type_ends(test, phys, size);
	test_audit(test);
}

/* Frees a block while no type can be changed: its frames stay at hand until one can. */
static void free_without_change(struct kunit *test, const struct contigmem_request *req)
{
	struct contigmem_arena_info arena;
	struct contigmem_info info;
	void *vaddr;

	vaddr = test_alloc(test, req, GFP_KERNEL);
	KUNIT_ASSERT_EQ(test, contigmem_next_arena(test_phys(test, vaddr), &arena), 0);
	KUNIT_ASSERT_EQ(test, fail_changes(true), 0);
	test_forget(vaddr);
	contigmem_free(vaddr);
	KUNIT_EXPECT_EQ(test, contigmem_describe(vaddr, &info), -ENOENT);
	try_to_give_back(arena.phys, arena.size);
	expect_kept(test, &arena, arena.size);
	expect_served(test, &arena, req);
	try_to_give_back(arena.phys, arena.size);
	expect_kept(test, &arena, arena.size);
	KUNIT_ASSERT_EQ(test, fail_changes(false), 0);
	expect_given_back(test, arena.phys, arena.size);
}

static void a_window_that_keeps_its_type_is_kept(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(WINDOW_SIZE);

	req.cache = CONTIGMEM_WRITECOMBINE;
	free_without_change(test, &req);
}

static void an_arena_that_keeps_its_type_is_kept(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(SZ_64K);

	req.cache = CONTIGMEM_UNCACHED;
	free_without_change(test, &req);
}

/* Free frames of an arena with a block stay in it where their type stays. */
static void a_part_that_keeps_its_type_is_kept(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(SZ_64K);
	struct contigmem_arena_info before, arena;
	struct contigmem_info info;
	unsigned int tries;
	void *vaddr;

	if (PAGETABLE_APART)
		kunit_skip(test, "frames with a type go back with the whole arena here");
	req.cache = CONTIGMEM_WRITECOMBINE;
	vaddr = test_alloc(test, &req, GFP_KERNEL);
	KUNIT_ASSERT_EQ(test, contigmem_next_arena(test_phys(test, vaddr), &before), 0);
	KUNIT_ASSERT_EQ(test, fail_changes(true), 0);
	for (tries = 0; tries < 10; tries++) {
		KUNIT_ASSERT_EQ(test, test_swap_file("/proc/sys/vm/drop_caches", "2", NULL, 0), 0);
		msleep(100);
		try_to_give_back(before.phys, before.size);
	}
	KUNIT_EXPECT_EQ(test, contigmem_describe(vaddr, &info), 0);
	expect_kept(test, &before, before.free);
	expect_served(test, &before, &req);
	KUNIT_ASSERT_EQ(test, fail_changes(false), 0);
	for (tries = 0; tries < 100; tries++) {
		KUNIT_ASSERT_EQ(test, test_swap_file("/proc/sys/vm/drop_caches", "2", NULL, 0), 0);
		KUNIT_ASSERT_EQ(test, contigmem_next_arena(test_phys(test, vaddr), &arena), 0);
		if (arena.size <= 2 * SZ_64K)
			break;
		msleep(100);
	}
	KUNIT_EXPECT_LE(test, arena.size, (size_t)2 * SZ_64K);
	test_audit(test);
	test_free(test, vaddr);
	expect_given_back(test, before.phys, before.size);
}

/* The memory of a partition that is closed is an arena then. */
static void a_partition_that_keeps_its_type_is_kept(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(WINDOW_SIZE);
	struct contigmem_partition *partition;
	struct contigmem_arena_info arena;
	void *vaddr;

	req.cache = CONTIGMEM_WRITECOMBINE;
	partition = contigmem_partition_create("keeps", &req);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, partition);
	req.partition = partition;
	vaddr = test_alloc(test, &req, GFP_KERNEL);
	KUNIT_ASSERT_EQ(test, contigmem_next_arena(test_phys(test, vaddr), &arena), 0);
	test_forget(vaddr);
	contigmem_free(vaddr);
	req.partition = NULL;
	KUNIT_ASSERT_EQ(test, fail_changes(true), 0);
	KUNIT_EXPECT_EQ(test, contigmem_partition_close(partition), 0);
	try_to_give_back(arena.phys, arena.size);
	expect_kept(test, &arena, arena.size);
	expect_served(test, &arena, &req);
	KUNIT_ASSERT_EQ(test, fail_changes(false), 0);
	expect_given_back(test, arena.phys, arena.size);
}

/* Neither the change nor its reversal succeeds: the type is unknown, the frames leak. */
static void frames_whose_type_is_unknown_are_leaked(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(SZ_2M);
	phys_addr_t phys;
	void *vaddr;

	req.align = SZ_2M;
	req.low = SZ_16M;
	vaddr = test_alloc(test, &req, GFP_KERNEL);
	phys = test_phys(test, vaddr);
	test_free(test, vaddr);
	KUNIT_ASSERT_EQ(test, test_settled(test, 0), 0UL);

	req.low = phys;
	req.high = phys + SZ_2M - 1;
	req.cache = CONTIGMEM_WRITECOMBINE;
	KUNIT_ASSERT_EQ(test, fail_changes(true), 0);
	vaddr = contigmem_alloc(&req, GFP_KERNEL | __GFP_NOWARN);
	KUNIT_ASSERT_EQ(test, fail_changes(false), 0);
	KUNIT_EXPECT_TRUE(test, IS_ERR(vaddr));
	/* The injected failure left the type as it was. */
	expect_leak(test, 0, PHYS_PFN(SZ_2M));
	bring_back(test, phys, PHYS_PFN(SZ_2M));
}

static struct kunit_case faults_cases[] = {
	KUNIT_CASE_SLOW(every_step_of_a_block_in_a_new_arena),
	KUNIT_CASE_SLOW(every_step_of_a_window_alone),
	KUNIT_CASE_SLOW(every_step_of_a_block_in_cma),
	KUNIT_CASE_SLOW(every_step_of_a_partition),
	KUNIT_CASE(no_memory_for_bookkeeping),
	KUNIT_CASE(a_window_that_keeps_its_type_is_kept),
	KUNIT_CASE(an_arena_that_keeps_its_type_is_kept),
	KUNIT_CASE(a_part_that_keeps_its_type_is_kept),
	KUNIT_CASE(a_partition_that_keeps_its_type_is_kept),
	KUNIT_CASE(frames_whose_type_is_unknown_are_leaked),
	{}
};

struct kunit_suite faults_suite = {
	.name = "contigmem_faults",
	.suite_init = faults_suite_init,
	.suite_exit = faults_suite_exit,
	.init = faults_init,
	.exit = faults_exit,
	.test_cases = faults_cases,
};
