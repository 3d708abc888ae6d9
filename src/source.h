/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What frames.c asks of a source.
 */
#ifndef CONTIGMEM_SOURCE_H
#define CONTIGMEM_SOURCE_H

#include "../contigmem.h"
#include "frames.h"
#include "memmap.h"
#include "request.h"

/**
 * struct source - one way of getting page frames
 * @id: its name
 * @guesses: its answer may miss the request, which is then no fault of it
 * @get: take @frames->nr frames on node @nid and fill in the first, and what
 *	else is not as zeroes say. With @migrate false only what is free already.
 *	Adds to the verdict what it read and tried, and the first blocker.
 *	Returns %CONTIGMEM_OK or why not, in the latter case with nothing taken.
 */
struct source {
	enum contigmem_source id;
	bool guesses;
	enum contigmem_reason (*get)(const struct need *need, const struct memmap *map,
				     int nid, bool migrate, struct frames *frames,
				     struct contigmem_verdict *verdict);
};

extern const struct source source_arena;
extern const struct source source_pageblock;
extern const struct source source_buddy;
extern const struct source source_range;
extern const struct source source_cma;
extern const struct source source_partition;

#endif /* CONTIGMEM_SOURCE_H */
