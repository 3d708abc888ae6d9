// SPDX-License-Identifier: GPL-2.0
/*
 * The index of live blocks is an rb-tree through the records themselves: to add a block
 * needs no memory, works in any context but NMI, and any address inside a block finds it.
 */
#define pr_fmt(fmt) "contigmem: " fmt

#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/llist.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "arena.h"
#include "block.h"
#include "context.h"
#include "history.h"
#include "map.h"
#include "partition.h"
#include "request.h"
#include "source.h"

static struct rb_root block_index = RB_ROOT;	/* protected by ctgm_live_lock */
static u64 block_last_id;			/* protected by ctgm_live_lock */

static struct kmem_cache *block_cache;
/* The record freed last: the slab allocator takes as long as all other steps together. */
static struct ctgm_block *block_spare;

int ctgm_block_init(void)
{
	block_cache = kmem_cache_create("contigmem_block", sizeof(struct ctgm_block), 0, 0, NULL);
	return block_cache ? 0 : -ENOMEM;
}

void ctgm_block_exit(void)
{
	if (block_spare)
		kmem_cache_free(block_cache, block_spare);
	kmem_cache_destroy(block_cache);
}

/* An empty record; NULL if there is no memory for it. */
static struct ctgm_block *block_alloc_record(gfp_t gfp)
{
	struct ctgm_block *block = xchg(&block_spare, NULL);

	if (!block)
		return kmem_cache_zalloc(block_cache, gfp);
	memset(block, 0, sizeof(*block));
	return block;
}

static void block_free_record(struct ctgm_block *block)
{
	block = xchg(&block_spare, block);
	if (block)
		kmem_cache_free(block_cache, block);
}

static size_t block_size(const struct ctgm_block *block)
{
	return block->frames.nr << PAGE_SHIFT;
}

static bool block_below(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct ctgm_block, by_address)->vaddr <
	       rb_entry(b, struct ctgm_block, by_address)->vaddr;
}

/* Index and charge a block, which is live from then on; false if its tag has no room. */
static bool block_index_add(struct ctgm_block *block)
{
	unsigned long flags;
	bool charged;

	raw_spin_lock_irqsave(&ctgm_live_lock, flags);
	charged = ctgm_account_charge(block->account, block_size(block));
	if (charged) {
		block->id = ++block_last_id;
		rb_add(&block->by_address, &block_index, block_below);
	}
	raw_spin_unlock_irqrestore(&ctgm_live_lock, flags);
	return charged;
}

/* The lowest block that ends above an address. */
static struct ctgm_block *block_first_from(unsigned long address)
{
	struct rb_node *node = block_index.rb_node;
	struct ctgm_block *found = NULL;

	lockdep_assert_held(&ctgm_live_lock);
	while (node) {
		struct ctgm_block *block = rb_entry(node, struct ctgm_block, by_address);

		if ((unsigned long)block->vaddr + block_size(block) - 1 >= address) {
			found = block;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return found;
}

/* The block around an address, unless its owner has freed it. */
static struct ctgm_block *block_around(const void *vaddr)
{
	struct ctgm_block *block = block_first_from((unsigned long)vaddr);

	return block && block->vaddr <= vaddr && !block->freed ? block : NULL;
}

/* The block with exactly this address, unless its owner has freed it. */
static struct ctgm_block *block_at(const void *vaddr)
{
	struct ctgm_block *block = block_around(vaddr);

	return block && block->vaddr == vaddr ? block : NULL;
}

static void block_index_remove(struct ctgm_block *block)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&ctgm_live_lock, flags);
	rb_erase(&block->by_address, &block_index);
	RB_CLEAR_NODE(&block->by_address);
	ctgm_account_uncharge(block->account, block_size(block));
	raw_spin_unlock_irqrestore(&ctgm_live_lock, flags);
}

static void block_zero(const struct ctgm_frames *frames, bool may_sleep)
{
	unsigned long i;

	for (i = 0; i < frames->nr; i++) {
		clear_page(page_address(pfn_to_page(frames->first + i)));
		if (may_sleep)
			cond_resched();
	}
}

/* Give new frames the content and the cache type that a request asks for. */
static enum contigmem_reason block_prepare(const struct ctgm_alloc_control *ac, bool zero,
					   struct ctgm_frames *frames)
{
	enum contigmem_reason reason;

	/* With init_on_alloc, data of an earlier block must not be seen either. */
	if (zero || (frames->recycled && want_init_on_alloc(0)))
		block_zero(frames, ac->may_sleep);
	if (frames->cache == ac->cache)
		return CONTIGMEM_OK;
	reason = ctgm_frames_set_type(frames, ac->cache);
	if (reason)
		ctgm_frames_put(frames);
	return reason;
}

