/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Magazines: for each processor the small blocks that were freed there last, ready for the next
 * requests of their kind.
 */
#ifndef CTGM_MAGAZINE_H
#define CTGM_MAGAZINE_H

#include <linux/types.h>

#include "frames.h"

/*
 * The largest block that is kept: 4 MiB with pages of 4 KiB. Work on a larger one takes longer
 * than to find it.
 */
#define CTGM_MAGAZINE_MOST	1024UL

/* Numbers of owners, and of partitions, that a kind can tell apart. */
#define CTGM_MAGAZINE_OWNERS		2048U
#define CTGM_MAGAZINE_PARTITIONS	0x8000000U

/**
 * struct ctgm_kept - a block in a magazine, which still holds the module
 * @next: the one below
 * @first: its first frame; constant
 * @kind: from ctgm_magazine_kind(); constant; 0 for a block that no magazine keeps
 */
struct ctgm_kept {
	struct ctgm_kept *next;
	unsigned long first;
	u64 kind;
};

/**
 * struct ctgm_magazine_stats - what the magazines have, and how often they served
 * @frames: page frames
 * @hits: requests served since the module was loaded
 */
struct ctgm_magazine_stats {
	unsigned long frames;
	u64 hits;
};

/* What another task has taken out of a magazine is back soon: how often to drain and try again. */
#define CTGM_MAGAZINE_DRAINS	4

int ctgm_magazine_init(void (*destroy)(struct ctgm_kept *kept));
void ctgm_magazine_close(void);
void ctgm_magazine_exit(void);
u64 ctgm_magazine_kind(const struct ctgm_frames *frames, u32 owner, u32 partition);
bool ctgm_magazine_put(struct ctgm_kept *kept);
u64 ctgm_magazine_kind_wanted(u32 owner, u32 partition, int nid, enum contigmem_cache cache,
			      const struct ctgm_constraints *place);
struct ctgm_kept *ctgm_magazine_take(u64 kind, const struct ctgm_constraints *place);
struct ctgm_kept *ctgm_magazine_take_elsewhere(u64 kind, const struct ctgm_constraints *place);
bool ctgm_magazine_drain(void);
void ctgm_magazine_flush(void);
void ctgm_magazine_settle(void);
void ctgm_magazine_drain_of(u32 owner);
struct ctgm_magazine_stats ctgm_magazine_stats(void);

#endif /* CTGM_MAGAZINE_H */
