// SPDX-License-Identifier: GPL-2.0
/*
 * Partitions: memory that was allocated once under its own constraints and has a name,
 * or a CMA area by its name. A request that names a partition is served from it, in any
 * context, or refused.
 *
 * Freed blocks may wait in magazines for the next request; they count as blocks of the partition
 * until a refusal, a look at the partition or a new peak drains them.
 *
 * A partition is open while it has handles. A closed one serves no request and its name is
 * free again; the last block in it takes it along.
 */
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "arena.h"
#include "cma.h"
#include "context.h"
#include "magazine.h"
#include "partition.h"

/**
 * struct contigmem_partition - one partition
 * @list: in the list of all; protected by ctgm_partition_lock, as are the counters below
 * @by_pointer: in the table of all; written under ctgm_partition_lock, readers are under RCU
 * @rcu: frees the record after the last reader
 * @id: not 0, and not used again soon; constant while the partition is listed
 * @destroy_later: in the list of the worker, once the partition has left the other list
 * @name: its name; constant, as are the members up to @area
 * @arena: the pool of its frames; NULL for a CMA area
 * @frames: the frames of that pool
 * @nid: their node; NUMA_NO_NODE for a CMA area
 * @area: the CMA area
 * @handles: times that it is open; 0 once it is closed
 * @serving: requests that are being served
 * @blocks: blocks in it: live ones, and those that are being freed
 * @blocks_peak: most of those at a time
 * @failures: requests that were not served
 */
struct contigmem_partition {
	union {
		struct list_head list;
		struct llist_node destroy_later;
	};
	struct hlist_node by_pointer;
	struct rcu_head rcu;
	u32 id;
	char name[CONTIGMEM_PARTITION_NAME_MAX + 1];
	struct ctgm_arena *arena;
	struct ctgm_frames frames;
	int nid;
	struct cma *area;
	unsigned int handles;
	unsigned long serving;
	unsigned long blocks;
	unsigned long blocks_peak;
	unsigned long failures;
};

static DEFINE_RAW_SPINLOCK(ctgm_partition_lock);
static LIST_HEAD(partition_list);	/* protected by ctgm_partition_lock */
static u32 partition_last_id;		/* protected by ctgm_partition_lock */
static DEFINE_HASHTABLE(partition_table, 6);

/* May a partition have this name? It has to fit a column of debugfs and a parameter. */
bool ctgm_partition_name_is_good(const char *name)
{
	size_t length = strlen(name), i;

	if (!length || length > CONTIGMEM_PARTITION_NAME_MAX)
		return false;
	for (i = 0; i < length; i++) {
		if (!isascii(name[i]) || !isgraph(name[i]) || strchr(":,=", name[i]))
			return false;
	}
	return true;
}

/* Is this pointer an open partition? Nothing is read through one that is none. */
static bool partition_is_open(const struct contigmem_partition *partition)
{
	const struct contigmem_partition *other;

	hash_for_each_possible_rcu(partition_table, other, by_pointer, (unsigned long)partition,
				   lockdep_is_held(&ctgm_partition_lock) ||
				   rcu_read_lock_sched_held()) {
		if (other == partition)
			return READ_ONCE(partition->handles);
	}
	return false;
}

/* A CMA area is found again while blocks keep its record. */
static struct contigmem_partition *partition_find(const char *name)
{
	struct contigmem_partition *partition;

	lockdep_assert_held(&ctgm_partition_lock);
	list_for_each_entry(partition, &partition_list, list) {
		if ((partition->handles || partition->area) && !strcmp(partition->name, name))
			return partition;
	}
	return NULL;
}

/* Any context but NMI. */
bool ctgm_partition_is_live(const struct contigmem_partition *partition)
{
	bool live;

	rcu_read_lock_sched();
	live = partition_is_open(partition);
	rcu_read_unlock_sched();
	return live;
}

