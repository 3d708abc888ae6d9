// SPDX-License-Identifier: GPL-2.0
/*
 * For CBMC: src/placement.h is right for all numbers of 64 bits. A number that has no value
 * here has every value.
 *
 * ALIGN() and ALIGN_DOWN() are proved first. In the other proofs they return any number
 * with the properties that were proved: this takes a tenth of the time.
 */
#include "kernel.h"

unsigned long nondet_number(void);

/* One place that the searches must not pass over. */
static unsigned long other;

static unsigned long floor_of(unsigned long at, unsigned long to)
{
	return at & ~(to - 1);
}

/* @aligned is the lowest multiple from @at on, or there is none. */
static bool is_aligned_up(unsigned long at, unsigned long to, unsigned long aligned)
{
	unsigned long multiple = floor_of(other, to);

	if (floor_of(aligned, to) != aligned || (aligned >= at && aligned - at >= to))
		return false;
	return multiple < at || (aligned >= at && aligned <= multiple);
}

/* @aligned is the highest multiple up to @at. */
static bool is_aligned_down(unsigned long at, unsigned long to, unsigned long aligned)
{
	unsigned long multiple = floor_of(other, to);

	if (floor_of(aligned, to) != aligned || aligned > at || at - aligned >= to)
		return false;
	return multiple > at || aligned >= multiple;
}

static inline unsigned long proved_align(unsigned long at, unsigned long to)
{
	unsigned long aligned = nondet_number();

	__CPROVER_assume(is_aligned_up(at, to, aligned));
	return aligned;
}

static inline unsigned long proved_align_down(unsigned long at, unsigned long to)
{
	unsigned long aligned = nondet_number();

	__CPROVER_assume(is_aligned_down(at, to, aligned));
	return aligned;
}

#define ALIGN(at, to)		proved_align(at, to)
#define ALIGN_DOWN(at, to)	proved_align_down(at, to)
#include "../../src/placement.h"
#include "place_model.h"
#undef ALIGN
#undef ALIGN_DOWN

void prove_align(void)
{
	unsigned long at = nondet_number(), to = nondet_number();

	other = nondet_number();
	__CPROVER_assume(model_is_power(to));
	__CPROVER_assert(is_aligned_up(at, to, ALIGN(at, to)), "up");
	__CPROVER_assert(is_aligned_down(at, to, ALIGN_DOWN(at, to)), "down");
}

static struct ctgm_constraints any_place(void)
{
	struct ctgm_constraints place = {
		.first = nondet_number(),
		.last = nondet_number(),
		.nr = nondet_number(),
		.align = nondet_number(),
		.boundary = nondet_number(),
	};

	__CPROVER_assume(model_is_valid(&place));
	return place;
}

void prove_fits(void)
{
	struct ctgm_constraints place = any_place();
	unsigned long start = nondet_number();

	__CPROVER_assert(ctgm_place_fits(&place, start) == model_fits(&place, start), "fits");
}

/* One claim a function: several at once take far longer. */

static bool next_place(const struct ctgm_constraints *place, unsigned long from,
		       unsigned long *start)
{
	other = nondet_number();
	return ctgm_place_next(place, from, start);
}

void prove_next_is_a_place(void)
{
	struct ctgm_constraints place = any_place();
	unsigned long from = nondet_number(), start;

	if (next_place(&place, from, &start))
		__CPROVER_assert(model_fits(&place, start) && start >= from, "a place above");
}

void prove_next_is_found(void)
{
	struct ctgm_constraints place = any_place();
	unsigned long from = nondet_number(), start;

	if (!next_place(&place, from, &start))
		__CPROVER_assert(!model_fits(&place, other) || other < from, "there is none");
}

void prove_next_is_the_lowest(void)
{
	struct ctgm_constraints place = any_place();
	unsigned long from = nondet_number(), start;

	if (next_place(&place, from, &start))
		__CPROVER_assert(!model_fits(&place, other) || other < from || other >= start,
				 "none lies between");
}

static bool prev_place(const struct ctgm_constraints *place, unsigned long to,
		       unsigned long *start)
{
	other = nondet_number();
	return ctgm_place_prev(place, to, start);
}

void prove_prev_is_a_place(void)
{
	struct ctgm_constraints place = any_place();
	unsigned long to = nondet_number(), start;

	if (prev_place(&place, to, &start))
		__CPROVER_assert(model_fits(&place, start) && start + (place.nr - 1) <= to,
				 "a place below");
}

void prove_prev_is_found(void)
{
	struct ctgm_constraints place = any_place();
	unsigned long to = nondet_number(), start;

	if (!prev_place(&place, to, &start))
		__CPROVER_assert(!model_fits(&place, other) || other + (place.nr - 1) > to,
				 "there is none");
}

void prove_prev_is_the_highest(void)
{
	struct ctgm_constraints place = any_place();
	unsigned long to = nondet_number(), start;

	if (prev_place(&place, to, &start))
		__CPROVER_assert(!model_fits(&place, other) || other <= start ||
				 other + (place.nr - 1) > to, "none lies between");
}

void prove_within(void)
{
	struct ctgm_constraints place = any_place(), within;
	unsigned long first = nondet_number(), last = nondet_number(), start = nondet_number();
	bool inside = model_fits(&place, start) && start >= first &&
		      start + (place.nr - 1) <= last;

	within = ctgm_place_within(&place, first, last);
	__CPROVER_assert(model_fits(&within, start) == inside, "within");
}
