/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whole pageblocks that were claimed once and are sub-allocated many times.
 */
#ifndef CONTIGMEM_ARENA_H
#define CONTIGMEM_ARENA_H

#include "../contigmem.h"

struct arena;
struct frames;
struct need;

/* The smallest block in a claim keeps all of it from everybody: no large ones. */
#define ARENA_MAX_PAGEBLOCKS	4

/**
 * struct arena_stats - what the arenas hold
 * @arenas: how many there are
 * @frames: their page frames
 * @idle: page frames of those that no block is in
 */
struct arena_stats {
	unsigned long arenas;
	unsigned long frames;
	unsigned long idle;
};

int arena_init(void);
void arena_exit(void);
struct arena *arena_new(unsigned long first, unsigned long nr, int nid,
			enum contigmem_cache cache, gfp_t reclaim);
void arena_discard(struct arena *arena);
void arena_add(struct arena *arena, unsigned long first, struct frames *frames);
void arena_put(const struct frames *frames);
bool arena_release_idle(void);
bool arena_release_in(unsigned long first, unsigned long last);
struct arena_stats arena_stats(void);
struct arena *arena_of_partition(const struct frames *frames, int nid);
void arena_remove(struct arena *arena);
bool arena_serve(struct arena *arena, const struct need *need, struct frames *frames);
bool arena_has_place(const struct arena *arena, const struct need *need);
void arena_describe(const struct arena *arena, struct contigmem_arena_info *info);
bool arena_find_from(phys_addr_t phys, struct contigmem_arena_info *info);

#endif /* CONTIGMEM_ARENA_H */
