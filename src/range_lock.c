// SPDX-License-Identifier: GPL-2.0
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mmzone.h>
#include <linux/pageblock-flags.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "compat.h"
#include "range_lock.h"

/*
 * Isolation reaches to the borders of pageblocks and of the largest free blocks, 4 MiB
 * on x86: ranges in two different stripes never touch the same ones.
 */
#define RANGE_STRIPE	max(pageblock_nr_pages, 1UL << MAX_PAGE_ORDER)

static DEFINE_SPINLOCK(ctgm_range_list_lock);
static LIST_HEAD(range_locks);		/* protected by ctgm_range_list_lock */
static DECLARE_WAIT_QUEUE_HEAD(range_unlocked);

/*
 * Lock a range unless another task holds a part of it, which returns false. Where a part
 * is forbidden *error is -EBUSY, otherwise 0.
 */
static bool range_trylock(struct ctgm_range_lock *range, int *error)
{
	struct ctgm_range_lock *other;
	bool held = false;

	*error = 0;
	spin_lock(&ctgm_range_list_lock);
	list_for_each_entry(other, &range_locks, list) {
		if (other->first > range->last || range->first > other->last)
			continue;
		held = !other->forbidden;
		*error = held ? 0 : -EBUSY;
		break;
	}
	if (!held && !*error)
		list_add(&range->list, &range_locks);
	spin_unlock(&ctgm_range_list_lock);
	return !held;
}

/**
 * ctgm_range_lock() - wait until no other task holds these frames or frames close by
 * @range: the caller's, until ctgm_range_unlock()
 * @first: first frame
 * @last: last frame, inclusive
 * @forbid: refuse the tasks that want the frames meanwhile, instead of letting them wait
 *
 * A range is locked as a whole, so two tasks cannot wait for each other.
 *
 * Context: Sleeps. Not in a free or in a shrinker, which the holder of a range may wait
 *	for.
 * Return: 0, -EBUSY if the frames are forbidden, -EINTR after a fatal signal.
 */
int ctgm_range_lock(struct ctgm_range_lock *range, unsigned long first, unsigned long last,
		    bool forbid)
{
	int error;

	range->first = ALIGN_DOWN(first, RANGE_STRIPE);
	range->last = last | (RANGE_STRIPE - 1);
	range->forbidden = forbid;
	if (wait_event_killable(range_unlocked, range_trylock(range, &error)))
		return -EINTR;
	return error;
}

void ctgm_range_unlock(struct ctgm_range_lock *range)
{
	spin_lock(&ctgm_range_list_lock);
	list_del(&range->list);
	spin_unlock(&ctgm_range_list_lock);
	wake_up_all(&range_unlocked);
}
