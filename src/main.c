// SPDX-License-Identifier: GPL-2.0
/*
 * Load and unload, the parameters that create state, and what the kernel notifies about.
 *
 * The order of all locks, outermost first. Locks on one line are never held together.
 *
 *	the memory hotplug lock, the callers' own locks
 *	ctgm_dmabuf.lock
 *	ctgm_cma_mask_lock, ctgm_reserve_lock
 *	range locks (src/range_lock.c): held over alloc_contig_range(), which may reclaim
 *	ctgm_ranges_rebuild_lock, ctgm_arena_release_lock: reclaim only tries the latter
 *	below, spinlocks that any context but NMI takes with interrupts off, except
 *	ctgm_range_list_lock, which only tasks take:
 *	ctgm_account_lock, ctgm_ranges_lock, ctgm_range_list_lock, ctgm_arena_list_lock
 *	raw spinlocks: ctgm_history_lock, ctgm_live_lock, ctgm_partition_lock,
 *	ctgm_arena_pool.lock, ctgm_magazine_cpu.lock, ctgm_account.lock
 *	inside ctgm_live_lock: ctgm_block.lock
 *
 * No other spinlock is taken inside another one, and nothing is formatted or allocated under one.
 * With PREEMPT_RT the spinlocks that are not raw sleep, and no context takes them in which
 * preemption or interrupts are off: a request is refused there before it takes one, and a
 * free marks the block under its own lock and leaves the rest to a worker.
 */
#define pr_fmt(fmt) "contigmem: " fmt

#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/notifier.h>
#include <linux/pfn.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../contigmem.h"
#include "account.h"
#include "arena.h"
#include "block.h"
#include "caller.h"
#include "cma.h"
#include "compat.h"
#include "debugfs.h"
#include "history.h"
#include "lru_drain.h"
#include "magazine.h"
#include "mdl.h"
#include "parse.h"
#include "partition.h"
#include "pfn_online.h"
#include "pool.h"
#include "range_lock.h"
#include "ranges.h"
#include "reserve.h"

/* tag_limit=TAG:BYTES, at load or later. */
static int tag_limit_set(const char *value, const struct kernel_param *param)
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
	if (!ctgm_parse_tag(text, &tag) || !ctgm_parse_bytes(bytes, &limit))
		return -EINVAL;
	return contigmem_tag_limit(tag, limit);
}

/*
 * The kernel calls it on unload, and where loading failed, once the parameter's file is
 * gone. Until then, and so also after contigmem_exit(), each write may open an account.
 */
static void tag_limit_free(void *unused)
{
	ctgm_accounts_exit();
}

static const struct kernel_param_ops tag_limit_ops = {
	.set = tag_limit_set,
	.free = tag_limit_free,
};

module_param_cb(tag_limit, &tag_limit_ops, NULL, 0200);
MODULE_PARM_DESC(tag_limit, "TAG:BYTES: most that blocks of a tag may have; 0 for any number");

/* The parameter's texts are kept until the module can allocate. */
#define PARTITION_PARAMS_MAX	16

static char *partition_params[PARTITION_PARAMS_MAX];
static unsigned int nr_partition_params;

