/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CMA areas; a kernel without CMA has none.
 */
#ifndef CONTIGMEM_CMA_H
#define CONTIGMEM_CMA_H

struct frames;

#ifdef CONFIG_DMA_CMA
int cma_init(void);
void cma_exit(void);
void cma_put(const struct frames *frames);
#else
static inline int cma_init(void)
{
	return 0;
}

static inline void cma_exit(void)
{
}

static inline void cma_put(const struct frames *frames)
{
}
#endif

#endif /* CONTIGMEM_CMA_H */
