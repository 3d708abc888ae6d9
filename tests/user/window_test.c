// SPDX-License-Identifier: GPL-2.0
/*
 * The arithmetic and the searches of src/placement.c in every small space: against models
 * that try each place, frame by frame.
 */
#include "kernel.h"
#include "../../src/placement.c"
#include "place_model.h"

#define SPACE	16UL

static unsigned long calls;

static const char *text(const struct ctgm_constraints *place)
{
	static char text[160];

	snprintf(text, sizeof(text), "first=%#lx last=%#lx nr=%#lx align=%#lx boundary=%#lx",
		 place->first, place->last, place->nr, place->align, place->boundary);
	return text;
}

/* Frame by frame, in numbers from 0 on. */
static bool slow_fits(const struct ctgm_constraints *place, unsigned long base,
		      unsigned long start)
{
	unsigned long i, more = place->nr - 1;

	if (start % place->align || base + start < place->first)
		return false;
	for (i = 0; i <= more; i++) {
		if (start + i >= SPACE || base + start + i > place->last)
			return false;
		if (i && place->boundary && (start + i) % place->boundary == 0)
			return false;
	}
	return true;
}

/* The last frames of a space of 2^64 have the same remainders as those from 0 on. */
static void try_place(const struct ctgm_constraints *place, unsigned long base)
{
	bool fits[SPACE], have = false, found;
	unsigned long at, start, lowest = 0, highest = 0;

	for (at = SPACE; at--;) {
		fits[at] = slow_fits(place, base, at);
		user_check(ctgm_place_fits(place, base + at) == fits[at], "fits at %#lx: %s",
			   base + at, text(place));
		if (fits[at])
			lowest = at;
		have |= fits[at];
		found = ctgm_place_next(place, base + at, &start);
		user_check(found == have && (!found || start == base + lowest),
			   "next of %#lx is %d at %#lx: %s", base + at, found, start, text(place));
	}
	have = false;
	for (at = 0; at < SPACE; at++) {
		if (at + 1 >= place->nr && fits[at + 1 - place->nr]) {
			have = true;
			highest = at + 1 - place->nr;
		}
		found = ctgm_place_prev(place, base + at, &start);
		user_check(found == have && (!found || start == base + highest),
			   "place up to %#lx is %d at %#lx: %s", base + at, found, start,
			   text(place));
	}
	calls += 3 * SPACE;
}

/* Every alignment and boundary for one range and size. */
static void try_range(struct ctgm_constraints *place, unsigned long base)
{
	for (place->align = 1; place->align <= SPACE; place->align *= 2) {
		place->boundary = 0;
		try_place(place, base);
		for (place->boundary = 1; place->boundary <= 2 * SPACE; place->boundary *= 2) {
			if (place->boundary >= place->nr)
				try_place(place, base);
		}
	}
}

static void every_small_place(unsigned long base)
{
	struct ctgm_constraints place;
	unsigned long first, last;

	for (first = 0; first < SPACE; first++) {
		for (last = 0; last < SPACE; last++) {
			place.first = base + first;
			place.last = base + last;
			for (place.nr = 1; place.nr <= SPACE + 1; place.nr++)
				try_range(&place, base);
		}
	}
}

/* Numbers of any length, and often close to the ends of what their length can say. */
static unsigned long any_number(void)
{
	unsigned long number = user_random() >> user_below(64);

	return user_below(3) ? number : user_below(4) - 2 + (1UL << user_below(64));
}

/* No place that is tried at random lies where a search says that there is none. */
static void random_places(unsigned long nr)
{
	struct ctgm_constraints place;
	unsigned long i, limit, other, start;
	bool found, fits;

	while (nr--) {
		place = (struct ctgm_constraints){
			any_number(), any_number(), any_number(), BIT(user_below(64)),
			user_below(2) ? BIT(user_below(64)) : 0,
		};
		if (!model_is_valid(&place))
			continue;
		for (i = 0; i < 8; i++) {
			other = ALIGN_DOWN(any_number(), place.align);
			limit = user_below(2) ? any_number() : other + user_below(3) - 1;
			fits = model_fits(&place, other);
			user_check(ctgm_place_fits(&place, other) == fits, "fits at %#lx: %s",
				   other, text(&place));
			found = ctgm_place_next(&place, limit, &start);
			user_check(!found || (start >= limit && model_fits(&place, start)),
				   "next of %#lx: %s", limit, text(&place));
			user_check(!fits || other < limit || (found && start <= other),
				   "next of %#lx passes over %#lx: %s", limit, other, text(&place));
			limit += place.nr - 1;
			found = ctgm_place_prev(&place, limit, &start);
			user_check(!found || (start + (place.nr - 1) <= limit &&
					      model_fits(&place, start)),
				   "place up to %#lx: %s", limit, text(&place));
			user_check(!fits || other + (place.nr - 1) > limit ||
				   (found && start >= other),
				   "place up to %#lx passes over %#lx: %s", limit, other,
				   text(&place));
			calls += 3;
		}
	}
}

/* The searches: each memory of 8 frames in 4 states. */
#define FRAMES	8UL

/**
 * struct small_memory - a memory, and the search in it
 * @search: the search
 * @state: of each frame
 * @reads: of each frame
 */
