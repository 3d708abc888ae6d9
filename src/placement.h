/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which windows of page frames fit a request, and where to look next after a
 * blocker. Arithmetic alone: no kernel state, no locks, any context.
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

/**
 * enum frame_state - what stands in a block's way at a frame, the worst last
 * @FRAME_FREE: nothing
 * @FRAME_MOVABLE: a page that can be moved
 * @FRAME_PINNED: a page that stays, although it looks as if it could be moved:
 *	it is in the way of a block, but not of one beside it
 * @FRAME_UNMOVABLE: a page that makes its whole pageblock useless
 */
enum frame_state { FRAME_FREE, FRAME_MOVABLE, FRAME_PINNED, FRAME_UNMOVABLE };

/**
 * struct frame_run - frames that share one state
 * @first: first frame
 * @last: last frame, inclusive
 * @state: whether they are in the way of a block
 */
struct frame_run {
	unsigned long first;
	unsigned long last;
	enum frame_state state;
};

/**
 * struct window_search - looks for windows, upwards; what is not set is 0
 * @place: where a block may lie, its range beginning and ending with a granule
 * @granule: frames that are claimed together, a power of two: a pageblock's
 * @inside: the worst that a window may have in it
 * @beside: the worst that the rest of its granules may
 * @read: says what is at a frame and how far that reaches to both sides; a frame
 *	is read once until a window is found, and once for each window beside it
 * @windows: counts the places that were looked at
 * @stop: set by @read to end the search
 * @from: next frame that a window may start at; a caller may raise it
 * @over: private: nothing is left above
 * @good_first: private: the frames from here
 * @good_end: private: to before this one are known to be good
 * @moves: private, for window_next_cost(): pages to move in each good granule
 * @nr_moves: private: how many @moves has room for
 * @sum: private: all of them
 */
struct window_search {
	struct placement place;
	unsigned long granule;
	enum frame_state inside;
	enum frame_state beside;
	void (*read)(struct window_search *search, unsigned long pfn, struct frame_run *run);
	unsigned long windows;
	bool stop;
	unsigned long from;
	bool over;
	unsigned long good_first;
	unsigned long good_end;
	unsigned int *moves;
	unsigned long nr_moves;
	unsigned long sum;
};

/* How many granules the block of a search can touch. */
static inline unsigned long window_granules(const struct window_search *search)
{
	return (search->place.nr - 1) / search->granule + 2;
}

bool window_next(struct window_search *search, unsigned long *start);
bool window_next_cost(struct window_search *search, unsigned long *start, unsigned long *cost);

#endif /* CONTIGMEM_PLACEMENT_H */
