// SPDX-License-Identifier: GPL-2.0
/*
 * A hypervisor: 512 uncached pages for each processor, taken at DISPATCH_LEVEL. What the
 * system does not have at hand there is taken at PASSIVE_LEVEL, the one change of the port.
 */
#include "contigmem_wdk.h"
#include "shapes.h"

#define PAGES_EACH	512
#define TAG		0x70796823

static PVOID AllocatePage(VOID)
{
	PHYSICAL_ADDRESS Low = { 0 }, High, Boundary = { 0 };

	High.QuadPart = -1;
	return MmAllocateContiguousMemorySpecifyCache(PAGE_SIZE, Low, High, Boundary, MmNonCached);
}

static ULONG FillAtDispatchLevel(PVOID *Pages, ULONG Count)
{
	ULONG i, Missing = 0;
	KIRQL Irql;

	KeRaiseIrql(DISPATCH_LEVEL, &Irql);
	for (i = 0; i < Count; i++) {
		Pages[i] = AllocatePage();
		if (!Pages[i])
			Missing++;
	}
	KeLowerIrql(Irql);
	return Missing;
}

NTSTATUS PagesPerProcessor(VOID)
{
	ULONG Count = PAGES_EACH * KeQueryActiveProcessorCountEx(ALL_PROCESSOR_GROUPS), i;
	NTSTATUS Status = STATUS_SUCCESS;
	KIRQL Irql;
	PVOID *Pages;

	ASSERT(KeGetCurrentIrql() == PASSIVE_LEVEL);
	Pages = ExAllocatePoolWithTag(NonPagedPool, Count * sizeof(*Pages), TAG);
	if (!Pages)
		return STATUS_INSUFFICIENT_RESOURCES;
	KdPrint(("%u pages are missing\n", FillAtDispatchLevel(Pages, Count)));
	FillAtDispatchLevel(Pages, 1);
	if (Pages[0])
		MmFreeContiguousMemory(Pages[0]);
	for (i = 0; i < Count; i++) {
		Pages[i] = AllocatePage();
		if (!Pages[i])
			Status = STATUS_INSUFFICIENT_RESOURCES;
		else
			DeviceProgram(MmGetPhysicalAddress(Pages[i]), Pages[i], PAGE_SIZE,
				      MAXULONG64, PAGE_SIZE);
	}
	KeRaiseIrql(DISPATCH_LEVEL, &Irql);
	for (i = 0; i < Count; i++)
		MmFreeContiguousMemory(Pages[i]);
	KeLowerIrql(Irql);
	ExFreePoolWithTag(Pages, TAG);
	return Status;
}
