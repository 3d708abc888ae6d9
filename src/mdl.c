// SPDX-License-Identifier: GPL-2.0
/*
 * Memory descriptor lists: the pages of a buffer, and their mappings for the kernel and for
 * programs. Each page of a mapping is in a live block, which gives the cache type.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/llist.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "../contigmem.h"
#include "../contigmem_wdm.h"
#include "block.h"
#include "compat.h"
#include "context.h"
#include "map.h"
#include "mdl.h"
#include "memtype.h"
#include "pool.h"
#include "ranges.h"
#include "virt.h"
#include "wdm.h"

/* What MmFreePagesFromMdl() frees; no flag that Microsoft documents says it. */
#define MDL_KIND_PAGES	1

static unsigned long mdl_pages(const MDL *mdl)
{
	return ADDRESS_AND_SIZE_TO_SPAN_PAGES(mdl->ByteOffset, mdl->ByteCount);
}

/**
 * struct ctgm_mdl_part - pages of an MDL that are side by side in one block
 * @block: the block, used
 * @pfn: first frame
 * @nr: how many
 */
struct ctgm_mdl_part {
	struct ctgm_block *block;
	unsigned long pfn;
	unsigned long nr;
};

/* The address under which the index of blocks has a page of an MDL; NULL for no memory. */
static const void *mdl_page_address(PMDL mdl, unsigned long at)
{
	PFN_NUMBER pfn = MmGetMdlPfnArray(mdl)[at];

	if (mdl->Kind != MDL_KIND_PAGES)
		return mdl->StartVa + (at << PAGE_SHIFT);
	if (!pfn_valid(pfn))
		return NULL;
	return ctgm_block_address(PFN_PHYS(pfn)) ?: page_address(pfn_to_page(pfn));
}

/*
 * The part that begins with a page, its block used; false if no live block has the page, or
 * the driver has changed its number.
 */
static bool mdl_get_part(PMDL mdl, unsigned long at, struct ctgm_mdl_part *part)
{
	const PFN_NUMBER *pfns = MmGetMdlPfnArray(mdl) + at;
	const void *vaddr = mdl_page_address(mdl, at);
	struct contigmem_info info;
	unsigned long nr;

	if (!ctgm_block_describe(vaddr, &info))
		return false;
	part->block = ctgm_block_use(info.vaddr);
	if (!part->block)
		return false;
	part->pfn = PHYS_PFN(info.phys + (vaddr - info.vaddr));
	nr = min_t(unsigned long, PHYS_PFN(info.phys + info.size) - part->pfn,
		   mdl_pages(mdl) - at);
	for (part->nr = 0; part->nr < nr && pfns[part->nr] == part->pfn + part->nr; part->nr++)
		;
	if (part->nr)
		return true;
	ctgm_block_unuse(part->block);
	return false;
}

/**
 * struct ctgm_mdl_mapping - a mapping for the kernel
 * @later: in the list of the worker
 * @vaddr: from vmap()
 * @nr: how many blocks
 * @blocks: used, so that no page gets another owner or cache type while it is mapped
 */
struct ctgm_mdl_mapping {
	struct llist_node later;
	void *vaddr;
	unsigned long nr;
	struct ctgm_block *blocks[];
};

static LLIST_HEAD(mdl_later);

/* Sleeps. */
static void mdl_mapping_destroy(struct ctgm_mdl_mapping *mapping)
{
	unsigned long i;

	if (mapping->vaddr)
		vunmap(mapping->vaddr);
	for (i = 0; i < mapping->nr; i++)
		ctgm_block_unuse(mapping->blocks[i]);
	kvfree(mapping);
}

static void mdl_destroy_listed(struct work_struct *work)
{
	struct ctgm_mdl_mapping *mapping, *next;

	llist_for_each_entry_safe(mapping, next, llist_del_all(&mdl_later), later)
		mdl_mapping_destroy(mapping);
}

