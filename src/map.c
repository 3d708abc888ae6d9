// SPDX-License-Identifier: GPL-2.0
/*
 * Every mapping has the cache type of the frames. Read-only memory needs a mapping of its own:
 * modules cannot change the direct map's protection.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/personality.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "map.h"
#include "memtype.h"

/**
 * ctgm_map_readonly() - map page frames into the kernel, read-only
 * @frames: the frames
 * @gfp: for bookkeeping
 *
 * Context: Sleeps.
 * Return: the address, for ctgm_unmap_readonly(); NULL if there is no memory.
 */
void *ctgm_map_readonly(const struct ctgm_frames *frames, gfp_t gfp)
{
	return ctgm_memtype_map(frames->first, frames->nr,
				ctgm_memtype_pgprot(PAGE_KERNEL_RO, frames->cache), gfp);
}

/* Sleeps. A later change of the cache type flushes the TLB entries of this mapping too. */
void ctgm_unmap_readonly(const void *vaddr)
{
	vunmap(vaddr);
}

/* Page structures that are passed to the kernel at a time; they are on the stack. */
#define MAP_BATCH	32UL

/**
 * ctgm_map_user_insert() - map page frames to a part of a mapping in user space
 * @vma: the mapping, prepared by ctgm_map_user_begin()
 * @at: first address
 * @pfn: first frame; the frames must stay until this returns
 * @nr: how many
 *
 * Each entry holds a reference on its page, which keeps the block: see block_release().
 *
 * Context: From a driver's mmap(). Sleeps.
 * Return: 0, -EBUSY or -ENOMEM as contigmem_mmap() documents them.
 */
int ctgm_map_user_insert(struct vm_area_struct *vma, unsigned long at, unsigned long pfn,
			 unsigned long nr)
{
	struct page *pages[MAP_BATCH];
	unsigned long batch, i;

	for (; nr; nr -= batch, at += batch << PAGE_SHIFT) {
		unsigned long left;
		int error;

		batch = min(MAP_BATCH, nr);
		for (i = 0; i < batch; i++)
			pages[i] = pfn_to_page(pfn++);
		left = batch;
		error = vm_insert_pages(vma, at, pages, &left);
		/* -EFAULT: there was no memory for an upper page table. */
		if (error)
			return error == -EFAULT ? -ENOMEM : error;
		cond_resched();
	}
	return 0;
}

/**
 * ctgm_map_user_begin() - give a mapping in user space its cache type and protection
 * @vma: the mapping
 * @cache: the type
 * @readonly: refuse a writable mapping
 *
 * Context: From a driver's mmap(). Sleeps.
 * Return: 0, -EINVAL if it is private, -EACCES.
 */
int ctgm_map_user_begin(struct vm_area_struct *vma, enum contigmem_cache cache, bool readonly)
{
	/* Every mapping of a program with this personality is executable. */
	bool exec_is_implied = current->personality & READ_IMPLIES_EXEC;

	/*
	 * A write to a private mapping would go to a copy of another cache type. A shared
	 * mapping of a file that is open for reading alone lacks VM_SHARED too.
	 */
	if (is_cow_mapping(vma->vm_flags))
		return -EINVAL;
	if ((vma->vm_flags & VM_EXEC && !exec_is_implied) ||
	    (readonly && vma->vm_flags & VM_WRITE))
		return -EACCES;
	/* The pages are no bare frames: a driver that says so does it out of habit. */
	compat_vm_flags_mod(vma, VM_DONTEXPAND | VM_DONTDUMP,
			    VM_EXEC | VM_MAYEXEC | VM_PFNMAP | (readonly ? VM_MAYWRITE : 0));
	/* From the flags: a cache type that the driver has set is not the block's. */
	vma->vm_page_prot = ctgm_memtype_pgprot(vm_get_page_prot(vma->vm_flags), cache);
	return 0;
}

/**
 * ctgm_map_user() - map page frames, or a part of them, to user space
 * @frames: the frames, which must stay until this returns
 * @readonly: refuse a writable mapping
 * @vma: where; its offset is in the frames
 *
 * Context: From a driver's mmap(). Sleeps.
 * Return: 0, or an error as contigmem_mmap() documents it.
 */
int ctgm_map_user(const struct ctgm_frames *frames, bool readonly, struct vm_area_struct *vma)
{
	unsigned long nr = vma_pages(vma);
	int error;

	if (vma->vm_pgoff >= frames->nr || nr > frames->nr - vma->vm_pgoff)
		return -EINVAL;
	error = ctgm_map_user_begin(vma, frames->cache, readonly);
	if (error)
		return error;
	return ctgm_map_user_insert(vma, vma->vm_start, frames->first + vma->vm_pgoff, nr);
}