static bool block_map(struct ctgm_block *block, gfp_t gfp)
{
	block->vaddr = block->flags & CONTIGMEM_READONLY ?
		       ctgm_map_readonly(&block->frames, gfp) :
		       page_address(pfn_to_page(block->frames.first));
	return block->vaddr;
}

/* Give a block's mapping and frames back. Sleeps if block_destroy_sleeps(). */
static void block_unmap(struct ctgm_block *block)
{
	if (block->flags & CONTIGMEM_READONLY)
		ctgm_unmap_readonly(block->vaddr);
	if (ctgm_frames_put_sleeps(&block->frames))
		ctgm_arena_put(&block->frames);
	else
		ctgm_frames_put(&block->frames);
}

static void block_destroy(struct ctgm_block *block)
{
	/* With init_on_free, frames that do not go back to the kernel are cleared as well. */
	if (block->frames.source->recycles && want_init_on_free())
		block_zero(&block->frames, ctgm_may_sleep());
	block_unmap(block);
	block_free_record(block);
}

static bool block_destroy_sleeps(const struct ctgm_block *block)
{
	return block->flags & CONTIGMEM_READONLY || ctgm_frames_put_sleeps(&block->frames);
}

/* Allocate a block for a valid request. The record comes first: nothing may fail after it. */
static enum contigmem_reason block_alloc(const struct contigmem_request *req, gfp_t gfp,
					 struct ctgm_account *account,
					 struct ctgm_alloc_control *ac,
					 struct ctgm_block **allocated)
{
	enum contigmem_reason reason = CONTIGMEM_OVER_LIMIT;
	gfp_t record_gfp = ac->reclaim | __GFP_NORETRY | __GFP_NOWARN;	/* no OOM killer */
	struct ctgm_block *block;

	block = block_alloc_record(record_gfp);
	if (!block)
		return CONTIGMEM_NO_BOOKKEEPING;
	if (!ctgm_account_has_room(account, ac->place.nr << PAGE_SHIFT))
		goto free_record;
	reason = ctgm_source_alloc(ac, &block->frames);
	if (!reason)
		reason = block_prepare(ac, gfp & __GFP_ZERO || req->flags & CONTIGMEM_ZERO,
				       &block->frames);
	if (reason)
		goto free_record;

	block->account = account;
	block->source = ac->verdict.source;
	block->flags = req->flags;
	block->tag = req->tag;
	block->nid = page_to_nid(pfn_to_page(block->frames.first));
	reason = CONTIGMEM_NO_BOOKKEEPING;
	if (!block_map(block, record_gfp))
		goto put_frames;
	*allocated = block;
	return CONTIGMEM_OK;

put_frames:
	ctgm_arena_put(&block->frames);
free_record:
	block_free_record(block);
	return reason;
}

static void block_report_refusal(const struct contigmem_request *req, gfp_t gfp,
				 const void *caller, const struct contigmem_verdict *verdict)
{
	ctgm_history_add_refused(req, gfp, caller, verdict);
	if (!(gfp & __GFP_NOWARN))
		pr_info_ratelimited("%zu bytes for %pS refused: %s: %s\n", req->size, caller,
				    ctgm_reason_errno_name(verdict->reason),
				    contigmem_reason_text(verdict->reason));
}

/**
 * ctgm_block_create() - create a block
 * @req: the request, as the caller passed it
 * @gfp: the context
 * @caller: code address that is shown as the block's owner
 *
 * Context: Any but NMI, as @gfp says.
 * Return: as contigmem_alloc().
 */
