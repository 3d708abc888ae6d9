/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The Windows-compatible face of contigmem: names, types, constants and calls
 * of wdm.h, written from Microsoft's public documentation.
 *
 * Two macros, defined before the first include of this header, replace names that Linux
 * has for something else, so include Linux's headers before:
 *
 * CONTIGMEM_WINDOWS_PAGE_ALIGN: PAGE_ALIGN() rounds an address down, and returns a pointer.
 *	Linux's rounds up; for integers the difference is silent.
 * CONTIGMEM_WINDOWS_OLD_SAL: __in, __out and the like. Linux's wait_event() has a label
 *	__out, and does not compile in such a file.
 */
#ifndef CONTIGMEM_WDM_H
#define CONTIGMEM_WDM_H

#include <linux/bug.h>
#include <linux/container_of.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/topology.h>
#include <linux/types.h>

#define VOID			void
#define CONST			const
#define IN
#define OUT
#define OPTIONAL
#define NTAPI
#define NTKERNELAPI
#define EXTERN_C		extern
#define __int64			long long
/* As in C99, so that it goes with and without "static". */
#define FORCEINLINE		__inline __attribute__((__always_inline__))
#define __forceinline		FORCEINLINE
#define DECLSPEC_ALIGN(bytes)	__aligned(bytes)

#ifndef TRUE
#define TRUE			1
#endif
#ifndef FALSE
#define FALSE			0
#endif

typedef char CHAR, CCHAR, *PCHAR;
typedef unsigned char UCHAR, BOOLEAN, UINT8, *PUCHAR, *PBOOLEAN, *PUINT8;
typedef signed char INT8, *PINT8;
typedef short SHORT, CSHORT, INT16, *PSHORT, *PINT16;
typedef unsigned short USHORT, UINT16, *PUSHORT, *PUINT16;
typedef int INT, INT32, LONG32, *PINT, *PINT32;
typedef unsigned int UINT, UINT32, ULONG32, *PUINT, *PUINT32;
typedef s32 NTSTATUS;
typedef u32 ULONG, LOGICAL, *PULONG;
typedef s32 LONG, *PLONG;
typedef long long LONGLONG, LONG64, INT64, *PLONGLONG, *PLONG64, *PINT64;
typedef unsigned long long ULONGLONG, ULONG64, UINT64, *PULONGLONG, *PULONG64, *PUINT64;
typedef long LONG_PTR, INT_PTR;
typedef unsigned long ULONG_PTR, UINT_PTR, *PULONG_PTR;
typedef size_t SIZE_T, *PSIZE_T;
typedef ssize_t SSIZE_T;
typedef u16 WCHAR, *PWCHAR, *PWSTR;
typedef void *PVOID, *HANDLE;
typedef u32 NODE_REQUIREMENT;
typedef ULONG_PTR PFN_NUMBER, *PPFN_NUMBER;

#define MAXUCHAR		0xff
#define MAXUSHORT		0xffff
#define MAXULONG		0xffffffffu
#define MAXLONG			0x7fffffff
#define MAXULONG64		U64_MAX
#define MAXULONGLONG		U64_MAX
#define MAXLONGLONG		S64_MAX
#define MAXULONG_PTR		ULONG_MAX
#define MAXSIZE_T		SIZE_MAX

