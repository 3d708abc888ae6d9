// SPDX-License-Identifier: GPL-2.0
/*
 * What the processors' halves share: changes that fail on purpose, and mappings of frames.
 */
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#ifdef CONFIG_FAULT_INJECTION
#include <linux/fault-inject.h>
#endif

#include "memtype.h"

#ifdef CONFIG_FAULT_INJECTION
static DECLARE_FAULT_ATTR(fail_cache_type);

/* Shall this change of a cache type fail? */
bool ctgm_memtype_shall_fail(void)
{
	return should_fail(&fail_cache_type, 1);
}

static int memtype_set_fault(const char *value, const struct kernel_param *param)
{
	char text[64];

	fail_cache_type.verbose = 0;	/* the request's verdict reports it */
	if (strscpy(text, value, sizeof(text)) < 0 || !setup_fault_attr(&fail_cache_type, text))
		return -EINVAL;
	return 0;
}

static const struct kernel_param_ops memtype_fault_ops = { .set = memtype_set_fault };

module_param_cb(fail_cache_type, &memtype_fault_ops, NULL, 0200);
MODULE_PARM_DESC(fail_cache_type,
		 "Which changes of a cache type shall fail: interval,probability,space,times");
#else
bool ctgm_memtype_shall_fail(void)
{
	return false;
}
#endif

/**
 * ctgm_memtype_map() - map page frames into the kernel, beside the direct map
 * @first: first frame
 * @nr: how many
 * @prot: the protection
 * @gfp: for bookkeeping
 *
 * Context: Sleeps.
 * Return: the address, for vunmap(); NULL if there is no memory.
 */
void *ctgm_memtype_map(unsigned long first, unsigned long nr, pgprot_t prot, gfp_t gfp)
{
	struct page **pages;
	unsigned long i;
	void *vaddr;

	/* vmap() counts pages in unsigned int, and keeps no reference to the array. */
	if (nr > UINT_MAX)
		return NULL;
	pages = kvmalloc_array(nr, sizeof(*pages), gfp);
	if (!pages)
		return NULL;
	for (i = 0; i < nr; i++)
		pages[i] = pfn_to_page(first + i);
	vaddr = vmap(pages, nr, VM_MAP, prot);
	kvfree(pages);
	return vaddr;
}
