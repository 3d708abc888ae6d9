// SPDX-License-Identifier: GPL-2.0
/*
 * contigmem: physically contiguous memory under a device's real constraints.
 *
 * The native API. Each call is a few lines: src/block.c has the sequence.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/fcntl.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>

#include "contigmem.h"
#include "src/account.h"
#include "src/arena.h"
#include "src/block.h"
#include "src/dmabuf.h"
#include "src/map.h"
#include "src/partition.h"
#include "src/query.h"
#include "src/request.h"

/**
 * contigmem_alloc_track_caller() - contigmem_alloc() on behalf of another caller
 * @req: what the device needs
 * @gfp: the context
 * @caller: code address that is shown as the block's owner
 *
 * Context: As contigmem_alloc().
 * Return: As contigmem_alloc().
 */
void *contigmem_alloc_track_caller(const struct contigmem_request *req, gfp_t gfp,
				   const void *caller)
{
	return ctgm_block_create(req, gfp, caller);
}
EXPORT_SYMBOL_GPL(contigmem_alloc_track_caller);

/**
 * contigmem_alloc() - allocate physically contiguous memory
 * @req: what the device needs; start from CONTIGMEM_REQUEST()
 * @gfp: the context: GFP_KERNEL, GFP_NOIO, GFP_NOFS may sleep, GFP_NOWAIT and
 *	GFP_ATOMIC do not and get what arenas and the page allocator have.
 *	__GFP_ZERO, __GFP_THISNODE (strict node) and __GFP_NOWARN mean what they
 *	always mean; of other bits see the table in contigmem.h.
 *
 * The content is undefined without __GFP_ZERO or CONTIGMEM_ZERO: what dma_alloc_coherent()
 * hands out has been cleared for years, and drivers rely on it. The block is the caller's
 * until contigmem_free().
 *
 * Context: Any but NMI, as @gfp says. With GFP_KERNEL the caller must not hold the lock of
 *	a page cache folio: the folio may lie where pages are migrated, and the migration
 *	waits for its lock. With PREEMPT_RT a well-formed request is refused with -EAGAIN
 *	where preemption or interrupts are off.
 * Return: The address of the block, or an ERR_PTR():
 *
 * * -EINVAL: the request is malformed
 * * -ERANGE: no memory of this machine can ever satisfy it
 * * -ENOSPC: no free run now, and pages must not be moved or the partition is full;
 *   or the tag's limit is reached
 * * -EBUSY: pages in every window cannot be moved, or a budget is spent
 * * -ENOMEM: no memory for bookkeeping, none to move pages to, or the zone would fall
 *   below its watermark
 * * -EAGAIN: it would have to sleep, or with PREEMPT_RT take a lock that sleeps
 * * -EOPNOTSUPP: this kernel or CPU lacks the cache type, or the partition has another one;
 *   or the partition is a CMA area, and @gfp or CONTIGMEM_FAST forbids to move pages
 * * -ETIMEDOUT: @req->timeout_ns passed
 * * -EINTR: a fatal signal arrived
 *
 * @req->verdict, where given, says more.
 */
void *contigmem_alloc(const struct contigmem_request *req, gfp_t gfp)
{
	return ctgm_block_create(req, gfp, __builtin_return_address(0));
}
EXPORT_SYMBOL_GPL(contigmem_alloc);

/**
 * contigmem_free() - give a block back
 * @vaddr: what contigmem_alloc() returned; NULL is ignored
 *
 * For any other address, that of a freed block included, one WARN says what is known of
 * the address, and nothing is freed. A block that is mapped to user space or exported as
 * a dma-buf is freed for its owner, and its memory is released with the last reference.
 *
 * Context: Any but NMI. What needs to sleep (an uncached, write-combined or read-only
 *	block in atomic context) or takes long (one of more than 16 MiB) is finished by a
 *	worker; with PREEMPT_RT so is every block that is freed where preemption or
 *	interrupts are off, and its tag and partition count it until then.
 */
void contigmem_free(const void *vaddr)
{
	if (vaddr)
		ctgm_block_free(vaddr, __builtin_return_address(0));
}
EXPORT_SYMBOL_GPL(contigmem_free);

/**
 * contigmem_describe() - describe a live block
 * @vaddr: any address in it
 * @info: filled on success
 *
 * Context: Any but NMI.
 * Return: 0, or -ENOENT if no live block holds the address.
 */
int contigmem_describe(const void *vaddr, struct contigmem_info *info)
{
	return ctgm_block_describe(vaddr, info) ? 0 : -ENOENT;
}
EXPORT_SYMBOL_GPL(contigmem_describe);

