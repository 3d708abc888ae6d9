/* SPDX-License-Identifier: GPL-2.0 */
/*
 * alloc_contig_range() as a source: on free pageblocks alone, on free frames, and on frames
 * whose pages have to be migrated.
 */
#ifndef CTGM_CONTIG_H
#define CTGM_CONTIG_H

#include "frames.h"

extern const struct ctgm_source ctgm_source_pageblock, ctgm_source_pageblocks;
extern const struct ctgm_source ctgm_source_contig;
extern const struct ctgm_source ctgm_source_migrate;

/**
 * struct ctgm_obstructed - a window with frames in the way of a request
 * @start: its first frame
 * @in_the_way: how many frames are
 * @first: the first of them
 * @kind: what that is, a constant string
 */
struct ctgm_obstructed {
	unsigned long start;
	unsigned long in_the_way;
	unsigned long first;
	const char *kind;
};

/**
 * struct ctgm_nearest - windows that do not overlap, those with the fewest frames in the way first
 * @nr: how many
 * @windows: the windows
 */
struct ctgm_nearest {
	unsigned int nr;
	struct ctgm_obstructed windows[CONTIGMEM_ANSWER_WINDOWS];
};

void ctgm_contig_nearest(struct ctgm_alloc_control *ac, struct ctgm_nearest *nearest);
int ctgm_contig_take(struct ctgm_alloc_control *ac, unsigned long first, unsigned long end);

#endif /* CTGM_CONTIG_H */
