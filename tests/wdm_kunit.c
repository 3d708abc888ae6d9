// SPDX-License-Identifier: GPL-2.0
/*
 * The status table of the Windows API row by row.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/nodemask.h>
#include <linux/percpu.h>
#include <linux/pfn.h>
#include <linux/sched/task.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "pagetable.h"
#include "suites.h"
#include "contigmem_wdm.h"

#define NOWHERE		BIT_ULL(51)
#define TAG		0x6f6d6544	/* "Demo" */

static DEFINE_SPINLOCK(lock);

/* The arguments of MmAllocateContiguousMemoryEx(). */
struct ex {
	SIZE_T size;
	bool no_size;
	u64 low;
	u64 high;
	u64 boundary;
	NODE_REQUIREMENT node;
	ULONG protect;
	PVOID partition;
	ULONG tag;
	ULONG flags;
	bool no_base;
};

static struct ex ex_of(SIZE_T size)
{
	return (struct ex){
		.size = size,
		.high = U64_MAX,
		.node = MM_ANY_NODE_OK,
		.protect = PAGE_READWRITE,
		.tag = TAG,
	};
}

static PHYSICAL_ADDRESS address(u64 value)
{
	return (PHYSICAL_ADDRESS){ .QuadPart = value };
}

static NTSTATUS ex_call(const struct ex *ex, SIZE_T *size, PVOID *base)
{
	return MmAllocateContiguousMemoryEx(ex->no_size ? NULL : size, address(ex->low),
					    address(ex->high), address(ex->boundary), ex->node,
					    ex->protect, ex->partition, ex->tag, ex->flags,
					    ex->no_base ? NULL : base);
}

static const char *ex_text(struct kunit *test, const struct ex *ex)
{
	size_t room = 256;
	char *text = kunit_kmalloc(test, room, GFP_KERNEL);

	if (!text)
		return "?";
	snprintf(text, room,
		 "size=%#zx%s low=%#llx high=%#llx boundary=%#llx node=%#x protect=%#x partition=%d flags=%#x%s",
		 ex->size, ex->no_size ? " (NULL)" : "", ex->low, ex->high, ex->boundary, ex->node,
		 ex->protect, !!ex->partition, ex->flags, ex->no_base ? " base=NULL" : "");
	return text;
}

/* Fails with this status; the size is unchanged and the address NULL. */
static void expect_status(struct kunit *test, const struct ex *ex, NTSTATUS status)
{
	PVOID base = (PVOID)0x5a5a5a5a;
	SIZE_T size = ex->size;
	NTSTATUS got = ex_call(ex, &size, &base);

	KUNIT_EXPECT_EQ_MSG(test, got, status, "%#x, should be %#x: %s", got, status,
			    ex_text(test, ex));
	KUNIT_EXPECT_EQ_MSG(test, size, ex->size, "%s", ex_text(test, ex));
	if (!ex->no_base)
		KUNIT_EXPECT_NULL_MSG(test, base, "%s", ex_text(test, ex));
	if (NT_SUCCESS(got) && !ex->no_base)
		MmFreeContiguousMemory(base);
}

/* Succeeds, with a block that the native API would give for the same request. */
static PVOID expect_block(struct kunit *test, const struct ex *ex, enum contigmem_cache cache,
			  unsigned int flags)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(ex->size);
	PVOID base = NULL;
	SIZE_T size = ex->size;
	NTSTATUS got = ex_call(ex, &size, &base);

	KUNIT_ASSERT_EQ_MSG(test, got, STATUS_SUCCESS, "%#x: %s", got, ex_text(test, ex));
	KUNIT_ASSERT_NOT_NULL_MSG(test, base, "%s", ex_text(test, ex));
	test_keep(test, base);
	KUNIT_EXPECT_EQ_MSG(test, size, DIV_ROUND_UP(ex->size, PAGE_SIZE) * PAGE_SIZE, "%s",
			    ex_text(test, ex));

	req.low = ex->low;
	req.high = ex->high;
	req.boundary = ex->boundary;
	req.cache = cache;
	req.flags = flags;
	req.tag = ex->tag;
	test_check_block(test, base, &req, GFP_KERNEL);
	test_audit(test);
	return base;
}

static void release(struct kunit *test, PVOID base)
{
	struct contigmem_info info;

	KUNIT_ASSERT_EQ(test, contigmem_describe(base, &info), 0);
	test_forget(base);
	MmFreeContiguousMemory(base);
	test_check_gone(test, &info);
	test_audit(test);
}

static void parameter_1_number_of_bytes(struct kunit *test)
{
	static const SIZE_T sizes[] = { 0, SIZE_MAX, SIZE_MAX - PAGE_SIZE + 2 };
	struct ex ex = ex_of(SZ_64K);
	int i;

	ex.no_size = true;
	expect_status(test, &ex, STATUS_INVALID_PARAMETER_1);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		ex = ex_of(sizes[i]);
		expect_status(test, &ex, STATUS_INVALID_PARAMETER_1);
	}
}

static void parameter_3_highest_below_lowest(struct kunit *test)
{
	static const u64 ranges[][2] = {
		{ 1, 0 }, { SZ_16M, SZ_16M - 1 }, { U64_MAX, U64_MAX - 1 }, { 1ULL << 63, 0 },
	};
	struct ex ex = ex_of(PAGE_SIZE);
	int i;

	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		ex.low = ranges[i][0];
		ex.high = ranges[i][1];
		expect_status(test, &ex, STATUS_INVALID_PARAMETER_3);
	}
}

static void parameter_4_boundary(struct kunit *test)
{
	static const u64 boundaries[] = {
		1, PAGE_SIZE / 2, PAGE_SIZE, SZ_32K, 3 * SZ_64K, SZ_64K + 1, U64_MAX,
	};
	struct ex ex = ex_of(SZ_64K);
	int i;

	for (i = 0; i < ARRAY_SIZE(boundaries); i++) {
		ex.boundary = boundaries[i];
		expect_status(test, &ex, STATUS_INVALID_PARAMETER_4);
	}
}

