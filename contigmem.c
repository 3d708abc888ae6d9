// SPDX-License-Identifier: GPL-2.0
/*
 * contigmem: physically contiguous memory under a device's real constraints.
 *
 * The native face. A request goes through src/request, src/frames, src/mapping
 * and src/ledger, and a free goes back.
 */
#define pr_fmt(fmt) "contigmem: " fmt

#include <linux/device.h>
#include <linux/export.h>
#include <linux/fcntl.h>
#include <linux/kernel.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/notifier.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include "contigmem.h"
#include "src/arena.h"
#include "src/batches.h"
#include "src/cma.h"
#include "src/context.h"
#include "src/debugfs.h"
#include "src/dmabuf.h"
#include "src/failures.h"
#include "src/frames.h"
#include "src/hotplug.h"
#include "src/ledger.h"
#include "src/line.h"
#include "src/mapping.h"
#include "src/memmap.h"
#include "src/partition.h"
#include "src/request.h"

/* What of a caller's gfp says where it is. */
#define GFP_CONTEXT	(__GFP_RECLAIM | __GFP_IO | __GFP_FS | __GFP_HIGH)

static void zero_pages(const struct block *block, bool may_sleep)
{
	unsigned long i;

	for (i = 0; i < block->frames.nr; i++) {
		clear_page(page_address(pfn_to_page(block->frames.first + i)));
		if (may_sleep)
			cond_resched();
	}
}

/* All of a block but the entry in the ledger. */
static enum contigmem_reason make_block(const struct contigmem_request *req, gfp_t gfp,
					const void *caller, struct account *account,
					struct contigmem_verdict *verdict, struct block **made)
{
	enum contigmem_reason reason;
	struct block *block;
	struct need need;

	reason = request_resolve(req, gfp, &need);
	if (reason)
		return reason;
	if (!mapping_has_type(req->cache))
		return CONTIGMEM_NO_CACHE_TYPE;
	if (!need.may_sleep && req->flags & CONTIGMEM_READONLY)
		return CONTIGMEM_WOULD_SLEEP;

	block = ledger_new(need.reclaim | __GFP_NOWARN);
	if (!block)
		return CONTIGMEM_NO_BOOKKEEPING;
	reason = CONTIGMEM_OVER_LIMIT;
	if (account && !ledger_reserve(block, account, PFN_PHYS(need.place.nr)))
		goto discard;
	reason = frames_get(&need, &block->frames, verdict);
	if (reason)
		goto discard;
	/* Where all memory is to be cleared, what an arena had before must not be seen. */
	if (gfp & __GFP_ZERO || (block->frames.arena && want_init_on_alloc(0)))
		zero_pages(block, need.may_sleep);

	block->cache = req->cache;
	block->flags = req->flags;
	block->tag = req->tag;
	block->nid = page_to_nid(pfn_to_page(block->frames.first));
	block->caller = caller;
	reason = mapping_make(block, need.reclaim | __GFP_NOWARN);
	if (reason)
		goto put_frames;
	*made = block;
	return CONTIGMEM_OK;

put_frames:
	mapping_put(&block->frames);
discard:
	ledger_discard(block);
	return reason;
}

/**
 * contigmem_alloc_track_caller() - contigmem_alloc() on somebody's behalf
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
	struct account *account = tags_get(req->tag, (gfp & GFP_CONTEXT) | __GFP_NOWARN);
	struct contigmem_verdict verdict = {};
	u64 start = ktime_get_mono_fast_ns();
	unsigned int scope;
	struct block *block;
	bool narrow;
	void *vaddr;

	might_sleep_if(gfpflags_allow_blocking(gfp));
	/* Page tables are allocated with GFP_KERNEL, whatever the caller's gfp. */
	narrow = gfpflags_allow_blocking(gfp) && (gfp & GFP_KERNEL) != GFP_KERNEL;
	if (narrow)
		scope = memalloc_noio_save();
	verdict.reason = make_block(req, gfp, caller, account, &verdict, &block);
	if (narrow)
		memalloc_noio_restore(scope);
	verdict.ns = ktime_get_mono_fast_ns() - start;
	if (verdict.reason) {
		atomic64_inc(&account->failures);
		failures_note(req, gfp, caller, &verdict);
		if (!(gfp & __GFP_NOWARN))
			pr_info_ratelimited("%zu bytes for %pS refused: %s: %s\n",
					    req->size, caller,
					    request_errno_name(verdict.reason),
					    contigmem_reason_text(verdict.reason));
		vaddr = ERR_PTR(request_errno(verdict.reason));
	} else {
		ledger_add(block);
		/* Unloading is refused while a device may still use the memory. */
		__module_get(THIS_MODULE);
		verdict.source = block->frames.source;
		verdict.blocker = 0;	/* one that another window avoided */
		verdict.blocker_kind = NULL;
		vaddr = block->vaddr;
	}
	if (req->verdict)
		*req->verdict = verdict;
	return vaddr;
}
EXPORT_SYMBOL_GPL(contigmem_alloc_track_caller);

