// SPDX-License-Identifier: GPL-2.0
/*
 * Memory descriptor lists: over blocks and other memory, mapped for programs and the kernel,
 * and with pages of their own.
 */
#include <linux/err.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/nodemask.h>
#include <linux/pfn.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "pagetable.h"
#include "suites.h"
#include "contigmem_wdm.h"

#define NO_LIMIT	U64_MAX

static DEFINE_SPINLOCK(lock);

static PHYSICAL_ADDRESS at(u64 phys)
{
	return (PHYSICAL_ADDRESS){ .QuadPart = phys };
}

static SIZE_T mdl_span(PMDL mdl)
{
	return ADDRESS_AND_SIZE_TO_SPAN_PAGES(MmGetMdlVirtualAddress(mdl), MmGetMdlByteCount(mdl));
}

static PMDL built(struct kunit *test, PVOID buffer, ULONG bytes)
{
	PMDL mdl = IoAllocateMdl(buffer, bytes, FALSE, FALSE, NULL);

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	MmBuildMdlForNonPagedPool(mdl);
	return mdl;
}

static const MEMORY_CACHING_TYPE types[] = {
	[CONTIGMEM_CACHED] = MmCached,
	[CONTIGMEM_UNCACHED] = MmNonCached,
	[CONTIGMEM_WRITECOMBINE] = MmWriteCombined,
};

static void mdl_describes_a_block(struct kunit *test)
{
	static const ULONG offsets[] = { 0, 20, PAGE_SIZE - 1 };
	unsigned int cache, flags, i;

	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++) {
		for (flags = 0; flags <= CONTIGMEM_READONLY; flags += CONTIGMEM_READONLY) {
			struct contigmem_request req = CONTIGMEM_REQUEST(5 * PAGE_SIZE);
			PUCHAR base;
			u64 phys;

			req.cache = cache;
			req.flags = flags;
			base = test_alloc(test, &req, GFP_KERNEL);
			phys = test_phys(test, base);
			for (i = 0; i < ARRAY_SIZE(offsets); i++) {
				PVOID buffer = base + PAGE_SIZE + offsets[i];
				PMDL mdl = built(test, buffer, 9000);
				SIZE_T page;

				KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(mdl), 9000U);
				KUNIT_EXPECT_EQ(test, MmGetMdlByteOffset(mdl), offsets[i]);
				KUNIT_EXPECT_PTR_EQ(test, MmGetMdlVirtualAddress(mdl), buffer);
				KUNIT_EXPECT_PTR_EQ(test, MmGetMdlBaseVa(mdl),
						    (PVOID)(base + PAGE_SIZE));
				KUNIT_EXPECT_PTR_EQ(test,
						    MmGetSystemAddressForMdlSafe(mdl, 0), buffer);
				for (page = 0; page < mdl_span(mdl); page++)
					KUNIT_EXPECT_EQ(test, MmGetMdlPfnArray(mdl)[page],
							PHYS_PFN(phys) + 1 + page);
				IoFreeMdl(mdl);
			}
			test_free(test, base);
		}
	}
}

static void mdl_describes_other_memory(struct kunit *test)
{
	PUCHAR pool = kunit_kmalloc(test, 3 * PAGE_SIZE, GFP_KERNEL), area = vmalloc(SZ_256K);
	SIZE_T page;
	PMDL mdl;

	KUNIT_ASSERT_NOT_NULL(test, pool);
	KUNIT_ASSERT_NOT_NULL(test, area);
	mdl = built(test, pool, 3 * PAGE_SIZE);
	for (page = 0; page < mdl_span(mdl); page++)
		KUNIT_EXPECT_EQ(test, MmGetMdlPfnArray(mdl)[page],
				PHYS_PFN(virt_to_phys(pool + page * PAGE_SIZE)));
	IoFreeMdl(mdl);
	mdl = built(test, area + 100, SZ_256K - 100);
	KUNIT_EXPECT_EQ(test, mdl_span(mdl), (SIZE_T)SZ_256K / PAGE_SIZE);
	for (page = 0; page < mdl_span(mdl); page++)
		KUNIT_EXPECT_EQ(test, MmGetMdlPfnArray(mdl)[page],
				vmalloc_to_pfn(area + page * PAGE_SIZE));
	IoFreeMdl(mdl);
	IoFreeMdl(NULL);
	vfree(area);
}

