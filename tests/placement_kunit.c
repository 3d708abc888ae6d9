// SPDX-License-Identifier: GPL-2.0
/*
 * The window arithmetic against models that count and divide.
 */
#include <linux/limits.h>
#include <linux/overflow.h>
#include <linux/sched.h>

#include "suites.h"
#include "../src/placement.c"

/* Frames of the space that is tried exhaustively. */
#define SPACE	32UL

/* Constraints as text, for messages; freed when the test ends. */
static const char *place_text(struct kunit *test, const struct ctgm_constraints *place)
{
	size_t room = 128;
	char *text = kunit_kmalloc(test, room, GFP_KERNEL);

	if (!text)
		return "?";
	snprintf(text, room, "first=%#lx last=%#lx nr=%#lx align=%#lx boundary=%#lx",
		 place->first, place->last, place->nr, place->align, place->boundary);
	return text;
}

/* Checks frame by frame, for small numbers. */
static bool model_fits(const struct ctgm_constraints *place, unsigned long start)
{
	unsigned long frame;

	if (start % place->align)
		return false;
	for (frame = start; frame < start + place->nr; frame++) {
		if (frame < place->first || frame > place->last)
			return false;
		if (place->boundary && frame > start && frame % place->boundary == 0)
			return false;
	}
	return true;
}

/* One set of constraints from every frame up; false after the first mismatch. */
static bool check_small_next(struct kunit *test, const struct ctgm_constraints *place)
{
	unsigned long lowest = ULONG_MAX;
	unsigned long from = SPACE + 2;

	/* Downwards: the place seen last is the lowest at or above @from. */
	while (from--) {
		bool fits = from < SPACE && model_fits(place, from);
		unsigned long start = 0;
		bool found, have;

		if (fits)
			lowest = from;
		have = lowest != ULONG_MAX;
		if (ctgm_place_fits(place, from) != fits) {
			KUNIT_FAIL(test, "fits at %#lx should be %d: %s", from, fits,
				   place_text(test, place));
			return false;
		}
		found = ctgm_place_next(place, from, &start);
		if (found != have || (found && start != lowest)) {
			KUNIT_FAIL(test, "from %#lx found %d at %#lx, should be %#lx: %s",
				   from, found, start, lowest, place_text(test, place));
			return false;
		}
	}
	return true;
}

/* One set of constraints from every frame down; false after the first mismatch. */
static bool check_small_prev(struct kunit *test, const struct ctgm_constraints *place)
{
	unsigned long highest = ULONG_MAX, to;

	/* Upwards: the place seen last is the highest that ends at or below @to. */
	for (to = 0; to < SPACE + 2; to++) {
		unsigned long start = 0;
		bool found, have;

		if (to + 1 >= place->nr && model_fits(place, to + 1 - place->nr))
			highest = to + 1 - place->nr;
		have = highest != ULONG_MAX;
		found = ctgm_place_prev(place, to, &start);
		if (found != have || (found && start != highest)) {
			KUNIT_FAIL(test, "to %#lx found %d at %#lx, should be %#lx: %s",
				   to, found, start, highest, place_text(test, place));
			return false;
		}
	}
	return true;
}

static bool check_small(struct kunit *test, const struct ctgm_constraints *place)
{
	return check_small_next(test, place) && check_small_prev(test, place);
}

/* Every alignment and boundary for one range and size. */
static bool check_range(struct kunit *test, unsigned long first, unsigned long last,
			unsigned long nr)
{
	struct ctgm_constraints place = { .first = first, .last = last, .nr = nr };

	for (place.align = 1; place.align <= SPACE; place.align *= 2) {
		place.boundary = 0;
		if (!check_small(test, &place))
			return false;
		for (place.boundary = 1; place.boundary <= SPACE; place.boundary *= 2) {
			if (place.boundary >= nr && !check_small(test, &place))
				return false;
		}
	}
	return true;
}

