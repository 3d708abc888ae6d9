// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) "contigmem: " fmt

#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/sched.h>

#include "compat.h"
#include "context.h"
#include "frames.h"
#include "memtype.h"

static atomic64_t frames_leaked;
static atomic64_t frames_poisoned;

/* Frames read between two calls of cond_resched(): a millisecond, where each is a cache miss. */
#define FRAMES_STEP	8192UL

static int frame_references(const struct page *page)
{
	/* page_ref_count() has the compiler load the count first: one instruction more for each. */
	return data_race(page->_refcount.counter);
}

/*
 * Does another task hold a reference on a frame? A driver's fault handler may have given
 * it to a program, or a file system or a socket reads it. Asked for a few MiB at a time.
 */
bool ctgm_frames_are_held(const struct ctgm_frames *frames)
{
	const struct page *page = pfn_to_page(frames->first);
	int references = 0;
	unsigned long i;

	/*
	 * A block of MiBs has hundreds of frames, of which hardly ever one is held. Each has one
	 * reference at least, so the bits of all counts together are 1 if each of them is. What
	 * another task has put once too often is the page allocator's, and no reference shows it.
	 */
	compat_unrolled_16()
	for (i = 0; i < frames->nr; i++)
		references |= frame_references(page + i);
	return references != 1;
}

#ifdef CONFIG_MEMORY_FAILURE
unsigned long ctgm_frames_count_poisoned(const struct ctgm_frames *frames)
{
	struct page *page = pfn_to_page(frames->first);
	unsigned long poisoned = 0, at, nr, i;

	for (at = 0; at < frames->nr; at += nr) {
		if (at && ctgm_may_sleep())
			cond_resched();
		nr = min(frames->nr - at, FRAMES_STEP);
		for (i = at; i < at + nr; i++)
			poisoned += PageHWPoison(page + i);
	}
	return poisoned;
}
#endif

/**
 * ctgm_frames_next_good() - walk the runs of frames that are not poisoned
 * @frames: the frames
 * @run: the run before, to begin with @frames without frames; set to the next run
 *
 * Context: Any.
 * Return: false if there is none.
 */
bool ctgm_frames_next_good(const struct ctgm_frames *frames, struct ctgm_frames *run)
{
	unsigned long pfn = run->first + run->nr, end = frames->first + frames->nr;

	while (pfn < end && PageHWPoison(pfn_to_page(pfn)))
		pfn++;
	run->first = pfn;
	while (pfn < end && !PageHWPoison(pfn_to_page(pfn)))
		pfn++;
	run->nr = pfn - run->first;
	return run->nr;
}

/**
 * ctgm_frames_free_good() - give frames back to the kernel without the poisoned ones
 * @frames: the frames
 * @free: gives a part of them back
 *
 * Context: As @free.
 */
void ctgm_frames_free_good(const struct ctgm_frames *frames,
			   void (*free)(const struct ctgm_frames *run))
{
	unsigned long poisoned = ctgm_frames_count_poisoned(frames);
	struct ctgm_frames run = *frames;

	if (!poisoned) {
		free(frames);
		return;
	}
	atomic64_add(poisoned, &frames_poisoned);
	pr_err("%lu poisoned frames in %#lx-%#lx stay unused until the next boot\n", poisoned,
	       frames->first, frames->first + frames->nr - 1);
	run.nr = 0;
	while (ctgm_frames_next_good(frames, &run))
		free(&run);
}

/* Poisoned page frames kept from the kernel since the module was loaded. */
u64 ctgm_frames_poisoned(void)
{
	return atomic64_read(&frames_poisoned);
}

/**
 * ctgm_frames_set_type() - change the cache type of page frames
 * @frames: @cache is their type now, and is changed
 * @cache: their new type
 *
 * Context: Sleeps, unless they have the type already.
 * Return: %CONTIGMEM_OK, or why not; @frames->cache is then the type that a part of the
 *	frames may have kept, if the old one could not be restored.
 */
enum contigmem_reason ctgm_frames_set_type(struct ctgm_frames *frames, enum contigmem_cache cache)
{
	int error;

	if (frames->cache == cache)
		return CONTIGMEM_OK;
	error = ctgm_memtype_set(frames->first, frames->nr, cache, &frames->shift);
	/* A failed change may have changed a part of the frames. */
	if (!error || (cache != CONTIGMEM_CACHED &&
		       ctgm_memtype_set(frames->first, frames->nr, CONTIGMEM_CACHED,
					&frames->shift)))
		frames->cache = cache;
	if (!error)
		return CONTIGMEM_OK;
	return error == -ENOMEM ? CONTIGMEM_NO_BOOKKEEPING : CONTIGMEM_NO_CACHE_TYPE;
}

/**
 * ctgm_frames_reset_type() - give frames the cache type with which their source takes them
 * @frames: the frames
 *
 * Context: Sleeps.
 * Return: false if all of them keep the type that they have. Otherwise ctgm_frames_put() gives
 *	them back, or leaks them where it is unknown which type each of them has.
 */
bool ctgm_frames_reset_type(struct ctgm_frames *frames)
{
	int error;

	if (frames->cache == frames->home)
		return true;
	error = ctgm_memtype_reset(frames->first, frames->nr, frames->cache, &frames->shift);
	if (!error)
		frames->cache = frames->home;
	return !error || error == -EUCLEAN;
}

/**
 * ctgm_frames_restore() - give back frames whose cache type was changed
 * @frames: the frames
 *
 * Frames whose type cannot be restored are leaked on purpose: their next owner would
 * silently get memory of the wrong type.
 *
 * Context: Sleeps.
 */
void ctgm_frames_restore(struct ctgm_frames *frames)
{
	ctgm_frames_reset_type(frames);
	if (frames->cache == frames->home) {
		frames->source->free(frames);
		return;
	}
	atomic64_add(frames->nr, &frames_leaked);
	pr_err("cache type of frames %#lx-%#lx cannot be restored: they stay unused until the next boot\n",
	       frames->first, frames->first + frames->nr - 1);
	if (frames->source->leak)
		frames->source->leak(frames);
}

/* Page frames leaked since the module was loaded. */
u64 ctgm_frames_leaked(void)
{
	return atomic64_read(&frames_leaked);
}