static void parameter_5_node(struct kunit *test)
{
	static const NODE_REQUIREMENT nodes[] = { MAX_NUMNODES, 0x7fffffff };
	struct ex ex = ex_of(PAGE_SIZE);
	int i;

	for (i = 0; i < ARRAY_SIZE(nodes); i++) {
		ex.node = nodes[i];
		expect_status(test, &ex, STATUS_INVALID_PARAMETER_5);
	}
	for (i = 0; i < MAX_NUMNODES; i++) {
		if (node_online(i))
			continue;
		ex.node = i;
		expect_status(test, &ex, STATUS_INVALID_PARAMETER_5);
	}
}

static void parameter_9_flags(struct kunit *test)
{
	struct ex ex = ex_of(PAGE_SIZE);
	int bit;

	for (bit = 1; bit < 32; bit++) {
		ex.flags = BIT(bit);
		expect_status(test, &ex, STATUS_INVALID_PARAMETER_9);
		ex.flags |= MM_ALLOCATE_CONTIGUOUS_MEMORY_FAST_ONLY;
		expect_status(test, &ex, STATUS_INVALID_PARAMETER_9);
	}
}

static void parameter_10_base_address(struct kunit *test)
{
	struct ex ex = ex_of(PAGE_SIZE);

	ex.no_base = true;
	expect_status(test, &ex, STATUS_INVALID_PARAMETER_10);
}

static void invalid_page_protection(struct kunit *test)
{
	static const ULONG protects[] = {
		0, PAGE_NOCACHE, PAGE_WRITECOMBINE, PAGE_NOCACHE | PAGE_WRITECOMBINE,
		PAGE_READWRITE | PAGE_NOCACHE | PAGE_WRITECOMBINE,
		PAGE_READONLY | PAGE_NOCACHE | PAGE_WRITECOMBINE,
		PAGE_READWRITE | PAGE_READONLY,
		PAGE_EXECUTE, PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE,
		PAGE_EXECUTE_READWRITE | PAGE_NOCACHE, PAGE_EXECUTE_READWRITE | PAGE_WRITECOMBINE,
		PAGE_EXECUTE_READWRITE | PAGE_READWRITE, PAGE_EXECUTE | PAGE_READWRITE,
		/* PAGE_NOACCESS, PAGE_WRITECOPY, PAGE_GUARD, and undefined bits. */
		0x01, 0x08, 0x100, 0x100 | PAGE_READWRITE, BIT(31) | PAGE_READWRITE, U32_MAX,
	};
	struct ex ex = ex_of(PAGE_SIZE);
	int i;

	for (i = 0; i < ARRAY_SIZE(protects); i++) {
		ex.protect = protects[i];
		expect_status(test, &ex, STATUS_INVALID_PAGE_PROTECTION);
	}
}

static void object_type_mismatch(struct kunit *test)
{
	u64 stranger[8] = { };
	struct ex ex = ex_of(PAGE_SIZE);

	ex.partition = stranger;
	expect_status(test, &ex, STATUS_OBJECT_TYPE_MISMATCH);
	ex.partition = (PVOID)8;
	expect_status(test, &ex, STATUS_OBJECT_TYPE_MISMATCH);
}

static void insufficient_resources(struct kunit *test)
{
	static const struct {
		SIZE_T size;
		u64 low, high, boundary;
	} cases[] = {
		/* No memory there. */
		{ PAGE_SIZE, NOWHERE, U64_MAX },
		{ PAGE_SIZE, 0xfee00000, 0xfee00fff },
		/* Never that much. */
		{ NOWHERE, 0, U64_MAX },
		{ SZ_16M + 1, 0, SZ_16M - 1 },
		/* No place in the range. */
		{ PAGE_SIZE, SZ_16M, SZ_16M + PAGE_SIZE - 2 },
		{ PAGE_SIZE, SZ_16M + 1, SZ_16M + PAGE_SIZE - 1 },
		{ SZ_64K, SZ_16M - SZ_32K, SZ_16M + SZ_32K - 1, SZ_64K },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ex ex = ex_of(cases[i].size);

		ex.low = cases[i].low;
		ex.high = cases[i].high;
		ex.boundary = cases[i].boundary;
		expect_status(test, &ex, STATUS_INSUFFICIENT_RESOURCES);
	}
}

static void insufficient_resources_where_a_block_is(struct kunit *test)
{
	struct ex ex = ex_of(SZ_64K);
	PVOID base;

	ex.low = SZ_16M;
	base = expect_block(test, &ex, CONTIGMEM_CACHED, 0);
	ex.low = test_phys(test, base);
	ex.high = ex.low + SZ_64K - 1;
	expect_status(test, &ex, STATUS_INSUFFICIENT_RESOURCES);
	ex.flags = MM_ALLOCATE_CONTIGUOUS_MEMORY_FAST_ONLY;
	expect_status(test, &ex, STATUS_INSUFFICIENT_RESOURCES);
	release(test, base);
}

/* Of every set of wrong arguments the status of the first one is returned. */
static void the_first_bad_argument_is_told(struct kunit *test)
{
	static const NTSTATUS statuses[] = {
		STATUS_INVALID_PARAMETER_1, STATUS_INVALID_PARAMETER_3, STATUS_INVALID_PARAMETER_4,
		STATUS_INVALID_PARAMETER_5, STATUS_INVALID_PAGE_PROTECTION,
		STATUS_OBJECT_TYPE_MISMATCH, STATUS_INVALID_PARAMETER_9,
	};
	int wrong;

	for (wrong = 1; wrong < 1 << ARRAY_SIZE(statuses); wrong++) {
		struct ex ex = ex_of(PAGE_SIZE);

		if (wrong & BIT(0))
			ex.size = 0;
		if (wrong & BIT(1)) {
			ex.low = SZ_16M;
			ex.high = 0;
		}
		if (wrong & BIT(2))
			ex.boundary = 3 * PAGE_SIZE;
		if (wrong & BIT(3))
			ex.node = MAX_NUMNODES;
		if (wrong & BIT(4))
			ex.protect = PAGE_EXECUTE;
		if (wrong & BIT(5))
			ex.partition = (PVOID)8;
		if (wrong & BIT(6))
			ex.flags = BIT(31);
		expect_status(test, &ex, statuses[ffs(wrong) - 1]);
	}
}

