/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which candidate ranges of page frames meet the constraints, and where to look next
 * after a blocker. Arithmetic alone: no kernel state, no locks, any context.
 */
#ifndef CTGM_PLACEMENT_H
#define CTGM_PLACEMENT_H

#include <linux/align.h>
#include <linux/minmax.h>
#include <linux/types.h>

/**
 * struct ctgm_constraints - where a block may lie; all numbers are page frames
 * @first: first acceptable frame
 * @last: last acceptable frame, inclusive, so that the top of the address
 *	space can be expressed
 * @nr: frames in the block, not 0
 * @align: power of two that the first frame is a multiple of
 * @boundary: power of two whose multiples the block does not cross, at least
 *	@nr; 0 means none
 */
struct ctgm_constraints {
	unsigned long first;
	unsigned long last;
	unsigned long nr;
	unsigned long align;
	unsigned long boundary;
};

/**
 * ctgm_place_fits() - would a block that starts at @start meet every constraint?
 * @place: the constraints
 * @start: page frame number
 *
 * Return: true if it would.
 */
static inline bool ctgm_place_fits(const struct ctgm_constraints *place, unsigned long start)
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
 * ctgm_place_next() - the lowest place at or above a frame
 * @place: the constraints
 * @from: page frame number; below @place->first it means @place->first
 * @start: set to the first frame of the place
 *
 * After a frame that blocks a candidate range, the next range that can be free of
 * it starts at ctgm_place_next(place, blocker + 1): every place in between contains
 * the blocker.
 *
 * Return: false if there is none.
 */
static inline bool ctgm_place_next(const struct ctgm_constraints *place, unsigned long from,
				   unsigned long *start)
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
	return ctgm_place_fits(place, aligned);
}

/**
 * ctgm_place_prev() - the highest place whose last frame is at or below a frame
 * @place: the constraints
 * @to: page frame number; above @place->last it means @place->last
 * @start: set to the first frame of the place
 *
 * Below a frame that blocks a candidate range, the next range that can be free of
 * it is ctgm_place_prev(place, blocker - 1): every place in between contains the
 * blocker.
 *
 * Return: false if there is none.
 */
static inline bool ctgm_place_prev(const struct ctgm_constraints *place, unsigned long to,
				   unsigned long *start)
{
	unsigned long end = min(to, place->last);	/* inclusive */
	unsigned long aligned;

	if (end < place->nr - 1)
		return false;
	aligned = ALIGN_DOWN(end - (place->nr - 1), place->align);
	end = aligned + (place->nr - 1);
	if (place->boundary && (aligned ^ end) >= place->boundary) {
		/*
		 * The block crosses, so the alignment is smaller than the boundary
		 * and the multiple below is aligned: one step does.
		 */
		end = ALIGN_DOWN(end, place->boundary) - 1;
		aligned = ALIGN_DOWN(end - (place->nr - 1), place->align);
	}
	*start = aligned;
	return ctgm_place_fits(place, aligned);
}

/**
 * ctgm_place_within() - the same constraints in a smaller range
 * @place: the constraints
 * @first: first frame of the range
 * @last: last frame of the range, inclusive
 *
 * Return: the constraints; where the ranges do not meet, constraints that no place meets.
 */
static inline struct ctgm_constraints ctgm_place_within(const struct ctgm_constraints *place,
							unsigned long first, unsigned long last)
{
	struct ctgm_constraints within = *place;

	within.first = max(first, place->first);
	within.last = min(last, place->last);
	return within;
}

/**
 * enum ctgm_frame_state - the state of a frame that a block shall get, the worst last
 * @CTGM_FRAME_FREE: nothing
 * @CTGM_FRAME_MOVABLE: a page that the kernel can migrate
 * @CTGM_FRAME_PINNED: a page that stays, although its kind can be migrated:
 *	it blocks its own frame, not the frames beside it
 * @CTGM_FRAME_UNMOVABLE: a page that makes its whole pageblock useless
 */
enum ctgm_frame_state {
	CTGM_FRAME_FREE,
	CTGM_FRAME_MOVABLE,
	CTGM_FRAME_PINNED,
	CTGM_FRAME_UNMOVABLE
};

/**
 * struct ctgm_frame_run - adjacent frames that share one state
 * @first: first frame
 * @last: last frame, inclusive
 * @state: their state
 */
struct ctgm_frame_run {
	unsigned long first;
	unsigned long last;
	enum ctgm_frame_state state;
};

/**
 * struct ctgm_window_search - a search for candidate ranges, downwards; unset members are 0
 * @place: the constraints; its range begins and ends with a granule
 * @granule: frames that are isolated together, a power of two: a pageblock's
 * @inside: the worst state allowed inside a candidate range
 * @beside: the worst state allowed in the rest of its granules
 * @read: returns the state of a frame and how far that state reaches to both sides; a
 *	frame is read once until a range is found, and once for each range beside it
 * @windows: counts the places that were looked at
 * @stop: set by @read to end the search
 * @to: the next range ends below this frame, or where it is 0, as at first, anywhere; a
 *	caller may lower it, but not to 0
 * @at: the range that is looked at begins here
 * @over: private: no place is left below
 * @good_first: private: the frames from here
 * @good_end: private: to before this one are known to be good
 * @moves: private, for ctgm_window_next_cost(): pages to move in each good granule
 * @nr_moves: private: how many @moves has room for
 * @sum: private: all of them
 */
struct ctgm_window_search {
	struct ctgm_constraints place;
	unsigned long granule;
	enum ctgm_frame_state inside;
	enum ctgm_frame_state beside;
	void (*read)(struct ctgm_window_search *search, unsigned long pfn,
		     struct ctgm_frame_run *run);
	unsigned long windows;
	bool stop;
	unsigned long to;
	unsigned long at;
	bool over;
	unsigned long good_first;
	unsigned long good_end;
	unsigned int *moves;
	unsigned long nr_moves;
	unsigned long sum;
};

/* How many granules the block of a search can touch. */
static inline unsigned long ctgm_window_granules(const struct ctgm_window_search *search)
{
	return (search->place.nr - 1) / search->granule + 2;
}

bool ctgm_window_next(struct ctgm_window_search *search, unsigned long *start);
bool ctgm_window_next_cost(struct ctgm_window_search *search, unsigned long *start,
			   unsigned long *cost);

#endif /* CTGM_PLACEMENT_H */