static DECLARE_WORK(mdl_work, mdl_destroy_listed);

/* Wait for the worker. Sleeps. */
void ctgm_mdl_flush(void)
{
	flush_work(&mdl_work);
}

static void mdl_unmap_system(PMDL mdl)
{
	struct ctgm_mdl_mapping *mapping = mdl->Mapping;

	mdl->Mapping = NULL;
	mdl->MappedSystemVa = NULL;
	mdl->MdlFlags &= ~MDL_MAPPED_TO_SYSTEM_VA;
	if (!mapping)
		return;
	if (ctgm_may_sleep()) {
		mdl_mapping_destroy(mapping);
	} else {
		llist_add(&mapping->later, &mdl_later);
		schedule_work(&mdl_work);
	}
}

/* All pages of an MDL with their blocks, used and of one cache type; NULL if they are not. */
static struct ctgm_mdl_mapping *mdl_mapping_create(PMDL mdl, struct page **pages)
{
	unsigned long nr = mdl_pages(mdl), at, i;
	struct ctgm_mdl_mapping *mapping;
	struct ctgm_mdl_part part;

	mapping = kvzalloc(struct_size(mapping, blocks, nr), GFP_KERNEL);
	if (!mapping)
		return NULL;
	for (at = 0; at < nr; at += part.nr) {
		if (!mdl_get_part(mdl, at, &part))
			goto fail;
		mapping->blocks[mapping->nr++] = part.block;
		if (part.block->frames.cache != mapping->blocks[0]->frames.cache)
			goto fail;
		for (i = 0; i < part.nr; i++)
			pages[at + i] = pfn_to_page(part.pfn + i);
	}
	return mapping;

fail:
	mdl_mapping_destroy(mapping);
	return NULL;
}

static bool mdl_is_contiguous(PMDL mdl)
{
	const PFN_NUMBER *pfns = MmGetMdlPfnArray(mdl);
	unsigned long nr = mdl_pages(mdl), at;

	for (at = 1; at < nr; at++) {
		if (pfns[at] != pfns[0] + at)
			return false;
	}
	return nr && pfn_valid(pfns[0]);
}

/*
 * Contiguous pages have an address with their cache type: the direct map's, or that of the one
 * block that they are in. NULL otherwise.
 */
static PVOID mdl_contiguous_address(PMDL mdl)
{
	unsigned long last = mdl_pages(mdl) - 1;
	const void *vaddr;

	if (!mdl_is_contiguous(mdl))
		return NULL;
	vaddr = mdl_page_address(mdl, 0);
	return mdl_page_address(mdl, last) == vaddr + (last << PAGE_SHIFT) ? (PVOID)vaddr : NULL;
}