/**
 * contigmem_phys() - the physical address of a byte in a live block
 * @vaddr: any address in it
 *
 * Not a DMA address: behind an IOMMU take that of contigmem_dma_map().
 *
 * Context: Any but NMI.
 * Return: The physical address, or 0 if no live block holds the address.
 */
phys_addr_t contigmem_phys(const void *vaddr)
{
	struct contigmem_info info;

	return ctgm_block_describe(vaddr, &info) ? info.phys + (vaddr - info.vaddr) : 0;
}
EXPORT_SYMBOL_GPL(contigmem_phys);

/**
 * contigmem_next() - walk the live blocks
 * @vaddr: NULL to begin, then the end of the block before
 * @info: describes the lowest block that ends above @vaddr, those included that
 *	have been freed while they had users
 *
 * Context: Any but NMI.
 * Return: 0, or -ENOENT if there is none.
 */
int contigmem_next(const void *vaddr, struct contigmem_info *info)
{
	return ctgm_block_find_from((unsigned long)vaddr, info) ? 0 : -ENOENT;
}
EXPORT_SYMBOL_GPL(contigmem_next);

/**
 * contigmem_next_arena() - walk the arenas and partitions that blocks are part of
 * @phys: 0 to begin, then the end of the arena before
 * @info: describes the lowest arena that ends above @phys
 *
 * Context: Any but NMI.
 * Return: 0, or -ENOENT if there is none.
 */
int contigmem_next_arena(phys_addr_t phys, struct contigmem_arena_info *info)
{
	return ctgm_arena_find_from(phys, info) ? 0 : -ENOENT;
}
EXPORT_SYMBOL_GPL(contigmem_next_arena);

/**
 * contigmem_tag_describe() - describe what a tag has, and had
 * @tag: four characters, first in the lowest byte; 0 for blocks without
 * @info: filled on success
 *
 * Context: Any but NMI.
 * Return: 0, or -ENOENT if nothing was ever asked for with this tag, or there are too
 *	many others.
 */
int contigmem_tag_describe(u32 tag, struct contigmem_tag_info *info)
{
	struct ctgm_account *account = ctgm_account_find(tag);

	if (!account)
		return -ENOENT;
	ctgm_account_describe(account, info);
	return 0;
}
EXPORT_SYMBOL_GPL(contigmem_tag_describe);

/**
 * contigmem_tag_limit() - limit the memory of a tag
 * @tag: four characters, first in the lowest byte; 0 for blocks without
 * @bytes: in live blocks, whole pages counted; 0 for any number
 *
 * A request that would exceed it fails with -ENOSPC. Live blocks stay.
 *
 * Context: Process context. Sleeps.
 * Return: 0, or -ENOMEM if the tag has no account of its own.
 */
int contigmem_tag_limit(u32 tag, size_t bytes)
{
	struct ctgm_account *account = ctgm_account_get(tag, GFP_KERNEL);

	if (ctgm_account_is_others(account))
		return -ENOMEM;
	ctgm_account_set_limit(account, bytes);
	return 0;
}
EXPORT_SYMBOL_GPL(contigmem_tag_limit);

/**
 * contigmem_mmap() - map a block to user space, for a driver's mmap()
 * @vma: shared and not executable; its offset and length are within the block.
 *	Its vm_ops and vm_private_data are the driver's, before and afterwards
 * @vaddr: what contigmem_alloc() returned
 *
 * The mapping has the block's cache type, and is read-only if the block is. In a program
 * with the personality READ_IMPLIES_EXEC it is not executable either. It has pages, not
 * bare frames: debuggers, and calls that pin user memory, reach them.
 *
 * The block can be freed while it is mapped: each page of a mapping holds a reference on
 * its page frame, and the frames are released together, a moment after the last reference.
 *
 * Context: From a driver's mmap(). Sleeps.
 * Return: 0, or
 *
 * * -ENOENT: no live block begins at @vaddr
 * * -EINVAL: a part of the mapping is not in the block, or the mapping is private
 * * -EACCES: it is executable, or writable where the block is read-only
 * * -EBUSY: the driver has mapped something there already
 * * -ENOMEM: no memory for page tables
 */
int contigmem_mmap(struct vm_area_struct *vma, const void *vaddr)
{
	struct ctgm_block *block = ctgm_block_use(vaddr);
	int error;

	if (!block)
		return -ENOENT;
	error = ctgm_map_user(&block->frames, block->flags & CONTIGMEM_READONLY, vma);
	ctgm_block_unuse(block);
	return error;
}
EXPORT_SYMBOL_GPL(contigmem_mmap);

