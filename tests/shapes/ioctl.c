// SPDX-License-Identifier: GPL-2.0
/*
 * A tool's driver: size and limit come from a program's request as they are.
 */
#include "contigmem_wdk.h"
#include "shapes.h"

#define TOOL_TAG	0x6c6f6f54

typedef struct _ALLOCATE_REQUEST {
	ULONG64 Bytes;
	ULONG64 Limit;
} ALLOCATE_REQUEST, *PALLOCATE_REQUEST;

typedef struct _ALLOCATE_REPLY {
	ULONG64 Virtual;
	ULONG64 Physical;
	ULONG64 Bytes;
} ALLOCATE_REPLY, *PALLOCATE_REPLY;

_IRQL_requires_max_(PASSIVE_LEVEL)
static NTSTATUS HandleAllocate(_In_ PALLOCATE_REQUEST Request, _Out_ PALLOCATE_REPLY Reply)
{
	PHYSICAL_ADDRESS Low, High, Boundary;
	SIZE_T Bytes = (SIZE_T)Request->Bytes;
	NTSTATUS Status;
	PVOID Base;

	PAGED_CODE();
	RtlZeroMemory(Reply, sizeof(*Reply));
	Low.QuadPart = 0;
	High.QuadPart = Request->Limit;
	Boundary.QuadPart = 0;
	Status = MmAllocateContiguousMemoryEx(&Bytes, Low, High, Boundary, MM_ANY_NODE_OK,
					      PAGE_READWRITE, NULL, TOOL_TAG, 0, &Base);
	if (!NT_SUCCESS(Status))
		return Status;
	Reply->Virtual = (ULONG_PTR)Base;
	Reply->Physical = MmGetPhysicalAddress(Base).QuadPart;
	Reply->Bytes = Bytes;
	return STATUS_SUCCESS;
}

NTSTATUS SizeFromAProgram(SIZE_T Bytes, ULONG64 Limit)
{
	ALLOCATE_REQUEST Request = { Bytes, Limit };
	ALLOCATE_REPLY Reply;
	PHYSICAL_ADDRESS Physical;
	NTSTATUS Status = HandleAllocate(&Request, &Reply);

	if (!NT_SUCCESS(Status))
		return Status;
	Physical.QuadPart = Reply.Physical;
	DeviceProgram(Physical, (PVOID)(ULONG_PTR)Reply.Virtual, (SIZE_T)Reply.Bytes, Limit, 0);
	MmFreeContiguousMemory((PVOID)(ULONG_PTR)Reply.Virtual);
	return STATUS_SUCCESS;
}
