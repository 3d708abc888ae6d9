// SPDX-License-Identifier: GPL-2.0
/*
 * The index of blocks is an rb-tree through the records themselves: to add a block needs no
 * memory, works in any context but NMI, and any address inside a block finds it. A table finds
 * a block by exactly its address, without the lock of the tree. A block that a magazine keeps
 * stays in both, and so neither changes when it gets the next owner.
 */
#define pr_fmt(fmt) "contigmem: " fmt

#include <linux/delay.h>
#include <linux/err.h>
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/llist.h>
#include <linux/jiffies.h>
#include <linux/lockdep.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/percpu.h>
#include <linux/pfn.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/topology.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "arena.h"
#include "block.h"
#include "caller.h"
#include "context.h"
#include "history.h"
#include "magazine.h"
#include "map.h"
#include "partition.h"
#include "ranges.h"
#include "request.h"
#include "source.h"
#include "trace.h"

static struct rb_root block_index = RB_ROOT;	/* protected by ctgm_live_lock */

/* By the hash of the address: on the average at most one block of 256 KiB in a bucket. */
static struct hlist_head *block_table;
static unsigned int block_table_bits;

/* The last number that a processor gave; each has its own, in steps of nr_cpu_ids. */
static DEFINE_PER_CPU(u64, block_last_id);

static struct kmem_cache *block_cache;
/* The record freed last: the slab allocator takes as long as all other steps together. */
static struct ctgm_block *block_spare;

static void block_construct(void *record)
{
	struct ctgm_block *block = record;

	raw_spin_lock_init(&block->lock);
}

static void block_discard(struct ctgm_kept *kept);

int ctgm_block_init(void)
{
	unsigned long buckets = clamp(roundup_pow_of_two(totalram_pages() / 64), 256UL, 65536UL);
	int cpu, error;

	for_each_possible_cpu(cpu)
		per_cpu(block_last_id, cpu) = cpu;
	block_table_bits = ilog2(buckets);
	block_table = kvcalloc(buckets, sizeof(*block_table), GFP_KERNEL);
	if (!block_table)
		return -ENOMEM;
	error = ctgm_accounts_init();
	if (error)
		goto free_table;
	error = ctgm_magazine_init(block_discard);
	if (error)
		goto close_accounts;
	error = -ENOMEM;
	block_cache = kmem_cache_create("contigmem_block", sizeof(struct ctgm_block), 0,
					SLAB_TYPESAFE_BY_RCU, block_construct);
	if (block_cache)
		return 0;
	ctgm_magazine_exit();
close_accounts:
	ctgm_accounts_close();
free_table:
	kvfree(block_table);
	return error;
}

void ctgm_block_exit(void)
{
	ctgm_magazine_exit();
	if (block_spare)
		kmem_cache_free(block_cache, block_spare);
	kmem_cache_destroy(block_cache);
	ctgm_accounts_close();
	kvfree(block_table);
}

/* An empty record, of no live block; NULL if there is no memory for it. */
static struct ctgm_block *block_alloc_record(gfp_t gfp)
{
	struct ctgm_block *block = xchg(&block_spare, NULL) ?: kmem_cache_alloc(block_cache, gfp);
	unsigned long flags;

	if (!block)
		return NULL;
	/* A task that found the record by an earlier address may just look at it. */
	raw_spin_lock_irqsave(&block->lock, flags);
	memset_after(block, 0, by_vaddr);
	block->freed = true;
	block->idle = true;
	raw_spin_unlock_irqrestore(&block->lock, flags);
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

static struct hlist_head *block_bucket(const void *vaddr)
{
	return &block_table[hash_long((unsigned long)vaddr >> PAGE_SHIFT, block_table_bits)];
}

/* Index a block, which is not live before block_own(). */
static void block_index_add(struct ctgm_block *block)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&ctgm_live_lock, flags);
	rb_add(&block->by_address, &block_index, block_below);
	hlist_add_head_rcu(&block->by_vaddr, block_bucket(block->vaddr));
	raw_spin_unlock_irqrestore(&ctgm_live_lock, flags);
}

/* Has an owner the block, and not freed it? With the block's lock held. */
static bool block_is_live(const struct ctgm_block *block)
{
	lockdep_assert_held(&block->lock);
	/* Pairs with block_own(). */
	return !smp_load_acquire(&block->freed);
}

