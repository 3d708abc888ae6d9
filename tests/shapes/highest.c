// SPDX-License-Identifier: GPL-2.0
/*
 * The ways in which drivers write the highest address of their devices.
 */
#include "contigmem_wdk.h"
#include "shapes.h"

#define RING_BYTES	(32 * 1024)

static NTSTATUS AllocateRing(_In_ PHYSICAL_ADDRESS Highest)
{
	PVOID Ring = MmAllocateContiguousMemory(RING_BYTES, Highest);

	if (!Ring)
		return STATUS_NO_MEMORY;
	RtlZeroMemory(Ring, RING_BYTES);
	DeviceProgram(MmGetPhysicalAddress(Ring), Ring, RING_BYTES, Highest.QuadPart, 0);
	MmFreeContiguousMemory(Ring);
	return STATUS_SUCCESS;
}

NTSTATUS HighestOfEveryKind(VOID)
{
	PHYSICAL_ADDRESS Highest = { { 0xFFFFFFFF, 0x0 } };
	NTSTATUS Status = AllocateRing(Highest);

	if (NT_SUCCESS(Status)) {
		Highest.QuadPart = MAXULONG64;
		Status = AllocateRing(Highest);
	}
	if (NT_SUCCESS(Status)) {
		Highest.QuadPart = -1;
		Status = AllocateRing(Highest);
	}
	if (NT_SUCCESS(Status)) {
		Highest.QuadPart = (1LL << 40) - 1;
		Status = AllocateRing(Highest);
	}
	if (NT_SUCCESS(Status)) {
		Highest.HighPart = 0x200;
		Highest.LowPart = 0;
		Status = AllocateRing(Highest);
	}
	return Status;
}
