/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cache type and protection of a block, and their undoing.
 */
#ifndef CONTIGMEM_MAPPING_H
#define CONTIGMEM_MAPPING_H

#include "../contigmem.h"

struct block;
struct frames;
struct vm_area_struct;

bool mapping_has_type(enum contigmem_cache cache);
enum contigmem_reason mapping_set_type(struct frames *frames, enum contigmem_cache cache);
void mapping_put(struct frames *frames);
bool mapping_sleeps(const struct block *block);
enum contigmem_reason mapping_make(struct block *block, gfp_t gfp);
void mapping_unmake(struct block *block);
int mapping_to_user(const struct block *block, struct vm_area_struct *vma);

#endif /* CONTIGMEM_MAPPING_H */
