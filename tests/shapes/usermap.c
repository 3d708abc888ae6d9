// SPDX-License-Identifier: GPL-2.0
/*
 * A software radio: the samples are in one block, which a program reads through an MDL.
 */
#include "contigmem_wdk.h"
#include "shapes.h"

#define SAMPLE_BYTES	(2 * 1024 * 1024)

typedef struct _SAMPLE_BUFFER {
	PVOID KernelVa;
	PVOID UserVa;
	PMDL Mdl;
	PHYSICAL_ADDRESS Physical;
} SAMPLE_BUFFER, *PSAMPLE_BUFFER;

static VOID ReleaseSamples(_Inout_ PSAMPLE_BUFFER Samples)
{
	if (Samples->UserVa)
		MmUnmapLockedPages(Samples->UserVa, Samples->Mdl);
	if (Samples->Mdl)
		IoFreeMdl(Samples->Mdl);
	if (Samples->KernelVa)
		MmFreeContiguousMemorySpecifyCache(Samples->KernelVa, SAMPLE_BYTES, MmCached);
	RtlZeroMemory(Samples, sizeof(SAMPLE_BUFFER));
}

static NTSTATUS MapSamples(_Inout_ PSAMPLE_BUFFER Samples)
{
	PHYSICAL_ADDRESS Lowest = { 0 }, Highest, Boundary = { 0 };

	Highest.QuadPart = MAXULONG;
	Samples->KernelVa = MmAllocateContiguousMemorySpecifyCache(SAMPLE_BYTES, Lowest, Highest,
								   Boundary, MmCached);
	if (!Samples->KernelVa)
		return STATUS_INSUFFICIENT_RESOURCES;
	RtlZeroMemory(Samples->KernelVa, SAMPLE_BYTES);
	Samples->Physical = MmGetPhysicalAddress(Samples->KernelVa);
	Samples->Mdl = IoAllocateMdl(Samples->KernelVa, SAMPLE_BYTES, FALSE, FALSE, NULL);
	if (!Samples->Mdl)
		return STATUS_INSUFFICIENT_RESOURCES;
	MmBuildMdlForNonPagedPool(Samples->Mdl);
	Samples->UserVa = MmMapLockedPagesSpecifyCache(Samples->Mdl, UserMode, MmCached, NULL,
						       FALSE, NormalPagePriority);
	return Samples->UserVa ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

NTSTATUS MapToTheProgram(VOID)
{
	SAMPLE_BUFFER Samples = { NULL };
	NTSTATUS Status = MapSamples(&Samples);

	if (NT_SUCCESS(Status)) {
		DeviceProgram(Samples.Physical, Samples.KernelVa, SAMPLE_BYTES, MAXULONG, 0);
		if (MmGetMdlPfnArray(Samples.Mdl)[0] !=
		    (PFN_NUMBER)(Samples.Physical.QuadPart >> PAGE_SHIFT))
			Status = STATUS_INVALID_ADDRESS;
	}
	ReleaseSamples(&Samples);
	return Status;
}
