/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between kernel releases that only the tests and the benchmarks meet.
 */
#ifndef CONTIGMEM_TESTS_COMPAT_H
#define CONTIGMEM_TESTS_COMPAT_H

#include <kunit/test.h>
#include <linux/hrtimer.h>

#include "../src/compat.h"

/* 6.2 gave callers without the reservation lock calls of their own; 6.1 takes no lock. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define compat_dma_buf_map	dma_buf_map_attachment
#define compat_dma_buf_unmap	dma_buf_unmap_attachment
#define compat_dma_buf_vmap	dma_buf_vmap
#define compat_dma_buf_vunmap	dma_buf_vunmap
#else
#define compat_dma_buf_map	dma_buf_map_attachment_unlocked
#define compat_dma_buf_unmap	dma_buf_unmap_attachment_unlocked
#define compat_dma_buf_vmap	dma_buf_vmap_unlocked
#define compat_dma_buf_vunmap	dma_buf_vunmap_unlocked
#endif

/* 6.13 sets the function together with the rest. */
static inline void compat_hrtimer_setup(struct hrtimer *timer,
					enum hrtimer_restart (*function)(struct hrtimer *timer),
					enum hrtimer_mode mode)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
	hrtimer_init(timer, CLOCK_MONOTONIC, mode);
	timer->function = function;
#else
	hrtimer_setup(timer, function, CLOCK_MONOTONIC, mode);
#endif
}

/*
 * Exported in 7.2, not in 6.12, where the weak reference is NULL; 6.1 has no such macro. In data,
 * because arm64's code reaches a weak symbol by a table that modules do not have.
 */
#ifdef alloc_contig_pages
extern typeof(alloc_contig_pages_noprof) alloc_contig_pages_noprof __weak;
static typeof(alloc_contig_pages_noprof) *compat_contig_pages = alloc_contig_pages_noprof;

static inline bool compat_has_alloc_contig_pages(void)
{
	return READ_ONCE(compat_contig_pages);
}

static inline struct page *compat_alloc_contig_pages(unsigned long nr, gfp_t gfp, int nid)
{
	return READ_ONCE(compat_contig_pages)(nr, gfp, nid, NULL);
}
#else
static inline bool compat_has_alloc_contig_pages(void)
{
	return false;
}

static inline struct page *compat_alloc_contig_pages(unsigned long nr, gfp_t gfp, int nid)
{
	return NULL;
}
#endif

/* In 7.2 the flags of a mapping are a structure. */
#ifdef EMPTY_VMA_FLAGS
#define compat_shmem_file(name, size)	shmem_file_setup(name, size, EMPTY_VMA_FLAGS)
#else
#define compat_shmem_file(name, size)	shmem_file_setup(name, size, 0)
#endif

/* 6.6 lets a test case be marked as slow. */
#ifndef KUNIT_CASE_SLOW
#define KUNIT_CASE_SLOW	KUNIT_CASE
#endif

/* 6.12 named a failure that ends the test case. */
#ifndef KUNIT_FAIL_AND_ABORT
#define KUNIT_FAIL_AND_ABORT(test, ...)	KUNIT_ASSERT_TRUE_MSG(test, false, __VA_ARGS__)
#endif

#endif /* CONTIGMEM_TESTS_COMPAT_H */
