/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What contigmem has the caches do, where it has to say so: on arm64. Part of
 * contigmem_audit.ko, which is loaded before contigmem.
 */
#ifndef CONTIGMEM_TESTS_MAINTENANCE_H
#define CONTIGMEM_TESTS_MAINTENANCE_H

#include <linux/types.h>

#ifdef CONFIG_ARM64
int maintenance_init(void);
void maintenance_exit(void);
#else
static inline int maintenance_init(void)
{
	return 0;
}

static inline void maintenance_exit(void)
{
}
#endif

#endif /* CONTIGMEM_TESTS_MAINTENANCE_H */
