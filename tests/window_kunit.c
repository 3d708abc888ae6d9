// SPDX-License-Identifier: GPL-2.0
/*
 * The search for windows against a model that tries every place frame by frame.
 */
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "suites.h"
#include "../src/placement.h"

#define FRAMES		192UL
#define MEMORIES	20000
/* First frame of the model: a read below it is detected. */
#define BASE		0x1000UL

/**
 * struct memory - a small memory and the reads of it
 * @search: the search
 * @state: state of each frame
 * @calls: reads of each frame
 * @outside: a frame outside was read
 */
struct memory {
	struct ctgm_window_search search;
	enum ctgm_frame_state state[FRAMES];
	unsigned int calls[FRAMES];
	bool outside;
};

static struct memory memory;
static struct rnd_state rnd;

/* Returns a run as the page allocator has them: 2^n frames in one state, aligned. */
static void read_memory(struct ctgm_window_search *search, unsigned long pfn,
			struct ctgm_frame_run *run)
{
	unsigned long at = pfn - BASE, size, i;

	*run = (struct ctgm_frame_run){ pfn, pfn, CTGM_FRAME_UNMOVABLE };
	if (pfn < BASE || at >= FRAMES) {
		memory.outside = true;
		return;
	}
	/* A search in a circle ends, and has missed a window or read too often. */
	search->stop = ++memory.calls[at] > FRAMES;
	run->state = memory.state[at];
	for (size = 2; size <= 64; size *= 2) {
		unsigned long first = ALIGN_DOWN(at, size);

		for (i = first; i < first + size; i++) {
			if (i >= FRAMES || memory.state[i] != memory.state[at])
				return;
		}
		run->first = BASE + first;
		run->last = BASE + first + size - 1;
	}
}

static bool model_place(const struct ctgm_constraints *place, unsigned long start)
{
	unsigned long end = start + place->nr - 1;

	return start >= place->first && end <= place->last && start % place->align == 0 &&
	       (!place->boundary || start / place->boundary == end / place->boundary);
}

/* All frames in the window and in the rest of its granules have allowed states. */
static bool model_opens(const struct ctgm_window_search *search, unsigned long start)
{
	unsigned long end = start + search->place.nr;
	unsigned long first = start / search->granule * search->granule;
	unsigned long last = (end + search->granule - 1) / search->granule * search->granule;
	unsigned long pfn;

	for (pfn = first; pfn < last; pfn++) {
		bool in = pfn >= start && pfn < end;

		if (memory.state[pfn - BASE] > (in ? search->inside : search->beside))
			return false;
	}
	return true;
}

static unsigned long model_cost(const struct ctgm_window_search *search, unsigned long start)
{
	unsigned long pfn = start / search->granule * search->granule;
	unsigned long end = start + search->place.nr, cost = 0;

	while (pfn < end || pfn % search->granule) {
		cost += memory.state[pfn - BASE] == CTGM_FRAME_MOVABLE;
		pfn++;
	}
	return cost;
}

/* The highest window that ends at or below a frame; 0 if there is none. */
static unsigned long model_prev(const struct ctgm_window_search *search, unsigned long to)
{
	unsigned long start;

	for (start = BASE + FRAMES - 1; start >= BASE; start--) {
		if (start + search->place.nr - 1 <= to && model_place(&search->place, start) &&
		    model_opens(search, start))
			return start;
	}
	return 0;
}

/* The last frame below the granule in which a window ends. */
static unsigned long model_below(const struct ctgm_window_search *search, unsigned long start)
{
	unsigned long last = start + search->place.nr - 1;

	return last / search->granule * search->granule - 1;
}

/* Mostly free, mostly full or in between, in runs of random length. */
static void random_memory(void)
{
	u32 rare = 1 + test_random_below(&rnd, 40);
	enum ctgm_frame_state common = test_random_below(&rnd, 3) ? CTGM_FRAME_FREE :
								   CTGM_FRAME_MOVABLE;
	unsigned long i;

	memset(&memory, 0, sizeof(memory));
	for (i = 0; i < FRAMES; i++) {
		memory.state[i] = common;
		if (!test_random_below(&rnd, rare))
			memory.state[i] = test_random_below(&rnd, 4);
		else if (i && test_random_below(&rnd, 4))
			memory.state[i] = min(memory.state[i - 1], CTGM_FRAME_PINNED);
	}
}

static void random_search(void)
{
	struct ctgm_window_search *search = &memory.search;
	unsigned long granules;

	search->granule = 1UL << test_random_below(&rnd, 5);
	granules = FRAMES / search->granule;
	search->place.first = BASE + test_random_below(&rnd, FRAMES);
	search->place.last = BASE + test_random_below(&rnd, FRAMES);
	if (test_random_below(&rnd, 2)) {
		search->place.first = BASE;
		search->place.last = BASE + granules * search->granule - 1;
	}
	search->place.nr = 1 + test_random_below(&rnd, max(20UL, 3 * search->granule));
	search->place.align = 1UL << test_random_below(&rnd, 5);
	if (test_random_below(&rnd, 2))
		search->place.boundary = roundup_pow_of_two(search->place.nr) <<
					 test_random_below(&rnd, 2);
	search->read = read_memory;
}

