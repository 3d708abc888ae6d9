/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cache type of page frames: the direct map's where it can change, otherwise that of a
 * mapping of their own. src/memtype_x86.c, src/memtype_arm64.c or src/memtype_none.c has the
 * functions, but for those of src/memtype.c.
 */
#ifndef CTGM_MEMTYPE_H
#define CTGM_MEMTYPE_H

#include <linux/pgtable.h>

#include "../contigmem.h"

/* Frames of a large page of the direct map, which is split if the type of a part is changed. */
#define CTGM_MEMTYPE_PAGE	(PMD_SIZE >> PAGE_SHIFT)

bool ctgm_memtype_exists(void);
bool ctgm_memtype_is_apart(void);
bool ctgm_memtype_splits(unsigned long pfn);
int ctgm_memtype_set(unsigned long first, unsigned long nr, enum contigmem_cache cache,
		     long *shift);
int ctgm_memtype_reset(unsigned long first, unsigned long nr, enum contigmem_cache cache,
		       long *shift);
pgprot_t ctgm_memtype_pgprot(pgprot_t prot, enum contigmem_cache cache);

/* In src/memtype.c. */
bool ctgm_memtype_shall_fail(void);
void *ctgm_memtype_map(unsigned long first, unsigned long nr, pgprot_t prot, gfp_t gfp);

#endif /* CTGM_MEMTYPE_H */