static PVOID mdl_map_system(PMDL mdl, bool readonly)
{
	unsigned long nr = mdl_pages(mdl);
	struct ctgm_mdl_mapping *mapping;
	struct page **pages;
	pgprot_t prot;

	mdl->MappedSystemVa = readonly ? NULL : mdl_contiguous_address(mdl);
	if (mdl->MappedSystemVa) {
		mdl->MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA;
		return mdl->MappedSystemVa;
	}
	if (!nr || !ctgm_may_sleep())
		return NULL;
	pages = kvmalloc_array(nr, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return NULL;
	mapping = mdl_mapping_create(mdl, pages);
	if (mapping) {
		prot = ctgm_memtype_pgprot(readonly ? PAGE_KERNEL_RO : PAGE_KERNEL,
					   mapping->blocks[0]->frames.cache);
		mapping->vaddr = vmap(pages, nr, VM_MAP, prot);
	}
	kvfree(pages);
	if (mapping && !mapping->vaddr) {
		mdl_mapping_destroy(mapping);
		mapping = NULL;
	}
	if (!mapping)
		return NULL;
	mdl->Mapping = mapping;
	mdl->MappedSystemVa = mapping->vaddr;
	mdl->MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA;
	return mdl->MappedSystemVa;
}

/**
 * struct ctgm_mdl_user - the file behind a mapping for a program
 * @mdl: compared, and read while @task maps it
 * @task: maps now; no later mmap() of the file is served
 * @readonly: the program can never write through it
 */
struct ctgm_mdl_user {
	PMDL mdl;
	struct task_struct *task;
	bool readonly;
};

static int mdl_user_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ctgm_mdl_user *user = file->private_data;
	unsigned long nr = vma_pages(vma), at;
	enum contigmem_cache cache = CONTIGMEM_NR_CACHES;
	struct ctgm_mdl_part part;
	int error = 0;

	if (READ_ONCE(user->task) != current)
		return -EACCES;
	for (at = 0; !error && at < nr; at += part.nr) {
		if (!mdl_get_part(user->mdl, at, &part))
			return -ENXIO;
		if (!at) {
			cache = part.block->frames.cache;
			error = ctgm_map_user_begin(vma, cache, user->readonly ||
						    part.block->flags & CONTIGMEM_READONLY);
		}
		if (part.block->frames.cache != cache ||
		    (part.block->flags & CONTIGMEM_READONLY && vma->vm_flags & VM_WRITE))
			error = -EACCES;
		if (!error)
			error = ctgm_map_user_insert(vma, vma->vm_start + (at << PAGE_SHIFT),
						     part.pfn, part.nr);
		ctgm_block_unuse(part.block);
	}
	return error;
}

static int mdl_user_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static const struct file_operations mdl_user_fops = {
	.owner = THIS_MODULE,
	.mmap = mdl_user_mmap,
	.release = mdl_user_release,
};

static PVOID mdl_map_user(PMDL mdl, PVOID requested, bool readonly)
{
	unsigned long bytes = mdl_pages(mdl) << PAGE_SHIFT, address;
	struct ctgm_mdl_user init = { .mdl = mdl, .task = current, .readonly = readonly };
	struct ctgm_mdl_user *user;
	struct file *file;

	if (!bytes || !current->mm || !ctgm_may_sleep())
		return NULL;
	user = kmemdup(&init, sizeof(init), GFP_KERNEL);
	if (!user)
		return NULL;
	file = anon_inode_getfile("[contigmem-mdl]", &mdl_user_fops, user, O_RDWR);
	if (IS_ERR(file)) {
		kfree(user);
		return NULL;
	}
	address = vm_mmap(file, (unsigned long)requested & PAGE_MASK, bytes,
			  PROT_READ | (readonly ? 0 : PROT_WRITE),
			  MAP_SHARED | (requested ? MAP_FIXED_NOREPLACE : 0), 0);
	WRITE_ONCE(user->task, NULL);
	fput(file);
	return IS_ERR_VALUE(address) ? NULL : (PVOID)(address + mdl->ByteOffset);
}

/* The file of the mapping around an address, for fput(); NULL if it is none of an MDL's. */
static struct file *mdl_user_file(PMDL mdl, unsigned long address, unsigned long *start,
				  unsigned long *end)
{
	struct file *file = NULL;
	struct vm_area_struct *vma;

	mmap_read_lock(current->mm);
	vma = find_vma(current->mm, address);
	if (vma && vma->vm_file && vma->vm_file->f_op == &mdl_user_fops &&
	    ((struct ctgm_mdl_user *)vma->vm_file->private_data)->mdl == mdl) {
		file = get_file(vma->vm_file);
		*start = vma->vm_start;
		*end = vma->vm_end;
	}
	mmap_read_unlock(current->mm);
	return file;
}

