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
enum contigmem_reason ctgm_watermark_refuses(const struct ctgm_alloc_control *ac);
unsigned long ctgm_watermark_spare(const struct ctgm_alloc_control *ac);
bool ctgm_watermark_reserve(const struct ctgm_alloc_control *ac, unsigned long nr,
			    bool replaceable);
void ctgm_watermark_unreserve(const struct ctgm_alloc_control *ac, unsigned long nr);
void ctgm_watermark_reclaim(const struct ctgm_alloc_control *ac, unsigned long nr);

#endif /* CTGM_WATERMARK_H */