static void every_place_in_a_small_space(struct kunit *test)
{
	unsigned long first, last, nr;

	for (first = 0; first < SPACE; first++) {
		for (last = first; last < SPACE; last++) {
			/* Up to one frame more than the range has. */
			for (nr = 1; nr <= last - first + 2; nr++) {
				if (!check_range(test, first, last, nr))
					return;
			}
			cond_resched();
		}
	}
}

static void no_place_in_an_empty_range(struct kunit *test)
{
	unsigned long first, last, nr;

	for (first = 1; first < SPACE; first++) {
		for (last = 0; last < first; last++) {
			for (nr = 1; nr <= 2; nr++) {
				if (!check_range(test, first, last, nr))
					return;
			}
			cond_resched();
		}
	}
}

static void going_on_behind_each_place_finds_them_all(struct kunit *test)
{
	struct ctgm_constraints place = {
		.first = 3, .last = 200, .nr = 5, .align = 2, .boundary = 16
	};
	unsigned long from = 0, start, expected;

	for (expected = 0; expected < 256; expected++) {
		if (!model_fits(&place, expected))
			continue;
		KUNIT_ASSERT_TRUE_MSG(test, ctgm_place_next(&place, from, &start),
				      "from=%#lx %s", from, place_text(test, &place));
		KUNIT_ASSERT_EQ_MSG(test, start, expected, "from=%#lx %s", from,
				    place_text(test, &place));
		from = start + 1;
	}
	KUNIT_EXPECT_FALSE(test, ctgm_place_next(&place, from, &start));
}

static void going_on_below_each_place_finds_them_all(struct kunit *test)
{
	struct ctgm_constraints place = {
		.first = 3, .last = 200, .nr = 5, .align = 2, .boundary = 16
	};
	unsigned long to = ULONG_MAX, start, expected;

	for (expected = 256; expected-- > 0;) {
		if (!model_fits(&place, expected))
			continue;
		KUNIT_ASSERT_TRUE_MSG(test, ctgm_place_prev(&place, to, &start),
				      "to=%#lx %s", to, place_text(test, &place));
		KUNIT_ASSERT_EQ_MSG(test, start, expected, "to=%#lx %s", to,
				    place_text(test, &place));
		to = start + place.nr - 2;
	}
	KUNIT_EXPECT_FALSE(test, ctgm_place_prev(&place, to, &start));
}

/* For any numbers: no sum can wrap. */
static bool model_fits_anywhere(const struct ctgm_constraints *place, unsigned long start)
{
	unsigned long end;

	if (start < place->first || start > place->last || start % place->align)
		return false;
	if (place->last - start < place->nr - 1)
		return false;
	end = start + (place->nr - 1);
	return !place->boundary || start / place->boundary == end / place->boundary;
}

/* Tries every aligned frame upwards until one fits or the range ends. */
static bool model_next_anywhere(const struct ctgm_constraints *place, unsigned long from,
				unsigned long *start)
{
	unsigned long at = from > place->first ? from : place->first;

	if (at % place->align &&
	    check_add_overflow(at, place->align - at % place->align, &at))
		return false;
	while (at <= place->last && place->last - at >= place->nr - 1) {
		if (model_fits_anywhere(place, at)) {
			*start = at;
			return true;
		}
		if (check_add_overflow(at, place->align, &at))
			return false;
	}
	return false;
}

/* Tries every aligned frame downwards until one fits or the range ends. */
static bool model_prev_anywhere(const struct ctgm_constraints *place, unsigned long to,
				unsigned long *start)
{
	unsigned long at = to < place->last ? to : place->last;

	if (check_sub_overflow(at, place->nr - 1, &at))
		return false;
	for (at -= at % place->align; at >= place->first;) {
		if (model_fits_anywhere(place, at)) {
			*start = at;
			return true;
		}
		if (check_sub_overflow(at, place->align, &at))
			return false;
	}
	return false;
}