static void number_of_bytes_is_rounded(struct kunit *test)
{
	static const SIZE_T sizes[] = {
		1, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, TEST_ODD_SIZE, SZ_64K + 1,
		SZ_8M + SZ_4M,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct ex ex = ex_of(sizes[i]);

		release(test, expect_block(test, &ex, CONTIGMEM_CACHED, 0));
	}
}

static void protection_sets_cache_type_and_writability(struct kunit *test)
{
	static const struct {
		ULONG protect;
		enum contigmem_cache cache;
		unsigned int flags;
	} cases[] = {
		{ PAGE_READWRITE, CONTIGMEM_CACHED, 0 },
		{ PAGE_READWRITE | PAGE_NOCACHE, CONTIGMEM_UNCACHED, 0 },
		{ PAGE_READWRITE | PAGE_WRITECOMBINE, CONTIGMEM_WRITECOMBINE, 0 },
		{ PAGE_READONLY, CONTIGMEM_CACHED, CONTIGMEM_READONLY },
		{ PAGE_READONLY | PAGE_NOCACHE, CONTIGMEM_UNCACHED, CONTIGMEM_READONLY },
		{ PAGE_READONLY | PAGE_WRITECOMBINE, CONTIGMEM_WRITECOMBINE, CONTIGMEM_READONLY },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ex ex = ex_of(TEST_ODD_SIZE);

		ex.protect = cases[i].protect;
		release(test, expect_block(test, &ex, cases[i].cache, cases[i].flags));
	}
}

static void range_and_boundary_are_kept(struct kunit *test)
{
	struct ex ex = ex_of(TEST_ODD_SIZE);

	ex.high = test_low_end();
	ex.boundary = SZ_64K;
	release(test, expect_block(test, &ex, CONTIGMEM_CACHED, 0));

	ex = ex_of(SZ_64K);
	ex.low = SZ_16M + 1;
	ex.high = SZ_4G - 1;
	ex.boundary = SZ_64K;
	ex.protect = PAGE_READWRITE | PAGE_WRITECOMBINE;
	release(test, expect_block(test, &ex, CONTIGMEM_WRITECOMBINE, 0));
}

/* Minus one as a signed number is no limit. */
static void highest_is_unsigned(struct kunit *test)
{
	PHYSICAL_ADDRESS none = { .QuadPart = -1 };
	SIZE_T size = PAGE_SIZE;
	PVOID base = NULL;

	KUNIT_ASSERT_EQ(test, MmAllocateContiguousMemoryEx(&size, address(0), none, address(0),
							   MM_ANY_NODE_OK, PAGE_READWRITE, NULL,
							   TAG, 0, &base), STATUS_SUCCESS);
	test_keep(test, base);
	release(test, base);
}

static void any_tag_will_do(struct kunit *test)
{
	static const ULONG tags[] = { 0, TAG, U32_MAX, 0x00000041 };
	int i;

	for (i = 0; i < ARRAY_SIZE(tags); i++) {
		struct ex ex = ex_of(PAGE_SIZE);

		ex.tag = tags[i];
		release(test, expect_block(test, &ex, CONTIGMEM_CACHED, 0));
	}
}

static void fast_only_serves_what_is_free(struct kunit *test)
{
	struct ex ex = ex_of(SZ_64K);

	ex.flags = MM_ALLOCATE_CONTIGUOUS_MEMORY_FAST_ONLY;
	release(test, expect_block(test, &ex, CONTIGMEM_CACHED, CONTIGMEM_FAST));
}

static void preferred_node_serves(struct kunit *test)
{
	struct contigmem_info info;
	int nid;

	for_each_node_state(nid, N_MEMORY) {
		struct ex ex = ex_of(SZ_64K);
		PVOID base;

		ex.node = nid;
		base = expect_block(test, &ex, CONTIGMEM_CACHED, 0);
		KUNIT_ASSERT_EQ(test, contigmem_describe(base, &info), 0);
		KUNIT_EXPECT_EQ_MSG(test, info.nid, nid, "%s", ex_text(test, &ex));
		release(test, base);
	}
}

static void preferred_node_falls_back(struct kunit *test)
{
	int nid = test_node_without(test_low_end());
	struct ex ex = ex_of(SZ_64K);

	if (nid == NUMA_NO_NODE)
		kunit_skip(test, "every node has low memory");
	ex.node = nid;
	ex.high = test_low_end();
	release(test, expect_block(test, &ex, CONTIGMEM_CACHED, 0));
}

static PVOID cache_node(SIZE_T size, u64 low, u64 high, u64 boundary, MEMORY_CACHING_TYPE type,
			NODE_REQUIREMENT node)
{
	return MmAllocateContiguousMemorySpecifyCacheNode(size, address(low), address(high),
							  address(boundary), type, node);
}

static void cache_node_gives_each_type(struct kunit *test)
{
	static const struct {
		MEMORY_CACHING_TYPE type;
		enum contigmem_cache cache;
	} cases[] = {
		{ MmNonCached, CONTIGMEM_UNCACHED },
		{ MmCached, CONTIGMEM_CACHED },
		{ MmWriteCombined, CONTIGMEM_WRITECOMBINE },
	};
	struct contigmem_request req = CONTIGMEM_REQUEST(TEST_ODD_SIZE);
	int i;

	req.low = SZ_1M + 1;
	req.high = SZ_4G - 1;
	req.boundary = SZ_64K;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		PVOID base = cache_node(req.size, req.low, req.high, req.boundary, cases[i].type,
					MM_ANY_NODE_OK);

		KUNIT_ASSERT_NOT_NULL_MSG(test, base, "type %d", cases[i].type);
		test_keep(test, base);
		req.cache = cases[i].cache;
		test_check_block(test, base, &req, GFP_KERNEL);
		release(test, base);
	}
}