/* partition=NAME:SIZE,KEY=VALUE,... up to 16 times. */
static int partition_param_set(const char *value, const struct kernel_param *param)
{
	char *text;

	if (nr_partition_params == PARTITION_PARAMS_MAX)
		return -E2BIG;
	text = kstrdup(value, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	partition_params[nr_partition_params++] = text;
	return 0;
}

/* The kernel calls it on unload, and where loading failed. */
static void partition_param_free(void *unused)
{
	while (nr_partition_params)
		kfree(partition_params[--nr_partition_params]);
}

static const struct kernel_param_ops partition_param_ops = {
	.set = partition_param_set,
	.free = partition_param_free,
};

module_param_cb(partition, &partition_param_ops, NULL, 0);
MODULE_PARM_DESC(partition, "NAME:SIZE,KEY=VALUE,... takes memory at load, keys as in debugfs; up to 16 times");

/* Create the partition that a parameter's text asks for; changes the text. */
static int __init partition_param_create(char *text)
{
	struct ctgm_parsed parsed = {
		.req = CONTIGMEM_REQUEST(0),
		.gfp = GFP_KERNEL,
	};
	char *name = strsep(&text, ":"), *line;
	struct contigmem_partition *partition = ERR_PTR(-EINVAL);
	const char *fault;

	line = kasprintf(GFP_KERNEL, "size=%s", text ?: "");
	if (!line)
		return -ENOMEM;
	strreplace(line, ',', ' ');
	fault = ctgm_parse_line(line, &parsed);
	if (!fault && (parsed.partition[0] || parsed.req.flags || parsed.req.tag)) {
		fault = "a partition has no";
		parsed.word = "partition, tag, readonly and fast";
	}
	if (fault) {
		pr_err("partition=%s: %s '%s'\n", name, fault, parsed.word);
	} else {
		partition = ctgm_block_create_partition(name, &parsed.req, parsed.gfp);
		if (IS_ERR(partition))
			pr_err("partition=%s: %pe\n", name, partition);
	}
	kfree(line);
	return PTR_ERR_OR_ZERO(partition);
}

static int __init partition_params_create(void)
{
	unsigned int i;
	int error = 0;

	for (i = 0; i < nr_partition_params && !error; i++)
		error = partition_param_create(partition_params[i]);
	partition_param_free(NULL);
	return error;
}

/*
 * Another module loses its __init code once it is live, and all when it is unloaded: names are
 * kept, and what it leaves is logged.
 */
static int module_changed(struct notifier_block *nb, unsigned long state, void *arg)
{
	const struct module *module = arg;
	char tag[5], caller[CTGM_CALLER_SIZE];
	const void *vaddr = NULL, *kept;
	struct contigmem_info info;

	if (state != MODULE_STATE_LIVE && state != MODULE_STATE_GOING)
		return NOTIFY_DONE;
	for (; !contigmem_next(vaddr, &info); vaddr = info.vaddr + info.size) {
		kept = ctgm_caller_keep(info.caller, module);
		if (!kept)
			continue;
		ctgm_block_set_caller(&info, kept);
		if (info.freed || state != MODULE_STATE_GOING)
			continue;
		ctgm_tag_text(info.tag, tag);
		ctgm_caller_text(kept, caller);
		pr_warn("%s is unloaded and leaves block %llu: tag %s, %zu bytes at %pa, allocated %llu s ago by %s\n",
			module->name, info.id, tag, info.size, &info.phys,
			div_u64(info.age_ns, NSEC_PER_SEC), caller);
	}
	/*
	 * Blocks that magazines keep hold contigmem, which may be unloaded next. Who freed them is
	 * a matter of history from here on.
	 */
	ctgm_magazine_flush();
	ctgm_history_keep_callers(module);
	return NOTIFY_OK;
}

static struct notifier_block module_notifier = { .notifier_call = module_changed };

/* The kernel takes one range of memory offline at a time. */
static struct ctgm_range_lock memory_leaving;
static bool memory_is_leaving;

static bool memory_find_block(unsigned long first, unsigned long last, struct contigmem_info *info)
{
	const void *vaddr = NULL;

	for (; !contigmem_next(vaddr, info); vaddr = info->vaddr + info->size) {
		if (PHYS_PFN(info->phys) <= last && PHYS_PFN(info->phys + info->size - 1) >= first)
			return true;
	}
	return false;
}

/*
 * The kernel has isolated the pageblocks before it calls the notifier, and would wait for
 * ever for one that is not isolated any more, with the memory hotplug lock held. An
 * alloc_contig_range() that failed in between has ended the isolation.
 */
static bool memory_is_isolated(unsigned long first, unsigned long last)
{
	unsigned long pfn;

	for (pfn = first; pfn <= last; pfn += pageblock_nr_pages) {
		if (pfn_to_online_page(pfn) && !compat_pageblock_is_isolated(pfn))
			return false;
	}
	return true;
}

/* Allocations in the range are refused from here on, and those under way waited for. */
static int memory_going_offline(const struct memory_notify *memory)
{
	unsigned long first = memory->start_pfn;
	unsigned long last = first + memory->nr_pages - 1;
	u64 start = PFN_PHYS(first), end = PFN_PHYS(last + 1) - 1;
	char caller[CTGM_CALLER_SIZE];
	struct contigmem_info info;
	int error;

	ctgm_pfn_online_leaves(first, last);
	error = ctgm_range_lock(&memory_leaving, first, last, CTGM_RANGE_FORBID);
	if (error)
		return notifier_from_errno(error);
	memory_is_leaving = true;

	if (!memory_is_isolated(first, last)) {
		pr_info("memory %#llx-%#llx stays online: try again, an allocation ended its isolation\n",
			start, end);
		return notifier_from_errno(-EBUSY);
	}
	ctgm_magazine_drain();
	if (memory_find_block(first, last, &info)) {
		ctgm_caller_text(info.caller, caller);
		pr_info("memory %#llx-%#llx stays online: block %llu of %s is in it\n",
			start, end, info.id, caller);
		return notifier_from_errno(-EBUSY);
	}
	if (!ctgm_arena_release_in(first, last)) {
		pr_info("memory %#llx-%#llx stays online: a partition is in it, or a block that is being freed\n",
			start, end);
		return notifier_from_errno(-EBUSY);
	}
	return NOTIFY_OK;
}

static int memory_changed(struct notifier_block *nb, unsigned long action, void *arg)
{
	if (action == MEM_GOING_OFFLINE)
		return memory_going_offline(arg);
	if (action == MEM_OFFLINE || action == MEM_CANCEL_OFFLINE || action == MEM_ONLINE)
		ctgm_pfn_online_settled();
	if ((action == MEM_OFFLINE || action == MEM_ONLINE) && ctgm_ranges_rebuild())
		pr_err("no memory to note a memory hotplug: reload to use what was added\n");
	if ((action == MEM_OFFLINE || action == MEM_CANCEL_OFFLINE) && memory_is_leaving) {
		memory_is_leaving = false;
		ctgm_range_unlock(&memory_leaving);
	}
	return NOTIFY_OK;
}

static struct notifier_block memory_notifier = { .notifier_call = memory_changed };

static int __init contigmem_init(void)
{
	int error;

	error = ctgm_block_init();
	if (error)
		return error;
	error = ctgm_arena_init();
	if (error)
		goto exit_block;
	error = ctgm_ranges_init();
	if (error)
		goto exit_arena;
	/* Before the ranges are read, so that none comes in between unseen. */
	error = register_memory_notifier(&memory_notifier);
	if (error)
		goto exit_ranges;
	error = ctgm_ranges_rebuild();
	if (error)
		goto unregister_memory;
	error = ctgm_lru_drain_init();
	if (error)
		goto unregister_memory;
	error = ctgm_cma_init();
	if (error)
		goto exit_lru_drain;
	error = register_module_notifier(&module_notifier);
	if (error)
		goto exit_cma;
	error = partition_params_create();
	if (error)
		goto exit_partition;
	ctgm_reserve_init();
	ctgm_debugfs_init();
	return 0;

exit_partition:
	ctgm_partition_exit();
	unregister_module_notifier(&module_notifier);
	ctgm_caller_exit();
exit_cma:
	ctgm_cma_exit();
exit_lru_drain:
	ctgm_lru_drain_exit();
unregister_memory:
	unregister_memory_notifier(&memory_notifier);
exit_ranges:
	ctgm_ranges_exit();
exit_arena:
	ctgm_arena_exit();
exit_block:
	ctgm_block_exit();
	return error;
}

static void __exit contigmem_exit(void)
{
	/* Callers' blocks hold references on the module: only debugfs' blocks are left. */
	ctgm_debugfs_exit();
	ctgm_mdl_flush();
	ctgm_pool_flush();
	ctgm_block_flush();
	ctgm_reserve_exit();
	ctgm_partition_exit();
	unregister_module_notifier(&module_notifier);
	ctgm_cma_exit();
	ctgm_lru_drain_exit();
	unregister_memory_notifier(&memory_notifier);
	ctgm_ranges_exit();
	ctgm_arena_exit();
	ctgm_block_exit();
	ctgm_caller_exit();
}

module_init(contigmem_init);
module_exit(contigmem_exit);
MODULE_DESCRIPTION("Physically contiguous memory under a device's real constraints");
MODULE_LICENSE("GPL");
MODULE_VERSION(CONTIGMEM_VERSION);
