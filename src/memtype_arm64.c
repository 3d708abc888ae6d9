// SPDX-License-Identifier: GPL-2.0
/*
 * arm64: the direct map is cached and stays so, since its live entries must not change their
 * type. Frames of another type get a mapping of their own, Normal memory that is not cached,
 * as the DMA API makes it for devices that do not snoop. Uncached and write-combined are this
 * one type.
 *
 * No task of ours writes through the direct map meanwhile, so it never has a dirty line of these
 * frames, which a cache could write over what the owner or a device has written. Clean lines,
 * which a processor may fetch at any time by speculation, are never written back.
 */
#include <linux/errno.h>
#include <linux/libnvdimm.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "memtype.h"

/* Can caches be maintained? Without this option the calls below do nothing. Any context. */
bool ctgm_memtype_exists(void)
{
	return IS_ENABLED(CONFIG_ARCH_HAS_PMEM_API);
}

/* Are frames of another type than cached mapped apart from the direct map? Any context. */
bool ctgm_memtype_is_apart(void)
{
	return true;
}

/* The direct map stays as it is. Any context. */
bool ctgm_memtype_splits(unsigned long pfn)
{
	return false;
}

/* The caches are maintained for so much without a pause: about a millisecond. */
#define MEMTYPE_STEP	(SZ_16M >> PAGE_SHIFT)

static void memtype_maintain(unsigned long first, unsigned long nr,
			     void (*maintain)(void *address, size_t bytes))
{
	unsigned long step;

	for (; nr; first += step, nr -= step) {
		step = min(nr, MEMTYPE_STEP);
		maintain(page_address(pfn_to_page(first)), step << PAGE_SHIFT);
		cond_resched();
	}
}

static void memtype_unmap(unsigned long first, unsigned long nr, long *shift)
{
	if (!*shift)
		return;
	vunmap(page_address(pfn_to_page(first)) + *shift);
	/* The TLB as well: nothing is read there any more, by speculation either. */
	vm_unmap_aliases();
	*shift = 0;
	/* A clean line that was fetched meanwhile would hide what is in memory. */
	memtype_maintain(first, nr, arch_invalidate_pmem);
}

/* Described in src/memtype_x86.c. To fail changes nothing. */
int ctgm_memtype_set(unsigned long first, unsigned long nr, enum contigmem_cache cache,
		     long *shift)
{
	void *vaddr;

	if (ctgm_memtype_shall_fail())
		return -ENOMEM;
	if (cache == CONTIGMEM_CACHED) {
		memtype_unmap(first, nr, shift);
		return 0;
	}
	/* Dirty lines reach memory, to the point of coherency, before anybody writes there. */
	memtype_maintain(first, nr, arch_wb_cache_pmem);
	vaddr = ctgm_memtype_map(first, nr, ctgm_memtype_pgprot(PAGE_KERNEL, cache),
				 GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
	if (!vaddr)
		return -ENOMEM;
	*shift = vaddr - page_address(pfn_to_page(first));
	return 0;
}

/* Described in src/memtype_x86.c. The frames are those of one ctgm_memtype_set(). */
int ctgm_memtype_reset(unsigned long first, unsigned long nr, enum contigmem_cache cache,
		       long *shift)
{
	return ctgm_memtype_set(first, nr, CONTIGMEM_CACHED, shift);
}

/*
 * The page protection of another mapping of memory with a cache type. Not pgprot_noncached():
 * accesses to that type have to be aligned, and cannot clear a line at a time.
 */
pgprot_t ctgm_memtype_pgprot(pgprot_t prot, enum contigmem_cache cache)
{
	return cache == CONTIGMEM_CACHED ? prot : pgprot_writecombine(prot);
}
