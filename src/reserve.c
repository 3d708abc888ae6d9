// SPDX-License-Identifier: GPL-2.0
/*
 * A reserve of typed memory for callers that cannot wait: to change a cache type sleeps, so an
 * atomic request for uncached or write-combined memory is served only from an arena that has
 * the type already. On each node so many pageblocks of a type stay free in arenas. Any request
 * is served from them, and a worker makes good what was taken.
 */
#define pr_fmt(fmt) "contigmem: " fmt

#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "arena.h"
#include "memtype.h"
#include "request.h"
#include "reserve.h"
#include "source.h"

/* Where memory is short the worker looks again after 1, 2, 4 and up to 64 seconds. */
#define RESERVE_BACKOFF_MOST	6U

static DEFINE_MUTEX(ctgm_reserve_lock);	/* held while the reserve changes */
static bool reserve_ready;		/* the module can allocate */
static unsigned int reserve_failures;	/* of the worker, in a row */

static void reserve_refill(struct work_struct *work);
static DECLARE_DELAYED_WORK(reserve_work, reserve_refill);

/* Make an arena of one more pageblock. */
static bool reserve_add(int nid, enum contigmem_cache cache)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(pageblock_nr_pages << PAGE_SHIFT);
	struct ctgm_alloc_control ac;
	struct ctgm_frames frames;

	req.align = req.size;
	req.nid = nid;
	req.cache = cache;
	if (ctgm_request_resolve(&req, GFP_KERNEL | __GFP_THISNODE, &ac))
		return false;
	ac.fresh = true;
	if (ctgm_source_alloc(&ac, &frames))
		return false;
	/* The block goes, its arena stays. */
	ctgm_frames_put(&frames);
	return true;
}

/* Fill the reserve of a node and a cache type. Returns how many frames are missing. */
static unsigned long reserve_fill_on(int nid, enum contigmem_cache cache)
{
	unsigned long lacks;

	do {
		lacks = ctgm_arena_lacks(nid, cache);
		cond_resched();
	} while (lacks && reserve_add(nid, cache));
	return lacks;
}

/* Returns false if a node has too little memory. */
static bool reserve_fill(bool log)
{
	enum contigmem_cache cache;
	bool full = true;
	int nid;

	lockdep_assert_held(&ctgm_reserve_lock);
	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++) {
		for_each_node_state(nid, N_NORMAL_MEMORY) {
			unsigned long lacks = reserve_fill_on(nid, cache);

			full &= !lacks;
			if (lacks && log)
				pr_warn("the reserve of %s memory on node %d lacks %lu page frames\n",
					contigmem_cache_name(cache), nid, lacks);
		}
	}
	return full;
}

static void reserve_refill(struct work_struct *work)
{
	mutex_lock(&ctgm_reserve_lock);
	if (!reserve_ready || reserve_fill(false))
		reserve_failures = 0;
	else
		schedule_delayed_work(&reserve_work, HZ << min(reserve_failures++,
							       RESERVE_BACKOFF_MOST));
	mutex_unlock(&ctgm_reserve_lock);
}

/* Pageblocks for each node, by cache type. */
static unsigned int reserve_pageblocks[CONTIGMEM_NR_CACHES];

static void reserve_set_arenas(bool ready)
{
	enum contigmem_cache cache;

	lockdep_assert_held(&ctgm_reserve_lock);
	reserve_ready = ready;
	for (cache = 0; cache < CONTIGMEM_NR_CACHES; cache++)
		ctgm_arena_set_reserve(cache, ready ? reserve_pageblocks[cache] *
						      pageblock_nr_pages : 0, &reserve_work);
	if (ready && !reserve_fill(true))
		schedule_delayed_work(&reserve_work, HZ);
}

/* At load or later; then the reserve is there when the write returns. */
static int reserve_param_set(const char *value, const struct kernel_param *param)
{
	unsigned int *pageblocks = param->arg, nr;
	int error = kstrtouint(value, 0, &nr);

	if (error)
		return error;
	if (nr && !ctgm_memtype_exists())
		return -EOPNOTSUPP;
	mutex_lock(&ctgm_reserve_lock);
	*pageblocks = nr;
	if (reserve_ready)
		reserve_set_arenas(true);
	mutex_unlock(&ctgm_reserve_lock);
	return 0;
}

static const struct kernel_param_ops reserve_param_ops = {
	.set = reserve_param_set,
	.get = param_get_uint,
};

module_param_cb(reserve_uncached, &reserve_param_ops, &reserve_pageblocks[CONTIGMEM_UNCACHED],
		0644);
MODULE_PARM_DESC(reserve_uncached,
		 "Pageblocks of uncached memory that each node keeps for callers that cannot wait");
module_param_cb(reserve_write_combined, &reserve_param_ops,
		&reserve_pageblocks[CONTIGMEM_WRITECOMBINE], 0644);
MODULE_PARM_DESC(reserve_write_combined,
		 "Pageblocks of write-combined memory that each node keeps for callers that cannot wait");

/* Fill the reserve, as far as there is memory. Sleeps. */
void ctgm_reserve_init(void)
{
	mutex_lock(&ctgm_reserve_lock);
	reserve_set_arenas(true);
	mutex_unlock(&ctgm_reserve_lock);
}

/* What was the reserve is idle memory as any other. A parameter that is written keeps none. */
void ctgm_reserve_exit(void)
{
	mutex_lock(&ctgm_reserve_lock);
	reserve_set_arenas(false);
	mutex_unlock(&ctgm_reserve_lock);
	cancel_delayed_work_sync(&reserve_work);
}