/**
 * contigmem_alloc() - allocate physically contiguous memory
 * @req: what the device needs; start from CONTIGMEM_REQUEST()
 * @gfp: the context: GFP_KERNEL, GFP_NOIO, GFP_NOFS may sleep, GFP_NOWAIT and
 *	GFP_ATOMIC do not and get what arenas and the page allocator have.
 *	__GFP_ZERO, __GFP_THISNODE (strict node) and __GFP_NOWARN mean what they
 *	always mean; any other bit is refused.
 *
 * The content is undefined without __GFP_ZERO. The block is the caller's until
 * contigmem_free().
 *
 * Context: Any, as @gfp says.
 * Return: The address of the block, or an ERR_PTR():
 *
 * * -EINVAL: the request is malformed
 * * -ERANGE: no memory of this machine can ever satisfy it
 * * -ENOSPC: no free run now, and pages must not be moved or the partition is full;
 *   or the tag's limit is reached
 * * -EBUSY: pages in every window cannot be moved, or a budget is spent
 * * -ENOMEM: no memory for bookkeeping, or to move pages to
 * * -EAGAIN: it would have to sleep
 * * -EOPNOTSUPP: this kernel or CPU lacks the cache type
 * * -EINTR: a fatal signal arrived
 *
 * @req->verdict, where given, says more.
 */
void *contigmem_alloc(const struct contigmem_request *req, gfp_t gfp)
{
	return contigmem_alloc_track_caller(req, gfp, __builtin_return_address(0));
}
EXPORT_SYMBOL_GPL(contigmem_alloc);

static void unmake_block(struct block *block)
{
	mapping_unmake(block);
	ledger_discard(block);
}

static LLIST_HEAD(to_undo);

static void undo_blocks(struct work_struct *work)
{
	struct llist_node *oldest_first = llist_reverse_order(llist_del_all(&to_undo));
	struct block *block, *next;

	llist_for_each_entry_safe(block, next, oldest_first, undo_later)
		unmake_block(block);
}

static DECLARE_WORK(undo_work, undo_blocks);

/**
 * contigmem_free() - give a block back
 * @vaddr: what contigmem_alloc() returned; NULL is ignored
 *
 * Any other address, a block freed already included, is told by one WARN with
 * what is known of it, and nothing is freed. A block that is mapped to user space
 * or in a dma-buf is nobody's any more, and goes with the last of those.
 *
 * Context: Any. What needs to sleep (an uncached, write-combined or read-only
 *	block in atomic context) is finished by a worker.
 */
void contigmem_free(const void *vaddr)
{
	struct block *block;
	bool used;

	if (!vaddr)
		return;
	block = ledger_free(vaddr, __builtin_return_address(0), &used);
	if (used)
		return;
	if (!block) {
		char story[256];

		ledger_story(vaddr, story, sizeof(story));
		WARN(1, "%s(0x%lx): %s\n", __func__, (unsigned long)vaddr, story);
		return;
	}
	if (mapping_sleeps(block) && !context_may_sleep()) {
		llist_add(&block->undo_later, &to_undo);
		schedule_work(&undo_work);
	} else {
		unmake_block(block);
	}
	module_put(THIS_MODULE);
}
EXPORT_SYMBOL_GPL(contigmem_free);