/* The number of an open partition whose blocks magazines may keep; 0 if it is none. */
u32 ctgm_partition_id(const struct contigmem_partition *partition)
{
	u32 id;

	rcu_read_lock_sched();
	/* The memory of a CMA area goes back at once: other tasks live on it. */
	id = partition_is_open(partition) && partition->arena ? partition->id : 0;
	rcu_read_unlock_sched();
	return id;
}

/* Is the partition of a block open? The block keeps the partition's record. Any context. */
bool ctgm_partition_has_handles(const struct contigmem_partition *partition)
{
	return READ_ONCE(partition->handles);
}

/* Returns false if the name is taken. */
static bool partition_list_add(struct contigmem_partition *partition)
{
	bool taken;

	raw_spin_lock_irq(&ctgm_partition_lock);
	taken = partition_find(partition->name);
	if (!taken) {
		partition_last_id = (partition_last_id + 1) % CTGM_MAGAZINE_PARTITIONS ?: 1;
		partition->id = partition_last_id;
		list_add_tail(&partition->list, &partition_list);
		hash_add_rcu(partition_table, &partition->by_pointer, (unsigned long)partition);
	}
	raw_spin_unlock_irq(&ctgm_partition_lock);
	return !taken;
}

static struct contigmem_partition *partition_alloc_record(const char *name)
{
	struct contigmem_partition *partition = kzalloc(sizeof(*partition), GFP_KERNEL);

	if (!partition)
		return NULL;
	strscpy(partition->name, name, sizeof(partition->name));
	partition->handles = 1;
	partition->nid = NUMA_NO_NODE;
	return partition;
}

/**
 * ctgm_partition_add() - make a partition of page frames
 * @name: a good name
 * @frames: the frames, with their cache type; the partition's on success
 *
 * Context: Sleeps.
 * Return: the partition, open once; -EEXIST if the name is taken, -ENOMEM.
 */
struct contigmem_partition *ctgm_partition_add(const char *name, const struct ctgm_frames *frames)
{
	struct contigmem_partition *partition = partition_alloc_record(name);
	int error = -ENOMEM;

	if (!partition)
		return ERR_PTR(-ENOMEM);
	partition->frames = *frames;
	partition->nid = page_to_nid(pfn_to_page(frames->first));
	partition->arena = ctgm_arena_create(frames->nr, GFP_KERNEL);
	if (!partition->arena)
		goto free;
	ctgm_arena_add_partition(partition->arena, frames);
	error = -EEXIST;
	if (!partition_list_add(partition))
		goto remove_arena;
	return partition;

remove_arena:
	ctgm_arena_remove_partition(partition->arena);
free:
	kfree(partition);
	return ERR_PTR(error);
}

/* Open the listed partition with this name once more; NULL if there is none. */
static struct contigmem_partition *partition_open_listed(const char *name)
{
	struct contigmem_partition *partition;

	raw_spin_lock_irq(&ctgm_partition_lock);
	partition = partition_find(name);
	if (partition)
		WRITE_ONCE(partition->handles, partition->handles + 1);
	raw_spin_unlock_irq(&ctgm_partition_lock);
	return partition;
}

/**
 * ctgm_partition_open() - find a partition, or a CMA area, by its name
 * @name: its name
 *
 * Context: Sleeps.
 * Return: the partition, or an ERR_PTR(): -ENOENT, -ENOMEM.
 */
struct contigmem_partition *ctgm_partition_open(const char *name)
{
	struct contigmem_partition *partition = partition_open_listed(name);
	struct cma *area;

	if (partition)
		return partition;
	area = ctgm_cma_find(name);
	if (!area)
		return ERR_PTR(-ENOENT);
	partition = partition_alloc_record(name);
	if (!partition)
		return ERR_PTR(-ENOMEM);
	partition->area = area;
	while (!partition_list_add(partition)) {
		/* Another task listed the area first, and may have closed it again. */
		struct contigmem_partition *listed = partition_open_listed(name);

		if (listed) {
			kfree(partition);
			return listed;
		}
	}
	return partition;
}

