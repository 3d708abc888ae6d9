// SPDX-License-Identifier: GPL-2.0
/*
 * A firmware tool: its program knows a buffer by the physical address alone, and frees by it.
 */
#include "contigmem_wdk.h"
#include "shapes.h"

#define BUFFER_BYTES	0x3000

static ULONG64 AllocateForProgram(SIZE_T Bytes, PHYSICAL_ADDRESS Max)
{
	PVOID Va = MmAllocateContiguousMemory(Bytes, Max);

	if (!Va)
		return 0;
	RtlFillMemory(Va, Bytes, 0);
	DeviceProgram(MmGetPhysicalAddress(Va), Va, Bytes, Max.QuadPart, 0);
	return MmGetPhysicalAddress(Va).QuadPart;
}

static NTSTATUS FreeForProgram(ULONG64 Address)
{
	PHYSICAL_ADDRESS Physical;
	PVOID Va;

	Physical.QuadPart = Address;
	Va = MmGetVirtualForPhysical(Physical);
	if (!Va)
		return STATUS_INVALID_ADDRESS;
	MmFreeContiguousMemory(Va);
	return STATUS_SUCCESS;
}

NTSTATUS FreeByPhysicalAddress(VOID)
{
	PHYSICAL_ADDRESS Max;
	ULONG64 Address;
	NTSTATUS Status;

	Max.QuadPart = 0xFFFFFFFF;
	Address = AllocateForProgram(BUFFER_BYTES, Max);
	if (!Address)
		return STATUS_UNSUCCESSFUL;
	Status = FreeForProgram(Address);
	if (!NT_SUCCESS(Status))
		return Status;
	/* A second time is the program's fault, and is told. */
	return FreeForProgram(Address) == STATUS_INVALID_ADDRESS ? STATUS_SUCCESS :
								  STATUS_UNSUCCESSFUL;
}
