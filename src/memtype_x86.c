// SPDX-License-Identifier: GPL-2.0
/*
 * x86: the direct map carries a block's cache type, so that the direct map and every other
 * mapping of the block agree.
 */
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <asm/memtype.h>
#include <asm/set_memory.h>

#include "memtype.h"

/* Can this kernel and CPU give another type than cached? Any context. */
bool ctgm_memtype_exists(void)
{
	/* Without PAT write-combined would silently be uncached. */
	return pat_enabled();
}

/* Are frames of another type than cached mapped apart from the direct map? Any context. */
bool ctgm_memtype_is_apart(void)
{
	return false;
}

/*
 * Would a change of this frame's type alone split a large page of the direct map? With interrupts
 * off no table is freed, as in src/virt.c. Any context.
 */
bool ctgm_memtype_splits(unsigned long pfn)
{
	unsigned long flags;
	unsigned int level;
	bool splits;

	local_irq_save(flags);
	splits = lookup_address((unsigned long)pfn_to_kaddr(pfn), &level) &&
		 level != PG_LEVEL_4K;
	local_irq_restore(flags);
	return splits;
}

/* The kernel flushes the caches of this much in a millisecond or two, without a pause. */
#define MEMTYPE_STEP	(SZ_16M >> PAGE_SHIFT)
/* A whole page of the direct map: a change of a part of it would split it for good. */
#define MEMTYPE_LARGE	(1UL << (PUD_SHIFT - PAGE_SHIFT))

/* How many frames to change next, up to a multiple of @most or a whole page of a GiB. */
static unsigned long memtype_step(unsigned long first, unsigned long nr, unsigned long most)
{
	if (IS_ALIGNED(first, MEMTYPE_LARGE) && nr >= MEMTYPE_LARGE)
		return MEMTYPE_LARGE;
	return min(nr, most - first % most);
}

static int memtype_set_step(unsigned long first, unsigned long nr, enum contigmem_cache cache)
{
	unsigned long address = (unsigned long)page_address(pfn_to_page(first));

	switch (cache) {
	case CONTIGMEM_UNCACHED:
		return set_memory_uc(address, nr);
	case CONTIGMEM_WRITECOMBINE:
		return set_memory_wc(address, nr);
	default:
		return set_memory_wb(address, nr);
	}
}

static int memtype_change(unsigned long first, unsigned long nr, enum contigmem_cache cache)
{
	unsigned long step;
	int error = 0;

	if (ctgm_memtype_shall_fail())
		return -ENOMEM;
	for (; nr && !error; first += step, nr -= step) {
		step = memtype_step(first, nr, MEMTYPE_STEP);
		error = memtype_set_step(first, step, cache);
		cond_resched();
	}
	return error;
}

/**
 * ctgm_memtype_set() - change the cache type of page frames
 * @first: first frame
 * @nr: how many
 * @cache: their new type; from %CONTIGMEM_CACHED or to it
 * @shift: bytes from their address in the direct map to that of a mapping with this type; stays 0
 *	where the direct map has it
 *
 * Context: Sleeps.
 * Return: 0; -ENOMEM or -EOPNOTSUPP, and a part of the frames may have the new type then.
 */
int ctgm_memtype_set(unsigned long first, unsigned long nr, enum contigmem_cache cache,
		     long *shift)
{
	return memtype_change(first, nr, cache);
}

/**
 * ctgm_memtype_reset() - make page frames cached again, all of them or none
 * @first: first frame
 * @nr: how many
 * @cache: the type that they have
 * @shift: as ctgm_memtype_set() left it
 *
 * To change a part of a large page of the direct map takes memory for a page table, before
 * anything is changed. So each large page changes as a whole or not at all, and those that have
 * changed need no memory to be changed again.
 *
 * Context: Sleeps.
 * Return: 0; -ENOMEM or -EOPNOTSUPP if all of them have kept their type; -EUCLEAN if it is
 *	unknown which of them have.
 */
int ctgm_memtype_reset(unsigned long first, unsigned long nr, enum contigmem_cache cache,
		       long *shift)
{
	int error = memtype_change(first, nr, CONTIGMEM_CACHED);
	unsigned long done = 0, step;

	if (!error)
		return 0;
	/* Again, one large page after the other: where one fails the rest is unchanged. */
	do {
		step = memtype_step(first + done, nr - done, CTGM_MEMTYPE_PAGE);
		error = memtype_change(first + done, step, CONTIGMEM_CACHED);
		if (!error)
			done += step;
	} while (!error && done < nr);
	if (!error || !done)
		return error;
	return memtype_change(first, done, cache) ? -EUCLEAN : error;
}

/* The page protection of another mapping of memory with a cache type. */
pgprot_t ctgm_memtype_pgprot(pgprot_t prot, enum contigmem_cache cache)
{
	switch (cache) {
	case CONTIGMEM_UNCACHED:
		return pgprot_noncached(prot);
	case CONTIGMEM_WRITECOMBINE:
		return pgprot_writecombine(prot);
	default:
		return prot;
	}
}
