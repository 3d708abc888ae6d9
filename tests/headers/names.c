// SPDX-License-Identifier: GPL-2.0
/*
 * Uses every name of contigmem_wdm.h and contigmem_wdk.h once; make lint looks for each.
 */
#define CONTIGMEM_WINDOWS_PAGE_ALIGN
#define CONTIGMEM_WINDOWS_OLD_SAL
#include "contigmem_wdk.h"
#include "headers.h"

IN OUT OPTIONAL NTAPI NTKERNELAPI _In_ _In_opt_ _Out_ _Out_opt_ _Outptr_ _Outptr_opt_
_Outptr_result_maybenull_ _Inout_ _Inout_opt_ _Ret_maybenull_ _Ret_notnull_ _Pre_maybenull_
_Pre_notnull_ _Pre_valid_ _Post_invalid_ _Post_maybenull_ _Post_notnull_ _Post_ptr_invalid_
_Post_valid_ _Notnull_ _Maybenull_ _Null_ _Reserved_ _Const_ _Frees_ptr_ _Frees_ptr_opt_
_Check_return_ _Must_inspect_result_ _Use_decl_annotations_ _Interlocked_operand_
_IRQL_requires_same_ _IRQL_restores_ _IRQL_saves_ __drv_aliasesMem __drv_sameIRQL __in
__in_opt __out __out_opt __inout __inout_opt __deref_out __deref_out_opt __reserved
_In_reads_(1) _In_reads_opt_(1) _In_reads_bytes_(1) _In_reads_bytes_opt_(1) _In_range_(1, 2)
_Out_range_(1, 2) _Out_writes_(1) _Out_writes_opt_(1) _Out_writes_all_(1)
_Out_writes_to_(1, 2) _Out_writes_bytes_(1) _Out_writes_bytes_opt_(1)
_Out_writes_bytes_all_(1) _Out_writes_bytes_to_(1, 2) _Outptr_result_bytebuffer_(1)
_Inout_updates_(1) _Inout_updates_bytes_(1) _Ret_writes_bytes_(1)
_Ret_writes_bytes_maybenull_(1) _Post_writable_byte_size_(1) _Field_size_(1)
_Field_size_opt_(1) _Field_size_bytes_(1) _Field_range_(1, 2) _Struct_size_bytes_(1)
_Success_(1) _Return_type_success_(1) _Function_class_(1) _When_(1, 2) _At_(1, 2)
_Analysis_assume_(1) _Acquires_lock_(1) _Releases_lock_(1) _Requires_lock_held_(1)
_Requires_lock_not_held_(1) _IRQL_always_function_max_(1) _IRQL_raises_(1)
_IRQL_requires_(1) _IRQL_requires_max_(1) _IRQL_requires_min_(1) _IRQL_restores_global_(1, 2)
_IRQL_saves_global_(1, 2) __drv_allocatesMem(1) __drv_freesMem(1) __drv_maxIRQL(1)
__drv_minIRQL(1) __drv_requiresIRQL(1) __drv_strictType(1, 2) __drv_strictTypeMatch(1)
__in_bcount(1) __in_bcount_opt(1) __in_ecount(1) __in_ecount_opt(1) __out_bcount(1)
__out_bcount_opt(1) __out_ecount(1) __out_ecount_opt(1) __inout_bcount(1) __inout_ecount(1)
static CONST ULONG annotated = 1;

EXTERN_C int headers_names(PVOID pointer);

static const SIZE_T types[] = {
	sizeof(CHAR), sizeof(CCHAR), sizeof(PCHAR), sizeof(UCHAR), sizeof(BOOLEAN), sizeof(UINT8),
	sizeof(PUCHAR), sizeof(PBOOLEAN), sizeof(PUINT8), sizeof(INT8), sizeof(PINT8),
	sizeof(SHORT), sizeof(CSHORT), sizeof(INT16), sizeof(PSHORT), sizeof(PINT16),
	sizeof(USHORT), sizeof(UINT16), sizeof(PUSHORT), sizeof(PUINT16), sizeof(INT),
	sizeof(INT32), sizeof(LONG32), sizeof(PINT), sizeof(PINT32), sizeof(UINT), sizeof(UINT32),
	sizeof(ULONG32), sizeof(PUINT), sizeof(PUINT32), sizeof(NTSTATUS), sizeof(ULONG),
	sizeof(LOGICAL), sizeof(PULONG), sizeof(LONG), sizeof(PLONG), sizeof(LONGLONG),
	sizeof(LONG64), sizeof(INT64), sizeof(PLONGLONG), sizeof(PLONG64), sizeof(PINT64),
	sizeof(ULONGLONG), sizeof(ULONG64), sizeof(UINT64), sizeof(PULONGLONG), sizeof(PULONG64),
	sizeof(PUINT64), sizeof(LONG_PTR), sizeof(INT_PTR), sizeof(ULONG_PTR), sizeof(UINT_PTR),
	sizeof(PULONG_PTR), sizeof(SIZE_T), sizeof(PSIZE_T), sizeof(SSIZE_T), sizeof(WCHAR),
	sizeof(PWCHAR), sizeof(PWSTR), sizeof(PVOID), sizeof(HANDLE), sizeof(NODE_REQUIREMENT),
	sizeof(PFN_NUMBER), sizeof(PPFN_NUMBER), sizeof(LARGE_INTEGER), sizeof(PLARGE_INTEGER),
	sizeof(ULARGE_INTEGER), sizeof(PULARGE_INTEGER), sizeof(PHYSICAL_ADDRESS),
	sizeof(PPHYSICAL_ADDRESS), sizeof(MEMORY_CACHING_TYPE), sizeof(KPROCESSOR_MODE),
	sizeof(MODE), sizeof(MM_PAGE_PRIORITY), sizeof(PIRP), sizeof(MDL), sizeof(PMDL),
	sizeof(POOL_TYPE), sizeof(KIRQL), sizeof(PKIRQL), sizeof(KSPIN_LOCK), sizeof(PKSPIN_LOCK),
	sizeof(__int64),
};

