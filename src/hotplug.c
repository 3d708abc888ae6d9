// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that comes and goes: the map is kept true, idle arenas go with their
 * memory, and memory that a block is in stays.
 */
#define pr_fmt(fmt) "contigmem: " fmt

#include <linux/memory.h>
#include <linux/notifier.h>
#include <linux/pfn.h>

#include "arena.h"
#include "claim.h"
#include "hotplug.h"
#include "ledger.h"
#include "memmap.h"

/* The kernel takes one piece of memory offline at a time. */
static struct claim leaving;
static bool is_leaving;

static bool find_block(unsigned long first, unsigned long last, struct contigmem_info *info)
{
	unsigned long address = 0;

	while (ledger_find_from(address, info)) {
		if (PHYS_PFN(info->phys) <= last && PHYS_PFN(info->phys + info->size - 1) >= first)
			return true;
		address = (unsigned long)info->vaddr + info->size;
		if (!address)
			break;
	}
	return false;
}

/*
 * The kernel has isolated the pageblocks before it asks. A claim in them that
 * fails would undo that, so none may begin, and those that have must end.
 */
static int going_offline(const struct memory_notify *memory)
{
	unsigned long first = memory->start_pfn;
	unsigned long last = first + memory->nr_pages - 1;
	struct contigmem_info info;
	int error;

	error = claim_forbid(&leaving, first, last);
	if (error)
		return notifier_from_errno(error);
	is_leaving = true;

	if (find_block(first, last, &info)) {
		pr_info("memory %#llx-%#llx stays online: block %llu of %pS is in it\n",
			(u64)PFN_PHYS(first), (u64)PFN_PHYS(last + 1) - 1, info.id, info.caller);
		return notifier_from_errno(-EBUSY);
	}
	if (!arena_release_in(first, last)) {
		pr_info("memory %#llx-%#llx stays online: a partition is in it, or a block that is being freed\n",
			(u64)PFN_PHYS(first), (u64)PFN_PHYS(last + 1) - 1);
		return notifier_from_errno(-EBUSY);
	}
	return NOTIFY_OK;
}

static int memory_changed(struct notifier_block *nb, unsigned long action, void *arg)
{
	if (action == MEM_GOING_OFFLINE)
		return going_offline(arg);
	if ((action == MEM_OFFLINE || action == MEM_ONLINE) && memmap_rebuild())
		pr_err("no memory to note a memory hotplug: reload to use what was added\n");
	if ((action == MEM_OFFLINE || action == MEM_CANCEL_OFFLINE) && is_leaving) {
		is_leaving = false;
		claim_end(&leaving);
	}
	return NOTIFY_OK;
}

static struct notifier_block memory_notifier = { .notifier_call = memory_changed };

int hotplug_init(void)
{
	return register_memory_notifier(&memory_notifier);
}

void hotplug_exit(void)
{
	unregister_memory_notifier(&memory_notifier);
}
