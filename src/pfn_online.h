/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which struct pages may be read without a reference.
 */
#ifndef CTGM_PFN_ONLINE_H
#define CTGM_PFN_ONLINE_H

#include <linux/compiler.h>
#include <linux/rcupdate.h>

struct page;

extern unsigned int ctgm_pfn_online_changes;
extern unsigned long ctgm_pfn_leaving_first, ctgm_pfn_leaving_last;

/*
 * Begin and end to read struct pages: as short as one frame, since preemption is off. Memory
 * that is online at the begin does not lose its struct pages before the end.
 */
static inline void ctgm_pfn_online_begin(void)
{
	rcu_read_lock_sched();
}

static inline void ctgm_pfn_online_end(void)
{
	rcu_read_unlock_sched();
}

/* What ctgm_pfn_online_page() says stays true until this number changes. */
static inline unsigned int ctgm_pfn_online_generation(void)
{
	return READ_ONCE(ctgm_pfn_online_changes);
}

/*
 * Is one of these frames about to go offline? With preemption off: ctgm_pfn_online_leaves() waits
 * for whoever does not see it.
 */
static inline bool ctgm_pfn_is_leaving(unsigned long first, unsigned long last)
{
	return last >= READ_ONCE(ctgm_pfn_leaving_first) &&
	       first <= READ_ONCE(ctgm_pfn_leaving_last);
}

struct page *ctgm_pfn_online_page(unsigned long pfn);
void ctgm_pfn_online_leaves(unsigned long first, unsigned long last);
void ctgm_pfn_online_settled(void);

#endif /* CTGM_PFN_ONLINE_H */