/* The program may have unmapped a part, and mapped something else there, which stays. */
static void mdl_unmap_user(PMDL mdl, unsigned long base)
{
	unsigned long at = base & PAGE_MASK, last = at + (mdl_pages(mdl) << PAGE_SHIFT) - 1;
	unsigned long start, end;
	bool found = false;

	while (at <= last) {
		struct file *file = mdl_user_file(mdl, at, &start, &end);

		if (!file || start > last) {
			if (file)
				fput(file);
			break;
		}
		found = true;
		vm_munmap(max(start, base & PAGE_MASK),
			  min(end, last + 1) - max(start, base & PAGE_MASK));
		at = end;
		fput(file);
	}
	WARN(!found, "MmUnmapLockedPages: this process has no mapping of this MDL there\n");
}

/**
 * IoAllocateMdl() - allocate an MDL for a buffer
 * @VirtualAddress: the buffer
 * @Length: its bytes, up to 4 GiB less a page
 * @SecondaryBuffer: FALSE
 * @ChargeQuota: not used
 * @Irp: NULL; Linux has no IRPs, and with one no MDL is given
 *
 * Context: Any but NMI (IRQL <= DISPATCH_LEVEL).
 * Return: The MDL, to be freed with IoFreeMdl(); or NULL.
 */
PMDL IoAllocateMdl(PVOID VirtualAddress, ULONG Length, BOOLEAN SecondaryBuffer,
		   BOOLEAN ChargeQuota, PIRP Irp)
{
	ULONG pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(VirtualAddress, Length);
	PMDL mdl;

	if (Irp || !Length || Length > U32_MAX - PAGE_SIZE + 1)
		return NULL;
	mdl = ctgm_pool_alloc(sizeof(*mdl) + pages * sizeof(PFN_NUMBER),
			      (ctgm_may_sleep() ? GFP_KERNEL : GFP_ATOMIC) | __GFP_ZERO);
	if (!mdl)
		return NULL;
	mdl->StartVa = ALIGN_DOWN_POINTER_BY(VirtualAddress, PAGE_SIZE);
	mdl->ByteOffset = BYTE_OFFSET(VirtualAddress);
	mdl->ByteCount = Length;
	return mdl;
}
EXPORT_SYMBOL_GPL(IoAllocateMdl);

/**
 * IoFreeMdl() - free an MDL
 * @Mdl: from IoAllocateMdl(); NULL is ignored. Its buffer stays, a mapping for the kernel goes.
 *
 * Context: Any but NMI (IRQL <= DISPATCH_LEVEL).
 */
void IoFreeMdl(PMDL Mdl)
{
	if (!Mdl)
		return;
	mdl_unmap_system(Mdl);
	ctgm_pool_free(Mdl);
}
EXPORT_SYMBOL_GPL(IoFreeMdl);

/**
 * MmBuildMdlForNonPagedPool() - fill in the page numbers of an MDL
 * @MemoryDescriptorList: of a buffer that the kernel maps: a block, pool, vmalloc()
 *
 * Of a buffer that is not mapped one WARN says so, and the MDL is left as it was.
 *
 * Context: Any but NMI (IRQL <= DISPATCH_LEVEL).
 */
void MmBuildMdlForNonPagedPool(PMDL MemoryDescriptorList)
{
	PMDL mdl = MemoryDescriptorList;
	PPFN_NUMBER pfns = MmGetMdlPfnArray(mdl);
	unsigned long nr = mdl_pages(mdl), at;

	for (at = 0; at < nr; at++) {
		phys_addr_t phys = ctgm_virt_phys(mdl->StartVa + (at << PAGE_SHIFT));

		if (WARN(!phys, "%s: page %lu of %lu is not mapped\n", __func__, at, nr))
			return;
		pfns[at] = PHYS_PFN(phys);
	}
	mdl->MappedSystemVa = MmGetMdlVirtualAddress(mdl);
	mdl->MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL;
}
EXPORT_SYMBOL_GPL(MmBuildMdlForNonPagedPool);

