// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) "contigmem: " fmt

#include <linux/bug.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/xarray.h>

#include "../contigmem.h"
#include "request.h"

/* A block of a pool has more pages while more than this share of it would be wasted, ... */
#define POOL_MOST_WASTE		8
/* ... up to so many: an arena serves those from its first pageblock. */
#define POOL_MOST_PAGES		16
#define POOL_NAME_MAX		31

/* The end of a list of free objects, and what stands for the next one of an object in use. */
#define POOL_END		(U32_MAX - 1)
#define POOL_IN_USE		U32_MAX

/**
 * struct ctgm_pool_block - a block that objects are made of
 * @list: in the pool's list of blocks
 * @partial: the next one of those with a free object
 * @vaddr: first byte
 * @phys: its physical address
 * @free: a free object, POOL_END if there is none
 * @next: of each object the next free one, or POOL_IN_USE; and once more POOL_END, for addresses
 *	behind the last object
 */
struct ctgm_pool_block {
	struct list_head list;
	struct ctgm_pool_block *partial;
	char *vaddr;
	phys_addr_t phys;
	u32 free;
	u32 next[];
};

/**
 * struct contigmem_pool - objects of one size, in blocks
 * @name: what messages call it
 * @req: asks for a block
 * @size: bytes of an object, as it was asked for
 * @zero: each object is cleared when it is handed out
 * @stride: bytes from one object to the next
 * @nr: objects in a block
 * @shift: a block is 2^@shift bytes
 * @lock: for all below; raw, so that hard interrupts may take it with PREEMPT_RT too
 * @blocks: all blocks
 * @partial: the first one of those with a free object, the only one that objects are taken from
 * @by_address: blocks by pool_index()
 * @recent: the block in which an object was freed last; blocks stay until the pool goes
 */
struct contigmem_pool {
	char name[POOL_NAME_MAX + 1];
	struct contigmem_request req;
	size_t size;
	bool zero;
	size_t stride;
	u32 nr;
	unsigned int shift;
	raw_spinlock_t lock;
	struct list_head blocks;
	struct ctgm_pool_block *partial;
	struct xarray by_address;
	struct ctgm_pool_block *recent;
};

/* Bytes of a block: a power of two within the boundary, of which little is wasted. */
static size_t pool_block_size(size_t stride, size_t boundary)
{
	size_t most = max_t(size_t, POOL_MOST_PAGES * PAGE_SIZE, roundup_pow_of_two(stride));
	size_t size = max_t(size_t, PAGE_SIZE, roundup_pow_of_two(stride));

	if (boundary >= PAGE_SIZE)
		most = min(most, boundary);
	while (size < most && size % stride > size / POOL_MOST_WASTE)
		size *= 2;
	return size;
}

static bool pool_arguments_are_good(const struct contigmem_request *req, size_t size, size_t align,
				    size_t boundary)
{
	return size && size <= SIZE_MAX / 4 && (!align || is_power_of_2(align)) &&
	       align <= SIZE_MAX / 4 &&
	       (!boundary || (is_power_of_2(boundary) && boundary >= size)) &&
	       !(req->flags & CONTIGMEM_READONLY);
}

static struct contigmem_pool *pool_create(const char *name, const struct contigmem_request *req,
					  size_t size, size_t align, size_t boundary)
{
	struct contigmem_pool *pool = kzalloc(sizeof(*pool), GFP_KERNEL);
	size_t bytes;

	if (!pool)
		return ERR_PTR(-ENOMEM);
	strscpy(pool->name, name, sizeof(pool->name));
	pool->size = size;
	pool->stride = ALIGN(size, max(align, sizeof(long)));
	/* An object of 2^n bytes crosses no larger boundary, wherever it lies in its block. */
	if (boundary && (boundary < PAGE_SIZE || pool->stride > boundary))
		pool->stride = roundup_pow_of_two(pool->stride);
	bytes = pool_block_size(pool->stride, boundary);
	pool->nr = bytes / pool->stride;
	pool->shift = ilog2(bytes);
	pool->req = *req;
	pool->req.size = bytes;
	/* In the direct map the higher bits of an object's address are then those of its block. */
	pool->req.align = bytes;
	pool->req.boundary = 0;
	pool->req.verdict = NULL;
	/* Objects are cleared one by one. */
	pool->zero = req->flags & CONTIGMEM_ZERO;
	pool->req.flags &= ~CONTIGMEM_ZERO;
	raw_spin_lock_init(&pool->lock);
	INIT_LIST_HEAD(&pool->blocks);
	xa_init_flags(&pool->by_address, XA_FLAGS_LOCK_IRQ);
	return pool;
}

