/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which windows of page frames fit a request. Arithmetic alone: no kernel
 * state, no locks, any context.
 */
#ifndef CONTIGMEM_PLACEMENT_H
#define CONTIGMEM_PLACEMENT_H

#include <linux/types.h>

/**
 * struct placement - where a block may lie; all numbers are page frames
 * @first: first acceptable frame
 * @last: last acceptable frame, inclusive, so that the top of the address
 *	space can be said
 * @nr: frames in the block, not 0
 * @align: power of two that the first frame is a multiple of
 * @boundary: power of two whose multiples the block does not cross, at least
 *	@nr; 0 means none
 */
struct placement {
	unsigned long first;
	unsigned long last;
	unsigned long nr;
	unsigned long align;
	unsigned long boundary;
};

bool placement_next(const struct placement *place, unsigned long from, unsigned long *start);
bool placement_fits(const struct placement *place, unsigned long start);
struct placement placement_within(const struct placement *place,
				  unsigned long first, unsigned long last);

#endif /* CONTIGMEM_PLACEMENT_H */
