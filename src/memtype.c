// SPDX-License-Identifier: GPL-2.0
/*
 * The direct map carries a block's cache type, so that the direct map and every other
 * mapping of the block agree.
 */
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
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
	unsigned long address = (unsigned long)page_address(pfn_to_page(first));

	/* The kernel's functions count pages in int. */
	if (nr > INT_MAX)
		return -EOPNOTSUPP;
	if (memtype_shall_fail())
		return -ENOMEM;
	switch (cache) {
	case CONTIGMEM_UNCACHED:
		return set_memory_uc(address, nr);
	case CONTIGMEM_WRITECOMBINE:
		return set_memory_wc(address, nr);
	default:
		return set_memory_wb(address, nr);
	}
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

pgprot_t ctgm_memtype_pgprot(pgprot_t prot, enum contigmem_cache cache)
{
	return prot;
}
#endif