/**
 * contigmem_pool_create() - prepare to hand out objects smaller than a page, or larger
 * @name: for messages; copied, up to 31 characters
 * @req: where the objects lie: range, node, cache type, tag, partition, time limit and
 *	CONTIGMEM_FAST, and CONTIGMEM_ZERO to clear each object; its size, align and
 *	boundary are not read, and @req->verdict is not filled
 * @size: bytes of an object; not 0
 * @align: power of two that each object's physical address is a multiple of; 0 for that of
 *	a long
 * @boundary: power of two whose multiples no object crosses, at least @size; 0 for none
 *
 * What dma_pool_create() is for dma_alloc_coherent(). No memory is taken until the first
 * object is asked for. What the pool has taken it keeps until contigmem_pool_destroy().
 *
 * Context: Sleeps.
 * Return: The pool, or an ERR_PTR():
 *
 * * -EINVAL: an argument is malformed, or the request has CONTIGMEM_READONLY
 * * -ENOMEM: no memory for the pool's own record
 */
struct contigmem_pool *contigmem_pool_create(const char *name, const struct contigmem_request *req,
					     size_t size, size_t align, size_t boundary)
{
	if (!pool_arguments_are_good(req, size, align, boundary))
		return ERR_PTR(-EINVAL);
	return pool_create(name, req, size, align, boundary);
}
EXPORT_SYMBOL_GPL(contigmem_pool_create);

/* Does an address lie in a block? */
static bool pool_contains(const struct contigmem_pool *pool, const struct ctgm_pool_block *block,
			  const void *vaddr)
{
	return ((unsigned long)vaddr - (unsigned long)block->vaddr) >> pool->shift == 0;
}

/*
 * Small for addresses of the direct map, so that the xarray is not deep. No two blocks begin in
 * one index.
 */
static unsigned long pool_index(const struct contigmem_pool *pool, const void *vaddr)
{
	return ((unsigned long)vaddr - PAGE_OFFSET) >> pool->shift;
}

/* From now on the block is found by its objects' addresses. */
static int pool_publish(struct contigmem_pool *pool, struct ctgm_pool_block *block, gfp_t gfp)
{
	unsigned long index = pool_index(pool, block->vaddr), flags;
	void *before;

	if (gfpflags_allow_blocking(gfp)) {
		before = xa_store_irq(&pool->by_address, index, block, gfp);
	} else {
		xa_lock_irqsave(&pool->by_address, flags);
		before = __xa_store(&pool->by_address, index, block, gfp);
		xa_unlock_irqrestore(&pool->by_address, flags);
	}
	return xa_err(before);
}

/*
 * Allocate a block more, all of it free. Not inline: it needs more registers than all of
 * contigmem_pool_alloc().
 */
static noinline struct ctgm_pool_block *pool_grow(struct contigmem_pool *pool, gfp_t gfp,
						  const void *caller)
{
	gfp_t record_gfp = gfp & (CTGM_GFP_CONTEXT | __GFP_NOWARN);
	struct ctgm_pool_block *block = kmalloc(struct_size(block, next, pool->nr + 1),
						record_gfp);
	int error;
	u32 i;

	if (!block)
		return ERR_PTR(-ENOMEM);
	block->vaddr = contigmem_alloc_track_caller(&pool->req, gfp & ~__GFP_ZERO, caller);
	if (IS_ERR(block->vaddr)) {
		error = PTR_ERR(block->vaddr);
		goto free_record;
	}
	block->phys = contigmem_phys(block->vaddr);
	block->free = 0;
	for (i = 0; i < pool->nr; i++)
		block->next[i] = i + 1;
	block->next[pool->nr - 1] = POOL_END;
	block->next[pool->nr] = POOL_END;
	error = pool_publish(pool, block, record_gfp);
	if (error)
		goto free_block;
	return block;

free_block:
	contigmem_free(block->vaddr);
free_record:
	kfree(block);
	return ERR_PTR(error);
}

/**
 * contigmem_pool_alloc() - take an object
 * @pool: the pool
 * @gfp: the context, as for contigmem_alloc(); __GFP_ZERO clears the object
 * @phys: set to its physical address, which is no DMA address behind an IOMMU; may be NULL
 *
 * The content is undefined without __GFP_ZERO or the pool's CONTIGMEM_ZERO.
 *
 * Context: Any but NMI, as @gfp says. With PREEMPT_RT, where preemption or interrupts are
 *	off, only objects of blocks that the pool has already are served.
 * Return: The object, or an ERR_PTR() as from contigmem_alloc() if the pool needs another
 *	block and cannot have it.
 */
void *contigmem_pool_alloc(struct contigmem_pool *pool, gfp_t gfp, phys_addr_t *phys)
{
	struct ctgm_pool_block *block;
	unsigned long flags;
	void *vaddr;
	u32 at;

	raw_spin_lock_irqsave(&pool->lock, flags);
	block = pool->partial;
	if (unlikely(!block)) {
		raw_spin_unlock_irqrestore(&pool->lock, flags);
		block = pool_grow(pool, gfp, __builtin_return_address(0));
		if (IS_ERR(block))
			return block;
		raw_spin_lock_irqsave(&pool->lock, flags);
		list_add(&block->list, &pool->blocks);
		block->partial = pool->partial;
		pool->partial = block;
	}
	at = block->free;
	block->free = block->next[at];
	block->next[at] = POOL_IN_USE;
	if (block->free == POOL_END)
		pool->partial = block->partial;
	raw_spin_unlock_irqrestore(&pool->lock, flags);

	vaddr = block->vaddr + at * pool->stride;
	if (phys)
		*phys = block->phys + at * pool->stride;
	if (pool->zero || want_init_on_alloc(gfp))
		memset(vaddr, 0, pool->size);
	return vaddr;
}
EXPORT_SYMBOL_GPL(contigmem_pool_alloc);

