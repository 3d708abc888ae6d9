// SPDX-License-Identifier: GPL-2.0
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "caller.h"
#include "history.h"
#include "partition.h"

/* A pointer that is freed twice is most often freed again soon: 4 KiB of records. */
#define HISTORY_FREED	64

DEFINE_RAW_SPINLOCK(ctgm_live_lock);

static struct ctgm_freed history_freed[HISTORY_FREED];	/* protected by ctgm_live_lock */
static unsigned int history_next_freed;			/* protected by ctgm_live_lock */

/* Remember a freed block, in the place of the oldest. */
void ctgm_history_add_freed(const struct ctgm_freed *freed)
{
	lockdep_assert_held(&ctgm_live_lock);
	history_freed[history_next_freed++ % HISTORY_FREED] = *freed;
}

/* Find the block freed last of those that held an address; false if there is none. */
bool ctgm_history_find_freed(const void *vaddr, struct ctgm_freed *freed)
{
	const struct ctgm_freed *last = NULL;
	unsigned int i;

	lockdep_assert_held(&ctgm_live_lock);
	/* From the oldest on: of two freed in one tick the later is the later record. */
	for (i = 0; i < HISTORY_FREED; i++) {
		const struct ctgm_freed *other =
			&history_freed[(history_next_freed + i) % HISTORY_FREED];

		if (other->size && vaddr >= other->vaddr && vaddr < other->vaddr + other->size &&
		    (!last || other->when >= last->when))
			last = other;
	}
	if (last)
		*freed = *last;
	return last;
}

static void history_keep_freed(const struct module *module)
{
	unsigned int i;

	for (i = 0; i < HISTORY_FREED; i++) {
		struct ctgm_freed *freed = &history_freed[i];
		const void *caller, *kept;

		raw_spin_lock_irq(&ctgm_live_lock);
		caller = freed->caller;
		raw_spin_unlock_irq(&ctgm_live_lock);
		kept = ctgm_caller_keep(caller, module);
		if (!kept)
			continue;
		raw_spin_lock_irq(&ctgm_live_lock);
		/* Another block's record may have taken the place. */
		if (freed->caller == caller)
			freed->caller = kept;
		raw_spin_unlock_irq(&ctgm_live_lock);
	}
}

#ifdef CONFIG_DEBUG_FS
/* As many as fit a terminal: 8 KiB of records. */
#define HISTORY_REFUSED	32

static DEFINE_RAW_SPINLOCK(ctgm_history_lock);
static struct ctgm_refused history_refused[HISTORY_REFUSED];	/* protected by ctgm_history_lock */
static u64 history_total;					/* protected by ctgm_history_lock */

/* Remember a refused request, in the place of the oldest. Any context but NMI. */
void ctgm_history_add_refused(const struct contigmem_request *req, gfp_t gfp, const void *caller,
			      const struct contigmem_verdict *verdict)
{
	struct contigmem_partition_info partition;
	struct ctgm_refused *refused;
	unsigned long flags;

	if (!req->partition || !ctgm_partition_describe(req->partition, &partition))
		strscpy(partition.name, req->partition ? "?" : "", sizeof(partition.name));

	raw_spin_lock_irqsave(&ctgm_history_lock, flags);
	refused = &history_refused[history_total++ % HISTORY_REFUSED];
	*refused = (struct ctgm_refused){
		.req = *req,
		.gfp = gfp,
		.caller = caller,
		.verdict = *verdict,
		.when = ktime_get_mono_fast_ns(),
	};
	strscpy(refused->partition, partition.name, sizeof(refused->partition));
	raw_spin_unlock_irqrestore(&ctgm_history_lock, flags);
}

/**
 * ctgm_history_next_refused() - walk the refused requests, the oldest first
 * @number: 0 to begin; set to how many requests were refused up to this one, since the
 *	module was loaded
 * @refused: set to the request
 *
 * Context: Any but NMI.
 * Return: false if there is none after @number.
 */
bool ctgm_history_next_refused(u64 *number, struct ctgm_refused *refused)
{
	unsigned long flags;
	bool found;

	raw_spin_lock_irqsave(&ctgm_history_lock, flags);
	/* Newer records may have replaced some since. */
	if (history_total > HISTORY_REFUSED)
		*number = max(*number, history_total - HISTORY_REFUSED);
	found = *number < history_total;
	if (found)
		*refused = history_refused[(*number)++ % HISTORY_REFUSED];
	raw_spin_unlock_irqrestore(&ctgm_history_lock, flags);
	return found;
}

static void history_keep_refused(const struct module *module)
{
	unsigned int i;

	for (i = 0; i < HISTORY_REFUSED; i++) {
		struct ctgm_refused *refused = &history_refused[i];
		const void *caller, *kept;

		raw_spin_lock_irq(&ctgm_history_lock);
		caller = refused->caller;
		raw_spin_unlock_irq(&ctgm_history_lock);
		kept = ctgm_caller_keep(caller, module);
		if (!kept)
			continue;
		raw_spin_lock_irq(&ctgm_history_lock);
		if (refused->caller == caller)
			refused->caller = kept;
		raw_spin_unlock_irq(&ctgm_history_lock);
	}
}
#else
static void history_keep_refused(const struct module *module)
{
}
#endif

/* Keep the names of callers in code that the kernel is about to drop. Sleeps. */
void ctgm_history_keep_callers(const struct module *module)
{
	history_keep_freed(module);
	history_keep_refused(module);
}