static void mdl_is_refused(struct kunit *test)
{
	PUCHAR area = vmalloc(PAGE_SIZE);
	PMDL mdl;

	KUNIT_ASSERT_NOT_NULL(test, area);
	KUNIT_EXPECT_NULL(test, IoAllocateMdl(area, PAGE_SIZE, FALSE, FALSE, (PIRP)area));
	KUNIT_EXPECT_NULL(test, IoAllocateMdl(area, 0, FALSE, FALSE, NULL));
	KUNIT_EXPECT_NULL(test, IoAllocateMdl(area, U32_MAX, FALSE, FALSE, NULL));
	/* A page behind the area is not mapped. */
	mdl = IoAllocateMdl(area, 2 * PAGE_SIZE, FALSE, FALSE, NULL);
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	test_expect_warning("MmBuildMdlForNonPagedPool");
	MmBuildMdlForNonPagedPool(mdl);
	KUNIT_EXPECT_NULL(test, MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
	IoFreeMdl(mdl);
	vfree(area);
}

/* Has each page of the current program's mapping this frame and this type? */
static bool program_has(unsigned long address, PMDL mdl, enum contigmem_cache cache, bool writable)
{
	u64 pat = pagetable_pat();
	SIZE_T page;

	for (page = 0; page < mdl_span(mdl); page++) {
		struct pagetable_entry entry = { };

		if (!pagetable_lookup_user(pat, address + page * PAGE_SIZE, &entry) ||
		    entry.pfn != MmGetMdlPfnArray(mdl)[page] || entry.executable ||
		    entry.writable != writable || !pagetable_type_is(entry.type, cache))
			return false;
	}
	return true;
}

static bool program_has_nothing(unsigned long address)
{
	struct pagetable_entry entry = { };

	return !pagetable_lookup_user(pagetable_pat(), address, &entry);
}

/**
 * struct visit - what a test saw in the program's address space, where it must not assert
 * @address: of the mapping, with its offset
 * @good: frames, type and protection are right
 * @same: the program reads what the kernel wrote
 * @wrote: the program can write
 * @gone: nothing is mapped there any more
 */
struct visit {
	PVOID address;
	bool good;
	bool same;
	bool wrote;
	bool gone;
};

static struct visit visit_program(struct kunit *test, PMDL mdl, enum contigmem_cache cache,
				  ULONG priority)
{
	bool writable = !(priority & MdlMappingNoWrite);
	struct visit visit = { };
	UCHAR bytes[16];

	test_enter_process(test);
	visit.address = MmMapLockedPagesSpecifyCache(mdl, UserMode, types[cache], NULL, FALSE,
						     priority);
	if (visit.address) {
		unsigned long start = (unsigned long)visit.address & PAGE_MASK;
		void __user *user = (void __user *)visit.address;

		visit.same = !copy_from_user(bytes, user, sizeof(bytes)) &&
			     !memchr_inv(bytes, 0x3c, sizeof(bytes));
		visit.wrote = !clear_user(user, 8);
		visit.good = program_has(start, mdl, cache, writable);
		MmUnmapLockedPages(visit.address, mdl);
		visit.gone = program_has_nothing(start);
	}
	test_leave_process();
	return visit;
}

static void mdl_is_mapped_to_the_program(struct kunit *test)
{
	unsigned int cache;

	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++) {
		struct contigmem_request req = CONTIGMEM_REQUEST(SZ_64K);
		struct visit visit;
		PUCHAR base;
		PMDL mdl;

		req.cache = cache;
		base = test_alloc(test, &req, GFP_KERNEL);
		memset(base, 0x3c, SZ_64K);
		mdl = built(test, base + 20, SZ_64K - 20);
		visit = visit_program(test, mdl, cache, NormalPagePriority);
		KUNIT_EXPECT_NOT_NULL(test, visit.address);
		KUNIT_EXPECT_EQ(test, (ULONG)BYTE_OFFSET(visit.address), 20U);
		KUNIT_EXPECT_TRUE(test, visit.good && visit.same && visit.wrote && visit.gone);
		KUNIT_EXPECT_NULL(test, memchr_inv(base + 20, 0, 8));

		memset(base, 0x3c, SZ_64K);
		visit = visit_program(test, mdl, cache, NormalPagePriority | MdlMappingNoWrite);
		KUNIT_EXPECT_NOT_NULL(test, visit.address);
		KUNIT_EXPECT_TRUE(test, visit.good && visit.same && visit.gone);
		KUNIT_EXPECT_FALSE(test, visit.wrote);
		KUNIT_EXPECT_NULL(test, memchr_inv(base, 0x3c, SZ_64K));
		IoFreeMdl(mdl);
		test_free(test, base);
	}
}

