/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cache type that the direct map gives to page frames.
 */
#ifndef CTGM_MEMTYPE_H
#define CTGM_MEMTYPE_H

#include <linux/pgtable.h>

#include "../contigmem.h"

bool ctgm_memtype_exists(void);
int ctgm_memtype_set(unsigned long first, unsigned long nr, enum contigmem_cache cache);
pgprot_t ctgm_memtype_pgprot(pgprot_t prot, enum contigmem_cache cache);

#endif /* CTGM_MEMTYPE_H */