/* Destroy a partition that is not listed any more. Sleeps. */
static void partition_destroy(struct contigmem_partition *partition)
{
	if (partition->arena) {
		ctgm_arena_remove_partition(partition->arena);
		ctgm_arena_put(&partition->frames);
	}
	kfree_rcu(partition, rcu);
}

static LLIST_HEAD(partition_destroy_list);

static void partition_destroy_listed(struct work_struct *work)
{
	struct contigmem_partition *partition, *next;

	llist_for_each_entry_safe(partition, next, llist_del_all(&partition_destroy_list),
				  destroy_later)
		partition_destroy(partition);
}

static DECLARE_WORK(partition_destroy_work, partition_destroy_listed);

/* Take a closed partition out of the list if nothing is in it. The caller destroys it. */
static bool partition_list_remove_unused(struct contigmem_partition *partition)
{
	lockdep_assert_held(&ctgm_partition_lock);
	if (partition->handles || partition->blocks || partition->serving)
		return false;
	list_del(&partition->list);
	hash_del_rcu(&partition->by_pointer);
	return true;
}

/* Destroy a partition that is not listed any more, in a worker. Any context but NMI. */
static void partition_destroy_later(struct contigmem_partition *partition)
{
	llist_add(&partition->destroy_later, &partition_destroy_list);
	schedule_work(&partition_destroy_work);
}

/**
 * ctgm_partition_close() - close a partition once
 * @partition: what the caller holds for one
 *
 * The last time, the partition is destroyed, or if blocks are in it with the last of them.
 *
 * Context: Sleeps.
 * Return: 0; -EINVAL if it is no open partition.
 */
int ctgm_partition_close(struct contigmem_partition *partition)
{
	bool unused = false, closed = false;
	int error = -EINVAL;

	ctgm_magazine_drain();
	raw_spin_lock_irq(&ctgm_partition_lock);
	if (partition_is_open(partition)) {
		error = 0;
		WRITE_ONCE(partition->handles, partition->handles - 1);
		closed = !partition->handles;
		unused = partition_list_remove_unused(partition);
	}
	raw_spin_unlock_irq(&ctgm_partition_lock);
	if (unused)
		partition_destroy(partition);
	else if (closed)
		ctgm_magazine_drain();	/* what was freed in between */
	return error;
}

/* On unload: no block is left, and the partitions still open are the module's own. */
void ctgm_partition_exit(void)
{
	struct contigmem_partition *partition, *next;

	list_for_each_entry_safe(partition, next, &partition_list, list) {
		partition->handles = 1;
		WARN_ON(ctgm_partition_close(partition));
	}
	WARN_ON(!list_empty(&partition_list));
	flush_work(&partition_destroy_work);
}

static void partition_describe(const struct contigmem_partition *partition,
			       struct contigmem_partition_info *info)
{
	struct contigmem_arena_info arena = {};

	lockdep_assert_held(&ctgm_partition_lock);
	if (partition->arena)
		ctgm_arena_describe(partition->arena, &arena);
	*info = (struct contigmem_partition_info){
		.phys = arena.phys,
		.size = arena.size,
		.free = arena.free,
		.blocks = partition->blocks,
		.blocks_peak = partition->blocks_peak,
		.failures = partition->failures,
		.handles = partition->handles,
		.nid = partition->nid,
		.cache = arena.cache,
		.is_cma = !partition->arena,
	};
	strscpy(info->name, partition->name, sizeof(info->name));
}

/* Returns false if it is no open partition. Any context but NMI. */
bool ctgm_partition_describe(const struct contigmem_partition *partition,
			     struct contigmem_partition_info *info)
{
	unsigned long flags;
	bool live;