/**
 * contigmem_describe() - what a live block is like
 * @vaddr: any address in it
 * @info: filled on success
 *
 * Context: Any.
 * Return: 0, or -ENOENT if no live block holds the address.
 */
int contigmem_describe(const void *vaddr, struct contigmem_info *info)
{
	return ledger_find(vaddr, info) ? 0 : -ENOENT;
}
EXPORT_SYMBOL_GPL(contigmem_describe);

/**
 * contigmem_phys() - the physical address of a byte in a live block
 * @vaddr: any address in it
 *
 * Not a DMA address: behind an IOMMU map the block with the DMA API.
 *
 * Context: Any.
 * Return: The physical address, or 0 if no live block holds the address.
 */
phys_addr_t contigmem_phys(const void *vaddr)
{
	struct contigmem_info info;

	return ledger_find(vaddr, &info) ? info.phys + (vaddr - info.vaddr) : 0;
}
EXPORT_SYMBOL_GPL(contigmem_phys);

/**
 * contigmem_next() - walk the live blocks
 * @vaddr: NULL to begin, then the end of the block before
 * @info: describes the lowest block that ends above @vaddr, those included that
 *	have been freed while they had users
 *
 * Context: Any.
 * Return: 0, or -ENOENT if there is none.
 */
int contigmem_next(const void *vaddr, struct contigmem_info *info)
{
	return ledger_find_from((unsigned long)vaddr, info) ? 0 : -ENOENT;
}
EXPORT_SYMBOL_GPL(contigmem_next);

/**
 * contigmem_next_arena() - walk what blocks are made of: arenas and partitions
 * @phys: 0 to begin, then the end of the arena before
 * @info: describes the lowest arena that ends above @phys
 *
 * Context: Any.
 * Return: 0, or -ENOENT if there is none.
 */
int contigmem_next_arena(phys_addr_t phys, struct contigmem_arena_info *info)
{
	return arena_find_from(phys, info) ? 0 : -ENOENT;
}
EXPORT_SYMBOL_GPL(contigmem_next_arena);

/**
 * contigmem_tag_describe() - what a tag has, and had
 * @tag: four characters, first in the lowest byte; 0 for blocks without
 * @info: filled on success
 *
 * Context: Any.
 * Return: 0, or -ENOENT if nothing was ever asked for with this tag, or there are too
 *	many others.
 */
int contigmem_tag_describe(u32 tag, struct contigmem_tag_info *info)
{
	const struct account *account = tags_find(tag);

	if (!account)
		return -ENOENT;
	ledger_describe_account(account, info);
	return 0;
}
EXPORT_SYMBOL_GPL(contigmem_tag_describe);

/**
 * contigmem_tag_limit() - how much a tag may have
 * @tag: four characters, first in the lowest byte; 0 for blocks without
 * @bytes: in live blocks, whole pages counted; 0 for any number
 *
 * A request that would exceed it fails with -ENOSPC. What is live already stays.
 *
 * Context: Process context. Sleeps.
 * Return: 0, or -ENOMEM if the tag has no account of its own.
 */
int contigmem_tag_limit(u32 tag, size_t bytes)
{
	struct account *account = tags_get(tag, GFP_KERNEL);

	if (tags_is_others(account))
		return -ENOMEM;
	ledger_set_limit(account, bytes);
	return 0;
}
EXPORT_SYMBOL_GPL(contigmem_tag_limit);

/* tag_limit=TAG:BYTES, at load or later. */
static int set_tag_limit(const char *value, const struct kernel_param *param)
{
	char text[32], *bytes;
	u32 tag;
	u64 limit;

	if (strscpy(text, value, sizeof(text)) < 0)
		return -EINVAL;
	/* The tag may have a colon in it. */
	strim(text);
	bytes = strrchr(text, ':');
	if (!bytes)
		return -EINVAL;
	*bytes++ = '\0';
	if (!line_parse_tag(text, &tag) || !line_parse_bytes(bytes, &limit))
		return -EINVAL;
	return contigmem_tag_limit(tag, limit);
}

/* The kernel calls it as well if the module was not loaded after all. */
static void forget_tag_limits(void *unused)
{
	tags_exit();
}

static const struct kernel_param_ops tag_limit_ops = {
	.set = set_tag_limit,
	.free = forget_tag_limits,
};

