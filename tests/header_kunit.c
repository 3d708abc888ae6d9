// SPDX-License-Identifier: GPL-2.0
/*
 * Macros, types and small functions of the Windows headers: each means what Microsoft
 * documents.
 */
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "suites.h"

#define CONTIGMEM_WINDOWS_PAGE_ALIGN
#include "contigmem_wdm.h"

static_assert(sizeof(CHAR) == 1 && sizeof(UCHAR) == 1 && sizeof(BOOLEAN) == 1);
static_assert(sizeof(SHORT) == 2 && sizeof(USHORT) == 2 && sizeof(WCHAR) == 2);
static_assert(sizeof(LONG) == 4 && sizeof(ULONG) == 4 && sizeof(NTSTATUS) == 4);
static_assert(sizeof(LONGLONG) == 8 && sizeof(ULONG64) == 8 && sizeof(__int64) == 8);
static_assert(sizeof(ULONG_PTR) == sizeof(PVOID) && sizeof(LONG_PTR) == sizeof(PVOID));
static_assert(sizeof(PFN_NUMBER) == sizeof(PVOID) && sizeof(SIZE_T) == sizeof(PVOID));
static_assert(sizeof(PHYSICAL_ADDRESS) == 8 && sizeof(ULARGE_INTEGER) == 8);
static_assert((UCHAR)~0 > 0 && (ULONG)~0 > 0 && (BOOLEAN)~0 > 0 && (LONG)~0 < 0);

static const SIZE_T sizes[] = {
	0, 1, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, 2 * PAGE_SIZE - 1, 20000, SZ_2M, SZ_4G + 1,
};

static void page_align_rounds_down_where_it_is_asked_for(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		PUCHAR address = (PUCHAR)(SZ_16M + sizes[i]);
		PUCHAR aligned = PAGE_ALIGN(address);

		KUNIT_EXPECT_EQ(test, (ULONG_PTR)aligned % PAGE_SIZE, 0UL);
		KUNIT_EXPECT_LE(test, (ULONG_PTR)aligned, (ULONG_PTR)address);
		KUNIT_EXPECT_LT(test, (ULONG_PTR)(address - aligned), PAGE_SIZE);
		KUNIT_EXPECT_PTR_EQ(test, PAGE_ALIGN((ULONG_PTR)address), (PVOID)aligned);
	}
}

/* Counted page by page. */
static SIZE_T pages_touched(ULONG_PTR address, SIZE_T bytes)
{
	SIZE_T page, pages = 0;

	for (page = address / PAGE_SIZE; page * PAGE_SIZE < address + bytes; page++)
		pages++;
	return bytes ? pages : address % PAGE_SIZE != 0;
}

static void pages_are_counted(struct kunit *test)
{
	static const ULONG_PTR offsets[] = { 0, 1, 20, PAGE_SIZE - 1 };
	int i, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		SIZE_T bytes = sizes[i], pages = pages_touched(0, bytes);

		KUNIT_EXPECT_EQ_MSG(test, (SIZE_T)BYTES_TO_PAGES(bytes), pages, "%#zx", bytes);
		KUNIT_EXPECT_EQ_MSG(test, (SIZE_T)ROUND_TO_PAGES(bytes), pages * PAGE_SIZE, "%#zx",
				    bytes);
		for (j = 0; j < ARRAY_SIZE(offsets); j++) {
			PVOID address = (PVOID)(SZ_16M + offsets[j]);

			KUNIT_EXPECT_EQ(test, (ULONG_PTR)BYTE_OFFSET(address), offsets[j]);
			KUNIT_EXPECT_EQ_MSG(test,
					    (SIZE_T)ADDRESS_AND_SIZE_TO_SPAN_PAGES(address, bytes),
					    pages_touched(offsets[j], bytes), "%#lx %#zx",
					    offsets[j], bytes);
		}
	}
}

static void addresses_are_aligned(struct kunit *test)
{
	PVOID address = (PVOID)0x12345678;

	KUNIT_EXPECT_EQ(test, ALIGN_DOWN_BY(0x1234, 0x100), 0x1200UL);
	KUNIT_EXPECT_EQ(test, ALIGN_UP_BY(0x1234, 0x100), 0x1300UL);
	KUNIT_EXPECT_EQ(test, ALIGN_UP_BY(0x1200, 0x100), 0x1200UL);
	KUNIT_EXPECT_PTR_EQ(test, ALIGN_DOWN_POINTER_BY(address, SZ_64K), (PVOID)0x12340000);
	KUNIT_EXPECT_PTR_EQ(test, ALIGN_UP_POINTER_BY(address, SZ_64K), (PVOID)0x12350000);
}