	ctgm_magazine_settle();
	raw_spin_lock_irqsave(&ctgm_partition_lock, flags);
	live = partition_is_open(partition);
	if (live)
		partition_describe(partition, info);
	raw_spin_unlock_irqrestore(&ctgm_partition_lock, flags);
	return live;
}

/* Describe the n-th partition, to list all; false if there are fewer. */
bool ctgm_partition_describe_nth(unsigned int nth, struct contigmem_partition_info *info)
{
	struct contigmem_partition *partition;
	bool found = false;

	ctgm_magazine_drain();
	raw_spin_lock_irq(&ctgm_partition_lock);
	list_for_each_entry(partition, &partition_list, list) {
		found = !nth--;
		if (found) {
			partition_describe(partition, info);
			break;
		}
	}
	raw_spin_unlock_irq(&ctgm_partition_lock);
	return found;
}

/**
 * ctgm_partition_nth() - the n-th partition
 * @nth: how many to pass over
 * @name: filled with its name
 *
 * Context: Any but NMI.
 * Return: the partition, which may be gone at once: a request that names it is safe then, and
 *	malformed. NULL if there are fewer. An ERR_PTR() stands for one that is closed.
 */
struct contigmem_partition *ctgm_partition_nth(unsigned int nth,
					       char name[CONTIGMEM_PARTITION_NAME_MAX + 1])
{
	struct contigmem_partition *partition, *found = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&ctgm_partition_lock, flags);
	list_for_each_entry(partition, &partition_list, list) {
		if (nth--)
			continue;
		strscpy(name, partition->name, CONTIGMEM_PARTITION_NAME_MAX + 1);
		found = partition->handles ? partition : ERR_PTR(-ENOENT);
		break;
	}
	raw_spin_unlock_irqrestore(&ctgm_partition_lock, flags);
	return found;
}

/* Keep a partition while it serves a request; false if it is closed already. */
static bool partition_begin(struct contigmem_partition *partition)
{
	unsigned long flags;
	bool live;

	raw_spin_lock_irqsave(&ctgm_partition_lock, flags);
	live = partition_is_open(partition);
	if (live)
		partition->serving++;
	raw_spin_unlock_irqrestore(&ctgm_partition_lock, flags);
	return live;
}

/* A block that was served keeps the partition from here on. A query counts nothing. */
static void partition_end(struct contigmem_partition *partition, bool served, bool query)
{
	unsigned long flags;
	bool unused;

	raw_spin_lock_irqsave(&ctgm_partition_lock, flags);
	partition->serving--;
	partition->blocks += served && !query;
	partition->blocks_peak = max(partition->blocks_peak, partition->blocks);
	partition->failures += !served && !query;
	unused = partition_list_remove_unused(partition);
	raw_spin_unlock_irqrestore(&ctgm_partition_lock, flags);
	/* A task that could sleep may have asked with GFP_NOWAIT. */
	if (unused)
		partition_destroy_later(partition);
}

static enum contigmem_reason partition_from_arena(struct contigmem_partition *partition,
						  const struct ctgm_alloc_control *ac,
						  struct ctgm_frames *frames)
{
	unsigned int tries;

	if (ac->strict && ac->nid != partition->nid)
		return CONTIGMEM_NODE_HAS_NONE;
	if (!ctgm_arena_has_place(partition->arena, &ac->place))
		return CONTIGMEM_NOT_IN_PARTITION;
	if (ac->cache != partition->frames.cache)
		return CONTIGMEM_PARTITION_CACHE;
	if (ac->query)
		return ctgm_arena_query_in(partition->arena, &ac->place, frames) ?
		       CONTIGMEM_OK : CONTIGMEM_NO_FREE_RUN;
	for (tries = 0; tries < CTGM_MAGAZINE_DRAINS; tries++) {
		if (ctgm_arena_alloc_in(partition->arena, &ac->place, frames))
			return CONTIGMEM_OK;
		if (!ctgm_magazine_drain())
			break;
	}
	return CONTIGMEM_NO_FREE_RUN;
}

