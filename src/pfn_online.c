// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that goes offline loses its struct pages, and pfn_to_online_page() alone does not
 * keep them: the task that asked may be preempted before it reads. So who reads them is an
 * RCU reader, and memory that begins to leave is noted here and waited for.
 */
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/memory_hotplug.h>
#include <linux/rcupdate.h>

#include "pfn_online.h"

/* The memory hotplug lock, held by whoever changes them, protects these three. */
unsigned long ctgm_pfn_leaving_first = ULONG_MAX;
unsigned long ctgm_pfn_leaving_last;
unsigned int ctgm_pfn_online_changes;

/**
 * ctgm_pfn_online_page() - the struct page of a frame, to be read only
 * @pfn: the frame
 *
 * Context: Between ctgm_pfn_online_begin() and ctgm_pfn_online_end(), where the result may
 *	be read.
 * Return: NULL if the frame is offline, or about to be.
 */
struct page *ctgm_pfn_online_page(unsigned long pfn)
{
	RCU_LOCKDEP_WARN(!rcu_read_lock_sched_held(), "struct page read outside of RCU");
	if (ctgm_pfn_is_leaving(pfn, pfn))
		return NULL;
	return pfn_to_online_page(pfn);
}

/**
 * ctgm_pfn_online_leaves() - memory begins to go offline
 * @first: first frame
 * @last: last frame, inclusive
 *
 * Context: Sleeps; with the memory hotplug lock held. Once it returns nobody reads the
 *	frames' struct pages by ctgm_pfn_online_page() until ctgm_pfn_online_settled(), and all
 *	see that the frames are leaving.
 */
void ctgm_pfn_online_leaves(unsigned long first, unsigned long last)
{
	WRITE_ONCE(ctgm_pfn_leaving_last, last);
	WRITE_ONCE(ctgm_pfn_leaving_first, first);
	WRITE_ONCE(ctgm_pfn_online_changes, ctgm_pfn_online_changes + 1);
	synchronize_rcu();
}

/**
 * ctgm_pfn_online_settled() - memory is online or offline, and pfn_to_online_page() knows
 *
 * Context: With the memory hotplug lock held.
 */
void ctgm_pfn_online_settled(void)
{
	WRITE_ONCE(ctgm_pfn_leaving_first, ULONG_MAX);
	WRITE_ONCE(ctgm_pfn_leaving_last, 0);
	WRITE_ONCE(ctgm_pfn_online_changes, ctgm_pfn_online_changes + 1);
}
