// SPDX-License-Identifier: GPL-2.0
/*
 * A driver of a fast card: memory of the processor's own node, and if that has none, of any.
 */
#include "contigmem_wdk.h"
#include "shapes.h"

#define QUEUE_BYTES	(128 * 1024)

NTSTATUS LocalNodeThenAny(VOID)
{
	PHYSICAL_ADDRESS Lowest = { 0 }, Highest, Boundary = { 0 };
	PVOID Queue;

	Highest.QuadPart = MAXULONG64;
	Queue = MmAllocateContiguousNodeMemory(QUEUE_BYTES, Lowest, Highest, Boundary,
					       PAGE_READWRITE | PAGE_NOCACHE,
					       KeGetCurrentNodeNumber());
	if (!Queue)
		Queue = MmAllocateContiguousNodeMemory(QUEUE_BYTES, Lowest, Highest, Boundary,
						       PAGE_READWRITE | PAGE_NOCACHE,
						       MM_ANY_NODE_OK);
	if (!Queue)
		return STATUS_INSUFFICIENT_RESOURCES;
	DeviceProgram(MmGetPhysicalAddress(Queue), Queue, QUEUE_BYTES, MAXULONG64, PAGE_SIZE);
	MmFreeContiguousMemory(Queue);
	return STATUS_SUCCESS;
}