/**
 * MmGetSystemAddressForMdlSafe() - the kernel's address of an MDL's buffer
 * @Mdl: built, or with pages of its own
 * @Priority: MdlMappingNoWrite for a read-only mapping, where none is there yet; the rest says
 *	nothing here
 *
 * Context: Any but NMI (IRQL <= DISPATCH_LEVEL). Pages that are not contiguous are mapped for
 *	callers that may sleep alone. One caller at a time for an MDL.
 * Return: The address; the same one until it is unmapped. NULL if there is no memory for page
 *	tables.
 */
PVOID MmGetSystemAddressForMdlSafe(PMDL Mdl, ULONG Priority)
{
	if (Mdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL))
		return Mdl->MappedSystemVa;
	return MmMapLockedPagesSpecifyCache(Mdl, KernelMode, MmCached, NULL, FALSE, Priority);
}
EXPORT_SYMBOL_GPL(MmGetSystemAddressForMdlSafe);

/**
 * MmMapLockedPagesSpecifyCache() - map the pages of an MDL
 * @MemoryDescriptorList: for the kernel, with pages of its own; for a program, also one that
 *	MmBuildMdlForNonPagedPool() built. All pages are in live blocks of one cache type.
 * @AccessMode: KernelMode, or UserMode for the program that calls
 * @CacheType: not used: each page has a type already, and the mapping gets that
 * @RequestedAddress: for UserMode, where, rounded down to a page; nothing that is there is
 *	replaced. NULL for any place
 * @BugCheckOnFailure: not used: Linux goes on
 * @Priority: MdlMappingNoWrite for a mapping that cannot be written, also not after
 *	mprotect(). A read-only block is mapped with that alone. No mapping is executable.
 *
 * A mapping for a program keeps its pages when the driver frees the block.
 *
 * Context: UserMode: a process; sleeps. KernelMode: as MmGetSystemAddressForMdlSafe().
 * Return: The address, with the offset of the MDL; NULL if it cannot be mapped. For UserMode
 *	Windows raises an exception instead; Linux has none.
 */
PVOID MmMapLockedPagesSpecifyCache(PMDL MemoryDescriptorList, KPROCESSOR_MODE AccessMode,
				   MEMORY_CACHING_TYPE CacheType, PVOID RequestedAddress,
				   ULONG BugCheckOnFailure, ULONG Priority)
{
	PMDL mdl = MemoryDescriptorList;
	bool readonly = Priority & MdlMappingNoWrite;

	/* Without page numbers there is nothing to map. */
	if (mdl->Kind != MDL_KIND_PAGES && !(mdl->MdlFlags & MDL_SOURCE_IS_NONPAGED_POOL))
		return NULL;
	if (AccessMode == UserMode)
		return mdl_map_user(mdl, RequestedAddress, readonly);
	if (AccessMode != KernelMode ||
	    WARN(mdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL),
		 "%s: the MDL is mapped into the kernel already\n", __func__))
		return NULL;
	return mdl_map_system(mdl, readonly);
}
EXPORT_SYMBOL_GPL(MmMapLockedPagesSpecifyCache);

/**
 * MmUnmapLockedPages() - remove a mapping of an MDL
 * @BaseAddress: what MmMapLockedPagesSpecifyCache() or MmGetSystemAddressForMdlSafe() returned
 * @MemoryDescriptorList: the MDL
 *
 * What is no mapping of the MDL gets one WARN. Where the calling task has no address space any
 * more, as in the release() of a program that exits, its mappings are gone already.
 *
 * Context: For a program's mapping, in that process; sleeps. For the kernel's, any but NMI
 *	(IRQL <= DISPATCH_LEVEL).
 */
void MmUnmapLockedPages(PVOID BaseAddress, PMDL MemoryDescriptorList)
{
	PMDL mdl = MemoryDescriptorList;

	if ((unsigned long)BaseAddress < TASK_SIZE_MAX) {
		if (current->mm)
			mdl_unmap_user(mdl, (unsigned long)BaseAddress);
		return;
	}
	if (!WARN(!(mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) || BaseAddress != mdl->MappedSystemVa,
		  "%s: this MDL is not mapped there\n", __func__))
		mdl_unmap_system(mdl);
}
EXPORT_SYMBOL_GPL(MmUnmapLockedPages);

