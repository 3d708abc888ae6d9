/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mappings of a block beside the direct map's.
 */
#ifndef CTGM_MAP_H
#define CTGM_MAP_H

#include "frames.h"

struct vm_area_struct;

void *ctgm_map_readonly(const struct ctgm_frames *frames, gfp_t gfp);
void ctgm_unmap_readonly(const void *vaddr);
int ctgm_map_user_begin(struct vm_area_struct *vma, enum contigmem_cache cache, bool readonly);
int ctgm_map_user_insert(struct vm_area_struct *vma, unsigned long at, unsigned long pfn,
			 unsigned long nr);
int ctgm_map_user(const struct ctgm_frames *frames, bool readonly, struct vm_area_struct *vma);

#endif /* CTGM_MAP_H */
