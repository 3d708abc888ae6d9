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

/* No candidate range from here on ends at @first or above. */
static void window_go_below(struct ctgm_window_search *search, unsigned long first)
{
	search->to = first;
	search->over = !first;
}

/* Go below a blocker, or where it makes its granule useless below the granule. */
static void window_avoid(struct ctgm_window_search *search, const struct ctgm_frame_run *run)
{
	if (run->state > search->beside)
		window_go_below(search, window_granule_first(search, run->first));
	else
		window_go_below(search, run->first);
}

/* The next place to look at, unless the search is over. */
static bool window_next_place(struct ctgm_window_search *search, unsigned long *start)
{
	/* At first @to is 0, and one less the top of the address space. */
	if (search->stop || search->over ||
	    !ctgm_place_prev(&search->place, search->to - 1, start))
		return false;
	search->at = *start;
	search->windows++;
	return true;
}

/*
 * Of the frames from @first to before @end those from the result on are known to be good:
 * they were read for a range above. Nothing is known when the search begins.
 */
static unsigned long window_known(const struct ctgm_window_search *search, unsigned long first,
				  unsigned long end)
{
	return search->good_end < end ? end : clamp(search->good_first, first, end);
}

/*
 * Read frames from the first up to the last, and stop at a state that is worse
 * than @worst, or when @read ends the search. Returns whether all were read.
 */
static bool window_all_good(struct ctgm_window_search *search, unsigned long first,
			    unsigned long end, enum ctgm_frame_state worst,
			    struct ctgm_frame_run *run)
{
	unsigned long at = first;

	while (at < end) {
		search->read(search, at, run);
		if (run->state > worst || search->stop)
			return false;
		at = min(run->last, end - 1) + 1;
	}
	return true;
}

static bool window_good(struct ctgm_window_search *search, unsigned long start, unsigned long end)
{
	unsigned long known = window_known(search, start, end);
	struct ctgm_frame_run run;

	if (!window_all_good(search, start, known, search->inside, &run)) {
		window_avoid(search, &run);
		search->good_first = min(start, run.first);
		search->good_end = run.first;
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

	if (window_all_good(search, granules_first, start, search->beside, &run) &&
	    window_all_good(search, end, granules_end, search->beside, &run))
		return true;
	window_go_below(search, window_granule_first(search, run.first));
	return false;
}

/**
 * ctgm_window_next() - the next lower candidate range without a blocker
 * @search: the constraints and the states that are allowed
 * @start: set to its first frame
 *
 * A range is read from its start: the first blocker found rules out every range
 * that contains it, and the frames above the blocker are never read. The search goes
 * on below the range's last granule, unless the caller sets @search->to.
 *
 * Return: false if there is none.
 */
bool ctgm_window_next(struct ctgm_window_search *search, unsigned long *start)
{
	while (window_next_place(search, start)) {
		unsigned long end = *start + search->place.nr;

		if (!window_good(search, *start, end) || !window_beside_good(search, *start, end))
			continue;
		window_go_below(search, window_granule_first(search, end - 1));
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
	unsigned long end = first + search->granule, at, next;
	struct ctgm_frame_run run;

	*cost = 0;
	for (at = first; at < end; at = next) {
		search->read(search, at, &run);
		if (run.state > CTGM_FRAME_MOVABLE || search->stop) {
			window_go_below(search, window_granule_first(search, run.first));
			return false;
		}
		next = min(run.last, end - 1) + 1;
		if (run.state == CTGM_FRAME_MOVABLE)
			*cost += next - at;
	}
	return true;
}

static unsigned int *window_moves(struct ctgm_window_search *search, unsigned long pfn)
{
	return &search->moves[pfn / search->granule % search->nr_moves];
}

/**
 * ctgm_window_next_cost() - the next lower candidate range whose granules can all be cleared
 * @search: the constraints; @moves has room for ctgm_window_granules()
 * @start: set to its first frame
 * @cost: set to the pages that would have to move, in all of its granules
 *
 * Of the ranges that end in one granule only the highest is returned: the others
 * touch the same granules or more. Each frame is read at most once.
 *
 * Return: false if there is none.
 */
bool ctgm_window_next_cost(struct ctgm_window_search *search, unsigned long *start,
			   unsigned long *cost)
{
	while (window_next_place(search, start)) {
		unsigned long first = window_granule_first(search, *start);
		unsigned long last = *start + search->place.nr - 1;
		unsigned long end = window_granule_last(search, last) + 1;
		unsigned long at, known, added = 0;

		for (; search->good_end > max(end, search->good_first);
		     search->good_end -= search->granule)
			search->sum -= *window_moves(search, search->good_end - search->granule);
		known = window_known(search, first, end);
		for (at = first; at < known; at += search->granule) {
			unsigned int *moves = window_moves(search, at);

			if (!window_granule_cost(search, at, moves))
				break;
			added += *moves;
		}
		search->good_first = first;
		if (at < known) {
			search->good_end = at;
			search->sum = added;
			continue;
		}
		search->good_end = end;
		search->sum += added;
		*cost = search->sum;
		window_go_below(search, window_granule_first(search, last));
		return true;
	}
	return false;
}