/* A number of random length, from no bit to all bits. */
static unsigned long random_number(struct rnd_state *rnd)
{
	u32 bits = test_random_below(rnd, BITS_PER_LONG + 1);

	return bits ? test_random_u64(rnd) >> (BITS_PER_LONG - bits) : 0;
}

static void random_place(struct rnd_state *rnd, struct ctgm_constraints *place)
{
	u32 shift = test_random_below(rnd, BITS_PER_LONG);
	unsigned long smallest;

	place->align = 1UL << shift;
	/* At most 64 aligned frames in a block keep the model quick. */
	place->nr = random_number(rnd);
	if (place->nr / 64 > place->align)
		place->nr = place->align * (1 + test_random_below(rnd, 64)) -
			    test_random_below(rnd, 2);
	if (!place->nr)
		place->nr = 1;

	place->boundary = 0;
	smallest = place->nr <= 1UL << (BITS_PER_LONG - 1) ? roundup_pow_of_two(place->nr) : 0;
	if (smallest && test_random_below(rnd, 4)) {
		shift = ilog2(smallest);
		place->boundary = smallest << test_random_below(rnd, BITS_PER_LONG - shift);
		if (test_random_below(rnd, 2))
			place->boundary = smallest;
	}

	place->first = random_number(rnd);
	if (test_random_below(rnd, 4) == 0)
		place->first = ULONG_MAX - place->first;
	place->last = ULONG_MAX;
	switch (test_random_below(rnd, 4)) {
	case 0:
		place->last = random_number(rnd);
		break;
	case 1:
		/* About as large as the block. */
		if (check_add_overflow(place->first, place->nr - 1, &place->last) ||
		    check_add_overflow(place->last,
				       (unsigned long)test_random_below(rnd, 2) * place->align,
				       &place->last))
			place->last = ULONG_MAX;
		place->last -= place->last ? test_random_below(rnd, 2) : 0;
		break;
	case 2:
		if (check_add_overflow(place->first, random_number(rnd), &place->last))
			place->last = ULONG_MAX;
		break;
	}
}

static unsigned long random_from(struct rnd_state *rnd, const struct ctgm_constraints *place)
{
	unsigned long near = place->first + test_random_below(rnd, 256) - 128;

	switch (test_random_below(rnd, 4)) {
	case 0:
		return 0;
	case 1:
		return near;
	case 2:
		return random_number(rnd);
	default:
		return ULONG_MAX - random_number(rnd);
	}
}

static unsigned long random_to(struct rnd_state *rnd, const struct ctgm_constraints *place)
{
	long near = (long)test_random_below(rnd, 256) - 128;

	switch (test_random_below(rnd, 5)) {
	case 0:
		return ULONG_MAX;
	case 1:
		return place->last + near;
	case 2:
		return place->first + place->nr + near;
	case 3:
		return random_number(rnd);
	default:
		return ULONG_MAX - random_number(rnd);
	}
}

static void random_places_downwards(struct kunit *test)
{
	unsigned long found = 0, none = 0;
	struct rnd_state rnd;
	int i;

	test_random_start(test, &rnd);
	for (i = 0; i < 100000; i++) {
		unsigned long to, start = 0, expected = 0;
		struct ctgm_constraints place;
		bool says, should;

		random_place(&rnd, &place);
		to = random_to(&rnd, &place);
		should = model_prev_anywhere(&place, to, &expected);
		says = ctgm_place_prev(&place, to, &start);
		if (says != should || (says && start != expected)) {
			KUNIT_FAIL(test,
				   "case %d: to %#lx found %d at %#lx, should be %d at %#lx: %s",
				   i, to, says, start, should, expected,
				   place_text(test, &place));
			return;
		}
		found += should;
		none += !should;
		if (i % 1024 == 0)
			cond_resched();
	}
	/* Both results occurred often. */
	KUNIT_EXPECT_GT(test, found, 10000UL);
	KUNIT_EXPECT_GT(test, none, 10000UL);
}

