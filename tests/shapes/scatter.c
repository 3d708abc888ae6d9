// SPDX-License-Identifier: GPL-2.0
/*
 * A paravirtual display: the scatter list of a buffer in pool, page by page, from the
 * physical address of each.
 */
#include "contigmem_wdk.h"
#include "shapes.h"

#define FRAME_BYTES	(800 * 600 * 4 + 20)
#define FRAME_TAG	0x4d415246

typedef struct _SCATTER_ENTRY {
	PHYSICAL_ADDRESS Address;
	ULONG Length;
} SCATTER_ENTRY, *PSCATTER_ENTRY;

static ULONG BuildScatterList(PUCHAR Buffer, SIZE_T Bytes, PSCATTER_ENTRY List)
{
	ULONG Count = 0;

	while (Bytes) {
		SIZE_T Left = PAGE_SIZE - BYTE_OFFSET(Buffer);
		SIZE_T Length = Bytes < Left ? Bytes : Left;

		List[Count].Address = MmGetPhysicalAddress(Buffer);
		List[Count].Length = (ULONG)Length;
		DeviceProgram(List[Count].Address, Buffer, Length, MAXULONG64, 0);
		Buffer += Length;
		Bytes -= Length;
		Count++;
	}
	return Count;
}

NTSTATUS ScatterListOfPool(VOID)
{
	NTSTATUS Status = STATUS_INSUFFICIENT_RESOURCES;
	PSCATTER_ENTRY List = NULL;
	PUCHAR Frame;
	ULONG Pages;

	Frame = ExAllocatePool2(POOL_FLAG_NON_PAGED, FRAME_BYTES, FRAME_TAG);
	if (!Frame)
		return Status;
	Pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(Frame + 8, FRAME_BYTES - 8);
	List = ExAllocatePoolWithTag(NonPagedPoolNx, Pages * sizeof(SCATTER_ENTRY), FRAME_TAG);
	if (List) {
		Status = BuildScatterList(Frame + 8, FRAME_BYTES - 8, List) == Pages ?
			 STATUS_SUCCESS : STATUS_BUFFER_TOO_SMALL;
		ExFreePoolWithTag(List, FRAME_TAG);
	}
	ExFreePoolWithTag(Frame, FRAME_TAG);
	return Status;
}
