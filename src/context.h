/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CTGM_CONTEXT_H
#define CTGM_CONTEXT_H

#include <linux/preempt.h>
#include <linux/rcupdate.h>

/*
 * For calls whose interface has no gfp: may the caller sleep? Without
 * CONFIG_PREEMPT_COUNT no function can say, and preemptible() returns false.
 */
static inline bool ctgm_may_sleep(void)
{
	return preemptible() && !rcu_preempt_depth();
}

/*
 * With PREEMPT_RT a spinlock_t and the kernel's allocators may sleep, GFP_ATOMIC or not:
 * where preemption or interrupts are off, only raw spinlocks may be taken.
 */
static inline bool ctgm_raw_locks_only(void)
{
	return IS_ENABLED(CONFIG_PREEMPT_RT) && !preemptible();
}

/* May records go back to the slab allocator? With PREEMPT_RT its lock may sleep. */
static inline bool ctgm_may_free_records(void)
{
	return !in_hardirq() && !ctgm_raw_locks_only();
}

#endif /* CTGM_CONTEXT_H */
