// SPDX-License-Identifier: GPL-2.0
/*
 * Windows' pool over the kernel's own allocators, which have no contexts where memory cannot
 * be freed.
 */
#include <linux/cache.h>
#include <linux/export.h>
#include <linux/llist.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "../contigmem_wdk.h"
#include "context.h"
#include "pool.h"

static LLIST_HEAD(pool_later);

static void pool_free_listed(struct work_struct *work)
{
	struct llist_node *node, *next;

	llist_for_each_safe(node, next, llist_del_all(&pool_later))
		kvfree(node);
}

static DECLARE_WORK(pool_work, pool_free_listed);

/* Wait for the worker. Sleeps. */
void ctgm_pool_flush(void)
{
	flush_work(&pool_work);
}

/**
 * ctgm_pool_alloc() - allocate memory as Windows' pool promises it
 * @bytes: how many
 * @gfp: the context, __GFP_ZERO
 *
 * Less than a page does not cross a page's end, more begins with a page: kmalloc() aligns
 * powers of two naturally, and all beyond a page at least to a page.
 *
 * Context: Any but NMI, as @gfp says.
 * Return: the memory, for ctgm_pool_free(); NULL if there is none, or @bytes is 0.
 */
void *ctgm_pool_alloc(size_t bytes, gfp_t gfp)
{
	if (!bytes || ctgm_raw_locks_only())
		return NULL;
	if (bytes < PAGE_SIZE)
		bytes = max_t(size_t, roundup_pow_of_two(bytes), 16);
	else if (bytes <= SIZE_MAX - PAGE_SIZE)
		bytes = PAGE_ALIGN(bytes);
	gfp |= __GFP_NOWARN;
	return gfpflags_allow_blocking(gfp) ? kvmalloc(bytes, gfp) : kmalloc(bytes, gfp);
}

/* Any context but NMI: a worker frees what needs to sleep. */
void ctgm_pool_free(void *memory)
{
	if (!memory)
		return;
	if (ctgm_raw_locks_only() || (is_vmalloc_addr(memory) && !ctgm_may_sleep())) {
		llist_add(memory, &pool_later);
		schedule_work(&pool_work);
	} else {
		kvfree(memory);
	}
}

static gfp_t pool_gfp(void)
{
	return ctgm_may_sleep() ? GFP_KERNEL : GFP_ATOMIC;
}

/**
 * ExAllocatePoolWithTag() - allocate virtually contiguous memory
 * @PoolType: NonPagedPool and the like, with POOL_ZERO_ALLOCATION and hints. Linux's kernel
 *	memory is never paged, so all types are the same. It is never executable.
 * @NumberOfBytes: how many; 0 is refused (our decision)
 * @Tag: not kept
 *
 * The content is undefined without POOL_ZERO_ALLOCATION. Less than a page crosses no page's
 * end; a page or more begins with one.
 *
 * Context: Any but NMI (IRQL <= DISPATCH_LEVEL). Where it must not sleep, at most what
 *	kmalloc() gives, 4 MiB. With PREEMPT_RT NULL where preemption or interrupts are off.
 * Return: The memory, to be freed with ExFreePool() or ExFreePoolWithTag(); NULL if there is
 *	none, and with POOL_RAISE_IF_ALLOCATION_FAILURE always: Linux has no exceptions.
 */
PVOID ExAllocatePoolWithTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
	ULONG type = PoolType;

	if (type & POOL_RAISE_IF_ALLOCATION_FAILURE)
		return NULL;
	if (type & NonPagedPoolCacheAligned)
		NumberOfBytes = NumberOfBytes ? max_t(SIZE_T, NumberOfBytes, L1_CACHE_BYTES) : 0;
	return ctgm_pool_alloc(NumberOfBytes,
			       pool_gfp() | (type & POOL_ZERO_ALLOCATION ? __GFP_ZERO : 0));
}
EXPORT_SYMBOL_GPL(ExAllocatePoolWithTag);

/**
 * ExAllocatePool2() - allocate virtually contiguous memory
 * @Flags: POOL_FLAG_NON_PAGED or POOL_FLAG_PAGED, which are the same here, with
 *	POOL_FLAG_UNINITIALIZED, POOL_FLAG_CACHE_ALIGNED, POOL_FLAG_USE_QUOTA (ignored);
 *	any other is refused, also executable memory and POOL_FLAG_RAISE_ON_FAILURE
 * @NumberOfBytes: how many; not 0
 * @Tag: not 0; not kept
 *
 * The memory is zeroed without POOL_FLAG_UNINITIALIZED, and aligned as
 * ExAllocatePoolWithTag() aligns.
 *
 * Context: As ExAllocatePoolWithTag().
 * Return: The memory, to be freed with ExFreePool() or ExFreePoolWithTag(); or NULL.
 */
PVOID ExAllocatePool2(ULONG64 Flags, SIZE_T NumberOfBytes, ULONG Tag)
{
	const ULONG64 kinds = POOL_FLAG_NON_PAGED | POOL_FLAG_PAGED;
	const ULONG64 known = kinds | POOL_FLAG_UNINITIALIZED | POOL_FLAG_CACHE_ALIGNED |
			      POOL_FLAG_USE_QUOTA;

	if (!Tag || !NumberOfBytes || Flags & ~known || !is_power_of_2(Flags & kinds))
		return NULL;
	if (Flags & POOL_FLAG_CACHE_ALIGNED)
		NumberOfBytes = max_t(SIZE_T, NumberOfBytes, L1_CACHE_BYTES);
	return ctgm_pool_alloc(NumberOfBytes,
			       pool_gfp() | (Flags & POOL_FLAG_UNINITIALIZED ? 0 : __GFP_ZERO));
}
EXPORT_SYMBOL_GPL(ExAllocatePool2);

/**
 * ExFreePool() - free memory of the pool
 * @Memory: from ExAllocatePoolWithTag() or ExAllocatePool2(), or an MDL whose pages
 *	MmFreePagesFromMdl() has freed; NULL is ignored
 *
 * Context: Any but NMI (IRQL <= DISPATCH_LEVEL).
 */
void ExFreePool(PVOID Memory)
{
	ctgm_pool_free(Memory);
}
EXPORT_SYMBOL_GPL(ExFreePool);

/**
 * ExFreePoolWithTag() - free memory of the pool
 * @Memory: as for ExFreePool()
 * @Tag: not compared: none is kept
 *
 * Context: Any but NMI (IRQL <= DISPATCH_LEVEL).
 */
void ExFreePoolWithTag(PVOID Memory, ULONG Tag)
{
	ctgm_pool_free(Memory);
}
EXPORT_SYMBOL_GPL(ExFreePoolWithTag);