static void random_places(struct kunit *test)
{
	unsigned long found = 0, none = 0;
	struct rnd_state rnd;
	int i;

	test_random_start(test, &rnd);
	for (i = 0; i < 100000; i++) {
		unsigned long from, start = 0, expected = 0;
		struct ctgm_constraints place;
		bool says, should;

		random_place(&rnd, &place);
		from = random_from(&rnd, &place);
		should = model_next_anywhere(&place, from, &expected);
		says = ctgm_place_next(&place, from, &start);
		if (says != should || (says && start != expected)) {
			KUNIT_FAIL(test,
				   "case %d: from %#lx found %d at %#lx, should be %d at %#lx: %s",
				   i, from, says, start, should, expected,
				   place_text(test, &place));
			return;
		}
		if (ctgm_place_fits(&place, from) != model_fits_anywhere(&place, from)) {
			KUNIT_FAIL(test, "case %d: fits at %#lx is wrong: %s", i, from,
				   place_text(test, &place));
			return;
		}
		found += should;
		none += !should;
		if (i % 1024 == 0)
			cond_resched();
	}
	/* Both results occurred often. */
	KUNIT_EXPECT_GT(test, found, 10000UL);
	KUNIT_EXPECT_GT(test, none, 10000UL);
}

struct edge {
	struct ctgm_constraints place;
	unsigned long at;
	bool found;
	unsigned long start;
};

typedef bool (*place_function)(const struct ctgm_constraints *place, unsigned long at,
			       unsigned long *start);

static void check_edges(struct kunit *test, place_function find, const struct edge *edges,
			size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		const struct edge *edge = &edges[i];
		unsigned long start = 0;

		KUNIT_EXPECT_EQ_MSG(test, find(&edge->place, edge->at, &start), edge->found,
				    "case %zu: at=%#lx %s", i, edge->at,
				    place_text(test, &edge->place));
		if (edge->found)
			KUNIT_EXPECT_EQ_MSG(test, start, edge->start, "case %zu: at=%#lx %s", i,
					    edge->at, place_text(test, &edge->place));
	}
}

#define PLACE(...)	((struct ctgm_constraints){ __VA_ARGS__ })
#define TOP	ULONG_MAX
#define HALF	(1UL << (BITS_PER_LONG - 1))

static void bottom_of_the_address_space(struct kunit *test)
{
	static const struct edge edges[] = {
		{ PLACE(0, 0, 1, 1, 0), 0, true, 0 },
		{ PLACE(0, 0, 2, 1, 0), 0, false },
		{ PLACE(0, 0, 1, 1, 0), 1, false },
		{ PLACE(0, 0, 1, HALF, 0), 0, true, 0 },
		{ PLACE(0, TOP, 1, 1, 1), 0, true, 0 },
		{ PLACE(0, TOP, HALF, 1, HALF), 0, true, 0 },
		{ PLACE(1, TOP, HALF, 1, HALF), 0, true, HALF },
		{ PLACE(0, 0, TOP, 1, 0), 0, false },
	};

	check_edges(test, ctgm_place_next, edges, ARRAY_SIZE(edges));
}

