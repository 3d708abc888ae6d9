// SPDX-License-Identifier: GPL-2.0
#include <linux/align.h>
#include <linux/minmax.h>

#include "placement.h"

/**
 * placement_fits() - would a block that starts at @start meet every rule?
 * @place: the rules
 * @start: page frame number
 *
 * Return: true if it would.
 */
bool placement_fits(const struct placement *place, unsigned long start)
{
	unsigned long end = start + place->nr - 1;	/* inclusive */

	if (end < start)
		return false;
	if (start < place->first || end > place->last)
		return false;
	if (!IS_ALIGNED(start, place->align))
		return false;
	/* Both ends lie between the same two multiples of the boundary. */
	return !place->boundary || (start ^ end) < place->boundary;
}

/**
 * placement_next() - the lowest place at or above a frame
 * @place: the rules
 * @from: page frame number; below @place->first it means @place->first
 * @start: set to the first frame of the place
 *
 * After a frame that blocks a window, the next window that could do starts at
 * placement_next(place, blocker + 1): every place in between contains it.
 *
 * Return: false if there is none.
 */
bool placement_next(const struct placement *place, unsigned long from, unsigned long *start)
{
	unsigned long at = max(from, place->first);
	unsigned long aligned = ALIGN(at, place->align);

	if (aligned < at)
		return false;
	if (place->boundary && (aligned ^ (aligned + place->nr - 1)) >= place->boundary) {
		/*
		 * The block crosses, so the alignment is smaller than the
		 * boundary and the next multiple is aligned: one step does.
		 */
		at = aligned;
		aligned = ALIGN(at, place->boundary);
		if (aligned < at)
			return false;
	}
	*start = aligned;
	return placement_fits(place, aligned);
}

/**
 * placement_within() - the same rules in a smaller range
 * @place: the rules
 * @first: first frame of the range
 * @last: last frame of the range, inclusive
 *
 * Return: the rules; where the ranges do not meet, ones that no place meets.
 */
struct placement placement_within(const struct placement *place,
				  unsigned long first, unsigned long last)
{
	struct placement within = *place;

	within.first = max(first, place->first);
	within.last = min(last, place->last);
	return within;
}