void *ctgm_block_create(const struct contigmem_request *req, gfp_t gfp, const void *caller)
{
	u64 start = ktime_get_mono_fast_ns();
	struct ctgm_account *account;
	struct ctgm_alloc_control ac;
	struct ctgm_block *block;
	unsigned int scope;
	bool narrow;
	void *vaddr;

	might_sleep_if(gfpflags_allow_blocking(gfp));
	ac.verdict.reason = ctgm_request_resolve(req, gfp, &ac);
	if (ac.verdict.reason) {
		/* A malformed request opens no account. */
		account = ctgm_account_find(req->tag);
	} else {
		account = ctgm_account_get(req->tag,
					   ac.reclaim | __GFP_NORETRY | __GFP_NOWARN);
		/* Page tables are allocated with GFP_KERNEL, whatever the caller's gfp. */
		narrow = ac.may_sleep && (gfp & GFP_KERNEL) != GFP_KERNEL;
		if (narrow)
			scope = memalloc_noio_save();
		ac.verdict.reason = block_alloc(req, gfp, account, &ac, &block);
		if (narrow)
			memalloc_noio_restore(scope);
	}
	ac.verdict.ns = ktime_get_mono_fast_ns() - start;
	if (!ac.verdict.reason) {
		vaddr = block->vaddr;
		block->caller = caller;
		block->born = start + ac.verdict.ns;
		if (!block_index_add(block)) {
			block_destroy(block);
			ac.verdict.reason = CONTIGMEM_OVER_LIMIT;
			ac.verdict.source = CONTIGMEM_SOURCE_NONE;
		}
	}
	if (ac.verdict.reason) {
		if (account)
			atomic64_inc(&account->failures);
		block_report_refusal(req, gfp, caller, &ac.verdict);
		vaddr = ERR_PTR(ctgm_reason_errno(ac.verdict.reason));
	} else {
		/* Unloading is refused while a device may still use the memory. */
		__module_get(THIS_MODULE);
		/* Another candidate range avoided it. */
		ac.verdict.blocker = 0;
		ac.verdict.blocker_kind = NULL;
	}
	if (req->verdict)
		*req->verdict = ac.verdict;
	return vaddr;
}

/**
 * ctgm_block_create_partition() - set memory aside as a partition
 * @name: its name
 * @req: how much, and under which constraints
 * @gfp: the context; may sleep
 *
 * Context: Process context. Sleeps.
 * Return: as contigmem_partition_create(), without a reference on the module.
 */
struct contigmem_partition *ctgm_block_create_partition(const char *name,
							const struct contigmem_request *req,
							gfp_t gfp)
{
	struct contigmem_partition *partition;
	struct ctgm_alloc_control ac;
	struct ctgm_frames frames;

	if (!ctgm_partition_name_is_good(name) || req->partition || req->flags)
		return ERR_PTR(-EINVAL);
	ac.verdict.reason = ctgm_request_resolve(req, gfp, &ac);
	ac.aside = true;
	if (!ac.verdict.reason)
		ac.verdict.reason = ctgm_source_alloc(&ac, &frames);
	if (!ac.verdict.reason)
		ac.verdict.reason = block_prepare(&ac, gfp, &frames);
	if (req->verdict)
		*req->verdict = ac.verdict;
	if (ac.verdict.reason) {
		pr_info("partition %s of %zu bytes refused: %s: %s\n", name, req->size,
			ctgm_reason_errno_name(ac.verdict.reason),
			contigmem_reason_text(ac.verdict.reason));
		return ERR_PTR(ctgm_reason_errno(ac.verdict.reason));
	}
	partition = ctgm_partition_add(name, &frames);
	if (IS_ERR(partition))
		ctgm_arena_put(&frames);
	return partition;
}

static LLIST_HEAD(block_destroy_list);
static LLIST_HEAD(block_wait_list);
static atomic_long_t block_waiting;

/* Blocks given to the worker, and those of them that it has destroyed, the oldest first. */
static atomic_long_t block_destroy_queued;
static atomic_long_t block_destroy_done;
static DECLARE_WAIT_QUEUE_HEAD(block_destroy_wait);

static void block_destroy_unheld(struct work_struct *work);
static DECLARE_DELAYED_WORK(block_wait_work, block_destroy_unheld);

/* Frames read at a time: all of a block of 4 MiB, and of a large one that is held not more. */
#define BLOCK_LOOK	1024UL

/*
 * Does another task hold a frame of a block that has neither owner nor user? A mapping in
 * user space does, and I/O. A frame that no task holds cannot be found any more, so few
 * are read twice while a mapping stays.
 */
static bool block_is_held(struct ctgm_block *block)
{
	struct ctgm_frames part = block->frames;

	while (block->unheld < block->frames.nr) {
		part.first = block->frames.first + block->unheld;
		part.nr = min(BLOCK_LOOK, block->frames.nr - block->unheld);
		if (ctgm_frames_are_held(&part))
			return true;
		block->unheld += part.nr;
	}
	return false;
}

/* Keep a freed block whose frames another task holds, until it lets them go. */
static void block_wait(struct ctgm_block *block)
{
	llist_add(&block->later, &block_wait_list);
	schedule_delayed_work(&block_wait_work, HZ / 10);
}

/*
 * The most frames, 16 MiB of them, that are given back in atomic context: each is read
 * twice and freed, in up to 100 ns, and may have to be cleared.
 */
#define BLOCK_FREE_ATOMIC	(SZ_16M >> PAGE_SHIFT)