/* Annotations of the Windows compiler, which say nothing to this one. */
#define _In_
#define _In_opt_
#define _In_reads_(count)
#define _In_reads_opt_(count)
#define _In_reads_bytes_(bytes)
#define _In_reads_bytes_opt_(bytes)
#define _In_range_(low, high)
#define _Out_
#define _Out_opt_
#define _Out_range_(low, high)
#define _Out_writes_(count)
#define _Out_writes_opt_(count)
#define _Out_writes_all_(count)
#define _Out_writes_to_(count, used)
#define _Out_writes_bytes_(bytes)
#define _Out_writes_bytes_opt_(bytes)
#define _Out_writes_bytes_all_(bytes)
#define _Out_writes_bytes_to_(bytes, used)
#define _Outptr_
#define _Outptr_opt_
#define _Outptr_result_maybenull_
#define _Outptr_result_bytebuffer_(bytes)
#define _Inout_
#define _Inout_opt_
#define _Inout_updates_(count)
#define _Inout_updates_bytes_(bytes)
#define _Ret_maybenull_
#define _Ret_notnull_
#define _Ret_writes_bytes_(bytes)
#define _Ret_writes_bytes_maybenull_(bytes)
#define _Pre_maybenull_
#define _Pre_notnull_
#define _Pre_valid_
#define _Post_invalid_
#define _Post_maybenull_
#define _Post_notnull_
#define _Post_ptr_invalid_
#define _Post_valid_
#define _Post_writable_byte_size_(bytes)
#define _Notnull_
#define _Maybenull_
#define _Null_
#define _Reserved_
#define _Const_
#define _Frees_ptr_
#define _Frees_ptr_opt_
#define _Field_size_(count)
#define _Field_size_opt_(count)
#define _Field_size_bytes_(bytes)
#define _Field_range_(low, high)
#define _Struct_size_bytes_(bytes)
#define _Check_return_
#define _Must_inspect_result_
#define _Use_decl_annotations_
#define _Success_(condition)
#define _Return_type_success_(condition)
#define _Function_class_(name)
#define _When_(condition, annotation)
#define _At_(target, annotation)
#define _Analysis_assume_(condition)
#define _Interlocked_operand_
#define _Acquires_lock_(lock)
#define _Releases_lock_(lock)
#define _Requires_lock_held_(lock)
#define _Requires_lock_not_held_(lock)
#define _IRQL_always_function_max_(irql)
#define _IRQL_raises_(irql)
#define _IRQL_requires_(irql)
#define _IRQL_requires_max_(irql)
#define _IRQL_requires_min_(irql)
#define _IRQL_requires_same_
#define _IRQL_restores_
#define _IRQL_restores_global_(kind, parameter)
#define _IRQL_saves_
#define _IRQL_saves_global_(kind, parameter)
#define __drv_aliasesMem
#define __drv_allocatesMem(kind)
#define __drv_freesMem(kind)
#define __drv_maxIRQL(irql)
#define __drv_minIRQL(irql)
#define __drv_requiresIRQL(irql)
#define __drv_sameIRQL
#define __drv_strictType(type, mode)
#define __drv_strictTypeMatch(mode)
#ifdef CONTIGMEM_WINDOWS_OLD_SAL
#define __in
#define __in_opt
#define __in_bcount(bytes)
#define __in_bcount_opt(bytes)
#define __in_ecount(count)
#define __in_ecount_opt(count)
#define __out
#define __out_opt
#define __out_bcount(bytes)
#define __out_bcount_opt(bytes)
#define __out_ecount(count)
#define __out_ecount_opt(count)
#define __inout
#define __inout_opt
#define __inout_bcount(bytes)
#define __inout_ecount(count)
#define __deref_out
#define __deref_out_opt
#define __reserved
#endif

#define UNREFERENCED_PARAMETER(name)		((void)(name))
#define DBG_UNREFERENCED_PARAMETER(name)	((void)(name))
#define DBG_UNREFERENCED_LOCAL_VARIABLE(name)	((void)(name))

#define ARRAYSIZE(array)			ARRAY_SIZE(array)
#define RTL_NUMBER_OF(array)			ARRAY_SIZE(array)
#define FIELD_OFFSET(type, field)		((LONG)offsetof(type, field))
#define RTL_FIELD_SIZE(type, field)		sizeof_field(type, field)
/* Any pointer to the field, of whatever type. */
#define CONTAINING_RECORD(address, type, field)	container_of((void *)(address), type, field)

#define RtlZeroMemory(to, bytes)		memset(to, 0, bytes)
#define RtlFillMemory(to, bytes, value)		memset(to, value, bytes)
#define RtlCopyMemory(to, from, bytes)		memcpy(to, from, bytes)
#define RtlMoveMemory(to, from, bytes)		memmove(to, from, bytes)
#define RtlEqualMemory(one, other, bytes)	(!memcmp(one, other, bytes))
#define RtlSecureZeroMemory(to, bytes)		memzero_explicit(to, bytes)

/* Pages: the same size as Linux's PAGE_SIZE, and PAGE_SHIFT. */
#define BYTE_OFFSET(address)			((ULONG)offset_in_page(address))
#define BYTES_TO_PAGES(bytes)	\
	(((bytes) >> PAGE_SHIFT) + (((bytes) & (PAGE_SIZE - 1)) != 0))
#define ROUND_TO_PAGES(bytes)	\
	(((ULONG_PTR)(bytes) + PAGE_SIZE - 1) & ~(ULONG_PTR)(PAGE_SIZE - 1))
