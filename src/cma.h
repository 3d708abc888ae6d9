/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CMA areas; a kernel without CMA has none.
 */
#ifndef CTGM_CMA_H
#define CTGM_CMA_H

#include <linux/types.h>

#include "frames.h"

struct cma;

#ifdef CONFIG_DMA_CMA
extern const struct ctgm_source ctgm_source_cma;

int ctgm_cma_init(void);
void ctgm_cma_exit(void);
struct cma *ctgm_cma_find(const char *name);
bool ctgm_cma_alloc_in(struct cma *area, const struct ctgm_constraints *place,
		       struct ctgm_frames *frames);
void ctgm_cma_free_in(struct cma *area, const struct ctgm_frames *frames);
bool ctgm_cma_query(struct ctgm_alloc_control *ac, struct ctgm_frames *frames);
#else
static inline int ctgm_cma_init(void)
{
	return 0;
}

static inline void ctgm_cma_exit(void)
{
}

static inline struct cma *ctgm_cma_find(const char *name)
{
	return NULL;
}

static inline bool ctgm_cma_alloc_in(struct cma *area, const struct ctgm_constraints *place,
				     struct ctgm_frames *frames)
{
	return false;
}

static inline void ctgm_cma_free_in(struct cma *area, const struct ctgm_frames *frames)
{
}

static inline bool ctgm_cma_query(struct ctgm_alloc_control *ac, struct ctgm_frames *frames)
{
	return false;
}
#endif

#endif /* CTGM_CMA_H */