static void block_destroy_listed(struct work_struct *work);
static DECLARE_WORK(block_destroy_work, block_destroy_listed);

static void block_destroy_later(struct ctgm_block *block)
{
	/* Counted first, so that no task that waits for an older block is woken by this one. */
	atomic_long_inc(&block_destroy_queued);
	llist_add(&block->later, &block_destroy_list);
	schedule_work(&block_destroy_work);
}

/*
 * Destroy a block that neither its owner nor a user has: now, or in a worker where that
 * has to wait. While another task holds frames, the block stays in the index and keeps
 * the module. Any context but NMI. The worker says itself that it may sleep: without
 * CONFIG_PREEMPT_COUNT ctgm_may_sleep() is never true.
 */
static void block_release(struct ctgm_block *block, bool may_sleep)
{
	if (!may_sleep && (ctgm_raw_locks_only() || block->frames.nr > BLOCK_FREE_ATOMIC)) {
		block_destroy_later(block);
		return;
	}
	if (block_is_held(block)) {
		atomic_long_add(block->frames.nr, &block_waiting);
		block_wait(block);
		return;
	}
	block_index_remove(block);
	if (block_destroy_sleeps(block) && !may_sleep)
		block_destroy_later(block);
	else
		block_destroy(block);
	module_put(THIS_MODULE);
}

/* Blocks that are still in the index were not even looked at in atomic context. */
static void block_destroy_listed(struct work_struct *work)
{
	struct llist_node *oldest_first = llist_reverse_order(llist_del_all(&block_destroy_list));
	struct ctgm_block *block, *next;

	llist_for_each_entry_safe(block, next, oldest_first, later) {
		if (RB_EMPTY_NODE(&block->by_address))
			block_destroy(block);
		else
			block_release(block, true);
		atomic_long_inc(&block_destroy_done);
		wake_up_all(&block_destroy_wait);
		cond_resched();
	}
}

static void block_destroy_unheld(struct work_struct *work)
{
	struct llist_node *waiting = llist_del_all(&block_wait_list);
	struct ctgm_block *block, *next;

	llist_for_each_entry_safe(block, next, waiting, later) {
		if (block_is_held(block)) {
			block_wait(block);
			continue;
		}
		atomic_long_sub(block->frames.nr, &block_waiting);
		block_index_remove(block);
		block_destroy(block);
		module_put(THIS_MODULE);
	}
}

/* Page frames of freed blocks that other tasks hold. */
unsigned long ctgm_block_waiting(void)
{
	return atomic_long_read(&block_waiting);
}

/*
 * Wait for the worker that destroys the blocks freed in atomic context so far. Sleeps. A
 * task of a WQ_MEM_RECLAIM queue may come here, which must not flush a work of another.
 */
void ctgm_block_wait_destroyed(void)
{
	long queued = atomic_long_read(&block_destroy_queued);

	wait_event(block_destroy_wait, atomic_long_read(&block_destroy_done) - queued >= 0);
}

/*
 * Wait until the blocks freed so far are destroyed. Sleeps. Blocks whose frames are held
 * longer than a few seconds are leaked, since the module is about to go.
 */
void ctgm_block_flush(void)
{
	struct ctgm_block *block, *next;
	unsigned int tries;

	flush_work(&block_destroy_work);
	for (tries = 0; tries < 5 && ctgm_block_waiting(); tries++) {
		mod_delayed_work(system_wq, &block_wait_work, 0);
		flush_delayed_work(&block_wait_work);
		if (ctgm_block_waiting())
			ssleep(1);
	}
	cancel_delayed_work_sync(&block_wait_work);
	llist_for_each_entry_safe(block, next, llist_del_all(&block_wait_list), later) {
		block_index_remove(block);
		pr_err("frames %#lx-%#lx are held by another task: they stay unused until the next boot\n",
		       block->frames.first, block->frames.first + block->frames.nr - 1);
		if (block->frames.source->leak)
			block->frames.source->leak(&block->frames);
		block_free_record(block);
	}
}

static void block_describe(const struct ctgm_block *block, struct contigmem_info *info)
{
	*info = (struct contigmem_info){
		.id = block->id,
		.vaddr = block->vaddr,
		.phys = PFN_PHYS(block->frames.first),
		.size = block_size(block),
		.nid = block->nid,
		.cache = block->frames.cache,
		.source = block->source,
		.flags = block->flags,
		.tag = block->tag,
		.caller = block->caller,
		.users = block->users,
		.freed = block->freed,
		.age_ns = ktime_get_mono_fast_ns() - block->born,
	};
}