static void cache_node_is_strict(struct kunit *test)
{
	int nid, without = test_node_without(test_low_end());
	struct contigmem_request req;
	PVOID base;

	for_each_node_state(nid, N_MEMORY) {
		req = CONTIGMEM_REQUEST(SZ_64K);
		req.nid = nid;
		base = cache_node(SZ_64K, 0, U64_MAX, 0, MmCached, nid);
		KUNIT_ASSERT_NOT_NULL_MSG(test, base, "node %d", nid);
		test_keep(test, base);
		test_check_block(test, base, &req, GFP_KERNEL | __GFP_THISNODE);
		release(test, base);
	}
	if (without == NUMA_NO_NODE)
		kunit_skip(test, "every node has low memory");
	base = cache_node(SZ_64K, 0, test_low_end(), 0, MmCached, without);
	KUNIT_EXPECT_NULL(test, base);
	if (base)
		MmFreeContiguousMemory(base);
}

static void cache_node_refuses(struct kunit *test)
{
	static const struct {
		SIZE_T size;
		u64 low, high, boundary;
		int type;
	} cases[] = {
		{ PAGE_SIZE, 0, U64_MAX, 0, MmHardwareCoherentCached },
		{ PAGE_SIZE, 0, U64_MAX, 0, MmNonCachedUnordered },
		{ PAGE_SIZE, 0, U64_MAX, 0, MmUSWCCached },
		{ PAGE_SIZE, 0, U64_MAX, 0, MmMaximumCacheType },
		{ PAGE_SIZE, 0, U64_MAX, 0, MmNotMapped },
		{ PAGE_SIZE, 0, U64_MAX, 0, INT_MAX },
		{ 0, 0, U64_MAX, 0, MmCached },
		{ SIZE_MAX, 0, U64_MAX, 0, MmCached },
		{ PAGE_SIZE, SZ_16M, SZ_16M - 1, 0, MmCached },
		{ PAGE_SIZE, 0, U64_MAX, 3 * PAGE_SIZE, MmCached },
		{ PAGE_SIZE, 0, U64_MAX, PAGE_SIZE / 2, MmCached },
		{ SZ_64K, 0, U64_MAX, SZ_32K, MmCached },
		{ PAGE_SIZE, NOWHERE, U64_MAX, 0, MmCached },
		{ NOWHERE, 0, U64_MAX, 0, MmCached },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		PVOID base = cache_node(cases[i].size, cases[i].low, cases[i].high,
					cases[i].boundary, (MEMORY_CACHING_TYPE)cases[i].type,
					MM_ANY_NODE_OK);

		KUNIT_EXPECT_NULL_MSG(test, base, "case %d", i);
		if (base)
			MmFreeContiguousMemory(base);
	}
}

static void cache_node_refuses_a_node_that_is_not_there(struct kunit *test)
{
	static const NODE_REQUIREMENT nodes[] = { MAX_NUMNODES, 0x7fffffff };
	int i;

	if (num_online_nodes() == 1)
		kunit_skip(test, "one node");
	for (i = 0; i < ARRAY_SIZE(nodes); i++) {
		PVOID base = cache_node(PAGE_SIZE, 0, U64_MAX, 0, MmCached, nodes[i]);

		KUNIT_EXPECT_NULL_MSG(test, base, "node %#x", nodes[i]);
		if (base)
			MmFreeContiguousMemory(base);
	}
}

static PVOID node_memory(SIZE_T size, u64 low, u64 high, u64 boundary, ULONG protect,
			 NODE_REQUIREMENT node)
{
	return MmAllocateContiguousNodeMemory(size, address(low), address(high), address(boundary),
					      protect, node);
}

static void refused(struct kunit *test, PVOID base, const char *what, long which)
{
	KUNIT_EXPECT_NULL_MSG(test, base, "%s %#lx", what, which);
	if (base)
		MmFreeContiguousMemory(base);
}

static void node_memory_gives_each_protection(struct kunit *test)
{
	static const struct {
		ULONG protect;
		enum contigmem_cache cache;
		unsigned int flags;
	} cases[] = {
		{ PAGE_READWRITE, CONTIGMEM_CACHED, 0 },
		{ PAGE_READWRITE | PAGE_NOCACHE, CONTIGMEM_UNCACHED, 0 },
		{ PAGE_READWRITE | PAGE_WRITECOMBINE, CONTIGMEM_WRITECOMBINE, 0 },
		{ PAGE_READONLY, CONTIGMEM_CACHED, CONTIGMEM_READONLY },
		{ PAGE_READONLY | PAGE_WRITECOMBINE, CONTIGMEM_WRITECOMBINE, CONTIGMEM_READONLY },
	};
	struct contigmem_request req = CONTIGMEM_REQUEST(TEST_ODD_SIZE);
	int i;

	req.low = SZ_1M + 1;
	req.high = SZ_4G - 1;
	req.boundary = SZ_64K;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		PVOID base = node_memory(req.size, req.low, req.high, req.boundary,
					 cases[i].protect, MM_ANY_NODE_OK);

		KUNIT_ASSERT_NOT_NULL_MSG(test, base, "protect %#x", cases[i].protect);
		test_keep(test, base);
		req.cache = cases[i].cache;
		req.flags = cases[i].flags;
		test_check_block(test, base, &req, GFP_KERNEL);
		release(test, base);
	}
}