static void memory_is_filled_copied_and_compared(struct kunit *test)
{
	UCHAR bytes[16], other[16];

	RtlFillMemory(bytes, sizeof(bytes), 0x5a);
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes, 0x5a, sizeof(bytes)));
	RtlCopyMemory(other, bytes, sizeof(bytes));
	KUNIT_EXPECT_TRUE(test, RtlEqualMemory(other, bytes, sizeof(bytes)));
	KUNIT_EXPECT_EQ(test, RtlCompareMemory(other, bytes, sizeof(bytes)), sizeof(bytes));
	other[11] = 0;
	KUNIT_EXPECT_FALSE(test, RtlEqualMemory(other, bytes, sizeof(bytes)));
	KUNIT_EXPECT_EQ(test, RtlCompareMemory(other, bytes, sizeof(bytes)), (SIZE_T)11);
	KUNIT_EXPECT_EQ(test, RtlCompareMemory(other, bytes, 5), (SIZE_T)5);
	RtlMoveMemory(other + 1, other, 14);
	KUNIT_EXPECT_EQ(test, (int)other[12], 0);
	RtlZeroMemory(bytes, 8);
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes, 0, 8));
	KUNIT_EXPECT_EQ(test, (int)bytes[8], 0x5a);
	RtlSecureZeroMemory(bytes, sizeof(bytes));
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes, 0, sizeof(bytes)));
}

static void statuses_have_severities(struct kunit *test)
{
	static const struct {
		NTSTATUS status;
		bool success, information, warning, error;
	} cases[] = {
		{ STATUS_SUCCESS, true }, { STATUS_PENDING, true },
		{ (NTSTATUS)0x40000000, true, true },
		{ STATUS_BUFFER_OVERFLOW, false, false, true },
		{ STATUS_INSUFFICIENT_RESOURCES, false, false, false, true },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		NTSTATUS status = cases[i].status;

		KUNIT_EXPECT_EQ_MSG(test, NT_SUCCESS(status), cases[i].success, "%#x", status);
		KUNIT_EXPECT_EQ_MSG(test, NT_INFORMATION(status), cases[i].information, "%#x",
				    status);
		KUNIT_EXPECT_EQ_MSG(test, NT_WARNING(status), cases[i].warning, "%#x", status);
		KUNIT_EXPECT_EQ_MSG(test, NT_ERROR(status), cases[i].error, "%#x", status);
	}
}

/* The parts of a number lie as on Windows, and -1 is all bits. */
static void large_integers_have_parts(struct kunit *test)
{
	PHYSICAL_ADDRESS address;
	ULARGE_INTEGER number;

	address.QuadPart = 0x123456789LL;
	KUNIT_EXPECT_EQ(test, address.LowPart, 0x23456789U);
	KUNIT_EXPECT_EQ(test, address.HighPart, 1);
	KUNIT_EXPECT_EQ(test, address.u.LowPart, 0x23456789U);
	address.LowPart = MAXULONG;
	address.HighPart = -1;
	KUNIT_EXPECT_EQ(test, address.QuadPart, -1LL);
	number.LowPart = MAXULONG;
	number.HighPart = MAXULONG;
	KUNIT_EXPECT_EQ(test, number.QuadPart, MAXULONG64);
	KUNIT_EXPECT_EQ(test, number.QuadPart, (ULONGLONG)address.QuadPart);
}

typedef struct _RECORD {
	ULONG Before;
	UCHAR Field[24];
	ULONG After;
} RECORD, *PRECORD;

_IRQL_requires_max_(APC_LEVEL)
_Must_inspect_result_
_Success_(return != NULL)
static FORCEINLINE _Ret_maybenull_ PRECORD
RecordOf(IN _In_opt_ PVOID Address OPTIONAL, OUT _Out_writes_bytes_(Bytes) PVOID To,
	 _In_range_(0, 24) CONST SIZE_T Bytes, _Reserved_ ULONG Unused)
{
	UNREFERENCED_PARAMETER(Unused);
	if (!Address)
		return NULL;
	RtlCopyMemory(To, Address, Bytes);
	return CONTAINING_RECORD(Address, RECORD, Field);
}

/* In a driver's header this has no "static". */
FORCEINLINE VOID NTAPI RecordClear(_Inout_ PRECORD Record)
{
	RtlZeroMemory(Record, sizeof(*Record));
}

