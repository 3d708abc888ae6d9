/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The free memory that an allocation leaves to others.
 */
#ifndef CTGM_WATERMARK_H
#define CTGM_WATERMARK_H

#include <linux/mmzone.h>

#include "frames.h"

bool ctgm_watermark_holds(const struct ctgm_alloc_control *ac, int zonenum,
			  enum zone_watermarks mark);
bool ctgm_watermark_leaves(const struct ctgm_alloc_control *ac, int zonenum,
			   enum zone_watermarks mark, unsigned long nr);
enum contigmem_reason ctgm_watermark_refuses(const struct ctgm_alloc_control *ac);
bool ctgm_watermark_has_targets(const struct ctgm_alloc_control *ac, unsigned long moves,
				unsigned long taken);
unsigned long ctgm_watermark_droppable(const struct ctgm_alloc_control *ac);
unsigned long ctgm_watermark_reclaimable(const struct ctgm_alloc_control *ac);
unsigned long ctgm_watermark_spare(const struct ctgm_alloc_control *ac);
bool ctgm_watermark_reserve(const struct ctgm_alloc_control *ac, unsigned long nr,
			    bool replaceable);
enum contigmem_reason ctgm_watermark_takes(const struct ctgm_alloc_control *ac,
					   unsigned long *spare);
void ctgm_watermark_unreserve(const struct ctgm_alloc_control *ac, unsigned long nr);
void ctgm_watermark_reclaim(const struct ctgm_alloc_control *ac, unsigned long nr);

#endif /* CTGM_WATERMARK_H */
