// SPDX-License-Identifier: GPL-2.0
/*
 * A small hypervisor: regions of a page, a stack and a bitmap for each virtual processor.
 */
#include "contigmem_wdk.h"
#include "shapes.h"

#define STACK_BYTES	0x6000

typedef struct DECLSPEC_ALIGN(16) _VCPU {
	PVOID VmxonRegion;
	ULONG64 VmxonPhysical;
	PVOID MsrBitmap;
	PVOID Stack;
} VCPU, *PVCPU;

static FORCEINLINE ULONG64 VirtualToPhysical(_In_ PVOID Va)
{
	return (ULONG64)MmGetPhysicalAddress(Va).QuadPart;
}

static PVOID AllocateZeroedPage(VOID)
{
	PHYSICAL_ADDRESS MaxAddress = { .QuadPart = MAXULONG64 };
	PVOID Page = MmAllocateContiguousMemory(PAGE_SIZE, MaxAddress);

	if (Page)
		RtlSecureZeroMemory(Page, PAGE_SIZE);
	return Page;
}

NTSTATUS RegionsOfAHypervisor(VOID)
{
	PHYSICAL_ADDRESS Low = { 0 }, High = { .QuadPart = MAXULONG64 }, Boundary = { 0 };
	NTSTATUS Status = STATUS_INSUFFICIENT_RESOURCES;
	PVCPU Vcpu;

	Vcpu = ExAllocatePoolWithTag(NonPagedPool, sizeof(VCPU), 0x75706356);
	if (!Vcpu)
		return Status;
	RtlZeroMemory(Vcpu, sizeof(VCPU));
	Vcpu->VmxonRegion = AllocateZeroedPage();
	Vcpu->MsrBitmap = AllocateZeroedPage();
	Vcpu->Stack = MmAllocateContiguousMemorySpecifyCacheNode(STACK_BYTES, Low, High, Boundary,
								 MmCached,
								 KeGetCurrentNodeNumber());
	if (Vcpu->VmxonRegion && Vcpu->MsrBitmap && Vcpu->Stack) {
		Vcpu->VmxonPhysical = VirtualToPhysical(Vcpu->VmxonRegion);
		*(PULONG)Vcpu->VmxonRegion = 1;
		High.QuadPart = Vcpu->VmxonPhysical;
		DeviceProgram(High, Vcpu->VmxonRegion, PAGE_SIZE, MAXULONG64, PAGE_SIZE);
		/* The processor's own structure, in pool. */
		High.QuadPart = VirtualToPhysical(Vcpu);
		DeviceProgram(High, Vcpu, sizeof(VCPU), MAXULONG64, 16);
		Status = STATUS_SUCCESS;
	}
	if (Vcpu->Stack)
		MmFreeContiguousMemory(Vcpu->Stack);
	if (Vcpu->MsrBitmap)
		MmFreeContiguousMemory(Vcpu->MsrBitmap);
	if (Vcpu->VmxonRegion)
		MmFreeContiguousMemory(Vcpu->VmxonRegion);
	ExFreePoolWithTag(Vcpu, 0x75706356);
	return Status;
}
