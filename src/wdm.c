// SPDX-License-Identifier: GPL-2.0
/*
 * The Windows-compatible API, written on contigmem.h: contigmem_alloc() checks a request,
 * and its reason becomes a status here.
 */
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/nodemask.h>

#include "../contigmem.h"
#include "../contigmem_wdm.h"
#include "block.h"
#include "context.h"
#include "virt.h"
#include "wdm.h"

static const NTSTATUS wdm_statuses[CONTIGMEM_NR_REASONS] = {
	[CONTIGMEM_OK] = STATUS_SUCCESS,
	[CONTIGMEM_BAD_SIZE] = STATUS_INVALID_PARAMETER_1,
	[CONTIGMEM_BAD_RANGE] = STATUS_INVALID_PARAMETER_3,
	[CONTIGMEM_BAD_BOUNDARY] = STATUS_INVALID_PARAMETER_4,
	[CONTIGMEM_BAD_NODE] = STATUS_INVALID_PARAMETER_5,
	[CONTIGMEM_BAD_CACHE] = STATUS_INVALID_PAGE_PROTECTION,
	[CONTIGMEM_BAD_PARTITION] = STATUS_OBJECT_TYPE_MISMATCH,
	[CONTIGMEM_BAD_FLAGS] = STATUS_INVALID_PARAMETER_9,
	[CONTIGMEM_NO_PLACE] = STATUS_INSUFFICIENT_RESOURCES,
	[CONTIGMEM_NO_MEMORY] = STATUS_INSUFFICIENT_RESOURCES,
	[CONTIGMEM_NODE_HAS_NONE] = STATUS_INSUFFICIENT_RESOURCES,
	[CONTIGMEM_NOT_IN_PARTITION] = STATUS_INSUFFICIENT_RESOURCES,
	[CONTIGMEM_OVER_LIMIT] = STATUS_INSUFFICIENT_RESOURCES,
	[CONTIGMEM_NO_FREE_RUN] = STATUS_INSUFFICIENT_RESOURCES,
	[CONTIGMEM_BLOCKED] = STATUS_INSUFFICIENT_RESOURCES,
	[CONTIGMEM_STILL_BUSY] = STATUS_INSUFFICIENT_RESOURCES,
	[CONTIGMEM_BUDGET_SPENT] = STATUS_INSUFFICIENT_RESOURCES,
	[CONTIGMEM_NO_TARGET] = STATUS_INSUFFICIENT_RESOURCES,
	[CONTIGMEM_LOW_MEMORY] = STATUS_INSUFFICIENT_RESOURCES,
	[CONTIGMEM_NO_BOOKKEEPING] = STATUS_NO_MEMORY,
	[CONTIGMEM_WOULD_SLEEP] = STATUS_INSUFFICIENT_RESOURCES,
	[CONTIGMEM_NO_CACHE_TYPE] = STATUS_NOT_SUPPORTED,
	[CONTIGMEM_PARTITION_CACHE] = STATUS_NOT_SUPPORTED,
	[CONTIGMEM_PARTITION_MIGRATES] = STATUS_NOT_SUPPORTED,
	[CONTIGMEM_TIMED_OUT] = STATUS_INSUFFICIENT_RESOURCES,
	[CONTIGMEM_INTERRUPTED] = STATUS_INSUFFICIENT_RESOURCES,
};

/* Returns %CONTIGMEM_NR_CACHES, which contigmem_alloc() refuses, for a value not accepted. */
static enum contigmem_cache wdm_cache_protect(ULONG protect, unsigned int *flags)
{
	ULONG access = protect & ~(PAGE_NOCACHE | PAGE_WRITECOMBINE);

	/* Never executable: a writable and executable page is a hole. */
	if (access == PAGE_READONLY)
		*flags |= CONTIGMEM_READONLY;
	else if (access != PAGE_READWRITE)
		return CONTIGMEM_NR_CACHES;

