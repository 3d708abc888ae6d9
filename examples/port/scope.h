/* SPDX-License-Identifier: GPL-2.0 */
/* On Windows the include is <ntddk.h>; nothing else differs. */
#ifndef SCOPE_H
#define SCOPE_H

#include "contigmem_wdk.h"

/* What the card reads: where each chunk of the samples lies. */
typedef struct _SCOPE_DESCRIPTOR {
    ULONG64 Physical;
    ULONG Bytes;
    ULONG Done;
} SCOPE_DESCRIPTOR, *PSCOPE_DESCRIPTOR;

typedef struct _SCOPE_MEMORY {
    PHYSICAL_ADDRESS TablePhysical;     /* as in the card's register; nothing else knows the table */
    ULONG Chunks;
    PMDL SampleMdl;
    PMDL TableMdl;
    PVOID UserSamples;
    PVOID UserTable;
} SCOPE_MEMORY, *PSCOPE_MEMORY;

NTSTATUS ScopeAllocate(_Out_ PSCOPE_MEMORY Scope, SIZE_T Bytes);
VOID ScopeFree(_Inout_ PSCOPE_MEMORY Scope);
NTSTATUS ScopeMap(_Inout_ PSCOPE_MEMORY Scope);
VOID ScopeUnmap(_Inout_ PSCOPE_MEMORY Scope);
ULONG ScopeRun(_In_ PSCOPE_MEMORY Scope, UCHAR First);

#endif /* SCOPE_H */