/*
 * Give an indexed block its owner: it is live from then on. No other task writes to a block that
 * is not live, so the lock is not taken.
 */
static void block_own(struct ctgm_block *block, const struct contigmem_request *req,
		      const void *caller, enum contigmem_source source)
{
	ctgm_account_count(block->account);
	block->id = this_cpu_add_return(block_last_id, nr_cpu_ids);
	block->source = source;
	block->flags = req->flags;
	block->tag = req->tag;
	block->caller = caller;
	block->born = get_jiffies_64();
	/* Pairs with block_is_live(): a task that sees that the block is live sees its owner. */
	smp_store_release(&block->freed, false);
	/* Pairs with block_describe_busy(), likewise. */
	smp_store_release(&block->idle, false);
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

/* With the block's lock held, unless the caller alone has the block. */
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
		.age_ns = ctgm_ns_since(block->born),
	};
}

static void block_trace_free(const struct ctgm_block *block, const void *caller)
{
	struct contigmem_info info;

	lockdep_assert_held(&block->lock);
	block_describe(block, &info);
	trace_contigmem_free(&info, caller);
}

/*
 * With interrupts off, mark a block as freed by a code address, or with NULL add a user; false if
 * it is not live or has another address. Sets @unused if it is freed and has no user.
 */
static __always_inline bool block_mark(struct ctgm_block *block, const void *vaddr,
				       const void *freed_by, bool *unused)
{
	bool live;

	raw_spin_lock(&block->lock);
	live = block->vaddr == vaddr && block_is_live(block);
	if (live && freed_by) {
		if (trace_contigmem_free_enabled())
			block_trace_free(block, freed_by);
		block->freed = true;
		block->freed_by = freed_by;
		block->freed_at = get_jiffies_64();
		*unused = !block->users;
	} else if (live) {
		block->users++;
	}
	raw_spin_unlock(&block->lock);
	return live;
}

static noinline struct ctgm_block *block_find_in_tree_and_mark(const void *vaddr,
							       const void *freed_by, bool *unused)
{
	struct ctgm_block *block;
	unsigned long flags;

	raw_spin_lock_irqsave(&ctgm_live_lock, flags);
	block = block_first_from((unsigned long)vaddr);
	if (block && !block_mark(block, vaddr, freed_by, unused))
		block = NULL;
	raw_spin_unlock_irqrestore(&ctgm_live_lock, flags);
	return block;
}

/*
 * Find the live block with exactly an address and mark it; NULL if there is none. The table is
 * followed without a lock: a record that leaves it meanwhile may lead into another bucket, so
 * only the tree can say that there is none.
 */
static struct ctgm_block *block_find_and_mark(const void *vaddr, const void *freed_by,
					      bool *unused)
{
	struct ctgm_block *block;
	unsigned long flags;

	/* A task with interrupts off is an RCU reader. */
	local_irq_save(flags);
	hlist_for_each_entry_rcu(block, block_bucket(vaddr), by_vaddr,
				 rcu_read_lock_sched_held()) {
		if (READ_ONCE(block->vaddr) == vaddr &&
		    block_mark(block, vaddr, freed_by, unused))
			break;
	}
	local_irq_restore(flags);
	return likely(block) ? block : block_find_in_tree_and_mark(vaddr, freed_by, unused);
}

/* What is known about a freed block. */
static void block_describe_freed(const struct ctgm_block *block, struct ctgm_freed *freed)
{
	*freed = (struct ctgm_freed){
		.vaddr = block->vaddr,
		.size = block_size(block),
		.id = block->id,
		.tag = block->tag,
		.caller = block->freed_by,
		.when = block->freed_at,
	};
}

static void block_index_remove(struct ctgm_block *block)
{
	struct ctgm_freed freed;
	unsigned long flags;

	block_describe_freed(block, &freed);
	raw_spin_lock_irqsave(&ctgm_live_lock, flags);
	rb_erase(&block->by_address, &block_index);
	RB_CLEAR_NODE(&block->by_address);
	hlist_del_rcu(&block->by_vaddr);
	ctgm_history_add_freed(&freed);
	raw_spin_unlock_irqrestore(&ctgm_live_lock, flags);
}