struct small_memory {
	struct ctgm_window_search search;
	unsigned char state[FRAMES];
	unsigned char reads[FRAMES];
};

static void read_frame(struct ctgm_window_search *search, unsigned long pfn,
		       struct ctgm_frame_run *run)
{
	struct small_memory *memory = container_of(search, struct small_memory, search);
	unsigned long first = pfn, last = pfn;

	user_check(pfn < FRAMES, "no frame %#lx", pfn);
	user_check(++memory->reads[pfn] <= 16, "a search in a circle");
	/* Runs as the page allocator has them: two frames, of which the first is even. */
	if (memory->state[pfn ^ 1] == memory->state[pfn]) {
		first = pfn & ~1UL;
		last = pfn | 1;
	}
	*run = (struct ctgm_frame_run){ first, last, memory->state[pfn] };
}

static bool slow_opens(const struct small_memory *memory, unsigned long start,
		       unsigned long *cost)
{
	const struct ctgm_window_search *search = &memory->search;
	unsigned long end = start + search->place.nr;
	unsigned long at = start / search->granule * search->granule;

	for (*cost = 0; at < end || at % search->granule; at++) {
		bool in = at >= start && at < end;

		if (memory->state[at] > (in ? search->inside : search->beside))
			return false;
		*cost += memory->state[at] == CTGM_FRAME_MOVABLE;
	}
	return true;
}

static void search_all(struct small_memory *memory, bool by_cost)
{
	struct ctgm_window_search *search = &memory->search;
	/* As many as the search may use: one more is out of bounds. */
	unsigned int moves[2 * FRAMES];
	unsigned long start, cost, right;
	long expected = FRAMES - 1;
	bool found;

	if (by_cost) {
		search->nr_moves = ctgm_window_granules(search);
		search->moves = moves + ARRAY_SIZE(moves) - search->nr_moves;
	}
	do {
		while (expected >= 0 && !(slow_fits(&search->place, 0, expected) &&
					  slow_opens(memory, expected, &right)))
			expected--;
		found = by_cost ? ctgm_window_next_cost(search, &start, &cost) :
				  ctgm_window_next(search, &start);
		user_check(found == (expected >= 0) && (!found || start == (unsigned long)expected),
			   "granule %lu found %d at %lu, not %ld: %s", search->granule, found,
			   start, expected, text(&search->place));
		user_check(!found || !by_cost || cost == right, "granule %lu at %lu cost %lu: %s",
			   search->granule, start, cost, text(&search->place));
		/* The next one ends below the last granule of this one. */
		while (expected >= 0 && (expected + search->place.nr - 1) / search->granule ==
					(start + search->place.nr - 1) / search->granule)
			expected--;
		calls++;
	} while (found);
	if (by_cost) {
		for (start = 0; start < FRAMES; start++)
			user_check(memory->reads[start] <= 1, "frame %lu is read twice", start);
	}
}

static const struct {
	enum ctgm_frame_state inside, beside;
	bool by_cost;
} passes[] = {
	{ CTGM_FRAME_FREE, CTGM_FRAME_FREE },
	{ CTGM_FRAME_FREE, CTGM_FRAME_PINNED },
	{ CTGM_FRAME_MOVABLE, CTGM_FRAME_PINNED },
	{ CTGM_FRAME_MOVABLE, CTGM_FRAME_MOVABLE, true },
};

static void every_search(const struct ctgm_constraints *place, unsigned long granule)
{
	unsigned long number, i, at;

	for (number = 0; number < 1UL << (2 * FRAMES); number++) {
		for (i = 0; i < ARRAY_SIZE(passes); i++) {
			struct small_memory memory = { .search = {
				.place = *place,
				.granule = granule,
				.inside = passes[i].inside,
				.beside = passes[i].beside,
				.read = read_frame,
			} };

			for (at = 0; at < FRAMES; at++)
				memory.state[at] = number >> (2 * at) & 3;
			search_all(&memory, passes[i].by_cost);
		}
	}
}

static void every_small_memory(void)
{
	static const unsigned long ranges[][2] = { { 0, FRAMES - 1 }, { 0, 3 }, { 4, 7 } };
	struct ctgm_constraints place;
	unsigned long granule, i;

	for (granule = 1; granule <= 4; granule *= 2) {
		for (i = 0; i < ARRAY_SIZE(ranges); i++) {
			place.first = ranges[i][0];
			place.last = ranges[i][1];
			for (place.nr = 1; place.nr <= 5; place.nr++) {
				place.align = 1;
				place.boundary = 0;
				every_search(&place, granule);
				if (i)
					continue;
				place.align = 2;
				every_search(&place, granule);
				place.align = 1;
				place.boundary = place.nr <= 4 ? 4 : 8;
				every_search(&place, granule);
			}
		}
	}
}

int main(void)
{
	every_small_place(0);
	every_small_place(-SPACE);
	random_places(400000);
	printf("placement: %lu calls, 0 wrong\n", calls);
	calls = 0;
	every_small_memory();
	printf("windows: %lu ranges in all memories of %lu frames, 0 wrong\n", calls, FRAMES);
	return 0;
}