static void a_read_only_block_is_mapped_read_only(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(SZ_64K);
	struct visit writable, readonly;
	PUCHAR base;
	PMDL mdl;

	req.flags = CONTIGMEM_READONLY;
	base = test_alloc(test, &req, GFP_KERNEL);
	memset(__va(test_phys(test, base)), 0x3c, SZ_64K);
	mdl = built(test, base, SZ_64K);
	writable = visit_program(test, mdl, CONTIGMEM_CACHED, NormalPagePriority);
	readonly = visit_program(test, mdl, CONTIGMEM_CACHED,
				 NormalPagePriority | MdlMappingNoWrite);
	KUNIT_EXPECT_NULL(test, writable.address);
	KUNIT_EXPECT_NOT_NULL(test, readonly.address);
	KUNIT_EXPECT_TRUE(test, readonly.good && readonly.same && readonly.gone);
	KUNIT_EXPECT_FALSE(test, readonly.wrote);
	IoFreeMdl(mdl);
	test_free(test, base);
}

static void what_is_no_block_is_not_mapped_to_a_program(struct kunit *test)
{
	PUCHAR pool = kunit_kmalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);
	struct visit visit;
	PMDL mdl;

	KUNIT_ASSERT_NOT_NULL(test, pool);
	mdl = IoAllocateMdl(pool, 2 * PAGE_SIZE, FALSE, FALSE, NULL);
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	visit = visit_program(test, mdl, CONTIGMEM_CACHED, NormalPagePriority);
	KUNIT_EXPECT_NULL_MSG(test, visit.address, "not built");
	MmBuildMdlForNonPagedPool(mdl);
	visit = visit_program(test, mdl, CONTIGMEM_CACHED, NormalPagePriority);
	KUNIT_EXPECT_NULL(test, visit.address);
	/* This thread has no address space. */
	KUNIT_EXPECT_NULL(test, MmMapLockedPagesSpecifyCache(mdl, UserMode, MmCached, NULL, FALSE,
							     NormalPagePriority));
	IoFreeMdl(mdl);
}

static void a_requested_address_is_kept_or_refused(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(SZ_64K);
	PVOID base = test_alloc(test, &req, GFP_KERNEL), first, second, again;
	PMDL mdl = built(test, base, SZ_64K);

	test_enter_process(test);
	first = MmMapLockedPagesSpecifyCache(mdl, UserMode, MmCached, NULL, FALSE, 0);
	second = MmMapLockedPagesSpecifyCache(mdl, UserMode, MmCached, first, FALSE, 0);
	if (first)
		MmUnmapLockedPages(first, mdl);
	again = MmMapLockedPagesSpecifyCache(mdl, UserMode, MmCached, first + 1, FALSE, 0);
	if (again)
		MmUnmapLockedPages(again, mdl);
	test_leave_process();
	KUNIT_EXPECT_NOT_NULL(test, first);
	KUNIT_EXPECT_NULL(test, second);
	KUNIT_EXPECT_PTR_EQ(test, again, first);
	IoFreeMdl(mdl);
	test_free(test, base);
}

/* What is no mapping of the MDL stays as it is. */
static void unmapping_something_else_warns(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(SZ_64K);
	PVOID base = test_alloc(test, &req, GFP_KERNEL), mapped;
	PMDL mdl = built(test, base, SZ_64K), other = built(test, base, SZ_64K);
	bool kept = false, anonymous_kept = false;
	unsigned long anonymous;

	test_expect_warning("MmUnmapLockedPages");
	MmUnmapLockedPages(base, mdl);

	test_enter_process(test);
	anonymous = vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, 0);
	mapped = MmMapLockedPagesSpecifyCache(mdl, UserMode, MmCached, NULL, FALSE, 0);
	test_expect_warning("MmUnmapLockedPages");
	MmUnmapLockedPages((PVOID)anonymous, mdl);
	anonymous_kept = !clear_user((void __user *)anonymous, PAGE_SIZE);
	test_expect_warning("MmUnmapLockedPages");
	MmUnmapLockedPages(mapped, other);
	kept = program_has((unsigned long)mapped, mdl, CONTIGMEM_CACHED, true);
	MmUnmapLockedPages(mapped, mdl);
	test_expect_warning("MmUnmapLockedPages");
	MmUnmapLockedPages(mapped, mdl);
	vm_munmap(anonymous, PAGE_SIZE);
	test_leave_process();
	/* A task without an address space has no mapping left. */
	MmUnmapLockedPages(mapped, mdl);

	KUNIT_EXPECT_TRUE(test, kept);
	KUNIT_EXPECT_TRUE(test, anonymous_kept);
	IoFreeMdl(mdl);
	IoFreeMdl(other);
	test_free(test, base);
}