/**
 * contigmem_export_dmabuf() - export a block as a dma-buf
 * @vaddr: what contigmem_alloc() returned
 * @flags: of the descriptor: O_RDONLY, O_WRONLY or O_RDWR, and O_CLOEXEC
 *
 * Devices get the block as one segment, or where it is larger than a segment can say
 * as few as can be; programs map it with its cache type. A read-only block cannot be
 * mapped to be written, nor into the kernel (vmap) by an importer.
 *
 * The block can be freed while it is exported: the last reference to the dma-buf
 * releases its page frames.
 *
 * Context: Process context. Sleeps.
 * Return: The descriptor, to be closed by its process, or
 *
 * * -ENOENT: no live block begins at @vaddr
 * * -EINVAL: an unknown flag
 * * -EMFILE: the process has too many descriptors
 * * -ENOMEM: no memory for bookkeeping
 * * -EOPNOTSUPP: this kernel has no dma-buf
 */
int contigmem_export_dmabuf(const void *vaddr, int flags)
{
	struct ctgm_block *block;

	if (flags & ~(O_ACCMODE | O_CLOEXEC))
		return -EINVAL;
	block = ctgm_block_use(vaddr);
	if (!block)
		return -ENOENT;
	return ctgm_dmabuf_export(block, flags);
}
EXPORT_SYMBOL_GPL(contigmem_export_dmabuf);

/**
 * contigmem_query() - would a request be served now?
 * @req: the request, as contigmem_alloc() would get it; its verdict is not filled
 * @gfp: the context, as contigmem_alloc() would get it
 * @answer: filled: the source and the place, or why not, what is in the way, and what would help;
 *	NULL if the result alone is wanted, which is found sooner
 *
 * The request goes the way of contigmem_alloc(), up to where memory would be taken or moved:
 * nothing is taken, moved, given back or counted. Only pages that wait in a processor's batch are
 * put on their lists first, so that their references can be told from those of other tasks. What
 * can be seen only by trying is not known: which block the page allocator gives, whether compaction
 * would make one, whether a page will be dirty or busy when it is to move, and whether there is
 * memory for bookkeeping or to change a cache type. For a caller that may not sleep, a block that
 * the page allocator might give in the range by chance counts as none.
 *
 * Without an answer a query takes as long as the search of a request that is refused, at most; with
 * an answer to a request that is refused, up to 40 times that, and @req->timeout_ns limits each.
 *
 * Context: As contigmem_alloc().
 * Return: 0 if it would be served, or the error that contigmem_alloc() would return.
 */
int contigmem_query(const struct contigmem_request *req, gfp_t gfp,
		    struct contigmem_answer *answer)
{
	return ctgm_reason_errno(ctgm_query(req, gfp, answer));
}
EXPORT_SYMBOL_GPL(contigmem_query);

/**
 * contigmem_largest() - the largest block that a request could have now
 * @req: the request; its size, verdict and time limit do not matter
 * @gfp: the context
 * @free: set to the bytes of the largest block with %CONTIGMEM_FAST, which moves no page; 0 if
 *	there is none
 * @moving: set to the bytes of the largest block without that flag, unless @req has it
 *
 * Found by queries, whose limits apply, of about 20 sizes each.
 *
 * Context: As contigmem_alloc().
 * Return: 0, or
 *
 * * -EINVAL: the request is malformed
 * * -ERANGE: range and alignment leave no place for a page
 * * -EAGAIN, -EOPNOTSUPP: as contigmem_alloc()
 * * -EINTR: a fatal signal arrived
 */
int contigmem_largest(const struct contigmem_request *req, gfp_t gfp, size_t *free, size_t *moving)
{
	struct contigmem_request fast = *req;
	enum contigmem_reason reason;

	fast.flags |= CONTIGMEM_FAST;
	reason = ctgm_query_largest(&fast, gfp, free);
	if (!reason)
		reason = ctgm_query_largest(req, gfp, moving);
	/* Others may have taken memory in between. */
	if (!reason)
		*moving = max(*moving, *free);
	return ctgm_reason_errno(reason);
}
EXPORT_SYMBOL_GPL(contigmem_largest);

static void contigmem_free_resource(struct device *dev, void *resource)
{
	contigmem_free(*(void **)resource);
}

