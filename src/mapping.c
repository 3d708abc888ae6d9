// SPDX-License-Identifier: GPL-2.0
/*
 * The direct map carries the cache type, so that it and a mapping of the
 * block's own never disagree. Protection is the own mapping's: modules cannot
 * change the direct map's.
 */
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#ifdef CONFIG_X86
#include <asm/memtype.h>
#include <asm/set_memory.h>
#endif

#include "ledger.h"
#include "mapping.h"

#ifdef CONFIG_X86
static int set_type(const struct frames *frames, enum contigmem_cache cache)
{
	unsigned long address = (unsigned long)page_address(pfn_to_page(frames->first));

	switch (cache) {
	case CONTIGMEM_UNCACHED:
		return set_memory_uc(address, frames->nr);
	case CONTIGMEM_WRITECOMBINE:
		return set_memory_wc(address, frames->nr);
	default:
		return set_memory_wb(address, frames->nr);
	}
}

static bool type_exists(const struct frames *frames, enum contigmem_cache cache)
{
	/* Without PAT write-combined would silently be uncached; the calls count in int. */
	return pat_enabled() && frames->nr <= INT_MAX;
}

static pgprot_t readonly(enum contigmem_cache cache)
{
	switch (cache) {
	case CONTIGMEM_UNCACHED:
		return pgprot_noncached(PAGE_KERNEL_RO);
	case CONTIGMEM_WRITECOMBINE:
		return pgprot_writecombine(PAGE_KERNEL_RO);
	default:
		return PAGE_KERNEL_RO;
	}
}
#else
static int set_type(const struct frames *frames, enum contigmem_cache cache)
{
	return -EOPNOTSUPP;
}

static bool type_exists(const struct frames *frames, enum contigmem_cache cache)
{
	return false;
}

static pgprot_t readonly(enum contigmem_cache cache)
{
	return PAGE_KERNEL_RO;
}
#endif

/* Does making such a block, and undoing it, need to sleep? */
bool mapping_sleeps(enum contigmem_cache cache, unsigned int flags)
{
	return cache != CONTIGMEM_CACHED || flags & CONTIGMEM_READONLY;
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
	vaddr = vmap(pages, nr, VM_MAP, readonly(block->cache));
	kvfree(pages);
	return vaddr;
}

static enum contigmem_reason make(struct block *block, gfp_t gfp)
{
	enum contigmem_reason reason = CONTIGMEM_NO_BOOKKEEPING;
	int error;

	if (block->cache != CONTIGMEM_CACHED) {
		if (!type_exists(&block->frames, block->cache))
			return CONTIGMEM_NO_CACHE_TYPE;
		error = set_type(&block->frames, block->cache);
		if (error) {
			if (error != -ENOMEM)
				reason = CONTIGMEM_NO_CACHE_TYPE;
			goto restore;	/* some of it may have been changed */
		}
	}
	if (block->flags & CONTIGMEM_READONLY) {
		block->vaddr = map_readonly(block, gfp);
		if (!block->vaddr)
			goto restore;
	}
	return CONTIGMEM_OK;

restore:
	if (block->cache != CONTIGMEM_CACHED && set_type(&block->frames, CONTIGMEM_CACHED)) {
		frames_leak(&block->frames);
		block->frames.nr = 0;
	}
	return reason;
}

/**
 * mapping_make() - give a block its cache type, protection and address
 * @block: with frames, cache and flags set; its vaddr is set on success
 * @gfp: for bookkeeping
 *
 * Context: Sleeps if mapping_sleeps().
 * Return: %CONTIGMEM_OK, or why not, with everything as before; the frames are
 *	leaked if that is not possible, and @block->frames.nr is 0 then.
 */
enum contigmem_reason mapping_make(struct block *block, gfp_t gfp)
{
	enum contigmem_reason reason;
	unsigned int scope;

	block->vaddr = page_address(pfn_to_page(block->frames.first));
	if (!mapping_sleeps(block->cache, block->flags))
		return CONTIGMEM_OK;
	/* Page tables are allocated with GFP_KERNEL, whatever the caller's gfp. */
	if ((gfp & (__GFP_IO | __GFP_FS)) == (__GFP_IO | __GFP_FS))
		return make(block, gfp);
	scope = memalloc_noio_save();
	reason = make(block, gfp);
	memalloc_noio_restore(scope);
	return reason;
}

/**
 * mapping_undo() - make the frames of a block such that anybody may own them
 * @block: as mapping_make() left it
 *
 * Context: Sleeps if mapping_sleeps().
 * Return: false if that is not possible: nobody may have the frames.
 */
bool mapping_undo(struct block *block)
{
	if (block->flags & CONTIGMEM_READONLY)
		vunmap(block->vaddr);
	/* Flushes what the TLBs know of the own mapping as well. */
	return block->cache == CONTIGMEM_CACHED || !set_type(&block->frames, CONTIGMEM_CACHED);
}