static void block_zero(const struct ctgm_frames *frames, bool may_sleep)
{
	void *at = ctgm_frames_address(frames);
	unsigned long i;

	for (i = 0; i < frames->nr; i++) {
		clear_page(at + (i << PAGE_SHIFT));
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
		       ctgm_frames_address(&block->frames);
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

static void block_uncharge(struct ctgm_block *block)
{
	ctgm_account_uncharge(block->account, block_size(block));
}

/* Destroy a block that a magazine kept. Any context but NMI. */
static void block_discard(struct ctgm_kept *kept)
{
	struct ctgm_block *block = container_of(kept, struct ctgm_block, kept);

	block_uncharge(block);
	block_index_remove(block);
	if (block->frames.source == &ctgm_source_partition)
		ctgm_partition_put_kept(&block->frames);
	else
		ctgm_frames_put(&block->frames);
	block_free_record(block);
	module_put(THIS_MODULE);
}

/* The kind of magazine that may keep a block; 0 for none. */
static u64 block_kind(const struct ctgm_block *block)
{
	u32 partition = 0;

	/* Its mapping or its cache type goes with it. */
	if (block_destroy_sleeps(block))
		return 0;
	if (block->frames.source == &ctgm_source_partition) {
		partition = ctgm_partition_id(block->frames.owner);
		if (!partition)
			return 0;
	}
	return block->frames.source->id == CONTIGMEM_SOURCE_CMA ? 0 :
	       ctgm_magazine_kind(&block->frames, block->account->index, partition);
}

/*
 * Keep a block that its owner frees, and nobody else has, in a magazine; false if that cannot be.
 * It still holds the module. So only what a driver frees is kept: when one is unloaded, the
 * magazines are emptied.
 */
static bool block_keep(struct ctgm_block *block)
{
	struct ctgm_account *account = block->account;

	if (!block->kept.kind || ctgm_raw_locks_only() || ctgm_frames_are_held(&block->frames))
		return false;
	/* What is freed of a closed partition goes back at once. */
	if (block->frames.source == &ctgm_source_partition &&
	    !ctgm_partition_has_handles(block->frames.owner))
		return false;
	if (want_init_on_free())
		block_zero(&block->frames, ctgm_may_sleep());
	WRITE_ONCE(block->idle, true);
	if (likely(ctgm_magazine_put(&block->kept))) {
		ctgm_account_note_kept(account);
		return true;
	}
	WRITE_ONCE(block->idle, false);
	block->unheld = block->frames.nr;
	return false;
}

/* The node nearest to one without memory in the request's range; that one if there is none. */
static noinline int block_nearest_node(int from, unsigned long last)
{
	int nid, nearest = from, least = INT_MAX;

	for_each_node_state(nid, N_MEMORY) {
		if (ctgm_nth_zone(&ctgm_node_zones[nid], last, 0) >= 0 &&
		    node_distance(from, nid) < least) {
			least = node_distance(from, nid);
			nearest = nid;
		}
	}
	return nearest;
}

/* Take a block that a magazine keeps; NULL if none serves the request. */
static struct ctgm_block *block_take_kept(const struct contigmem_request *req, gfp_t gfp,
					  const struct ctgm_account *account,
					  const struct ctgm_constraints *place)
{
	int nid = req->nid == NUMA_NO_NODE ? numa_mem_id() : req->nid;
	struct ctgm_block *block;
	struct ctgm_kept *kept;
	u32 partition = 0;
	u64 kind;

	if (req->flags & CONTIGMEM_READONLY || ctgm_raw_locks_only())
		return NULL;
	if (unlikely(req->partition)) {
		partition = ctgm_partition_id(req->partition);
		/* The source of partitions knows whether this node is the right one. */
		if (!partition || gfp & __GFP_THISNODE)
			return NULL;
	}
	kind = ctgm_magazine_kind_wanted(account->index, partition, nid, req->cache, place);
	if (!kind && !(gfp & __GFP_THISNODE)) {
		nid = block_nearest_node(nid, place->last);
		kind = ctgm_magazine_kind_wanted(account->index, 0, nid, req->cache, place);
	}
	if (!kind)
		return NULL;
	kept = ctgm_magazine_take(kind, place);
	if (!kept && READ_ONCE(account->any_kept))
		kept = ctgm_magazine_take_elsewhere(kind, place);
	if (!kept)
		return NULL;
	block = container_of(kept, struct ctgm_block, kept);
	/* The limit may be lower than it was when the block was charged. */
	if (!ctgm_frames_count_poisoned(&block->frames) && !ctgm_account_is_over(account))
		return block;
	block_discard(kept);
	return NULL;
}

static bool block_wants_zero(const struct contigmem_request *req, gfp_t gfp)
{
	return gfp & __GFP_ZERO || req->flags & CONTIGMEM_ZERO;
}

/* Serve a well-formed request from a magazine; NULL if none can. */
static struct ctgm_block *block_create_kept(const struct contigmem_request *req, gfp_t gfp,
					    const struct ctgm_constraints *place,
					    const void *caller)
{
	struct ctgm_account *account = ctgm_account_find(req->tag);
	struct ctgm_block *block;

	if (!account)
		return NULL;
	block = block_take_kept(req, gfp, account, place);
	if (!block)
		return NULL;
	if (block_wants_zero(req, gfp) || want_init_on_alloc(0))
		block_zero(&block->frames, gfpflags_allow_blocking(gfp));
	block_own(block, req, caller, block->frames.source->id);
	return block;
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
		reason = block_prepare(ac, block_wants_zero(req, gfp), &block->frames);
	if (reason)
		goto free_record;

	block->account = account;
	block->flags = req->flags;
	block->nid = page_to_nid(pfn_to_page(block->frames.first));
	reason = CONTIGMEM_NO_BOOKKEEPING;
	if (!block_map(block, record_gfp))
		goto put_frames;
	block->kept.first = block->frames.first;
	block->kept.kind = block_kind(block);
	*allocated = block;
	return CONTIGMEM_OK;

put_frames:
	ctgm_arena_put(&block->frames);
free_record:
	block_free_record(block);
	return reason;
}

/* For as long as the caller has not got the block, no other task frees it. */
static void block_trace_alloc(const struct ctgm_block *block, gfp_t gfp,
			      const struct contigmem_verdict *verdict)
{
	struct contigmem_info info;

	block_describe(block, &info);
	trace_contigmem_alloc(&info, gfp, verdict);
}

static void block_report_refusal(const struct contigmem_request *req, gfp_t gfp,
				 const void *caller, const struct contigmem_verdict *verdict)
{
	ctgm_history_add_refused(req, gfp, caller, verdict);
	trace_contigmem_fail(req, gfp, caller, verdict, ctgm_reason_errno(verdict->reason));
	if (!(gfp & __GFP_NOWARN))
		pr_info_ratelimited("%zu bytes for %pS refused: %s: %s\n", req->size, caller,
				    ctgm_reason_errno_name(verdict->reason),
				    contigmem_reason_text(verdict->reason));
}

/* Serve a valid request from the sources; NULL and the reason in @ac if it is refused. */
static struct ctgm_block *block_create_new(const struct contigmem_request *req, gfp_t gfp,
					   struct ctgm_account *account,
					   struct ctgm_alloc_control *ac, const void *caller)
{
	/* Page tables are allocated with GFP_KERNEL, whatever the caller's gfp. */
	bool narrow = ac->may_sleep && (gfp & GFP_KERNEL) != GFP_KERNEL;
	struct ctgm_block *block;
	unsigned int scope;

	if (narrow)
		scope = memalloc_noio_save();
	ac->verdict.reason = block_alloc(req, gfp, account, ac, &block);
	if (narrow)
		memalloc_noio_restore(scope);
	if (ac->verdict.reason)
		return NULL;
	if (!ctgm_account_charge(account, block_size(block))) {
		block_destroy(block);
		ac->verdict.reason = CONTIGMEM_OVER_LIMIT;
		ac->verdict.source = CONTIGMEM_SOURCE_NONE;
		return NULL;
	}
	block_index_add(block);
	/* Unloading is refused while a device may still use the memory. */
	__module_get(THIS_MODULE);
	block_own(block, req, caller, ac->verdict.source);
	return block;
}

/* What became of a request that a magazine served; @start is 0 if nobody wanted to know then. */
static void block_report_kept(const struct ctgm_block *block, u64 start,
			      const struct contigmem_request *req, gfp_t gfp)
{
	struct contigmem_verdict verdict = {
		.source = block->source,
		.windows = 1,
		.ns = start ? ktime_get_mono_fast_ns() - start : 0,
	};

	if (trace_contigmem_alloc_enabled())
		block_trace_alloc(block, gfp, &verdict);
	if (req->verdict)
		*req->verdict = verdict;
}

/* Does anybody want to know what became of a request? */
static bool block_is_reported(const struct contigmem_request *req)
{
	return req->verdict || trace_contigmem_alloc_enabled();
}

/* Serve a request that no magazine serves. Not inlined, since its verdict is on the stack. */
static noinline struct ctgm_block *block_create_slowly(const struct contigmem_request *req,
						       gfp_t gfp, const void *caller)
{
	u64 start = ktime_get_mono_fast_ns();
	struct ctgm_block *block = NULL;
	struct ctgm_account *account;
	struct ctgm_alloc_control ac;

	ac.verdict.reason = ctgm_request_resolve(req, gfp, &ac);
	if (ac.verdict.reason) {
		/* A malformed request opens no account. */
		account = ctgm_account_find(req->tag);
	} else {
		account = ctgm_account_get(req->tag,
					   ac.reclaim | __GFP_NORETRY | __GFP_NOWARN);
		block = block_create_new(req, gfp, account, &ac, caller);
	}
	ac.verdict.ns = ktime_get_mono_fast_ns() - start;
	if (block) {
		/* Another candidate range avoided it. */
		ac.verdict.blocker = 0;
		ac.verdict.blocker_kind = NULL;
		if (trace_contigmem_alloc_enabled())
			block_trace_alloc(block, gfp, &ac.verdict);
	} else {
		if (account)
			atomic64_inc(&account->failures);
		block_report_refusal(req, gfp, caller, &ac.verdict);
	}
	if (req->verdict)
		*req->verdict = ac.verdict;
	return block ?: ERR_PTR(ctgm_reason_errno(ac.verdict.reason));
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
	/* To read the clock is a part of the price: only a caller that wants to know pays it. */
	u64 start = block_is_reported(req) ? ktime_get_mono_fast_ns() : 0;
	struct ctgm_block *block = NULL;
	struct ctgm_constraints place;

	might_sleep_if(gfpflags_allow_blocking(gfp));
	if (!ctgm_request_check(req, gfp, &place))
		block = block_create_kept(req, gfp, &place, caller);
	if (!block) {
		block = block_create_slowly(req, gfp, caller);
		if (IS_ERR(block))
			return ERR_CAST(block);
	} else if (block_is_reported(req)) {
		block_report_kept(block, start, req, gfp);
	}
	return block->vaddr;
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
static void block_release(struct ctgm_block *block, bool in_worker)
{
	if ((ctgm_raw_locks_only() || block->frames.nr > BLOCK_FREE_ATOMIC) && !in_worker &&
	    !ctgm_may_sleep()) {
		block_destroy_later(block);
		return;
	}
	if (block_is_held(block)) {
		atomic_long_add(block->frames.nr, &block_waiting);
		block_wait(block);
		return;
	}
	block_uncharge(block);
	block_index_remove(block);
	if (block_destroy_sleeps(block) && !in_worker && !ctgm_may_sleep())
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
		block_uncharge(block);
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
	ctgm_magazine_close();
	for (tries = 0; tries < 5 && ctgm_block_waiting(); tries++) {
		mod_delayed_work(system_wq, &block_wait_work, 0);
		flush_delayed_work(&block_wait_work);
		if (ctgm_block_waiting())
			ssleep(1);
	}
	cancel_delayed_work_sync(&block_wait_work);
	llist_for_each_entry_safe(block, next, llist_del_all(&block_wait_list), later) {
		block_uncharge(block);
		block_index_remove(block);
		pr_err("frames %#lx-%#lx are held by another task: they stay unused until the next boot\n",
		       block->frames.first, block->frames.first + block->frames.nr - 1);
		if (block->frames.source->leak)
			block->frames.source->leak(&block->frames);
		block_free_record(block);
	}
}

/* Warn about a free of an address that no live block has, and report its history. */
static void block_report_wrong_free(const void *vaddr)
{
	struct contigmem_info info = {};
	struct ctgm_block *block;
	struct ctgm_freed freed;
	bool live = false, found;
	unsigned long flags;
	char text[256], caller[CTGM_CALLER_SIZE], tag[5];

	raw_spin_lock_irqsave(&ctgm_live_lock, flags);
	block = block_first_from((unsigned long)vaddr);
	found = block && block->vaddr <= vaddr;
	if (found) {
		raw_spin_lock(&block->lock);
		live = block_is_live(block);
		found = block->freed_by;
		block_describe(block, &info);
		block_describe_freed(block, &freed);
		raw_spin_unlock(&block->lock);
	}
	if (!live && !found)
		found = ctgm_history_find_freed(vaddr, &freed);
	raw_spin_unlock_irqrestore(&ctgm_live_lock, flags);

	if (live) {
		ctgm_tag_text(info.tag, tag);
		ctgm_caller_text(info.caller, caller);
		snprintf(text, sizeof(text),
			 "%lu bytes into live block %llu (tag %s, %zu bytes, allocated by %s)",
			 (unsigned long)(vaddr - info.vaddr), info.id, tag, info.size, caller);
	} else if (found) {
		u64 ms = div_u64(ctgm_ns_since(freed.when), NSEC_PER_MSEC);

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
	bool unused = false;
	struct ctgm_block *block = block_find_and_mark(vaddr, caller, &unused);

	if (!block)
		block_report_wrong_free(vaddr);
	else if (unused && !block_keep(block))
		block_release(block, false);
}

/* Add a user to the live block at an address; NULL if there is none. Any context but NMI. */
struct ctgm_block *ctgm_block_use(const void *vaddr)
{
	return block_find_and_mark(vaddr, NULL, NULL);
}

/*
 * Remove a user, and release the block if its owner has freed it and no user is left.
 * The user's file keeps this module, or the driver that keeps it, until this returns.
 */
void ctgm_block_unuse(struct ctgm_block *block)
{
	unsigned long flags;
	bool unused;

	raw_spin_lock_irqsave(&block->lock, flags);
	block->users--;
	unused = block->freed && !block->users;
	raw_spin_unlock_irqrestore(&block->lock, flags);
	if (unused)
		block_release(block, false);
}

/* Let @caller stand for the code that asked for a block. Any context but NMI. */
void ctgm_block_set_caller(const struct contigmem_info *info, const void *caller)
{
	struct ctgm_block *block;
	unsigned long flags;

	raw_spin_lock_irqsave(&ctgm_live_lock, flags);
	block = block_first_from((unsigned long)info->vaddr);
	if (block) {
		raw_spin_lock(&block->lock);
		if (block_is_live(block) && block->id == info->id)
			block->caller = caller;
		raw_spin_unlock(&block->lock);
	}
	raw_spin_unlock_irqrestore(&ctgm_live_lock, flags);
}

/* Describe the live block that holds an address; false if there is none. Any context but NMI. */
bool ctgm_block_describe(const void *vaddr, struct contigmem_info *info)
{
	struct ctgm_block *block;
	unsigned long flags;
	bool live = false;

	raw_spin_lock_irqsave(&ctgm_live_lock, flags);
	block = block_first_from((unsigned long)vaddr);
	if (block && block->vaddr <= vaddr) {
		raw_spin_lock(&block->lock);
		live = block_is_live(block);
		if (live)
			block_describe(block, info);
		raw_spin_unlock(&block->lock);
	}
	raw_spin_unlock_irqrestore(&ctgm_live_lock, flags);
	return live;
}

/* Describe a block unless a magazine keeps it. */
static bool block_describe_busy(struct ctgm_block *block, struct contigmem_info *info)
{
	bool busy;

	lockdep_assert_held(&ctgm_live_lock);
	raw_spin_lock(&block->lock);
	/* Pairs with block_own(), which has set all else before. */
	busy = !smp_load_acquire(&block->idle);
	if (busy)
		block_describe(block, info);
	raw_spin_unlock(&block->lock);
	return busy;
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
	while (block && !block_describe_busy(block, info))
		block = rb_entry_safe(rb_next(&block->by_address), struct ctgm_block, by_address);
	raw_spin_unlock_irqrestore(&ctgm_live_lock, flags);
	return block;
}

/**
 * ctgm_block_address() - where the owner of a live block has a byte of it
 * @phys: physical address of a byte of memory
 *
 * Blocks that the direct map does not map for their owner, which src/map.c and src/memtype.h name,
 * are where vmalloc() maps. They are read one by one.
 *
 * Context: Any but NMI.
 * Return: The address; NULL if no live block holds the byte.
 */
const void *ctgm_block_address(phys_addr_t phys)
{
	unsigned long at = VMALLOC_START;
	struct contigmem_info info;

	if (ctgm_block_describe(__va(phys), &info))
		return __va(phys);
	for (; ctgm_block_find_from(at, &info); at = (unsigned long)info.vaddr + info.size) {
		if (!info.freed && phys >= info.phys && phys - info.phys < info.size)
			return info.vaddr + (phys - info.phys);
	}
	return NULL;
}
