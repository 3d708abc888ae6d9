/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The free memory that an allocation leaves to others.
 */
#ifndef CTGM_WATERMARK_H
#define CTGM_WATERMARK_H

#include <linux/mmzone.h>

#include "frames.h"

/**
 * enum ctgm_watermark_use - what becomes of frames that a zone has to spare
 * @CTGM_KEPT: they are the block's
 * @CTGM_BRIEFLY: most go back at once
 * @CTGM_REPLACED: they are the block's, and reclaim frees page cache for them
 */
enum ctgm_watermark_use {
	CTGM_KEPT,
	CTGM_BRIEFLY,
	CTGM_REPLACED
};

bool ctgm_watermark_holds_low(const struct ctgm_alloc_control *ac);
bool ctgm_watermark_replaces(const struct ctgm_alloc_control *ac, int zonenum, unsigned long nr,
			     const struct ctgm_frame_run *from);
bool ctgm_watermark_leaves_min(const struct ctgm_alloc_control *ac, int zonenum, unsigned long nr);
bool ctgm_watermark_spares(const struct ctgm_alloc_control *ac, int zonenum, unsigned long nr);
enum contigmem_reason ctgm_watermark_refuses(const struct ctgm_alloc_control *ac);
bool ctgm_watermark_has_targets(const struct ctgm_alloc_control *ac, unsigned long moves,
				unsigned long taken);
unsigned long ctgm_watermark_droppable(const struct ctgm_alloc_control *ac);
unsigned long ctgm_watermark_reclaimable(const struct ctgm_alloc_control *ac);
unsigned long ctgm_watermark_spare_briefly(const struct ctgm_alloc_control *ac);
bool ctgm_watermark_reserve(const struct ctgm_alloc_control *ac, unsigned long nr,
			    enum ctgm_watermark_use use);
enum contigmem_reason ctgm_watermark_takes(const struct ctgm_alloc_control *ac,
					   unsigned long *spare);
void ctgm_watermark_unreserve(const struct ctgm_alloc_control *ac, unsigned long nr);
void ctgm_watermark_reclaim(const struct ctgm_alloc_control *ac, unsigned long nr);

#endif /* CTGM_WATERMARK_H */
