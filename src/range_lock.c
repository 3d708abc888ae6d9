// SPDX-License-Identifier: GPL-2.0
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/lockdep.h>
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

/* Does another task hold or forbid a part of the range? 0, -EAGAIN or -EBUSY. */
static int range_conflict(const struct ctgm_range_lock *range)
{
	const struct ctgm_range_lock *other;
	int error = 0;

	lockdep_assert_held(&ctgm_range_list_lock);
	list_for_each_entry(other, &range_locks, list) {
		if (other == range || other->first > range->last || range->first > other->last)
			continue;
		if (other->forbidden)
			return -EBUSY;
		error = -EAGAIN;
	}
	return error;
}

/* Lock a range, which is listed already if it is forbidden, unless there is a conflict. */
static bool range_trylock(struct ctgm_range_lock *range, int *error)
{
	spin_lock(&ctgm_range_list_lock);
	*error = range_conflict(range);
	if (!*error && !range->forbidden)
		list_add(&range->list, &range_locks);
	spin_unlock(&ctgm_range_list_lock);
	return *error != -EAGAIN;
}

/* List a forbidden range, so that no further task locks a part of it. */
static void range_list(struct ctgm_range_lock *range)
{
	spin_lock(&ctgm_range_list_lock);
	list_add(&range->list, &range_locks);
	spin_unlock(&ctgm_range_list_lock);
}

void ctgm_range_unlock(struct ctgm_range_lock *range)
{
	spin_lock(&ctgm_range_list_lock);
	list_del(&range->list);
	spin_unlock(&ctgm_range_list_lock);
	wake_up_all(&range_unlocked);
}

/**
 * ctgm_range_lock() - lock frames, and with them frames close by
 * @range: the caller's, until ctgm_range_unlock()
 * @first: first frame
 * @last: last frame, inclusive
 * @mode: what to do about other tasks
 *
 * A range is locked as a whole, so two tasks cannot wait for each other.
 *
 * Context: Sleeps, except with %CTGM_RANGE_TRY. Not in a free or in a shrinker, which the
 *	holder of a range may wait for.
 * Return: 0, -EBUSY if the frames are forbidden, -EAGAIN if another task holds a part and
 *	%CTGM_RANGE_TRY forbids to wait, -EINTR after a fatal signal.
 */
int ctgm_range_lock(struct ctgm_range_lock *range, unsigned long first, unsigned long last,
		    enum ctgm_range_mode mode)
{
	bool forbid = mode == CTGM_RANGE_FORBID;
	int error;

	range->first = ALIGN_DOWN(first, RANGE_STRIPE);
	range->last = last | (RANGE_STRIPE - 1);
	range->forbidden = forbid;
	if (forbid)
		range_list(range);
	if (mode == CTGM_RANGE_TRY)
		range_trylock(range, &error);
	else if (wait_event_killable(range_unlocked, range_trylock(range, &error)))
		error = -EINTR;
	if (forbid && error)
		ctgm_range_unlock(range);
	return error;
}
