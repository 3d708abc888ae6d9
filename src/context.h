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

#endif /* CTGM_CONTEXT_H */
