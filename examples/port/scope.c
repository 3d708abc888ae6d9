// SPDX-License-Identifier: GPL-2.0
/*
 * An oscilloscope's memory, as its Windows driver has it: samples in contiguous chunks, as many
 * as there are, and a table of them that the card finds by a register. A program sees both: it
 * may write the samples, and only read the table.
 */
#include "contigmem_wdk.h"
#include "scope.h"

#define CHUNK_BYTES     (256 * 1024)
#define TABLE_BYTES     PAGE_SIZE
#define MOST_CHUNKS     (TABLE_BYTES / sizeof(SCOPE_DESCRIPTOR))

static PSCOPE_DESCRIPTOR ScopeTable(_In_ PSCOPE_MEMORY Scope)
{
    return MmGetVirtualForPhysical(Scope->TablePhysical);
}

static NTSTATUS ScopeAllocateSamples(_Inout_ PSCOPE_MEMORY Scope, SIZE_T Bytes)
{
    PHYSICAL_ADDRESS Low, High, Skip;
    PSCOPE_DESCRIPTOR Table = ScopeTable(Scope);
    ULONG Chunk;

    Low.QuadPart = 0;
    High.QuadPart = 0xFFFFFFFF;
    Skip.QuadPart = CHUNK_BYTES;
    Scope->SampleMdl = MmAllocatePagesForMdlEx(Low, High, Skip, Bytes, MmCached,
                                               MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS);
    if (Scope->SampleMdl == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Scope->Chunks = MmGetMdlByteCount(Scope->SampleMdl) / CHUNK_BYTES;
    for (Chunk = 0; Chunk < Scope->Chunks; Chunk++) {
        PFN_NUMBER Pfn = MmGetMdlPfnArray(Scope->SampleMdl)[Chunk * (CHUNK_BYTES / PAGE_SIZE)];

        Table[Chunk].Physical = (ULONG64)Pfn << PAGE_SHIFT;
        Table[Chunk].Bytes = CHUNK_BYTES;
    }
    return STATUS_SUCCESS;
}

/* IRQL PASSIVE_LEVEL, with as many bytes as a program asks for. */
NTSTATUS ScopeAllocate(_Out_ PSCOPE_MEMORY Scope, SIZE_T Bytes)
{
    PHYSICAL_ADDRESS High;
    PVOID Table;
    NTSTATUS Status;

    RtlZeroMemory(Scope, sizeof(SCOPE_MEMORY));
    Bytes = Bytes / CHUNK_BYTES * CHUNK_BYTES;
    if (Bytes == 0 || Bytes / CHUNK_BYTES > MOST_CHUNKS)
        return STATUS_INVALID_PARAMETER;
    High.QuadPart = 0xFFFFFFFF;
    Table = MmAllocateContiguousMemory(TABLE_BYTES, High);
    if (Table == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(Table, TABLE_BYTES);
    Scope->TablePhysical = MmGetPhysicalAddress(Table);
    Status = ScopeAllocateSamples(Scope, Bytes);
    if (!NT_SUCCESS(Status))
        ScopeFree(Scope);
    return Status;
}

VOID ScopeFree(_Inout_ PSCOPE_MEMORY Scope)
{
    PVOID Table = ScopeTable(Scope);

    if (Scope->TableMdl != NULL)
        IoFreeMdl(Scope->TableMdl);
    if (Scope->SampleMdl != NULL) {
        MmFreePagesFromMdl(Scope->SampleMdl);
        ExFreePool(Scope->SampleMdl);
    }
    if (Table != NULL)
        MmFreeContiguousMemory(Table);
    RtlZeroMemory(Scope, sizeof(SCOPE_MEMORY));
}

/* In the program that calls. */
NTSTATUS ScopeMap(_Inout_ PSCOPE_MEMORY Scope)
{
    if (Scope->TableMdl == NULL) {
        Scope->TableMdl = IoAllocateMdl(ScopeTable(Scope), TABLE_BYTES, FALSE, FALSE, NULL);
        if (Scope->TableMdl == NULL)
            return STATUS_INSUFFICIENT_RESOURCES;
        MmBuildMdlForNonPagedPool(Scope->TableMdl);
    }
    Scope->UserTable = MmMapLockedPagesSpecifyCache(Scope->TableMdl, UserMode, MmCached, NULL,
                                                    FALSE, NormalPagePriority | MdlMappingNoWrite);
    if (Scope->UserTable == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Scope->UserSamples = MmMapLockedPagesSpecifyCache(Scope->SampleMdl, UserMode, MmCached, NULL,
                                                      FALSE, NormalPagePriority);
    if (Scope->UserSamples == NULL) {
        MmUnmapLockedPages(Scope->UserTable, Scope->TableMdl);
        Scope->UserTable = NULL;
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    return STATUS_SUCCESS;
}

/* In the program that has called ScopeMap(). */
VOID ScopeUnmap(_Inout_ PSCOPE_MEMORY Scope)
{
    if (Scope->UserSamples != NULL)
        MmUnmapLockedPages(Scope->UserSamples, Scope->SampleMdl);
    if (Scope->UserTable != NULL)
        MmUnmapLockedPages(Scope->UserTable, Scope->TableMdl);
    Scope->UserSamples = NULL;
    Scope->UserTable = NULL;
}

/*
 * What the card does: it takes the table from its register, and the chunks from the table, and
 * fills chunk N with First + N. Returns how many chunks were filled.
 */
ULONG ScopeRun(_In_ PSCOPE_MEMORY Scope, UCHAR First)
{
    PSCOPE_DESCRIPTOR Table = ScopeTable(Scope);
    ULONG Chunk, Filled = 0;

    for (Chunk = 0; Chunk < Scope->Chunks; Chunk++) {
        PHYSICAL_ADDRESS Physical;
        PVOID Samples;

        Physical.QuadPart = Table[Chunk].Physical;
        Samples = MmGetVirtualForPhysical(Physical);
        if (Samples == NULL)
            continue;
        RtlFillMemory(Samples, Table[Chunk].Bytes, (UCHAR)(First + Chunk));
        Table[Chunk].Done++;
        Filled++;
    }
    return Filled;
}