#define ADDRESS_AND_SIZE_TO_SPAN_PAGES(address, bytes)	\
	((ULONG)((BYTE_OFFSET(address) + (SIZE_T)(bytes) + PAGE_SIZE - 1) >> PAGE_SHIFT))
#define ALIGN_DOWN_BY(value, power)		((ULONG_PTR)(value) & ~((ULONG_PTR)(power) - 1))
#define ALIGN_UP_BY(value, power)	\
	(((ULONG_PTR)(value) + (power) - 1) & ~((ULONG_PTR)(power) - 1))
#define ALIGN_DOWN_POINTER_BY(address, power)	((PVOID)ALIGN_DOWN_BY(address, power))
#define ALIGN_UP_POINTER_BY(address, power)	((PVOID)ALIGN_UP_BY(address, power))
#ifdef CONTIGMEM_WINDOWS_PAGE_ALIGN
#undef PAGE_ALIGN
#define PAGE_ALIGN(address)			ALIGN_DOWN_POINTER_BY(address, PAGE_SIZE)
#endif

typedef union _LARGE_INTEGER {
	struct {
		ULONG LowPart;
		LONG HighPart;
	};
	struct {
		ULONG LowPart;
		LONG HighPart;
	} u;
	LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

typedef union _ULARGE_INTEGER {
	struct {
		ULONG LowPart;
		ULONG HighPart;
	};
	struct {
		ULONG LowPart;
		ULONG HighPart;
	} u;
	ULONGLONG QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;

/* Drivers pass -1 for "no limit": QuadPart is read as unsigned. */
typedef LARGE_INTEGER PHYSICAL_ADDRESS, *PPHYSICAL_ADDRESS;

typedef enum _MEMORY_CACHING_TYPE {
	MmNonCached = 0,
	MmCached = 1,
	MmWriteCombined = 2,
	MmHardwareCoherentCached = 3,
	MmNonCachedUnordered = 4,
	MmUSWCCached = 5,
	MmMaximumCacheType = 6,
	MmNotMapped = -1
} MEMORY_CACHING_TYPE;

#define MM_ANY_NODE_OK				0x80000000u
#define MM_ALLOCATE_CONTIGUOUS_MEMORY_FAST_ONLY	0x1u

/*
 * x86 Linux has a PAGE_READONLY of its own, for user mappings. A file that
 * includes this header means the Windows one; <linux/mm.h> above has defined
 * the other, so that the order of the includes does not matter.
 */
#undef PAGE_READONLY
#define PAGE_NOACCESS				0x01
#define PAGE_READONLY				0x02
#define PAGE_READWRITE				0x04
#define PAGE_EXECUTE				0x10
#define PAGE_EXECUTE_READ			0x20
#define PAGE_EXECUTE_READWRITE			0x40
#define PAGE_NOCACHE				0x200
#define PAGE_WRITECOMBINE			0x400

#define NT_SUCCESS(status)			((NTSTATUS)(status) >= 0)
#define NT_INFORMATION(status)			((ULONG)(status) >> 30 == 1)
#define NT_WARNING(status)			((ULONG)(status) >> 30 == 2)
#define NT_ERROR(status)			((ULONG)(status) >> 30 == 3)

/*
 * Which cause gets which status is undocumented by Microsoft; this is ours:
 * the number of the bad argument; of several the first, but a NULL pointer
 * before all.
 */
#define STATUS_SUCCESS				((NTSTATUS)0x00000000)
#define STATUS_NO_MEMORY			((NTSTATUS)0xC0000017)
#define STATUS_OBJECT_TYPE_MISMATCH		((NTSTATUS)0xC0000024)
#define STATUS_INVALID_PAGE_PROTECTION		((NTSTATUS)0xC0000045)
#define STATUS_INSUFFICIENT_RESOURCES		((NTSTATUS)0xC000009A)
#define STATUS_NOT_SUPPORTED			((NTSTATUS)0xC00000BB)
#define STATUS_INVALID_PARAMETER_1		((NTSTATUS)0xC00000EF)
#define STATUS_INVALID_PARAMETER_2		((NTSTATUS)0xC00000F0)
#define STATUS_INVALID_PARAMETER_3		((NTSTATUS)0xC00000F1)
#define STATUS_INVALID_PARAMETER_4		((NTSTATUS)0xC00000F2)
#define STATUS_INVALID_PARAMETER_5		((NTSTATUS)0xC00000F3)
#define STATUS_INVALID_PARAMETER_6		((NTSTATUS)0xC00000F4)
#define STATUS_INVALID_PARAMETER_7		((NTSTATUS)0xC00000F5)
#define STATUS_INVALID_PARAMETER_8		((NTSTATUS)0xC00000F6)
#define STATUS_INVALID_PARAMETER_9		((NTSTATUS)0xC00000F7)
#define STATUS_INVALID_PARAMETER_10		((NTSTATUS)0xC00000F8)

/* Statuses that no call here returns, for the drivers around them. */
#define STATUS_PENDING				((NTSTATUS)0x00000103)
#define STATUS_BUFFER_OVERFLOW			((NTSTATUS)0x80000005)
#define STATUS_DEVICE_BUSY			((NTSTATUS)0x80000011)
#define STATUS_UNSUCCESSFUL			((NTSTATUS)0xC0000001)
#define STATUS_NOT_IMPLEMENTED			((NTSTATUS)0xC0000002)
#define STATUS_INVALID_PARAMETER		((NTSTATUS)0xC000000D)
#define STATUS_NO_SUCH_DEVICE			((NTSTATUS)0xC000000E)
#define STATUS_INVALID_DEVICE_REQUEST		((NTSTATUS)0xC0000010)
#define STATUS_CONFLICTING_ADDRESSES		((NTSTATUS)0xC0000018)
#define STATUS_ACCESS_DENIED			((NTSTATUS)0xC0000022)
#define STATUS_BUFFER_TOO_SMALL			((NTSTATUS)0xC0000023)
#define STATUS_INTEGER_OVERFLOW			((NTSTATUS)0xC0000095)
#define STATUS_DEVICE_NOT_READY			((NTSTATUS)0xC00000A3)
#define STATUS_INVALID_ADDRESS			((NTSTATUS)0xC0000141)
#define STATUS_INVALID_BUFFER_SIZE		((NTSTATUS)0xC0000206)
#define STATUS_NOT_FOUND			((NTSTATUS)0xC0000225)

NTSTATUS MmAllocateContiguousMemoryEx(PSIZE_T NumberOfBytes,
				      PHYSICAL_ADDRESS LowestAcceptableAddress,
				      PHYSICAL_ADDRESS HighestAcceptableAddress,
				      PHYSICAL_ADDRESS BoundaryAddressMultiple,
				      NODE_REQUIREMENT PreferredNode, ULONG Protect,
				      PVOID PartitionObject, ULONG Tag, ULONG Flags,
				      PVOID *BaseAddress);
PVOID MmAllocateContiguousMemorySpecifyCacheNode(SIZE_T NumberOfBytes,
						 PHYSICAL_ADDRESS LowestAcceptableAddress,
						 PHYSICAL_ADDRESS HighestAcceptableAddress,
						 PHYSICAL_ADDRESS BoundaryAddressMultiple,
						 MEMORY_CACHING_TYPE CacheType,
						 NODE_REQUIREMENT PreferredNode);
PVOID MmAllocateContiguousNodeMemory(SIZE_T NumberOfBytes,
				     PHYSICAL_ADDRESS LowestAcceptableAddress,
				     PHYSICAL_ADDRESS HighestAcceptableAddress,
				     PHYSICAL_ADDRESS BoundaryAddressMultiple,
				     ULONG Protect, NODE_REQUIREMENT PreferredNode);
PVOID MmAllocateContiguousMemorySpecifyCache(SIZE_T NumberOfBytes,
					     PHYSICAL_ADDRESS LowestAcceptableAddress,
					     PHYSICAL_ADDRESS HighestAcceptableAddress,
					     PHYSICAL_ADDRESS BoundaryAddressMultiple,
					     MEMORY_CACHING_TYPE CacheType);
PVOID MmAllocateContiguousMemory(SIZE_T NumberOfBytes, PHYSICAL_ADDRESS HighestAcceptableAddress);
void MmFreeContiguousMemory(PVOID BaseAddress);
void MmFreeContiguousMemorySpecifyCache(PVOID BaseAddress, SIZE_T NumberOfBytes,
					MEMORY_CACHING_TYPE CacheType);
PHYSICAL_ADDRESS MmGetPhysicalAddress(PVOID BaseAddress);
PVOID MmGetVirtualForPhysical(PHYSICAL_ADDRESS PhysicalAddress);

typedef CCHAR KPROCESSOR_MODE;

typedef enum _MODE {
	KernelMode,
	UserMode,
	MaximumMode
} MODE;

typedef enum _MM_PAGE_PRIORITY {
	LowPagePriority = 0,
	NormalPagePriority = 16,
	HighPagePriority = 32
} MM_PAGE_PRIORITY;

#define MdlMappingNoWrite			0x80000000u
#define MdlMappingNoExecute			0x40000000u

#define MDL_MAPPED_TO_SYSTEM_VA			0x0001
#define MDL_PAGES_LOCKED			0x0002
#define MDL_SOURCE_IS_NONPAGED_POOL		0x0004

/* There are none. */
typedef struct _IRP *PIRP;

/*
 * A buffer and its pages. For a driver it has Next, MdlFlags and what the macros below
 * return. The page numbers stand behind it.
 */
typedef struct _MDL {
	struct _MDL *Next;
	USHORT MdlFlags;
	USHORT Kind;
	ULONG ByteCount;
	ULONG ByteOffset;
	PVOID MappedSystemVa;
	PVOID StartVa;
	PVOID Mapping;
} MDL, *PMDL;

#define MmGetMdlPfnArray(mdl)			((PPFN_NUMBER)((mdl) + 1))
#define MmGetMdlByteCount(mdl)			((mdl)->ByteCount)
#define MmGetMdlByteOffset(mdl)			((mdl)->ByteOffset)
#define MmGetMdlBaseVa(mdl)			((mdl)->StartVa)
#define MmGetMdlVirtualAddress(mdl)	\
	((PVOID)((PUCHAR)(mdl)->StartVa + (mdl)->ByteOffset))

#define MM_DONT_ZERO_ALLOCATION			0x00000001u
#define MM_ALLOCATE_FROM_LOCAL_NODE_ONLY	0x00000002u
#define MM_ALLOCATE_FULLY_REQUIRED		0x00000004u
#define MM_ALLOCATE_NO_WAIT			0x00000008u
#define MM_ALLOCATE_PREFER_CONTIGUOUS		0x00000010u
#define MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS	0x00000020u

PMDL IoAllocateMdl(PVOID VirtualAddress, ULONG Length, BOOLEAN SecondaryBuffer,
		   BOOLEAN ChargeQuota, PIRP Irp);
void IoFreeMdl(PMDL Mdl);
void MmBuildMdlForNonPagedPool(PMDL MemoryDescriptorList);
PVOID MmGetSystemAddressForMdlSafe(PMDL Mdl, ULONG Priority);
PVOID MmMapLockedPagesSpecifyCache(PMDL MemoryDescriptorList, KPROCESSOR_MODE AccessMode,
				   MEMORY_CACHING_TYPE CacheType, PVOID RequestedAddress,
				   ULONG BugCheckOnFailure, ULONG Priority);
void MmUnmapLockedPages(PVOID BaseAddress, PMDL MemoryDescriptorList);
PMDL MmAllocatePagesForMdlEx(PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress,
			     PHYSICAL_ADDRESS SkipBytes, SIZE_T TotalBytes,
			     MEMORY_CACHING_TYPE CacheType, ULONG Flags);
PMDL MmAllocateNodePagesForMdlEx(PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress,
				 PHYSICAL_ADDRESS SkipBytes, SIZE_T TotalBytes,
				 MEMORY_CACHING_TYPE CacheType, ULONG IdealNode, ULONG Flags);
void MmFreePagesFromMdl(PMDL MemoryDescriptorList);
/* For the MDL itself, after MmFreePagesFromMdl(). */
void ExFreePool(PVOID Memory);

/* How many bytes are the same, from the first on. */
static inline SIZE_T RtlCompareMemory(const void *one, const void *other, SIZE_T bytes)
{
	const UCHAR *a = one, *b = other;
	SIZE_T same;

	for (same = 0; same < bytes && a[same] == b[same]; same++)
		;
	return same;
}

/* The node of the processor that asks, which the scheduler may change at once. */
static inline USHORT KeGetCurrentNodeNumber(void)
{
	return numa_node_id();
}

static inline USHORT KeQueryHighestNodeNumber(void)
{
	USHORT highest = 0;
	int nid;

	for_each_online_node(nid)
		highest = nid;
	return highest;
}

#endif /* CONTIGMEM_WDM_H */
