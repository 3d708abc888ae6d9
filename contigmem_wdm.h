/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The Windows-compatible face of contigmem: names, types, constants and calls
 * of wdm.h, written from Microsoft's public documentation.
 */
#ifndef CONTIGMEM_WDM_H
#define CONTIGMEM_WDM_H

#include <linux/mm.h>
#include <linux/types.h>

typedef s32 NTSTATUS;
typedef u32 ULONG;
typedef s32 LONG;
typedef s64 LONGLONG;
typedef size_t SIZE_T, *PSIZE_T;
typedef void *PVOID;
typedef u32 NODE_REQUIREMENT;

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
} LARGE_INTEGER;

/* Drivers pass -1 for "no limit": QuadPart is read as unsigned. */
typedef LARGE_INTEGER PHYSICAL_ADDRESS;

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
#define PAGE_READONLY				0x02
#define PAGE_READWRITE				0x04
#define PAGE_EXECUTE				0x10
#define PAGE_EXECUTE_READ			0x20
#define PAGE_EXECUTE_READWRITE			0x40
#define PAGE_NOCACHE				0x200
#define PAGE_WRITECOMBINE			0x400

#define NT_SUCCESS(status)			((NTSTATUS)(status) >= 0)

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

#endif /* CONTIGMEM_WDM_H */
