/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CTGM_POOL_H
#define CTGM_POOL_H

#include <linux/types.h>

void *ctgm_pool_alloc(size_t bytes, gfp_t gfp);
void ctgm_pool_free(void *memory);
void ctgm_pool_flush(void);

#endif /* CTGM_POOL_H */