module_param_cb(tag_limit, &tag_limit_ops, NULL, 0200);
MODULE_PARM_DESC(tag_limit, "TAG:BYTES: most that blocks of a tag may have; 0 for any number");

static void unuse_block(struct block *block)
{
	if (!ledger_unuse(block))
		return;
	unmake_block(block);
	/* The user's file still holds this module, or the driver that does. */
	module_put(THIS_MODULE);
}

static void vma_open(struct vm_area_struct *vma)
{
	ledger_use_again(vma->vm_private_data);
}

static void vma_close(struct vm_area_struct *vma)
{
	unuse_block(vma->vm_private_data);
}

static const struct vm_operations_struct mapping_ops = {
	.open = vma_open,
	.close = vma_close,
};

/**
 * contigmem_mmap() - map a block to user space, for a driver's mmap()
 * @vma: shared and not executable; its offset and length are within the block.
 *	Its vm_ops and vm_private_data are contigmem's from then on
 * @vaddr: what contigmem_alloc() returned
 *
 * The mapping has the block's cache type, and is read-only if the block is. The
 * block can be freed while it is mapped: its page frames go with the last mapping.
 *
 * Context: From a driver's mmap(). Sleeps.
 * Return: 0, or
 *
 * * -ENOENT: no live block begins at @vaddr
 * * -EINVAL: a part of the mapping is not in the block, or the mapping is private
 * * -EACCES: it is executable, or writable where the block is read-only
 * * -ENOMEM: no memory for page tables
 */
int contigmem_mmap(struct vm_area_struct *vma, const void *vaddr)
{
	struct block *block = ledger_use(vaddr);
	int error;

	if (!block)
		return -ENOENT;
	error = mapping_to_user(block, vma);
	if (error) {
		unuse_block(block);
		return error;
	}
	vma->vm_ops = &mapping_ops;
	vma->vm_private_data = block;
	return 0;
}
EXPORT_SYMBOL_GPL(contigmem_mmap);

/**
 * contigmem_export_dmabuf() - let others use a block: a file descriptor of a dma-buf
 * @vaddr: what contigmem_alloc() returned
 * @flags: of the descriptor: O_RDONLY, O_WRONLY or O_RDWR, and O_CLOEXEC
 *
 * Devices get the block as one segment, or where it is larger than a segment can say
 * as few as can be; programs map it with its cache type. A read-only block cannot be
 * mapped to be written, nor into the kernel (vmap) by an importer.
 *
 * The block can be freed while it is exported: its page frames go with the last
 * reference to the dma-buf.
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
	struct block *block;

	if (flags & ~(O_ACCMODE | O_CLOEXEC))
		return -EINVAL;
	block = ledger_use(vaddr);
	if (!block)
		return -ENOENT;
	return dmabuf_export(block, flags, unuse_block);
}
EXPORT_SYMBOL_GPL(contigmem_export_dmabuf);

static void free_resource(struct device *dev, void *resource)
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
 * Context: As contigmem_alloc().
 * Return: As contigmem_alloc().
 */
void *devm_contigmem_alloc(struct device *dev, const struct contigmem_request *req, gfp_t gfp)
{
	void **resource, *vaddr;

	resource = devres_alloc(free_resource, sizeof(*resource),
				gfp & GFP_CONTEXT);
	if (!resource)
		return ERR_PTR(-ENOMEM);
	vaddr = contigmem_alloc_track_caller(req, gfp, __builtin_return_address(0));
	if (IS_ERR(vaddr)) {
		devres_free(resource);
		return vaddr;
	}
	*resource = vaddr;
	devres_add(dev, resource);
	return vaddr;
}
EXPORT_SYMBOL_GPL(devm_contigmem_alloc);