	switch (protect & (PAGE_NOCACHE | PAGE_WRITECOMBINE)) {
	case 0:
		return CONTIGMEM_CACHED;
	case PAGE_NOCACHE:
		return CONTIGMEM_UNCACHED;
	case PAGE_WRITECOMBINE:
		return CONTIGMEM_WRITECOMBINE;
	default:
		return CONTIGMEM_NR_CACHES;
	}
}

/* Returns %CONTIGMEM_NR_CACHES, which contigmem_alloc() refuses, for a type not accepted. */
enum contigmem_cache ctgm_wdm_cache(MEMORY_CACHING_TYPE type)
{
	switch (type) {
	case MmNonCached:
		return CONTIGMEM_UNCACHED;
	case MmCached:
		return CONTIGMEM_CACHED;
	case MmWriteCombined:
		return CONTIGMEM_WRITECOMBINE;
	default:
		return CONTIGMEM_NR_CACHES;
	}
}

/* A node number beyond those of any machine stays invalid. */
static int wdm_nid(NODE_REQUIREMENT node)
{
	if (node == MM_ANY_NODE_OK)
		return NUMA_NO_NODE;
	return min_t(NODE_REQUIREMENT, node & ~MM_ANY_NODE_OK, INT_MAX);
}

static gfp_t wdm_gfp(void)
{
	return ctgm_may_sleep() ? GFP_KERNEL : GFP_ATOMIC;
}

/**
 * MmAllocateContiguousMemoryEx() - allocate physically contiguous memory
 * @NumberOfBytes: in: bytes wanted; out: bytes allocated, whole pages;
 *	unchanged after a failure
 * @LowestAcceptableAddress: first acceptable byte
 * @HighestAcceptableAddress: last acceptable byte, inclusive; -1 for no limit
 * @BoundaryAddressMultiple: power of two whose multiples the block does not
 *	cross, at least a page and the size; 0 for none
 * @PreferredNode: node to prefer, MM_ANY_NODE_OK for any; others are used
 *	where it has none
 * @Protect: PAGE_READWRITE or PAGE_READONLY, with at most one of PAGE_NOCACHE
 *	and PAGE_WRITECOMBINE; executable is refused (our decision)
 * @PartitionObject: a struct contigmem_partition, from there and nowhere else; NULL
 *	for the system's memory
 * @Tag: four characters, first in the lowest byte; 0 for none
 * @Flags: MM_ALLOCATE_CONTIGUOUS_MEMORY_FAST_ONLY: neither migrate nor reclaim
 * @BaseAddress: the block, NULL after a failure; to be freed with
 *	MmFreeContiguousMemory()
 *
 * Context: Any but NMI (IRQL <= DISPATCH_LEVEL). Where it must not sleep it does not,
 *	and gets what its partition, arenas and the page allocator have. With PREEMPT_RT it
 *	gets STATUS_INSUFFICIENT_RESOURCES where preemption or interrupts are off, which
 *	they are not in softirqs and threaded handlers there.
 * Return: STATUS_SUCCESS, or (which cause gets which is our decision):
 *
 * * STATUS_INVALID_PARAMETER_n: the n-th argument is wrong; of several the
 *   first is told, but NULL pointers before all
 * * STATUS_INVALID_PAGE_PROTECTION: @Protect is not accepted
 * * STATUS_OBJECT_TYPE_MISMATCH: @PartitionObject is not an open partition
 * * STATUS_INSUFFICIENT_RESOURCES: no range satisfies the request now, or ever
 * * STATUS_NO_MEMORY: no memory for bookkeeping
 * * STATUS_NOT_SUPPORTED: this kernel or CPU lacks the cache type, or the
 *   partition has another
 */
