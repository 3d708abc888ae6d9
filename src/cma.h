/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CMA areas; a kernel without CMA has none.
 */
#ifndef CONTIGMEM_CMA_H
#define CONTIGMEM_CMA_H

#include <linux/types.h>

struct cma;
struct frames;
struct placement;

#ifdef CONFIG_DMA_CMA
int cma_init(void);
void cma_exit(void);
void cma_put(const struct frames *frames);
struct cma *cma_find(const char *name);
bool cma_take(struct cma *area, const struct placement *place, struct frames *frames);
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

static inline struct cma *cma_find(const char *name)
{
	return NULL;
}

static inline bool cma_take(struct cma *area, const struct placement *place,
			    struct frames *frames)
{
	return false;
}
#endif

#endif /* CONTIGMEM_CMA_H */
