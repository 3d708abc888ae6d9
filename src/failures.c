// SPDX-License-Identifier: GPL-2.0
/*
 * Why requests failed is most often asked later, by somebody else than the caller.
 */
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "failures.h"
#include "partition.h"

#define FAILURES	32

static DEFINE_SPINLOCK(lock);	/* protects all of the following */
static struct failure last[FAILURES];
static u64 total;

/* Remember a request that failed, in the place of the oldest. Any context. */
void failures_note(const struct contigmem_request *req, gfp_t gfp, const void *caller,
		   const struct contigmem_verdict *verdict)
{
	struct contigmem_partition_info partition;
	struct failure *failure;
	unsigned long flags;

	if (!req->partition || !partition_describe(req->partition, &partition))
		strscpy(partition.name, req->partition ? "?" : "", sizeof(partition.name));

	spin_lock_irqsave(&lock, flags);
	failure = &last[total++ % FAILURES];
	*failure = (struct failure){
		.req = *req,
		.gfp = gfp,
		.caller = caller,
		.verdict = *verdict,
		.when = ktime_get_mono_fast_ns(),
	};
	strscpy(failure->partition, partition.name, sizeof(failure->partition));
	spin_unlock_irqrestore(&lock, flags);
}

/**
 * failures_next() - walk the failures, the oldest first
 * @number: 0 to begin; how many there were up to this one, since the module was loaded
 * @failure: set to it
 *
 * Return: false if there is none after @number.
 */
bool failures_next(u64 *number, struct failure *failure)
{
	unsigned long flags;
	bool found;

	spin_lock_irqsave(&lock, flags);
	/* Some may have been replaced since. */
	if (total > FAILURES)
		*number = max(*number, total - FAILURES);
	found = *number < total;
	if (found)
		*failure = last[(*number)++ % FAILURES];
	spin_unlock_irqrestore(&lock, flags);
	return found;
}