NTSTATUS MmAllocateContiguousMemoryEx(PSIZE_T NumberOfBytes,
				      PHYSICAL_ADDRESS LowestAcceptableAddress,
				      PHYSICAL_ADDRESS HighestAcceptableAddress,
				      PHYSICAL_ADDRESS BoundaryAddressMultiple,
				      NODE_REQUIREMENT PreferredNode, ULONG Protect,
				      PVOID PartitionObject, ULONG Tag, ULONG Flags,
				      PVOID *BaseAddress)
{
	struct contigmem_request req = {};
	struct contigmem_verdict verdict;
	void *vaddr;

	if (!BaseAddress)
		return STATUS_INVALID_PARAMETER_10;
	*BaseAddress = NULL;
	if (!NumberOfBytes)
		return STATUS_INVALID_PARAMETER_1;

	req.size = *NumberOfBytes;
	req.low = LowestAcceptableAddress.QuadPart;
	req.high = HighestAcceptableAddress.QuadPart;
	req.boundary = BoundaryAddressMultiple.QuadPart;
	req.nid = wdm_nid(PreferredNode);
	req.cache = wdm_cache_protect(Protect, &req.flags);
	req.tag = Tag;
	req.partition = PartitionObject;
	req.verdict = &verdict;
	if (Flags & MM_ALLOCATE_CONTIGUOUS_MEMORY_FAST_ONLY)
		req.flags |= CONTIGMEM_FAST;
	if (Flags & ~MM_ALLOCATE_CONTIGUOUS_MEMORY_FAST_ONLY)
		req.flags = -1;		/* no flag of ours either */

	vaddr = contigmem_alloc_track_caller(&req, wdm_gfp(), __builtin_return_address(0));
	if (!IS_ERR(vaddr)) {
		*NumberOfBytes = PAGE_ALIGN(req.size);
		*BaseAddress = vaddr;
	}
	return wdm_statuses[verdict.reason];
}
EXPORT_SYMBOL_GPL(MmAllocateContiguousMemoryEx);

/* The older calls return no more than NULL on failure. */
static PVOID wdm_allocate(struct contigmem_request *req, NODE_REQUIREMENT node, const void *caller)
{
	gfp_t gfp = wdm_gfp();
	void *vaddr;

	/* A machine with one node takes any; with more a node is meant strictly. */
	if (num_online_nodes() > 1)
		req->nid = wdm_nid(node);
	if (req->nid != NUMA_NO_NODE && !(node & MM_ANY_NODE_OK))
		gfp |= __GFP_THISNODE;
	vaddr = contigmem_alloc_track_caller(req, gfp, caller);
	return IS_ERR(vaddr) ? NULL : vaddr;
}

/**
 * MmAllocateContiguousMemorySpecifyCacheNode() - allocate physically contiguous memory
 * @NumberOfBytes: bytes wanted, rounded up to whole pages
 * @LowestAcceptableAddress: first acceptable byte
 * @HighestAcceptableAddress: last acceptable byte, inclusive; -1 for no limit
 * @BoundaryAddressMultiple: as for MmAllocateContiguousMemoryEx()
 * @CacheType: MmCached, MmNonCached or MmWriteCombined; any other is refused
 * @PreferredNode: the node, strictly, despite the name; MM_ANY_NODE_OK alone
 *	for any, and with a node to prefer that node. A machine with one node
 *	takes any.
 *
 * Context: As MmAllocateContiguousMemoryEx().
 * Return: The block, to be freed with MmFreeContiguousMemory() or
 *	MmFreeContiguousMemorySpecifyCache(); NULL if it cannot be had.
 */
PVOID MmAllocateContiguousMemorySpecifyCacheNode(SIZE_T NumberOfBytes,
						 PHYSICAL_ADDRESS LowestAcceptableAddress,
						 PHYSICAL_ADDRESS HighestAcceptableAddress,
						 PHYSICAL_ADDRESS BoundaryAddressMultiple,
						 MEMORY_CACHING_TYPE CacheType,
						 NODE_REQUIREMENT PreferredNode)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(NumberOfBytes);

	req.low = LowestAcceptableAddress.QuadPart;
	req.high = HighestAcceptableAddress.QuadPart;
	req.boundary = BoundaryAddressMultiple.QuadPart;
	req.cache = ctgm_wdm_cache(CacheType);
	return wdm_allocate(&req, PreferredNode, __builtin_return_address(0));
}
EXPORT_SYMBOL_GPL(MmAllocateContiguousMemorySpecifyCacheNode);