static enum contigmem_reason partition_from_area(struct contigmem_partition *partition,
						 struct ctgm_alloc_control *ac,
						 struct ctgm_frames *frames)
{
	/* CMA migrates pages, which may wait for I/O; it does not say where none are. */
	if (ac->fast || (ac->may_sleep && !ac->io_fs))
		return CONTIGMEM_PARTITION_MIGRATES;
	if (!ac->may_sleep)
		return CONTIGMEM_WOULD_SLEEP;
	/* CMA does not say where an area lies: any that would serve stands for this one. */
	if (ac->query)
		return ctgm_cma_query(ac, frames) ? CONTIGMEM_OK : CONTIGMEM_NO_FREE_RUN;
	ac->verdict.attempts++;
	if (!ctgm_cma_alloc_in(partition->area, &ac->place, frames))
		return CONTIGMEM_NO_FREE_RUN;
	if (!ac->strict || page_to_nid(pfn_to_page(frames->first)) == ac->nid)
		return CONTIGMEM_OK;
	ctgm_cma_free_in(partition->area, frames);
	return CONTIGMEM_NODE_HAS_NONE;
}

static enum contigmem_reason partition_alloc(struct ctgm_alloc_control *ac,
					     struct ctgm_frames *frames)
{
	struct contigmem_partition *partition = ac->partition;
	enum contigmem_reason reason;

	if (!partition_begin(partition))
		return CONTIGMEM_BAD_PARTITION;
	ac->verdict.windows++;
	if (partition->arena)
		reason = partition_from_arena(partition, ac, frames);
	else
		reason = partition_from_area(partition, ac, frames);
	frames->owner = partition;
	/* A block that a magazine keeps is no part of a peak. */
	if (!reason && !ac->query &&
	    READ_ONCE(partition->blocks) >= READ_ONCE(partition->blocks_peak))
		ctgm_magazine_drain();
	partition_end(partition, !reason, ac->query);
	return reason;
}

/* A block has left the partition, which goes as well if it is closed and this was the last. */
static void partition_put(struct contigmem_partition *partition, bool may_sleep)
{
	unsigned long flags;
	bool unused;

	raw_spin_lock_irqsave(&ctgm_partition_lock, flags);
	partition->blocks--;
	unused = partition_list_remove_unused(partition);
	raw_spin_unlock_irqrestore(&ctgm_partition_lock, flags);
	if (!unused)
		return;
	if (may_sleep)
		partition_destroy(partition);
	else
		partition_destroy_later(partition);
}

static void partition_free_in_area(const struct ctgm_frames *run)
{
	const struct contigmem_partition *partition = run->owner;

	ctgm_cma_free_in(partition->area, run);
}

static void partition_free(const struct ctgm_frames *frames)
{
	struct contigmem_partition *partition = frames->owner;

	if (partition->arena)
		ctgm_arena_free_in(partition->arena, frames);
	else
		ctgm_frames_free_good(frames, partition_free_in_area);
	partition_put(partition, ctgm_may_sleep());
}

/* Take frames back that a magazine kept, maybe in reclaim or under a GFP_NOWAIT. */
void ctgm_partition_put_kept(const struct ctgm_frames *frames)
{
	struct contigmem_partition *partition = frames->owner;

	ctgm_arena_free_in(partition->arena, frames);
	partition_put(partition, false);
}

static void partition_leak(const struct ctgm_frames *frames)
{
	partition_put(frames->owner, ctgm_may_sleep());
}

/* Serves the requests that name a partition, and no others. */
const struct ctgm_source ctgm_source_partition = {
	.id = CONTIGMEM_SOURCE_PARTITION,
	.recycles = true,
	.alloc = partition_alloc,
	.query = partition_alloc,
	.free = partition_free,
	.leak = partition_leak,
};
