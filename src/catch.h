/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Free frames beside pages that cannot be migrated.
 */
#ifndef CTGM_CATCH_H
#define CTGM_CATCH_H

#include "frames.h"
#include "watermark.h"

/* The types of pageblocks from which blocks are taken, in the page allocator's order. */
enum ctgm_catch_type {
	CTGM_CATCH_UNMOVABLE,
	CTGM_CATCH_MOVABLE,
	CTGM_CATCH_RECLAIMABLE,
	CTGM_CATCH_TYPES
};

struct list_head;
struct page;
struct zone;

extern const struct ctgm_source ctgm_source_catch, ctgm_source_catch_unsplit;

struct zone *ctgm_catch_zone(const struct ctgm_alloc_control *ac);
int ctgm_catch_type(unsigned long pfn);
bool ctgm_catch_is_out(const struct ctgm_alloc_control *ac, int type, unsigned int order);
unsigned long ctgm_catch_most(const struct ctgm_alloc_control *ac, unsigned int order);
bool ctgm_catch_bring(const struct ctgm_alloc_control *ac, unsigned long pfn, int type,
		      unsigned int order);
struct page *ctgm_catch_take(struct ctgm_alloc_control *ac, int type, unsigned int order,
			     enum ctgm_watermark_use use);
struct page *ctgm_catch_block(const struct ctgm_alloc_control *ac, unsigned long pfn,
			      unsigned int order);
void ctgm_catch_give_back(struct list_head *blocks, unsigned int order);

#endif /* CTGM_CATCH_H */
