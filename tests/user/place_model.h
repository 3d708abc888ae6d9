/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a place is, said in another way than src/placement.h says it: without a carry,
 * and with the multiple that a frame lies behind.
 */
#ifndef CTGM_USER_PLACE_MODEL_H
#define CTGM_USER_PLACE_MODEL_H

static inline bool model_is_power(unsigned long value)
{
	return value && !(value & (value - 1));
}

/* Constraints that src/request.c lets pass; the range may be empty. */
static inline bool model_is_valid(const struct ctgm_constraints *place)
{
	return place->nr && model_is_power(place->align) &&
	       (!place->boundary ||
		(model_is_power(place->boundary) && place->nr <= place->boundary));
}

static inline bool model_fits(const struct ctgm_constraints *place, unsigned long start)
{
	unsigned long more = place->nr - 1;

	if (start < place->first || start > place->last || place->last - start < more)
		return false;
	if (start & (place->align - 1))
		return false;
	return !place->boundary || (start & (place->boundary - 1)) <= place->boundary - place->nr;
}

#endif /* CTGM_USER_PLACE_MODEL_H */