static struct contigmem_partition *create_partition(const char *name,
						    const struct contigmem_request *req, gfp_t gfp)
{
	struct contigmem_verdict verdict = {};
	struct contigmem_partition *partition;
	struct block *block;

	if (!partition_name_is_good(name) || req->partition || req->flags)
		return ERR_PTR(-EINVAL);
	verdict.reason = make_block(req, gfp, NULL, NULL, &verdict, &block);
	if (req->verdict)
		*req->verdict = verdict;
	if (verdict.reason) {
		pr_info("partition %s of %zu bytes refused: %s: %s\n", name, req->size,
			request_errno_name(verdict.reason), contigmem_reason_text(verdict.reason));
		return ERR_PTR(request_errno(verdict.reason));
	}
	partition = partition_add(name, &block->frames);
	if (IS_ERR(partition))
		mapping_put(&block->frames);
	ledger_discard(block);
	return partition;
}

/**
 * contigmem_partition_create() - set memory aside, with a name
 * @name: up to CONTIGMEM_PARTITION_NAME_MAX printable characters, without a space
 *	and any of ":,="
 * @req: how much, and under which constraints; no flags, tag and partition
 *
 * The memory is taken now. Requests that name the partition are served from it and
 * from nowhere else, in any context; they have the usual constraints, and its cache
 * type. No other request is served from it.
 *
 * Context: Process context. Sleeps.
 * Return: The partition, open once, to be given to contigmem_partition_close(); or an
 *	ERR_PTR():
 *
 * * -EINVAL: a bad name, flags or a partition in the request, or as contigmem_alloc()
 * * -EEXIST: there is a partition with this name
 * * -ENOMEM, -ERANGE, -ENOSPC, -EBUSY, -EOPNOTSUPP, -EINTR: as contigmem_alloc()
 */
