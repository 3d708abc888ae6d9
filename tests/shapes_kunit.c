// SPDX-License-Identifier: GPL-2.0
/*
 * The files in the shape of drivers, run; and their device.
 */
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sizes.h>

#include "pagetable.h"
#include "suites.h"
#include "contigmem_wdk.h"
#include "shapes/shapes.h"

static unsigned int device_calls, device_faults;

/* What a driver tells its device: each page lies there, in the range and aligned. */
VOID DeviceProgram(PHYSICAL_ADDRESS Address, PVOID Buffer, SIZE_T Bytes, ULONG64 Highest,
		   ULONG64 Alignment)
{
	u64 phys = Address.QuadPart, pat = pagetable_pat();
	struct pagetable_entry entry = { };
	SIZE_T byte;

	device_calls++;
	if (!phys || phys + Bytes - 1 > Highest || (Alignment && phys % Alignment))
		device_faults++;
	for (byte = 0; byte < Bytes; byte += PAGE_SIZE) {
		if (!pagetable_lookup(pat, (unsigned long)Buffer + byte, &entry) ||
		    PFN_PHYS(entry.pfn) + offset_in_page(Buffer) != phys + byte)
			device_faults++;
	}
}

static unsigned long live_blocks(void)
{
	struct contigmem_info info = { };
	unsigned long nr = 0;
	const void *from = NULL;

	for (; !contigmem_next(from, &info); from = info.vaddr + info.size)
		nr += !info.freed;
	return nr;
}

static unsigned long blocks_before;

static void begin(void)
{
	blocks_before = live_blocks();
	device_calls = 0;
	device_faults = 0;
}

/* The driver succeeded, told its device nothing wrong, and left nothing. */
static void end(struct kunit *test, NTSTATUS status)
{
	KUNIT_EXPECT_EQ_MSG(test, status, STATUS_SUCCESS, "%#x", status);
	KUNIT_EXPECT_GT(test, device_calls, 0U);
	KUNIT_EXPECT_EQ_MSG(test, device_faults, 0U, "of %u calls", device_calls);
	KUNIT_EXPECT_EQ(test, live_blocks(), blocks_before);
	test_audit(test);
}

#define SHAPE(name, call)				\
static void name(struct kunit *test)			\
{							\
	begin();					\
	end(test, call);				\
}

SHAPE(boundary_as_alignment, BoundaryAsAlignment())
SHAPE(highest_of_every_kind, HighestOfEveryKind())
SHAPE(local_node_then_any, LocalNodeThenAny())
SHAPE(shrink_until_served, ShrinkUntilServed())
SHAPE(pages_per_processor, PagesPerProcessor())
SHAPE(free_by_physical_address, FreeByPhysicalAddress())
SHAPE(free_at_apc_level, FreeAtApcLevel())
SHAPE(free_with_the_size_asked_for, FreeWithTheSizeAskedFor())
SHAPE(scatter_list_of_pool, ScatterListOfPool())
SHAPE(regions_of_a_hypervisor, RegionsOfAHypervisor())
SHAPE(chunks_for_an_adapter, ChunksForAnAdapter())
SHAPE(trace_buffers, TraceBuffers())

static void size_from_a_program(struct kunit *test)
{
	const struct {
		SIZE_T bytes;
		ULONG64 limit;
		NTSTATUS status;
	} cases[] = {
		{ 1, MAXULONG, STATUS_SUCCESS },
		{ 0x2345, test_low_end(), STATUS_SUCCESS },
		{ SZ_1M + 1, MAXULONG64, STATUS_SUCCESS },
		{ 0, MAXULONG, STATUS_INVALID_PARAMETER_1 },
		{ MAXSIZE_T, MAXULONG64, STATUS_INVALID_PARAMETER_1 },
		{ SZ_64K, 0, STATUS_INSUFFICIENT_RESOURCES },
		{ 1ULL << 50, MAXULONG64, STATUS_INSUFFICIENT_RESOURCES },
	};
	unsigned int i;

	begin();
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		NTSTATUS status = SizeFromAProgram(cases[i].bytes, cases[i].limit);

		KUNIT_EXPECT_EQ_MSG(test, status, cases[i].status, "case %u: %#x", i, status);
	}
	end(test, STATUS_SUCCESS);
}

static void map_to_the_program(struct kunit *test)
{
	NTSTATUS status;

	begin();
	test_enter_process(test);
	status = MapToTheProgram();
	test_leave_process();
	end(test, status);
}

static void free_what_is_there(struct kunit *test)
{
	unsigned int missing;

	begin();
	for (missing = 1; missing <= 3; missing++)
		KUNIT_EXPECT_EQ(test, FreeWhatIsThere(missing), STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_EQ(test, device_calls, 0U);
	end(test, FreeWhatIsThere(0));
}

static struct kunit_case shapes_cases[] = {
	KUNIT_CASE(boundary_as_alignment),
	KUNIT_CASE(highest_of_every_kind),
	KUNIT_CASE(local_node_then_any),
	KUNIT_CASE(shrink_until_served),
	KUNIT_CASE(pages_per_processor),
	KUNIT_CASE(free_by_physical_address),
	KUNIT_CASE(size_from_a_program),
	KUNIT_CASE(map_to_the_program),
	KUNIT_CASE(free_at_apc_level),
	KUNIT_CASE(free_what_is_there),
	KUNIT_CASE(free_with_the_size_asked_for),
	KUNIT_CASE(scatter_list_of_pool),
	KUNIT_CASE(regions_of_a_hypervisor),
	KUNIT_CASE(chunks_for_an_adapter),
	KUNIT_CASE(trace_buffers),
	{}
};

struct kunit_suite shapes_suite = {
	.name = "contigmem_shapes",
	.suite_init = test_suite_init,
	.suite_exit = test_suite_exit,
	.init = test_init,
	.exit = test_exit,
	.test_cases = shapes_cases,
};
