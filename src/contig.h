/* SPDX-License-Identifier: GPL-2.0 */
/*
 * alloc_contig_range() as a source: on free pageblocks alone, on free frames, and on frames
 * whose pages have to be migrated.
 */
#ifndef CTGM_CONTIG_H
#define CTGM_CONTIG_H

#include "frames.h"

extern const struct ctgm_source ctgm_source_pageblock;
extern const struct ctgm_source ctgm_source_contig;
extern const struct ctgm_source ctgm_source_migrate;

int ctgm_contig_take(struct ctgm_alloc_control *ac, unsigned long first, unsigned long end);

#endif /* CTGM_CONTIG_H */
