/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Blocks as dma-bufs.
 */
#ifndef CONTIGMEM_DMABUF_H
#define CONTIGMEM_DMABUF_H

#include <linux/errno.h>

struct block;

#ifdef CONFIG_DMA_SHARED_BUFFER
int dmabuf_export(struct block *block, int flags, void (*release)(struct block *block));
#else
static inline int dmabuf_export(struct block *block, int flags,
				void (*release)(struct block *block))
{
	release(block);
	return -EOPNOTSUPP;
}
#endif

#endif /* CONTIGMEM_DMABUF_H */