static void a_mapping_outlives_block_and_mdl(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(SZ_64K);
	PVOID base = test_alloc(test, &req, GFP_KERNEL), mapped;
	struct contigmem_info info;
	PMDL mdl = built(test, base, SZ_64K);
	UCHAR bytes[64] = { };

	KUNIT_ASSERT_EQ(test, contigmem_describe(base, &info), 0);
	memset(base, 0x3c, SZ_64K);
	test_enter_process(test);
	mapped = MmMapLockedPagesSpecifyCache(mdl, UserMode, MmCached, NULL, FALSE, 0);
	IoFreeMdl(mdl);
	test_forget(base);
	contigmem_free(base);
	if (mapped) {
		/* Who allocates now does not get the pages. */
		PVOID next = contigmem_alloc(&req, GFP_KERNEL | __GFP_ZERO);

		if (copy_from_user(bytes, (void __user *)mapped + SZ_32K, sizeof(bytes)))
			bytes[0] = 0;
		if (!IS_ERR(next))
			contigmem_free(next);
		vm_munmap((unsigned long)mapped, SZ_64K);
	}
	test_leave_process();
	KUNIT_EXPECT_NOT_NULL(test, mapped);
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes, 0x3c, sizeof(bytes)));
	test_check_gone(test, &info);
}

/* Each page is in the range and in a block of this type; the first ones are not there twice. */
static void check_pages(struct kunit *test, PMDL mdl, u64 low, u64 high,
			enum contigmem_cache cache)
{
	const PFN_NUMBER *pfns = MmGetMdlPfnArray(mdl);
	SIZE_T page, other, nr = mdl_span(mdl);
	struct contigmem_info info;

	KUNIT_ASSERT_GT(test, nr, (SIZE_T)0);
	for (page = 0; page < nr; page++) {
		KUNIT_ASSERT_GE(test, (u64)PFN_PHYS(pfns[page]), low);
		KUNIT_ASSERT_LE(test, (u64)PFN_PHYS(pfns[page]) + PAGE_SIZE - 1, high);
		KUNIT_ASSERT_TRUE(test, test_describe_frame(pfns[page], &info));
		KUNIT_ASSERT_EQ(test, (int)info.cache, (int)cache);
		for (other = 0; other < min_t(SIZE_T, page, 64); other++)
			KUNIT_ASSERT_NE(test, pfns[page], pfns[other]);
	}
	test_check_type(test, PFN_PHYS(pfns[0]), PAGE_SIZE, cache);
}

static void free_pages_of(struct kunit *test, PMDL mdl)
{
	PFN_NUMBER first = MmGetMdlPfnArray(mdl)[0];
	struct contigmem_info info;

	MmFreePagesFromMdl(mdl);
	KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(mdl), 0U);
	KUNIT_EXPECT_FALSE(test, test_describe_frame(first, &info));
	ExFreePool(mdl);
	test_audit(test);
}

static void pages_are_allocated_and_zeroed(struct kunit *test)
{
	static const SIZE_T sizes[] = { 1, PAGE_SIZE, 20000, SZ_256K, SZ_1M + 1 };
	unsigned int cache, i;

	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++) {
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			PMDL mdl = MmAllocatePagesForMdlEx(at(SZ_16M), at(SZ_4G - 1), at(0),
							   sizes[i], types[cache], 0);
			SIZE_T page;

			KUNIT_ASSERT_NOT_NULL(test, mdl);
			KUNIT_EXPECT_EQ(test, (SIZE_T)MmGetMdlByteCount(mdl),
					(SIZE_T)ROUND_TO_PAGES(sizes[i]));
			check_pages(test, mdl, SZ_16M, SZ_4G - 1, cache);
			for (page = 0; page < mdl_span(mdl); page++)
				KUNIT_EXPECT_NULL(test,
						  memchr_inv(__va(MmGetMdlPfnArray(mdl)[page] <<
								  PAGE_SHIFT), 0, PAGE_SIZE));
			free_pages_of(test, mdl);
		}
	}
}

