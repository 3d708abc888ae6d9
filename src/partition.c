// SPDX-License-Identifier: GPL-2.0
/*
 * Partitions: memory that was taken once under its own constraints and has a name,
 * or a CMA area by its name. A request that names one is served from there, in any
 * context, or refused.
 */
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "arena.h"
#include "cma.h"
#include "mapping.h"
#include "partition.h"
#include "source.h"

/**
 * struct contigmem_partition - one partition
 * @list: in the list of all
 * @name: its name
 * @arena: what its blocks are made of; NULL for a CMA area
 * @frames: the frames of that
 * @nid: their node; NUMA_NO_NODE for a CMA area
 * @area: the CMA area
 * @handles: times that it is open; gone with the last
 * @serving: requests that are being served
 * @blocks: live blocks
 * @blocks_peak: most of those at a time
 * @failures: requests that were not served
 */
struct contigmem_partition {
	struct list_head list;
	char name[CONTIGMEM_PARTITION_NAME_MAX + 1];
	struct arena *arena;
	struct frames frames;
	int nid;
	struct cma *area;
	unsigned int handles;
	unsigned long serving;
	unsigned long blocks;
	unsigned long blocks_peak;
	unsigned long failures;
};

static DEFINE_SPINLOCK(lock);	/* protects all, and what changes in each */
static LIST_HEAD(all);

/* What debugfs can list in columns, and a module parameter can say. */
bool partition_name_is_good(const char *name)
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

/* Is it one of ours? Nothing is read of what may be no partition. Called with the lock held. */
static bool is_listed(const struct contigmem_partition *partition)
{
	const struct contigmem_partition *other;

	list_for_each_entry(other, &all, list) {
		if (other == partition)
			return true;
	}
	return false;
}

/* Called with the lock held. */
static struct contigmem_partition *find(const char *name)
{
	struct contigmem_partition *partition;

	list_for_each_entry(partition, &all, list) {
		if (!strcmp(partition->name, name))
			return partition;
	}
	return NULL;
}

bool partition_is_live(const struct contigmem_partition *partition)
{
	unsigned long flags;
	bool live;

	spin_lock_irqsave(&lock, flags);
	live = is_listed(partition);
	spin_unlock_irqrestore(&lock, flags);
	return live;
}

/* List a new one, unless its name is taken. */
static bool enlist(struct contigmem_partition *partition)
{
	bool taken;

	spin_lock_irq(&lock);
	taken = find(partition->name);
	if (!taken)
		list_add_tail(&partition->list, &all);
	spin_unlock_irq(&lock);
	return !taken;
}

static struct contigmem_partition *new(const char *name)
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
 * partition_add() - make a partition of frames
 * @name: a good one
 * @frames: the frames, with their cache type; the partition's on success
 *
 * Context: Sleeps.
 * Return: the partition, open once; -EEXIST if the name is taken, -ENOMEM.
 */
struct contigmem_partition *partition_add(const char *name, const struct frames *frames)
{
	struct contigmem_partition *partition = new(name);
	int error = -ENOMEM;

	if (!partition)
		return ERR_PTR(-ENOMEM);
	partition->frames = *frames;
	partition->nid = page_to_nid(pfn_to_page(frames->first));
	partition->arena = arena_of_partition(frames, partition->nid);
	if (!partition->arena)
		goto free;
	error = -EEXIST;
	if (!enlist(partition))
		goto remove_arena;
	return partition;

remove_arena:
	arena_remove(partition->arena);
free:
	kfree(partition);
	return ERR_PTR(error);
}

/* One more handle of the partition with this name; NULL if there is none. */
static struct contigmem_partition *open_again(const char *name)
{
	struct contigmem_partition *partition;

	spin_lock_irq(&lock);
	partition = find(name);
	if (partition)
		partition->handles++;
	spin_unlock_irq(&lock);
	return partition;
}

/**
 * partition_open() - find a partition, or a CMA area, by its name
 * @name: its name
 *
 * Context: Sleeps.
 * Return: the partition, or an ERR_PTR(): -ENOENT, -ENOMEM.
 */
struct contigmem_partition *partition_open(const char *name)
{
	struct contigmem_partition *partition;
	struct cma *area;

	for (;;) {
		partition = open_again(name);
		if (partition)
			return partition;
		area = cma_find(name);
		if (!area)
			return ERR_PTR(-ENOENT);
		partition = new(name);
		if (!partition)
			return ERR_PTR(-ENOMEM);
		partition->area = area;
		if (enlist(partition))
			return partition;
		/* Somebody was faster. */
		kfree(partition);
	}
}

/* Nobody knows it any more. Sleeps. */
static void destroy(struct contigmem_partition *partition)
{
	if (partition->arena) {
		arena_remove(partition->arena);
		mapping_put(&partition->frames);
	}
	kfree(partition);
}