/**
 * MmAllocateContiguousNodeMemory() - allocate physically contiguous memory
 * @NumberOfBytes: bytes wanted, rounded up to whole pages
 * @LowestAcceptableAddress: first acceptable byte
 * @HighestAcceptableAddress: last acceptable byte, inclusive; -1 for no limit
 * @BoundaryAddressMultiple: as for MmAllocateContiguousMemoryEx()
 * @Protect: as for MmAllocateContiguousMemoryEx()
 * @PreferredNode: as for MmAllocateContiguousMemorySpecifyCacheNode()
 *
 * Context: As MmAllocateContiguousMemoryEx().
 * Return: The block, to be freed with MmFreeContiguousMemory(); NULL if it cannot
 *	be had.
 */
PVOID MmAllocateContiguousNodeMemory(SIZE_T NumberOfBytes,
				     PHYSICAL_ADDRESS LowestAcceptableAddress,
				     PHYSICAL_ADDRESS HighestAcceptableAddress,
				     PHYSICAL_ADDRESS BoundaryAddressMultiple,
				     ULONG Protect, NODE_REQUIREMENT PreferredNode)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(NumberOfBytes);

	req.low = LowestAcceptableAddress.QuadPart;
	req.high = HighestAcceptableAddress.QuadPart;
	req.boundary = BoundaryAddressMultiple.QuadPart;
	req.cache = wdm_cache_protect(Protect, &req.flags);
	return wdm_allocate(&req, PreferredNode, __builtin_return_address(0));
}
EXPORT_SYMBOL_GPL(MmAllocateContiguousNodeMemory);

/**
 * MmAllocateContiguousMemorySpecifyCache() - allocate physically contiguous memory
 * @NumberOfBytes: bytes wanted, rounded up to whole pages
 * @LowestAcceptableAddress: first acceptable byte
 * @HighestAcceptableAddress: last acceptable byte, inclusive; -1 for no limit
 * @BoundaryAddressMultiple: as for MmAllocateContiguousMemoryEx()
 * @CacheType: as for MmAllocateContiguousMemorySpecifyCacheNode()
 *
 * From any node.
 *
 * Context: As MmAllocateContiguousMemoryEx().
 * Return: The block, to be freed with MmFreeContiguousMemorySpecifyCache() or
 *	MmFreeContiguousMemory(); NULL if it cannot be had.
 */
PVOID MmAllocateContiguousMemorySpecifyCache(SIZE_T NumberOfBytes,
					     PHYSICAL_ADDRESS LowestAcceptableAddress,
					     PHYSICAL_ADDRESS HighestAcceptableAddress,
					     PHYSICAL_ADDRESS BoundaryAddressMultiple,
					     MEMORY_CACHING_TYPE CacheType)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(NumberOfBytes);

	req.low = LowestAcceptableAddress.QuadPart;
	req.high = HighestAcceptableAddress.QuadPart;
	req.boundary = BoundaryAddressMultiple.QuadPart;
	req.cache = ctgm_wdm_cache(CacheType);
	return wdm_allocate(&req, MM_ANY_NODE_OK, __builtin_return_address(0));
}
EXPORT_SYMBOL_GPL(MmAllocateContiguousMemorySpecifyCache);

/**
 * MmAllocateContiguousMemory() - allocate physically contiguous cached memory
 * @NumberOfBytes: bytes wanted, rounded up to whole pages
 * @HighestAcceptableAddress: last acceptable byte, inclusive; -1 for no limit
 *
 * From any node, cached.
 *
 * Context: As MmAllocateContiguousMemoryEx().
 * Return: The block, to be freed with MmFreeContiguousMemory(); NULL if it cannot
 *	be had.
 */