static void top_of_the_address_space(struct kunit *test)
{
	static const struct edge edges[] = {
		{ PLACE(0, TOP, 1, 1, 0), TOP, true, TOP },
		{ PLACE(0, TOP, 2, 1, 0), TOP, false },
		{ PLACE(0, TOP, 2, 1, 0), TOP - 1, true, TOP - 1 },
		{ PLACE(0, TOP, 2, 2, 0), TOP, false },
		{ PLACE(0, TOP, 1, 2, 0), TOP, false },
		{ PLACE(0, TOP, 1, HALF, 0), HALF + 1, false },
		{ PLACE(0, TOP, HALF, HALF, HALF), HALF + 1, false },
		{ PLACE(0, TOP, HALF, 1, HALF), HALF + 1, false },
		{ PLACE(0, TOP, HALF, 1, 0), HALF, true, HALF },
		{ PLACE(0, TOP, HALF, 1, 0), HALF + 1, false },
		{ PLACE(TOP, TOP, 1, 1, 1), 0, true, TOP },
		{ PLACE(TOP - 6, TOP, 4, 1, 4), 0, true, TOP - 3 },
		{ PLACE(TOP - 2, TOP, 4, 1, 4), 0, false },
		{ PLACE(TOP - 2, TOP, 3, 1, 4), 0, true, TOP - 2 },
		{ PLACE(0, TOP - 1, 1, 1, 0), TOP, false },
	};

	check_edges(test, ctgm_place_next, edges, ARRAY_SIZE(edges));
}

static void as_large_as_the_address_space(struct kunit *test)
{
	static const struct edge edges[] = {
		{ PLACE(0, TOP, TOP, 1, 0), 0, true, 0 },
		{ PLACE(0, TOP, TOP, 1, 0), 1, true, 1 },
		{ PLACE(0, TOP, TOP, 1, 0), 2, false },
		{ PLACE(0, TOP, TOP, 2, 0), 1, false },
		{ PLACE(0, TOP - 1, TOP, 1, 0), 0, true, 0 },
		{ PLACE(0, TOP - 1, TOP, 1, 0), 1, false },
		{ PLACE(0, TOP, HALF + 1, 1, 0), HALF - 1, true, HALF - 1 },
		{ PLACE(0, TOP, HALF + 1, 1, 0), HALF, false },
	};

	check_edges(test, ctgm_place_next, edges, ARRAY_SIZE(edges));
}

static void downwards_at_the_edges(struct kunit *test)
{
	static const struct edge edges[] = {
		/* The bottom of the address space. */
		{ PLACE(0, 0, 1, 1, 0), 0, true, 0 },
		{ PLACE(0, 0, 1, 1, 0), TOP, true, 0 },
		{ PLACE(0, 0, 2, 1, 0), TOP, false },
		{ PLACE(0, TOP, 2, 1, 0), 0, false },
		{ PLACE(0, TOP, 2, 1, 0), 1, true, 0 },
		{ PLACE(1, TOP, 1, 1, 0), 0, false },
		{ PLACE(1, TOP, 1, HALF, 0), HALF - 1, false },
		{ PLACE(0, TOP, 1, HALF, 0), HALF - 1, true, 0 },
		{ PLACE(0, TOP, TOP, 1, 0), TOP - 2, false },
		{ PLACE(0, 0, TOP, 1, 0), TOP, false },
		/* The top. */
		{ PLACE(0, TOP, 1, 1, 0), TOP, true, TOP },
		{ PLACE(0, TOP - 1, 1, 1, 0), TOP, true, TOP - 1 },
		{ PLACE(0, TOP, 2, 1, 0), TOP, true, TOP - 1 },
		{ PLACE(0, TOP, 1, 2, 0), TOP, true, TOP - 1 },
		{ PLACE(TOP, TOP, 1, 1, 1), TOP, true, TOP },
		{ PLACE(TOP, TOP, 1, 2, 0), TOP, false },
		{ PLACE(0, TOP, HALF, 1, 0), TOP, true, HALF },
		{ PLACE(0, TOP, HALF, HALF, HALF), TOP - 1, true, 0 },
		/* As large as the address space. */
		{ PLACE(0, TOP, TOP, 1, 0), TOP, true, 1 },
		{ PLACE(0, TOP, TOP, 1, 0), TOP - 1, true, 0 },
		{ PLACE(0, TOP, TOP, 2, 0), TOP, true, 0 },
		{ PLACE(2, TOP, TOP, 1, 0), TOP, false },
		/* A boundary, and an alignment beyond it. */
		{ PLACE(0, TOP, 4, 1, 4), TOP, true, TOP - 3 },
		{ PLACE(0, TOP, 4, 1, 4), TOP - 1, true, TOP - 7 },
		{ PLACE(0, TOP, 3, 1, 4), TOP - 1, true, TOP - 3 },
		{ PLACE(0, TOP, 3, 1, 4), 5, true, 1 },
		{ PLACE(0, TOP, 3, 2, 4), 5, true, 0 },
		{ PLACE(2, TOP, 3, 1, 4), 5, false },
		{ PLACE(0, TOP, HALF, 1, HALF), TOP - 1, true, 0 },
		{ PLACE(0, TOP, HALF, 1, HALF), HALF - 2, false },
		{ PLACE(0, TOP, 3, 8, 4), 9, true, 0 },
		{ PLACE(0, TOP, 3, 8, 4), 10, true, 8 },
		{ PLACE(1, TOP, 3, HALF, 4), TOP, true, HALF },
	};

	check_edges(test, ctgm_place_prev, edges, ARRAY_SIZE(edges));
}