static void node_memory_is_strict(struct kunit *test)
{
	int nid, without = test_node_without(test_low_end());
	struct contigmem_request req;
	PVOID base;

	for_each_node_state(nid, N_MEMORY) {
		req = CONTIGMEM_REQUEST(SZ_64K);
		req.nid = nid;
		base = node_memory(SZ_64K, 0, U64_MAX, 0, PAGE_READWRITE, nid);
		KUNIT_ASSERT_NOT_NULL_MSG(test, base, "node %d", nid);
		test_keep(test, base);
		test_check_block(test, base, &req, GFP_KERNEL | __GFP_THISNODE);
		release(test, base);
	}
	if (without == NUMA_NO_NODE)
		kunit_skip(test, "every node has low memory");
	refused(test, node_memory(SZ_64K, 0, test_low_end(), 0, PAGE_READWRITE, without), "node",
		without);
	/* MM_ANY_NODE_OK makes the node a preference. */
	base = node_memory(SZ_64K, 0, test_low_end(), 0, PAGE_READWRITE, without | MM_ANY_NODE_OK);
	KUNIT_ASSERT_NOT_NULL(test, base);
	test_keep(test, base);
	release(test, base);
}

static void node_memory_refuses(struct kunit *test)
{
	static const ULONG protects[] = {
		0, PAGE_NOCACHE, PAGE_READWRITE | PAGE_NOCACHE | PAGE_WRITECOMBINE, PAGE_EXECUTE,
		PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE, PAGE_EXECUTE_READWRITE | PAGE_NOCACHE,
		PAGE_READWRITE | PAGE_READONLY, 0x01, U32_MAX,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(protects); i++)
		refused(test, node_memory(PAGE_SIZE, 0, U64_MAX, 0, protects[i], MM_ANY_NODE_OK),
			"protect", protects[i]);
	refused(test, node_memory(0, 0, U64_MAX, 0, PAGE_READWRITE, MM_ANY_NODE_OK), "size", 0);
	refused(test, node_memory(PAGE_SIZE, 1, 0, 0, PAGE_READWRITE, MM_ANY_NODE_OK), "low", 1);
	refused(test, node_memory(SZ_64K, 0, U64_MAX, SZ_32K, PAGE_READWRITE, MM_ANY_NODE_OK),
		"boundary", SZ_32K);
	if (num_online_nodes() > 1)
		refused(test, node_memory(PAGE_SIZE, 0, U64_MAX, 0, PAGE_READWRITE, MAX_NUMNODES),
			"node", MAX_NUMNODES);
}

/* On a machine with one node any number is that node. */
static void one_node_is_any_node(struct kunit *test)
{
	static const NODE_REQUIREMENT nodes[] = {
		0, 1, MAX_NUMNODES, 0x7fffffff, MM_ANY_NODE_OK, MM_ANY_NODE_OK | 1,
	};
	struct contigmem_request req = CONTIGMEM_REQUEST(TEST_ODD_SIZE);
	int i, call;

	if (num_online_nodes() > 1)
		kunit_skip(test, "more than one node");
	for (i = 0; i < ARRAY_SIZE(nodes); i++) {
		for (call = 0; call < 2; call++) {
			PVOID base = call ? node_memory(req.size, 0, U64_MAX, 0, PAGE_READWRITE,
							nodes[i]) :
					    cache_node(req.size, 0, U64_MAX, 0, MmCached, nodes[i]);

			KUNIT_ASSERT_NOT_NULL_MSG(test, base, "call %d node %#x", call, nodes[i]);
			test_keep(test, base);
			test_check_block(test, base, &req, GFP_KERNEL);
			release(test, base);
		}
	}
}

static void specify_cache_gives_each_type(struct kunit *test)
{
	static const MEMORY_CACHING_TYPE types[] = { MmNonCached, MmCached, MmWriteCombined };
	static const enum contigmem_cache caches[] = {
		CONTIGMEM_UNCACHED, CONTIGMEM_CACHED, CONTIGMEM_WRITECOMBINE,
	};
	struct contigmem_request req = CONTIGMEM_REQUEST(TEST_ODD_SIZE);
	int i;

	req.low = SZ_1M + 1;
	req.high = SZ_4G - 1;
	req.boundary = SZ_64K;
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		PVOID base = MmAllocateContiguousMemorySpecifyCache(req.size, address(req.low),
								    address(req.high),
								    address(req.boundary),
								    types[i]);

		KUNIT_ASSERT_NOT_NULL_MSG(test, base, "type %d", types[i]);
		test_keep(test, base);
		req.cache = caches[i];
		test_check_block(test, base, &req, GFP_KERNEL);
		release(test, base);
	}
}