/**
 * partition_close() - one handle less, and with the last the partition is gone
 * @partition: what is thought to be one
 *
 * Context: Sleeps.
 * Return: 0, -EINVAL if it is none, -EBUSY if it would go while blocks are in it.
 */
int partition_close(struct contigmem_partition *partition)
{
	bool last = false;
	int error = 0;

	spin_lock_irq(&lock);
	if (!is_listed(partition)) {
		error = -EINVAL;
	} else if (partition->handles == 1 && (partition->blocks || partition->serving)) {
		error = -EBUSY;
	} else {
		last = !--partition->handles;
		if (last)
			list_del(&partition->list);
	}
	spin_unlock_irq(&lock);
	if (last)
		destroy(partition);
	return error;
}

/* On unload: no block is left, and what is open is the module's own. */
void partition_exit(void)
{
	struct contigmem_partition *partition, *next;

	list_for_each_entry_safe(partition, next, &all, list) {
		partition->handles = 1;
		WARN_ON(partition_close(partition));
	}
}

/* Called with the lock held. */
static void describe(const struct contigmem_partition *partition,
		     struct contigmem_partition_info *info)
{
	struct contigmem_arena_info arena = {};

	if (partition->arena)
		arena_describe(partition->arena, &arena);
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

/* False if it is no live partition. */
bool partition_describe(const struct contigmem_partition *partition,
			struct contigmem_partition_info *info)
{
	unsigned long flags;
	bool live;

	spin_lock_irqsave(&lock, flags);
	live = is_listed(partition);
	if (live)
		describe(partition, info);
	spin_unlock_irqrestore(&lock, flags);
	return live;
}

/* The n-th of all, to list them; false if there are fewer. */
bool partition_describe_nth(unsigned int nth, struct contigmem_partition_info *info)
{
	struct contigmem_partition *partition;
	bool found = false;

	spin_lock_irq(&lock);
	list_for_each_entry(partition, &all, list) {
		found = !nth--;
		if (found) {
			describe(partition, info);
			break;
		}
	}
	spin_unlock_irq(&lock);
	return found;
}

/* It stays while it serves; false if it is gone already. */
static bool begin_to_serve(struct contigmem_partition *partition)
{
	unsigned long flags;
	bool live;

	spin_lock_irqsave(&lock, flags);
	live = is_listed(partition);
	if (live)
		partition->serving++;
	spin_unlock_irqrestore(&lock, flags);
	return live;
}

/* With a block, for which it stays as well, or without. */
static void end_to_serve(struct contigmem_partition *partition, bool served)
{
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	partition->serving--;
	partition->blocks += served;
	partition->blocks_peak = max(partition->blocks_peak, partition->blocks);
	partition->failures += !served;
	spin_unlock_irqrestore(&lock, flags);
}

/* A block of it is gone, its frames included. Any context. */
void partition_put(struct contigmem_partition *partition)
{
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	partition->blocks--;
	spin_unlock_irqrestore(&lock, flags);
}

static enum contigmem_reason serve_from_arena(struct contigmem_partition *partition,
					      const struct need *need, struct frames *frames)
{
	if (need->strict && need->nid != partition->nid)
		return CONTIGMEM_NODE_HAS_NONE;
	if (!arena_has_place(partition->arena, need))
		return CONTIGMEM_NOT_IN_PARTITION;
	if (need->cache != partition->frames.cache)
		return CONTIGMEM_PARTITION_CACHE;
	return arena_serve(partition->arena, need, frames) ? CONTIGMEM_OK : CONTIGMEM_NO_FREE_RUN;
}

static enum contigmem_reason serve_from_area(struct contigmem_partition *partition,
					     const struct need *need, struct frames *frames,
					     struct contigmem_verdict *verdict)
{
	if (!need->may_sleep || need->fast)
		return CONTIGMEM_WOULD_SLEEP;
	verdict->attempts++;
	if (!cma_take(partition->area, &need->place, frames))
		return CONTIGMEM_NO_FREE_RUN;
	if (!need->strict || page_to_nid(pfn_to_page(frames->first)) == need->nid)
		return CONTIGMEM_OK;
	cma_put(frames);
	frames->area = NULL;
	return CONTIGMEM_NODE_HAS_NONE;
}

static enum contigmem_reason get(const struct need *need, const struct memmap *map, int nid,
				 bool migrate, struct frames *frames,
				 struct contigmem_verdict *verdict)
{
	struct contigmem_partition *partition = need->partition;
	enum contigmem_reason reason;

	if (!begin_to_serve(partition))
		return CONTIGMEM_BAD_PARTITION;
	verdict->windows++;
	reason = partition->arena ? serve_from_arena(partition, need, frames) :
				    serve_from_area(partition, need, frames, verdict);
	end_to_serve(partition, !reason);
	if (!reason)
		frames->partition = partition;
	return reason;
}

/* Asked for requests that name one, and then nobody else is. */
const struct source source_partition = {
	.id = CONTIGMEM_SOURCE_PARTITION,
	.get = get,
};
