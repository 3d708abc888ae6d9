// SPDX-License-Identifier: GPL-2.0
/*
 * Other processors: cached memory alone.
 */
#include <linux/errno.h>

#include "memtype.h"

bool ctgm_memtype_exists(void)
{
	return false;
}

bool ctgm_memtype_is_apart(void)
{
	return false;
}

bool ctgm_memtype_splits(unsigned long pfn)
{
	return false;
}

int ctgm_memtype_set(unsigned long first, unsigned long nr, enum contigmem_cache cache,
		     long *shift)
{
	return ctgm_memtype_shall_fail() ? -ENOMEM : -EOPNOTSUPP;
}

int ctgm_memtype_reset(unsigned long first, unsigned long nr, enum contigmem_cache cache,
		       long *shift)
{
	return ctgm_memtype_set(first, nr, CONTIGMEM_CACHED, shift);
}

pgprot_t ctgm_memtype_pgprot(pgprot_t prot, enum contigmem_cache cache)
{
	return prot;
}
