/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Arenas: pools of page frames, allocated once and sub-allocated many times.
 */
#ifndef CTGM_ARENA_H
#define CTGM_ARENA_H

#include <linux/compiler.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/workqueue.h>

#include "frames.h"

struct ctgm_arena;

/*
 * One live block keeps its whole arena from the page allocator: larger ones have only blocks
 * that take more than half of them.
 */
#define CTGM_ARENA_SMALL_PAGEBLOCKS	4

/**
 * struct ctgm_arena_stats - what the arenas hold
 * @arenas: how many there are
 * @frames: their page frames
 * @idle: page frames of the arenas without a block
 * @reserved: free page frames that are kept as the reserve for callers that cannot wait
 */
struct ctgm_arena_stats {
	unsigned long arenas;
	unsigned long frames;
	unsigned long idle;
	unsigned long reserved;
};

extern const struct ctgm_source ctgm_source_arena;

extern unsigned int ctgm_arena_idle_mb;

/* Frames that may lie idle in arenas. */
static inline long ctgm_arena_idle_limit(void)
{
	return (long)READ_ONCE(ctgm_arena_idle_mb) << (20 - PAGE_SHIFT);
}

int ctgm_arena_init(void);
void ctgm_arena_exit(void);
struct ctgm_arena *ctgm_arena_create(unsigned long nr, gfp_t reclaim);
void ctgm_arena_destroy(struct ctgm_arena *arena);
void ctgm_arena_add(struct ctgm_arena *arena, const struct ctgm_frames *all,
		    unsigned long first, struct ctgm_frames *frames);
enum contigmem_reason ctgm_arena_make(struct ctgm_arena *arena, struct ctgm_frames *all,
				      enum contigmem_cache cache, unsigned long first,
				      struct ctgm_frames *frames);
void ctgm_arena_put(struct ctgm_frames *frames);
bool ctgm_arena_release_idle(unsigned long first, unsigned long last, const nodemask_t *nodes,
			     bool wait);
void ctgm_arena_wait_released(void);
unsigned long ctgm_arena_count_idle(const struct ctgm_alloc_control *ac);
bool ctgm_arena_idle_around(const struct ctgm_alloc_control *ac, unsigned long pfn,
			    struct ctgm_frame_run *run);
bool ctgm_arena_idle_place(const struct ctgm_alloc_control *ac, unsigned long *start);
bool ctgm_arena_release_in(unsigned long first, unsigned long last);
void ctgm_arena_set_reserve(enum contigmem_cache cache, unsigned long nr,
			    struct delayed_work *refill);
unsigned long ctgm_arena_lacks(int nid, enum contigmem_cache cache);
struct ctgm_arena_stats ctgm_arena_stats(void);
void ctgm_arena_add_partition(struct ctgm_arena *arena, const struct ctgm_frames *all);
void ctgm_arena_remove_partition(struct ctgm_arena *arena);
bool ctgm_arena_alloc_in(struct ctgm_arena *arena, const struct ctgm_constraints *place,
			 struct ctgm_frames *frames);
bool ctgm_arena_query_in(struct ctgm_arena *arena, const struct ctgm_constraints *wanted,
			 struct ctgm_frames *frames);
void ctgm_arena_free_in(struct ctgm_arena *arena, const struct ctgm_frames *frames);
bool ctgm_arena_has_place(const struct ctgm_arena *arena, const struct ctgm_constraints *place);
void ctgm_arena_describe(const struct ctgm_arena *arena, struct contigmem_arena_info *info);
bool ctgm_arena_find_from(phys_addr_t phys, struct contigmem_arena_info *info);

#endif /* CTGM_ARENA_H */