static const long long constants[] = {
	TRUE, FALSE, (long long)MAXUCHAR, (long long)MAXUSHORT, (long long)MAXULONG, (long
	long)MAXLONG, (long long)MAXULONG64, (long long)MAXULONGLONG, (long long)MAXLONGLONG, (long
	long)MAXULONG_PTR, (long long)MAXSIZE_T, MM_ANY_NODE_OK,
	MM_ALLOCATE_CONTIGUOUS_MEMORY_FAST_ONLY, PAGE_NOACCESS, PAGE_READONLY, PAGE_READWRITE,
	PAGE_EXECUTE, PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE, PAGE_NOCACHE, PAGE_WRITECOMBINE,
	(long long)STATUS_SUCCESS, (long long)STATUS_NO_MEMORY, (long
	long)STATUS_OBJECT_TYPE_MISMATCH, (long long)STATUS_INVALID_PAGE_PROTECTION, (long
	long)STATUS_INSUFFICIENT_RESOURCES, (long long)STATUS_NOT_SUPPORTED, (long
	long)STATUS_INVALID_PARAMETER_1, (long long)STATUS_INVALID_PARAMETER_2, (long
	long)STATUS_INVALID_PARAMETER_3, (long long)STATUS_INVALID_PARAMETER_4, (long
	long)STATUS_INVALID_PARAMETER_5, (long long)STATUS_INVALID_PARAMETER_6, (long
	long)STATUS_INVALID_PARAMETER_7, (long long)STATUS_INVALID_PARAMETER_8, (long
	long)STATUS_INVALID_PARAMETER_9, (long long)STATUS_INVALID_PARAMETER_10, (long
	long)STATUS_PENDING, (long long)STATUS_BUFFER_OVERFLOW, (long long)STATUS_DEVICE_BUSY,
	(long long)STATUS_UNSUCCESSFUL, (long long)STATUS_NOT_IMPLEMENTED, (long
	long)STATUS_INVALID_PARAMETER, (long long)STATUS_NO_SUCH_DEVICE, (long
	long)STATUS_INVALID_DEVICE_REQUEST, (long long)STATUS_CONFLICTING_ADDRESSES, (long
	long)STATUS_ACCESS_DENIED, (long long)STATUS_BUFFER_TOO_SMALL, (long
	long)STATUS_INTEGER_OVERFLOW, (long long)STATUS_DEVICE_NOT_READY, (long
	long)STATUS_INVALID_ADDRESS, (long long)STATUS_INVALID_BUFFER_SIZE, (long
	long)STATUS_NOT_FOUND, MdlMappingNoWrite, MdlMappingNoExecute, MDL_MAPPED_TO_SYSTEM_VA,
	MDL_PAGES_LOCKED, MDL_SOURCE_IS_NONPAGED_POOL, MM_DONT_ZERO_ALLOCATION,
	MM_ALLOCATE_FROM_LOCAL_NODE_ONLY, MM_ALLOCATE_FULLY_REQUIRED, MM_ALLOCATE_NO_WAIT,
	MM_ALLOCATE_PREFER_CONTIGUOUS, MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS,
	POOL_RAISE_IF_ALLOCATION_FAILURE, POOL_COLD_ALLOCATION, POOL_NX_ALLOCATION,
	POOL_ZERO_ALLOCATION, POOL_FLAG_USE_QUOTA, POOL_FLAG_UNINITIALIZED, POOL_FLAG_SESSION,
	POOL_FLAG_CACHE_ALIGNED, POOL_FLAG_RAISE_ON_FAILURE, POOL_FLAG_NON_PAGED,
	POOL_FLAG_NON_PAGED_EXECUTE, POOL_FLAG_PAGED, DBG, PASSIVE_LEVEL, APC_LEVEL,
	DISPATCH_LEVEL, HIGH_LEVEL, ALL_PROCESSOR_GROUPS, MmNonCached, MmCached, MmWriteCombined,
	MmHardwareCoherentCached, MmNonCachedUnordered, MmUSWCCached, MmMaximumCacheType,
	MmNotMapped, KernelMode, UserMode, MaximumMode, LowPagePriority, NormalPagePriority,
	HighPagePriority, NonPagedPool, NonPagedPoolExecute, PagedPool, NonPagedPoolCacheAligned,
	PagedPoolCacheAligned, NonPagedPoolNx, NonPagedPoolNxCacheAligned,
};