static void specify_cache_refuses(struct kunit *test)
{
	static const struct {
		SIZE_T size;
		u64 low, high, boundary;
		int type;
	} cases[] = {
		{ PAGE_SIZE, 0, U64_MAX, 0, MmHardwareCoherentCached },
		{ PAGE_SIZE, 0, U64_MAX, 0, MmNonCachedUnordered },
		{ PAGE_SIZE, 0, U64_MAX, 0, MmUSWCCached },
		{ PAGE_SIZE, 0, U64_MAX, 0, MmMaximumCacheType },
		{ PAGE_SIZE, 0, U64_MAX, 0, MmNotMapped },
		{ 0, 0, U64_MAX, 0, MmCached },
		{ PAGE_SIZE, SZ_16M, SZ_16M - 1, 0, MmCached },
		{ SZ_64K, 0, U64_MAX, SZ_32K, MmCached },
		{ PAGE_SIZE, NOWHERE, U64_MAX, 0, MmCached },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		refused(test, MmAllocateContiguousMemorySpecifyCache(cases[i].size,
								     address(cases[i].low),
								     address(cases[i].high),
								     address(cases[i].boundary),
								     (MEMORY_CACHING_TYPE)
								     cases[i].type), "case", i);
}

static void contiguous_memory_is_cached_and_below_highest(struct kunit *test)
{
	const u64 highs[] = { test_low_end(), SZ_4G - 1, U64_MAX };
	struct contigmem_request req = CONTIGMEM_REQUEST(TEST_ODD_SIZE + 1);
	int i;

	for (i = 0; i < ARRAY_SIZE(highs); i++) {
		PVOID base = MmAllocateContiguousMemory(req.size, address(highs[i]));

		KUNIT_ASSERT_NOT_NULL_MSG(test, base, "high %#llx", highs[i]);
		test_keep(test, base);
		req.high = highs[i];
		test_check_block(test, base, &req, GFP_KERNEL);
		release(test, base);
	}
	refused(test, MmAllocateContiguousMemory(0, address(U64_MAX)), "size", 0);
	refused(test, MmAllocateContiguousMemory(SZ_64K, address(SZ_64K - 2)), "high", SZ_64K - 2);
	refused(test, MmAllocateContiguousMemory(NOWHERE, address(U64_MAX)), "size", NOWHERE);
}

static void every_variant_is_freed(struct kunit *test)
{
	struct ex ex = ex_of(TEST_ODD_SIZE);
	PVOID base[4];
	int i;

	base[0] = cache_node(TEST_ODD_SIZE, 0, U64_MAX, 0, MmWriteCombined, MM_ANY_NODE_OK);
	base[1] = node_memory(TEST_ODD_SIZE, 0, U64_MAX, 0, PAGE_READONLY, MM_ANY_NODE_OK);
	base[2] = MmAllocateContiguousMemorySpecifyCache(TEST_ODD_SIZE, address(0),
							 address(U64_MAX), address(0), MmNonCached);
	base[3] = MmAllocateContiguousMemory(TEST_ODD_SIZE, address(U64_MAX));
	for (i = 0; i < ARRAY_SIZE(base); i++) {
		KUNIT_EXPECT_NOT_NULL_MSG(test, base[i], "call %d", i);
		if (base[i])
			test_keep(test, base[i]);
	}
	release(test, expect_block(test, &ex, CONTIGMEM_CACHED, 0));
	for (i = 0; i < ARRAY_SIZE(base); i++) {
		if (base[i])
			release(test, base[i]);
	}
}

static void free_specify_cache_of_what_was_asked(struct kunit *test)
{
	static const MEMORY_CACHING_TYPE types[] = { MmNonCached, MmCached, MmWriteCombined };
	static const SIZE_T sizes[] = { PAGE_SIZE, PAGE_SIZE + 1, TEST_ODD_SIZE };
	struct contigmem_info info;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		for (j = 0; j < ARRAY_SIZE(sizes); j++) {
			PVOID base = cache_node(sizes[j], 0, U64_MAX, 0, types[i], MM_ANY_NODE_OK);

			KUNIT_ASSERT_NOT_NULL_MSG(test, base, "type %d size %#zx", types[i],
						  sizes[j]);
			KUNIT_ASSERT_EQ(test, contigmem_describe(base, &info), 0);
			MmFreeContiguousMemorySpecifyCache(base, sizes[j], types[i]);
			test_check_gone(test, &info);
		}
	}
}

static void free_specify_cache_of_another_size(struct kunit *test)
{
	static const struct {
		SIZE_T size;
		int type;
	} wrong[] = {
		{ SZ_64K - PAGE_SIZE, MmWriteCombined },
		{ SZ_64K + 1, MmWriteCombined },
		{ 0, MmWriteCombined },
		{ SIZE_MAX, MmWriteCombined },
		{ PAGE_SIZE, MmCached },
		{ PAGE_SIZE, MmNotMapped },
	};
	struct contigmem_request req = CONTIGMEM_REQUEST(SZ_64K);
	PVOID base;
	int i;

	req.cache = CONTIGMEM_WRITECOMBINE;
	base = cache_node(SZ_64K, 0, U64_MAX, 0, MmWriteCombined, MM_ANY_NODE_OK);
	KUNIT_ASSERT_NOT_NULL(test, base);
	test_keep(test, base);
	memset(base, 0x3c, SZ_64K);
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		test_expect_warning("MmFreeContiguousMemorySpecifyCache");
		MmFreeContiguousMemorySpecifyCache(base, wrong[i].size,
						   (MEMORY_CACHING_TYPE)wrong[i].type);
		test_check_block(test, base, &req, GFP_KERNEL);
	}
	KUNIT_EXPECT_NULL(test, memchr_inv(base, 0x3c, SZ_64K));
	release(test, base);
}

/* A block that stayed for ever would help neither the driver nor the machine. */
static void free_specify_cache_of_another_type(struct kunit *test)
{
	static const struct {
		MEMORY_CACHING_TYPE type;
		int freed_as;
	} wrong[] = {
		{ MmWriteCombined, MmNonCached },
		{ MmWriteCombined, MmCached },
		{ MmNonCached, MmCached },
		{ MmCached, MmWriteCombined },
		{ MmCached, MmMaximumCacheType },
		{ MmWriteCombined, MmNotMapped },
		{ MmNonCached, INT_MAX },
	};
	struct contigmem_info info;
	int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		PVOID base = cache_node(SZ_64K, 0, U64_MAX, 0, wrong[i].type, MM_ANY_NODE_OK);

		KUNIT_ASSERT_NOT_NULL_MSG(test, base, "case %d", i);
		test_keep(test, base);
		KUNIT_ASSERT_EQ(test, contigmem_describe(base, &info), 0);
		test_expect_warning("MmFreeContiguousMemorySpecifyCache");
		MmFreeContiguousMemorySpecifyCache(base, SZ_64K,
						   (MEMORY_CACHING_TYPE)wrong[i].freed_as);
		KUNIT_ASSERT_EQ_MSG(test, contigmem_describe(base, &info), -ENOENT, "case %d", i);
		test_forget(base);
		test_check_gone(test, &info);
		test_audit(test);
	}
}

static void free_of_what_is_no_base_address(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(TEST_ODD_SIZE);
	u8 *base = cache_node(TEST_ODD_SIZE, 0, U64_MAX, 0, MmCached, MM_ANY_NODE_OK);

	KUNIT_ASSERT_NOT_NULL(test, base);
	test_keep(test, base);
	test_expect_warning("contigmem_free");
	MmFreeContiguousMemory(base + PAGE_SIZE);
	test_check_block(test, base, &req, GFP_KERNEL);
	test_expect_warning("contigmem_free");
	MmFreeContiguousMemorySpecifyCache(base + PAGE_SIZE, TEST_ODD_SIZE, MmCached);
	test_check_block(test, base, &req, GFP_KERNEL);

	release(test, base);
	test_expect_warning("contigmem_free");
	MmFreeContiguousMemory(base);
}

