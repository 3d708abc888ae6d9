// SPDX-License-Identifier: GPL-2.0
/*
 * The direct map carries the cache type, so that it and a mapping of the
 * block's own never disagree. Protection is the own mapping's: modules cannot
 * change the direct map's.
 */
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#ifdef CONFIG_FAULT_INJECTION
#include <linux/fault-inject.h>
#endif
#ifdef CONFIG_X86
#include <asm/memtype.h>
#include <asm/set_memory.h>
#endif

#include "compat.h"
#include "ledger.h"
#include "mapping.h"

#ifdef CONFIG_FAULT_INJECTION
static DECLARE_FAULT_ATTR(fail_cache_type);

static bool change_shall_fail(void)
{
	return should_fail(&fail_cache_type, 1);
}

static int set_fault(const char *value, const struct kernel_param *param)
{
	char text[64];

	fail_cache_type.verbose = 0;	/* the caller's verdict tells */
	if (strscpy(text, value, sizeof(text)) < 0 || !setup_fault_attr(&fail_cache_type, text))
		return -EINVAL;
	return 0;
}

static const struct kernel_param_ops fault_ops = { .set = set_fault };

module_param_cb(fail_cache_type, &fault_ops, NULL, 0200);
MODULE_PARM_DESC(fail_cache_type,
		 "Which changes of a cache type shall fail: interval,probability,space,times");
#else
static bool change_shall_fail(void)
{
	return false;
}
#endif

#ifdef CONFIG_X86
static int change_type(const struct frames *frames, enum contigmem_cache cache)
{
	unsigned long address = (unsigned long)page_address(pfn_to_page(frames->first));

	/* The calls count in int. */
	if (frames->nr > INT_MAX)
		return -EOPNOTSUPP;
	if (change_shall_fail())
		return -ENOMEM;
	switch (cache) {
	case CONTIGMEM_UNCACHED:
		return set_memory_uc(address, frames->nr);
	case CONTIGMEM_WRITECOMBINE:
		return set_memory_wc(address, frames->nr);
	default:
		return set_memory_wb(address, frames->nr);
	}
}

/* Without PAT write-combined would silently be uncached. */
static bool types_exist(void)
{
	return pat_enabled();
}

static pgprot_t with_type(pgprot_t prot, enum contigmem_cache cache)
{
	switch (cache) {
	case CONTIGMEM_UNCACHED:
		return pgprot_noncached(prot);
	case CONTIGMEM_WRITECOMBINE:
		return pgprot_writecombine(prot);
	default:
		return prot;
	}
}
#else
static int change_type(const struct frames *frames, enum contigmem_cache cache)
{
	return -EOPNOTSUPP;
}

static bool types_exist(void)
{
	return false;
}

static pgprot_t with_type(pgprot_t prot, enum contigmem_cache cache)
{
	return prot;
}
#endif

/* Can this kernel and CPU give that cache type? */
bool mapping_has_type(enum contigmem_cache cache)
{
	return cache == CONTIGMEM_CACHED || types_exist();
}

/**
 * mapping_set_type() - change the cache type of page frames
 * @frames: @cache is what they have, and is changed
 * @cache: what they shall have
 *
 * Context: Sleeps.
 * Return: %CONTIGMEM_OK, or why not; then @frames->cache is what nobody else
 *	may see, if it could not be restored.
 */
enum contigmem_reason mapping_set_type(struct frames *frames, enum contigmem_cache cache)
{
	int error;

	if (frames->cache == cache)
		return CONTIGMEM_OK;
	error = change_type(frames, cache);
	/* A part of them may have been changed. */
	if (!error || (cache != CONTIGMEM_CACHED && change_type(frames, CONTIGMEM_CACHED)))
		frames->cache = cache;
	if (!error)
		return CONTIGMEM_OK;
	return error == -ENOMEM ? CONTIGMEM_NO_BOOKKEEPING : CONTIGMEM_NO_CACHE_TYPE;
}

/**
 * mapping_put() - give frames back, as anybody may own them
 * @frames: the frames
 *
 * Frames whose type cannot be restored are kept on purpose.
 *
 * Context: Sleeps if they are not an arena's and not cached.
 */
void mapping_put(struct frames *frames)
{
	if (!frames->arena && mapping_set_type(frames, CONTIGMEM_CACHED))
		frames_leak(frames);
	else
		frames_put(frames);
}

/* Does undoing this block need to sleep? */
bool mapping_sleeps(const struct block *block)
{
	return block->flags & CONTIGMEM_READONLY ||
	       (!block->frames.arena && block->frames.cache != CONTIGMEM_CACHED);
}

static void *map_readonly(const struct block *block, gfp_t gfp)
{
	unsigned long nr = block->frames.nr, i;
	struct page **pages;
	void *vaddr;

	/* vmap() counts in unsigned int, and writes the pages down nowhere. */
	if (nr > UINT_MAX)
		return NULL;
	pages = kvmalloc_array(nr, sizeof(*pages), gfp);
	if (!pages)
		return NULL;
	for (i = 0; i < nr; i++)
		pages[i] = pfn_to_page(block->frames.first + i);
	vaddr = vmap(pages, nr, VM_MAP, with_type(PAGE_KERNEL_RO, block->cache));
	kvfree(pages);
	return vaddr;
}

/**
 * mapping_make() - give a block its cache type, protection and address
 * @block: with frames, cache and flags set; its vaddr is set on success
 * @gfp: for bookkeeping
 *
 * Context: Sleeps unless the frames have the type and the block is writable.
 * Return: %CONTIGMEM_OK, or why not; the frames are to be given back with
 *	mapping_put() then.
 */
enum contigmem_reason mapping_make(struct block *block, gfp_t gfp)
{
	enum contigmem_reason reason = mapping_set_type(&block->frames, block->cache);

	if (reason)
		return reason;
	block->vaddr = block->flags & CONTIGMEM_READONLY ?
		       map_readonly(block, gfp) :
		       page_address(pfn_to_page(block->frames.first));
	return block->vaddr ? CONTIGMEM_OK : CONTIGMEM_NO_BOOKKEEPING;
}

/* Undo it, and give the frames back. Sleeps if mapping_sleeps(). */
void mapping_unmake(struct block *block)
{
	if (block->flags & CONTIGMEM_READONLY)
		vunmap(block->vaddr);
	/* A change of type flushes what the TLBs know of the own mapping as well. */
	mapping_put(&block->frames);
}

/**
 * mapping_to_user() - map a block, or a part of it, to user space
 * @block: the block, which must stay until the mapping is gone
 * @vma: where; its offset is in the block
 *
 * Context: From a driver's mmap(). Sleeps.
 * Return: 0, or what contigmem_mmap() says.
 */
int mapping_to_user(const struct block *block, struct vm_area_struct *vma)
{
	bool readonly = block->flags & CONTIGMEM_READONLY;
	unsigned long nr = vma_pages(vma);

	if (vma->vm_pgoff >= block->frames.nr || nr > block->frames.nr - vma->vm_pgoff)
		return -EINVAL;
	/* What is written to a private mapping goes to pages of another type. */
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC || (readonly && vma->vm_flags & VM_WRITE))
		return -EACCES;
	compat_vm_flags_clear(vma, VM_MAYEXEC | (readonly ? VM_MAYWRITE : 0));
	vma->vm_page_prot = with_type(vma->vm_page_prot, block->cache);
	return remap_pfn_range(vma, vma->vm_start, block->frames.first + vma->vm_pgoff,
			       nr << PAGE_SHIFT, vma->vm_page_prot);
}