/* A place fits within a range if it fits both, the constraints and the range. */
static bool check_within(struct kunit *test, const struct ctgm_constraints *place,
			 unsigned long first, unsigned long last)
{
	struct ctgm_constraints within = ctgm_place_within(place, first, last);
	unsigned long start;

	for (start = 0; start < SPACE; start++) {
		bool fits = model_fits(place, start) && start >= first &&
			    start + place->nr <= last + 1;

		if (ctgm_place_fits(&within, start) != fits) {
			KUNIT_FAIL(test, "%#lx within %#lx-%#lx should be %d: %s", start,
				   first, last, fits, place_text(test, place));
			return false;
		}
	}
	return true;
}

static void within_clips_at_both_ends(struct kunit *test)
{
	struct ctgm_constraints place = {
		.first = 5, .last = 26, .nr = 3, .align = 1, .boundary = 8
	};
	unsigned long first, last;

	for (place.align = 1; place.align <= 4; place.align *= 2) {
		for (first = 0; first < SPACE; first++) {
			for (last = first; last < SPACE; last++) {
				if (!check_within(test, &place, first, last))
					return;
			}
		}
	}
}

static void within_nothing_in_common_fits_nothing(struct kunit *test)
{
	struct ctgm_constraints place = { .first = 10, .last = 20, .nr = 1, .align = 1 };
	struct ctgm_constraints below = ctgm_place_within(&place, 0, 9);
	struct ctgm_constraints above = ctgm_place_within(&place, 21, ULONG_MAX);
	unsigned long start;

	KUNIT_EXPECT_FALSE(test, ctgm_place_next(&below, 0, &start));
	KUNIT_EXPECT_FALSE(test, ctgm_place_next(&above, 0, &start));
	KUNIT_EXPECT_FALSE(test, ctgm_place_prev(&below, ULONG_MAX, &start));
	KUNIT_EXPECT_FALSE(test, ctgm_place_prev(&above, ULONG_MAX, &start));
}

static struct kunit_case placement_cases[] = {
	KUNIT_CASE_SLOW(every_place_in_a_small_space),
	KUNIT_CASE(no_place_in_an_empty_range),
	KUNIT_CASE(going_on_behind_each_place_finds_them_all),
	KUNIT_CASE(going_on_below_each_place_finds_them_all),
	KUNIT_CASE_SLOW(random_places),
	KUNIT_CASE_SLOW(random_places_downwards),
	KUNIT_CASE(bottom_of_the_address_space),
	KUNIT_CASE(top_of_the_address_space),
	KUNIT_CASE(as_large_as_the_address_space),
	KUNIT_CASE(downwards_at_the_edges),
	KUNIT_CASE(within_clips_at_both_ends),
	KUNIT_CASE(within_nothing_in_common_fits_nothing),
	{}
};

struct kunit_suite placement_suite = {
	.name = "contigmem_placement",
	.test_cases = placement_cases,
};