/**
 * struct ctgm_mdl_wish - pages that are wanted
 * @req: the request for each run of them
 * @gfp: the context
 * @caller: code address of the owner
 * @pfns: filled
 * @nr: how many are wanted
 * @got: how many there are
 */
struct ctgm_mdl_wish {
	struct contigmem_request req;
	gfp_t gfp;
	const void *caller;
	PPFN_NUMBER pfns;
	unsigned long nr;
	unsigned long got;
};

/* Returns false if there is none. */
static bool mdl_take_run(struct ctgm_mdl_wish *wish, unsigned long nr)
{
	unsigned long first, i;
	void *vaddr;

	wish->req.size = nr << PAGE_SHIFT;
	vaddr = contigmem_alloc_track_caller(&wish->req, wish->gfp, wish->caller);
	if (IS_ERR(vaddr))
		return false;
	first = PHYS_PFN(contigmem_phys(vaddr));
	for (i = 0; i < nr; i++)
		wish->pfns[wish->got++] = first + i;
	return true;
}

/* Runs of exactly @nr pages, while they can be had. */
static void mdl_take_chunks(struct ctgm_mdl_wish *wish, unsigned long nr)
{
	while (wish->nr - wish->got >= nr && mdl_take_run(wish, nr))
		;
}

/*
 * Pages of any kind: long runs first, since each is a block with a record. Pages are moved or
 * reclaimed for single ones alone, unless the caller prefers contiguous ones.
 */
static void mdl_take_pages(struct ctgm_mdl_wish *wish, bool prefer_contiguous)
{
	unsigned long run = wish->nr;

	while (wish->got < wish->nr) {
		run = min(run, wish->nr - wish->got);
		wish->req.flags = run > 1 && !prefer_contiguous ? CONTIGMEM_FAST : 0;
		if (mdl_take_run(wish, run))
			continue;
		if (run == 1)
			break;
		run /= 2;
	}
}

/* One range after the other, each @skip bytes above the one before. */
static void mdl_take_from_ranges(struct ctgm_mdl_wish *wish, u64 skip, bool prefer_contiguous)
{
	phys_addr_t end;

	mdl_take_pages(wish, prefer_contiguous);
	/* Ranges that overlap or touch are one. */
	if (skip && skip - 1 <= wish->req.high - wish->req.low) {
		wish->req.high = (phys_addr_t)-1;
		mdl_take_pages(wish, prefer_contiguous);
		return;
	}
	if (!skip || wish->got == wish->nr)
		return;
	end = PFN_PHYS(ctgm_ranges_end());
	while (wish->got < wish->nr && wish->req.low < end && skip < end &&
	       !fatal_signal_pending(current)) {
		wish->req.low += skip;
		wish->req.high = min_t(u64, wish->req.high + skip, end);
		if (wish->req.low < end)
			mdl_take_pages(wish, prefer_contiguous);
	}
}

static void mdl_free_pages(PMDL mdl, const void *caller)
{
	unsigned long nr = mdl_pages(mdl), at = 0;

	while (at < nr) {
		const void *vaddr = mdl_page_address(mdl, at);
		struct contigmem_info info;

		info.size = PAGE_SIZE;
		ctgm_block_describe(vaddr, &info);
		/* Warns of an address that is no block's. */
		ctgm_block_free(vaddr, caller);
		at += info.size >> PAGE_SHIFT;
	}
	mdl->ByteCount = 0;
	mdl->Kind = 0;
	mdl->MdlFlags &= ~MDL_PAGES_LOCKED;
}