static void chunks_are_contiguous_and_aligned(struct kunit *test)
{
	static const SIZE_T chunks[] = { PAGE_SIZE, SZ_64K, SZ_2M };
	unsigned int i;
	SIZE_T page;
	PMDL mdl;

	for (i = 0; i < ARRAY_SIZE(chunks); i++) {
		SIZE_T per_chunk = chunks[i] / PAGE_SIZE;

		mdl = MmAllocatePagesForMdlEx(at(0), at(NO_LIMIT), at(chunks[i]), 4 * chunks[i],
					      MmWriteCombined, MM_ALLOCATE_FULLY_REQUIRED |
					      MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS);
		KUNIT_ASSERT_NOT_NULL(test, mdl);
		KUNIT_EXPECT_EQ(test, (SIZE_T)MmGetMdlByteCount(mdl), 4 * chunks[i]);
		for (page = 0; page < mdl_span(mdl); page++) {
			const PFN_NUMBER *pfns = MmGetMdlPfnArray(mdl);
			PFN_NUMBER first = pfns[page - page % per_chunk];

			KUNIT_ASSERT_EQ(test, first % per_chunk, 0UL);
			KUNIT_ASSERT_EQ(test, pfns[page], first + page % per_chunk);
		}
		free_pages_of(test, mdl);
	}
	/* Without a size of chunks, one of all. */
	mdl = MmAllocatePagesForMdlEx(at(0), at(test_low_end()), at(0), 20000, MmCached,
				      MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS);
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	check_pages(test, mdl, 0, test_low_end(), CONTIGMEM_CACHED);
	for (page = 1; page < mdl_span(mdl); page++)
		KUNIT_EXPECT_EQ(test, MmGetMdlPfnArray(mdl)[page], MmGetMdlPfnArray(mdl)[0] + page);
	free_pages_of(test, mdl);
}

/* One chunk in this range; where it lies, or 0 if there is none. */
static u64 chunk_within(u64 low, u64 high, SIZE_T chunk, SIZE_T bytes)
{
	PMDL mdl = MmAllocatePagesForMdlEx(at(low), at(high), at(chunk), bytes, MmCached,
					   MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS);
	u64 phys;

	if (!mdl)
		return 0;
	phys = PFN_PHYS(MmGetMdlPfnArray(mdl)[0]);
	MmFreePagesFromMdl(mdl);
	ExFreePool(mdl);
	return phys;
}

/*
 * Blocks of 2^n pages come out aligned, whether they have to or not, unless the range leaves
 * only places that are not.
 */
static void chunks_are_aligned_where_the_range_is_not(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(2 * SZ_64K);
	u64 base = 0, aligned = 0;
	unsigned int tries;

	req.align = 2 * SZ_64K;
	req.low = SZ_16M;
	for (tries = 0; tries < 16; tries++) {
		void *vaddr = test_alloc(test, &req, GFP_KERNEL);

		base = test_phys(test, vaddr);
		test_free(test, vaddr);
		KUNIT_ASSERT_EQ(test, chunk_within(base + PAGE_SIZE, base + SZ_64K + PAGE_SIZE - 1,
						   SZ_64K, SZ_64K), 0ULL);
		/* There is such a place: without a size of chunks it is taken. */
		if (chunk_within(base + PAGE_SIZE, base + SZ_64K + PAGE_SIZE - 1, 0, SZ_64K) ==
		    base + PAGE_SIZE)
			aligned = chunk_within(base + PAGE_SIZE, base + 2 * SZ_64K - 1, SZ_64K,
					       SZ_64K);
		if (aligned)
			break;
		/* Another task has taken a page there. */
		req.high = base - 1;
	}
	KUNIT_ASSERT_LT(test, tries, 16U);
	KUNIT_EXPECT_EQ(test, aligned, base + SZ_64K);
	test_audit(test);
}