/* The block that an address lies in; NULL if there is none. */
static struct ctgm_pool_block *pool_find(struct contigmem_pool *pool, const void *vaddr)
{
	struct ctgm_pool_block *block = READ_ONCE(pool->recent);
	unsigned long index;

	if (block && pool_contains(pool, block, vaddr))
		return block;
	index = pool_index(pool, vaddr);
	block = xa_load(&pool->by_address, index);
	/* A mapping apart from the direct map begins at any page, and its blocks in any index. */
	if (!block || !pool_contains(pool, block, vaddr))
		block = xa_load(&pool->by_address, index - 1);
	if (!block || !pool_contains(pool, block, vaddr))
		return NULL;
	WRITE_ONCE(pool->recent, block);
	return block;
}

/**
 * contigmem_pool_free() - give an object back
 * @pool: its pool
 * @vaddr: what contigmem_pool_alloc() returned; NULL is ignored
 *
 * For an address that is no object of the pool in use there is one WARN, and nothing is freed.
 *
 * Context: Any but NMI.
 */
void contigmem_pool_free(struct contigmem_pool *pool, void *vaddr)
{
	struct ctgm_pool_block *block;
	bool in_use = false;
	unsigned long flags;
	size_t offset;
	u32 at;

	if (!vaddr)
		return;
	block = pool_find(pool, vaddr);
	if (block) {
		offset = (char *)vaddr - block->vaddr;
		at = offset / pool->stride;
		in_use = offset == at * pool->stride &&
			 READ_ONCE(block->next[at]) == POOL_IN_USE;
	}
	if (WARN(!in_use, "contigmem: pool %s has no object at this address in use\n", pool->name))
		return;
	if (want_init_on_free())
		memset(vaddr, 0, pool->size);

	raw_spin_lock_irqsave(&pool->lock, flags);
	if (block->free == POOL_END) {
		block->partial = pool->partial;
		pool->partial = block;
	}
	block->next[at] = block->free;
	block->free = at;
	raw_spin_unlock_irqrestore(&pool->lock, flags);
}
EXPORT_SYMBOL_GPL(contigmem_pool_free);

static u32 pool_objects_in_use(const struct contigmem_pool *pool,
			       const struct ctgm_pool_block *block)
{
	u32 at, nr = 0;

	for (at = 0; at < pool->nr; at++)
		nr += block->next[at] == POOL_IN_USE;
	return nr;
}

/**
 * contigmem_pool_destroy() - give back what a pool has taken
 * @pool: the pool; NULL is ignored
 *
 * A block with an object in use is logged, and stays as a block that nobody frees.
 *
 * Context: Any but NMI; nobody uses the pool any more.
 */
void contigmem_pool_destroy(struct contigmem_pool *pool)
{
	struct ctgm_pool_block *block, *next;
	u32 used;

	if (!pool)
		return;
	list_for_each_entry_safe(block, next, &pool->blocks, list) {
		used = pool_objects_in_use(pool, block);
		if (used)
			pr_err("pool %s is destroyed with %u of %u objects at %pa in use: their block stays\n",
			       pool->name, used, pool->nr, &block->phys);
		else
			contigmem_free(block->vaddr);
		kfree(block);
	}
	xa_destroy(&pool->by_address);
	kfree(pool);
}
EXPORT_SYMBOL_GPL(contigmem_pool_destroy);

static void pool_devm_destroy(void *pool)
{
	contigmem_pool_destroy(pool);
}

/**
 * devm_contigmem_pool_create() - a pool that goes with its device's driver
 * @dev: the device, whose name the pool gets
 * @req: as for contigmem_pool_create()
 * @size: as for contigmem_pool_create()
 * @align: as for contigmem_pool_create()
 * @boundary: as for contigmem_pool_create()
 *
 * The driver's core destroys it when the driver is unbound.
 *
 * Context: Sleeps.
 * Return: As contigmem_pool_create().
 */
struct contigmem_pool *devm_contigmem_pool_create(struct device *dev,
						  const struct contigmem_request *req,
						  size_t size, size_t align, size_t boundary)
{
	struct contigmem_pool *pool = contigmem_pool_create(dev_name(dev), req, size, align,
							    boundary);
	int error;

	if (IS_ERR(pool))
		return pool;
	error = devm_add_action_or_reset(dev, pool_devm_destroy, pool);
	return error ? ERR_PTR(error) : pool;
}
EXPORT_SYMBOL_GPL(devm_contigmem_pool_create);
