/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Getting page frames: asks the sources in order, checks every answer, gives
 * back.
 */
#ifndef CONTIGMEM_FRAMES_H
#define CONTIGMEM_FRAMES_H

#include "../contigmem.h"

struct arena;
struct cma;
struct need;

/**
 * struct frames - the page frames of a block
 * @first: first frame
 * @nr: how many
 * @source: where they came from
 * @cache: the cache type that the direct map gives them now
 * @arena: whose they stay; NULL if they are the block's own
 * @area: of which CMA area they are, where the kernel lets us name one
 * @partition: of which partition they are
 * @whole: one block of the page allocator, with a reference count on the first
 *	frame alone; all others have one on each frame
 */
struct frames {
	unsigned long first;
	unsigned long nr;
	enum contigmem_source source;
	enum contigmem_cache cache;
	struct arena *arena;
	struct cma *area;
	struct contigmem_partition *partition;
	bool whole;
};

/**
 * struct frames_stats - what a source has done since the module was loaded
 * @tries: requests it was asked to serve
 * @hits: requests it served
 * @frames_read: page frames whose state it read
 * @migrated: pages it had moved away
 * @attempts: calls of the kernel's allocators it made
 */
struct frames_stats {
	u64 tries;
	u64 hits;
	u64 frames_read;
	u64 migrated;
	u64 attempts;
};

enum contigmem_reason frames_get(const struct need *need, struct frames *frames,
				 struct contigmem_verdict *verdict);
void frames_put(const struct frames *frames);
void frames_leak(const struct frames *frames);
struct frames_stats frames_stats_of(enum contigmem_source source);
u64 frames_leaked(void);

#endif /* CONTIGMEM_FRAMES_H */