/* 4 MiB of 8 MiB: in ZONE_DMA, where few others allocate. */
static void what_is_there_is_given(struct kunit *test)
{
	const u64 low = round_down(test_low_end(), SZ_8M), high = low + SZ_4M - 1;
	PMDL mdl;

	mdl = MmAllocatePagesForMdlEx(at(low), at(high), at(0), SZ_8M, MmCached, 0);
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	KUNIT_EXPECT_LE(test, MmGetMdlByteCount(mdl), (ULONG)SZ_4M);
	check_pages(test, mdl, low, high, CONTIGMEM_CACHED);
	free_pages_of(test, mdl);

	mdl = MmAllocatePagesForMdlEx(at(low), at(high), at(SZ_64K), SZ_8M, MmCached,
				      MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS);
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	KUNIT_EXPECT_EQ(test, MmGetMdlByteCount(mdl) % SZ_64K, 0U);
	check_pages(test, mdl, low, high, CONTIGMEM_CACHED);
	free_pages_of(test, mdl);

	/* All or nothing; and one contiguous block is never partial. */
	KUNIT_EXPECT_NULL(test, MmAllocatePagesForMdlEx(at(low), at(high), at(0), SZ_8M, MmCached,
							MM_ALLOCATE_FULLY_REQUIRED));
	KUNIT_EXPECT_NULL(test, MmAllocatePagesForMdlEx(at(low), at(high), at(0), SZ_8M, MmCached,
							MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS));
	test_audit(test);
}

/* Ranges that lie apart are looked at one after the other, and nothing between them. */
static void skipped_ranges_are_kept(struct kunit *test)
{
	const u64 low = SZ_16M;
	SIZE_T page;
	PMDL mdl;

	mdl = MmAllocatePagesForMdlEx(at(low), at(low + SZ_64K - 1), at(SZ_512K), SZ_512K, MmCached,
				      0);
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	for (page = 0; page < mdl_span(mdl); page++) {
		u64 phys = PFN_PHYS(MmGetMdlPfnArray(mdl)[page]);

		KUNIT_ASSERT_GE(test, phys, low);
		KUNIT_ASSERT_LT(test, (phys - low) % SZ_512K, (u64)SZ_64K);
	}
	free_pages_of(test, mdl);

	/* Ranges that touch are all memory above the first. */
	mdl = MmAllocatePagesForMdlEx(at(low), at(low + SZ_64K - 1), at(SZ_64K), SZ_512K, MmCached,
				      MM_ALLOCATE_FULLY_REQUIRED);
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	check_pages(test, mdl, low, NO_LIMIT, CONTIGMEM_CACHED);
	free_pages_of(test, mdl);
}

