// SPDX-License-Identifier: GPL-2.0
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mmzone.h>
#include <linux/pageblock-flags.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "claim.h"
#include "compat.h"

/* Claims in two of these, 4 MiB on x86, leave each other alone. */
#define STRIPE	max(pageblock_nr_pages, 1UL << MAX_PAGE_ORDER)

static DEFINE_SPINLOCK(lock);	/* protects claims */
static LIST_HEAD(claims);
static DECLARE_WAIT_QUEUE_HEAD(ended);

/* Returns 0, -EAGAIN while somebody is in the way, or -EBUSY if that will last. */
static int begin(struct claim *claim)
{
	struct claim *other;
	int error = 0;

	spin_lock(&lock);
	list_for_each_entry(other, &claims, list) {
		if (other->first > claim->last || claim->first > other->last)
			continue;
		error = other->forbidden ? -EBUSY : -EAGAIN;
		break;
	}
	if (!error)
		list_add(&claim->list, &claims);
	spin_unlock(&lock);
	return error;
}

static bool settled(struct claim *claim, int *error)
{
	*error = begin(claim);
	return *error != -EAGAIN;
}

static int wait_and_begin(struct claim *claim, unsigned long first, unsigned long last)
{
	int error;

	claim->first = ALIGN_DOWN(first, STRIPE);
	claim->last = last | (STRIPE - 1);
	if (wait_event_killable(ended, settled(claim, &error)))
		return -EINTR;
	return error;
}

/**
 * claim_begin() - wait until nobody else claims these frames or ones close by
 * @claim: the caller's, until claim_end()
 * @first: first frame
 * @last: last frame, inclusive
 *
 * A claim is taken as a whole: two cannot wait for each other.
 *
 * Context: Sleeps. Not in a free or in a shrinker, which a claim may wait for.
 * Return: 0, -EBUSY if claims are forbidden there, -EINTR after a fatal signal.
 */
int claim_begin(struct claim *claim, unsigned long first, unsigned long last)
{
	claim->forbidden = false;
	return wait_and_begin(claim, first, last);
}

/**
 * claim_forbid() - wait until nobody claims these frames, and refuse who would
 * @claim: the caller's, until claim_end()
 * @first: first frame
 * @last: last frame, inclusive
 *
 * Context: As claim_begin().
 * Return: As claim_begin().
 */
int claim_forbid(struct claim *claim, unsigned long first, unsigned long last)
{
	claim->forbidden = true;
	return wait_and_begin(claim, first, last);
}

void claim_end(struct claim *claim)
{
	spin_lock(&lock);
	list_del(&claim->list);
	spin_unlock(&lock);
	wake_up_all(&ended);
}