static bool read_too_often(unsigned int most)
{
	unsigned long i;

	for (i = 0; i < FRAMES; i++) {
		if (memory.calls[i] > most)
			return true;
	}
	return memory.outside;
}

/* A search as text, for messages; freed when the test ends. */
static const char *search_text(struct kunit *test, unsigned int nth)
{
	const struct ctgm_window_search *search = &memory.search;
	const struct ctgm_constraints *place = &search->place;
	size_t room = 160;
	char *text = kunit_kmalloc(test, room, GFP_KERNEL);

	if (!text)
		return "?";
	snprintf(text, room,
		 "memory %u: granule=%#lx first=%#lx last=%#lx nr=%#lx align=%#lx boundary=%#lx inside=%d beside=%d",
		 nth, search->granule, place->first, place->last, place->nr, place->align,
		 place->boundary, search->inside, search->beside);
	return text;
}

/* The search returns each window, the highest first, and no more. */
static void every_window_is_found(struct kunit *test)
{
	struct ctgm_window_search *search = &memory.search;
	unsigned int i;

	test_random_start(test, &rnd);
	for (i = 0; i < MEMORIES; i++) {
		unsigned long start, to = ULONG_MAX, windows = 0;
		bool found;

		random_memory();
		random_search();
		search->beside = test_random_below(&rnd, 3);
		search->inside = test_random_below(&rnd, search->beside + 1);
		do {
			unsigned long expected = model_prev(search, to);

			found = ctgm_window_next(search, &start);
			if (found != !!expected || (found && start != expected)) {
				KUNIT_FAIL(test, "found %d at %#lx, not at %#lx: %s", found, start,
					   expected, search_text(test, i));
				return;
			}
			/* A frame is read once in a window and once on each side of one. */
			if (read_too_often(search->granule == 1 ? 1 : 3 + windows)) {
				KUNIT_FAIL(test, "read too often: %s", search_text(test, i));
				return;
			}
			windows++;
			to = model_below(search, start);
		} while (found);
		cond_resched();
	}
}

/* Windows of movable frames, with the number to move; each frame is read once. */
static void every_cost_is_right(struct kunit *test)
{
	struct ctgm_window_search *search = &memory.search;
	unsigned int moves[32], i;

	test_random_start(test, &rnd);
	for (i = 0; i < MEMORIES; i++) {
		unsigned long start, to = ULONG_MAX, cost;
		bool found;

		random_memory();
		random_search();
		search->inside = CTGM_FRAME_MOVABLE;
		search->beside = CTGM_FRAME_MOVABLE;
		search->moves = moves;
		search->nr_moves = ctgm_window_granules(search);
		KUNIT_ASSERT_LE(test, search->nr_moves, ARRAY_SIZE(moves));
		do {
			unsigned long expected = model_prev(search, to);

			found = ctgm_window_next_cost(search, &start, &cost);
			if (found != !!expected || (found && start != expected)) {
				KUNIT_FAIL(test, "found %d at %#lx, not at %#lx: %s", found, start,
					   expected, search_text(test, i));
				return;
			}
			if (found && cost != model_cost(search, start)) {
				KUNIT_FAIL(test, "at %#lx cost %lu, not %lu: %s", start, cost,
					   model_cost(search, start), search_text(test, i));
				return;
			}
			to = model_below(search, start);
		} while (found);
		if (read_too_often(1)) {
			KUNIT_FAIL(test, "read more than once: %s", search_text(test, i));
			return;
		}
		cond_resched();
	}
}

/* 16 GiB */
#define PATTERN_FRAMES	(16UL << (30 - 12))

static unsigned long reads;

/**
 * struct pattern - a large memory, free but for one frame in each @period
 * @period: distance of these frames
 * @state: their state
 * @beside: as in struct ctgm_window_search
 * @nr: frames of a block
 * @most: most reads for each 1,024 frames
 */
struct pattern {
	unsigned long period;
	enum ctgm_frame_state state;
	enum ctgm_frame_state beside;
	unsigned long nr;
	unsigned long most;
};

static const struct pattern *pattern;

static void read_pattern(struct ctgm_window_search *search, unsigned long pfn,
			 struct ctgm_frame_run *run)
{
	*run = (struct ctgm_frame_run){
		pfn, pfn, (pfn + 1) % pattern->period ? CTGM_FRAME_FREE : pattern->state
	};
	search->stop = ++reads > PATTERN_FRAMES;
}

