/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cache type and protection of a block, and their undoing.
 */
#ifndef CONTIGMEM_MAPPING_H
#define CONTIGMEM_MAPPING_H

#include "../contigmem.h"

struct block;

bool mapping_sleeps(enum contigmem_cache cache, unsigned int flags);
enum contigmem_reason mapping_make(struct block *block, gfp_t gfp);
bool mapping_undo(struct block *block);

#endif /* CONTIGMEM_MAPPING_H */