static void pages_are_refused(struct kunit *test)
{
	const ULONG chunks = MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS;
	static const struct {
		u64 low, high, skip;
		SIZE_T bytes;
		int type;
		ULONG flags;
	} cases[] = {
		{ 0, NO_LIMIT, 0, 0, MmCached, 0 },
		{ 0, NO_LIMIT, 0, SZ_4G, MmCached, 0 },
		{ SZ_16M, SZ_16M - 1, 0, PAGE_SIZE, MmCached, 0 },
		{ 0, NO_LIMIT, 1, PAGE_SIZE, MmCached, 0 },
		{ 0, NO_LIMIT, 0, PAGE_SIZE, MmHardwareCoherentCached, 0 },
		{ 0, NO_LIMIT, 0, PAGE_SIZE, MmNotMapped, 0 },
		{ 0, NO_LIMIT, 0, PAGE_SIZE, MmCached, 0x40 },
		{ 0, NO_LIMIT, 0, PAGE_SIZE, MmCached, BIT(31) },
		{ 0, NO_LIMIT, 0, PAGE_SIZE, MmCached, chunks | MM_ALLOCATE_PREFER_CONTIGUOUS },
		{ 0, NO_LIMIT, 3 * PAGE_SIZE, 9 * PAGE_SIZE, MmCached, chunks },
		{ 0, NO_LIMIT, SZ_64K, SZ_64K + PAGE_SIZE, MmCached, chunks },
		{ BIT_ULL(51), NO_LIMIT, 0, PAGE_SIZE, MmCached, 0 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_NULL_MSG(test,
				      MmAllocatePagesForMdlEx(at(cases[i].low), at(cases[i].high),
							      at(cases[i].skip), cases[i].bytes,
							      (MEMORY_CACHING_TYPE)cases[i].type,
							      cases[i].flags), "case %d", i);
}

static void pages_are_from_the_node(struct kunit *test)
{
	const ULONG strict = MM_ALLOCATE_FROM_LOCAL_NODE_ONLY;
	int nid, without = test_node_without(test_low_end());
	PMDL mdl;

	for_each_node_state(nid, N_MEMORY) {
		mdl = MmAllocateNodePagesForMdlEx(at(0), at(NO_LIMIT), at(0), SZ_64K, MmCached, nid,
						  strict | MM_ALLOCATE_FULLY_REQUIRED);
		KUNIT_ASSERT_NOT_NULL(test, mdl);
		KUNIT_EXPECT_EQ(test, pfn_to_nid(MmGetMdlPfnArray(mdl)[0]), nid);
		free_pages_of(test, mdl);
	}
	if (num_online_nodes() > 1)
		KUNIT_EXPECT_NULL(test,
				  MmAllocateNodePagesForMdlEx(at(0), at(NO_LIMIT), at(0), PAGE_SIZE,
							      MmCached, MAX_NUMNODES, 0));
	if (without == NUMA_NO_NODE)
		kunit_skip(test, "every node has low memory");
	KUNIT_EXPECT_NULL(test, MmAllocateNodePagesForMdlEx(at(0), at(test_low_end()), at(0),
							    SZ_64K, MmCached, without, strict));
	mdl = MmAllocateNodePagesForMdlEx(at(0), at(test_low_end()), at(0), SZ_64K, MmCached,
					  without, 0);
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	free_pages_of(test, mdl);
}

/* An MDL whose pages are certainly not one run: two ends of a range with a block between. */
static PMDL scattered(struct kunit *test, MEMORY_CACHING_TYPE type)
{
	PMDL mdl = MmAllocatePagesForMdlEx(at(0), at(NO_LIMIT), at(SZ_64K), 8 * SZ_64K, type,
					   MM_ALLOCATE_FULLY_REQUIRED |
					   MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS);
	PPFN_NUMBER pfns;
	SIZE_T page;

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	/* The order of the chunks is the driver's to read alone, so any order will do. */
	pfns = MmGetMdlPfnArray(mdl);
	for (page = 0; page < SZ_64K / PAGE_SIZE; page++)
		swap(pfns[page], pfns[page + 7 * SZ_64K / PAGE_SIZE]);
	return mdl;
}

static bool kernel_has(PUCHAR address, PMDL mdl, enum contigmem_cache cache, bool writable)
{
	u64 pat = pagetable_pat();
	SIZE_T page;

	for (page = 0; page < mdl_span(mdl); page++) {
		struct pagetable_entry entry = { };

		if (!pagetable_lookup(pat, (unsigned long)address + page * PAGE_SIZE, &entry) ||
		    entry.pfn != MmGetMdlPfnArray(mdl)[page] || entry.writable != writable ||
		    !pagetable_type_is(entry.type, cache))
			return false;
	}
	return true;
}

static void pages_are_mapped_to_the_kernel(struct kunit *test)
{
	unsigned int cache, readonly;

	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++) {
		for (readonly = 0; readonly < 2; readonly++) {
			ULONG priority = NormalPagePriority | (readonly ? MdlMappingNoWrite : 0);
			PMDL mdl = scattered(test, types[cache]);
			PUCHAR address = MmGetSystemAddressForMdlSafe(mdl, priority);

			KUNIT_ASSERT_NOT_NULL(test, address);
			KUNIT_EXPECT_TRUE(test, kernel_has(address, mdl, cache, !readonly));
			KUNIT_EXPECT_PTR_EQ(test, MmGetSystemAddressForMdlSafe(mdl, priority),
					    (PVOID)address);
			test_expect_warning("MmMapLockedPagesSpecifyCache");
			KUNIT_EXPECT_NULL(test, MmMapLockedPagesSpecifyCache(mdl, KernelMode,
									     MmCached, NULL, FALSE,
									     priority));
			MmUnmapLockedPages(address, mdl);
			KUNIT_EXPECT_EQ(test, MmGetPhysicalAddress(address).QuadPart, 0LL);
			/* Once more, and the free of the pages takes the mapping along. */
			address = MmGetSystemAddressForMdlSafe(mdl, priority);
			KUNIT_EXPECT_NOT_NULL(test, address);
			free_pages_of(test, mdl);
			KUNIT_EXPECT_EQ(test, MmGetPhysicalAddress(address).QuadPart, 0LL);
		}
	}
}

static void pages_are_mapped_to_the_program(struct kunit *test)
{
	unsigned int cache;

	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++) {
		PMDL mdl = scattered(test, types[cache]);
		struct visit visit;

		memset(__va(MmGetMdlPfnArray(mdl)[0] << PAGE_SHIFT), 0x3c, PAGE_SIZE);
		visit = visit_program(test, mdl, cache, NormalPagePriority);
		KUNIT_EXPECT_NOT_NULL(test, visit.address);
		KUNIT_EXPECT_TRUE(test, visit.good && visit.same && visit.wrote && visit.gone);
		free_pages_of(test, mdl);
	}
}

