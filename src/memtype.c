// SPDX-License-Identifier: GPL-2.0
/*
 * The direct map carries a block's cache type, so that the direct map and every other
 * mapping of the block agree.
 */
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/string.h>
#ifdef CONFIG_FAULT_INJECTION
#include <linux/fault-inject.h>
#endif
#ifdef CONFIG_X86
#include <asm/memtype.h>
#include <asm/set_memory.h>
#endif

#include "compat.h"
#include "memtype.h"

#ifdef CONFIG_FAULT_INJECTION
static DECLARE_FAULT_ATTR(fail_cache_type);

static bool memtype_shall_fail(void)
{
	return should_fail(&fail_cache_type, 1);
}

static int memtype_set_fault(const char *value, const struct kernel_param *param)
{
	char text[64];

	fail_cache_type.verbose = 0;	/* the request's verdict reports it */
	if (strscpy(text, value, sizeof(text)) < 0 || !setup_fault_attr(&fail_cache_type, text))
		return -EINVAL;
	return 0;
}

static const struct kernel_param_ops memtype_fault_ops = { .set = memtype_set_fault };

module_param_cb(fail_cache_type, &memtype_fault_ops, NULL, 0200);
MODULE_PARM_DESC(fail_cache_type,
		 "Which changes of a cache type shall fail: interval,probability,space,times");
#else
static inline bool memtype_shall_fail(void)
{
	return false;
}
#endif

#ifdef CONFIG_X86
/* Can this kernel and CPU give another type than cached? Any context. */
bool ctgm_memtype_exists(void)
{
	/* Without PAT write-combined would silently be uncached. */
	return pat_enabled();
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

/**
 * ctgm_memtype_set() - change the cache type of page frames
 * @first: first frame
 * @nr: how many
 * @cache: their new type; from %CONTIGMEM_CACHED or to it
 *
 * Context: Sleeps.
 * Return: 0; -ENOMEM or -EOPNOTSUPP, and a part of the frames may have the new type then.
 */
int ctgm_memtype_set(unsigned long first, unsigned long nr, enum contigmem_cache cache)
{
	unsigned long step;
	int error = 0;

	if (memtype_shall_fail())
		return -ENOMEM;
	for (; nr && !error; first += step, nr -= step) {
		step = memtype_step(first, nr, MEMTYPE_STEP);
		error = memtype_set_step(first, step, cache);
		cond_resched();
	}
	return error;
}

/**
 * ctgm_memtype_reset() - make page frames cached again, all of them or none
 * @first: first frame
 * @nr: how many
 * @cache: the type that they have
 *
 * To change a part of a large page of the direct map takes memory for a page table, before
 * anything is changed. So each large page changes as a whole or not at all, and those that have
 * changed need no memory to be changed again.
 *
 * Context: Sleeps.
 * Return: 0; -ENOMEM or -EOPNOTSUPP if all of them have kept their type; -EUCLEAN if it is
 *	unknown which of them have.
 */
int ctgm_memtype_reset(unsigned long first, unsigned long nr, enum contigmem_cache cache)
{
	int error = ctgm_memtype_set(first, nr, CONTIGMEM_CACHED);
	unsigned long done = 0, step;

	if (!error)
		return 0;
	/* Again, one large page after the other: where one fails the rest is unchanged. */
	do {
		step = memtype_step(first + done, nr - done, CTGM_MEMTYPE_PAGE);
		error = ctgm_memtype_set(first + done, step, CONTIGMEM_CACHED);
		if (!error)
			done += step;
	} while (!error && done < nr);
	if (!error || !done)
		return error;
	return ctgm_memtype_set(first, done, cache) ? -EUCLEAN : error;
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
#else
bool ctgm_memtype_exists(void)
{
	return false;
}

int ctgm_memtype_set(unsigned long first, unsigned long nr, enum contigmem_cache cache)
{
	return memtype_shall_fail() ? -ENOMEM : -EOPNOTSUPP;
}

int ctgm_memtype_reset(unsigned long first, unsigned long nr, enum contigmem_cache cache)
{
	return ctgm_memtype_set(first, nr, CONTIGMEM_CACHED);
}

pgprot_t ctgm_memtype_pgprot(pgprot_t prot, enum contigmem_cache cache)
{
	return prot;
}
#endif
