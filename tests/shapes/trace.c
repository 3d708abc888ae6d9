// SPDX-License-Identifier: GPL-2.0
/*
 * A processor trace: a table of physical addresses of buffers that are aligned to their size.
 */
#include "contigmem_wdk.h"
#include "shapes.h"

#define BUFFERS		4
#define BUFFER_BYTES	(1024 * 1024)

NTSTATUS TraceBuffers(VOID)
{
	PHYSICAL_ADDRESS Low = { 0 }, High, Boundary = { 0 };
	NTSTATUS Status = STATUS_SUCCESS;
	PVOID Buffers[BUFFERS];
	PULONG64 Table;
	KSPIN_LOCK Lock;
	KIRQL Irql;
	ULONG i;

	High.QuadPart = -1;
	KeInitializeSpinLock(&Lock);
	Table = MmAllocateContiguousMemorySpecifyCache(PAGE_SIZE, Low, High, Boundary, MmCached);
	if (!Table)
		return STATUS_NO_MEMORY;
	Boundary.QuadPart = BUFFER_BYTES;
	for (i = 0; i < BUFFERS; i++) {
		Buffers[i] = MmAllocateContiguousMemorySpecifyCache(BUFFER_BYTES, Low, High,
								    Boundary, MmCached);
		if (!Buffers[i])
			Status = STATUS_NO_MEMORY;
	}
	KeAcquireSpinLock(&Lock, &Irql);
	for (i = 0; i < BUFFERS; i++)
		Table[i] = Buffers[i] ? MmGetPhysicalAddress(Buffers[i]).QuadPart : 0;
	KeMemoryBarrier();
	KeReleaseSpinLock(&Lock, Irql);
	for (i = 0; i < BUFFERS; i++) {
		PHYSICAL_ADDRESS Address;

		Address.QuadPart = Table[i];
		if (Buffers[i])
			DeviceProgram(Address, Buffers[i], BUFFER_BYTES, MAXULONG64, BUFFER_BYTES);
		MmFreeContiguousMemory(Buffers[i]);
	}
	MmFreeContiguousMemory(Table);
	return Status;
}