#define MDL_FLAGS	(MM_DONT_ZERO_ALLOCATION | MM_ALLOCATE_FROM_LOCAL_NODE_ONLY |	\
			 MM_ALLOCATE_FULLY_REQUIRED | MM_ALLOCATE_NO_WAIT |		\
			 MM_ALLOCATE_PREFER_CONTIGUOUS | MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS)

static bool mdl_wish_is_good(const struct ctgm_mdl_wish *wish, u64 skip, SIZE_T bytes, ULONG flags)
{
	bool chunks = flags & MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS;

	if (!bytes || bytes > U32_MAX - PAGE_SIZE + 1 || flags & ~MDL_FLAGS ||
	    (chunks && flags & MM_ALLOCATE_PREFER_CONTIGUOUS) || skip % PAGE_SIZE ||
	    wish->req.low > wish->req.high || wish->req.cache == CONTIGMEM_NR_CACHES)
		return false;
	return !chunks || !skip || (is_power_of_2(skip) && bytes % skip == 0);
}

/* @wish has the range, the node, the type and the caller. */
static PMDL mdl_allocate_pages(struct ctgm_mdl_wish *wish, u64 skip, SIZE_T bytes, ULONG flags)
{
	gfp_t context = !ctgm_may_sleep() ? GFP_ATOMIC :
			flags & MM_ALLOCATE_NO_WAIT ? GFP_NOWAIT : GFP_KERNEL;
	PMDL mdl;

	if (!mdl_wish_is_good(wish, skip, bytes, flags))
		return NULL;
	wish->nr = PFN_UP(bytes);
	wish->got = 0;
	wish->gfp |= context | __GFP_NOWARN | (flags & MM_DONT_ZERO_ALLOCATION ? 0 : __GFP_ZERO);
	mdl = ctgm_pool_alloc(sizeof(*mdl) + wish->nr * sizeof(PFN_NUMBER), context | __GFP_ZERO);
	if (!mdl)
		return NULL;
	wish->pfns = MmGetMdlPfnArray(mdl);
	if (!(flags & MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS)) {
		mdl_take_from_ranges(wish, skip, flags & MM_ALLOCATE_PREFER_CONTIGUOUS);
	} else {
		wish->req.align = skip;
		mdl_take_chunks(wish, skip ? skip >> PAGE_SHIFT : wish->nr);
	}
	mdl->Kind = MDL_KIND_PAGES;
	mdl->MdlFlags = MDL_PAGES_LOCKED;
	mdl->ByteCount = wish->got << PAGE_SHIFT;
	if (wish->got == wish->nr || (wish->got && !(flags & MM_ALLOCATE_FULLY_REQUIRED)))
		return mdl;
	mdl_free_pages(mdl, wish->caller);
	ctgm_pool_free(mdl);
	return NULL;
}

/**
 * MmAllocatePagesForMdlEx() - allocate pages and an MDL for them
 * @LowAddress: first acceptable byte
 * @HighAddress: last acceptable byte, inclusive; -1 for no limit
 * @SkipBytes: whole pages. Where the range has too little, the next one that is looked at lies
 *	so far above, and so on; 0: this range alone. With
 *	MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS the size and alignment of each chunk, a power of
 *	two of which @TotalBytes is a multiple; 0: one chunk of all
 * @TotalBytes: how many, up to 4 GiB less a page
 * @CacheType: MmCached, MmNonCached or MmWriteCombined, at once and for each mapping
 * @Flags: MM_DONT_ZERO_ALLOCATION; MM_ALLOCATE_FROM_LOCAL_NODE_ONLY: the node of this
 *	processor; MM_ALLOCATE_FULLY_REQUIRED: all or nothing; MM_ALLOCATE_NO_WAIT: do not
 *	sleep; MM_ALLOCATE_PREFER_CONTIGUOUS: move pages for long runs; or
 *	MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS. Any other is refused.
 *
 * The pages are zeroed, and not mapped. Each run of them is a block.
 *
 * Context: Any but NMI (IRQL <= DISPATCH_LEVEL), as MmAllocateContiguousMemoryEx().
 * Return: The MDL, to be given to MmFreePagesFromMdl() and then to ExFreePool(), with as many
 *	pages as there are: see MmGetMdlByteCount(). NULL if there are none, or an argument is
 *	wrong.
 */
