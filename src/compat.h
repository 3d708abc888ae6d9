/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every difference between kernel releases that the module meets.
 */
#ifndef CTGM_COMPAT_H
#define CTGM_COMPAT_H

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page-flags.h>
#include <linux/rcupdate.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/version.h>

/* For batches of pages, whose header's name differs; since 6.8 writeback.h includes it. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#include <linux/pagevec.h>
#else
#include <linux/writeback.h>
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "contigmem needs Linux 6.1 or later"
#endif
#if !defined(CONFIG_SPARSEMEM) || !defined(CONFIG_MEMORY_ISOLATION)
#error "contigmem needs a kernel with CONFIG_SPARSEMEM and CONFIG_MEMORY_ISOLATION"
#endif
#ifdef CONFIG_HIGHMEM
#error "contigmem needs a kernel whose direct map covers all memory"
#endif

/*
 * 6.17 replaced the migratetype argument by flags. MIGRATE_MOVABLE is 1, and a
 * flag of 1 means what MIGRATE_CMA did: mixing them up compiles, and takes
 * pages out of CMA areas behind CMA's back.
 *
 * Before, the call gave @type to all pageblocks that it had isolated, so they must have
 * this type already. Since 6.17 isolation is a bit of its own and the types stay.
 */
#ifdef ACR_FLAGS_NONE
#define COMPAT_ISOLATION_KEEPS_TYPES	true
#else
#define COMPAT_ISOLATION_KEEPS_TYPES	false
#endif

static inline int compat_alloc_contig_range(unsigned long start, unsigned long end,
					    unsigned int type, gfp_t gfp)
{
#ifdef ACR_FLAGS_NONE
	return alloc_contig_range(start, end, ACR_FLAGS_NONE, gfp);
#else
	return alloc_contig_range(start, end, type, gfp);
#endif
}

/* <linux/unroll.h> is newer than 6.12. */
#ifdef CONFIG_CC_IS_CLANG
#define compat_unrolled_16()	_Pragma("clang loop unroll_count(16)")
#else
#define compat_unrolled_16()	_Pragma("GCC unroll 16")
#endif

/* 6.4 made MAX_ORDER inclusive, 6.8 renamed it. */
#ifndef MAX_PAGE_ORDER
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define MAX_PAGE_ORDER	(MAX_ORDER - 1)
#else
#define MAX_PAGE_ORDER	MAX_ORDER
#endif
#endif

/* 6.17 renamed it. */
static inline bool compat_page_has_movable_ops(struct page *page)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
	return __PageMovable(page);
#else
	return page_has_movable_ops(page);
#endif
}

/*
 * How many page tables map a folio: a read without a reference, as compaction's. The folio may
 * be split meanwhile, of which folio_mapcount() warns in kernels with CONFIG_DEBUG_VM. Of a large
 * folio in 6.1 the kernel alone can tell: no limit then.
 */
static inline int compat_mapcount(struct folio *folio, unsigned int order)
{
	if (!order)
		return atomic_read(&folio->_mapcount) + 1;
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
	return INT_MAX;
#else
	return atomic_read(&folio->_large_mapcount) + 1;
#endif
}

/*
 * Put what this processor keeps in batches on its way to and between the LRU lists
 * there. A module reaches that through the release of a batch alone; 6.5 renamed it.
 */
static inline void compat_lru_add_drain(void)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
	struct pagevec batch;

	pagevec_init(&batch);
	__pagevec_release(&batch);
#else
	struct folio_batch batch;

	folio_batch_init(&batch);
	__folio_batch_release(&batch);
#endif
}

/* In 7.2 the flags of a page are a structure. */
static inline unsigned long compat_page_flags(const struct page *page)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
	return READ_ONCE(page->flags);
#else
	return READ_ONCE(page->flags.f);
#endif
}