PVOID MmAllocateContiguousMemory(SIZE_T NumberOfBytes, PHYSICAL_ADDRESS HighestAcceptableAddress)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(NumberOfBytes);

	req.high = HighestAcceptableAddress.QuadPart;
	return wdm_allocate(&req, MM_ANY_NODE_OK, __builtin_return_address(0));
}
EXPORT_SYMBOL_GPL(MmAllocateContiguousMemory);

/**
 * MmFreeContiguousMemory() - give a block back, whichever call allocated it
 * @BaseAddress: the block; NULL is ignored, any other address gets a WARN and
 *	nothing is freed
 *
 * Context: Any but NMI (IRQL <= DISPATCH_LEVEL).
 */
void MmFreeContiguousMemory(PVOID BaseAddress)
{
	contigmem_free(BaseAddress);
}
EXPORT_SYMBOL_GPL(MmFreeContiguousMemory);

/**
 * MmFreeContiguousMemorySpecifyCache() - give a block back
 * @BaseAddress: as for MmFreeContiguousMemory()
 * @NumberOfBytes: its size, as asked for or as allocated
 * @CacheType: its cache type
 *
 * Another size: one WARN, and nothing is freed. Another type: one WARN, and the block is freed
 * all the same, since address and size leave no doubt about which one is meant.
 *
 * Context: Any but NMI (IRQL <= DISPATCH_LEVEL).
 */
void MmFreeContiguousMemorySpecifyCache(PVOID BaseAddress, SIZE_T NumberOfBytes,
					MEMORY_CACHING_TYPE CacheType)
{
	struct contigmem_info info;

	/* contigmem_free() reports a wrong address. */
	if (!contigmem_describe(BaseAddress, &info) && info.vaddr == BaseAddress) {
		bool same_size = PAGE_ALIGN(NumberOfBytes) == info.size;

		WARN(!same_size || ctgm_wdm_cache(CacheType) != info.cache,
		     "%s(%p, %zu, %d): block %llu has %zu bytes and is %s%s\n",
		     __func__, BaseAddress, NumberOfBytes, CacheType, info.id, info.size,
		     contigmem_cache_name(info.cache), same_size ? ": freed" : "");
		if (!same_size)
			return;
	}
	contigmem_free(BaseAddress);
}
EXPORT_SYMBOL_GPL(MmFreeContiguousMemorySpecifyCache);

/**
 * MmGetPhysicalAddress() - the physical address of a byte of kernel memory
 * @BaseAddress: any address that the kernel maps: in a block, in memory of kmalloc() or
 *	vmalloc(), on a stack, in the image of the kernel or of a module
 *
 * By the kernel's page tables. Only a block, and other memory that the caller owns, stays
 * there. Memory of a program does not, so it has no address here: pin its pages with
 * pin_user_pages_fast(), and take page_to_phys().
 *
 * Not a DMA address: behind an IOMMU take that of contigmem_dma_map().
 *
 * Context: Any, NMI included.
 * Return: The physical address; 0 if the kernel maps nothing there, and for addresses of
 *	programs.
 */
PHYSICAL_ADDRESS MmGetPhysicalAddress(PVOID BaseAddress)
{
	return (PHYSICAL_ADDRESS){ .QuadPart = ctgm_virt_phys(BaseAddress) };
}
EXPORT_SYMBOL_GPL(MmGetPhysicalAddress);

/**
 * MmGetVirtualForPhysical() - the address of a byte in a live block
 * @PhysicalAddress: any physical address
 *
 * Context: Any but NMI.
 * Return: The address under which the owner of the block has the byte; NULL if no live block
 *	holds it (our decision: other memory has no one address that could be meant).
 */
PVOID MmGetVirtualForPhysical(PHYSICAL_ADDRESS PhysicalAddress)
{
	phys_addr_t phys = PhysicalAddress.QuadPart;

	return pfn_valid(PHYS_PFN(phys)) ? (PVOID)ctgm_block_address(phys) : NULL;
}
EXPORT_SYMBOL_GPL(MmGetVirtualForPhysical);
