// SPDX-License-Identifier: GPL-2.0
/*
 * A graphics driver: tables of 2^n bytes that begin at a multiple of their size, which it
 * gets with a boundary of the same size.
 */
#include "contigmem_wdk.h"
#include "shapes.h"

#define TABLE_MIN	(64 * 1024)
#define TABLE_MAX	(16 * 1024 * 1024)

NTSTATUS BoundaryAsAlignment(VOID)
{
	PHYSICAL_ADDRESS Low, High, Boundary;
	SIZE_T Bytes;
	PVOID Table;

	Low.QuadPart = 0;
	High.QuadPart = 0xFFFFFFFF;
	for (Bytes = TABLE_MIN; Bytes <= TABLE_MAX; Bytes *= 2) {
		Boundary.QuadPart = Bytes;
		Table = MmAllocateContiguousMemorySpecifyCache(Bytes, Low, High, Boundary,
							       MmWriteCombined);
		if (Table == NULL)
			return STATUS_INSUFFICIENT_RESOURCES;
		DeviceProgram(MmGetPhysicalAddress(Table), Table, Bytes, 0xFFFFFFFF, Bytes);
		MmFreeContiguousMemory(Table);
	}
	return STATUS_SUCCESS;
}
