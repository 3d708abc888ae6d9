/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which page frames are being claimed. Two callers of alloc_contig_range() on
 * the same or adjacent pageblocks undo each other's isolation, and both fail.
 */
#ifndef CONTIGMEM_CLAIM_H
#define CONTIGMEM_CLAIM_H

#include <linux/list.h>
#include <linux/types.h>

/**
 * struct claim - page frames that nobody else claims; all fields are private
 * @list: in the list of those that there are
 * @first: first frame of a stripe
 * @last: last frame of a stripe, inclusive
 * @forbidden: others are refused instead of waiting
 */
struct claim {
	struct list_head list;
	unsigned long first;
	unsigned long last;
	bool forbidden;
};

int claim_begin(struct claim *claim, unsigned long first, unsigned long last);
int claim_forbid(struct claim *claim, unsigned long first, unsigned long last);
void claim_end(struct claim *claim);

#endif /* CONTIGMEM_CLAIM_H */
