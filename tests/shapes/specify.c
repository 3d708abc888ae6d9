// SPDX-License-Identifier: GPL-2.0
/*
 * A virtual machine monitor: sizes that are no whole pages, freed with the size asked for.
 */
#include "contigmem_wdk.h"
#include "shapes.h"

NTSTATUS FreeWithTheSizeAskedFor(VOID)
{
	static const SIZE_T Sizes[] = { 1, 100, PAGE_SIZE + 1, 0x5678, 70000 };
	static const MEMORY_CACHING_TYPE Types[] = { MmCached, MmNonCached, MmWriteCombined };
	PHYSICAL_ADDRESS Low, High, Boundary;
	ULONG i;

	Low.QuadPart = 0;
	High.QuadPart = ~0LL;
	Boundary.QuadPart = 0;
	for (i = 0; i < ARRAYSIZE(Sizes) * ARRAYSIZE(Types); i++) {
		SIZE_T Bytes = Sizes[i % ARRAYSIZE(Sizes)];
		MEMORY_CACHING_TYPE Type = Types[i / ARRAYSIZE(Sizes)];
		PVOID Buffer = MmAllocateContiguousMemorySpecifyCache(Bytes, Low, High, Boundary,
								      Type);

		if (!Buffer)
			return STATUS_NO_MEMORY;
		DeviceProgram(MmGetPhysicalAddress(Buffer), Buffer, Bytes, MAXULONG64, 0);
		MmFreeContiguousMemorySpecifyCache(Buffer, Bytes, Type);
	}
	return STATUS_SUCCESS;
}