/* Reads of a search for free windows in 16 GiB without any. */
static void futile_searches_read_little(struct kunit *test)
{
	static const struct pattern patterns[] = {
		/* 4 MiB in full memory: one read rules out 1,024 places. */
		{ 1, CTGM_FRAME_MOVABLE, CTGM_FRAME_FREE, 1024, 1 },
		{ 1, CTGM_FRAME_MOVABLE, CTGM_FRAME_PINNED, 1024, 1 },
		{ 1, CTGM_FRAME_UNMOVABLE, CTGM_FRAME_PINNED, 1024, 1 },
		/* One frame in use makes a granule useless. */
		{ 1, CTGM_FRAME_MOVABLE, CTGM_FRAME_FREE, 16, 2 },
		{ 1, CTGM_FRAME_UNMOVABLE, CTGM_FRAME_PINNED, 16, 2 },
		/* Runs that are too short: each frame once. */
		{ 10, CTGM_FRAME_MOVABLE, CTGM_FRAME_MOVABLE, 16, 1024 },
		/* Free windows, each beside an unmovable page in its granule. */
		{ 512, CTGM_FRAME_UNMOVABLE, CTGM_FRAME_PINNED, 16, 1024 },
	};
	unsigned long start;
	int i;

	for (i = 0; i < ARRAY_SIZE(patterns); i++) {
		struct ctgm_window_search search = {
			.place = { .last = PATTERN_FRAMES - 1, .nr = patterns[i].nr, .align = 1 },
			.granule = 512,
			.beside = patterns[i].beside,
			.read = read_pattern,
		};

		pattern = &patterns[i];
		reads = 0;
		KUNIT_EXPECT_FALSE_MSG(test, ctgm_window_next(&search, &start), "pattern %d", i);
		KUNIT_EXPECT_LE_MSG(test, reads, PATTERN_FRAMES / 1024 * pattern->most,
				    "pattern %d", i);
		cond_resched();
	}
}

static void stop_frame(struct ctgm_window_search *search, unsigned long pfn,
		       struct ctgm_frame_run *run)
{
	*run = (struct ctgm_frame_run){ pfn, pfn, CTGM_FRAME_FREE };
	search->stop = ++reads >= 5;
}

static void a_stopped_search_finds_nothing_more(struct kunit *test)
{
	struct ctgm_window_search search = {
		.place = { .last = 1023, .nr = 8, .align = 1 },
		.granule = 512,
		.beside = CTGM_FRAME_MOVABLE,
		.read = stop_frame,
	};
	unsigned long start;

	reads = 0;
	KUNIT_EXPECT_FALSE(test, ctgm_window_next(&search, &start));
	KUNIT_EXPECT_EQ(test, reads, 5UL);
}

static void free_frame(struct ctgm_window_search *search, unsigned long pfn,
		       struct ctgm_frame_run *run)
{
	*run = (struct ctgm_frame_run){ pfn, pfn, CTGM_FRAME_FREE };
}

static void frame_0_ends_a_search(struct kunit *test)
{
	struct ctgm_window_search search = {
		.place = { .last = 1023, .nr = 512, .align = 1 },
		.granule = 512,
		.read = free_frame,
	};
	struct ctgm_window_search costs = search;
	unsigned long start, cost;
	unsigned int moves[2];

	costs.moves = moves;
	costs.nr_moves = ARRAY_SIZE(moves);
	KUNIT_EXPECT_TRUE(test, ctgm_window_next(&search, &start));
	KUNIT_EXPECT_EQ(test, start, 512UL);
	KUNIT_EXPECT_TRUE(test, ctgm_window_next(&search, &start));
	KUNIT_EXPECT_EQ(test, start, 0UL);
	KUNIT_EXPECT_FALSE(test, ctgm_window_next(&search, &start));
	KUNIT_EXPECT_TRUE(test, ctgm_window_next_cost(&costs, &start, &cost));
	KUNIT_EXPECT_EQ(test, start, 512UL);
	KUNIT_EXPECT_TRUE(test, ctgm_window_next_cost(&costs, &start, &cost));
	KUNIT_EXPECT_EQ(test, start, 0UL);
	KUNIT_EXPECT_FALSE(test, ctgm_window_next_cost(&costs, &start, &cost));
}

static void a_caller_lowers_a_search(struct kunit *test)
{
	struct ctgm_window_search search = {
		.place = { .last = 8191, .nr = 8, .align = 1 },
		.granule = 512,
		.read = free_frame,
	};
	unsigned long start;

	/* Before the first range, and between two. */
	search.to = 4000;
	KUNIT_EXPECT_TRUE(test, ctgm_window_next(&search, &start));
	KUNIT_EXPECT_EQ(test, start, 3992UL);
	search.to = 1000;
	KUNIT_EXPECT_TRUE(test, ctgm_window_next(&search, &start));
	KUNIT_EXPECT_EQ(test, start, 992UL);
	KUNIT_EXPECT_TRUE(test, ctgm_window_next(&search, &start));
	KUNIT_EXPECT_EQ(test, start, 504UL);
}

static struct kunit_case window_cases[] = {
	KUNIT_CASE_SLOW(every_window_is_found),
	KUNIT_CASE_SLOW(every_cost_is_right),
	KUNIT_CASE(futile_searches_read_little),
	KUNIT_CASE(a_stopped_search_finds_nothing_more),
	KUNIT_CASE(frame_0_ends_a_search),
	KUNIT_CASE(a_caller_lowers_a_search),
	{}
};

struct kunit_suite window_suite = {
	.name = "contigmem_window",
	.test_cases = window_cases,
};