struct contigmem_partition *contigmem_partition_create(const char *name,
						       const struct contigmem_request *req)
{
	struct contigmem_partition *partition = create_partition(name, req, GFP_KERNEL);

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
 * A CMA area serves only callers who may sleep, each in the cache type that it wants.
 *
 * Context: Process context. Sleeps.
 * Return: The partition, to be given to contigmem_partition_close(); or an ERR_PTR():
 *	-ENOENT if there is none of that name, -ENOMEM.
 */
struct contigmem_partition *contigmem_partition_open(const char *name)
{
	struct contigmem_partition *partition = partition_open(name);

	if (!IS_ERR(partition))
		__module_get(THIS_MODULE);
	return partition;
}
EXPORT_SYMBOL_GPL(contigmem_partition_open);

/**
 * contigmem_partition_close() - the opposite of create or open
 * @partition: what those returned; NULL is ignored
 *
 * With the last one the memory goes back to the kernel.
 *
 * Context: Process context. Sleeps.
 * Return: 0, or
 *
 * * -EBUSY: it is the last one and blocks are live: the partition stays open
 * * -EINVAL: it is no live partition
 */
int contigmem_partition_close(struct contigmem_partition *partition)
{
	int error;

	if (!partition)
		return 0;
	error = partition_close(partition);
	if (!error)
		module_put(THIS_MODULE);
	return error;
}
EXPORT_SYMBOL_GPL(contigmem_partition_close);

/**
 * contigmem_partition_describe() - what a partition has, and what of it is in use
 * @partition: the partition
 * @info: filled on success
 *
 * Context: Any.
 * Return: 0, or -EINVAL if it is no live partition.
 */
int contigmem_partition_describe(struct contigmem_partition *partition,
				 struct contigmem_partition_info *info)
{
	return partition_describe(partition, info) ? 0 : -EINVAL;
}
EXPORT_SYMBOL_GPL(contigmem_partition_describe);

#define PARTITIONS_MAX	16

/* partition=NAME:SIZE,KEY=VALUE,... as often as wanted. */
static char *partitions_wanted[PARTITIONS_MAX];
static unsigned int nr_partitions_wanted;

static int want_partition(const char *value, const struct kernel_param *param)
{
	char *text;

	if (nr_partitions_wanted == PARTITIONS_MAX)
		return -E2BIG;
	text = kstrdup(value, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	partitions_wanted[nr_partitions_wanted++] = text;
	return 0;
}

/* The kernel calls it as well if the module was not loaded after all. */
static void forget_partitions(void *unused)
{
	while (nr_partitions_wanted)
		kfree(partitions_wanted[--nr_partitions_wanted]);
}

static const struct kernel_param_ops partition_ops = {
	.set = want_partition,
	.free = forget_partitions,
};

module_param_cb(partition, &partition_ops, NULL, 0);
MODULE_PARM_DESC(partition, "NAME:SIZE,KEY=VALUE,... takes memory at load, keys as in debugfs");

/* The words of a request, from the text of a parameter; changes it. */
static int __init make_wanted(char *text)
{
	struct contigmem_request req = CONTIGMEM_REQUEST(0);
	char other[CONTIGMEM_PARTITION_NAME_MAX + 1] = "";
	char *name = strsep(&text, ":"), *line;
	struct contigmem_partition *partition;
	const char *fault, *word;
	gfp_t gfp = GFP_KERNEL;

	line = kasprintf(GFP_KERNEL, "size=%s", text ?: "");
	if (!line)
		return -ENOMEM;
	strreplace(line, ',', ' ');
	fault = line_parse(line, &req, &gfp, other, &word);
	if (!fault && (other[0] || req.flags || req.tag)) {
		fault = "a partition has no";
		word = "partition, tag, readonly and fast";
	}
	if (fault)
		pr_err("partition=%s: %s '%s'\n", name, fault, word);
	partition = fault ? ERR_PTR(-EINVAL) : create_partition(name, &req, gfp);
	if (!fault && IS_ERR(partition))
		pr_err("partition=%s: %pe\n", name, partition);
	kfree(line);
	return PTR_ERR_OR_ZERO(partition);
}

static int __init make_all_wanted(void)
{
	unsigned int i;
	int error = 0;

	for (i = 0; i < nr_partitions_wanted && !error; i++)
		error = make_wanted(partitions_wanted[i]);
	forget_partitions(NULL);
	return error;
}

/* A module that goes for good names no block of its own any more: say what it leaves. */
static int module_changed(struct notifier_block *nb, unsigned long state, void *arg)
{
	const struct module *module = arg;
	struct contigmem_info info;
	const void *vaddr = NULL;
	char tag[5];

	if (state != MODULE_STATE_GOING)
		return NOTIFY_DONE;
	for (; !contigmem_next(vaddr, &info); vaddr = info.vaddr + info.size) {
		if (info.freed || !within_module((unsigned long)info.caller, module))
			continue;
		ledger_tag_text(info.tag, tag);
		pr_warn("%s is unloaded and leaves block %llu: tag %s, %zu bytes at %pa, allocated %llu s ago by %pS\n",
			module->name, info.id, tag, info.size, &info.phys,
			div_u64(info.age_ns, NSEC_PER_SEC), info.caller);
	}
	return NOTIFY_OK;
}

static struct notifier_block module_notifier = { .notifier_call = module_changed };

static int __init contigmem_init(void)
{
	int error;

	error = ledger_init();
	if (error)
		return error;
	error = arena_init();
	if (error)
		goto exit_ledger;
	error = memmap_init();
	if (error)
		goto exit_arena;
	error = batches_init();
	if (error)
		goto exit_memmap;
	error = cma_init();
	if (error)
		goto exit_batches;
	error = hotplug_init();
	if (error)
		goto exit_cma;
	error = register_module_notifier(&module_notifier);
	if (error)
		goto exit_hotplug;
	error = make_all_wanted();
	if (error)
		goto exit_partitions;
	debugfs_init();
	return 0;

exit_partitions:
	partition_exit();
	unregister_module_notifier(&module_notifier);
exit_hotplug:
	hotplug_exit();
exit_cma:
	cma_exit();
exit_batches:
	batches_exit();
exit_memmap:
	memmap_exit();
exit_arena:
	arena_exit();
exit_ledger:
	ledger_exit();
	return error;
}

static void __exit contigmem_exit(void)
{
	/* Callers' blocks hold references on the module: only debugfs' are left. */
	debugfs_exit();
	flush_work(&undo_work);
	partition_exit();
	unregister_module_notifier(&module_notifier);
	hotplug_exit();
	cma_exit();
	batches_exit();
	memmap_exit();
	arena_exit();
	ledger_exit();
}

module_init(contigmem_init);
module_exit(contigmem_exit);
MODULE_DESCRIPTION("Physically contiguous memory under a device's real constraints");
MODULE_LICENSE("GPL");
MODULE_VERSION(CONTIGMEM_VERSION);