/* Warn about a free of an address that no live block has, and report its history. */
static void block_report_wrong_free(const void *vaddr)
{
	struct ctgm_block *block;
	struct contigmem_info info;
	struct ctgm_freed freed;
	bool found = false;
	unsigned long flags;
	char text[256], caller[CTGM_CALLER_SIZE], tag[5];

	raw_spin_lock_irqsave(&ctgm_live_lock, flags);
	block = block_around(vaddr);
	if (block)
		block_describe(block, &info);
	else
		found = ctgm_history_find_freed(vaddr, &freed);
	raw_spin_unlock_irqrestore(&ctgm_live_lock, flags);

	if (block) {
		ctgm_tag_text(info.tag, tag);
		ctgm_caller_text(info.caller, caller);
		snprintf(text, sizeof(text),
			 "%lu bytes into live block %llu (tag %s, %zu bytes, allocated by %s)",
			 (unsigned long)(vaddr - info.vaddr), info.id, tag, info.size, caller);
	} else if (found) {
		u64 ms = div_u64(ktime_get_mono_fast_ns() - freed.when, NSEC_PER_MSEC);

		ctgm_tag_text(freed.tag, tag);
		ctgm_caller_text(freed.caller, caller);
		snprintf(text, sizeof(text),
			 "%lu bytes into block %llu (tag %s, %zu bytes), freed %llu ms ago by %s",
			 (unsigned long)(vaddr - freed.vaddr), freed.id, tag, freed.size, ms,
			 caller);
	} else {
		snprintf(text, sizeof(text), "not an address of ours");
	}
	WARN(1, "contigmem_free(%p): %s\n", vaddr, text);
}

/**
 * ctgm_block_free() - free a block
 * @vaddr: its address
 * @caller: code address of the owner
 *
 * Context: Any but NMI.
 */
void ctgm_block_free(const void *vaddr, const void *caller)
{
	struct ctgm_block *block;
	bool unused = false;
	unsigned long flags;

	raw_spin_lock_irqsave(&ctgm_live_lock, flags);
	block = block_at(vaddr);
	if (block) {
		struct ctgm_freed freed = {
			.vaddr = block->vaddr,
			.size = block_size(block),
			.id = block->id,
			.tag = block->tag,
			.caller = caller,
			.when = ktime_get_mono_fast_ns(),
		};

		ctgm_history_add_freed(&freed);
		block->freed = true;
		unused = !block->users;
	}
	raw_spin_unlock_irqrestore(&ctgm_live_lock, flags);
	if (!block)
		block_report_wrong_free(vaddr);
	else if (unused)
		block_release(block, ctgm_may_sleep());
}

/* Add a user to the live block at an address; NULL if there is none. Any context but NMI. */
struct ctgm_block *ctgm_block_use(const void *vaddr)
{
	struct ctgm_block *block;
	unsigned long flags;

	raw_spin_lock_irqsave(&ctgm_live_lock, flags);
	block = block_at(vaddr);
	if (block)
		block->users++;
	raw_spin_unlock_irqrestore(&ctgm_live_lock, flags);
	return block;
}

/*
 * Remove a user, and release the block if its owner has freed it and no user is left.
 * The user's file keeps this module, or the driver that keeps it, until this returns.
 */
void ctgm_block_unuse(struct ctgm_block *block)
{
	unsigned long flags;
	bool unused;

	raw_spin_lock_irqsave(&ctgm_live_lock, flags);
	block->users--;
	unused = block->freed && !block->users;
	raw_spin_unlock_irqrestore(&ctgm_live_lock, flags);
	if (unused)
		block_release(block, ctgm_may_sleep());
}

/* Describe the live block that holds an address; false if there is none. Any context but NMI. */
bool ctgm_block_describe(const void *vaddr, struct contigmem_info *info)
{
	struct ctgm_block *block;
	unsigned long flags;

	raw_spin_lock_irqsave(&ctgm_live_lock, flags);
	block = block_around(vaddr);
	if (block)
		block_describe(block, info);
	raw_spin_unlock_irqrestore(&ctgm_live_lock, flags);
	return block;
}

/*
 * Describe the lowest block that ends above an address, to walk all blocks, including
 * those that only users keep. Any context but NMI.
 */
bool ctgm_block_find_from(unsigned long address, struct contigmem_info *info)
{
	struct ctgm_block *block;
	unsigned long flags;

	raw_spin_lock_irqsave(&ctgm_live_lock, flags);
	block = block_first_from(address);
	if (block)
		block_describe(block, info);
	raw_spin_unlock_irqrestore(&ctgm_live_lock, flags);
	return block;
}