/* 6.10 keeps the source of a trace event's string since its declaration. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define compat_assign_str(field, text)	__assign_str(field, text)
#else
#define compat_assign_str(field, text)	__assign_str(field)
#endif

/* Since 6.18 a queue has to say so. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define COMPAT_WQ_PERCPU	0
#else
#define COMPAT_WQ_PERCPU	WQ_PERCPU
#endif

/*
 * The type of a pageblock of online memory. The function that reads it is for the kernel
 * alone, the bits that it reads are not; the type has been in the lowest three of them in
 * all releases. Before 6.17 the type is MIGRATE_ISOLATE while the pageblock is isolated.
 */
static inline unsigned int compat_pageblock_bits(unsigned long pfn)
{
	unsigned long bit = (pfn & (PAGES_PER_SECTION - 1)) >> pageblock_order;
	const unsigned long *bits;
	unsigned long word;

	bit *= NR_PAGEBLOCK_BITS;
	rcu_read_lock();
	bits = __pfn_to_section(pfn)->usage->pageblock_flags;
	word = READ_ONCE(bits[bit / BITS_PER_LONG]);
	rcu_read_unlock();
	return word >> (bit % BITS_PER_LONG);
}

static inline unsigned int compat_pageblock_type(unsigned long pfn)
{
	return compat_pageblock_bits(pfn) & 7;
}

static inline bool compat_pageblock_is_isolated(unsigned long pfn)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
	return compat_pageblock_type(pfn) == MIGRATE_ISOLATE;
#else
	return compat_pageblock_bits(pfn) & BIT(PB_migrate_isolate);
#endif
}

/* Does the pageblock belong to a CMA area? Before 6.17 not seen while CMA allocates. */
static inline bool compat_pageblock_is_cma(unsigned long pfn)
{
#ifdef CONFIG_CMA
	return compat_pageblock_type(pfn) == MIGRATE_CMA;
#else
	return false;
#endif
}

/* 7.2 lets modules have CMA areas; before that only the DMA API reaches them. */
#if defined(CONFIG_DMA_CMA) && LINUX_VERSION_CODE >= KERNEL_VERSION(7, 2, 0)
#define COMPAT_CMA_AREAS
#include <linux/cma.h>
#include <linux/dma-map-ops.h>
#endif

/* May nodes have CMA areas of their own, for the DMA API alone? The option has had two names. */
#define COMPAT_CMA_PER_NODE \
	(IS_ENABLED(CONFIG_DMA_NUMA_CMA) || IS_ENABLED(CONFIG_DMA_PERNUMA_CMA))

/* 6.13 wants the name of a namespace as a string. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define COMPAT_IMPORT_DMA_BUF	MODULE_IMPORT_NS(DMA_BUF)
#else
#define COMPAT_IMPORT_DMA_BUF	MODULE_IMPORT_NS("DMA_BUF")
#endif

/* 6.3 gave the flags of a mapping functions of their own. */
static inline void compat_vm_flags_mod(struct vm_area_struct *vma, unsigned long set,
				       unsigned long clear)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
#else
	vm_flags_mod(vma, set, clear);
#endif
}

/* 6.7 made shrinkers the kernel's to allocate. Returns an ERR_PTR() on failure. */
static inline struct shrinker *
compat_shrinker_register(const char *name,
			 unsigned long (*count)(struct shrinker *, struct shrink_control *),
			 unsigned long (*scan)(struct shrinker *, struct shrink_control *))
{
	struct shrinker *shrinker;
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
	int error;

	shrinker = kzalloc(sizeof(*shrinker), GFP_KERNEL);
	if (!shrinker)
		return ERR_PTR(-ENOMEM);
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker->seeks = DEFAULT_SEEKS;
	error = register_shrinker(shrinker, "%s", name);
	if (error) {
		kfree(shrinker);
		return ERR_PTR(error);
	}
#else
	shrinker = shrinker_alloc(0, "%s", name);
	if (!shrinker)
		return ERR_PTR(-ENOMEM);
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker_register(shrinker);
#endif
	return shrinker;
}

static inline void compat_shrinker_unregister(struct shrinker *shrinker)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
	unregister_shrinker(shrinker);
	kfree(shrinker);
#else
	shrinker_free(shrinker);
#endif
}

#endif /* CTGM_COMPAT_H */