static void annotated_text_compiles(struct kunit *test)
{
	RECORD record = { .Field = "twenty-three characters" }, other;
	UCHAR to[24];

	RecordClear(&other);
	KUNIT_EXPECT_NULL(test, RecordOf(NULL, to, sizeof(to), 0));
	KUNIT_EXPECT_PTR_EQ(test, RecordOf(record.Field, to, ARRAYSIZE(to), 0), &record);
	KUNIT_EXPECT_STREQ(test, (char *)to, "twenty-three characters");
	KUNIT_EXPECT_EQ(test, FIELD_OFFSET(RECORD, After), 28);
	KUNIT_EXPECT_EQ(test, RTL_FIELD_SIZE(RECORD, Field), sizeof(to));
	KUNIT_EXPECT_EQ(test, other.Before, (ULONG)FALSE);
}

static void nodes_are_numbered(struct kunit *test)
{
	USHORT node = KeGetCurrentNodeNumber(), highest = KeQueryHighestNodeNumber();

	KUNIT_EXPECT_TRUE(test, node_online(node));
	KUNIT_EXPECT_TRUE(test, node_online(highest));
	KUNIT_EXPECT_LE(test, node, highest);
	KUNIT_EXPECT_EQ(test, next_online_node(highest), MAX_NUMNODES);
}

static PHYSICAL_ADDRESS at(u64 phys)
{
	return (PHYSICAL_ADDRESS){ .QuadPart = phys };
}

static void virtual_address_of_every_block(struct kunit *test)
{
	unsigned int flags, cache;

	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++) {
		for (flags = 0; flags <= CONTIGMEM_READONLY; flags += CONTIGMEM_READONLY) {
			struct contigmem_request req = CONTIGMEM_REQUEST(TEST_ODD_SIZE);
			PUCHAR base;
			SIZE_T byte;
			u64 phys;

			req.cache = cache;
			req.flags = flags;
			base = test_alloc(test, &req, GFP_KERNEL);
			phys = test_phys(test, base);
			for (byte = 0; byte < TEST_ODD_SIZE; byte += 1023)
				KUNIT_EXPECT_PTR_EQ(test,
						    MmGetVirtualForPhysical(at(phys + byte)),
						    (PVOID)(base + byte));
			test_free(test, base);
			KUNIT_EXPECT_NULL(test, MmGetVirtualForPhysical(at(phys)));
		}
	}
}

/* Two blocks side by side, one of them read-only: neither has the other's bytes. */
static void virtual_address_ends_with_the_block(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(TEST_ODD_SIZE);
	PUCHAR base;
	u64 phys;

	req.flags = CONTIGMEM_READONLY;
	base = test_alloc(test, &req, GFP_KERNEL);
	phys = test_phys(test, base);
	KUNIT_EXPECT_PTR_NE(test, MmGetVirtualForPhysical(at(phys - 1)), (PVOID)(base - 1));
	KUNIT_EXPECT_PTR_NE(test, MmGetVirtualForPhysical(at(phys + TEST_ODD_SIZE)),
			    (PVOID)(base + TEST_ODD_SIZE));
	test_free(test, base);
}

static void virtual_address_of_other_memory_is_null(struct kunit *test)
{
	void *pool = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	static const u64 wild[] = { 0, 0xfee00000, BIT_ULL(46), BIT_ULL(51), U64_MAX };
	int i;

	KUNIT_ASSERT_NOT_NULL(test, pool);
	KUNIT_EXPECT_NULL(test, MmGetVirtualForPhysical(MmGetPhysicalAddress(pool)));
	KUNIT_EXPECT_NULL(test, MmGetVirtualForPhysical(MmGetPhysicalAddress(&pool)));
	for (i = 0; i < ARRAY_SIZE(wild); i++)
		KUNIT_EXPECT_NULL_MSG(test, MmGetVirtualForPhysical(at(wild[i])), "%#llx",
				      wild[i]);
}

static struct kunit_case header_cases[] = {
	KUNIT_CASE(page_align_rounds_down_where_it_is_asked_for),
	KUNIT_CASE(pages_are_counted),
	KUNIT_CASE(addresses_are_aligned),
	KUNIT_CASE(memory_is_filled_copied_and_compared),
	KUNIT_CASE(statuses_have_severities),
	KUNIT_CASE(large_integers_have_parts),
	KUNIT_CASE(annotated_text_compiles),
	KUNIT_CASE(nodes_are_numbered),
	KUNIT_CASE(virtual_address_of_every_block),
	KUNIT_CASE(virtual_address_ends_with_the_block),
	KUNIT_CASE(virtual_address_of_other_memory_is_null),
	{}
};

struct kunit_suite header_suite = {
	.name = "contigmem_header",
	.init = test_init,
	.exit = test_exit,
	.test_cases = header_cases,
};