static void freeing_null_is_silent(struct kunit *test)
{
	MmFreeContiguousMemory(NULL);
	MmFreeContiguousMemorySpecifyCache(NULL, 0, MmNotMapped);
	MmFreeContiguousMemorySpecifyCache(NULL, PAGE_SIZE, MmCached);
}

static void physical_address_of_every_byte(struct kunit *test)
{
	static const ULONG protects[] = { PAGE_READWRITE, PAGE_READONLY };
	int i;

	for (i = 0; i < ARRAY_SIZE(protects); i++) {
		struct ex ex = ex_of(TEST_ODD_SIZE);
		SIZE_T at;
		u64 phys;
		u8 *byte;

		ex.protect = protects[i];
		byte = expect_block(test, &ex, CONTIGMEM_CACHED,
				    protects[i] == PAGE_READONLY ? CONTIGMEM_READONLY : 0);
		phys = test_phys(test, byte);
		for (at = 0; at < TEST_ODD_SIZE; at += 101)
			KUNIT_EXPECT_EQ_MSG(test, (u64)MmGetPhysicalAddress(byte + at).QuadPart,
					    phys + at, "byte %#zx, protect %#x", at, protects[i]);
		release(test, byte);
	}
}

/*
 * Is this the physical address of all @size bytes, by the page tables and by their content in
 * the direct map?
 */
static void expect_phys(struct kunit *test, const char *what, const void *vaddr, SIZE_T size)
{
	struct pagetable_entry entry = { };
	u64 pat = pagetable_pat();
	SIZE_T at;

	for (at = 0; at < size; at += min_t(SIZE_T, 509, size - at)) {
		const u8 *byte = vaddr + at;
		u64 phys = MmGetPhysicalAddress((PVOID)byte).QuadPart;

		KUNIT_ASSERT_TRUE_MSG(test, pagetable_lookup(pat, (unsigned long)byte, &entry),
				      "%s byte %#zx", what, at);
		KUNIT_ASSERT_EQ_MSG(test, phys, PFN_PHYS(entry.pfn) + offset_in_page(byte),
				    "%s byte %#zx", what, at);
		KUNIT_ASSERT_EQ_MSG(test, *byte, *(u8 *)__va(phys), "%s byte %#zx", what, at);
	}
}

static DEFINE_PER_CPU(u64, each_processor);

static void physical_address_of_memory_that_is_no_block(struct kunit *test)
{
	static u8 module_data[3 * PAGE_SIZE];
	u8 stack[64];
	void *memory;
	int cpu;

	memset(module_data, 0x6d, sizeof(module_data));
	memset(stack, 0x73, sizeof(stack));

	memory = kunit_kmalloc(test, TEST_ODD_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, memory);
	memset(memory, 0x6b, TEST_ODD_SIZE);
	expect_phys(test, "kmalloc", memory, TEST_ODD_SIZE);

	memory = vmalloc(SZ_4M);
	KUNIT_ASSERT_NOT_NULL(test, memory);
	memset(memory, 0x76, SZ_4M);
	expect_phys(test, "vmalloc", memory, SZ_64K);
	expect_phys(test, "the end of vmalloc", memory + SZ_4M - SZ_64K, SZ_64K);
	vfree(memory);

	expect_phys(test, "the stack", stack, sizeof(stack));
	expect_phys(test, "the module's data", module_data, sizeof(module_data));
	expect_phys(test, "the module's code", physical_address_of_memory_that_is_no_block, 64);
	expect_phys(test, "the kernel's code", vfree, 64);
	expect_phys(test, "the kernel's data", &init_task, sizeof(init_task));
	for_each_online_cpu(cpu)
		expect_phys(test, "a processor's data", per_cpu_ptr(&each_processor, cpu),
			    sizeof(u64));
}

static void physical_address_of_what_is_not_mapped_is_0(struct kunit *test)
{
	u8 *area = vmalloc(PAGE_SIZE), *direct = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	/* Translated bits of an address in use, under others than the highest one's copies. */
	void *noncanonical = (void *)((unsigned long)direct & ~BIT(62));
	unsigned long user[] = { 0, 8, 0x400000, TASK_SIZE_MAX - PAGE_SIZE };
	int i;

	KUNIT_ASSERT_NOT_NULL(test, area);
	KUNIT_ASSERT_NOT_NULL(test, direct);
	KUNIT_EXPECT_NE(test, MmGetPhysicalAddress(area).QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, MmGetPhysicalAddress(area + PAGE_SIZE).QuadPart, 0LL);
	vfree(area);
	KUNIT_EXPECT_EQ(test, MmGetPhysicalAddress(area).QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, MmGetPhysicalAddress(noncanonical).QuadPart, 0LL);
	for (i = 0; i < ARRAY_SIZE(user); i++)
		KUNIT_EXPECT_EQ_MSG(test, MmGetPhysicalAddress((PVOID)user[i]).QuadPart, 0LL,
				    "%#lx", user[i]);
}

/* Pages of a program move, and this call takes no reference on them. */
static void physical_address_of_a_program_is_0(struct kunit *test)
{
	unsigned long address;
	u64 phys = U64_MAX;
	int left = -1;

	test_enter_process(test);
	address = vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  0);
	if (!IS_ERR_VALUE(address)) {
		left = clear_user((void __user *)address, PAGE_SIZE);
		phys = MmGetPhysicalAddress((PVOID)address).QuadPart;
		vm_munmap(address, PAGE_SIZE);
	}
	test_leave_process();
	KUNIT_EXPECT_EQ_MSG(test, left, 0, "%#lx", address);
	KUNIT_EXPECT_EQ(test, phys, 0ULL);
}

