// SPDX-License-Identifier: GPL-2.0
/*
 * A driver whose cleanup frees each pointer that it has, those included that were never set.
 */
#include "contigmem_wdk.h"
#include "shapes.h"

typedef struct _RINGS {
	PVOID Send;
	PVOID Receive;
	PVOID Completion;
} RINGS, *PRINGS;

static VOID FreeRings(PRINGS Rings)
{
	MmFreeContiguousMemory(Rings->Send);
	MmFreeContiguousMemory(Rings->Receive);
	MmFreeContiguousMemorySpecifyCache(Rings->Completion, PAGE_SIZE, MmCached);
	RtlZeroMemory(Rings, sizeof(*Rings));
}

/* The Missing-th allocation fails; 0: none. */
NTSTATUS FreeWhatIsThere(ULONG Missing)
{
	PHYSICAL_ADDRESS High, Nowhere;
	RINGS Rings = { NULL, NULL, NULL };
	NTSTATUS Status = STATUS_INSUFFICIENT_RESOURCES;

	High.QuadPart = MAXULONG;
	Nowhere.QuadPart = 0;
	Rings.Send = MmAllocateContiguousMemory(8192, Missing == 1 ? Nowhere : High);
	if (!Rings.Send)
		goto Cleanup;
	Rings.Receive = MmAllocateContiguousMemory(8192, Missing == 2 ? Nowhere : High);
	if (!Rings.Receive)
		goto Cleanup;
	Rings.Completion = MmAllocateContiguousMemory(PAGE_SIZE, Missing == 3 ? Nowhere : High);
	if (!Rings.Completion)
		goto Cleanup;
	DeviceProgram(MmGetPhysicalAddress(Rings.Send), Rings.Send, 8192, MAXULONG, 0);
	Status = STATUS_SUCCESS;
Cleanup:
	FreeRings(&Rings);
	return Status;
}