/**
 * devm_contigmem_alloc() - contigmem_alloc() for as long as a device is bound
 * @dev: the device; frees the block when it is unbound
 * @req: what it needs
 * @gfp: the context
 *
 * The block must not be passed to contigmem_free().
 *
 * Context: As contigmem_alloc(); with PREEMPT_RT not where preemption or interrupts are off.
 * Return: As contigmem_alloc().
 */
void *devm_contigmem_alloc(struct device *dev, const struct contigmem_request *req, gfp_t gfp)
{
	void **resource, *vaddr;

	resource = devres_alloc(contigmem_free_resource, sizeof(*resource),
				gfp & CTGM_GFP_CONTEXT);
	if (!resource)
		return ERR_PTR(-ENOMEM);
	vaddr = ctgm_block_create(req, gfp, __builtin_return_address(0));
	if (IS_ERR(vaddr)) {
		devres_free(resource);
		return vaddr;
	}
	*resource = vaddr;
	devres_add(dev, resource);
	return vaddr;
}
EXPORT_SYMBOL_GPL(devm_contigmem_alloc);

/**
 * contigmem_partition_create() - set memory aside, with a name
 * @name: up to CONTIGMEM_PARTITION_NAME_MAX printable characters, without a space
 *	and any of ":,="
 * @req: how much, and under which constraints; no flags and no partition;
 *	a tag is ignored
 *
 * The memory is taken now. Requests that name the partition are served from it and
 * from nowhere else, in any context but NMI, except as contigmem_alloc() says for PREEMPT_RT;
 * they have the usual constraints, and its cache type. No other request is served from it.
 *
 * Context: Process context. Sleeps.
 * Return: The partition, open once, to be given to contigmem_partition_close(); or an
 *	ERR_PTR():
 *
 * * -EINVAL: a bad name, flags or a partition in the request, or as contigmem_alloc()
 * * -EEXIST: there is a partition with this name
 * * -ENOMEM, -ERANGE, -ENOSPC, -EBUSY, -EOPNOTSUPP, -ETIMEDOUT, -EINTR: as
 *   contigmem_alloc()
 */
struct contigmem_partition *contigmem_partition_create(const char *name,
						       const struct contigmem_request *req)
{
	struct contigmem_partition *partition;

	partition = ctgm_block_create_partition(name, req, GFP_KERNEL);
	if (!IS_ERR(partition))
		__module_get(THIS_MODULE);
	return partition;
}
EXPORT_SYMBOL_GPL(contigmem_partition_create);

/**
 * contigmem_partition_open() - find a partition by its name
 * @name: a partition's, or, where the kernel lets modules have them (from 7.2 on), a
 *	CMA area's
 *
 * A CMA area serves only callers with GFP_KERNEL and without CONTIGMEM_FAST, each in the
 * cache type of its request.
 *
 * Context: Process context. Sleeps.
 * Return: The partition, to be given to contigmem_partition_close(); or an ERR_PTR():
 *	-ENOENT if there is none of that name, -ENOMEM.
 */
struct contigmem_partition *contigmem_partition_open(const char *name)
{
	struct contigmem_partition *partition = ctgm_partition_open(name);

	if (!IS_ERR(partition))
		__module_get(THIS_MODULE);
	return partition;
}
EXPORT_SYMBOL_GPL(contigmem_partition_open);

/**
 * contigmem_partition_close() - close a partition
 * @partition: from contigmem_partition_create() or contigmem_partition_open(); NULL is
 *	ignored
 *
 * Closed as often as it was created and opened, it serves no request any more, its name
 * is free, and it gives its memory back to the kernel: at once, or if blocks are live in
 * it, its own ones or those of others who had opened it, with the last of them.
 *
 * Context: Process context. Sleeps.
 * Return: 0, or -EINVAL if it is no open partition.
 */
int contigmem_partition_close(struct contigmem_partition *partition)
{
	int error;

	if (!partition)
		return 0;
	error = ctgm_partition_close(partition);
	if (error)
		return error;
	/* Its memory is back before the caller goes on, also that of blocks just freed. */
	ctgm_block_wait_destroyed();
	module_put(THIS_MODULE);
	return 0;
}
EXPORT_SYMBOL_GPL(contigmem_partition_close);

/**
 * contigmem_partition_describe() - describe a partition and its use
 * @partition: the partition
 * @info: filled on success
 *
 * Context: Any but NMI.
 * Return: 0, or -EINVAL if it is no open partition.
 */
int contigmem_partition_describe(struct contigmem_partition *partition,
				 struct contigmem_partition_info *info)
{
	return ctgm_partition_describe(partition, info) ? 0 : -EINVAL;
}
EXPORT_SYMBOL_GPL(contigmem_partition_describe);
