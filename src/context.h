/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CONTIGMEM_CONTEXT_H
#define CONTIGMEM_CONTEXT_H

#include <linux/preempt.h>
#include <linux/rcupdate.h>

/*
 * For calls whose interface has no gfp: may the caller sleep? Without
 * CONFIG_PREEMPT_COUNT nobody can tell, and preemptible() says no.
 */
static inline bool context_may_sleep(void)
{
	return preemptible() && !rcu_preempt_depth();
}

#endif /* CONTIGMEM_CONTEXT_H */
