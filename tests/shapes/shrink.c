// SPDX-License-Identifier: GPL-2.0
/*
 * An embedded graphics driver: three pools, of which the large ones become smaller until the
 * system has them.
 */
#include "contigmem_wdk.h"
#include "shapes.h"

#define MEGABYTE	(1024 * 1024)

typedef struct _VIDEO_POOL {
	MEMORY_CACHING_TYPE CacheType;
	SIZE_T Bytes;
	PVOID Base;
} VIDEO_POOL, *PVIDEO_POOL;

static BOOLEAN FillPool(_Inout_ PVIDEO_POOL Pool)
{
	PHYSICAL_ADDRESS Low, High, Boundary;

	Low.QuadPart = 0;
	High.QuadPart = 0xFFFFFFFF;
	Boundary.QuadPart = 0;
	while (Pool->Bytes >= MEGABYTE) {
		Pool->Base = MmAllocateContiguousMemorySpecifyCache(Pool->Bytes, Low, High,
								    Boundary, Pool->CacheType);
		if (Pool->Base)
			return TRUE;
		Pool->Bytes -= MEGABYTE;
	}
	return FALSE;
}

NTSTATUS ShrinkUntilServed(VOID)
{
	VIDEO_POOL Pools[] = {
		{ MmNonCached, 2 * MEGABYTE },
		{ MmCached, 16 * MEGABYTE },
		{ MmWriteCombined, 2 * MEGABYTE },
	};
	NTSTATUS Status = STATUS_SUCCESS;
	ULONG i;

	for (i = 0; i < ARRAYSIZE(Pools); i++) {
		if (FillPool(&Pools[i]))
			DeviceProgram(MmGetPhysicalAddress(Pools[i].Base), Pools[i].Base,
				      Pools[i].Bytes, 0xFFFFFFFF, PAGE_SIZE);
		else
			Status = STATUS_INSUFFICIENT_RESOURCES;
	}
	for (i = 0; i < RTL_NUMBER_OF(Pools); i++)
		if (Pools[i].Base)
			MmFreeContiguousMemorySpecifyCache(Pools[i].Base, Pools[i].Bytes,
							   Pools[i].CacheType);
	return Status;
}