static const void *const functions[] = {
	ExAllocatePool2, ExAllocatePoolWithTag, ExFreePool, ExFreePoolWithTag, IoAllocateMdl,
	IoFreeMdl, KeAcquireSpinLockRaiseToDpc, KeGetCurrentIrql, KeGetCurrentNodeNumber,
	KeGetCurrentProcessorNumber, KeLowerIrql, KeQueryActiveProcessorCountEx,
	KeQueryHighestNodeNumber, KeRaiseIrql, KeRaiseIrqlToDpcLevel, KeReleaseSpinLock,
	MmAllocateContiguousMemory, MmAllocateContiguousMemoryEx,
	MmAllocateContiguousMemorySpecifyCache, MmAllocateContiguousMemorySpecifyCacheNode,
	MmAllocateContiguousNodeMemory, MmAllocateNodePagesForMdlEx, MmAllocatePagesForMdlEx,
	MmBuildMdlForNonPagedPool, MmFreeContiguousMemory, MmFreeContiguousMemorySpecifyCache,
	MmFreePagesFromMdl, MmGetPhysicalAddress, MmGetSystemAddressForMdlSafe,
	MmGetVirtualForPhysical, MmMapLockedPagesSpecifyCache, MmUnmapLockedPages,
	RtlCompareMemory,
};

typedef struct DECLSPEC_ALIGN(16) _ALIGNED {
	ULONG Number;
	UCHAR Bytes[12];
} ALIGNED;

static FORCEINLINE VOID first(VOID)
{
	PAGED_CODE();
}

static __forceinline VOID second(VOID)
{
	KeMemoryBarrier();
	KeStallExecutionProcessor(1);
}

static ULONG_PTR pages(PVOID pointer, SIZE_T bytes)
{
	return BYTE_OFFSET(pointer) + BYTES_TO_PAGES(bytes) + ROUND_TO_PAGES(bytes) +
	       ADDRESS_AND_SIZE_TO_SPAN_PAGES(pointer, bytes) + ALIGN_DOWN_BY(bytes, 16) +
	       ALIGN_UP_BY(bytes, 16) + (ULONG_PTR)ALIGN_DOWN_POINTER_BY(pointer, 16) +
	       (ULONG_PTR)ALIGN_UP_POINTER_BY(pointer, 16) + (ULONG_PTR)PAGE_ALIGN(pointer);
}

static ULONG_PTR lists(PMDL mdl)
{
	return MmGetMdlPfnArray(mdl)[0] + MmGetMdlByteCount(mdl) + MmGetMdlByteOffset(mdl) +
	       (ULONG_PTR)MmGetMdlBaseVa(mdl) + (ULONG_PTR)MmGetMdlVirtualAddress(mdl);
}

static VOID locks(VOID)
{
	KSPIN_LOCK lock;
	KIRQL irql;

	KeInitializeSpinLock(&lock);
	KeAcquireSpinLock(&lock, &irql);
	KeReleaseSpinLock(&lock, irql);
	irql = KeRaiseIrqlToDpcLevel();
	KeAcquireSpinLockAtDpcLevel(&lock);
	KeReleaseSpinLockFromDpcLevel(&lock);
	KeLowerIrql(irql);
}

static int memory(ALIGNED *one, ALIGNED *other)
{
	RtlZeroMemory(one, sizeof(*one));
	RtlFillMemory(other, sizeof(*other), 1);
	RtlCopyMemory(one, other, sizeof(*one));
	RtlMoveMemory(one, other, sizeof(*one));
	RtlSecureZeroMemory(one, sizeof(*one));
	return RtlEqualMemory(one, other, sizeof(*one)) + FIELD_OFFSET(ALIGNED, Bytes) +
	       RTL_FIELD_SIZE(ALIGNED, Bytes) +
	       CONTAINING_RECORD(&one->Bytes, ALIGNED, Bytes)->Number;
}

int headers_names(PVOID pointer)
{
	ALIGNED one, other;
	ULONG unused = annotated;
	NTSTATUS status = STATUS_SUCCESS;

	UNREFERENCED_PARAMETER(unused);
	DBG_UNREFERENCED_PARAMETER(unused);
	DBG_UNREFERENCED_LOCAL_VARIABLE(unused);
	first();
	second();
	locks();
	ASSERT(pointer);
	NT_ASSERT(pointer);
	KdPrint(("%p\n", pointer));
	DbgPrint("%p\n", pointer);
	DbgPrintEx(0, 0, "%p\n", pointer);
	ExFreePool(ExAllocatePool(NonPagedPool, 1));
	return pages(pointer, 1) + lists(pointer) + memory(&one, &other) + ARRAYSIZE(types) +
	       RTL_NUMBER_OF(constants) + ARRAYSIZE(functions) + NT_SUCCESS(status) +
	       NT_INFORMATION(status) + NT_WARNING(status) + NT_ERROR(status);
}
