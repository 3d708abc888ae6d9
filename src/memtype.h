/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cache type that the direct map gives to page frames.
 */
#ifndef CTGM_MEMTYPE_H
#define CTGM_MEMTYPE_H

#include <linux/pgtable.h>

#include "../contigmem.h"

/* Frames of a large page of the direct map, which is split if the type of a part is changed. */
#define CTGM_MEMTYPE_PAGE	(PMD_SIZE >> PAGE_SHIFT)

bool ctgm_memtype_exists(void);
int ctgm_memtype_set(unsigned long first, unsigned long nr, enum contigmem_cache cache);
int ctgm_memtype_reset(unsigned long first, unsigned long nr, enum contigmem_cache cache);
pgprot_t ctgm_memtype_pgprot(pgprot_t prot, enum contigmem_cache cache);

#endif /* CTGM_MEMTYPE_H */
