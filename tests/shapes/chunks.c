// SPDX-License-Identifier: GPL-2.0
/*
 * An RDMA adapter: its context tables are in chunks of 256 KiB, each contiguous, of which it
 * takes as many as there are.
 */
#include "contigmem_wdk.h"
#include "shapes.h"

#define CHUNK_BYTES	(256 * 1024)
#define CHUNKS		8

NTSTATUS ChunksForAnAdapter(VOID)
{
	PHYSICAL_ADDRESS Low, High, Skip;
	ULONG Chunks, i;
	PUCHAR Va;
	PMDL Mdl;

	Low.QuadPart = 0;
	High.QuadPart = (1LL << 41) - 1;
	Skip.QuadPart = CHUNK_BYTES;
	Mdl = MmAllocatePagesForMdlEx(Low, High, Skip, CHUNKS * CHUNK_BYTES, MmCached,
				      MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS);
	if (!Mdl)
		return STATUS_INSUFFICIENT_RESOURCES;
	Chunks = MmGetMdlByteCount(Mdl) / CHUNK_BYTES;
	Va = MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority | MdlMappingNoExecute);
	for (i = 0; Va && i < Chunks; i++) {
		PHYSICAL_ADDRESS Physical;

		Physical.QuadPart = (LONGLONG)MmGetMdlPfnArray(Mdl)[i * CHUNK_BYTES / PAGE_SIZE] <<
				    PAGE_SHIFT;
		DeviceProgram(Physical, Va + i * CHUNK_BYTES, CHUNK_BYTES, High.QuadPart,
			      CHUNK_BYTES);
	}
	MmFreePagesFromMdl(Mdl);
	ExFreePool(Mdl);
	return Va && Chunks ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}