PMDL MmAllocatePagesForMdlEx(PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress,
			     PHYSICAL_ADDRESS SkipBytes, SIZE_T TotalBytes,
			     MEMORY_CACHING_TYPE CacheType, ULONG Flags)
{
	struct ctgm_mdl_wish wish = { .req = CONTIGMEM_REQUEST(0) };

	wish.req.low = LowAddress.QuadPart;
	wish.req.high = HighAddress.QuadPart;
	wish.req.cache = ctgm_wdm_cache(CacheType);
	wish.caller = __builtin_return_address(0);
	if (Flags & MM_ALLOCATE_FROM_LOCAL_NODE_ONLY) {
		wish.req.nid = numa_mem_id();
		wish.gfp = __GFP_THISNODE;
	}
	return mdl_allocate_pages(&wish, SkipBytes.QuadPart, TotalBytes, Flags);
}
EXPORT_SYMBOL_GPL(MmAllocatePagesForMdlEx);

/**
 * MmAllocateNodePagesForMdlEx() - allocate pages of a node and an MDL for them
 * @LowAddress: as for MmAllocatePagesForMdlEx(), as are all but @IdealNode
 * @HighAddress: last acceptable byte
 * @SkipBytes: distance of the ranges, or size of the chunks
 * @TotalBytes: how many
 * @CacheType: for each mapping
 * @IdealNode: the node; others are used where it has none, unless @Flags has
 *	MM_ALLOCATE_FROM_LOCAL_NODE_ONLY. A machine with one node takes any number.
 * @Flags: as there
 *
 * Context: As MmAllocatePagesForMdlEx().
 * Return: As MmAllocatePagesForMdlEx(); NULL for a node that is not there.
 */
PMDL MmAllocateNodePagesForMdlEx(PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress,
				 PHYSICAL_ADDRESS SkipBytes, SIZE_T TotalBytes,
				 MEMORY_CACHING_TYPE CacheType, ULONG IdealNode, ULONG Flags)
{
	struct ctgm_mdl_wish wish = { .req = CONTIGMEM_REQUEST(0) };

	wish.req.low = LowAddress.QuadPart;
	wish.req.high = HighAddress.QuadPart;
	wish.req.cache = ctgm_wdm_cache(CacheType);
	wish.caller = __builtin_return_address(0);
	if (num_online_nodes() > 1) {
		wish.req.nid = min_t(ULONG, IdealNode, INT_MAX);
		if (Flags & MM_ALLOCATE_FROM_LOCAL_NODE_ONLY)
			wish.gfp = __GFP_THISNODE;
	}
	return mdl_allocate_pages(&wish, SkipBytes.QuadPart, TotalBytes, Flags);
}
EXPORT_SYMBOL_GPL(MmAllocateNodePagesForMdlEx);

/**
 * MmFreePagesFromMdl() - free the pages of an MDL
 * @MemoryDescriptorList: from MmAllocatePagesForMdlEx(); any other gets one WARN
 *
 * A mapping for the kernel goes as well. A program that maps the pages keeps them until it
 * unmaps them. The MDL itself is freed with ExFreePool().
 *
 * Context: Any but NMI (IRQL <= DISPATCH_LEVEL).
 */
void MmFreePagesFromMdl(PMDL MemoryDescriptorList)
{
	PMDL mdl = MemoryDescriptorList;

	if (WARN(mdl->Kind != MDL_KIND_PAGES, "%s: the MDL has no pages\n", __func__))
		return;
	mdl_unmap_system(mdl);
	mdl_free_pages(mdl, __builtin_return_address(0));
}
EXPORT_SYMBOL_GPL(MmFreePagesFromMdl);
