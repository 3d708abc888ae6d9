/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Range locks: two calls of alloc_contig_range() on the same or adjacent pageblocks undo
 * each other's isolation, and both fail.
 */
#ifndef CTGM_RANGE_LOCK_H
#define CTGM_RANGE_LOCK_H

#include <linux/list.h>
#include <linux/types.h>

/**
 * struct ctgm_range_lock - page frames locked by one task; all members are private
 * @list: in the list of all range locks
 * @first: first frame of a stripe
 * @last: last frame of a stripe, inclusive
 * @forbidden: other tasks are refused instead of waiting, also while this one waits
 */
struct ctgm_range_lock {
	struct list_head list;
	unsigned long first;
	unsigned long last;
	bool forbidden;
};

/**
 * enum ctgm_range_mode - what ctgm_range_lock() does about other tasks
 * @CTGM_RANGE_TRY: do not wait for a task that holds a part of the range
 * @CTGM_RANGE_WAIT: wait for it
 * @CTGM_RANGE_FORBID: wait for it, and refuse further tasks at once
 */
enum ctgm_range_mode { CTGM_RANGE_TRY, CTGM_RANGE_WAIT, CTGM_RANGE_FORBID };

int ctgm_range_lock(struct ctgm_range_lock *range, unsigned long first, unsigned long last,
		    enum ctgm_range_mode mode);
void ctgm_range_unlock(struct ctgm_range_lock *range);

#endif /* CTGM_RANGE_LOCK_H */
