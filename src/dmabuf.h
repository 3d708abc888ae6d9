/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Blocks as dma-bufs.
 */
#ifndef CTGM_DMABUF_H
#define CTGM_DMABUF_H

#include <linux/errno.h>

#include "block.h"

#ifdef CONFIG_DMA_SHARED_BUFFER
int ctgm_dmabuf_export(struct ctgm_block *block, int flags);
#else
static inline int ctgm_dmabuf_export(struct ctgm_block *block, int flags)
{
	ctgm_block_unuse(block);
	return -EOPNOTSUPP;
}
#endif

#endif /* CTGM_DMABUF_H */
