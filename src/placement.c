// SPDX-License-Identifier: GPL-2.0
#include "placement.h"

static unsigned long window_granule_first(const struct ctgm_window_search *search,
					  unsigned long pfn)
{
	return ALIGN_DOWN(pfn, search->granule);
}

static unsigned long window_granule_last(const struct ctgm_window_search *search,
					 unsigned long pfn)
{
	return pfn | (search->granule - 1);
}

/* No candidate range from here on starts at @last or below. */
static void window_go_past(struct ctgm_window_search *search, unsigned long last)
{
	search->from = last + 1;
	search->over = !search->from;
}

/* Go past a blocker, or where it makes its granule useless past the granule. */
static void window_avoid(struct ctgm_window_search *search, const struct ctgm_frame_run *run)
{
	if (run->state > search->beside)
		window_go_past(search, window_granule_last(search, run->last));
	else
		window_go_past(search, run->last);
}

/* The next place to look at, unless the search is over. */
static bool window_next_place(struct ctgm_window_search *search, unsigned long *start)
{
	if (search->stop || search->over ||
	    !ctgm_place_next(&search->place, search->from, start))
		return false;
	search->windows++;
	return true;
}

/*
 * Read frames from the last down to the first, and stop at a state that is worse
 * than @worst, or when @read ends the search. Returns whether all were read.
 */
static bool window_all_good(struct ctgm_window_search *search, unsigned long first,
			    unsigned long end, enum ctgm_frame_state worst,
			    struct ctgm_frame_run *run)
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

static bool window_good(struct ctgm_window_search *search, unsigned long start, unsigned long end)
{
	unsigned long known = clamp(search->good_end, start, end);
	struct ctgm_frame_run run;

	/* The frames below @known were read when the last blocker was found. */
	if (!window_all_good(search, known, end, search->inside, &run)) {
		window_avoid(search, &run);
		search->good_first = run.last + 1;
		search->good_end = max(end, search->good_first);
		return false;
	}
	search->good_first = start;
	search->good_end = end;
	return true;
}

static bool window_beside_good(struct ctgm_window_search *search, unsigned long start,
			       unsigned long end)
{
	unsigned long granules_first = window_granule_first(search, start);
	unsigned long granules_end = window_granule_last(search, end - 1) + 1;
	struct ctgm_frame_run run;

	if (window_all_good(search, end, granules_end, search->beside, &run) &&
	    window_all_good(search, granules_first, start, search->beside, &run))
		return true;
	window_go_past(search, window_granule_last(search, run.last));
	return false;
}

/**
 * ctgm_window_next() - the next candidate range without a blocker
 * @search: the constraints and the states that are allowed
 * @start: set to its first frame
 *
 * A range is read from its end: the first blocker found rules out every range
 * that contains it, and the frames below the blocker are never read. The search goes
 * on behind the range's first granule, unless the caller sets @search->from.
 *
 * Return: false if there is none.
 */
bool ctgm_window_next(struct ctgm_window_search *search, unsigned long *start)
{
	while (window_next_place(search, start)) {
		unsigned long end = *start + search->place.nr;

		if (!window_good(search, *start, end) || !window_beside_good(search, *start, end))
			continue;
		window_go_past(search, window_granule_last(search, *start));
		return true;
	}
	return false;
}

/*
 * Count the pages to move in the granule that begins at @first. False if one of them
 * cannot be moved, or when @read ends the search.
 */
static bool window_granule_cost(struct ctgm_window_search *search, unsigned long first,
				unsigned int *cost)
{
	unsigned long at = first + search->granule;
	struct ctgm_frame_run run;

	*cost = 0;
	while (at > first) {
		search->read(search, at - 1, &run);
		if (run.state > CTGM_FRAME_MOVABLE || search->stop) {
			window_go_past(search, window_granule_last(search, run.last));
			return false;
		}
		if (run.state == CTGM_FRAME_MOVABLE)
			*cost += at - max(run.first, first);
		at = max(run.first, first);
	}
	return true;
}

static unsigned int *window_moves(struct ctgm_window_search *search, unsigned long pfn)
{
	return &search->moves[pfn / search->granule % search->nr_moves];
}

/**
 * ctgm_window_next_cost() - the next candidate range whose granules can all be cleared
 * @search: the constraints; @moves has room for ctgm_window_granules()
 * @start: set to its first frame
 * @cost: set to the pages that would have to move, in all of its granules
 *
 * Of the ranges that begin in one granule only the first is returned: the others
 * touch the same granules or more. Each frame is read at most once.
 *
 * Return: false if there is none.
 */
bool ctgm_window_next_cost(struct ctgm_window_search *search, unsigned long *start,
			   unsigned long *cost)
{
	while (window_next_place(search, start)) {
		unsigned long first = window_granule_first(search, *start);
		unsigned long end = window_granule_last(search, *start + search->place.nr - 1) + 1;
		unsigned long at, known, added = 0;

		for (; search->good_first < min(first, search->good_end);
		     search->good_first += search->granule)
			search->sum -= *window_moves(search, search->good_first);
		known = clamp(search->good_end, first, end);
		for (at = end; at > known; at -= search->granule) {
			unsigned int *moves = window_moves(search, at - search->granule);

			if (!window_granule_cost(search, at - search->granule, moves))
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
		window_go_past(search, window_granule_last(search, *start));
		return true;
	}
	return false;
}
