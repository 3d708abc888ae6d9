// SPDX-License-Identifier: GPL-2.0
/*
 * A driver that frees at APC_LEVEL, under what is a fast mutex on Windows.
 */
#include "contigmem_wdk.h"
#include "shapes.h"

NTSTATUS FreeAtApcLevel(VOID)
{
	PHYSICAL_ADDRESS Low = { 0 }, High, Boundary = { 0 };
	PVOID Buffer;
	KIRQL OldIrql;

	High.QuadPart = 0xFFFFFFFFFFULL;
	Buffer = MmAllocateContiguousMemorySpecifyCacheNode(3 * PAGE_SIZE, Low, High, Boundary,
							    MmWriteCombined, MM_ANY_NODE_OK);
	if (!Buffer)
		return STATUS_NO_MEMORY;
	DeviceProgram(MmGetPhysicalAddress(Buffer), Buffer, 3 * PAGE_SIZE, High.QuadPart, 0);
	KeRaiseIrql(APC_LEVEL, &OldIrql);
	NT_ASSERT(KeGetCurrentIrql() <= APC_LEVEL);
	MmFreeContiguousMemory(Buffer);
	KeLowerIrql(OldIrql);
	return STATUS_SUCCESS;
}