static void mdl_under_a_lock(struct kunit *test)
{
	PMDL held = scattered(test, MmWriteCombined), mdl, other, typed;
	PFN_NUMBER first = MmGetMdlPfnArray(held)[0];
	PVOID mapped = MmGetSystemAddressForMdlSafe(held, NormalPagePriority), address = NULL;
	unsigned long flags;
	ULONG bytes = 0;

	KUNIT_ASSERT_NOT_NULL(test, mapped);
	spin_lock_irqsave(&lock, flags);
	MmFreePagesFromMdl(held);
	ExFreePool(held);
	mdl = MmAllocatePagesForMdlEx(at(0), at(NO_LIMIT), at(0), PAGE_SIZE, MmCached, 0);
	typed = MmAllocatePagesForMdlEx(at(0), at(NO_LIMIT), at(0), SZ_16M, MmNonCached,
					MM_ALLOCATE_FULLY_REQUIRED);
	if (mdl) {
		address = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
		bytes = MmGetMdlByteCount(mdl);
		other = IoAllocateMdl(address, PAGE_SIZE, FALSE, FALSE, NULL);
		if (other)
			MmBuildMdlForNonPagedPool(other);
		IoFreeMdl(other);
		MmFreePagesFromMdl(mdl);
		ExFreePool(mdl);
	}
	spin_unlock_irqrestore(&lock, flags);
	KUNIT_EXPECT_NULL(test, typed);
	KUNIT_EXPECT_NOT_NULL(test, mdl);
	KUNIT_EXPECT_NOT_NULL(test, address);
	KUNIT_EXPECT_EQ(test, bytes, (ULONG)PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, contigmem_phys(page_address(pfn_to_page(first))), 0);

	/* A caller that may sleep and does not want to. */
	mdl = MmAllocatePagesForMdlEx(at(0), at(NO_LIMIT), at(0), SZ_64K, MmCached,
				      MM_ALLOCATE_NO_WAIT);
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	free_pages_of(test, mdl);
}

static void freeing_pages_that_are_none_warns(struct kunit *test)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(SZ_64K);
	PVOID base = test_alloc(test, &req, GFP_KERNEL);
	PMDL mdl = built(test, base, SZ_64K);

	test_expect_warning("MmFreePagesFromMdl");
	MmFreePagesFromMdl(mdl);
	test_check_block(test, base, &req, GFP_KERNEL);
	IoFreeMdl(mdl);
	test_free(test, base);

	mdl = MmAllocatePagesForMdlEx(at(0), at(NO_LIMIT), at(0), SZ_64K, MmCached, 0);
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	MmFreePagesFromMdl(mdl);
	test_expect_warning("MmFreePagesFromMdl");
	MmFreePagesFromMdl(mdl);
	ExFreePool(mdl);
}

static struct kunit_case mdl_cases[] = {
	KUNIT_CASE(mdl_describes_a_block),
	KUNIT_CASE(mdl_describes_other_memory),
	KUNIT_CASE(mdl_is_refused),
	KUNIT_CASE(mdl_is_mapped_to_the_program),
	KUNIT_CASE(a_read_only_block_is_mapped_read_only),
	KUNIT_CASE(what_is_no_block_is_not_mapped_to_a_program),
	KUNIT_CASE(a_requested_address_is_kept_or_refused),
	KUNIT_CASE(unmapping_something_else_warns),
	KUNIT_CASE(a_mapping_outlives_block_and_mdl),
	KUNIT_CASE(pages_are_allocated_and_zeroed),
	KUNIT_CASE(chunks_are_contiguous_and_aligned),
	KUNIT_CASE(chunks_are_aligned_where_the_range_is_not),
	KUNIT_CASE(what_is_there_is_given),
	KUNIT_CASE(skipped_ranges_are_kept),
	KUNIT_CASE(pages_are_refused),
	KUNIT_CASE(pages_are_from_the_node),
	KUNIT_CASE(pages_are_mapped_to_the_kernel),
	KUNIT_CASE(pages_are_mapped_to_the_program),
	KUNIT_CASE(mdl_under_a_lock),
	KUNIT_CASE(freeing_pages_that_are_none_warns),
	{}
};

struct kunit_suite mdl_suite = {
	.name = "contigmem_mdl",
	.suite_init = test_suite_init,
	.suite_exit = test_suite_exit,
	.init = test_init,
	.exit = test_exit,
	.test_cases = mdl_cases,
};
