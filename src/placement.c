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

static unsigned long granule_first(const struct window_search *search, unsigned long pfn)
{
	return ALIGN_DOWN(pfn, search->granule);
}

static unsigned long granule_last(const struct window_search *search, unsigned long pfn)
{
	return pfn | (search->granule - 1);
}

/* No window from here on starts at @last or below. */
static void go_past(struct window_search *search, unsigned long last)
{
	search->from = last + 1;
	search->over = !search->from;
}

/* Go past what is in the way of the window itself, or of its granule. */
static void avoid(struct window_search *search, const struct frame_run *run)
{
	go_past(search, run->state > search->beside ? granule_last(search, run->last) : run->last);
}

/* The next place to look at, unless the search is over. */
static bool next_place(struct window_search *search, unsigned long *start)
{
	if (search->stop || search->over ||
	    !placement_next(&search->place, search->from, start))
		return false;
	search->windows++;
	return true;
}

/*
 * Read frames from the last down to the first, and stop at one that is worse
 * than allowed, or when the search is to end. Returns whether there was none.
 */
static bool all_good(struct window_search *search, unsigned long first, unsigned long end,
		     enum frame_state worst, struct frame_run *run)
{
	unsigned long at = end;

	while (at > first) {
		search->read(search, at - 1, run);
		if (run->state > worst || search->stop)
			return false;
		at = max(run->first, first);
	}
	return true;
}

static bool window_good(struct window_search *search, unsigned long start, unsigned long end)
{
	unsigned long known = clamp(search->good_end, start, end);
	struct frame_run run;

	/* What is known is the lowest part: from the last blocker to where it was found. */
	if (!all_good(search, known, end, search->inside, &run)) {
		avoid(search, &run);
		search->good_first = run.last + 1;
		search->good_end = max(end, search->good_first);
		return false;
	}
	search->good_first = start;
	search->good_end = end;
	return true;
}

static bool beside_good(struct window_search *search, unsigned long start, unsigned long end)
{
	struct frame_run run;

	if (all_good(search, end, granule_last(search, end - 1) + 1, search->beside, &run) &&
	    all_good(search, granule_first(search, start), start, search->beside, &run))
		return true;
	go_past(search, granule_last(search, run.last));
	return false;
}

/**
 * window_next() - the next window that has nothing in the way
 * @search: what to look for
 * @start: set to its first frame
 *
 * A window is read from its end: the first blocker found rules out every window
 * that contains it, and what lies between is never read. The search goes on
 * behind the window's first granule, unless the caller sets @search->from.
 *
 * Return: false if there is none.
 */
bool window_next(struct window_search *search, unsigned long *start)
{
	while (next_place(search, start)) {
		unsigned long end = *start + search->place.nr;

		if (!window_good(search, *start, end) || !beside_good(search, *start, end))
			continue;
		go_past(search, granule_last(search, *start));
		return true;
	}
	return false;
}

/* Pages to move in the granule that begins at @first; false if one cannot, or at the end. */
static bool granule_cost(struct window_search *search, unsigned long first, unsigned int *cost)
{
	unsigned long at = first + search->granule;
	struct frame_run run;

	*cost = 0;
	while (at > first) {
		search->read(search, at - 1, &run);
		if (run.state > FRAME_MOVABLE || search->stop) {
			go_past(search, granule_last(search, run.last));
			return false;
		}
		if (run.state == FRAME_MOVABLE)
			*cost += at - max(run.first, first);
		at = max(run.first, first);
	}
	return true;
}

static unsigned int *moves_of(struct window_search *search, unsigned long pfn)
{
	return &search->moves[pfn / search->granule % search->nr_moves];
}

/**
 * window_next_cost() - the next window whose granules can all be cleared
 * @search: what to look for; @moves has room for window_granules()
 * @start: set to its first frame
 * @cost: set to the pages that would have to move, in all of its granules
 *
 * Of the windows that begin in one granule the first alone is told: the others
 * touch the same granules or more. Each frame is read at most once.
 *
 * Return: false if there is none.
 */
bool window_next_cost(struct window_search *search, unsigned long *start, unsigned long *cost)
{
	while (next_place(search, start)) {
		unsigned long first = granule_first(search, *start);
		unsigned long end = granule_last(search, *start + search->place.nr - 1) + 1;
		unsigned long at, known, added = 0;

		for (; search->good_first < min(first, search->good_end);
		     search->good_first += search->granule)
			search->sum -= *moves_of(search, search->good_first);
		known = clamp(search->good_end, first, end);
		for (at = end; at > known; at -= search->granule) {
			unsigned int *moves = moves_of(search, at - search->granule);

			if (!granule_cost(search, at - search->granule, moves))
				break;
			added += *moves;
		}
		search->good_end = end;
		if (at > known) {
			search->good_first = at;
			search->sum = added;
			continue;
		}
		search->good_first = first;
		search->sum += added;
		*cost = search->sum;
		go_past(search, granule_last(search, *start));
		return true;
	}
	return false;
}
