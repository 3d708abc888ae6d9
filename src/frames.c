// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) "contigmem: " fmt

#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/printk.h>

#include "frames.h"
#include "memtype.h"

static atomic64_t frames_leaked;

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
	error = ctgm_memtype_set(frames->first, frames->nr, cache);
	/* A failed change may have changed a part of the frames. */
	if (!error || (cache != CONTIGMEM_CACHED &&
		       ctgm_memtype_set(frames->first, frames->nr, CONTIGMEM_CACHED)))
		frames->cache = cache;
	if (!error)
		return CONTIGMEM_OK;
	return error == -ENOMEM ? CONTIGMEM_NO_BOOKKEEPING : CONTIGMEM_NO_CACHE_TYPE;
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
	if (!ctgm_frames_set_type(frames, frames->home)) {
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