/* A caller under a lock is served if nothing has to sleep, else gets a status. */
static void callable_under_a_lock(struct kunit *test)
{
	struct ex cached = ex_of(PAGE_SIZE), combined = ex_of(PAGE_SIZE);
	PVOID base = NULL, refused = (PVOID)0x5a5a5a5a;
	SIZE_T size = PAGE_SIZE, kept = PAGE_SIZE;
	NTSTATUS status, typed_status;
	unsigned long flags;
	u64 phys = 0;

	combined.protect = PAGE_READWRITE | PAGE_WRITECOMBINE;
	spin_lock_irqsave(&lock, flags);
	status = ex_call(&cached, &size, &base);
	typed_status = ex_call(&combined, &kept, &refused);
	if (base)
		phys = MmGetPhysicalAddress(base).QuadPart;
	MmFreeContiguousMemory(base);
	spin_unlock_irqrestore(&lock, flags);

	KUNIT_EXPECT_EQ_MSG(test, status, STATUS_SUCCESS, "%#x", status);
	KUNIT_EXPECT_NE(test, phys, 0ULL);
	KUNIT_EXPECT_EQ_MSG(test, typed_status, STATUS_INSUFFICIENT_RESOURCES, "%#x",
			    typed_status);
	KUNIT_EXPECT_NULL(test, refused);
	KUNIT_EXPECT_EQ(test, contigmem_phys(base), 0);
	if (NT_SUCCESS(typed_status))
		MmFreeContiguousMemory(refused);
}

static void old_calls_under_a_lock(struct kunit *test)
{
	PVOID base[4];
	u64 phys[ARRAY_SIZE(base)];
	unsigned long flags;
	int i;

	spin_lock_irqsave(&lock, flags);
	base[0] = cache_node(PAGE_SIZE, 0, U64_MAX, 0, MmCached, MM_ANY_NODE_OK);
	base[1] = node_memory(PAGE_SIZE, 0, U64_MAX, 0, PAGE_READWRITE, MM_ANY_NODE_OK);
	base[2] = MmAllocateContiguousMemorySpecifyCache(PAGE_SIZE, address(0), address(U64_MAX),
							 address(0), MmCached);
	base[3] = MmAllocateContiguousMemory(PAGE_SIZE, address(U64_MAX));
	for (i = 0; i < ARRAY_SIZE(base); i++)
		phys[i] = MmGetPhysicalAddress(base[i]).QuadPart;
	for (i = 0; i < ARRAY_SIZE(base); i++)
		MmFreeContiguousMemorySpecifyCache(base[i], PAGE_SIZE, MmCached);
	spin_unlock_irqrestore(&lock, flags);

	for (i = 0; i < ARRAY_SIZE(base); i++) {
		KUNIT_EXPECT_NOT_NULL_MSG(test, base[i], "call %d", i);
		KUNIT_EXPECT_NE_MSG(test, phys[i], 0ULL, "call %d", i);
		KUNIT_EXPECT_EQ(test, contigmem_phys(base[i]), 0);
	}
}

static struct kunit_case wdm_cases[] = {
	KUNIT_CASE(parameter_1_number_of_bytes),
	KUNIT_CASE(parameter_3_highest_below_lowest),
	KUNIT_CASE(parameter_4_boundary),
	KUNIT_CASE(parameter_5_node),
	KUNIT_CASE(parameter_9_flags),
	KUNIT_CASE(parameter_10_base_address),
	KUNIT_CASE(invalid_page_protection),
	KUNIT_CASE(object_type_mismatch),
	KUNIT_CASE(insufficient_resources),
	KUNIT_CASE(insufficient_resources_where_a_block_is),
	KUNIT_CASE(the_first_bad_argument_is_told),
	KUNIT_CASE(number_of_bytes_is_rounded),
	KUNIT_CASE(protection_sets_cache_type_and_writability),
	KUNIT_CASE(range_and_boundary_are_kept),
	KUNIT_CASE(highest_is_unsigned),
	KUNIT_CASE(any_tag_will_do),
	KUNIT_CASE(fast_only_serves_what_is_free),
	KUNIT_CASE(preferred_node_serves),
	KUNIT_CASE(preferred_node_falls_back),
	KUNIT_CASE(cache_node_gives_each_type),
	KUNIT_CASE(cache_node_is_strict),
	KUNIT_CASE(cache_node_refuses),
	KUNIT_CASE(cache_node_refuses_a_node_that_is_not_there),
	KUNIT_CASE(node_memory_gives_each_protection),
	KUNIT_CASE(node_memory_is_strict),
	KUNIT_CASE(node_memory_refuses),
	KUNIT_CASE(one_node_is_any_node),
	KUNIT_CASE(specify_cache_gives_each_type),
	KUNIT_CASE(specify_cache_refuses),
	KUNIT_CASE(contiguous_memory_is_cached_and_below_highest),
	KUNIT_CASE(every_variant_is_freed),
	KUNIT_CASE(free_specify_cache_of_what_was_asked),
	KUNIT_CASE(free_specify_cache_of_another_size),
	KUNIT_CASE(free_specify_cache_of_another_type),
	KUNIT_CASE(free_of_what_is_no_base_address),
	KUNIT_CASE(freeing_null_is_silent),
	KUNIT_CASE(physical_address_of_every_byte),
	KUNIT_CASE(physical_address_of_memory_that_is_no_block),
	KUNIT_CASE(physical_address_of_what_is_not_mapped_is_0),
	KUNIT_CASE(physical_address_of_a_program_is_0),
	KUNIT_CASE(callable_under_a_lock),
	KUNIT_CASE(old_calls_under_a_lock),
	{}
};

struct kunit_suite wdm_suite = {
	.name = "contigmem_wdm",
	.suite_init = test_suite_init,
	.suite_exit = test_suite_exit,
	.init = test_init,
	.exit = test_exit,
	.test_cases = wdm_cases,
};
